//! A log record on the wire.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::ops::Range;
use std::sync::Arc;
use tocsin_domain::query::{Expression, highlight};
use tocsin_domain::{LogRecord, Value};
use utoipa::ToSchema;

use super::time;

/// The most highlights of one record.
const HIGHLIGHTS_MAX: usize = 100;

/// One log record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Record {
    /// A UUIDv7.
    pub(crate) id: String,
    /// When it happened, by its own word; the time of receipt if it has none.
    #[schema(format = DateTime)]
    pub(crate) timestamp: String,
    /// When it was received.
    #[schema(format = DateTime)]
    pub(crate) observed: String,
    /// The stream it came on, such as `file:/var/log/syslog`.
    #[schema(value_type = String)]
    pub(crate) source: Arc<str>,
    /// The machine it came from; empty if unknown.
    #[schema(value_type = String)]
    pub(crate) host: Arc<str>,
    /// unspecified, trace, debug, info, warn, error or fatal.
    pub(crate) severity: &'static str,
    /// OpenTelemetry's number, 0 to 24.
    pub(crate) severity_number: u8,
    /// The line; bytes that are not UTF-8 are replaced.
    pub(crate) body: String,
    /// Its template, 16 hexadecimal digits.
    pub(crate) template: Option<String>,
    /// Text, numbers and booleans by name.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub(crate) attributes: Attributes,
    /// 32 hexadecimal digits.
    pub(crate) trace_id: Option<String>,
    /// 16 hexadecimal digits.
    pub(crate) span_id: Option<String>,
    /// timestamp_missing, timestamp_invalid, truncated, invalid_utf8.
    pub(crate) issues: Vec<&'static str>,
    /// Parts of the body that were found: first character and first after, in code points.
    pub(crate) highlights: Vec<[usize; 2]>,
    /// How well it answers, in search by meaning.
    pub(crate) score: Option<f32>,
}

impl Record {
    /// A record as it is.
    pub(crate) fn new(record: LogRecord) -> Self {
        Self::found(record, &Expression::All, None)
    }

    /// A record that was found by `words`.
    pub(crate) fn found(record: LogRecord, words: &Expression, score: Option<f32>) -> Self {
        let highlights = match words {
            Expression::All => Vec::new(),
            words => characters(&record.body, highlight(words, &record.body)),
        };
        Self {
            id: record.id.to_string(),
            timestamp: time::format(record.timestamp),
            observed: time::format(record.observed),
            source: record.source,
            host: record.host,
            severity: record.severity.name(),
            severity_number: record.severity.number(),
            body: lossy(record.body),
            template: Some(record.template.to_string()),
            attributes: Attributes(record.attributes),
            trace_id: record.trace_id.map(|id| hex(&id.0)),
            span_id: record.span_id.map(|id| hex(&id.0)),
            issues: record.issues.names().collect(),
            highlights,
            score,
        }
    }
}

/// Attributes in the order of the record; of two with one name the first counts.
#[derive(Debug)]
pub(crate) struct Attributes(pub(crate) Vec<(Arc<str>, Value)>);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (at, (key, value)) in self.0.iter().enumerate() {
            if self.0[..at].iter().any(|(earlier, _)| earlier == key) {
                continue;
            }
            match value {
                Value::Text(text) => map.serialize_entry(&**key, text)?,
                Value::Integer(number) => map.serialize_entry(&**key, number)?,
                Value::Float(number) => map.serialize_entry(&**key, number)?,
                Value::Bool(value) => map.serialize_entry(&**key, value)?,
            }
        }
        map.end()
    }
}

/// The text of bytes; without a copy where they are UTF-8.
pub(crate) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Ranges of bytes of `body`, ascending and apart, as ranges of characters of its text.
fn characters(body: &[u8], ranges: Vec<Range<usize>>) -> Vec<[usize; 2]> {
    let mut positions = Positions::new(body);
    ranges
        .into_iter()
        .take(HIGHLIGHTS_MAX)
        .map(|range| {
            [
                positions.character_of(range.start),
                positions.character_of(range.end),
            ]
        })
        .collect()
}

/// Walks bytes and the characters of their lossy text side by side.
struct Positions<'a> {
    rest: &'a [u8],
    byte: usize,
    character: usize,
}

impl<'a> Positions<'a> {
    const fn new(body: &'a [u8]) -> Self {
        Self {
            rest: body,
            byte: 0,
            character: 0,
        }
    }

    /// The number of characters before the byte at `target`; targets must ascend.
    fn character_of(&mut self, target: usize) -> usize {
        while self.byte < target && !self.rest.is_empty() {
            let length = self.next_length();
            self.rest = self.rest.get(length..).unwrap_or_default();
            self.byte += length;
            self.character += 1;
        }
        self.character
    }

    /// How many bytes become the next character of the lossy text.
    fn next_length(&self) -> usize {
        if self.rest.first().is_some_and(u8::is_ascii) {
            return 1;
        }
        // Four bytes hold the longest character and the longest part that is replaced as one.
        let window = &self.rest[..self.rest.len().min(4)];
        let Some(chunk) = window.utf8_chunks().next() else {
            return 1;
        };
        match chunk.valid().chars().next() {
            Some(character) => character.len_utf8(),
            None => chunk.invalid().len().max(1),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highlights_count_characters_of_the_lossy_text() {
        for body in [
            "größe disk full".as_bytes(),
            b"\xff\xf0\x9f\x92 disk \xe2\x82",
            b"a disk",
        ] {
            let start = body
                .windows(4)
                .position(|window| window == b"disk")
                .unwrap();
            let text = lossy(body.to_vec());
            let found = characters(body, vec![0..1, start..start + 4]);
            let shown: String = text
                .chars()
                .skip(found[1][0])
                .take(found[1][1] - found[1][0])
                .collect();
            assert_eq!(shown, "disk", "{text}");
        }
    }

    #[test]
    fn attributes_keep_their_order_and_the_first_of_a_name() {
        let attributes = Attributes(vec![
            ("z".into(), Value::Integer(1)),
            ("a".into(), Value::Float(f64::NAN)),
            ("z".into(), Value::Bool(true)),
        ]);
        assert_eq!(
            serde_json::to_string(&attributes).unwrap(),
            r#"{"z":1,"a":null}"#
        );
    }
}
