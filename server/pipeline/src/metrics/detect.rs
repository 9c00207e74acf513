//! The detect stage: every point past the detector of its series.
//!
//! Pure: batches and the time go in, beginnings and ends of anomalies come out. The detectors lie
//! side by side in one vector; a batch looks its series up once each.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_anomaly::{DetectorConfig, Phase, SeriesDetector, SeriesKind, Verdict};
use tocsin_domain::metric::{Feedback, NAME_LABEL, SeriesEntry, is_stale};
use tocsin_domain::{MetricBatch, MetricKind, SeriesId};

/// The version of the snapshot that is written.
const VERSION: u8 = 1;
/// The slot of a series that is not judged.
const UNJUDGED: u32 = u32::MAX;

/// How points are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectConfig {
    /// Judge points at all. Default true.
    pub enabled: bool,
    /// False alarms that a series may raise in a month (30.4 days). Default 1: what people bear
    /// before they stop to look.
    pub false_alarms_per_month: f32,
    /// Series that a partition (there are four) judges; further ones are stored and not judged.
    /// Default 250000: about 1 kB of memory each.
    pub series_max: usize,
}

impl Default for DetectConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            false_alarms_per_month: 1.0,
            series_max: 250_000,
        }
    }
}

/// A hash that is one already.
#[derive(Debug, Default, Clone, Copy)]
pub struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A table by series.
pub type BySeries<T> = HashMap<SeriesId, T, BuildHasherDefault<Same>>;

/// Something that a detector says: an anomaly begins or ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// Of whom.
    pub series: SeriesId,
    /// At which point, in ms.
    pub at_ms: i64,
    /// What of that point. At an end it is the worst point of the anomaly.
    pub verdict: Verdict,
    /// When the anomaly began, in ms.
    pub started_ms: i64,
    /// True if it ended with this point.
    pub is_end: bool,
}

/// An anomaly that lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Open {
    started_ms: i64,
    worst: Option<Verdict>,
}

/// A snapshot that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state of the detectors cannot be read: {0}")]
pub struct RestoreError(String);

/// The detectors of a partition.
#[derive(Debug)]
pub struct DetectStage {
    config: DetectConfig,
    detector: DetectorConfig,
    slots: BySeries<u32>,
    ids: Vec<SeriesId>,
    detectors: Vec<SeriesDetector>,
    /// Those whose sender said that they ended: their silence is no anomaly.
    ended: Vec<bool>,
    open: BySeries<Open>,
    /// Slots of a batch's series, kept to spare the allocation.
    scratch: Vec<u32>,
}

impl DetectStage {
    /// No detector yet.
    #[must_use]
    pub fn new(config: DetectConfig) -> Self {
        let detector = DetectorConfig {
            false_alarms_per_month: config.false_alarms_per_month,
            ..DetectorConfig::default()
        };
        Self {
            config,
            detector,
            slots: BySeries::default(),
            ids: Vec::new(),
            detectors: Vec::new(),
            ended: Vec::new(),
            open: BySeries::default(),
            scratch: Vec::new(),
        }
    }

    /// How many series it judges.
    #[must_use]
    pub fn series(&self) -> usize {
        self.detectors.len()
    }

    /// How many anomalies last.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The band and settings that detectors work with.
    #[must_use]
    pub fn detector_config(&self) -> &DetectorConfig {
        &self.detector
    }

    /// Judges the points of a batch in the order they came.
    pub fn step(&mut self, batch: &MetricBatch) -> Vec<Finding> {
        if !self.config.enabled {
            return Vec::new();
        }
        let mut slots = std::mem::take(&mut self.scratch);
        slots.clear();
        slots.extend(batch.series.iter().map(|entry| self.slot(batch, entry)));
        let mut findings = Vec::new();
        for (series, at_ms, value) in batch.points() {
            let slot = slots[series];
            if slot == UNJUDGED {
                continue;
            }
            self.ended[slot as usize] = is_stale(value);
            if is_stale(value) {
                findings.extend(self.close(slot, at_ms));
                continue;
            }
            let detector = &mut self.detectors[slot as usize];
            if let Some(verdict) = detector.observe(at_ms, value, &self.detector)
                && verdict.phase != Phase::Quiet
            {
                findings.extend(self.note(slot, at_ms, verdict));
            }
        }
        self.scratch = slots;
        findings
    }

    /// Looks for series whose data stay away.
    pub fn tick(&mut self, now_ms: i64) -> Vec<Finding> {
        let mut findings = Vec::new();
        for slot in 0..self.detectors.len() {
            if !self.ended[slot]
                && let Some(verdict) = self.detectors[slot].check_missing(now_ms, &self.detector)
            {
                findings.extend(self.note(slot as u32, now_ms, verdict));
            }
        }
        findings
    }

