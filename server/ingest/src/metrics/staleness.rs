//! Which series of a target came last time, so that those that vanish get an end.
//!
//! As in Prometheus, a series that a target does not have any more gets one stale marker, and so do
//! all of them when the target is down: queries then see that it is gone at once, and not after
//! five minutes.

use std::collections::HashMap;

use tocsin_domain::Labels;
use tocsin_domain::metric::{MetricKind, STALE_BITS};

use super::MetricCollector;

/// The series of one target.
#[derive(Debug, Default)]
pub(crate) struct Staleness {
    /// Each series, its kind and the round it came last.
    series: HashMap<Labels, (MetricKind, u64)>,
    round: u64,
}

impl Staleness {
    /// Begins a round.
    pub(crate) const fn begin(&mut self) {
        self.round += 1;
    }

    /// Notes that a series came; false if it came already in this round. What is no label set is
    /// left to the collector to refuse.
    pub(crate) fn came(&mut self, labels: &[(&str, &str)], kind: MetricKind) -> bool {
        let Ok(labels) = Labels::new(labels.iter().copied()) else {
            return true;
        };
        self.series.insert(labels, (kind, self.round)) != Some((kind, self.round))
    }

    /// Ends a round: every series that did not come gets an end at `at_ms`. Returns how many.
    pub(crate) fn end(&mut self, at_ms: i64, collector: &mut MetricCollector<'_>) -> usize {
        let mut ended = 0;
        let round = self.round;
        self.series.retain(|labels, (kind, last)| {
            if *last == round {
                return true;
            }
            let pairs: Vec<(&str, &str)> = labels.iter().collect();
            collector.point(&pairs, *kind, Some(at_ms), f64::from_bits(STALE_BITS));
            ended += 1;
            false
        });
        ended
    }

    /// How many series it follows.
    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }
}
