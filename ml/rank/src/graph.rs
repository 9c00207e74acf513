//! The dependencies of the entities at hand, by index.

use std::collections::{BTreeMap, BTreeSet};

use crate::Edge;

/// Entities in order of their names, and who needs whom.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) names: Vec<&'a str>,
    index: BTreeMap<&'a str, usize>,
    /// For each caller its callees with the weight of the edge.
    pub(crate) callees: Vec<Vec<(usize, f64)>>,
    callers: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(entities: impl Iterator<Item = &'a str>, edges: &'a [Edge]) -> Self {
        let ends = edges
            .iter()
            .flat_map(|edge| [edge.caller.as_str(), edge.callee.as_str()]);
        let names: Vec<&str> = entities
            .chain(ends)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let index: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (*n, i)).collect();
        let mut callees = vec![Vec::new(); names.len()];
        let mut callers = vec![Vec::new(); names.len()];
        for edge in edges.iter().filter(|edge| edge.caller != edge.callee) {
            let ends = (
                index.get(edge.caller.as_str()),
                index.get(edge.callee.as_str()),
            );
            if let (Some(&caller), Some(&callee)) = ends {
                callees[caller].push((callee, edge.weight.clamp(0.0, 1.0)));
                callers[callee].push(caller);
            }
        }
        Self {
            names,
            index,
            callees,
            callers,
        }
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// `from` and all that need it, directly or through others.
    pub(crate) fn upstream(&self, from: usize) -> Vec<usize> {
        reach(from, |at| self.callers[at].iter().copied())
    }

    /// Whether more than one other entity knows this one. What a single caller knows cannot be told from
    /// that caller's way to it.
    pub(crate) fn corroborated(&self, entity: usize) -> bool {
        self.callers[entity].len() + self.callees[entity].len() >= 2
    }

    /// Others that the only caller of an entity needs and that more than that caller knows: the entity may
    /// be another name of one of them, as a load balancer's address is of the service behind it.
    pub(crate) fn perhaps_the_same(&self, entity: usize) -> Vec<usize> {
        let [caller] = self.callers[entity].as_slice() else {
            return Vec::new();
        };
        if self.corroborated(entity) {
            return Vec::new();
        }
        let others = self.callees[*caller].iter().map(|(other, _)| *other);
        others
            .filter(|other| *other != entity && self.corroborated(*other))
            .collect()
    }

    /// For each entity how strongly the departures go on from `from` down to it: over the best path the weakest
    /// strength between the two ends. Infinite for direct callees, which have nothing between; none if there
    /// is no path.
    pub(crate) fn passed_on(&self, from: usize, own: &[f64]) -> Vec<Option<f64>> {
        let mut passed: Vec<Option<f64>> = vec![None; self.names.len()];
        passed[from] = Some(f64::INFINITY);
        // Each round makes the paths one step longer; strengths only sink along a path, so this ends.
        for _ in 0..self.names.len() {
            let mut changed = false;
            for at in 0..self.names.len() {
                let Some(until) = passed[at] else { continue };
                let through = if at == from {
                    until
                } else {
                    until.min(own[at])
                };
                for &(to, _) in &self.callees[at] {
                    if passed[to].is_none_or(|known| through > known) {
                        passed[to] = Some(through);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        passed
    }
}

fn reach<I: Iterator<Item = usize>>(from: usize, next: impl Fn(usize) -> I) -> Vec<usize> {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        open.extend(next(at).filter(|to| seen.insert(*to)));
    }
    seen.into_iter().collect()
}
