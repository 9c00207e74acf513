//! The protobuf of a push: `logproto.PushRequest`, decompressed.

use tocsin_domain::Timestamp;

use super::{Gatherer, labels};
use crate::error::DecodeError;
use crate::protobuf::{Message, WireError};

/// `PushRequest { repeated Stream streams = 1 }`.
pub(super) fn push(body: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), DecodeError> {
    let mut streams = Vec::new();
    let mut message = Message::new(body);
    while let Some((field, wire)) = message.field().map_err(|error| {
        let expected = format!("a PushRequest with {}", error.expected);
        DecodeError::malformed(body, error.at, expected)
    })? {
        if field == 1 {
            streams.push(wire.bytes());
        }
    }
    for bytes in streams {
        if let Err(error) = stream(bytes, gatherer) {
            reject(gatherer, "stream", error);
        }
    }
    Ok(())
}

fn reject(gatherer: &mut Gatherer<'_>, what: &str, error: WireError) {
    let expected = format!("a {what} with {}", error.expected);
    let detail = format!("it is damaged at its byte {}", error.at);
    gatherer.collector.reject(None, expected, detail);
}

/// `Stream { string labels = 1; repeated Entry entries = 2 }`.
fn stream(bytes: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), WireError> {
    let mut text: &[u8] = b"{}";
    let mut entries = Vec::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => text = wire.bytes(),
            2 => entries.push(wire.bytes()),
            _ => {}
        }
    }
    gatherer.begin_stream();
    match labels::parse(&String::from_utf8_lossy(text)) {
        Ok(labels) => {
            for (name, value) in labels {
                gatherer.label(name, value.as_bytes());
            }
        }
        Err((at, expected)) => {
            let detail = format!("the labels cannot be read at byte {at}");
            gatherer
                .collector
                .reject(Some("labels"), expected.into(), detail);
            return Ok(());
        }
    }
    for bytes in entries {
        if let Err(error) = entry(bytes, gatherer) {
            reject(gatherer, "log entry", error);
        }
    }
    Ok(())
}

/// `Entry { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3 }`.
fn entry(bytes: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), WireError> {
    let mut at = Timestamp(0);
    let mut line: &[u8] = b"";
    let mut metadata = Vec::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => at = instant(wire.bytes())?,
            2 => line = wire.bytes(),
            3 => metadata.push(pair(wire.bytes())?),
            _ => {}
        }
    }
    gatherer.entry(at, line, metadata.into_iter());
    Ok(())
}

/// `google.protobuf.Timestamp { int64 seconds = 1; int32 nanos = 2 }`.
fn instant(bytes: &[u8]) -> Result<Timestamp, WireError> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => seconds = wire.number() as i64,
            2 => nanos = i64::from(wire.number() as i32),
            _ => {}
        }
    }
    Ok(Timestamp(
        Timestamp::from_secs(seconds).0.saturating_add(nanos),
    ))
}

/// `LabelPair { string name = 1; string value = 2 }`.
fn pair(bytes: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => name = wire.bytes(),
            2 => value = wire.bytes(),
            _ => {}
        }
    }
    Ok((name, value))
}
