//! Numbers of line protocol: the common ones exactly and fast, all others by the standard library.

/// The powers of ten that are whole in a `f64`.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Up to here every whole number is a `f64`.
const WHOLE_MAX: u64 = 1 << 53;
/// So many digits are always below 2^64.
const DIGITS_MAX: usize = 19;

/// Reads `[-]digits[.digits]` from `at` on, with `i` or `u` after it or not, and says where it ends.
/// None if it is anything else, has too many digits to be exact this way, or no delimiter follows.
///
/// Whole digits and a power of ten that are both exact give the nearest `f64` by one division
/// (Clinger, "How to read floating point numbers accurately", 1990).
#[inline]
pub(super) fn plain(bytes: &[u8], start: usize) -> Option<(f64, usize)> {
    let mut at = start;
    let negative = bytes.get(at) == Some(&b'-');
    at += usize::from(negative);
    let (whole, digits_at) = (digits(bytes, &mut at, 0), at);
    let mut value = whole;
    let mut decimals = 0;
    let mut count = at - start - usize::from(negative);
    if count == 0 || count > DIGITS_MAX {
        return None;
    }
    match bytes.get(at) {
        Some(b'.') => {
            at += 1;
            value = digits(bytes, &mut at, whole);
            decimals = at - digits_at - 1;
            count += decimals;
        }
        Some(b'i' | b'u') => at += 1,
        _ => {}
    }
    let ends = matches!(bytes.get(at), Some(b',' | b' ' | b'\n') | None);
    if !ends || count > DIGITS_MAX || value > WHOLE_MAX {
        return None;
    }
    let size = if decimals == 0 {
        value as f64
    } else {
        value as f64 / TENS[decimals]
    };
    Some((if negative { -size } else { size }, at))
}

/// Reads digits from `at` on behind those of `value`; it wraps beyond 19 of them.
#[inline]
fn digits(bytes: &[u8], at: &mut usize, mut value: u64) -> u64 {
    while let Some(digit) = bytes.get(*at).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        *at += 1;
    }
    value
}

/// The value of a field that is no text: a number of any form, or a boolean as 1 or 0.
pub(super) fn word(text: &[u8]) -> Option<f64> {
    match text {
        b"t" | b"T" | b"true" | b"True" | b"TRUE" => return Some(1.0),
        b"f" | b"F" | b"false" | b"False" | b"FALSE" => return Some(0.0),
        _ => {}
    }
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_suffix(['i', 'u']).filter(|digits| {
        let digits = digits.strip_prefix('-').unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    digits.unwrap_or(text).parse().ok()
}

/// Reads a whole number with a sign, as times are.
#[inline]
pub(super) fn integer(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let negative = bytes.get(*at) == Some(&b'-');
    let start = *at + usize::from(negative);
    *at = start;
    let size = digits(bytes, at, 0);
    let count = *at - start;
    if count == 0 || count > DIGITS_MAX {
        return None;
    }
    let size = i64::try_from(size).ok()?;
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_is_there_and_nothing_else() {
        assert_eq!(plain(b"12.5,", 0), Some((12.5, 4)));
        assert_eq!(plain(b"x=-3i 1", 2), Some((-3.0, 5)));
        assert_eq!(plain(b"7u", 0), Some((7.0, 2)));
        assert_eq!(plain(b"1.", 0), Some((1.0, 2)));
        for not in [
            "",
            "-",
            ".5",
            "1e3",
            "1i2",
            "1.5i",
            "12345678901234567890",
            "\"1\"",
        ] {
            assert_eq!(plain(not.as_bytes(), 0), None, "{not}");
        }
        assert_eq!(
            word(b"18446744073709551615u"),
            Some(18_446_744_073_709_551_615.0)
        );
        assert_eq!(word(b"TRUE"), Some(1.0));
        assert_eq!(word(b"-1.5e3"), Some(-1500.0));
        assert_eq!((word(b"1.5i"), word(b"tr"), word(b"")), (None, None, None));
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(text in "-?[0-9]{1,12}(\\.[0-9]{0,12})?") {
            if let Some((value, end)) = plain(text.as_bytes(), 0) {
                prop_assert_eq!(end, text.len());
                prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }

        #[test]
        fn shortest_floats_come_back(value in -1e12..1e12f64) {
            let text = format!("{value}");
            let read = plain(text.as_bytes(), 0).map_or_else(|| word(text.as_bytes()), |(v, _)| Some(v));
            prop_assert_eq!(read, Some(value));
        }
    }
}
