//! Times and values as Prometheus writes them, straight into a buffer of bytes: a range query
//! answers with hundreds of thousands of them.

use std::io::Write;

/// Whole numbers below this are written as integers: each is a float of its own.
const INTEGERS_BELOW: f64 = 1e15;

/// Appends a time in seconds: an integer, or with a fraction where there are odd milliseconds.
pub(super) fn push_time(out: &mut Vec<u8>, at_ms: i64) {
    if at_ms % 1000 == 0 {
        out.extend_from_slice(itoa::Buffer::new().format(at_ms / 1000).as_bytes());
    } else {
        let secs = at_ms as f64 / 1000.0;
        out.extend_from_slice(zmij::Buffer::new().format_finite(secs).as_bytes());
    }
}

/// Appends a value with the fewest digits that read back as the same float, as Go's
/// `strconv.FormatFloat(value, 'f', -1, 64)`; with an exponent below `1e-6` and from `1e21` on.
pub(super) fn push_value(out: &mut Vec<u8>, value: f64) {
    if value.fract() == 0.0
        && value.abs() < INTEGERS_BELOW
        && !(value == 0.0 && value.is_sign_negative())
    {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value != 0.0 && (value.abs() < 1e-6 || value.abs() >= 1e21) {
        push_scientific(out, value);
    } else {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        if text.contains('e') {
            push_formatted(out, format_args!("{value}"));
        } else {
            out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
        }
    }
}

/// Prometheus writes an exponent of at least two digits and its sign.
fn push_scientific(out: &mut Vec<u8>, value: f64) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    push_formatted(out, format_args!("{mantissa}e{sign}{:02}", exponent.abs()));
}

fn push_formatted(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // A vector takes every byte.
    let _written = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::{push_time, push_value};

    fn value(value: f64) -> String {
        let mut out = Vec::new();
        push_value(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    /// The same text, the slow way: by the standard library.
    fn slow(value: f64) -> String {
        if value.is_nan() {
            return "NaN".into();
        }
        if value.is_infinite() {
            return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
        }
        if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
            return format!("{value}");
        }
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        format!(
            "{mantissa}e{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        )
    }

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        let cases = [
            (1.0, "1"),
            (0.25, "0.25"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1e-6, "0.000001"),
            (1e-7, "1e-07"),
            (2.5e21, "2.5e+21"),
            (1e20, "100000000000000000000"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (123_456_789.0, "123456789"),
            (0.1 + 0.2, "0.30000000000000004"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ];
        for (number, text) in cases {
            assert_eq!(value(number), text);
        }
    }

    #[test]
    fn times_are_seconds_with_milliseconds_where_there_are_any() {
        let cases = [
            (1_435_781_451_781, "1435781451.781"),
            (1_435_781_451_000, "1435781451"),
            (1_435_781_451_100, "1435781451.1"),
            (1, "0.001"),
            (0, "0"),
            (-1_500, "-1.5"),
        ];
        for (at_ms, text) in cases {
            let mut out = Vec::new();
            push_time(&mut out, at_ms);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    /// Floats of all magnitudes: random bits, decimals, and the edges of the formats.
    #[test]
    fn the_quick_way_writes_what_the_slow_way_writes() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..100_000_u32 {
            // xorshift64 (Marsaglia 2003).
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            let any = f64::from_bits(bits);
            let decimal = (bits >> 34) as i32 as f64 / 10f64.powi((round % 12) as i32);
            let sized = (bits >> 11) as f64 * 10f64.powi(round as i32 % 50 - 30);
            for number in [any, decimal, -decimal, sized, -sized, (bits >> 1) as f64] {
                let (quick, slow) = (value(number), slow(number));
                // Halfway between two texts of the same length either may be taken.
                let last = quick.len() - 1;
                let is_tie = quick.len() == slow.len() && quick[..last] == slow[..last];
                assert!(quick == slow || is_tie, "{quick} for {slow}");
                let back: f64 = value(number).replace("Inf", "inf").parse().unwrap();
                assert!(back.to_bits() == number.to_bits() || number.is_nan());
            }
        }
        for power in -30..30 {
            for number in [1.0, 9.999_999_999_999_999, 5.0, 1.1] {
                let number = number * 10f64.powi(power);
                assert_eq!(value(number), slow(number));
            }
        }
    }
}
