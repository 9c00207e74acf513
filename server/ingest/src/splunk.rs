//! Splunk's HTTP event collector: objects after one another (`/services/collector/event`) or plain
//! lines (`/services/collector/raw`).
//!
//! The source of a record is `splunk:<source>` or `splunk:<sourcetype>`, else `splunk`. `fields`
//! become attributes, as do `sourcetype` and `index`.

#[cfg(test)]
mod tests;

use serde_json::json;
use tocsin_domain::Severity;

use crate::attributes::Attributes;
use crate::decoded::{Collector, Context, Decoded, Draft};
use crate::error::found;
use crate::json::{Cursor, Json};
use crate::severity;
use crate::timestamp::{self, Reading};

/// Why a body, or one event of it, was not taken; the codes are Splunk's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HecCode {
    /// All is taken (200).
    Success,
    /// No token was sent (401).
    TokenRequired,
    /// The token is not known (403).
    InvalidToken,
    /// The body is empty (400).
    NoData,
    /// The body is not JSON, or not of the form of events (400).
    InvalidFormat,
    /// The server cannot take it now (503).
    Busy,
    /// `event` is missing (400).
    EventMissing,
    /// `event` is blank (400).
    EventBlank,
    /// The server is well (200), as `/health` answers.
    Healthy,
}

impl HecCode {
    /// Splunk's number, text and the HTTP status it goes with.
    #[must_use]
    pub const fn describe(self) -> (u8, &'static str, u16) {
        match self {
            Self::Success => (0, "Success", 200),
            Self::TokenRequired => (2, "Token is required", 401),
            Self::InvalidToken => (4, "Invalid token", 403),
            Self::NoData => (5, "No data", 400),
            Self::InvalidFormat => (6, "Invalid data format", 400),
            Self::Busy => (9, "Server is busy", 503),
            Self::EventMissing => (12, "Event field is required", 400),
            Self::EventBlank => (13, "Event field cannot be blank", 400),
            Self::Healthy => (17, "HEC is healthy", 200),
        }
    }
}

/// What came out of a body. As with Splunk, good events are taken even if others are not.
#[derive(Debug, Clone)]
pub struct HecDecoded {
    /// The records.
    pub decoded: Decoded,
    /// Success, or what was wrong with the first event that was not taken.
    pub code: HecCode,
    /// Which event that was, from 0.
    pub invalid_event: Option<usize>,
}

impl HecDecoded {
    /// The answer's body: `{"text":"Success","code":0}`.
    #[must_use]
    pub fn answer(&self) -> Vec<u8> {
        answer(self.code, self.invalid_event)
    }
}

/// The body of an answer.
#[must_use]
pub fn answer(code: HecCode, invalid_event: Option<usize>) -> Vec<u8> {
    let (number, text, _) = code.describe();
    let mut body = json!({"text": text, "code": number});
    if let Some(event) = invalid_event {
        body["invalid-event-number"] = event.into();
    }
    body.to_string().into_bytes()
}

/// Decodes a body of events, decompressed; the content type is not to be trusted. An array of
/// events is taken as well.
#[must_use]
pub fn decode_events(body: &[u8], context: &mut Context<'_>) -> HecDecoded {
    let mut reader = EventReader {
        collector: Collector::new(context, false),
        attributes: Attributes::default(),
        code: HecCode::Success,
        invalid_event: None,
    };
    reader.events(body);
    if reader.collector.item() == 0 {
        reader.code = HecCode::NoData;
    }
    HecDecoded {
        decoded: reader.collector.finish(),
        code: reader.code,
        invalid_event: reader.invalid_event,
    }
}

/// Decodes a body of plain lines. `metadata` are the query parameters `host`, `source`,
/// `sourcetype`, `index`.
#[must_use]
pub fn decode_raw(body: &[u8], metadata: &[(&str, &str)], context: &mut Context<'_>) -> HecDecoded {
    let mut collector = Collector::new(context, false);
    let mut attributes = Attributes::default();
    let value = |name: &str| {
        let found = metadata.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| *value)
    };
    for name in ["sourcetype", "index"] {
        if !value(name).is_empty() {
            attributes.text(name, value(name).as_bytes(), collector.limits);
        }
    }
    let source = source_name(value("source"), value("sourcetype"));
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let draft = Draft {
            source: &source,
            host: value("host"),
            ..Draft::new(line)
        };
        collector.push(&draft, &attributes);
    }
    let code = if collector.item() == 0 {
        HecCode::NoData
    } else {
        HecCode::Success
    };
    HecDecoded {
        decoded: collector.finish(),
        code,
        invalid_event: None,
    }
}

