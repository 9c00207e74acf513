//! The binary form of an [`Event`] on the bus. In go events, out come bytes, and back.
//!
//! ```text
//! version 1 | kind 1 | batch id 16 | observed | source | hosts | keys | sets | traces
//! | records: count, then one column after the other | arena length | arena
//! ```
//!
//! Whole numbers are LEB128 varints, signed ones zigzag. A column whose values are all equal is
//! written once. The arena comes last and as it is, so that reading a batch copies no text: the
//! arena of the decoded batch is a slice of the bytes given. There is no compression: on log text
//! the fastest codecs cost 260 ns a line and more, twice the cost of the whole bus without them.
//! An event that is traced is version 2: after it stand the 25 bytes of its trace context, and then
//! all is as in version 1. Without one it is version 1, so that it costs nothing.
//! That is kind 1, log records; kind 2, metric points, is told in [`metrics`];
//! kind 3, a verdict on a judgement, is a series id, a byte and a time.
//!
//! Bytes that were written by something else give a [`CodecError`]; nothing panics.

mod columns;
pub(crate) mod live;
mod metrics;
mod varint;

use std::sync::Arc;

use bytes::Bytes;
use tocsin_domain::batch::{Attribute, LogBatch, ValueType};
use tocsin_domain::metric::{Feedback, Verdict};
use tocsin_domain::{
    BatchId, Event, Payload, SeriesId, Span, SpanId, Timestamp, TraceContext, TraceId,
};

use varint::{Reader, put_i64, put_str, put_u64};

/// The version of what is not traced.
const VERSION: u8 = 1;
/// The version of what is: the same after a trace context.
const VERSION_TRACED: u8 = 2;
const KIND_LOGS: u8 = 1;
const KIND_METRICS: u8 = 2;
const KIND_FEEDBACK: u8 = 3;

/// Why bytes are not an event; a static sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(&'static str);

/// About the least bytes of an event's encoded form.
#[must_use]
pub fn least_bytes(event: &Event) -> usize {
    match &event.payload {
        Payload::Logs(batch) => batch.arena.len(),
        Payload::Metrics(batch) => batch.arena.len() + batch.len() * 8,
        _ => 0,
    }
}

/// Writes an event as bytes.
///
/// # Errors
/// [`CodecError`] for a kind of payload that this version cannot write, or a batch that does not
/// hold its own invariants.
pub fn encode(event: &Event) -> Result<Bytes, CodecError> {
    match &event.payload {
        Payload::Logs(batch) => {
            if !batch.validate() {
                return Err(CodecError("the batch has spans or indexes out of bounds"));
            }
            if batch.ordinals.is_some() {
                return Err(CodecError("the batch was read back from a store"));
            }
            Ok(encode_logs(batch, event.trace))
        }
        Payload::Metrics(batch) => {
            if !batch.validate() {
                return Err(CodecError("the batch has spans or indexes out of bounds"));
            }
            let mut out = Vec::with_capacity(metrics::size(batch) + TraceContext::BYTES);
            begin(&mut out, event.trace, KIND_METRICS);
            metrics::put(&mut out, batch);
            Ok(Bytes::from(out))
        }
        Payload::Feedback(feedback) => {
            let mut out = Vec::new();
            begin(&mut out, event.trace, KIND_FEEDBACK);
            out.extend_from_slice(&feedback.series.0.to_le_bytes());
            out.push(u8::from(feedback.verdict == Verdict::Missed));
            put_i64(&mut out, feedback.at_ms);
            Ok(Bytes::from(out))
        }
        _ => Err(CodecError("this kind of payload has no binary form yet")),
    }
}

/// Version, trace context and kind.
fn begin(out: &mut Vec<u8>, trace: Option<TraceContext>, kind: u8) {
    match trace {
        None => out.push(VERSION),
        Some(trace) => {
            out.push(VERSION_TRACED);
            out.extend_from_slice(&trace.to_bytes());
        }
    }
    out.push(kind);
}

/// Reads an event back. The arena is a slice of `bytes`, not a copy.
///
/// # Errors
/// [`CodecError`] if the bytes are not an event this version knows.
pub fn decode(bytes: &Bytes) -> Result<Event, CodecError> {
    let mut reader = Reader::new(bytes);
    let trace = match reader.byte()? {
        VERSION => None,
        // Zeros are no context, and no reason to lose what was accepted.
        VERSION_TRACED => TraceContext::from_bytes(reader.array()?),
        _ => return Err(CodecError("unknown version of the format")),
    };
    let out_of_bounds = CodecError("spans or indexes are out of bounds");
    let payload = match reader.byte()? {
        KIND_LOGS => {
            let batch = decode_logs(&mut reader, bytes)?;
            batch.validate().then_some(Payload::Logs(batch))
        }
        KIND_METRICS => {
            let batch = metrics::read(&mut reader, bytes)?;
            batch.validate().then_some(Payload::Metrics(batch))
        }
        KIND_FEEDBACK => Some(Payload::Feedback(feedback(&mut reader)?)),
        _ => return Err(CodecError("unknown kind of payload")),
    };
    let payload = payload.ok_or(out_of_bounds)?;
    Ok(Event { payload, trace })
}

