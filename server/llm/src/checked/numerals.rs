//! One number as it is written in digits, and what is glued to it.

/// A number in digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numeral<'t> {
    pub(super) value: f64,
    /// Half of what the last written digit counts: a value within it is written so when rounded.
    pub(super) half_step: f64,
    /// Zeros at the end of a whole number say how coarse it may be meant: 1,200 counts hundreds.
    pub(super) coarse_step: f64,
    pub(super) has_decimals: bool,
    /// What follows it without a space.
    pub(super) rest: &'t str,
}

/// Reads a number at the start of a word: a sign, digits with separators of thousands, decimals, an
/// exponent. None if the word does not begin so, or if its points are those of an address or version.
pub(super) fn read(word: &str) -> Option<Numeral<'_>> {
    let unsigned = word.trim_start_matches([
        '-', '+', '−', '±', '$', '€', '£', '~', '≈', '<', '>', '≤', '≥',
    ]);
    let signs = &word[..word.len() - unsigned.len()];
    if signs.chars().count() > 3 {
        return None;
    }
    let end = unsigned
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | '\'')))
        .unwrap_or(unsigned.len());
    let digits = unsigned[..end].trim_end_matches(['.', ',', '_', '\'']);
    let (plain, decimals) = normalise(digits)?;
    let (exponent, rest) = exponent(&unsigned[digits.len()..]);
    let is_negative = signs.contains(['-', '−']);
    let value: f64 = plain.parse().ok()?;
    let scale = 10_f64.powi(exponent);
    let step = 10_f64.powi(-i32::try_from(decimals).ok()?);
    let zeros = plain.bytes().rev().take_while(|byte| *byte == b'0').count();
    let is_whole = decimals == 0 && value != 0.0;
    let coarse = if is_whole {
        10_f64.powi(i32::try_from(zeros).ok()?)
    } else {
        step
    };
    Some(Numeral {
        value: if is_negative { -value } else { value } * scale,
        half_step: step / 2.0 * scale,
        coarse_step: coarse * scale,
        has_decimals: decimals > 0,
        rest,
    })
}

/// `e-3` at the start of what follows the digits.
fn exponent(rest: &str) -> (i32, &str) {
    let Some(after) = rest.strip_prefix(['e', 'E']) else {
        return (0, rest);
    };
    let digits = after.trim_start_matches(['-', '+']);
    let is_exponent = !digits.is_empty()
        && digits.len() <= 3
        && after.len() - digits.len() <= 1
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    match after.trim_start_matches('+').parse::<i32>() {
        Ok(power) if is_exponent => (power, ""),
        _ => (0, rest),
    }
}

/// The digits without separators, and how many of them are decimals.
fn normalise(digits: &str) -> Option<(String, usize)> {
    let plain: String = digits
        .chars()
        .filter(|c| !matches!(c, '_' | '\''))
        .collect();
    if plain.is_empty() || !plain.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let is_grouped = |text: &str, separator: char| {
        let mut groups = text.split(separator);
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
    };
    let (whole, decimals) = match (plain.matches('.').count(), plain.matches(',').count()) {
        (0, 0) => (plain.as_str(), ""),
        (1, 0) => plain.split_once('.')?,
        (0, _) if is_grouped(&plain, ',') => (plain.as_str(), ""),
        (0, 1) => plain.split_once(',').filter(|(_, after)| after.len() < 3)?,
        (1, _) => {
            let (whole, decimals) = plain.split_once('.')?;
            match decimals.split_once(',') {
                // 1.234,5 as it is written on the continent.
                Some((group, decimals)) if group.len() == 3 => {
                    return Some((format!("{whole}{group}.{decimals}"), decimals.len()));
                }
                None if is_grouped(whole, ',') => (whole, decimals),
                _ => return None,
            }
        }
        _ => return None,
    };
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    let text = if decimals.is_empty() {
        whole
    } else {
        format!("{whole}.{decimals}")
    };
    Some((text, decimals.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_grouped() {
        for (text, value, rest) in [
            ("1234", 1234.0, ""),
            ("1,234,567.8", 1_234_567.8, ""),
            ("1_234", 1234.0, ""),
            ("1'234", 1234.0, ""),
            ("1.234,5", 1234.5, ""),
            ("93,4%", 93.4, "%"),
            (".5s", 0.5, "s"),
            ("-12ms", -12.0, "ms"),
            ("1.5e3", 1500.0, ""),
            ("2e", 2.0, "e"),
            ("$12.50", 12.5, ""),
            ("3rd", 3.0, "rd"),
        ] {
            let numeral = read(text).unwrap();
            assert!((numeral.value - value).abs() < 1e-9, "{text}: {numeral:?}");
            assert_eq!(numeral.rest, rest, "{text}");
        }
        for text in ["10.0.0.1", "1.2.3", "web-1", "1,23,45", "", "-", "1.2,3"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_digit_says_how_exact_a_number_is() {
        assert!((read("93.4").unwrap().half_step - 0.05).abs() < 1e-12);
        assert!((read("1200").unwrap().coarse_step - 100.0).abs() < 1e-12);
        assert!((read("0").unwrap().coarse_step - 1.0).abs() < 1e-12);
    }
}
