//! Texts that are integers, written in one way in all rows, so that the integers bring them back.

use super::column::{DECIMAL, HEX_LOWER, HEX_UPPER, PADDED};
use super::numbers::{Trend, put_integers};

/// The most digits of a decimal that surely fits 63 bits.
const DECIMAL_DIGITS_MAX: usize = 18;
/// Numbers that span less than this cost less as numbers than as a dictionary.
const NARROW_SPAN_MAX: u64 = 1 << 24;
/// A bit for every number between the lowest and the highest, at most so many a row, finds the
/// distinct ones for less than looking at each again.
const SPAN_PER_ROW_MAX: u64 = 64;

/// The integers that rows are, and how they are written.
#[derive(Debug)]
pub(super) struct Written {
    values: Vec<i64>,
    form: u8,
    width: usize,
    low: i64,
    span: u64,
}

impl Written {
    fn new(values: Vec<i64>, form: u8, width: usize) -> Self {
        let low = values.iter().min().copied().unwrap_or(0);
        let high = values.iter().max().copied().unwrap_or(0);
        Self {
            values,
            form,
            width,
            low,
            span: high.abs_diff(low),
        }
    }

    /// True if they cost less so than as a dictionary.
    pub(super) fn is_narrow(&self) -> bool {
        self.span <= NARROW_SPAN_MAX
    }

    /// The first rows of all distinct numbers, unless that takes long to find out.
    pub(super) fn distinct(&self) -> Option<Vec<u32>> {
        if self.span > self.values.len() as u64 * SPAN_PER_ROW_MAX {
            return None;
        }
        let mut met = vec![0u64; (self.span / 64 + 1) as usize];
        let mut firsts = Vec::new();
        for (row, value) in self.values.iter().enumerate() {
            let at = value.abs_diff(self.low);
            let word = &mut met[(at / 64) as usize];
            if *word >> (at % 64) & 1 == 0 {
                *word |= 1 << (at % 64);
                firsts.push(row as u32);
            }
        }
        Some(firsts)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.form);
        if self.form != DECIMAL {
            out.push(self.width as u8);
        }
        let trend = match self.form {
            DECIMAL | PADDED => trend_of(&self.values),
            _ => Trend::None,
        };
        put_integers(out, &self.values, trend);
    }
}

/// Numbers whose steps are small beside their span are near each other.
fn trend_of(values: &[i64]) -> Trend {
    let mut steps = 0u128;
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for pair in values.windows(2) {
        steps += u128::from(pair[1].abs_diff(pair[0]));
        low = low.min(pair[1]);
        high = high.max(pair[1]);
    }
    let span = u128::from(high.abs_diff(low));
    if steps * 8 < span * values.len() as u128 {
        Trend::Near
    } else {
        Trend::None
    }
}

/// Reads decimals, if all rows are.
pub(super) fn decimals(rows: &[&[u8]]) -> Option<Written> {
    let width = rows.first()?.len();
    let mut values = Vec::new();
    let mut is_short = true;
    let mut is_wide = true;
    for row in rows {
        let (is_negative, digits) = match row {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, *digits),
        };
        let value = decimal(digits)?;
        is_short &= digits[0] != b'0' || (digits.len() == 1 && !is_negative);
        is_wide &= row.len() == width && !is_negative;
        if !is_short && !is_wide {
            return None;
        }
        if values.is_empty() {
            values.reserve_exact(rows.len());
        }
        values.push(if is_negative { -value } else { value });
    }
    let form = if is_short { DECIMAL } else { PADDED };
    Some(Written::new(values, form, width))
}

/// One digit or more, and not more than an integer takes.
fn decimal(digits: &[u8]) -> Option<i64> {
    let length = digits.len();
    if (1..=8).contains(&length) {
        return eight_digits(word_of(digits), length);
    }
    if length == 0 || length > DECIMAL_DIGITS_MAX + 1 {
        return None;
    }
    let (first, rest) = digits.split_first_chunk::<8>()?;
    let mut value = eight_digits(u64::from_le_bytes(*first), 8)?;
    for digit in rest {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    Some(value)
}

/// Up to eight bytes as a word, the first byte lowest, without a branch for each length: lengths
/// change from row to row, so that branches would be guessed wrong.
pub(super) fn word_of(text: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        let shift = (text.len() - 4) * 8 % 64;
        u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << shift
    } else {
        let byte = |at: usize| u64::from(text.get(at).copied().unwrap_or(0)) << (at * 8);
        byte(0) | byte(text.len() / 2) | byte(text.len().saturating_sub(1))
    }
}

/// The number that one to eight digits in a word are; all are read at once.
pub(super) fn eight_digits(word: u64, length: usize) -> Option<i64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // What is in front of the digits becomes zeros.
    let digits = (word ^ (ONES * u64::from(b'0'))) << (64 - length * 8);
    if (digits.wrapping_add(ONES * 0x76) | digits) & (ONES * 0x80) != 0 {
        return None;
    }
    // Neighbours are put together: digits to pairs, pairs to fours, fours to the whole.
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000 << 32 | 1) >> 32) as i64)
}

/// Reads hexadecimal numbers, if all rows are, of one width and in one case.
pub(super) fn hexadecimals(rows: &[&[u8]]) -> Option<Written> {
    let width = rows.first()?.len();
    if width == 0 || width > 16 {
        return None;
    }
    let (mut has_lower, mut has_upper) = (false, false);
    let mut values = Vec::new();
    for row in rows {
        if row.len() != width {
            return None;
        }
        let mut value = 0u64;
        for byte in *row {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => {
                    has_lower = true;
                    byte - b'a' + 10
                }
                b'A'..=b'F' => {
                    has_upper = true;
                    byte - b'A' + 10
                }
                _ => return None,
            };
            value = value << 4 | u64::from(digit);
        }
        if has_lower && has_upper {
            return None;
        }
        if values.is_empty() {
            values.reserve_exact(rows.len());
        }
        values.push(value as i64);
    }
    let form = if has_upper { HEX_UPPER } else { HEX_LOWER };
    Some(Written::new(values, form, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_are_read(text in "[0-9]{0,20}|[0-9]{0,8}[ -~][0-9]{0,8}") {
            let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let wanted = text.parse::<i64>().ok().filter(|_| is_decimal && text.len() <= 19);
            prop_assert_eq!(decimal(text.as_bytes()), wanted);
        }
    }
}
