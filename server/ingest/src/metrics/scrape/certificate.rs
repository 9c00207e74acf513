//! When a certificate ends, and which are trusted.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// Where systems keep the certificates they trust.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// TLS that trusts the certificates of a file, or those of the system.
///
/// # Errors
/// A sentence, if none can be read.
pub(super) fn trusting(file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let path = match file {
        Some(path) => path,
        None => SYSTEM
            .iter()
            .map(Path::new)
            .find(|path| path.is_file())
            .ok_or("the system has no file of trusted certificates: set `ca_file`")?,
    };
    let unreadable = |detail: String| {
        format!(
            "certificates cannot be read from {}: {detail}",
            path.display()
        )
    };
    let found =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.filter_map(Result::ok));
    if taken == 0 {
        return Err(unreadable("there are none".into()));
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}

/// When a certificate ends, in seconds since the Unix epoch (RFC 5280, section 4.1).
pub(super) fn ends(der: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    // The version is optional; then come serial number, algorithm, issuer and validity.
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// The tag and the content of an element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let digits = usize::from(first & 0x7f);
        let (length, rest) = rest.split_at_checked(digits)?;
        if digits > 4 {
            return None;
        }
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        (length.iter().fold(0, add), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `UTCTime` (0x17) has two digits of the year, `GeneralizedTime` (0x18) four; both end in `Z`.
fn time(tag: u8, text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?;
    let (year, rest) = digits.split_at_checked(if tag == 0x17 { 2 } else { 4 })?;
    let mut year: i64 = year.parse().ok()?;
    if tag == 0x17 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let days = days(year, month, day);
    Some(days * 86_400 + part(4)? * 3600 + part(6)? * 60 + part(8)?)
}

/// Days from 1970-01-01 to a day (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend_from_slice(&(content.len() as u16).to_be_bytes());
        out.extend_from_slice(content);
        out
    }

    #[test]
    fn the_end_of_a_certificate_is_found() {
        let validity = [der(0x17, b"251128000000Z"), der(0x18, b"20551128120001Z")].concat();
        let signed = [
            der(0xa0, b"\x02\x01\x02"),
            der(2, &[1; 20]),
            der(0x30, b""),
            der(0x30, &[0; 300]),
            der(0x30, &validity),
        ]
        .concat();
        let whole = der(0x30, &[der(0x30, &signed), der(3, b"x")].concat());
        assert_eq!(ends(&whole), Some(2_711_016_001));
        assert_eq!(time(0x17, "700101000000Z"), Some(0));
        for cut in 0..whole.len() {
            let _ = ends(&whole[..cut]);
        }
    }
}
