//! One word of a line (a run without delimiters): which parts of it vary, and what kind they are.

use super::Sink;
use super::address::{is_host, is_host_with_port, is_ipv4, is_ipv6, is_mac};
use super::class::{
    ALPHA, BEYOND_HEX, COLON, DIGIT, JOINER, MARK, SLASH, all_digits, class, union,
};
use super::number::{is_decimal, is_hex, is_uuid, is_version, unit_kind};
use super::time::{end_of_words, is_clock, is_date, start_of_words};
use crate::template::VariableKind as Kind;

/// Splits the word `line[start..end]` into variables and static text. `all` is the union of the
/// classes of its bytes.
pub(crate) fn word(line: &[u8], start: usize, end: usize, all: u8, sink: &mut Sink<'_>) {
    let (mut start, mut end) = (start, end);
    while end > start && is_trailing(line[end - 1]) {
        end -= 1;
    }
    if !matches!(line[start], b'.' | b'~') || !is_relative_path(&line[start..end]) {
        while start < end && is_leading(line[start]) {
            start += 1;
        }
    }
    if start >= end
        || (all & (DIGIT | SLASH) == 0
            && all & BEYOND_HEX != 0
            && !line[start..end].contains(&b'.'))
    {
        return;
    }
    if all & COLON != 0 && line[start..end].contains(&b':') {
        with_colon(line, start, end, sink);
    } else if all & SLASH != 0 {
        with_slash(line, start, end, sink);
    } else if all & MARK != 0 {
        with_marks(line, start, end, sink);
    } else {
        name(line, start, end, sink);
    }
}

/// Punctuation after a word.
#[inline]
fn is_trailing(byte: u8) -> bool {
    matches!(
        byte,
        b'.' | b':' | b'!' | b'?' | b'*' | b'%' | b'~' | b'&' | b'-' | b'_'
    )
}

/// Punctuation before a word.
#[inline]
fn is_leading(byte: u8) -> bool {
    matches!(
        byte,
        b'.' | b':' | b'!' | b'?' | b'*' | b'%' | b'~' | b'&' | b'#' | b'@' | b'$' | b'_'
    )
}

fn is_relative_path(bytes: &[u8]) -> bool {
    bytes.starts_with(b"./") || bytes.starts_with(b"../") || bytes.starts_with(b"~/")
}

fn with_colon(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let bytes = &line[start..end];
    if bytes[0].is_ascii_digit() {
        if is_clock(bytes) {
            return clock(line, start, end, sink);
        }
        let colon = bytes.iter().position(|b| *b == b':').unwrap_or(0);
        if all_digits(&bytes[colon + 1..]) && is_ipv4(&bytes[..colon]) {
            sink.push(start, start + colon, Kind::Ip);
            return sink.push(start + colon + 1, end, Kind::Number);
        }
    }
    let scheme = bytes
        .iter()
        .position(|b| *b == b':')
        .filter(|c| bytes[*c..].starts_with(b"://"));
    if let Some(scheme) = scheme
        && scheme > 0
        && bytes[..scheme]
            .iter()
            .all(|b| class(*b) & (ALPHA | JOINER) != 0)
    {
        let more = |b: &u8| *b == b'=' || class(*b) & super::class::DELIMITER == 0;
        let end = end + line[end..].iter().take_while(|b| more(b)).count();
        sink.skip_to(end);
        return sink.push(start, end, Kind::Url);
    }
    if is_date(bytes) {
        return sink.push(start, end, Kind::Time);
    }
    if is_mac(bytes) {
        return sink.push(start, end, Kind::Mac);
    }
    if is_ipv6(bytes) {
        return sink.push(start, end, Kind::Ip);
    }
    if bytes.len() > 3 && bytes[1] == b':' && bytes[2] == b'\\' {
        return sink.push(start, end, Kind::Path);
    }
    if bytes.first() == Some(&b'/') && bytes.get(1).is_some_and(|b| class(*b) & ALPHA != 0) {
        let colon = bytes.iter().position(|b| *b == b':').unwrap_or(bytes.len());
        with_slash(line, start, start + colon, sink);
        return pieces(line, start + colon, end, sink);
    }
    pieces(line, start, end, sink);
}

