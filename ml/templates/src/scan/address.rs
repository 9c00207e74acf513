//! Network addresses: IPv4, IPv6, hardware addresses, host names, e-mail.

use super::class::{ALPHA, DIGIT, class};

/// Four groups of one to three digits.
pub(crate) fn is_ipv4(bytes: &[u8]) -> bool {
    if bytes.len() < 7 || bytes.len() > 15 {
        return false;
    }
    let (mut dots, mut run) = (0, 0);
    for &b in bytes {
        match b {
            b'0'..=b'9' if run < 3 => run += 1,
            b'.' if run > 0 => {
                dots += 1;
                run = 0;
            }
            _ => return false,
        }
    }
    dots == 3 && run > 0
}

/// Colon-separated groups of at most four hexadecimal digits: eight of them, or fewer around one
/// `::`.
pub(crate) fn is_ipv6(bytes: &[u8]) -> bool {
    let (mut groups, mut run, mut gaps) = (0, 0, 0);
    for (i, &b) in bytes.iter().enumerate() {
        match b {
            b':' if i > 0 && bytes[i - 1] == b':' => gaps += 1,
            b':' => {
                groups += usize::from(run > 0);
                run = 0;
            }
            _ if b.is_ascii_hexdigit() && run < 4 => run += 1,
            _ => return false,
        }
    }
    groups += usize::from(run > 0);
    (gaps == 1 && groups <= 7 && groups > 0) || (gaps == 0 && groups == 8 && run > 0)
}

/// Six or more pairs of hexadecimal digits joined by colons.
pub(crate) fn is_mac(bytes: &[u8]) -> bool {
    bytes.len() >= 17
        && bytes.len() % 3 == 2
        && bytes.iter().enumerate().all(|(i, b)| match i % 3 {
            2 => *b == b':',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Labels of letters, digits and hyphens joined by dots that read as a host: three labels or a
/// well-known ending, the last one letters only. Names of code (`java.io.IOException`,
/// `com.example.app`) are not hosts.
pub(crate) fn is_host(bytes: &[u8], has_digit: bool) -> bool {
    let (mut labels, mut last) = (0, &bytes[..0]);
    for label in bytes.split(|b| *b == b'.') {
        let inner = label
            .iter()
            .all(|&b| class(b) & (ALPHA | DIGIT) != 0 || b == b'-');
        if label.is_empty() || !inner {
            return false;
        }
        labels += 1;
        last = label;
    }
    let first = bytes.split(|b| *b == b'.').next().unwrap_or_default();
    if labels < 2 || !last.iter().all(u8::is_ascii_lowercase) || is_package(first) {
        return false;
    }
    let country = last.len() == 2;
    let known = is_top_level(last);
    match labels {
        2 => known && !country && (has_digit || last != b"info"),
        _ => {
            known
                || country
                || (has_digit && last.len() >= 2 && last.len() <= 6 && first_is_host(first))
        }
    }
}

/// Whether a name that a port follows is a host: it has dots but no file ending, or a hyphen and a
/// digit.
pub(crate) fn is_host_with_port(bytes: &[u8]) -> bool {
    let label = |b: &u8| class(*b) & (ALPHA | DIGIT) != 0 || matches!(b, b'-' | b'.');
    if !bytes.iter().all(label) {
        return false;
    }
    match bytes.iter().rposition(|b| *b == b'.') {
        Some(dot) => {
            let last = &bytes[dot + 1..];
            let lower = last.len() >= 2 && last.iter().all(u8::is_ascii_lowercase);
            lower && !is_file_ending(last) && !bytes.iter().any(u8::is_ascii_uppercase)
                || is_host(bytes, true)
        }
        None => bytes.contains(&b'-') && bytes.iter().any(u8::is_ascii_digit),
    }
}

fn is_file_ending(label: &[u8]) -> bool {
    matches!(
        label,
        b"cc"
            | b"cpp"
            | b"cxx"
            | b"hpp"
            | b"java"
            | b"py"
            | b"go"
            | b"rs"
            | b"js"
            | b"ts"
            | b"tsx"
            | b"rb"
            | b"php"
            | b"pl"
            | b"sh"
            | b"cs"
            | b"kt"
            | b"scala"
            | b"lua"
            | b"swift"
            | b"log"
            | b"txt"
            | b"xml"
            | b"yml"
            | b"yaml"
            | b"json"
            | b"conf"
            | b"cfg"
            | b"ini"
            | b"properties"
            | b"sql"
            | b"html"
            | b"css"
            | b"md"
            | b"dll"
            | b"exe"
            | b"so"
    )
}

fn first_is_host(label: &[u8]) -> bool {
    label.contains(&b'-') || label.iter().any(u8::is_ascii_digit)
}

/// First label of the name of a package: `com.example.app`.
fn is_package(label: &[u8]) -> bool {
    matches!(
        label,
        b"com" | b"net" | b"org" | b"edu" | b"gov" | b"io" | b"java" | b"javax"
    )
}

fn is_top_level(label: &[u8]) -> bool {
    matches!(
        label,
        b"com"
            | b"net"
            | b"org"
            | b"edu"
            | b"gov"
            | b"mil"
            | b"int"
            | b"info"
            | b"local"
            | b"lan"
            | b"internal"
            | b"localdomain"
            | b"io"
            | b"dev"
            | b"cloud"
    )
}
