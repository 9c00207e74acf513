//! The protobuf encoding of `opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tocsin_domain::batch::ValueType;
use tocsin_domain::{SpanId, TraceId};

use super::{Gatherer, Record};
use crate::attributes::Attributes;
use crate::error::DecodeError;
use crate::json::write_text;
use crate::limits::Limits;
use crate::protobuf::{Message, Wire, WireError};

/// How deep values may nest; what is deeper is left out.
const DEPTH_MAX: usize = 32;

/// `ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1 }`.
pub(super) fn request(body: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), DecodeError> {
    let whole = |error: WireError| {
        let expected = format!("an ExportLogsServiceRequest with {}", error.expected);
        DecodeError::malformed(body, error.at, expected)
    };
    // The outermost layer is read first, so that a body of another kind is refused as a whole.
    let mut resources = Vec::new();
    let mut message = Message::new(body);
    while let Some((field, wire)) = message.field().map_err(whole)? {
        if field == 1 {
            resources.push(wire.bytes());
        }
    }
    for resource in resources {
        if let Err(error) = resource_logs(resource, gatherer) {
            reject(gatherer, "ResourceLogs", error);
        }
    }
    Ok(())
}

fn reject(gatherer: &mut Gatherer<'_>, what: &str, error: WireError) {
    let expected = format!("a {what} with {}", error.expected);
    let detail = format!("it is damaged at its byte {}", error.at);
    gatherer.collector.reject(None, expected, detail);
}

/// `ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2 }`, in any order.
fn resource_logs(bytes: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), WireError> {
    gatherer.resource();
    let mut scopes = Vec::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => {
                let limits = gatherer.collector.limits;
                attributes_of(wire.bytes(), 1, &mut gatherer.attributes, limits)?;
            }
            2 => scopes.push(wire.bytes()),
            _ => {}
        }
    }
    gatherer.resource_done();
    for scope in scopes {
        let mark = gatherer.attributes.mark();
        if let Err(error) = scope_logs(scope, gatherer) {
            reject(gatherer, "ScopeLogs", error);
        }
        gatherer.attributes.back_to(mark);
    }
    Ok(())
}

/// `ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2 }`.
fn scope_logs(bytes: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), WireError> {
    let mut records = Vec::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => scope(wire.bytes(), gatherer)?,
            2 => records.push(wire.bytes()),
            _ => {}
        }
    }
    for bytes in records {
        let mark = gatherer.attributes.mark();
        match log_record(bytes, gatherer) {
            Ok(record) => gatherer.record(&record, mark),
            Err(error) => {
                reject(gatherer, "LogRecord", error);
                gatherer.attributes.back_to(mark);
            }
        }
    }
    Ok(())
}

/// `InstrumentationScope { name = 1; version = 2; attributes = 3 }`.
fn scope(bytes: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), WireError> {
    let (mut name, mut version): (&[u8], &[u8]) = (b"", b"");
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => name = wire.bytes(),
            2 => version = wire.bytes(),
            _ => {}
        }
    }
    gatherer.scope(name, version);
    let limits = gatherer.collector.limits;
    attributes_of(bytes, 3, &mut gatherer.attributes, limits)
}

fn log_record(bytes: &[u8], gatherer: &mut Gatherer<'_>) -> Result<Record, WireError> {
    let mut record = Record::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => record.time_nanos = wire.number(),
            2 => record.severity_number = wire.number(),
            3 => record.severity_text = String::from_utf8_lossy(wire.bytes()).into_owned(),
            5 => body_of(wire.bytes(), &mut record.body)?,
            8 => record.flags = wire.number(),
            9 => record.trace_id = id(wire.bytes()).map(TraceId),
            10 => record.span_id = id(wire.bytes()).map(SpanId),
            11 => record.observed_nanos = wire.number(),
            12 => record.event_name = String::from_utf8_lossy(wire.bytes()).into_owned(),
            _ => {}
        }
    }
    let limits = gatherer.collector.limits;
    attributes_of(bytes, 6, &mut gatherer.attributes, limits)?;
    Ok(record)
}

fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok().filter(|id| *id != [0; N])
}

/// Text as it is; anything else as JSON text.
fn body_of(value: &[u8], body: &mut Vec<u8>) -> Result<(), WireError> {
    body.clear();
    match any_value(value)? {
        (1, Wire::Bytes(text)) => body.extend_from_slice(text),
        (0, _) => {}
        (kind, wire) => write_json(kind, wire, DEPTH_MAX, body)?,
    }
    Ok(())
}

