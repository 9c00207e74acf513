//! One line of line protocol, taken apart where it lies:
//! `measurement[,tag=value…] field=value[,field=value…] [time]`.
//!
//! In names and tags `\` before a comma, a space or `=` takes its meaning away and is otherwise
//! itself, as in InfluxDB. Text may hold line ends.

use std::borrow::Cow;

use super::number;

/// A value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text,
}

/// A line in its parts; names are as written.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    /// The measurement with its tags.
    pub(super) head: &'a [u8],
    pub(super) measurement: &'a [u8],
    pub(super) tags: Vec<(&'a [u8], &'a [u8])>,
    pub(super) fields: Vec<(&'a [u8], Value)>,
    pub(super) time: Option<i64>,
    /// Where the next line begins.
    pub(super) end: usize,
}

/// What is wrong with a line, in InfluxDB's words, and where to look for its end.
pub(super) type Fault = (&'static str, usize);

/// Reads the line at `start`, which is neither empty nor a comment, into `line`.
pub(super) fn read<'a>(body: &'a [u8], start: usize, line: &mut Line<'a>) -> Result<(), Fault> {
    line.tags.clear();
    line.fields.clear();
    line.time = None;
    let mut at = scan(body, start, b", ");
    line.measurement = &body[start..at];
    if line.measurement.is_empty() {
        return Err(("missing measurement", at));
    }
    while body.get(at) == Some(&b',') {
        at = tag(body, at + 1, line)?;
    }
    line.head = &body[start..at];
    at = spaces(body, at);
    loop {
        at = field(body, at, line)?;
        if body.get(at) != Some(&b',') {
            break;
        }
        at += 1;
    }
    at = spaces(body, at);
    if !is_end(body, at) {
        let time = number::integer(body, &mut at).ok_or(("bad timestamp", at))?;
        line.time = Some(time);
        at = spaces(body, at);
        if !is_end(body, at) {
            return Err(("bad timestamp", at));
        }
    }
    line.end = at + 1;
    Ok(())
}

fn tag<'a>(body: &'a [u8], start: usize, line: &mut Line<'a>) -> Result<usize, Fault> {
    let equals = scan(body, start, b"=, ");
    if equals == start {
        return Err(("missing tag key", equals));
    }
    if body.get(equals) != Some(&b'=') {
        return Err(("missing tag value", equals));
    }
    let end = scan(body, equals + 1, b"=, ");
    if body.get(end) == Some(&b'=') {
        return Err(("invalid tag format", end));
    }
    line.tags
        .push((&body[start..equals], &body[equals + 1..end]));
    Ok(end)
}

fn field<'a>(body: &'a [u8], start: usize, line: &mut Line<'a>) -> Result<usize, Fault> {
    let equals = scan(body, start, b"=, ");
    if equals == start {
        let what = if line.fields.is_empty() && is_end(body, equals) {
            "missing fields"
        } else {
            "missing field key"
        };
        return Err((what, equals));
    }
    if body.get(equals) != Some(&b'=') {
        return Err(("invalid field format", equals));
    }
    let (key, value_at) = (&body[start..equals], equals + 1);
    if body.get(value_at) == Some(&b'"') {
        let end = text(body, value_at).ok_or(("unbalanced quotes", value_at))?;
        if !is_end(body, end) && !matches!(body[end], b',' | b' ') {
            return Err(("invalid field format", end));
        }
        line.fields.push((key, Value::Text));
        return Ok(end);
    }
    let rest = &body[value_at..];
    let length = rest
        .iter()
        .position(|byte| matches!(byte, b',' | b' ' | b'\n' | b'\r'));
    let word = &rest[..length.unwrap_or(rest.len())];
    if word.is_empty() {
        return Err(("missing field value", value_at));
    }
    let value = number::word(word).ok_or(("invalid number", value_at))?;
    line.fields.push((key, Value::Number(value)));
    Ok(value_at + word.len())
}

/// Where the text whose opening quote is at `start` ends: after its closing quote.
pub(super) fn text(body: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', body.get(at..)?)?;
        if body[at] == b'"' {
            return Some(at + 1);
        }
        // Only a quote and a backslash can be escaped; it makes no difference to the end.
        at += 2;
    }
}

/// Where the first space from `start` on is that has no `\` before it.
#[inline]
pub(super) fn head_end(body: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b' ', b'\\', body.get(at..)?)?;
        match body[at] {
            b' ' => return Some(at),
            _ if matches!(body.get(at + 1), Some(b',' | b' ' | b'=')) => at += 2,
            _ => at += 1,
        }
    }
}

/// The first place from `start` on that has one of `ends` without `\` before it, or ends the line.
fn scan(body: &[u8], start: usize, ends: &[u8]) -> usize {
    let mut at = start;
    while let Some(byte) = body.get(at) {
        match byte {
            b'\\' if matches!(body.get(at + 1), Some(b',' | b' ' | b'=')) => at += 2,
            b'\n' => break,
            byte if ends.contains(byte) => break,
            _ => at += 1,
        }
    }
    at
}

fn spaces(body: &[u8], mut at: usize) -> usize {
    while matches!(body.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    if body.get(at) == Some(&b'\r') && matches!(body.get(at + 1), Some(b'\n') | None) {
        at += 1;
    }
    at
}

fn is_end(body: &[u8], at: usize) -> bool {
    matches!(body.get(at), Some(b'\n') | None)
        || body.get(at) == Some(&b'\r') && matches!(body.get(at + 1), Some(b'\n') | None)
}

/// A name or tag without its escapes.
pub(super) fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte == b'\\' && matches!(rest.peek(), Some(b',' | b' ' | b'=')) {
            continue;
        }
        plain.push(*byte);
    }
    Cow::Owned(plain)
}
