//! Work that takes longer, and spans that fail.

use std::collections::BTreeMap;

use super::{Forest, Usual};
use crate::tail::{excess_bound, poisson_bound, strength_of_bound};
use crate::{Direction, Signal, SignalKind};

/// What is counted of one entity.
#[derive(Default)]
struct Count {
    seen: f64,
    expected: f64,
    /// Sum of the logarithms of time over what is slow.
    excess: f64,
    first_us: Option<i64>,
}

impl Count {
    fn add(&mut self, hit: bool, chance: f64, at_us: i64) {
        self.expected += chance;
        if hit {
            self.seen += 1.0;
            self.first_us = Some(self.first_us.map_or(at_us, |first| first.min(at_us)));
        }
    }

    fn signal(&self, entity: &str, kind: SignalKind, what: &str) -> Option<Signal> {
        if self.seen <= self.expected {
            return None;
        }
        Some(Signal {
            entity: entity.to_owned(),
            kind,
            onset_ms: self.first_us.unwrap_or(0) / 1000,
            strength: strength_of_bound(
                poisson_bound(self.seen, self.expected) + excess_bound(self.excess, self.seen),
            ),
            direction: Direction::Up,
            what: format!("{} {what}", self.seen),
        })
    }
}

pub(super) fn signals(before: &Forest<'_>, now: &Forest<'_>) -> Vec<Signal> {
    let usual = usual(before);
    let mut slow: BTreeMap<&str, Count> = BTreeMap::new();
    let mut failed: BTreeMap<&str, Count> = BTreeMap::new();
    for (index, span) in now.spans.iter().enumerate() {
        let Some((time, failing)) = usual.get(&(span.entity, span.operation)) else {
            continue;
        };
        failed
            .entry(span.entity)
            .or_default()
            .add(span.failed, *failing, span.start_us);
        if let Some(time) = time
            && now.call(index).is_none()
        {
            let count = slow.entry(span.entity).or_default();
            let own_us = now.own_us(index);
            count.add(own_us > time.slow_us, time.chance, span.start_us);
            count.excess += (own_us / time.slow_us).ln().max(0.0);
        }
    }
    let slow = slow.iter().filter_map(|(entity, count)| {
        count.signal(entity, SignalKind::OwnLatency, "slow spans of its own")
    });
    let failed = failed
        .iter()
        .filter_map(|(entity, count)| count.signal(entity, SignalKind::Errors, "failed spans"));
    slow.chain(failed).collect()
}

/// For each operation its usual own time, if it is known, and the chance that it fails.
fn usual<'a>(before: &Forest<'a>) -> BTreeMap<(&'a str, &'a str), (Option<Usual>, f64)> {
    let mut values: BTreeMap<(&str, &str), (Vec<f64>, f64)> = BTreeMap::new();
    for (index, span) in before.spans.iter().enumerate() {
        let (times, failed) = values.entry((span.entity, span.operation)).or_default();
        *failed += f64::from(u8::from(span.failed));
        if before.call(index).is_none() {
            times.push(before.own_us(index));
        }
    }
    let usual = values.into_iter().map(|(key, (times, failed))| {
        let chance = (failed + 0.5) / (times.len() as f64 + 1.0);
        (key, (Usual::of(times), chance))
    });
    usual.collect()
}
