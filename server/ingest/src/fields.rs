//! Reads a JSON object as a record: which members are its body, time, severity and so on under
//! the many names that programs give them, and which are attributes.

use std::borrow::Cow;

use tocsin_domain::{Severity, SpanId, Timestamp, TraceId};

use crate::attributes::Attributes;
use crate::decoded::{Collector, Draft};
use crate::json::{Cursor, Json, JsonError};
use crate::limits::Limits;
use crate::severity;
use crate::timestamp::{self, Reading};

/// What a member is to a record. The number ranks names of the same role: the lowest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Body(u8),
    Time(u8),
    Severity(u8),
    Source,
    Host(u8),
    Attributes,
    TraceId,
    SpanId,
    Log,
    Attribute,
}

#[inline]
fn role(key: &[u8]) -> Role {
    match key {
        b"body" => Role::Body(0),
        b"message" => Role::Body(1),
        b"msg" => Role::Body(2),
        b"log" => Role::Log,
        b"_msg" => Role::Body(4),
        b"line" => Role::Body(5),
        b"timestamp" => Role::Time(0),
        b"time" => Role::Time(1),
        b"ts" => Role::Time(2),
        b"@timestamp" => Role::Time(3),
        b"_time" => Role::Time(4),
        b"severity_number" => Role::Severity(0),
        b"severity" => Role::Severity(1),
        b"level" => Role::Severity(2),
        b"log.level" => Role::Severity(3),
        b"severity_text" => Role::Severity(4),
        b"source" => Role::Source,
        b"host" => Role::Host(0),
        b"hostname" => Role::Host(1),
        b"host.name" => Role::Host(2),
        b"attributes" => Role::Attributes,
        b"trace_id" | b"trace.id" => Role::TraceId,
        b"span_id" | b"span.id" => Role::SpanId,
        _ => Role::Attribute,
    }
}

