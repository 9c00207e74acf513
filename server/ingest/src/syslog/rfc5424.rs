//! RFC 5424: `1 TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA MSG`, `-` where there is nothing.

use tocsin_domain::Timestamp;

use super::Header;
use crate::timestamp::{self, Reading};

/// Reads what follows the priority; none if it is not of this format.
pub(super) fn parse<'a>(text: &'a [u8], (now, zone): (Timestamp, i32)) -> Option<Header<'a>> {
    let rest = text.strip_prefix(b"1 ")?;
    let (time, rest) = word(rest)?;
    let time = match time {
        b"-" => Reading::Missing,
        // A message whose second word is no time at all is of another format.
        time if time.first()?.is_ascii_digit() => timestamp::read_text(time, now, zone),
        _ => return None,
    };
    let (host, rest) = word(rest)?;
    let (appname, rest) = word(rest)?;
    let (process, rest) = word(rest)?;
    let (message_id, rest) = word(rest)?;
    let mut header = Header::new(rest);
    let rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => elements(rest, &mut header.structured_data)?,
    };
    header.time = time;
    header.host = nil(host);
    header.appname = nil(appname);
    header.process = nil(process);
    header.message_id = nil(message_id);
    header.body = message(rest)?;
    Some(header)
}

/// The next word and what follows the space behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    if end == 0 {
        return None;
    }
    Some((&text[..end], text.get(end + 1..).unwrap_or_default()))
}

fn nil(word: &[u8]) -> &[u8] {
    if word == b"-" { b"" } else { word }
}

/// The message without the space before it, the byte order mark, and the space more that rsyslog
/// puts in.
fn message(text: &[u8]) -> Option<&[u8]> {
    if text.is_empty() {
        return Some(text);
    }
    let text = text.strip_prefix(b" ")?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(text.strip_prefix(b" ").unwrap_or(text))
}

/// Reads `[id name="value" …]` one after another and returns what follows.
fn elements<'a>(mut text: &'a [u8], data: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Option<&'a [u8]> {
    if text.first() != Some(&b'[') {
        return None;
    }
    while let Some(rest) = text.strip_prefix(b"[") {
        let end = rest.iter().position(|byte| matches!(byte, b' ' | b']'))?;
        let id = &rest[..end];
        text = &rest[end..];
        loop {
            text = text.trim_ascii_start();
            if let Some(rest) = text.strip_prefix(b"]") {
                text = rest;
                break;
            }
            let equals = memchr::memchr(b'=', text)?;
            let name = [id, b".", &text[..equals]].concat();
            let (value, rest) = value(text[equals + 1..].strip_prefix(b"\"")?)?;
            data.push((name, value));
            text = rest;
        }
    }
    Some(text)
}

/// Reads up to the closing quote; `\"`, `\\` and `\]` are escapes, any other backslash is itself.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut at = 0;
    loop {
        match (text.get(at)?, text.get(at + 1)) {
            (b'"', _) => return Some((value, &text[at + 1..])),
            (b'\\', Some(escaped @ (b'"' | b'\\' | b']'))) => {
                value.push(*escaped);
                at += 2;
            }
            (byte, _) => {
                value.push(*byte);
                at += 1;
            }
        }
    }
}
