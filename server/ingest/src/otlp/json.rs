//! The JSON encoding of OTLP: lowerCamelCase names, ids in hexadecimal, 64-bit numbers as text or
//! numbers; unknown members are passed over.

use tocsin_domain::batch::ValueType;
use tocsin_domain::{SpanId, TraceId};

use super::{Gatherer, Record};
use crate::attributes::Attributes;
use crate::error::DecodeError;
use crate::fields::hex;
use crate::json::{Cursor, Json};
use crate::limits::Limits;

pub(super) fn request(body: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(body);
    let request = cursor
        .value()
        .map_err(|error| DecodeError::malformed(body, error.at, error.expected))?;
    if cursor.peek().is_some() {
        return Err(DecodeError::malformed(
            body,
            cursor.at(),
            "the end of the request",
        ));
    }
    if !matches!(request, Json::Object(_)) {
        return Err(DecodeError::malformed(
            body,
            0,
            "an object with `resourceLogs`",
        ));
    }
    for resource in list(&request, "resourceLogs") {
        resource_logs(resource, gatherer);
    }
    Ok(())
}

/// The elements of a member that is an array; none if it is missing or another kind.
fn list<'v, 'a>(value: &'v Json<'a>, key: &str) -> &'v [Json<'a>] {
    match value.get(key) {
        Some(Json::Array(items)) => items,
        _ => &[],
    }
}

fn text<'v>(value: &'v Json<'_>, key: &str) -> &'v [u8] {
    value.get(key).and_then(Json::text).unwrap_or_default()
}

/// A number that is written as text or as a number; 0 if it is missing.
fn number(value: &Json<'_>, key: &str) -> Option<u64> {
    match value.get(key) {
        None | Some(Json::Null) => Some(0),
        Some(Json::Number(digits)) => digits.parse().ok(),
        Some(Json::Text(digits)) => std::str::from_utf8(digits).ok()?.parse().ok(),
        Some(_) => None,
    }
}

fn resource_logs(value: &Json<'_>, gatherer: &mut Gatherer<'_>) {
    gatherer.resource();
    let limits = gatherer.collector.limits;
    if let Some(resource) = value.get("resource") {
        attributes_of(resource, &mut gatherer.attributes, limits);
    }
    gatherer.resource_done();
    for scope_logs in list(value, "scopeLogs") {
        let mark = gatherer.attributes.mark();
        if let Some(scope) = scope_logs.get("scope") {
            gatherer.scope(text(scope, "name"), text(scope, "version"));
            attributes_of(scope, &mut gatherer.attributes, limits);
        }
        for value in list(scope_logs, "logRecords") {
            let mark = gatherer.attributes.mark();
            match log_record(value) {
                Ok(record) => {
                    attributes_of(value, &mut gatherer.attributes, limits);
                    gatherer.record(&record, mark);
                }
                Err((field, expected)) => {
                    let detail = format!("`{field}` of the log record cannot be read");
                    gatherer
                        .collector
                        .reject(Some(field), expected.into(), detail);
                }
            }
        }
        gatherer.attributes.back_to(mark);
    }
}

/// Reads a record, or says which member is at fault and what it should be.
fn log_record(value: &Json<'_>) -> Result<Record, (&'static str, &'static str)> {
    const NUMBER: &str = "a whole number, or one as text";
    if !matches!(value, Json::Object(_)) {
        return Err(("logRecords", "an object"));
    }
    let mut record = Record::new();
    record.time_nanos = number(value, "timeUnixNano").ok_or(("timeUnixNano", NUMBER))?;
    record.observed_nanos =
        number(value, "observedTimeUnixNano").ok_or(("observedTimeUnixNano", NUMBER))?;
    record.severity_number = number(value, "severityNumber").unwrap_or(0);
    record.severity_text = String::from_utf8_lossy(text(value, "severityText")).into_owned();
    record.event_name = String::from_utf8_lossy(text(value, "eventName")).into_owned();
    record.flags = number(value, "flags").unwrap_or(0);
    record.trace_id = hex(text(value, "traceId")).map(TraceId);
    record.span_id = hex(text(value, "spanId")).map(SpanId);
    if let Some(body) = value.get("body") {
        match plain(body) {
            Json::Text(text) => record.body = text.into_owned(),
            Json::Null => {}
            other => other.write(&mut record.body),
        }
    }
    Ok(record)
}

/// Adds the `attributes` of a resource, scope, record or point.
pub(crate) fn attributes_of(value: &Json<'_>, to: &mut Attributes, limits: &Limits) {
    for attribute in list(value, "attributes") {
        let Some(value) = attribute.get("value") else {
            continue;
        };
        let key = text(attribute, "key");
        match plain(value) {
            Json::Number(digits) if value.get("doubleValue").is_some() => {
                to.push(key, ValueType::Float, digits.as_bytes(), limits);
            }
            plain => to.json(key, &plain, limits),
        }
    }
}

/// An `AnyValue` without its wrapping: `{"stringValue":"x"}` is `"x"`. Nesting is bounded by the
/// reader of JSON.
fn plain<'v>(value: &'v Json<'_>) -> Json<'v> {
    let Json::Object(members) = value else {
        return borrowed(value);
    };
    for (key, value) in members {
        return match key.as_ref() {
            b"stringValue" | b"bytesValue" | b"boolValue" => borrowed(value),
            b"intValue" | b"doubleValue" => match value {
                Json::Text(text) => match number_text(text) {
                    Some(digits) => Json::Number(digits),
                    None => borrowed(value),
                },
                other => borrowed(other),
            },
            b"arrayValue" => Json::Array(list(value, "values").iter().map(plain).collect()),
            b"kvlistValue" => Json::Object(
                list(value, "values")
                    .iter()
                    .map(|pair| {
                        let value = pair.get("value").map_or(Json::Null, plain);
                        (text(pair, "key").into(), value)
                    })
                    .collect(),
            ),
            _ => continue,
        };
    }
    Json::Null
}

fn borrowed<'v>(value: &'v Json<'_>) -> Json<'v> {
    match value {
        Json::Text(text) => Json::Text(text.as_ref().into()),
        Json::Number(digits) => Json::Number(digits),
        Json::Bool(value) => Json::Bool(*value),
        _ => Json::Null,
    }
}

/// The text of a number if it is a finite one.
fn number_text(text: &[u8]) -> Option<&str> {
    let digits = std::str::from_utf8(text).ok()?;
    digits
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())?;
    Some(digits)
}
