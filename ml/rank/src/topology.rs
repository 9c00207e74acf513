//! Who needs whom, learned: from traces, or else from who departs after whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Edge, Signal, Span};

/// Episodes in which two entities must both depart before their order says anything.
const EPISODES_MIN: u32 = 3;
/// Net share of episodes in which the callee departs first, at least.
const ORDER_MIN: f64 = 0.5;

/// The edges that the parents and children of spans show, each with weight 1, ordered by names.
#[must_use]
pub fn edges_from_spans(spans: &[Span<'_>]) -> Vec<Edge> {
    let entity: BTreeMap<u64, &str> = spans.iter().map(|s| (s.id, s.entity)).collect();
    let called: BTreeSet<(&str, &str)> = spans
        .iter()
        .filter_map(|span| Some((*entity.get(&span.parent?)?, span.entity)))
        .filter(|(caller, callee)| caller != callee)
        .collect();
    let edges = called.into_iter().map(|(caller, callee)| Edge {
        caller: caller.to_owned(),
        callee: callee.to_owned(),
        weight: 1.0,
    });
    edges.collect()
}

/// The edges that the onsets of past episodes suggest where there are no traces: who again and again
/// departs after another is taken to need it. Simultaneous onsets count for neither. Weights are the net share of
/// episodes in that order, shrunk for few episodes: below 1 always.
#[must_use]
pub fn edges_from_onsets(episodes: &[Vec<Signal>]) -> Vec<Edge> {
    let mut orders: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
    for episode in episodes {
        let mut onsets: BTreeMap<&str, i64> = BTreeMap::new();
        for signal in episode {
            let onset = onsets.entry(&signal.entity).or_insert(signal.onset_ms);
            *onset = (*onset).min(signal.onset_ms);
        }
        for (late, late_ms) in &onsets {
            for (early, early_ms) in onsets.iter().filter(|(name, _)| *name != late) {
                let order = orders.entry((*late, *early)).or_default();
                order.0 += 1;
                order.1 += u32::from(late_ms > early_ms);
            }
        }
    }
    let edges = orders
        .iter()
        .filter_map(|(&(caller, callee), &(both, after))| {
            let before = orders.get(&(callee, caller)).map_or(0, |order| order.1);
            let weight = (f64::from(after) - f64::from(before)) / (f64::from(both) + 1.0);
            (both >= EPISODES_MIN && weight >= ORDER_MIN).then(|| Edge {
                caller: caller.to_owned(),
                callee: callee.to_owned(),
                weight,
            })
        });
    edges.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, SignalKind};

    fn signal(entity: &str, onset_ms: i64) -> Signal {
        Signal {
            entity: entity.to_owned(),
            kind: SignalKind::Latency,
            onset_ms,
            strength: 9.0,
            direction: Direction::Up,
            what: String::new(),
        }
    }

    #[test]
    fn who_always_follows_needs_who_leads() {
        let episodes: Vec<Vec<Signal>> = (0..6)
            .map(|i| {
                vec![
                    signal("shop", 100),
                    signal("db", 40),
                    signal("cron", if i % 2 == 0 { 0 } else { 200 }),
                ]
            })
            .collect();
        let edges = edges_from_onsets(&episodes);
        let ends: Vec<_> = edges
            .iter()
            .map(|e| (e.caller.as_str(), e.callee.as_str()))
            .collect();
        assert_eq!(ends, [("shop", "db")]);
        assert!(edges[0].weight < 1.0);
        assert!(
            edges_from_onsets(&episodes[..2]).is_empty(),
            "two episodes are no rule"
        );
    }

    #[test]
    fn calls_between_entities_are_edges_and_inner_spans_are_not() {
        let span = |id, parent, entity| Span {
            id,
            parent,
            entity,
            operation: "get",
            start_us: 0,
            end_us: 1,
            failed: false,
        };
        let spans = [
            span(1, None, "shop"),
            span(2, Some(1), "shop"),
            span(3, Some(2), "db"),
            span(4, Some(9), "db"),
        ];
        let edges = edges_from_spans(&spans);
        assert_eq!(edges.len(), 1);
        assert_eq!(
            (edges[0].caller.as_str(), edges[0].callee.as_str()),
            ("shop", "db")
        );
    }
}
