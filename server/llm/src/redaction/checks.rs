//! What must hold of a value before it is cut out, where a pattern alone would find too much.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Bits a character below which a word is not random.
const ENTROPY_BITS_MIN: f64 = 3.2;

/// A check of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Check {
    Luhn,
    Iban,
    Jwt,
    Entropy,
    Ipv4,
    Ipv6,
    Hostname,
    Phone,
    Ssn,
}

impl Check {
    pub(super) fn holds(self, value: &str) -> bool {
        match self {
            Self::Luhn => is_card(value),
            Self::Iban => is_iban(value),
            Self::Jwt => is_jwt(value),
            Self::Entropy => is_random(value),
            Self::Ipv4 => value.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => is_ipv6(value),
            Self::Hostname => is_hostname(value),
            Self::Phone => is_phone(value),
            Self::Ssn => is_ssn(value),
        }
    }
}

/// ISO/IEC 7812: 13 to 19 digits whose weighted sum is a multiple of ten.
fn is_card(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let doubled = if place % 2 == 1 { digit * 2 } else { *digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// ISO 13616: the country and check digits at the end, letters as numbers, the rest modulo 97 is 1.
fn is_iban(value: &str) -> bool {
    let bare: String = value.chars().filter(|c| *c != ' ').collect();
    if !(15..=34).contains(&bare.len()) || !bare.is_ascii() {
        return false;
    }
    let (head, tail) = bare.split_at(4);
    let rest = tail
        .chars()
        .chain(head.chars())
        .try_fold(0, |rest: u32, c| {
            let digit = c.to_digit(36)?;
            let shift = if digit > 9 { 100 } else { 10 };
            Some((rest * shift + digit) % 97)
        });
    rest == Some(1)
}

/// Its first part is a JSON object in base64.
fn is_jwt(value: &str) -> bool {
    let head = value.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(head).unwrap_or_default();
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).is_ok()
}

/// Letters and digits without a pattern; not an id of a known form, which has to stay.
fn is_random(value: &str) -> bool {
    let is_uuid = value.len() == 36 && value.chars().filter(|c| *c == '-').count() == 4;
    let has = |test: fn(&char) -> bool| value.chars().any(|c| test(&c));
    let is_mixed = has(char::is_ascii_digit)
        && (has(char::is_ascii_lowercase) || has(char::is_ascii_uppercase));
    if is_uuid || !is_mixed {
        return false;
    }
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = value.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    let used = counts.iter().filter(|count| **count > 0);
    let bits: f64 = used.map(|count| -share(count) * share(count).log2()).sum();
    bits >= ENTROPY_BITS_MIN
}

/// An address, and not a time of day or a path of C++ or Rust.
fn is_ipv6(value: &str) -> bool {
    let groups = value.split(':').filter(|group| !group.is_empty()).count();
    let has_digit = value.chars().any(|c| c.is_ascii_digit());
    value.parse::<Ipv6Addr>().is_ok() && has_digit && (groups >= 2 || value.ends_with("::"))
}

/// Not a package of Java and its like, which begin as hosts end.
fn is_hostname(value: &str) -> bool {
    let first = value.split('.').next().unwrap_or_default();
    let is_package = [
        "com", "org", "net", "io", "java", "javax", "jdk", "sun", "de", "this", "self",
    ];
    !is_package.contains(&first) && value.len() <= 253
}

fn is_phone(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    (9..=15).contains(&digits) || (value.starts_with('+') && (8..=15).contains(&digits))
}

/// Of those that the United States give out.
fn is_ssn(value: &str) -> bool {
    let mut parts = value
        .split('-')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let area = parts.next().unwrap_or(0);
    (1..900).contains(&area) && area != 666 && parts.all(|part| part > 0)
}