/// Adds the `KeyValue { key = 1; AnyValue value = 2 }` that a message has at `field`.
pub(crate) fn attributes_of(
    bytes: &[u8],
    field: u32,
    to: &mut Attributes,
    limits: &Limits,
) -> Result<(), WireError> {
    let mut message = Message::new(bytes);
    while let Some((number, wire)) = message.field()? {
        if number == field {
            let (key, value) = key_value(wire.bytes())?;
            attribute(&mut key.to_vec(), value, DEPTH_MAX, to, limits)?;
        }
    }
    Ok(())
}

fn key_value(bytes: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => key = wire.bytes(),
            2 => value = wire.bytes(),
            _ => {}
        }
    }
    Ok((key, value))
}

/// The field that an `AnyValue` has set: 1 text, 2 bool, 3 int, 4 double, 5 array, 6 map,
/// 7 bytes; 0 for none.
fn any_value(bytes: &[u8]) -> Result<(u32, Wire<'_>), WireError> {
    let mut set = (0, Wire::Varint(0));
    let mut message = Message::new(bytes);
    while let Some(field) = message.field()? {
        if (1..=7).contains(&field.0) {
            set = field;
        }
    }
    Ok(set)
}

/// Adds a value under `key`; maps are flattened with dots.
fn attribute(
    key: &mut Vec<u8>,
    value: &[u8],
    depth: usize,
    to: &mut Attributes,
    limits: &Limits,
) -> Result<(), WireError> {
    let (kind, wire) = any_value(value)?;
    let mut text = Vec::new();
    let value_type = match kind {
        0 => return Ok(()),
        1 => {
            to.push(key, ValueType::Text, wire.bytes(), limits);
            return Ok(());
        }
        2 => ValueType::Bool,
        3 => ValueType::Integer,
        4 if f64::from_bits(wire.number()).is_finite() => {
            let number = f64::from_bits(wire.number()).to_string();
            to.push(key, ValueType::Float, number.as_bytes(), limits);
            return Ok(());
        }
        6 if depth > 0 => {
            let length = key.len();
            let mut message = Message::new(wire.bytes());
            while let Some((1, wire)) = message.field()? {
                let (name, value) = key_value(wire.bytes())?;
                key.push(b'.');
                key.extend_from_slice(name);
                attribute(key, value, depth - 1, to, limits)?;
                key.truncate(length);
            }
            return Ok(());
        }
        7 => {
            let text = STANDARD.encode(wire.bytes());
            to.push(key, ValueType::Text, text.as_bytes(), limits);
            return Ok(());
        }
        _ => ValueType::Text,
    };
    write_json(kind, wire, depth, &mut text)?;
    to.push(key, value_type, &text, limits);
    Ok(())
}

/// Writes a value as JSON text.
fn write_json(kind: u32, wire: Wire<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), WireError> {
    match kind {
        1 => write_text(wire.bytes(), out),
        2 => out.extend_from_slice(if wire.number() == 0 {
            b"false"
        } else {
            b"true"
        }),
        3 => out.extend_from_slice((wire.number() as i64).to_string().as_bytes()),
        4 => write_double(f64::from_bits(wire.number()), out),
        5 | 6 if depth == 0 => out.extend_from_slice(b"null"),
        5 | 6 => {
            let (open, close) = if kind == 5 {
                (b'[', b']')
            } else {
                (b'{', b'}')
            };
            out.push(open);
            let mut message = Message::new(wire.bytes());
            while let Some((1, wire)) = message.field()? {
                if out.last() != Some(&open) {
                    out.push(b',');
                }
                let mut value = wire.bytes();
                if kind == 6 {
                    let (name, named) = key_value(value)?;
                    write_text(name, out);
                    out.push(b':');
                    value = named;
                }
                let (kind, wire) = any_value(value)?;
                write_json(kind, wire, depth - 1, out)?;
            }
            out.push(close);
        }
        7 => write_text(STANDARD.encode(wire.bytes()).as_bytes(), out),
        _ => out.extend_from_slice(b"null"),
    }
    Ok(())
}

/// JSON has no NaN and no infinity; they become text.
fn write_double(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        out.extend_from_slice(number.to_string().as_bytes());
    } else {
        write_text(number.to_string().as_bytes(), out);
    }
}
