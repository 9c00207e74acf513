//! Loki's push, `POST /loki/api/v1/push`: streams of lines under labels, as JSON or as protobuf in
//! snappy's block format.
//!
//! Labels and structured metadata become attributes. The source of a stream is its `service_name`,
//! `app`, `job` or `filename`, else `loki`; its host is `host`, `hostname` or `instance`. A label
//! `level` or `detected_level` is the severity of lines that carry none in their metadata.

mod json;
mod labels;
mod protobuf;
#[cfg(test)]
mod tests;

use tocsin_domain::{Severity, SpanId, Timestamp, TraceId};

use crate::attributes::Attributes;
use crate::decoded::{Collector, Context, Decoded, Draft};
use crate::error::DecodeError;
use crate::fields::hex;
use crate::severity;
use crate::timestamp::{Reading, is_plausible};

/// The two encodings of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LokiEncoding {
    /// `application/json`.
    Json,
    /// `application/x-protobuf`; always in snappy's block format, whatever `Content-Encoding` says.
    Protobuf,
}

impl LokiEncoding {
    /// The encoding that a content type names; anything but protobuf is taken for JSON, as Loki
    /// does.
    #[must_use]
    pub fn from_content_type(value: &str) -> Self {
        let kind = value.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-protobuf") {
            Self::Protobuf
        } else {
            Self::Json
        }
    }
}

/// Decodes a push. JSON is to be decompressed by its `Content-Encoding` first; protobuf is handed in
/// as sent (do not undo `snappy`), this undoes it.
///
/// # Errors
/// [`DecodeError`] if the push as a whole cannot be read.
pub fn decode(
    body: &[u8],
    encoding: LokiEncoding,
    context: &mut Context<'_>,
) -> Result<Decoded, DecodeError> {
    let limits = context.limits;
    let mut gatherer = Gatherer {
        collector: Collector::new(context, false),
        attributes: Attributes::default(),
        stream: Stream::default(),
    };
    match encoding {
        LokiEncoding::Json => json::push(body, &mut gatherer)?,
        LokiEncoding::Protobuf => {
            use crate::decompress::{Encoding, decompress};
            let body = decompress(body, Encoding::Snappy, limits)?;
            protobuf::push(&body, &mut gatherer)?;
        }
    }
    Ok(gatherer.collector.finish())
}

/// What the labels of a stream say of all its lines.
#[derive(Debug, Default)]
struct Stream {
    source: String,
    source_rank: usize,
    host: String,
    severity: Severity,
}

/// Labels that name the source, the best first.
const SOURCES: [&str; 4] = ["service_name", "app", "job", "filename"];

/// Where both encodings put what they read.
struct Gatherer<'a> {
    collector: Collector<'a>,
    attributes: Attributes,
    stream: Stream,
}

impl Gatherer<'_> {
    fn begin_stream(&mut self) {
        self.attributes.clear();
        self.stream.source.clear();
        self.stream.source.push_str("loki");
        self.stream.source_rank = SOURCES.len();
        self.stream.host.clear();
        self.stream.severity = Severity::UNSPECIFIED;
    }

    fn label(&mut self, name: &str, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        if let Some(rank) = SOURCES.iter().position(|source| *source == name)
            && rank < self.stream.source_rank
            && !text.is_empty()
        {
            self.stream.source_rank = rank;
            self.stream.source.clear();
            self.stream.source.push_str(&text);
        }
        match name {
            "host" | "hostname" => text.as_ref().clone_into(&mut self.stream.host),
            "instance" if self.stream.host.is_empty() => {
                text.as_ref().clone_into(&mut self.stream.host);
            }
            "level" | "detected_level" | "severity" => {
                if let Some(severity) = severity::read_text(value, "level") {
                    self.stream.severity = severity;
                }
            }
            _ => {}
        }
        self.attributes.text(name, value, self.collector.limits);
    }

    /// Takes one line with its metadata.
    fn entry<'m>(
        &mut self,
        at: Timestamp,
        line: &[u8],
        metadata: impl Iterator<Item = (&'m [u8], &'m [u8])>,
    ) {
        let mark = self.attributes.mark();
        let mut severity = self.stream.severity;
        let (mut trace_id, mut span_id) = (None, None);
        for (name, value) in metadata {
            match name {
                b"trace_id" | b"traceID" if hex::<16>(value).is_some() => {
                    trace_id = hex(value).map(TraceId);
                    continue;
                }
                b"span_id" | b"spanID" if hex::<8>(value).is_some() => {
                    span_id = hex(value).map(SpanId);
                    continue;
                }
                b"level" | b"detected_level" | b"severity_text" => {
                    severity = severity::read_text(value, "level").unwrap_or(severity);
                }
                _ => {}
            }
            let name = String::from_utf8_lossy(name);
            self.attributes.text(&name, value, self.collector.limits);
        }
        let draft = Draft {
            source: &self.stream.source,
            host: &self.stream.host,
            time: if is_plausible(at, self.collector.now()) {
                Reading::At(at)
            } else {
                Reading::Invalid
            },
            severity,
            trace: trace_id.map(|trace| (trace, span_id)),
            ..Draft::new(line)
        };
        self.collector.push(&draft, &self.attributes);
        self.attributes.back_to(mark);
    }
}
