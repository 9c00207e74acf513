//! RFC 3164 and what passes for it: `Mon dd hh:mm:ss host tag[pid]: message`, where any part may be
//! missing and the time may be of another format.

use tocsin_domain::Timestamp;

use super::{Header, rfc5424};
use crate::timestamp::{self, Reading};

/// The longest tag; what is longer is text.
const TAG_BYTES_MAX: usize = 64;

/// Reads what follows the priority. Never fails; the body is the whole text.
pub(super) fn parse<'a>(text: &'a [u8], (now, zone): (Timestamp, i32)) -> Header<'a> {
    let mut header = Header::new(text);
    let Some((time, end)) = timestamp::read_start(text, now, zone) else {
        tag(text, &mut header);
        return header;
    };
    header.time = time;
    let rest = text[end..].trim_ascii_start();
    let host_end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let host = &rest[..host_end];
    if host.is_empty() || !host.iter().all(|byte| is_host(*byte)) || host.ends_with(b":") {
        tag(rest, &mut header);
        return header;
    }
    header.host = host;
    let rest = rest[host_end..].trim_ascii_start();
    // A message of RFC 5424 that a relay gave a second header.
    if rest.starts_with(b"1 ")
        && let Some(inner) = rfc5424::parse(rest, (now, zone))
        && matches!(inner.time, Reading::At(_))
    {
        return inner;
    }
    tag(rest, &mut header);
    header
}

/// A letter, digit or sign of a name or an address, of IPv6 as well.
const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'%') || byte >= 0x80
}

/// Reads `tag[pid]:` or `tag:`.
fn tag<'a>(text: &'a [u8], header: &mut Header<'a>) {
    let name_end = text
        .iter()
        .take(TAG_BYTES_MAX)
        .position(|byte| matches!(byte, b'[' | b':' | b' '));
    let Some(name_end) = name_end.filter(|end| *end > 0) else {
        return;
    };
    match text[name_end] {
        b'[' => {
            let inside = &text[name_end + 1..];
            let close = inside
                .iter()
                .take(TAG_BYTES_MAX)
                .position(|byte| *byte == b']');
            if let Some(close) = close {
                header.appname = &text[..name_end];
                header.process = &inside[..close];
            }
        }
        b':' => header.appname = &text[..name_end],
        _ => {}
    }
}