/// The pieces between colons, each for itself.
fn pieces(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let mut from = start;
    for at in start..=end {
        if at == end || line[at] == b':' {
            let port = at < end && is_port(&line[at + 1..end]);
            piece(line, from, at, port, sink);
            from = at + 1;
        }
    }
}

fn is_port(bytes: &[u8]) -> bool {
    let digits = super::number::digits(bytes);
    (2..=5).contains(&digits) && bytes.get(digits).is_none_or(|b| class(*b) & ALPHA == 0)
}

fn piece(line: &[u8], start: usize, end: usize, port: bool, sink: &mut Sink<'_>) {
    let all = union(&line[start..end]);
    if port && all & ALPHA != 0 && all & (SLASH | MARK) == 0 && is_host_with_port(&line[start..end])
    {
        return sink.push(start, end, Kind::Host);
    }
    if all & (DIGIT | SLASH) != 0 || all & JOINER != 0 {
        word(line, start, end, all & !COLON, sink);
    }
}

fn clock(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let mut end = end;
    if let Some([b',', a, b, c]) = line.get(end..end + 4)
        && [a, b, c].iter().all(|d| d.is_ascii_digit())
    {
        end += 4;
    }
    let from = sink
        .date_before(line, start)
        .unwrap_or_else(|| start_of_words(line, start));
    end = end_of_words(line, end, from < start);
    let from = sink.pop_from(from);
    sink.push(from, end, Kind::Time);
    sink.skip_to(end);
}

fn with_slash(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let bytes = &line[start..end];
    let slashes = bytes.iter().filter(|b| class(**b) & SLASH != 0).count();
    if matches!(bytes[0], b'/' | b'\\') {
        let rest = &bytes[1..];
        if is_ipv4(rest) {
            return sink.push(start + 1, end, Kind::Ip);
        }
        if rest.is_empty() {
            return;
        }
        let named = rest.iter().any(|b| class(*b) & ALPHA != 0);
        let deep =
            slashes > 1 || union(rest) & (DIGIT | JOINER) == DIGIT | JOINER || rest.contains(&b'.');
        if named && deep {
            return sink.push(start, end, Kind::Path);
        }
        if slashes == 1 && !rest.is_empty() && union(rest) & DIGIT != 0 {
            return word(line, start + 1, end, union(rest), sink);
        }
        return;
    }
    if is_date(bytes) {
        return sink.push(start, end, Kind::Time);
    }
    if is_relative_path(bytes) {
        return sink.push(start, end, Kind::Path);
    }
    let first = bytes
        .iter()
        .position(|b| class(*b) & SLASH != 0)
        .unwrap_or(0);
    let digit = union(bytes) & DIGIT != 0;
    if slashes > 1 && (digit || matches!(bytes[0], b'.' | b'~')) {
        return sink.push(start, end, Kind::Path);
    }
    if !digit {
        return;
    }
    let right = &bytes[first + 1..];
    if is_ipv4(right) && union(&bytes[..first]) & ALPHA != 0 && bytes[..first].contains(&b'-') {
        sink.push(start, start + first, Kind::Host);
    } else if first > 0 {
        word(line, start, start + first, union(&bytes[..first]), sink);
    }
    if !right.is_empty() {
        word(line, start + first + 1, end, union(right), sink);
    }
}

fn with_marks(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let bytes = &line[start..end];
    if let Some(at) = bytes.iter().position(|b| *b == b'@') {
        let (user, host) = (&bytes[..at], &bytes[at + 1..]);
        let plain = |b: &u8| class(*b) & (ALPHA | DIGIT | JOINER) != 0 || *b == b'+';
        if !user.is_empty() && user.iter().all(plain) && host.contains(&b'.') && is_host(host, true)
        {
            return sink.push(start, end, Kind::Email);
        }
    }
    if matches!(bytes[0], b'+') && is_decimal(&bytes[1..]) {
        return sink.push(start, end, Kind::Number);
    }
    let mut from = start;
    for at in start..=end {
        if at == end || class(line[at]) & MARK != 0 {
            let all = union(&line[from..at]);
            if all & DIGIT != 0 || all & JOINER != 0 || (at - from >= 8) {
                name(line, from, at, sink);
            }
            from = at + 1;
        }
    }
}

