//! What is known of each source since the start: records, rates, issues.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tocsin_domain::{Issues, LogBatch, MetricBatch, Timestamp};

/// Sources that are remembered; more are counted together under [`OTHERS`].
const SOURCES_MAX: usize = 10_000;
/// The name under which sources beyond the bound are counted.
const OTHERS: &str = "(others)";
/// Seconds over which a rate is measured.
const RATE_SECS: i64 = 10;
/// The number of kinds of issue.
const ISSUES: usize = 4;

/// What a batch adds to its source.
#[derive(Debug)]
pub(crate) struct Arrival {
    source: Arc<str>,
    records: u64,
    issues: [u64; ISSUES],
}

impl Arrival {
    /// Counts a batch.
    pub(crate) fn of(batch: &LogBatch) -> Self {
        let mut issues = [0; ISSUES];
        for record in &batch.records {
            if record.issues != Issues::NONE {
                for (bit, count) in issues.iter_mut().enumerate() {
                    *count += u64::from(record.issues.0 >> bit & 1);
                }
            }
        }
        Self {
            source: batch.source.clone(),
            records: batch.records.len() as u64,
            issues,
        }
    }

    /// Counts a batch of points.
    pub(crate) fn of_points(batch: &MetricBatch) -> Self {
        Self {
            source: batch.source.clone(),
            records: batch.len() as u64,
            issues: [0; ISSUES],
        }
    }
}

/// What is known of a source since the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceCounts {
    /// Records taken in.
    pub(crate) records: u64,
    /// How many of them had which issue, in the order of the bits.
    pub(crate) issues: [u64; ISSUES],
    /// When the first came.
    pub(crate) first_seen: Timestamp,
    /// When the last came.
    pub(crate) last_seen: Timestamp,
    rate: Rate,
}

impl SourceCounts {
    /// Records a second over the last ten seconds.
    pub(crate) fn rate(&self, now: Timestamp) -> f64 {
        self.rate.at(now)
    }

    /// The issues that occurred, by name.
    pub(crate) fn issues(&self) -> Vec<(String, u64)> {
        let all = Issues(u8::MAX).names();
        all.zip(self.issues)
            .filter(|(_, n)| *n > 0)
            .map(|(s, n)| (s.into(), n))
            .collect()
    }

    fn add(&mut self, arrival: &Arrival, now: Timestamp) {
        if self.records == 0 {
            self.first_seen = now;
        }
        self.records += arrival.records;
        self.last_seen = now;
        for (have, more) in self.issues.iter_mut().zip(arrival.issues) {
            *have += more;
        }
        self.rate.add(arrival.records, now);
    }
}

/// A count for each of the last ten seconds, in a ring.
#[derive(Debug, Clone, Default)]
struct Rate {
    counts: [u64; RATE_SECS as usize],
    second: i64,
}

impl Rate {
    fn add(&mut self, records: u64, now: Timestamp) {
        let second = now.0.div_euclid(1_000_000_000);
        if second > self.second {
            for gone in (self.second + 1).max(second - RATE_SECS + 1)..=second {
                self.counts[gone.rem_euclid(RATE_SECS) as usize] = 0;
            }
            self.second = second;
        }
        // A clock that was set back counts into the second it last knew.
        self.counts[self.second.rem_euclid(RATE_SECS) as usize] += records;
    }

    fn at(&self, now: Timestamp) -> f64 {
        let mut aged = self.clone();
        aged.add(0, now);
        aged.counts.iter().sum::<u64>() as f64 / RATE_SECS as f64
    }
}

/// All sources since the start.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    all: Mutex<(SourceCounts, BTreeMap<Arc<str>, SourceCounts>)>,
}

impl Sources {
    /// Counts what came in at `now`.
    pub(crate) fn arrived(&self, arrival: Arrival, now: Timestamp) {
        let mut all = self.all.lock();
        let (total, sources) = &mut *all;
        total.add(&arrival, now);
        let known = sources.len() < SOURCES_MAX || sources.contains_key(&arrival.source);
        let name = if known {
            arrival.source.clone()
        } else {
            OTHERS.into()
        };
        sources.entry(name).or_default().add(&arrival, now);
    }

    /// All sources by name.
    pub(crate) fn snapshot(&self) -> BTreeMap<Arc<str>, SourceCounts> {
        self.all.lock().1.clone()
    }

    /// All sources together.
    pub(crate) fn total(&self) -> SourceCounts {
        self.all.lock().0.clone()
    }
}

/// The kind of a source, by its name: how its records come.
pub(crate) fn kind(source: &str) -> &'static str {
    let head = source.split(':').next().unwrap_or_default();
    match head {
        crate::own_log::SOURCE => "self",
        "file" => "file",
        "syslog" => "syslog",
        "loki" => "loki",
        "otlp" => "otlp",
        "es" | "elasticsearch" => "elasticsearch",
        "splunk" | "hec" => "splunk",
        _ => "http",
    }
}

/// The kind of a source of metrics, by its name.
pub(crate) fn metric_kind(source: &str) -> &'static str {
    let head = source.split(':').next().unwrap_or_default();
    match head {
        "scrape" => "scrape",
        "host" => "host",
        "logs" => "self",
        "otlp" => "otlp",
        "influx" => "influx",
        "telegraf" => "telegraf",
        "prometheus" | "remote_write" => "prometheus",
        _ => "http",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_forgets_what_is_older_than_ten_seconds() {
        let mut rate = Rate::default();
        rate.add(100, Timestamp::from_secs(1000));
        assert!((rate.at(Timestamp::from_secs(1005)) - 10.0).abs() < 1e-9);
        rate.add(50, Timestamp::from_secs(1009));
        assert!((rate.at(Timestamp::from_secs(1009)) - 15.0).abs() < 1e-9);
        assert!((rate.at(Timestamp::from_secs(1012)) - 5.0).abs() < 1e-9);
        assert!(rate.at(Timestamp::from_secs(5000)).abs() < 1e-9);
    }

    #[test]
    fn issues_are_counted_by_name() {
        let counts = SourceCounts {
            issues: [2, 0, 1, 0],
            ..SourceCounts::default()
        };
        let expected = vec![
            ("timestamp_missing".to_string(), 2),
            ("truncated".to_string(), 1),
        ];
        assert_eq!(counts.issues(), expected);
    }
}
