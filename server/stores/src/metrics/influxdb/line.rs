//! Points as lines of line protocol.
//!
//! Who a series is, its identity says, in the tag [`ID_TAG`]; the metric's name and the labels stand
//! beside it as measurement and tags for those who look into InfluxDB themselves. What line
//! protocol has no way to write (line ends, a backslash at the end, names that InfluxDB keeps for itself) is
//! therefore simply left out of the tags.
//!
//! InfluxDB keeps neither infinities nor NaN, and markers of the end of a series are NaN. Such a point has
//! the value [`ODD`] and its bits in a second field, which counts only beside that value: so a number that
//! takes its place later holds, though the field is still there.

use std::io::Write;

use tocsin_domain::Labels;
use tocsin_domain::metric::NAME_LABEL;

/// The tag with the identity of the series.
pub(crate) const ID_TAG: &str = "tocsin_id";
/// The field with the value.
pub(crate) const VALUE: &str = "value";
/// The field with the bits of a value that is no number.
pub(crate) const BITS: &str = "bits";
/// 2^-100, the value of points whose bits count: nearly nothing on a chart, and easily written in Flux.
pub(crate) const ODD: f64 = 7.888_609_052_210_118e-31;
/// [`ODD`] as Flux writes numbers.
pub(crate) const ODD_IN_FLUX: &str = "0.0000000000000000000000000000007888609052210118";
/// The measurement of metrics whose name line protocol cannot write.
const UNNAMED: &str = "unnamed";
/// The most bytes of measurement and tags; InfluxDB takes 65,535, of which the field's name needs some.
const KEY_BYTES_MAX: usize = 60_000;

/// Measurement and tags of a series, ready to be followed by a space and fields.
pub(crate) fn series_key(labels: &Labels) -> Vec<u8> {
    let mut out = Vec::with_capacity(labels.as_bytes().len() + 64);
    put_name(&mut out, &measurement(labels));
    for (name, value) in labels.iter() {
        if name != NAME_LABEL && is_tag_name(name) && is_plain(value) {
            put_tag(&mut out, name, value);
        }
    }
    if out.len() > KEY_BYTES_MAX {
        out.clear();
        out.extend_from_slice(UNNAMED.as_bytes());
    }
    put_tag(&mut out, ID_TAG, &labels.id().to_string());
    out
}

/// The measurement of a series.
pub(crate) fn measurement(labels: &Labels) -> String {
    let name = labels.name();
    let is_writable = is_plain(name) && !name.starts_with('#') && !name.contains('\\');
    if is_writable && labels.as_bytes().len() * 2 < KEY_BYTES_MAX {
        name.into()
    } else {
        UNNAMED.into()
    }
}

/// True if line protocol can write a text as a name or value.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.ends_with('\\') && !text.chars().any(char::is_control)
}

fn is_tag_name(name: &str) -> bool {
    let is_kept = ["time", "_measurement", "_field", "_time", "_value", ID_TAG];
    is_plain(name) && !is_kept.contains(&name)
}

/// Writes a name or value with a backslash before what would end it.
pub(crate) fn put_name(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if matches!(byte, b',' | b'=' | b' ') {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// Writes a tag.
pub(crate) fn put_tag(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b',');
    put_name(out, name);
    out.push(b'=');
    put_name(out, value);
}

/// Writes a point of the series with this key; times are milliseconds.
pub(crate) fn put_point(out: &mut Vec<u8>, key: &[u8], at_ms: i64, value: f64) {
    out.extend_from_slice(key);
    out.extend_from_slice(b" value=");
    if value.is_finite() && value.to_bits() != ODD.to_bits() {
        put_float(out, value);
    } else {
        put_float(out, ODD);
        let bits = value.to_bits().cast_signed();
        write_to(out, format_args!(",{BITS}={bits}i"));
    }
    write_to(out, format_args!(" {at_ms}\n"));
}

/// Writes a number that is one.
pub(crate) fn put_float(out: &mut Vec<u8>, value: f64) {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-5..1e17).contains(&magnitude) {
        write_to(out, format_args!("{value}"));
    } else {
        write_to(out, format_args!("{value:e}"));
    }
}

/// Writes to memory, which cannot fail.
pub(crate) fn write_to(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    let _written = out.write_fmt(what);
}

/// The value of a point, of its two fields.
pub(crate) fn value_of(value: f64, bits: Option<i64>) -> f64 {
    match bits {
        Some(bits) if value.to_bits() == ODD.to_bits() => f64::from_bits(bits.cast_unsigned()),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pairs: &[(&str, &str)], value: f64) -> String {
        let labels = Labels::new(pairs.iter().copied()).unwrap();
        let mut out = Vec::new();
        put_point(&mut out, &series_key(&labels), 5, value);
        let line = String::from_utf8(out).unwrap();
        line.replace(&labels.id().to_string(), "ID")
    }

    #[test]
    fn points_are_lines() {
        let cpu = [("__name__", "cpu"), ("host", "a b,c=d"), ("zone", "\\x")];
        assert_eq!(
            line(&cpu, 0.5),
            "cpu,host=a\\ b\\,c\\=d,zone=\\x,tocsin_id=ID value=0.5 5\n"
        );
        assert_eq!(
            line(
                &[("__name__", "up")],
                f64::from_bits(tocsin_domain::metric::STALE_BITS)
            ),
            "up,tocsin_id=ID value=7.888609052210118e-31,bits=9218868437227405314i 5\n"
        );
        assert_eq!(ODD_IN_FLUX.parse::<f64>().unwrap().to_bits(), ODD.to_bits());
    }

    #[test]
    fn what_cannot_be_written_is_left_to_the_identity() {
        let odd = [
            ("__name__", "#a"),
            ("time", "x"),
            ("end", "x\\"),
            ("lines", "a\nb"),
            ("ok", "1"),
        ];
        assert_eq!(line(&odd, -0.0), "unnamed,ok=1,tocsin_id=ID value=-0 5\n");
        let long = "x".repeat(50_000);
        let labels = [("__name__", "m"), ("a", long.as_str())];
        assert_eq!(
            line(&labels, 1e300),
            "unnamed,a=".to_owned() + &long + ",tocsin_id=ID value=1e300 5\n"
        );
    }

    #[test]
    fn values_come_back_of_their_fields() {
        for value in [
            f64::INFINITY,
            f64::NAN,
            ODD,
            f64::from_bits(0x7ff8_dead_beef_0001),
        ] {
            let bits = Some(value.to_bits().cast_signed());
            assert_eq!(value_of(ODD, bits).to_bits(), value.to_bits());
            // A number took its place.
            assert_eq!(value_of(1.0, bits), 1.0);
        }
        for value in [
            0.1,
            1e-5,
            123e15,
            1.5e17,
            f64::MIN_POSITIVE / 3.0,
            f64::MAX,
            -0.0,
        ] {
            let mut out = Vec::new();
            put_float(&mut out, value);
            let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            assert_eq!(read.to_bits(), value.to_bits());
        }
    }
}