fn feedback(reader: &mut Reader<'_>) -> Result<Feedback, CodecError> {
    let series = SeriesId(u64::from_le_bytes(reader.array()?));
    let verdict = match reader.byte()? {
        0 => Verdict::NotAnomaly,
        1 => Verdict::Missed,
        _ => return Err(CodecError("unknown verdict")),
    };
    let at_ms = reader.i64()?;
    Ok(Feedback {
        series,
        verdict,
        at_ms,
    })
}

fn encode_logs(batch: &LogBatch, trace: Option<TraceContext>) -> Bytes {
    // Enough for the columns of ordinary records; a rare excess costs one reallocation.
    let mut out = Vec::with_capacity(batch.arena.len() + batch.records.len() * 8 + 512);
    begin(&mut out, trace, KIND_LOGS);
    out.extend_from_slice(&batch.id.bits().to_le_bytes());
    put_i64(&mut out, batch.observed.nanos());
    put_str(&mut out, &batch.source);
    put_names(&mut out, &batch.hosts);
    put_names(&mut out, &batch.keys);
    put_sets(&mut out, &batch.attribute_sets);
    put_traces(&mut out, &batch.traces);
    columns::put_records(&mut out, batch);
    put_u64(&mut out, batch.arena.len() as u64);
    out.extend_from_slice(&batch.arena);
    Bytes::from(out)
}

fn decode_logs(reader: &mut Reader<'_>, bytes: &Bytes) -> Result<LogBatch, CodecError> {
    let id = BatchId::from_bits(u128::from_le_bytes(reader.array()?));
    let observed = Timestamp(reader.i64()?);
    let source = reader.text()?;
    let hosts = names(reader)?;
    let keys = names(reader)?;
    let attribute_sets = sets(reader)?;
    let traces = traces(reader)?;
    let records = columns::records(reader, observed)?;
    let length = reader.length()?;
    if length != reader.remaining() {
        return Err(CodecError("the text has another length than it says"));
    }
    let arena = bytes.slice(reader.position()..);
    Ok(LogBatch {
        id,
        observed,
        source,
        arena,
        records,
        hosts,
        keys,
        attribute_sets,
        traces,
        ordinals: None,
    })
}

fn put_names(out: &mut Vec<u8>, names: &[Arc<str>]) {
    put_u64(out, names.len() as u64);
    for name in names {
        put_str(out, name);
    }
}

fn names(reader: &mut Reader<'_>) -> Result<Vec<Arc<str>>, CodecError> {
    let count = reader.length()?;
    (0..count).map(|_| reader.text()).collect()
}

fn put_sets(out: &mut Vec<u8>, sets: &[Vec<Attribute>]) {
    put_u64(out, sets.len() as u64);
    for set in sets {
        put_u64(out, set.len() as u64);
        for attribute in set {
            put_u64(out, u64::from(attribute.key));
            out.push(match attribute.value_type {
                ValueType::Text => 0,
                ValueType::Integer => 1,
                ValueType::Float => 2,
                ValueType::Bool => 3,
            });
            put_u64(out, u64::from(attribute.value.start));
            put_u64(out, attribute.value.len() as u64);
        }
    }
}

fn sets(reader: &mut Reader<'_>) -> Result<Vec<Vec<Attribute>>, CodecError> {
    let count = reader.length()?;
    (0..count).map(|_| set(reader)).collect()
}

fn set(reader: &mut Reader<'_>) -> Result<Vec<Attribute>, CodecError> {
    let count = reader.length()?;
    let mut set = Vec::with_capacity(count);
    for _ in 0..count {
        let key = reader.u32()?;
        let value_type = match reader.byte()? {
            0 => ValueType::Text,
            1 => ValueType::Integer,
            2 => ValueType::Float,
            3 => ValueType::Bool,
            _ => return Err(CodecError("unknown type of value")),
        };
        let start = reader.u32()?;
        let end = start
            .checked_add(reader.u32()?)
            .ok_or(CodecError("a span ends beyond 4 GiB"))?;
        set.push(Attribute {
            key,
            value_type,
            value: Span { start, end },
        });
    }
    Ok(set)
}

fn put_traces(out: &mut Vec<u8>, traces: &[(TraceId, Option<SpanId>)]) {
    put_u64(out, traces.len() as u64);
    for (trace, span) in traces {
        out.extend_from_slice(&trace.0);
        out.push(u8::from(span.is_some()));
        if let Some(span) = span {
            out.extend_from_slice(&span.0);
        }
    }
}

fn traces(reader: &mut Reader<'_>) -> Result<Vec<(TraceId, Option<SpanId>)>, CodecError> {
    let count = reader.length()?;
    let mut traces = Vec::with_capacity(count);
    for _ in 0..count {
        let trace = TraceId(reader.array()?);
        let span = match reader.byte()? {
            0 => None,
            1 => Some(SpanId(reader.array()?)),
            _ => return Err(CodecError("a span id is neither there nor absent")),
        };
        traces.push((trace, span));
    }
    Ok(traces)
}

#[cfg(test)]
mod tests;
