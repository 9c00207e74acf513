//! Telegraf's JSON: a batch `{"metrics": […]}`, one metric, or several after each other.
//!
//! A metric is `{"name", "tags": {…}, "fields": {…}, "timestamp"}`. Series are named as from line
//! protocol ([`super::influx`]); booleans are 1 and 0, text and nulls are passed over and counted.
//! The unit of a time is told by its size unless the request says it; text is read as a date.

use std::borrow::Cow;

use tocsin_domain::{MetricKind, Timestamp};

use super::collector::{MetricCollector, MetricContext, MetricDecoded};
use super::influx::{InfluxOptions, Precision};
use crate::decoded::readable;
use crate::error::found;
use crate::json::{Cursor, Json, JsonError};
use crate::timestamp::{Reading, read_number, read_text};

/// Decodes a body. Errors name the metric, from 0, as their item; after one of syntax nothing more
/// is read.
#[must_use]
pub fn decode(
    body: &[u8],
    options: &InfluxOptions,
    context: &mut MetricContext<'_>,
) -> MetricDecoded {
    let now = context.now;
    let mut reader = Reader {
        collector: MetricCollector::new(context),
        options,
        now,
        item: 0,
    };
    let mut cursor = Cursor::new(body);
    let mut read = || {
        while cursor.peek().is_some() {
            reader.value(&mut cursor)?;
            cursor.eat(b',');
        }
        Ok(())
    };
    let outcome: Result<(), JsonError> = read();
    if let Err(error) = outcome {
        let detail = format!("at byte {}: {}", error.at, found(body, error.at));
        reader.collector.reject(None, error.expected.into(), detail);
    }
    reader.collector.finish()
}

struct Reader<'a> {
    collector: MetricCollector<'a>,
    options: &'a InfluxOptions,
    now: Timestamp,
    item: usize,
}

/// The members of a metric; all may come in any order.
#[derive(Default)]
struct Metric<'b> {
    name: Option<Cow<'b, [u8]>>,
    tags: Vec<(Cow<'b, [u8]>, Json<'b>)>,
    fields: Option<Vec<(Cow<'b, [u8]>, Json<'b>)>>,
    time: Option<Json<'b>>,
}

