//! OTLP/HTTP logs, `POST /v1/logs`, in protobuf and JSON.
//!
//! The source of a record is `otlp:<service.name>`, its host `host.name` of the resource. Attributes
//! of resource and scope come before the record's own, which win where names meet. A body that
//! is not text becomes JSON text.

mod answer;
pub(crate) mod json;
pub(crate) mod protobuf;
#[cfg(test)]
mod tests;

use tocsin_domain::batch::ValueType;
use tocsin_domain::{Issues, Severity, SpanId, TraceId};

pub(crate) use answer::answered;
pub use answer::{Answer, Status, accepted, refused};

use crate::attributes::{Attributes, Mark};
use crate::decoded::{Collector, Context, Decoded, Draft};
use crate::error::DecodeError;
use crate::timestamp::{Reading, is_plausible};

/// The two encodings of OTLP/HTTP; an answer has that of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

impl OtlpEncoding {
    /// The encoding that a content type names; none if it is another (415).
    #[must_use]
    pub fn from_content_type(value: &str) -> Option<Self> {
        let kind = value.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The content type to answer with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Decodes an `ExportLogsServiceRequest`, decompressed.
///
/// # Errors
/// [`DecodeError::Malformed`] if the message as a whole cannot be read.
pub fn decode(
    body: &[u8],
    encoding: OtlpEncoding,
    context: &mut Context<'_>,
) -> Result<Decoded, DecodeError> {
    let mut gatherer = Gatherer {
        collector: Collector::new(context, false),
        attributes: Attributes::default(),
        source: String::new(),
        host: String::new(),
    };
    match encoding {
        OtlpEncoding::Protobuf => protobuf::request(body, &mut gatherer)?,
        OtlpEncoding::Json => json::request(body, &mut gatherer)?,
    }
    Ok(gatherer.collector.finish())
}

/// One log record as either encoding gives it.
#[derive(Debug)]
struct Record {
    time_nanos: u64,
    observed_nanos: u64,
    severity_number: u64,
    severity_text: String,
    body: Vec<u8>,
    trace_id: Option<TraceId>,
    span_id: Option<SpanId>,
    flags: u64,
    event_name: String,
}

impl Record {
    const fn new() -> Self {
        Self {
            time_nanos: 0,
            observed_nanos: 0,
            severity_number: 0,
            severity_text: String::new(),
            body: Vec::new(),
            trace_id: None,
            span_id: None,
            flags: 0,
            event_name: String::new(),
        }
    }
}

/// Where both encodings put what they read.
struct Gatherer<'a> {
    collector: Collector<'a>,
    /// Of the resource, then of the scope, then of the record.
    attributes: Attributes,
    source: String,
    host: String,
}

impl Gatherer<'_> {
    /// Begins a resource: forgets the one before.
    fn resource(&mut self) {
        self.attributes.clear();
        self.source.clear();
        self.host.clear();
    }

    /// To be called once the resource's attributes are read; finds its source and host in them.
    fn resource_done(&mut self) {
        for (key, _, value) in self.attributes.list() {
            let value = String::from_utf8_lossy(value);
            match key {
                "service.name" if !value.is_empty() => self.source = format!("otlp:{value}"),
                "host.name" => self.host = value.into_owned(),
                _ => {}
            }
        }
        if self.source.is_empty() {
            self.source.push_str("otlp");
        }
    }

    /// Adds the scope's name and version.
    fn scope(&mut self, name: &[u8], version: &[u8]) {
        for (key, value) in [("otel.scope.name", name), ("otel.scope.version", version)] {
            if !value.is_empty() {
                self.attributes.text(key, value, self.collector.limits);
            }
        }
    }

    /// Takes a record whose attributes were pushed since `mark`.
    fn record(&mut self, record: &Record, mark: Mark) {
        let limits = self.collector.limits;
        let severity = severity_of(record);
        if !record.severity_text.is_empty()
            && Severity::from_word(&record.severity_text) != Some(severity)
        {
            let text = record.severity_text.as_bytes();
            self.attributes.text("severity_text", text, limits);
        }
        if !record.event_name.is_empty() {
            self.attributes
                .text("event.name", record.event_name.as_bytes(), limits);
        }
        if record.flags != 0 {
            let flags = record.flags.to_string();
            self.attributes
                .push(b"trace_flags", ValueType::Integer, flags.as_bytes(), limits);
        }
        if let (None, Some(SpanId(span))) = (record.trace_id, record.span_id) {
            let text: String = span.iter().map(|byte| format!("{byte:02x}")).collect();
            self.attributes.text("span_id", text.as_bytes(), limits);
        }
        let draft = Draft {
            source: &self.source,
            host: &self.host,
            body: &record.body,
            time: self.time_of(record),
            severity,
            issues: Issues::NONE,
            trace: record.trace_id.map(|trace| (trace, record.span_id)),
        };
        self.collector.push(&draft, &self.attributes);
        self.attributes.back_to(mark);
    }

    /// The time of the event, else the time it was observed by the sender.
    fn time_of(&self, record: &Record) -> Reading {
        let nanos = match (record.time_nanos, record.observed_nanos) {
            (0, 0) => return Reading::Missing,
            (0, observed) => observed,
            (time, _) => time,
        };
        let at = tocsin_domain::Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX));
        if is_plausible(at, self.collector.now()) {
            Reading::At(at)
        } else {
            Reading::Invalid
        }
    }
}

fn severity_of(record: &Record) -> Severity {
    u8::try_from(record.severity_number)
        .ok()
        .and_then(Severity::from_number)
        .filter(|severity| *severity != Severity::UNSPECIFIED)
        .or_else(|| Severity::from_word(&record.severity_text))
        .unwrap_or_default()
}