    /// Moves the band of a series.
    pub fn feedback(&mut self, feedback: Feedback) {
        let verdict = match feedback.verdict {
            tocsin_domain::metric::Verdict::NotAnomaly => tocsin_anomaly::Feedback::NotAnomaly,
            tocsin_domain::metric::Verdict::Missed => tocsin_anomaly::Feedback::Missed,
        };
        let slot = self.slots.get(&feedback.series);
        if let Some(slot) = slot.filter(|slot| **slot != UNJUDGED) {
            self.detectors[*slot as usize].feedback(verdict, &self.detector);
        }
    }

    fn slot(&mut self, batch: &MetricBatch, entry: &SeriesEntry) -> u32 {
        if let Some(slot) = self.slots.get(&entry.id) {
            return *slot;
        }
        let labels = batch.labels(entry);
        let name = labels.as_ref().map_or("", |labels| labels.get(NAME_LABEL));
        let slot = if self.detectors.len() >= self.config.series_max || is_part(name) {
            UNJUDGED
        } else {
            self.ids.push(entry.id);
            self.detectors
                .push(SeriesDetector::new(kind(entry.kind, name)));
            self.ended.push(false);
            (self.detectors.len() - 1) as u32
        };
        self.slots.insert(entry.id, slot);
        slot
    }

    /// Ends the anomaly of a series that ended itself.
    fn close(&mut self, slot: u32, at_ms: i64) -> Option<Finding> {
        let series = self.ids[slot as usize];
        let open = self.open.remove(&series)?;
        Some(Finding {
            series,
            at_ms,
            verdict: open.worst?,
            started_ms: open.started_ms,
            is_end: true,
        })
    }

    /// What is to be told of a point that is not quiet.
    fn note(&mut self, slot: u32, at_ms: i64, verdict: Verdict) -> Option<Finding> {
        let series = self.ids[slot as usize];
        let finding = |started_ms, verdict, is_end| Finding {
            series,
            at_ms,
            verdict,
            started_ms,
            is_end,
        };
        match verdict.phase {
            Phase::Quiet => None,
            Phase::Started => {
                let open = Open {
                    started_ms: at_ms,
                    worst: Some(verdict),
                };
                self.open.insert(series, open);
                Some(finding(at_ms, verdict, false))
            }
            Phase::Ongoing => {
                let open = self.open.get_mut(&series)?;
                if open.worst.is_none_or(|worst| verdict.score > worst.score) {
                    open.worst = Some(verdict);
                }
                None
            }
            Phase::Ended => {
                let open = self.open.remove(&series)?;
                let worst = open.worst.unwrap_or(verdict);
                Some(finding(open.started_ms, worst, true))
            }
        }
    }

    /// Everything it knows as bytes. A stage that is restored from them judges the same points the
    /// same.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_u64(&mut out, self.slots.len() as u64);
        let mut one = Vec::new();
        for (id, slot) in &self.slots {
            one.clear();
            if *slot != UNJUDGED {
                one.push(u8::from(self.ended[*slot as usize]));
                self.detectors[*slot as usize].snapshot(&mut one);
            }
            out.extend_from_slice(&id.0.to_le_bytes());
            out.extend_from_slice(&(one.len() as u32).to_le_bytes());
            out.extend_from_slice(&one);
        }
        put_u64(&mut out, self.open.len() as u64);
        for (id, open) in &self.open {
            out.extend_from_slice(&id.0.to_le_bytes());
            out.extend_from_slice(&open.started_ms.to_le_bytes());
        }
        out
    }

    /// A stage from a snapshot.
    ///
    /// # Errors
    /// [`RestoreError`] if the bytes are no snapshot of this version.
    pub fn restore(config: DetectConfig, bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut stage = Self::new(config);
        let mut rest = bytes;
        let [version] = take(&mut rest)?;
        if version != VERSION {
            return Err(RestoreError(format!("it has version {version}")));
        }
        for _ in 0..u64::from_le_bytes(take(&mut rest)?) {
            let id = SeriesId(u64::from_le_bytes(take(&mut rest)?));
            let length = u32::from_le_bytes(take(&mut rest)?) as usize;
            let one = rest.split_at_checked(length);
            let (one, after) = one.ok_or_else(|| RestoreError("it ends too early".into()))?;
            rest = after;
            if one.is_empty() {
                stage.slots.insert(id, UNJUDGED);
                continue;
            }
            let detector = SeriesDetector::restore(&one[1..]);
            let detector = detector.map_err(|error| RestoreError(error.to_string()))?;
            stage.slots.insert(id, stage.detectors.len() as u32);
            stage.ids.push(id);
            stage.detectors.push(detector);
            stage.ended.push(one[0] != 0);
        }
        for _ in 0..u64::from_le_bytes(take(&mut rest)?) {
            let id = SeriesId(u64::from_le_bytes(take(&mut rest)?));
            let started_ms = i64::from_le_bytes(take(&mut rest)?);
            let open = Open {
                started_ms,
                worst: None,
            };
            stage.open.insert(id, open);
        }
        Ok(stage)
    }
}

