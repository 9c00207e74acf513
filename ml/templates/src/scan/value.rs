//! The kind of a whole value, as JSON members and logfmt pairs have them.

use super::address::{is_host, is_ipv4, is_ipv6, is_mac};
use super::class::{ALPHA, BEYOND_HEX, DIGIT, JOINER, SLASH, union};
use super::number::{is_decimal, is_hex, is_uuid, is_version, unit_kind};
use super::time::{is_clock, is_date};
use crate::template::VariableKind as Kind;

/// The kind of a value from its bytes.
pub(crate) fn kind(bytes: &[u8]) -> Kind {
    if matches!(bytes, b"true" | b"false") {
        return Kind::Bool;
    }
    let all = union(bytes);
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    if is_decimal(unsigned) {
        Kind::Number
    } else if all & ALPHA != 0 && all & !(ALPHA | BEYOND_HEX) == 0 {
        if is_hex(bytes) { Kind::Hex } else { Kind::Word }
    } else if all & DIGIT != 0 {
        with_digits(bytes, all)
    } else if all & SLASH != 0 {
        path(bytes)
    } else if all & JOINER != 0 && is_host(bytes, false) {
        Kind::Host
    } else {
        Kind::Quoted
    }
}

fn path(bytes: &[u8]) -> Kind {
    if bytes.windows(3).any(|w| w == b"://") {
        Kind::Url
    } else if matches!(bytes.first(), Some(b'/' | b'.' | b'~')) && !bytes.contains(&b' ') {
        Kind::Path
    } else {
        Kind::Quoted
    }
}

fn with_digits(bytes: &[u8], all: u8) -> Kind {
    if is_ipv4(bytes) || is_ipv6(bytes) {
        Kind::Ip
    } else if is_uuid(bytes) {
        Kind::Uuid
    } else if is_clock(bytes) || is_date(bytes) {
        Kind::Time
    } else if is_mac(bytes) {
        Kind::Mac
    } else if is_hex(bytes) {
        Kind::Hex
    } else if let Some(kind) = unit_kind(bytes) {
        kind
    } else if all & SLASH != 0 {
        path(bytes)
    } else if is_host(bytes, true) {
        Kind::Host
    } else if is_version(bytes) {
        Kind::Version
    } else if bytes.iter().any(u8::is_ascii_whitespace) {
        Kind::Quoted
    } else {
        Kind::Id
    }
}
