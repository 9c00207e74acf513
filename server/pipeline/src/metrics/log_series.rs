//! Series made of log lines: how many lines each template, source and severity had so far.
//!
//! In go parsed batches, out comes, once an interval, one point for each counter that moved of
//! late. Counters begin again at 0 when the process does, as every Prometheus client's do. Lines
//! much older than their receipt (an imported file) are history and not counted: they would look
//! like a burst.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::metric::{MetricBatchBuilder, NAME_LABEL};
use tocsin_domain::{
    BatchId, Labels, MetricBatch, MetricKind, ParsedBatch, Severity, TemplateId, Timestamp,
};

/// The source of these series.
pub const SOURCE: &str = "logs";
/// The name of these series.
pub const NAME: &str = "log_records_total";

/// Moves after which a counter is regular enough for its absence to mean something.
const MOVES_MIN: u32 = 60;
/// So many mean gaps without a line are an absence: at random (Poisson) arrivals one in 160,000.
const GAPS_MISSED: f64 = 12.0;
/// The least silence that is an absence, in ms.
const SILENCE_MIN_MS: f64 = 300_000.0;
/// Weight of a gap in the mean, once there were many.
const GAP_WEIGHT: f64 = 0.05;

/// Bounds and times of [`LogSeries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSeriesConfig {
    /// How often points are made, in ms.
    pub interval_ms: i64,
    /// Counters kept; lines of further ones are counted under the template `other`.
    pub series_max: usize,
    /// A counter that did not move for so long gets no more points, in ms.
    pub idle_ms: i64,
    /// A line whose time is so much before its receipt is history, in ms.
    pub history_ms: i64,
}

impl Default for LogSeriesConfig {
    fn default() -> Self {
        Self {
            interval_ms: 10_000,
            series_max: 10_000,
            idle_ms: 3_600_000,
            history_ms: 300_000,
        }
    }
}

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    source: Arc<str>,
    /// None for those beyond the bound.
    template: Option<TemplateId>,
    band: &'static str,
}

#[derive(Debug)]
struct Counter {
    labels: Labels,
    count: u64,
    moved_ms: i64,
    /// Intervals in which it moved.
    moves: u32,
    /// The mean time between two moves, exponentially weighted.
    gap_ms: f64,
    is_gone: bool,
    /// Its last move before it was gone.
    gone_ms: i64,
}

/// A template that came regularly and stays away, or is back.
#[derive(Debug, Clone, PartialEq)]
pub struct Vanished {
    /// Its series.
    pub labels: Labels,
    /// When its last line came, in ms; of one that is back, the last before it was gone.
    pub last_ms: i64,
    /// How long it took from one line to the next on average, in ms.
    pub gap_ms: i64,
    /// When it came back, in ms; none while it stays away.
    pub back_ms: Option<i64>,
}

/// The counters of one partition.
#[derive(Debug)]
pub struct LogSeries {
    config: LogSeriesConfig,
    counters: HashMap<Key, Counter>,
    /// The last interval for which points were made, as its end in ms.
    told_ms: i64,
}

impl LogSeries {
    /// No counters yet.
    #[must_use]
    pub fn new(config: LogSeriesConfig) -> Self {
        Self {
            config,
            counters: HashMap::new(),
            told_ms: i64::MIN,
        }
    }

    /// Counts the lines of a batch.
    pub fn count(&mut self, parsed: &ParsedBatch) {
        let observed = parsed.batch.observed;
        let oldest = observed.millis() - self.config.history_ms;
        let bands = Severity::BANDS.len();
        let mut counts = vec![0u64; parsed.templates.len() * bands];
        for (record, line) in parsed.batch.records.iter().zip(&parsed.lines) {
            if record.timestamp.millis() >= oldest {
                counts[line.template as usize * bands + record.severity.band()] += 1;
            }
        }
        for (place, count) in counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            let key = Key {
                source: parsed.batch.source.clone(),
                template: Some(parsed.templates[place / bands].id),
                band: Severity::BANDS[place % bands],
            };
            self.add(key, count, observed.millis());
        }
    }

    /// The points of the interval that ended last, one batch for each shard; nothing if they were
    /// given out already.
    #[must_use]
    pub fn tell(&mut self, now: Timestamp, random: [u8; 10]) -> Vec<MetricBatch> {
        let end_ms = now.millis().div_euclid(self.config.interval_ms) * self.config.interval_ms;
        if end_ms <= self.told_ms {
            return Vec::new();
        }
        self.told_ms = end_ms;
        let idle = end_ms - self.config.idle_ms;
        self.counters.retain(|_, counter| counter.moved_ms >= idle);
        let mut shards: HashMap<u16, MetricBatchBuilder> = HashMap::new();
        for counter in self.counters.values() {
            let id = counter.labels.id();
            let batch = shards.entry(id.shard()).or_insert_with(|| {
                let batch = BatchId::new(now, random);
                MetricBatchBuilder::new(batch, now, SOURCE.into(), id.shard())
            });
            let series = batch.series(id, MetricKind::Counter, counter.labels.as_bytes());
            batch.point(series, end_ms, counter.count as f64);
        }
        let shards = shards.into_values();
        shards.map(MetricBatchBuilder::finish).collect()
    }

    fn add(&mut self, mut key: Key, count: u64, observed_ms: i64) {
        if self.counters.len() >= self.config.series_max && !self.counters.contains_key(&key) {
            key.template = None;
        }
        if !self.counters.contains_key(&key) {
            let Ok(labels) = labels(&key) else {
                return;
            };
            let counter = Counter {
                labels,
                count: 0,
                moved_ms: observed_ms,
                moves: 0,
                gap_ms: 0.0,
                is_gone: false,
                gone_ms: observed_ms,
            };
            self.counters.insert(key.clone(), counter);
        }
        if let Some(counter) = self.counters.get_mut(&key) {
            counter.count += count;
            counter.moved(observed_ms, self.config.interval_ms);
        }
    }

    /// Those that came regularly and stay away, and those of them that are back: each is told once.
    #[must_use]
    pub fn vanished(&mut self, now: Timestamp) -> Vec<Vanished> {
        let now_ms = now.millis();
        let mut found = Vec::new();
        for (key, counter) in &mut self.counters {
            let was_gone = counter.is_gone;
            counter.is_gone = counter.is_overdue(now_ms);
            if key.template.is_some() && was_gone != counter.is_gone {
                found.push(Vanished {
                    labels: counter.labels.clone(),
                    last_ms: if was_gone {
                        counter.gone_ms
                    } else {
                        counter.moved_ms
                    },
                    gap_ms: counter.gap_ms as i64,
                    back_ms: was_gone.then_some(counter.moved_ms),
                });
                counter.gone_ms = counter.moved_ms;
            }
        }
        found
    }
}

