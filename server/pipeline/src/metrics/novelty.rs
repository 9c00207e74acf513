//! How surprising is a new template? In a source that mints one every minute it says nothing; in
//! one that has said the same for days it is the first sign of trouble.

use std::collections::HashMap;
use std::sync::Arc;

/// Sources that are remembered; those beyond are never surprising.
const SOURCES_MAX: usize = 10_000;
/// A source that is known for less has everything to learn, in ms.
const YOUNG_MS: i64 = 3_600_000;
/// The time after which a new template counts a third in the rate, in ms.
const MEMORY_MS: f64 = 6.0 * 3_600_000.0;
/// The window in which a further one is no surprise, in ms.
const WINDOW_MS: f64 = 600_000.0;

/// What is known of how often a source says something new.
#[derive(Debug, Clone, Copy)]
struct Source {
    since_ms: i64,
    /// New templates, each counting less the older it is.
    weight: f64,
    at_ms: i64,
}

/// How often each source says something new.
#[derive(Debug, Default)]
pub struct Novelty {
    sources: HashMap<Arc<str>, Source>,
}

impl Novelty {
    /// Notes a new template of a source and returns how surprising it is: the probability that
    /// none would have come within ten minutes, by the rate of late (a Poisson process whose rate
    /// is an exponentially weighted mean); none for a source that is known for less than an hour.
    pub fn met(&mut self, source: &Arc<str>, at_ms: i64) -> Option<f64> {
        if self.sources.len() >= SOURCES_MAX && !self.sources.contains_key(source) {
            return None;
        }
        let known = self.sources.entry(source.clone()).or_insert(Source {
            since_ms: at_ms,
            weight: 0.0,
            at_ms,
        });
        let passed = (at_ms - known.at_ms).max(0) as f64;
        let weight = known.weight * (-passed / MEMORY_MS).exp();
        known.weight = weight + 1.0;
        known.at_ms = known.at_ms.max(at_ms);
        if at_ms - known.since_ms < YOUNG_MS {
            return None;
        }
        Some((-weight / MEMORY_MS * WINDOW_MS).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_in_a_quiet_source_surprises_and_in_a_chatty_one_does_not() {
        let mut novelty = Novelty::default();
        let (quiet, chatty): (Arc<str>, Arc<str>) = ("quiet".into(), "chatty".into());
        assert_eq!(novelty.met(&quiet, 0), None, "a young source learns");
        for minute in 0..600 {
            novelty.met(&chatty, minute * 60_000);
        }
        let surprise = novelty.met(&quiet, 48 * 3_600_000).unwrap();
        assert!(surprise > 0.99, "{surprise}");
        let surprise = novelty.met(&chatty, 601 * 60_000).unwrap();
        assert!(surprise < 0.01, "{surprise}");
    }
}
