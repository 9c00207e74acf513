//! How often does each event occur in a session, and is that combination known?
//!
//! Count vectors come in; the cost of the cheapest change from a known vector goes out, with the
//! changes. A change of an event's count costs `-ln` of how often that event is what tells a
//! known vector from its nearest other one: an event that always occurs three times is dear, one
//! of a loop is cheap. Counts near a known count of the same event cost little more, others the
//! logarithm of the ratio. Knows no order of events.

use std::collections::BTreeMap;

use crate::calibration::Calibration;
use crate::verdict::Difference;

/// How often each event occurs, by ascending event, no zeros.
pub(crate) type Counts = Vec<(u64, u32)>;

/// Distinct counts remembered of an event.
const MAX_VALUES: usize = 64;

/// A vector that was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// Sessions with it.
    pub(crate) support: u64,
    /// Number of the session that last had it.
    pub(crate) last_seen: u64,
    /// Whether it was judged or handed over as normal, rather than met in the warm-up.
    pub(crate) is_trusted: bool,
}

/// What is known of an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Nats a change of its count costs.
    pub(crate) weight: f64,
    /// Its known counts above `0` and the sessions with each, ascending by count.
    pub(crate) values: Vec<(u32, u64)>,
}

/// The count vectors of normal sessions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CountModel {
    pub(crate) vectors: BTreeMap<Counts, Known>,
    pub(crate) events: BTreeMap<u64, Event>,
    /// Vectors seen once that were dropped for room.
    pub(crate) evicted: u64,
    /// Nats a change of an event costs that never told two known vectors apart.
    pub(crate) unseen_weight: f64,
    pub(crate) calibration: Calibration,
}

impl CountModel {
    pub(crate) fn new() -> Self {
        let unseen_weight = 2f64.ln();
        Self {
            vectors: BTreeMap::new(),
            events: BTreeMap::new(),
            evicted: 0,
            unseen_weight,
            calibration: Calibration::new(&[], 0.0, 0, unseen_weight),
        }
    }

    /// Counts a session, the `session`-th of all.
    pub(crate) fn learn(&mut self, counts: Counts, session: u64, is_trusted: bool, max: usize) {
        if let Some(known) = self.vectors.get_mut(&counts) {
            known.support += 1;
            known.last_seen = session;
            known.is_trusted |= is_trusted;
            return;
        }
        if self.vectors.len() >= max.max(1) {
            self.evict();
        }
        for (template, count) in &counts {
            let weight = self.unseen_weight;
            let event = self.events.entry(*template).or_insert(Event {
                weight,
                values: Vec::new(),
            });
            add_value(&mut event.values, *count, 1);
        }
        self.vectors.insert(
            counts,
            Known {
                support: 1,
                last_seen: session,
                is_trusted,
            },
        );
    }

    fn evict(&mut self) {
        let least = self
            .vectors
            .iter()
            .min_by_key(|(_, known)| (known.support, known.last_seen))
            .map(|(counts, known)| (counts.clone(), known.support));
        if let Some((counts, support)) = least {
            self.vectors.remove(&counts);
            self.evicted += u64::from(support == 1);
        }
    }

    /// Cost of the cheapest change from a known vector, in nats, and that vector; `None` when none is known.
    pub(crate) fn nearest(&self, counts: &Counts) -> Option<(f64, &Counts)> {
        if let Some((known, _)) = self.vectors.get_key_value(counts) {
            return Some((0.0, known));
        }
        self.nearest_but(counts, None)
    }

    /// As [`CountModel::nearest`]; without the vector `left_out`, which a single session had.
    pub(crate) fn nearest_but(
        &self,
        counts: &Counts,
        left_out: Option<&Counts>,
    ) -> Option<(f64, &Counts)> {
        let mut best: Option<(f64, &Counts)> = None;
        for known in self.vectors.keys().filter(|k| Some(*k) != left_out) {
            let bound = best.map_or(f64::INFINITY, |(cost, _)| cost);
            let mut cost = 0.0;
            for (template, seen, _) in changes(counts, known) {
                cost += self.surprise(template, seen, left_out.is_some());
                if cost >= bound {
                    break;
                }
            }
            if cost < bound {
                best = Some((cost, known));
            }
        }
        best
    }

