//! Prometheus' remote write, 1.0 and 2.0: protobuf, decompressed already (snappy's block format).
//!
//! Floats are taken, the markers of the end of a series among them; native histograms and
//! exemplars are passed over and counted. What kind a metric is comes in requests of its own in
//! 1.0 and is remembered by name; in 2.0 it is beside each series.

#[cfg(test)]
mod tests;
mod v1;
mod v2;

use tocsin_domain::MetricKind;

use super::collector::{MetricCollector, MetricContext, MetricDecoded, SeriesHandle};
use crate::error::DecodeError;
use crate::protobuf::{Message, WireError};

/// The two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteWriteVersion {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

impl RemoteWriteVersion {
    /// The message that a content type names; none if it is another one, which is answered 415 so
    /// that the sender falls back.
    #[must_use]
    pub fn from_content_type(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        if !parts
            .next()
            .unwrap_or_default()
            .eq_ignore_ascii_case("application/x-protobuf")
        {
            return None;
        }
        let proto = parts.find_map(|part| part.strip_prefix("proto="));
        match proto.map(|name| name.trim_matches('"')) {
            None | Some("prometheus.WriteRequest") => Some(Self::V1),
            Some("io.prometheus.write.v2.Request") => Some(Self::V2),
            Some(_) => None,
        }
    }
}

/// Decodes a request. Errors name the series, from 0, as their item.
///
/// # Errors
/// [`DecodeError`] if the request as a whole cannot be read.
pub fn decode(
    body: &[u8],
    version: RemoteWriteVersion,
    context: &mut MetricContext<'_>,
) -> Result<MetricDecoded, DecodeError> {
    let mut collector = MetricCollector::new(context);
    collector.expect(body.len() / 100, 0);
    let reader = Reader {
        collector,
        raw: Vec::new(),
        samples: Vec::new(),
    };
    let read = match version {
        RemoteWriteVersion::V1 => v1::request(body, reader),
        RemoteWriteVersion::V2 => v2::request(body, reader),
    };
    read.map_err(|error| {
        DecodeError::malformed(body, error.at, format!("a request with {}", error.expected))
    })
}

struct Reader<'a> {
    collector: MetricCollector<'a>,
    /// The labels in hand, as bytes that name the series.
    raw: Vec<u8>,
    samples: Vec<(i64, f64)>,
}

impl Reader<'_> {
    fn damaged(&mut self, error: WireError) {
        let expected = format!("a series with {}", error.expected);
        let detail = format!("it is damaged at its byte {}", error.at);
        self.collector.reject(None, expected, detail);
    }

    /// Adds a text to the raw name of the series in hand, such that no other texts look the same.
    fn name_by(&mut self, text: &[u8]) {
        self.raw
            .extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.raw.extend_from_slice(text);
    }

    /// Takes the samples in hand.
    fn take(&mut self, series: Option<SeriesHandle>) {
        match series {
            Some(series) => {
                for (at_ms, value) in &self.samples {
                    self.collector.push(series, Some(*at_ms), *value);
                }
            }
            // The refusal of the series is noted once; the others of its samples count as well.
            None => self.collector.refuse(self.samples.len().saturating_sub(1)),
        }
    }
}

/// `Sample { double value = 1; int64 timestamp = 2 }`, the same in both.
fn sample(bytes: &[u8]) -> Result<(i64, f64), WireError> {
    let (mut at_ms, mut value) = (0, 0.0);
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => value = f64::from_bits(wire.number()),
            2 => at_ms = wire.number() as i64,
            _ => {}
        }
    }
    Ok((at_ms, value))
}

/// What a type of metadata says of its metrics; the series of histograms and summaries differ and
/// are told by their names.
const fn kind(code: u64) -> MetricKind {
    match code {
        1 => MetricKind::Counter,
        // A gauge, information and a set of states.
        2 | 6 | 7 => MetricKind::Gauge,
        _ => MetricKind::Unknown,
    }
}