impl Counter {
    fn moved(&mut self, at_ms: i64, interval_ms: i64) {
        let gap = (at_ms - self.moved_ms) as f64;
        // Batches of the same moment are one arrival.
        if gap >= interval_ms as f64 || self.moves == 0 {
            self.gap_ms += (gap - self.gap_ms) * GAP_WEIGHT.max(1.0 / f64::from(self.moves + 1));
            self.moves = self.moves.saturating_add(1);
            self.moved_ms = self.moved_ms.max(at_ms);
        }
    }

    fn is_overdue(&self, now_ms: i64) -> bool {
        let patience = (self.gap_ms * GAPS_MISSED).max(SILENCE_MIN_MS);
        self.moves >= MOVES_MIN && (now_ms - self.moved_ms) as f64 > patience
    }
}

fn labels(key: &Key) -> Result<Labels, tocsin_domain::metric::LabelError> {
    let template = key.template.map(|template| template.to_string());
    Labels::new([
        (NAME_LABEL, NAME),
        ("source", &*key.source),
        ("severity", key.band),
        ("template", template.as_deref().unwrap_or("other")),
    ])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tocsin_domain::batch::{BatchBuilder, NewRecord};
    use tocsin_domain::{ParsedLine, Template};

    use super::*;

    fn batch(at_secs: i64, lines: usize, is_old: bool) -> ParsedBatch {
        let observed = Timestamp::from_secs(at_secs);
        let mut builder =
            BatchBuilder::new(BatchId::new(observed, [1; 10]), observed, "app".into());
        for _ in 0..lines {
            let record = NewRecord {
                body: b"x",
                timestamp: Some(if is_old {
                    Timestamp::from_secs(9)
                } else {
                    observed
                }),
                severity: Severity::ERROR,
                ..NewRecord::default()
            };
            builder.push(record).unwrap();
        }
        let template = Template {
            id: TemplateId(7),
            parent: None,
            parts: vec![b"x".as_slice().into()],
            slots: Vec::new(),
        };
        let line = ParsedLine {
            template: 0,
            variables: 0,
        };
        ParsedBatch {
            batch: builder.finish(),
            lines: vec![line; lines],
            variables: Vec::new(),
            templates: vec![Arc::new(template)],
        }
    }

    fn value(batches: &[MetricBatch]) -> f64 {
        batches[0].points_value[0]
    }

    #[test]
    fn counters_grow_and_are_told_once_an_interval() {
        let mut series = LogSeries::new(LogSeriesConfig::default());
        series.count(&batch(1_000_000, 5, false));
        series.count(&batch(1_000_001, 2, false));
        series.count(&batch(1_000_002, 100, true));
        let told = series.tell(Timestamp::from_secs(1_000_010), [1; 10]);
        assert!((value(&told) - 7.0).abs() < 1e-9, "old lines are history");
        let labels = told[0].labels(&told[0].series[0]).unwrap();
        let expected =
            r#"log_records_total{severity="error",source="app",template="0000000000000007"}"#;
        assert_eq!(labels.to_string(), expected);
        assert!(
            series
                .tell(Timestamp::from_secs(1_000_011), [1; 10])
                .is_empty()
        );
        series.count(&batch(1_000_012, 1, false));
        let told = series.tell(Timestamp::from_secs(1_000_020), [1; 10]);
        assert!((value(&told) - 8.0).abs() < 1e-9);
    }

    #[test]
    fn a_regular_template_that_stays_away_is_told_once_and_again_when_it_is_back() {
        let mut series = LogSeries::new(LogSeriesConfig::default());
        for minute in 0..100 {
            series.count(&batch(1_000_000 + minute * 60, 1, false));
            assert_eq!(
                series.vanished(Timestamp::from_secs(1_000_000 + minute * 60)),
                []
            );
        }
        let end = 1_000_000 + 99 * 60;
        assert_eq!(series.vanished(Timestamp::from_secs(end + 600)), []);
        let gone = series.vanished(Timestamp::from_secs(end + 800));
        assert!(gone[0].back_ms.is_none() && gone[0].last_ms == end * 1000);
        assert_eq!(series.vanished(Timestamp::from_secs(end + 900)), []);
        series.count(&batch(end + 1000, 1, false));
        let back = series.vanished(Timestamp::from_secs(end + 1000));
        assert!(back[0].back_ms.is_some() && back[0].last_ms == end * 1000);
    }
}
