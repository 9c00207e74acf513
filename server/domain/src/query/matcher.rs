//! Whether one record satisfies an expression: the plain scan that every store must agree with.

use super::attributes::AttributeSource;
use super::tokens::{starts_with_lower, tokens};
use super::{Expression, FieldTest};
use crate::id::{RecordId, TemplateId};
use crate::record::{LogRecord, SpanId, TraceId};
use crate::severity::Severity;
use crate::template::ParsedBatch;

/// A record, borrowed from wherever it lies.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    /// The raw line.
    pub body: &'a [u8],
    /// The stream it came on.
    pub source: &'a str,
    /// The machine it came from; empty if unknown.
    pub host: &'a str,
    /// How bad it is.
    pub severity: Severity,
    /// Its template.
    pub template: TemplateId,
    /// Who it is.
    pub id: RecordId,
    /// The trace it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span it belongs to.
    pub span_id: Option<SpanId>,
    /// Where its attributes are.
    pub attributes: AttributeSource<'a>,
}

impl<'a> RecordView<'a> {
    /// A view of a whole record.
    #[must_use]
    pub fn of_record(record: &'a LogRecord) -> Self {
        Self {
            body: &record.body,
            source: &record.source,
            host: &record.host,
            severity: record.severity,
            template: record.template,
            id: record.id,
            trace_id: record.trace_id,
            span_id: record.span_id,
            attributes: AttributeSource::Record(record),
        }
    }

    /// A view of record `index` of a parsed batch.
    #[must_use]
    pub fn of_parsed(parsed: &'a ParsedBatch, index: usize) -> Self {
        let batch = &parsed.batch;
        let entry = &batch.records[index];
        let trace = (entry.trace as usize)
            .checked_sub(1)
            .and_then(|at| batch.traces.get(at));
        Self {
            body: batch.body(entry),
            source: &batch.source,
            host: &batch.hosts[entry.host as usize],
            severity: entry.severity,
            template: parsed.template(index).id,
            id: batch.record_id(index),
            trace_id: trace.map(|(trace, _)| *trace),
            span_id: trace.and_then(|(_, span)| *span),
            attributes: AttributeSource::Parsed(parsed, index),
        }
    }
}

/// True if the record satisfies the expression.
#[must_use]
pub fn matches(expression: &Expression, record: &RecordView<'_>) -> bool {
    match expression {
        Expression::All => true,
        Expression::And(all) => all.iter().all(|part| matches(part, record)),
        Expression::Or(any) => any.iter().any(|part| matches(part, record)),
        Expression::Not(inner) => !matches(inner, record),
        Expression::Phrase(words) => phrase_in(words, record.body),
        Expression::Prefix(prefix) => tokens(record.body)
            .any(|range| starts_with_lower(&record.body[range], prefix.as_bytes())),
        Expression::Field { key, test } => field_matches(key, test, record),
    }
}

fn field_matches(key: &str, test: &FieldTest, record: &RecordView<'_>) -> bool {
    match key {
        "source" => test_text(test, record.source.as_bytes()),
        "host" => !record.host.is_empty() && test_text(test, record.host.as_bytes()),
        "severity" => test_severity(test, record.severity),
        "template" => test_text(test, record.template.to_string().as_bytes()),
        "id" => test_text(test, record.id.to_string().as_bytes()),
        "trace_id" => record
            .trace_id
            .is_some_and(|trace| test_text(test, hex(&trace.0).as_bytes())),
        "span_id" => record
            .span_id
            .is_some_and(|span| test_text(test, hex(&span.0).as_bytes())),
        _ => record.attributes.any(key, |value| test_text(test, value)),
    }
}

/// True if `body` holds the (lower-case) words in a row. No words are in every body.
#[must_use]
pub fn phrase_in(words: &[String], body: &[u8]) -> bool {
    let Some((first, rest)) = words.split_first() else {
        return true;
    };
    let mut at = tokens(body);
    while let Some(range) = at.next() {
        if body[range].eq_ignore_ascii_case(first.as_bytes())
            && at
                .clone()
                .map(|range| &body[range])
                .zip(rest)
                .filter(|(token, word)| token.eq_ignore_ascii_case(word.as_bytes()))
                .count()
                == rest.len()
        {
            return true;
        }
    }
    false
}

/// True if the text of a field passes the test.
#[must_use]
pub fn test_text(test: &FieldTest, text: &[u8]) -> bool {
    match test {
        FieldTest::Equals(value) => text.eq_ignore_ascii_case(value.as_bytes()),
        FieldTest::StartsWith(prefix) => text
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes())),
        FieldTest::Exists => true,
        FieldTest::Range { low, high } => {
            number_of(text).is_some_and(|number| in_range(number, *low, *high))
        }
    }
}

/// True if a severity passes the test: by its number in a range, by its number or the word of
/// its band otherwise. An unspecified severity is not there.
#[must_use]
pub fn test_severity(test: &FieldTest, severity: Severity) -> bool {
    match test {
        FieldTest::Equals(value) => match value.parse::<u8>() {
            Ok(number) => number == severity.number(),
            Err(_) => {
                severity.name().eq_ignore_ascii_case(value)
                    || Severity::from_word(value).is_some_and(|word| word.band() == severity.band())
            }
        },
        FieldTest::StartsWith(_) => test_text(test, severity.name().as_bytes()),
        FieldTest::Exists => severity != Severity::UNSPECIFIED,
        FieldTest::Range { low, high } => {
            severity != Severity::UNSPECIFIED && in_range(f64::from(severity.number()), *low, *high)
        }
    }
}

fn in_range(number: f64, low: Option<(f64, bool)>, high: Option<(f64, bool)>) -> bool {
    low.is_none_or(|(end, belongs)| number > end || (belongs && number == end))
        && high.is_none_or(|(end, belongs)| number < end || (belongs && number == end))
}

/// The finite decimal number that a text is, whole; hexadecimal, `inf` and units are none.
#[must_use]
pub fn number_of(text: &[u8]) -> Option<f64> {
    let plausible = text
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || b"+-.".contains(byte))
        && text
            .last()
            .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
    if !plausible {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
