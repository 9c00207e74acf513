//! Steps that always followed one another within an operation, and no longer do.
//!
//! An exception in the middle of a function leaves no line of its own where nobody logs it, but what
//! the function would have done next is missing: the line, the query, the call.

use std::collections::BTreeMap;

use super::{Forest, SpanEvent};
use crate::tail::{binomial_bound, strength_of_bound};
use crate::{Direction, Signal, SignalKind};

/// Share of the baseline's spans with the first step that have the second, at least.
const ALWAYS: f64 = 0.9;
/// Spans with the first step that the baseline must have.
const KNOWN_MIN: f64 = 3.0;

/// Entity and operation of a span, and one step or two within it. The empty step is the span itself.
type Operation<'a> = (&'a str, &'a str);
type Step<'a> = (u8, &'a str, &'a str);

#[derive(Default)]
struct Steps<'a> {
    /// For each operation how many spans have each step.
    single: BTreeMap<Operation<'a>, BTreeMap<Step<'a>, f64>>,
    /// And how many have the second at least as often as the first.
    pair: BTreeMap<Operation<'a>, BTreeMap<(Step<'a>, Step<'a>), f64>>,
    /// Begin of the operation's first span.
    first_us: BTreeMap<Operation<'a>, i64>,
}

pub(super) fn signals(
    before: (&Forest<'_>, &[SpanEvent<'_>]),
    now: (&Forest<'_>, &[SpanEvent<'_>]),
) -> Vec<Signal> {
    let (before, now) = (Steps::of(before.0, before.1), Steps::of(now.0, now.1));
    let mut best: BTreeMap<&str, Signal> = BTreeMap::new();
    for (operation, pairs) in &before.pair {
        let (Some(known), Some(seen)) = (before.single.get(operation), now.single.get(operation))
        else {
            continue;
        };
        let seen_pairs = now.pair.get(operation);
        for ((first, second), both) in pairs {
            let (Some(&with), Some(&trials)) = (known.get(first), seen.get(first)) else {
                continue;
            };
            if with < KNOWN_MIN || *both < ALWAYS * with {
                continue;
            }
            let followed = seen_pairs
                .and_then(|p| p.get(&(*first, *second)))
                .copied()
                .unwrap_or(0.0);
            let chance = (with - both + 1.0) / (with + 2.0);
            let bound = binomial_bound(trials - followed, trials, chance);
            let strength = strength_of_bound(bound);
            if strength > best.get(operation.0).map_or(0.0, |s| s.strength) {
                let onset_ms = now.first_us.get(operation).copied().unwrap_or(0) / 1000;
                best.insert(operation.0, signal(*operation, *second, onset_ms, strength));
            }
        }
    }
    best.into_values().collect()
}

fn signal(operation: Operation<'_>, missing: Step<'_>, onset_ms: i64, strength: f64) -> Signal {
    Signal {
        entity: operation.0.to_owned(),
        kind: SignalKind::BrokenSequence,
        onset_ms,
        strength,
        direction: Direction::Down,
        what: format!("{}: no longer followed by {}", operation.1, missing.2),
    }
}

impl<'a> Steps<'a> {
    fn of(forest: &Forest<'a>, events: &[SpanEvent<'a>]) -> Self {
        let itself = BTreeMap::from([((0, "", ""), 1)]);
        let mut within: Vec<BTreeMap<Step<'a>, u32>> = vec![itself; forest.spans.len()];
        for (parent, children) in forest.children.iter().enumerate() {
            for child in children.iter().map(|&child| &forest.spans[child]) {
                *within[parent]
                    .entry((1, child.entity, child.operation))
                    .or_default() += 1;
            }
        }
        for event in events {
            if let Some(&span) = forest.index.get(&event.span) {
                *within[span].entry((2, "", event.what)).or_default() += 1;
            }
        }
        let mut out = Self::default();
        for (span, steps) in forest.spans.iter().zip(&within) {
            // Nothing at all within a span that should have something is what a recorder lost at the edge of
            // the window; a failure leaves some trace.
            if steps.len() == 1 {
                continue;
            }
            let operation = (span.entity, span.operation);
            let first = out.first_us.entry(operation).or_insert(span.start_us);
            *first = (*first).min(span.start_us);
            let single = out.single.entry(operation).or_default();
            for step in steps.keys() {
                *single.entry(*step).or_default() += 1.0;
            }
            let pair = out.pair.entry(operation).or_default();
            for (first, times) in steps {
                // As often as the first, so that a loop that breaks off is seen too.
                let followed = steps
                    .iter()
                    .filter(|(second, n)| *second != first && *n >= times);
                for (second, _) in followed {
                    *pair.entry((*first, *second)).or_default() += 1.0;
                }
            }
        }
        out
    }
}