fn source_name(source: &str, sourcetype: &str) -> String {
    match (source, sourcetype) {
        ("", "") => "splunk".into(),
        ("", name) | (name, _) => format!("splunk:{name}"),
    }
}

struct EventReader<'a> {
    collector: Collector<'a>,
    attributes: Attributes,
    code: HecCode,
    invalid_event: Option<usize>,
}

impl EventReader<'_> {
    fn events(&mut self, body: &[u8]) {
        let mut cursor = Cursor::new(body);
        let in_array = cursor.eat(b'[');
        while let Some(next) = cursor.peek() {
            if in_array && (cursor.eat(b',') || cursor.eat(b']')) {
                continue;
            }
            match cursor.value() {
                Ok(event @ Json::Object(_)) => {
                    if let Err((code, detail)) = self.event(&event) {
                        self.fail(code, detail);
                    }
                }
                Ok(_) => self.fail(HecCode::InvalidFormat, format!("found `{}`", next as char)),
                Err(error) => {
                    // Where the next event begins cannot be told after this.
                    let detail = format!(
                        "expected {}, found {} at byte {}",
                        error.expected,
                        found(body, error.at),
                        error.at
                    );
                    self.fail(HecCode::InvalidFormat, detail);
                    return;
                }
            }
        }
    }

    fn event(&mut self, value: &Json<'_>) -> Result<(), (HecCode, String)> {
        let mut written = Vec::new();
        let body = match value.get("event") {
            None | Some(Json::Null) => {
                return Err((HecCode::EventMissing, "`event` is missing".into()));
            }
            Some(Json::Text(text)) if text.trim_ascii().is_empty() => {
                return Err((HecCode::EventBlank, "`event` is blank".into()));
            }
            Some(Json::Text(text)) => text.as_ref(),
            Some(other) => {
                other.write(&mut written);
                &written
            }
        };
        let text = |key: &str| value.get(key).and_then(Json::text).unwrap_or_default();
        let limits = self.collector.limits;
        self.attributes.clear();
        for key in ["sourcetype", "index"] {
            if !text(key).is_empty() {
                self.attributes.text(key, text(key), limits);
            }
        }
        let mut severity = Severity::UNSPECIFIED;
        if let Some(Json::Object(fields)) = value.get("fields") {
            for (key, value) in fields {
                if matches!(key.as_ref(), b"level" | b"severity" | b"log_level") {
                    let word = value.text().unwrap_or_default();
                    severity = severity::read_text(word, "level").unwrap_or(severity);
                }
                self.attributes.json(key, value, limits);
            }
        }
        let name = |key: &str| String::from_utf8_lossy(text(key)).into_owned();
        let (host, source) = (
            name("host"),
            source_name(&name("source"), &name("sourcetype")),
        );
        let draft = Draft {
            source: &source,
            host: &host,
            time: self.time(value.get("time")),
            severity,
            ..Draft::new(body)
        };
        self.collector.push(&draft, &self.attributes);
        Ok(())
    }

    /// Seconds with a fraction, as a number or as text.
    fn time(&self, value: Option<&Json<'_>>) -> Reading {
        let now = self.collector.now();
        match value {
            None | Some(Json::Null) => Reading::Missing,
            Some(Json::Number(digits)) => timestamp::read_number(digits, now),
            Some(Json::Text(text)) => timestamp::read_text(text, now, self.collector.zone_secs()),
            Some(_) => Reading::Invalid,
        }
    }

    fn fail(&mut self, code: HecCode, detail: String) {
        if self.invalid_event.is_none() {
            self.code = code;
            self.invalid_event = Some(self.collector.item());
        }
        let expected = "an object with `event`".to_owned();
        self.collector.reject(Some("event"), expected, detail);
    }
}
