//! Numbers, hexadecimal words, numbers with a unit, versions, identifiers: words without `:` `/`
//! and marks.

use super::class::{ALPHA, DIGIT, all_digits, class, union};
use crate::template::VariableKind;

/// Whether the bytes are `digits`, `digits.digits`, either with an exponent; no sign.
pub(crate) fn is_decimal(bytes: &[u8]) -> bool {
    let int = digits(bytes);
    if int == 0 {
        return false;
    }
    let mut at = int;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(&bytes[at + 1..]);
        if fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) && at + 1 < bytes.len() {
        let sign = usize::from(matches!(bytes[at + 1], b'-' | b'+'));
        let exponent = &bytes[at + 1 + sign..];
        return !exponent.is_empty() && exponent.len() <= 3 && all_digits(exponent);
    }
    at == bytes.len()
}

/// Length of the leading run of digits.
#[inline]
pub(crate) fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// `0x…`, or at least six hexadecimal digits of which one is decimal, or eight, 16, 32, 40 or 64 of any kind.
pub(crate) fn is_hex(bytes: &[u8]) -> bool {
    if let [b'0', b'x' | b'X', rest @ ..] = bytes {
        return !rest.is_empty() && rest.iter().all(u8::is_ascii_hexdigit);
    }
    let all = union(bytes);
    let long = bytes.len() >= 6 && all & DIGIT != 0;
    all & !(DIGIT | ALPHA) == 0 && (long || matches!(bytes.len(), 8 | 16 | 32 | 40 | 64))
}

/// `8-4-4-4-12` hexadecimal digits.
pub(crate) fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The kind of a number that ends in a unit: `30s`, `16K`, `41C`, `80x25`; none when this is no
/// such word.
pub(crate) fn unit_kind(bytes: &[u8]) -> Option<VariableKind> {
    let int = digits(bytes);
    if int == 0 {
        return None;
    }
    let fraction = match bytes.get(int) {
        Some(b'.') => 1 + digits(&bytes[int + 1..]),
        _ => 0,
    };
    if fraction == 1 {
        return None;
    }
    match &bytes[int + fraction..] {
        b"ns" | b"us" | b"ms" | b"s" | b"m" | b"h" | b"d" | b"sec" | b"secs" | b"min" | b"mins"
        | b"hrs" | b"days" | b"usec" | b"msec" | b"\xc2\xb5s" => Some(VariableKind::Duration),
        unit if is_size_unit(unit) => Some(VariableKind::Size),
        b"K" | b"M" | b"G" | b"T" | b"k" | b"g" => Some(VariableKind::Size),
        _ => is_compound_duration(bytes).then_some(VariableKind::Duration),
    }
}

/// A unit of bytes or bits that may stand apart from its number: `KB`, `MiB`, `bytes`.
pub(crate) fn is_size_unit(unit: &[u8]) -> bool {
    matches!(
        unit,
        b"B" | b"KB"
            | b"MB"
            | b"GB"
            | b"TB"
            | b"PB"
            | b"kB"
            | b"Kb"
            | b"Mb"
            | b"Gb"
            | b"kb"
            | b"mb"
            | b"gb"
            | b"KiB"
            | b"MiB"
            | b"GiB"
            | b"TiB"
    )
}

/// `1h2m3.5s` as Go writes it.
fn is_compound_duration(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let number = digits(&bytes[at..]);
        if number == 0 {
            return false;
        }
        at += number;
        if bytes.get(at) == Some(&b'.') {
            at += 1 + digits(&bytes[at + 1..]);
        }
        let unit = bytes[at..]
            .iter()
            .take_while(|b| class(**b) & ALPHA != 0)
            .count();
        if !matches!(
            &bytes[at..at + unit],
            b"h" | b"m" | b"s" | b"ms" | b"ns" | b"us" | b"d"
        ) {
            return false;
        }
        at += unit;
    }
    true
}

/// Groups of digits joined by dots, at least three, or two and a suffix `-…`: `1.0.6`,
/// `2.6.5-1.358`, `6.1-3`.
pub(crate) fn is_version(bytes: &[u8]) -> bool {
    let length = bytes
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    let core = &bytes[..length];
    let groups = core.split(|b| *b == b'.').filter(|g| !g.is_empty()).count();
    let rest = bytes.get(length);
    (groups >= 3 && matches!(rest, None | Some(b'-' | b'_')))
        || (groups == 2 && rest == Some(&b'-') && core[0].is_ascii_digit())
}
