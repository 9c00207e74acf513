//! Calls that take longer than the other side worked: the way between two entities is slow.

use std::collections::{BTreeMap, BTreeSet};

use super::{Forest, Usual};
use crate::tail::{excess_bound, poisson_bound, strength_of_bound};
use crate::{Direction, Signal, SignalKind};

/// Entities that may be named for slow ways; more are never the cause of one alarm.
const NAMED_MAX: usize = 8;

struct Call<'a> {
    caller: &'a str,
    callee: &'a str,
    slow: bool,
    /// Logarithm of the time over what is slow, at least 0.
    excess: f64,
    chance: f64,
    at_us: i64,
}

/// A slow way has two ends. Each is blamed on the end that most slow calls have in common; what it
/// explains is taken away before the next is named.
pub(super) fn signals(before: &Forest<'_>, now: &Forest<'_>) -> Vec<Signal> {
    let usual = usual(before);
    let mut calls: Vec<Call<'_>> = ways(now)
        .filter_map(|(caller, callee, way_us, at_us)| {
            let usual = usual.get(&(caller, callee)).or(usual.get(&("", "")))?;
            Some(Call {
                caller,
                callee,
                slow: way_us > usual.slow_us,
                excess: (way_us / usual.slow_us).ln().max(0.0),
                chance: usual.chance,
                at_us,
            })
        })
        .collect();
    let mut out = Vec::new();
    while out.len() < NAMED_MAX {
        let ends: BTreeSet<&str> = calls.iter().flat_map(|c| [c.caller, c.callee]).collect();
        let bounds = ends.into_iter().map(|end| (blame(&calls, end), end));
        let Some((bound, end)) = bounds.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        else {
            break;
        };
        if bound <= 1.0 {
            break;
        }
        let touching = |call: &&Call<'_>| call.slow && (call.caller == end || call.callee == end);
        let slow: Vec<&Call<'_>> = calls.iter().filter(touching).collect();
        out.push(Signal {
            entity: end.to_owned(),
            kind: SignalKind::OwnLatency,
            onset_ms: slow.iter().map(|call| call.at_us).min().unwrap_or(0) / 1000,
            strength: strength_of_bound(bound),
            direction: Direction::Up,
            what: format!("{} slow calls to or from it", slow.len()),
        });
        calls.retain(|call| call.caller != end && call.callee != end);
    }
    out
}

/// `-ln` of the chance that so many of the calls of `end` are so slow.
fn blame(calls: &[Call<'_>], end: &str) -> f64 {
    let touching = calls
        .iter()
        .filter(|call| call.caller == end || call.callee == end);
    let (mut slow, mut expected, mut excess) = (0.0, 0.0, 0.0);
    for call in touching {
        slow += f64::from(u8::from(call.slow));
        expected += call.chance;
        excess += call.excess;
    }
    if slow > expected {
        poisson_bound(slow, expected) + excess_bound(excess, slow)
    } else {
        0.0
    }
}

/// What is usual for each pair of entities, and under the empty names for all together.
fn usual<'a>(before: &Forest<'a>) -> BTreeMap<(&'a str, &'a str), Usual> {
    let mut values: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for (caller, callee, way_us, _) in ways(before) {
        values.entry((caller, callee)).or_default().push(way_us);
        values.entry(("", "")).or_default().push(way_us);
    }
    let usual = values
        .into_iter()
        .filter_map(|(key, values)| Some((key, Usual::of(values)?)));
    usual.collect()
}

/// Caller, callee, time on the way in microseconds and begin of each call.
fn ways<'a>(forest: &Forest<'a>) -> impl Iterator<Item = (&'a str, &'a str, f64, i64)> {
    let calls = (0..forest.spans.len()).filter_map(|span| Some((span, forest.call(span)?)));
    calls.map(|(span, other)| {
        let (client, server) = (&forest.spans[span], &forest.spans[other]);
        let way_us = (forest.took_us(span) - forest.took_us(other)).max(0.0);
        (client.entity, server.entity, way_us, client.start_us)
    })
}