/// Parts of a histogram and markers of creation say nothing by themselves.
fn is_part(name: &str) -> bool {
    name.ends_with("_bucket") || name.ends_with("_created")
}

/// How a detector reads the values of a series.
#[must_use]
pub fn kind(kind: MetricKind, name: &str) -> SeriesKind {
    match kind.or_by_name(name) {
        MetricKind::Counter => SeriesKind::Counter,
        // What Prometheus, its exporters and its probes call the series that say whether they are well.
        _ if matches!(name, "up" | "probe_success") || name.ends_with("_up") => {
            SeriesKind::Availability
        }
        MetricKind::Gauge | MetricKind::Unknown => SeriesKind::Gauge,
    }
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], RestoreError> {
    let (head, rest) = bytes
        .split_first_chunk::<N>()
        .ok_or_else(|| RestoreError("it ends too early".into()))?;
    *bytes = rest;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tocsin_domain::metric::MetricBatchBuilder;
    use tocsin_domain::{BatchId, Labels, Timestamp};

    use super::*;

    fn batch(values: &[f64], from: i64) -> MetricBatch {
        let labels = Labels::new([("__name__", "temperature"), ("room", "a")]).unwrap();
        let now = Timestamp::from_secs(from * 60);
        let id = BatchId::new(now, [1; 10]);
        let mut builder = MetricBatchBuilder::new(id, now, "test".into(), labels.id().shard());
        let series = builder.series(labels.id(), MetricKind::Gauge, labels.as_bytes());
        for (step, value) in (from..).zip(values) {
            builder.point(series, step * 60_000, *value);
        }
        builder.finish()
    }

    /// Something between 20 and 21 that does not repeat.
    fn noise(step: u64) -> f64 {
        let mixed = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (step << 7);
        20.0 + (mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 24)
    }

    #[test]
    fn a_departure_begins_and_ends_once() {
        let mut stage = DetectStage::new(DetectConfig::default());
        let quiet: Vec<f64> = (0..3000).map(noise).collect();
        assert_eq!(stage.step(&batch(&quiet, 0)), []);
        let begun = stage.step(&batch(&[90.0, 95.0, 91.0], 3000));
        assert_eq!(begun.len(), 1, "{begun:?}");
        assert!(!begun[0].is_end && begun[0].verdict.observed > 80.0);
        assert_eq!(stage.open(), 1);
        let after: Vec<f64> = (3003..3500).map(noise).collect();
        let ended = stage.step(&batch(&after, 3003));
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert!(ended[0].is_end && ended[0].started_ms == begun[0].started_ms);
    }

    #[test]
    fn a_series_that_was_ended_is_not_missed_and_one_that_stays_away_is() {
        for (is_ended, expected) in [(true, 0), (false, 1)] {
            let mut stage = DetectStage::new(DetectConfig::default());
            let mut values: Vec<f64> = (0..500).map(noise).collect();
            if is_ended {
                values.push(f64::from_bits(tocsin_domain::metric::STALE_BITS));
            }
            stage.step(&batch(&values, 0));
            let found = stage.tick(3 * 86_400_000);
            assert_eq!(found.len(), expected, "{found:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_restored_stage_judges_the_same_points_the_same(
            cut in 0usize..400, spikes in proptest::collection::vec(0usize..400, 0..6),
        ) {
            let mut values: Vec<f64> = (0..400).map(noise).collect();
            for spike in spikes {
                values[spike] += 50.0;
            }
            let mut whole = DetectStage::new(DetectConfig::default());
            whole.step(&batch(&values[..cut], 0));
            let mut again = DetectStage::restore(DetectConfig::default(), &whole.snapshot()).unwrap();
            let rest = batch(&values[cut..], cut as i64);
            let (one, two) = (whole.step(&rest), again.step(&rest));
            prop_assert_eq!(one.len(), two.len());
            for (one, two) in one.iter().zip(&two) {
                prop_assert_eq!((one.at_ms, one.started_ms, one.is_end), (two.at_ms, two.started_ms, two.is_end));
            }
            prop_assert_eq!(whole.snapshot(), again.snapshot());
        }

        #[test]
        fn bytes_that_are_no_snapshot_are_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(DetectStage::restore(DetectConfig::default(), &bytes));
        }
    }
}