    /// A cost no completion of a session can fall below whose events so far are `counts`: counts
    /// only grow, so what exceeds a known vector will never be that vector.
    pub(crate) fn least_cost(&self, counts: &Counts) -> f64 {
        let costs = self.vectors.keys().map(|known| {
            changes(counts, known)
                .filter(|(_, seen, usual)| seen > usual)
                .map(|(template, seen, _)| {
                    if seen > self.largest(template) {
                        self.surprise(template, seen, false)
                    } else {
                        self.weight(template)
                    }
                })
                .sum()
        });
        let least = costs.fold(f64::INFINITY, f64::min);
        if least.is_finite() { least } else { 0.0 }
    }

    /// The largest known count of an event; `0` for one that is not known.
    pub(crate) fn largest(&self, template: u64) -> u32 {
        let event = self.events.get(&template);
        event.and_then(|e| e.values.last()).map_or(0, |(v, _)| *v)
    }

    /// What tells `counts` from the known vector `nearest`, most surprising first.
    pub(crate) fn differences(&self, counts: &Counts, nearest: &Counts) -> Vec<Difference> {
        let mut all: Vec<Difference> = changes(counts, nearest)
            .map(|(template, seen, usual)| Difference {
                template,
                seen,
                usual,
                is_new: !self.events.contains_key(&template),
                surprise: self.surprise(template, seen, false),
            })
            .collect();
        all.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
        all
    }

    fn weight(&self, template: u64) -> f64 {
        let event = self.events.get(&template);
        event.map_or(self.unseen_weight, |event| event.weight)
    }

    /// Nats of the count `seen` where another was expected. When the session is `left_out` of the record, its
    /// own count does not vouch for itself.
    fn surprise(&self, template: u64, seen: u32, left_out: bool) -> f64 {
        let Some(event) = self.events.get(&template) else {
            return self.unseen_weight + (1.0 + f64::from(seen)).ln();
        };
        let least_support = if left_out { 2 } else { 1 };
        let vouched = |(value, support): &&(u32, u64)| *value != seen || *support >= least_support;
        let near = event.values.iter().filter(vouched).map(|(value, _)| *value);
        // Counting the sessions without each event is not worth its room: `0` is always a known count.
        let near = near.chain([0]);
        let ratio = near
            .map(|value| {
                ((1.0 + f64::from(seen)) / (1.0 + f64::from(value)))
                    .ln()
                    .abs()
            })
            .fold(f64::INFINITY, f64::min);
        event.weight + ratio
    }
}

/// Adds `sessions` to the support of a count, where there is room.
pub(crate) fn add_value(values: &mut Vec<(u32, u64)>, count: u32, sessions: u64) {
    match values.binary_search_by_key(&count, |(value, _)| *value) {
        Ok(at) => {
            if let Some((_, support)) = values.get_mut(at) {
                *support += sessions;
            }
        }
        Err(at) if values.len() < MAX_VALUES => values.insert(at, (count, sessions)),
        Err(_) => {}
    }
}

/// The events whose counts differ: `(event, count in a, count in b)`.
pub(crate) fn changes<'a>(
    a: &'a [(u64, u32)],
    b: &'a [(u64, u32)],
) -> impl Iterator<Item = (u64, u32, u32)> + 'a {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    std::iter::from_fn(move || {
        loop {
            let (left, right) = (a.peek().copied(), b.peek().copied());
            let change = match (left, right) {
                (None, None) => return None,
                (Some((event, count)), other) if other.is_none_or(|(o, _)| event < o) => {
                    a.next();
                    (*event, *count, 0)
                }
                (other, Some((event, count))) if other.is_none_or(|(o, _)| event < o) => {
                    b.next();
                    (*event, 0, *count)
                }
                (Some((event, x)), Some((_, y))) => {
                    a.next();
                    b.next();
                    (*event, *x, *y)
                }
                _ => return None,
            };
            if change.1 != change.2 {
                return Some(change);
            }
        }
    })
}

/// The counts of a sequence.
pub(crate) fn count(templates: &[u64]) -> Counts {
    let mut sorted = templates.to_vec();
    sorted.sort_unstable();
    let mut counts = Counts::new();
    for template in sorted {
        match counts.last_mut() {
            Some((last, n)) if *last == template => *n += 1,
            _ => counts.push((template, 1)),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_what_is_more_less_missing_and_new() {
        let a = count(&[1, 1, 2, 4]);
        let b = count(&[1, 2, 3]);
        let found: Vec<_> = changes(&a, &b).collect();
        assert_eq!(found, [(1, 2, 1), (3, 0, 1), (4, 1, 0)]);
    }
}
