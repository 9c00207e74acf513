//! The JSON of a push: `{"streams":[{"stream":{…},"values":[["<ns>","line",{…}?]]}]}`, and the
//! `{"streams":[{"labels":"{…}","entries":[{"ts":…,"line":…}]}]}` of old clients.

use tocsin_domain::Timestamp;

use super::{Gatherer, labels};
use crate::error::DecodeError;
use crate::json::{Cursor, Json};
use crate::timestamp::{self, Reading};

pub(super) fn push(body: &[u8], gatherer: &mut Gatherer<'_>) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(body);
    let push = cursor
        .value()
        .map_err(|error| DecodeError::malformed(body, error.at, error.expected))?;
    if cursor.peek().is_some() {
        return Err(DecodeError::malformed(
            body,
            cursor.at(),
            "the end of the push",
        ));
    }
    let Some(Json::Array(streams)) = push.get("streams") else {
        return Err(DecodeError::malformed(
            body,
            0,
            "an object with an array `streams`",
        ));
    };
    for value in streams {
        stream(value, gatherer);
    }
    Ok(())
}

fn stream(value: &Json<'_>, gatherer: &mut Gatherer<'_>) {
    gatherer.begin_stream();
    match (
        value.get("stream"),
        value.get("labels").and_then(Json::text),
    ) {
        (Some(Json::Object(labels)), _) => {
            for (name, value) in labels {
                let mut written = Vec::new();
                let text = value.text().unwrap_or_else(|| {
                    value.write(&mut written);
                    &written
                });
                gatherer.label(&String::from_utf8_lossy(name), text);
            }
        }
        (None, Some(text)) => match labels::parse(&String::from_utf8_lossy(text)) {
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
                return;
            }
        },
        _ => {
            let expected = "an object of labels".to_owned();
            let detail = "the stream has none".to_owned();
            gatherer.collector.reject(Some("stream"), expected, detail);
            return;
        }
    }
    for key in ["values", "entries"] {
        if let Some(Json::Array(entries)) = value.get(key) {
            for value in entries {
                if let Err((field, expected)) = entry(value, gatherer) {
                    let mut found = Vec::new();
                    value.write(&mut found);
                    let detail = format!("found `{}`", crate::decoded::readable(&found));
                    gatherer
                        .collector
                        .reject(Some(field), expected.into(), detail);
                }
            }
        }
    }
}

fn entry(
    value: &Json<'_>,
    gatherer: &mut Gatherer<'_>,
) -> Result<(), (&'static str, &'static str)> {
    let (time, line, metadata) = match value {
        Json::Array(items) => (items.first(), items.get(1), items.get(2)),
        object => (
            object.get("ts").or_else(|| object.get("timestamp")),
            object.get("line"),
            object.get("structuredMetadata"),
        ),
    };
    const TIME: &str = "a number of nanoseconds as text";
    let time = time.and_then(Json::text).ok_or(("timestamp", TIME))?;
    let at = nanoseconds(time, gatherer).ok_or(("timestamp", TIME))?;
    let line = line.and_then(Json::text).ok_or(("line", "text"))?;
    let members = match metadata {
        Some(Json::Object(members)) => members.as_slice(),
        _ => &[],
    };
    let texts = members
        .iter()
        .filter_map(|(name, value)| Some((name.as_ref(), value.text()?)));
    gatherer.entry(at, line, texts);
    Ok(())
}

/// Digits are nanoseconds; old clients send RFC 3339.
fn nanoseconds(text: &[u8], gatherer: &Gatherer<'_>) -> Option<Timestamp> {
    let digits = std::str::from_utf8(text).ok()?;
    if let Ok(nanos) = digits.parse() {
        return Some(Timestamp(nanos));
    }
    match timestamp::read_text(text, gatherer.collector.now(), 0) {
        Reading::At(at) => Some(at),
        _ => None,
    }
}
