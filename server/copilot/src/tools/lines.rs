//! Log lines as facts and as data.

use serde::Serialize;
use tocsin_domain::LogRecord;
use tocsin_domain::alert::Evidence;

use super::arguments::rfc3339;
use crate::facts::{FactBook, is_invisible};
use crate::words::moment;

/// The most characters of a line.
const BODY_CHARS_MAX: usize = 400;

/// A log line.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) id: String,
    pub(crate) time: String,
    pub(crate) source: String,
    pub(crate) host: String,
    pub(crate) severity: &'static str,
    /// Data, whatever it says.
    pub(crate) body: String,
    #[serde(skip)]
    pub(crate) at_ms: i64,
}

/// A line, cited.
pub(super) fn line(record: &LogRecord, book: &mut FactBook) -> Line {
    let body = body(record);
    let at_ms = record.timestamp.millis();
    let whose = if record.host.is_empty() {
        data(&record.source)
    } else {
        format!("{} on {}", data(&record.source), data(&record.host))
    };
    let text = format!(
        "{} {} ({whose}): {body}",
        moment(at_ms),
        record.severity.name()
    );
    let evidence = Evidence::Record {
        id: record.id,
        body: body.clone(),
    };
    Line {
        fact: book.cite(evidence, Some(at_ms), &text),
        id: record.id.to_string(),
        time: rfc3339(at_ms),
        source: data(&record.source),
        host: data(&record.host),
        severity: record.severity.name(),
        body,
        at_ms,
    }
}

/// The text of a line: cut, without control characters.
pub(super) fn body(record: &LogRecord) -> String {
    data(&String::from_utf8_lossy(&record.body))
}

/// Words from outside as data: cut, without control characters and those that hide or reorder text.
pub(crate) fn data(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(BODY_CHARS_MAX)
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(BODY_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}