impl Reader<'_> {
    /// A metric, a batch or an array of metrics.
    fn value(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        if cursor.eat(b'[') {
            return self.items(cursor);
        }
        cursor.expect(b'{', "a metric or an array of metrics")?;
        let mut metric = Metric::default();
        let mut first = true;
        let mut batch = false;
        while let Some(key) = cursor.key(first)? {
            first = false;
            if key.as_ref() == b"metrics" && cursor.eat(b'[') {
                self.items(cursor)?;
                batch = true;
                continue;
            }
            let value = cursor.value()?;
            match (key.as_ref(), value) {
                (b"name", Json::Text(name)) => metric.name = Some(name),
                (b"tags", Json::Object(tags)) => metric.tags = tags,
                (b"fields", Json::Object(fields)) => metric.fields = Some(fields),
                (b"timestamp", time) => metric.time = Some(time),
                _ => {}
            }
        }
        if !batch || metric.fields.is_some() {
            self.metric(&metric);
        }
        Ok(())
    }

    /// The metrics of an array, behind its `[`.
    fn items(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        if cursor.eat(b']') {
            return Ok(());
        }
        loop {
            // A metric has no array within, so that this does not nest.
            if cursor.peek() == Some(b'[') {
                return Err(cursor.error("a metric"));
            }
            self.value(cursor)?;
            if cursor.eat(b']') {
                return Ok(());
            }
            cursor.expect(b',', "`,` or `]`")?;
        }
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.collector.at_item(self.item);
        self.item += 1;
        let missing = match (&metric.name, &metric.fields) {
            (None, _) => Some("name"),
            (_, None) => Some("fields"),
            _ => None,
        };
        if let Some(field) = missing {
            let expected = "a metric with `name`, `fields`, `tags` and `timestamp`".into();
            let detail = format!("there is no `{field}`");
            return self.collector.reject(Some(field), expected, detail);
        }
        let Ok(at_ms) = self.time(metric.time.as_ref()) else {
            let mut shown = Vec::new();
            if let Some(time) = &metric.time {
                time.write(&mut shown);
            }
            let expected = "a time of the past, in s, ms, µs or ns, or a date".into();
            return self
                .collector
                .reject(Some("timestamp"), expected, readable(&shown));
        };
        for (field, value) in metric.fields.iter().flatten() {
            let value = match value {
                Json::Number(digits) => digits.parse().unwrap_or(f64::NAN),
                Json::Bool(is_true) => f64::from(u8::from(*is_true)),
                _ => {
                    self.collector.skip(1);
                    continue;
                }
            };
            self.labels(metric, field);
            if let Some((series, _)) = self.collector.series_of_scratch(MetricKind::Unknown) {
                self.collector.push(series, at_ms, value);
            }
        }
    }

    /// Milliseconds; none if the metric has no time.
    fn time(&self, time: Option<&Json<'_>>) -> Result<Option<i64>, ()> {
        let reading = match time {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::Number(digits)) if self.options.precision != Precision::BySize => {
                let whole = digits.parse::<i64>().or_else(|_| {
                    let time: f64 = digits.parse().map_err(|_| ())?;
                    Ok(time as i64)
                })?;
                return Ok(Some(self.options.precision.millis(whole)));
            }
            Some(Json::Number(digits)) => read_number(digits, self.now),
            Some(Json::Text(text)) => read_text(text, self.now, 0),
            Some(_) => Reading::Invalid,
        };
        match reading {
            Reading::At(at) => Ok(Some(at.millis())),
            Reading::Missing => Ok(None),
            Reading::Invalid => Err(()),
        }
    }

    fn labels(&mut self, metric: &Metric<'_>, field: &[u8]) {
        let scratch = &mut self.collector.scratch;
        scratch.clear();
        let name = metric.name.as_deref().unwrap_or_default();
        scratch.name_of(&[
            &String::from_utf8_lossy(name),
            &String::from_utf8_lossy(field),
        ]);
        for (name, value) in &metric.tags {
            match value {
                Json::Text(text) => scratch.label_bytes(name, text),
                value => {
                    let mut text = Vec::new();
                    value.write(&mut text);
                    scratch.label_bytes(name, &text);
                }
            }
        }
        let db = &self.options.db;
        if !db.is_empty() && metric.tags.iter().all(|(name, _)| name.as_ref() != b"db") {
            scratch.label("db", db);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{NOW, run, texts};
    use super::*;
    use crate::metrics::{MetricLimits, SeriesRegistry};

    fn take(body: &[u8]) -> MetricDecoded {
        let limits = MetricLimits::default();
        run(&SeriesRegistry::new(&limits), &limits, |context| {
            decode(body, &InfluxOptions::default(), context)
        })
    }

    #[test]
    fn batches_and_single_metrics_are_read() {
        let single = r#"{"fields":{"field_1":30,"s":"x","ok":true},"name":"docker",
            "tags":{"host":"raynor","n":1},"timestamp":1758229140}"#;
        let labels = r#"{host="raynor",n="1"} "#;
        let expected = [
            format!("docker_field_1{labels}30@1758229140000"),
            format!("docker_ok{labels}1@1758229140000"),
        ];
        for body in [
            single.to_owned(),
            format!("{{\"metrics\":[{single}]}}"),
            format!("[{single}]"),
        ] {
            let decoded = take(body.as_bytes());
            assert_eq!(texts(&[&decoded]), expected, "{body}");
            assert_eq!((decoded.rejected, decoded.skipped), (0, 1));
        }
        assert_eq!(take(format!("{single}\n{single}").as_bytes()).accepted, 4);
    }

    #[test]
    fn times_may_be_in_any_unit_or_missing() {
        for (time, at) in [
            ("1795273100", 1_795_273_100_000),
            ("1795273100123", 1_795_273_100_123),
            ("1795273100123000000", 1_795_273_100_123),
            ("\"2026-11-21T14:18:20Z\"", 1_795_270_700_000),
            ("null", NOW.millis()),
        ] {
            let body = format!(r#"{{"name":"m","fields":{{"a":1}},"timestamp":{time}}}"#);
            assert_eq!(texts(&[&take(body.as_bytes())]), [format!("m_a 1@{at}")]);
        }
    }

    #[test]
    fn what_is_no_metric_is_said_and_the_others_are_taken() {
        let body = br#"{"metrics":[{"name":"m"},{"name":"m","fields":{"a":1}},{"fields":{}},
            {"name":"m","fields":{"a":1},"timestamp":"x"},[]]}"#;
        let decoded = take(body);
        assert_eq!((decoded.accepted, decoded.rejected), (1, 4));
        let details: Vec<_> = decoded.errors.iter().map(|e| e.detail.as_str()).collect();
        assert_eq!(details[..2], ["there is no `fields`", "there is no `name`"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in "[\\[\\]{}\":,a-z0-9 ]{0,80}") {
            take(text.as_bytes());
        }
    }
}