/// A word of letters, digits and joiners.
fn name(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let bytes = &line[start..end];
    let Some(&first) = bytes.first() else { return };
    let all = union(bytes);
    if all & DIGIT == 0 {
        if all & JOINER == 0 {
            if is_hex(bytes) {
                sink.push(start, end, Kind::Hex);
            }
        } else if bytes.contains(&b'.') && is_host(bytes, false) {
            sink.push(start, end, Kind::Host);
        }
        return;
    }
    if all & (JOINER | BEYOND_HEX) == 0 && is_hex(bytes) && all & ALPHA != 0 {
        return sink.push(start, end, Kind::Hex);
    }
    if class(first) & ALPHA != 0 {
        let whole = all & JOINER != 0
            && ((bytes.contains(&b'.') && is_host(bytes, true)) || is_uuid(bytes));
        if whole {
            let kind = if is_uuid(bytes) {
                Kind::Uuid
            } else {
                Kind::Host
            };
            return sink.push(start, end, kind);
        }
        return identifier(line, start, end, sink);
    }
    let signed = first == b'-' && bytes.get(1).is_some_and(u8::is_ascii_digit);
    let body = if signed { &bytes[1..] } else { bytes };
    if all_digits(body) || is_decimal(body) {
        return sink.number(line, start, end);
    }
    if all & JOINER == 0 && is_hex(bytes) {
        return sink.push(start, end, Kind::Hex);
    }
    match whole_kind(body, all) {
        Some(kind) => sink.push(start, end, kind),
        None => identifier(line, start, end, sink),
    }
}

/// Kind of a word that begins with a digit.
fn whole_kind(bytes: &[u8], all: u8) -> Option<Kind> {
    if is_ipv4(bytes) {
        return Some(Kind::Ip);
    }
    if all & ALPHA != 0
        && let Some(kind) = unit_kind(bytes)
    {
        return Some(kind);
    }
    if all & JOINER == 0 {
        None
    } else if is_uuid(bytes) {
        Some(Kind::Uuid)
    } else if is_date(bytes) {
        Some(Kind::Time)
    } else if is_host(bytes, true) {
        Some(Kind::Host)
    } else if is_version(bytes) {
        Some(Kind::Version)
    } else {
        None
    }
}

/// A name with digits in it: its leading segments without digits are static (`blk_`, `core.`), the
/// rest varies. A name with one or two digits after letters (`ssh2`, `eth0`) is a word like any
/// other.
fn identifier(line: &[u8], start: usize, end: usize, sink: &mut Sink<'_>) {
    let bytes = &line[start..end];
    let first = bytes.iter().position(u8::is_ascii_digit).unwrap_or(0);
    let count = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let run = super::number::digits(&bytes[first..]);
    let segment = bytes[..first]
        .iter()
        .rposition(|b| class(*b) & JOINER != 0)
        .map_or(0, |j| j + 1);
    if segment == first {
        // The digits begin a segment; a sign belongs to them: `blk_-123`.
        let signed =
            first >= 2 && bytes[first - 1] == b'-' && class(bytes[first - 2]) & JOINER != 0;
        let from = start + first - usize::from(signed);
        return rest(line, from, end, sink);
    }
    if run == count && count <= 2 {
        return;
    }
    let tail = &bytes[first..];
    if run == tail.len() && first - segment >= 2 {
        return sink.push(start + first, end, Kind::Number);
    }
    rest(line, start + segment, end, sink);
}

fn rest(line: &[u8], from: usize, end: usize, sink: &mut Sink<'_>) {
    let bytes = &line[from..end];
    let body = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let kind = if all_digits(body) || is_decimal(body) {
        Kind::Number
    } else if is_hex(body) {
        Kind::Hex
    } else if is_uuid(body) {
        Kind::Uuid
    } else if is_version(body) {
        Kind::Version
    } else {
        Kind::Id
    };
    sink.push(from, end, kind);
}
