//! Which event follows which, and is that known?
//!
//! Sequences come in; the cost of the pairs of neighbours never seen goes out, with the pairs. A new
//! successor is dear after an event that always had the same few, and cheap after one that is
//! followed by anything (the escape of method C in prediction by partial matching, Moffat 1990).
//! Events never seen are passed over: the counts tell of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::calibration::Calibration;
use crate::verdict::Step;

/// Neighbours; `None` is the start or the end of a session.
pub(crate) type Pair = (Option<u64>, Option<u64>);

/// What is known of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Sessions with it.
    pub(crate) support: u64,
    /// Number of the first session with it.
    pub(crate) first: u64,
}

/// What is known of an event, or of the start, as the earlier of a pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// Sessions with it.
    pub(crate) sessions: u64,
    /// Distinct successors.
    pub(crate) successors: u64,
}

/// The order of events in normal sessions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrderModel {
    pub(crate) pairs: BTreeMap<Pair, Seen>,
    pub(crate) contexts: BTreeMap<Option<u64>, Context>,
    /// Whether there were more pairs than there is room for.
    pub(crate) is_full: bool,
    pub(crate) calibration: Calibration,
}

impl OrderModel {
    pub(crate) fn new() -> Self {
        Self {
            pairs: BTreeMap::new(),
            contexts: BTreeMap::new(),
            is_full: false,
            calibration: Calibration::new(&[], 0.0, 0, 2f64.ln()),
        }
    }

    /// Counts a session, the `session`-th of all.
    pub(crate) fn learn(&mut self, templates: &[u64], session: u64, max: usize) {
        if self.is_full {
            return;
        }
        let pairs = pairs(templates.iter().copied());
        let befores: BTreeSet<Option<u64>> = pairs.iter().map(|(before, _)| *before).collect();
        for before in befores {
            self.contexts.entry(before).or_default().sessions += 1;
        }
        for pair in pairs {
            if let Some(seen) = self.pairs.get_mut(&pair) {
                seen.support += 1;
                continue;
            }
            if self.pairs.len() >= max {
                self.is_full = true;
                return;
            }
            self.contexts.entry(pair.0).or_default().successors += 1;
            let first = session;
            self.pairs.insert(pair, Seen { support: 1, first });
        }
    }

    /// The pairs of a sequence that were never seen, among events that were.
    pub(crate) fn new_steps(&self, templates: &[u64]) -> Vec<Step> {
        if self.is_full {
            return Vec::new();
        }
        let known = |template: &u64| self.contexts.contains_key(&Some(*template));
        let pairs = pairs(templates.iter().copied().filter(known));
        pairs
            .into_iter()
            .filter(|pair| !self.pairs.contains_key(pair))
            .map(|(before, after)| Step {
                before,
                after,
                surprise: self.surprise(before),
            })
            .collect()
    }

    fn surprise(&self, before: Option<u64>) -> f64 {
        let context = self.contexts.get(&before).copied().unwrap_or_default();
        ((context.sessions as f64 + 1.0) / (context.successors as f64 + 0.5))
            .ln()
            .max(0.1)
    }

    /// Sets the calibration anew: pairs seen once would have been new had their session been left out.
    pub(crate) fn refit(&mut self, sessions: u64) {
        let mut sums = BTreeMap::<u64, f64>::new();
        for ((before, _), seen) in &self.pairs {
            if seen.support == 1 {
                *sums.entry(seen.first).or_default() += self.surprise(*before);
            }
        }
        let sizes: Vec<f64> = sums.into_values().collect();
        let unseen = (2.0 * (sessions as f64 + 1.0)).ln();
        self.calibration = Calibration::new(&sizes, sizes.len() as f64, sessions, unseen);
    }
}

/// The distinct pairs of neighbours, with start and end.
fn pairs(templates: impl Iterator<Item = u64>) -> BTreeSet<Pair> {
    let mut pairs = BTreeSet::new();
    let mut before = None;
    for template in templates {
        pairs.insert((before, Some(template)));
        before = Some(template);
    }
    pairs.insert((before, None));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_in_a_strict_order_is_seen_and_a_known_order_is_not() {
        let mut order = OrderModel::new();
        for session in 1..=100 {
            order.learn(&[1, 2, 3, 4, 5], session, 100);
        }
        order.refit(100);
        assert!(order.new_steps(&[1, 2, 3, 4, 5]).is_empty());
        assert!(order.new_steps(&[1, 2, 99, 3, 4, 5]).is_empty());
        let steps = order.new_steps(&[1, 3, 2, 4, 5]);
        let found: Vec<Pair> = steps.iter().map(|s| (s.before, s.after)).collect();
        let expect = [(1, 3), (2, 4), (3, 2)].map(|(a, b)| (Some(a), Some(b)));
        assert_eq!(found, expect);
        let cost: f64 = steps.iter().map(|s| s.surprise).sum();
        assert!(cost > order.calibration.threshold(1e-5));
    }

    #[test]
    fn a_log_with_more_pairs_than_fit_is_not_judged_by_order() {
        let mut order = OrderModel::new();
        order.learn(&[1, 2, 3, 4, 5], 1, 3);
        assert!(order.is_full && order.pairs.len() == 3);
        assert!(order.new_steps(&[5, 4, 3, 2, 1]).is_empty());
    }
}