/// The members of one object by their role.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    body: Option<(u8, Cow<'a, [u8]>, Json<'a>)>,
    time: (u8, Reading),
    severity: (u8, Severity),
    source: Option<Cow<'a, [u8]>>,
    host: Option<(u8, Cow<'a, [u8]>)>,
    trace_id: Option<TraceId>,
    span_id: Option<SpanId>,
    now: Timestamp,
    zone_secs: i32,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(now: Timestamp, zone_secs: i32) -> Self {
        Self {
            body: None,
            time: (u8::MAX, Reading::Missing),
            severity: (u8::MAX, Severity::UNSPECIFIED),
            source: None,
            host: None,
            trace_id: None,
            span_id: None,
            now,
            zone_secs,
        }
    }

    /// Takes one member; what has no role, or not the form for it, becomes an attribute.
    #[inline]
    pub(crate) fn take(
        &mut self,
        key: Cow<'a, [u8]>,
        value: Json<'a>,
        attributes: &mut Attributes,
        limits: &Limits,
    ) {
        match role(&key) {
            Role::Body(rank) => self.take_body(rank, (key, value), attributes, limits),
            Role::Log if matches!(value, Json::Text(_)) => {
                self.take_body(3, (key, value), attributes, limits);
            }
            Role::Log => self.take_log(&key, &value, attributes, limits),
            Role::Attributes => match &value {
                Json::Object(members) => {
                    for (key, value) in members {
                        attributes.json(key, value, limits);
                    }
                }
                other => attributes.json(&key, other, limits),
            },
            Role::Attribute => attributes.json(&key, &value, limits),
            other => {
                if let Some(unused) = self.take_scalar(other, &key, value) {
                    attributes.json(&key, &unused, limits);
                }
            }
        }
    }

    fn take_body(
        &mut self,
        rank: u8,
        (key, value): (Cow<'a, [u8]>, Json<'a>),
        attributes: &mut Attributes,
        limits: &Limits,
    ) {
        // `line` and `msg` may be numbers and objects of another meaning; `body` and `message` not.
        let fit = matches!(value, Json::Text(_)) || rank <= 1 && value != Json::Null;
        let wins = fit && self.body.as_ref().is_none_or(|(best, ..)| rank < *best);
        if !wins {
            attributes.json(&key, &value, limits);
        } else if let Some((_, key, value)) = self.body.replace((rank, key, value)) {
            attributes.json(&key, &value, limits);
        }
    }

    /// `log` that is an object is Elastic's: `{"level": …, "file": …}`.
    fn take_log(&mut self, key: &[u8], value: &Json<'a>, to: &mut Attributes, limits: &Limits) {
        if let Some(level) = value.get("level").and_then(Json::text)
            && let Some(severity) = severity::read_text(level, "level")
            && self.severity.0 > 3
        {
            self.severity = (3, severity);
        }
        to.json(key, value, limits);
    }

    /// Gives the value back if it does not fit its role.
    fn take_scalar(&mut self, role: Role, key: &[u8], value: Json<'a>) -> Option<Json<'a>> {
        match (role, value) {
            (Role::Time(rank), value) if rank < self.time.0 => {
                let reading = match &value {
                    Json::Text(text) => timestamp::read_text(text, self.now, self.zone_secs),
                    Json::Number(digits) => timestamp::read_number(digits, self.now),
                    Json::Null => return None,
                    _ => return Some(value),
                };
                self.time = (rank, reading);
                (reading == Reading::Invalid).then_some(value)
            }
            (Role::Severity(rank), value) if rank < self.severity.0 => {
                let key = if key == b"level" { "level" } else { "severity" };
                let severity = match &value {
                    Json::Text(text) => severity::read_text(text, key),
                    Json::Number(digits) => digits
                        .parse()
                        .ok()
                        .and_then(|number| severity::of_number(number, key)),
                    _ => None,
                };
                let Some(severity) = severity else {
                    return Some(value);
                };
                self.severity = (rank, severity);
                None
            }
            (Role::Source, Json::Text(text)) if !text.is_empty() => {
                self.source = Some(text);
                None
            }
            (Role::Host(rank), value) => self.take_host(rank, value),
            (Role::TraceId, Json::Text(text)) => {
                self.trace_id = hex(&text).map(TraceId);
                self.trace_id.is_none().then_some(Json::Text(text))
            }
            (Role::SpanId, Json::Text(text)) => {
                self.span_id = hex(&text).map(SpanId);
                self.span_id.is_none().then_some(Json::Text(text))
            }
            (_, value) => Some(value),
        }
    }

    fn take_host(&mut self, rank: u8, value: Json<'a>) -> Option<Json<'a>> {
        let wins = self.host.as_ref().is_none_or(|(best, _)| rank < *best);
        match value {
            Json::Text(text) if wins && !text.is_empty() => {
                self.host = Some((rank, text));
                None
            }
            Json::Object(members) => {
                let name = ["name", "hostname"].iter().find_map(|key| {
                    let found = members.iter().find(|(name, _)| **name == *key.as_bytes());
                    found
                        .and_then(|(_, value)| value.text())
                        .map(<[u8]>::to_vec)
                });
                if let Some(name) = name.filter(|_| wins) {
                    self.host = Some((rank, Cow::Owned(name)));
                }
                Some(Json::Object(members))
            }
            other => Some(other),
        }
    }

    /// Hands the record over. `raw` is the object's text, the body of an object without one.
    #[inline]
    pub(crate) fn push(
        self,
        raw: &[u8],
        attributes: &mut Attributes,
        to: &mut Collector<'_>,
    ) -> bool {
        self.push_from("", raw, attributes, to)
    }

    /// As [`Fields::push`], from a source that the protocol names, if it is not empty; a member
    /// `source` is an attribute then.
    #[inline]
    pub(crate) fn push_from(
        mut self,
        named: &str,
        raw: &[u8],
        attributes: &mut Attributes,
        to: &mut Collector<'_>,
    ) -> bool {
        if !named.is_empty()
            && let Some(source) = self.source.take()
        {
            attributes.text("source", &source, to.limits);
        }
        let mut written = Vec::new();
        let body = match &self.body {
            Some((_, _, Json::Text(text))) => text.as_ref(),
            Some((_, _, other)) => {
                other.write(&mut written);
                &written
            }
            None => {
                // The members are read from the body through its template, not kept twice.
                attributes.clear();
                raw
            }
        };
        let source = self.source.as_deref().map(readable);
        let host = self.host.as_ref().map(|(_, host)| readable(host));
        let draft = Draft {
            source: source.as_deref().unwrap_or(named),
            host: host.as_deref().unwrap_or_default(),
            body,
            time: self.time.1,
            severity: self.severity.1,
            issues: tocsin_domain::Issues::NONE,
            trace: self.trace_id.map(|trace| (trace, self.span_id)),
        };
        to.push(&draft, attributes)
    }
}

/// As `String::from_utf8_lossy`, but quick for what is short and UTF-8.
#[inline]
fn readable(text: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
}

/// Reads an object member by member; the cursor is at its `{`.
#[inline]
pub(crate) fn read<'a>(
    cursor: &mut Cursor<'a>,
    fields: &mut Fields<'a>,
    attributes: &mut Attributes,
    limits: &Limits,
) -> Result<(), JsonError> {
    cursor.expect(b'{', "a JSON object")?;
    let mut first = true;
    while let Some(key) = cursor.key(first)? {
        first = false;
        let value = cursor.value()?;
        fields.take(key, value, attributes, limits);
    }
    Ok(())
}

/// The time and severity of a line that is one JSON object; none if it is not.
pub(crate) fn time_and_severity(
    line: &[u8],
    now: Timestamp,
    zone_secs: i32,
) -> Option<(Reading, Option<Severity>)> {
    let mut cursor = Cursor::new(line);
    cursor.expect(b'{', "a JSON object").ok()?;
    let mut fields = Fields::new(now, zone_secs);
    let mut first = true;
    while let Some(key) = cursor.key(first).ok()? {
        first = false;
        let value = cursor.value().ok()?;
        match role(&key) {
            role @ (Role::Time(_) | Role::Severity(_)) => {
                fields.take_scalar(role, &key, value);
            }
            Role::Log if fields.severity.0 > 3 => {
                let level = value.get("level").and_then(Json::text);
                if let Some(severity) = level.and_then(|text| severity::read_text(text, "level")) {
                    fields.severity = (3, severity);
                }
            }
            _ => {}
        }
    }
    let severity = (fields.severity.1 != Severity::UNSPECIFIED).then_some(fields.severity.1);
    Some((fields.time.1, severity))
}

/// Reads hexadecimal digits of exactly `N` bytes that are not all zero.
pub(crate) fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let high = (pair[0] as char).to_digit(16)?;
        let low = (pair[1] as char).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    (bytes != [0; N]).then_some(bytes)
}
