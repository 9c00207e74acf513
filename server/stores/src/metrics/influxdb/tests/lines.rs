//! Lines that are written are read by our own decoder as what they were.

use proptest::prelude::*;
use tocsin_domain::{Labels, Timestamp};
use tocsin_ingest::metrics::influx::{InfluxOptions, Precision, decode};
use tocsin_ingest::metrics::{MetricContext, MetricLimits, SeriesRegistry};

use super::super::line::{ID_TAG, put_point, series_key};
use crate::metrics::contract::START_MS;

/// Text with what could end a name, or be taken for something else.
fn text() -> impl Strategy<Value = String> {
    "[a-c \\\\,=\"#\n\té_${}]{1,8}"
}

/// The name of a label, with what has to be escaped between letters.
fn name() -> impl Strategy<Value = String> {
    "[a-c][a-c ,=\\\\]{0,4}[a-c]"
}

/// A name as our decoder makes a label's of it.
fn as_label(name: &str) -> String {
    name.replace([' ', ',', '=', '\\'], "_")
}

/// A label set and a number.
fn point() -> impl Strategy<Value = (Labels, f64)> {
    let pairs = proptest::collection::vec((name(), text()), 0..5);
    let value = any::<f64>().prop_filter("a number", |value| value.is_finite());
    ("[a-z_:]{1,6}", pairs, value).prop_map(|(metric, mut pairs, value)| {
        pairs.sort_by_key(|(name, _)| as_label(name));
        pairs.dedup_by_key(|(name, _)| as_label(name));
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = pairs.chain([("__name__", metric.as_str())]);
        (Labels::new(pairs).unwrap(), value)
    })
}

/// What line protocol can say of a label set.
fn written(labels: &Labels) -> Vec<(String, String)> {
    let plain = |text: &str| !text.ends_with('\\') && !text.chars().any(char::is_control);
    let pairs = labels
        .iter()
        .filter(|(name, value)| *name != "__name__" && plain(name) && plain(value));
    let mut pairs: Vec<(String, String)> = pairs
        .map(|(name, value)| (as_label(name), value.to_owned()))
        .collect();
    pairs.push((ID_TAG.into(), labels.id().to_string()));
    pairs.push(("__name__".into(), format!("{}_value", labels.name())));
    pairs.sort();
    pairs
}

proptest! {
    #[test]
    fn lines_are_read_as_what_was_written(points in proptest::collection::vec(point(), 1..8)) {
        let mut lines = Vec::new();
        for (labels, value) in &points {
            put_point(&mut lines, &series_key(labels), START_MS, *value);
        }
        let limits = MetricLimits::default();
        let registry = SeriesRegistry::new(&limits);
        let mut context = MetricContext {
            now: Timestamp::from_millis(START_MS),
            random: &mut || [0; 10],
            limits: &limits,
            registry: &registry,
            source: "test",
        };
        let options = InfluxOptions {
            precision: Precision::Millis,
            db: String::new(),
        };
        let decoded = decode(&lines, &options, &mut context);
        prop_assert_eq!(decoded.rejected, 0, "{:?} {}", decoded.errors, String::from_utf8_lossy(&lines));
        let mut found = Vec::new();
        for batch in &decoded.batches {
            for (series, at_ms, value) in batch.points() {
                prop_assert_eq!(at_ms, START_MS);
                let labels = batch.labels(&batch.series[series]);
                let Some(labels) = labels else { continue };
                let pairs = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
                let mut pairs: Vec<(String, String)> = pairs.collect();
                pairs.sort();
                found.push((pairs, value.to_bits()));
            }
        }
        let mut expect: Vec<_> = points
            .iter()
            .filter(|(_, value)| value.to_bits() != super::super::line::ODD.to_bits())
            .map(|(labels, value)| (written(labels), value.to_bits()))
            .collect();
        found.sort();
        expect.sort();
        prop_assert_eq!(found, expect);
    }
}
