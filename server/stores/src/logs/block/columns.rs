//! Writes columns of texts, each in the way that suits what is in it: numbers as numbers, few
//! distinct texts as a dictionary, dates and addresses as columns of their own, the rest folded.

use hashbrown::HashTable;

use super::codec::{Folder, put_bytes, put_number};
use super::column::{
    AFFIXED, CONSTANT, DECIMAL, DEPTH_MAX, DICTIONARY, FIELDS, FOLDED, HEX_LOWER, HEX_UPPER,
    PADDED, PLAIN,
};
use super::filter::token_hash;
use super::numbers::{Trend, put_integers};
use tocsin_domain::query::is_token_byte;

/// Columns of fewer rows are written as they are: their section is folded as a whole.
const PLAIN_ROWS_MAX: usize = 8;
/// After this many rows, a column with mostly distinct rows is no dictionary.
const DICTIONARY_TRIAL_ROWS: usize = 512;
/// The most distinct values of a dictionary: codes are 16 bits.
const DICTIONARY_DISTINCT_MAX: usize = 1 << 16;
/// The most digits of a decimal that surely fits 63 bits.
const DECIMAL_DIGITS_MAX: usize = 18;
/// Numbers that span less than this cost less as numbers than as a dictionary.
const NARROW_SPAN_MAX: i128 = 1 << 24;
/// The most fields a text is cut into.
const FIELDS_MAX: usize = 16;

/// Writes columns, keeping working memory between them.
#[derive(Debug)]
pub(crate) struct ColumnWriter {
    pub(crate) folder: Folder,
    data: Vec<u8>,
}

/// What the bytes of a column are.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    has_other: bool,
    has_lower_hex: bool,
    has_upper_hex: bool,
}

impl ColumnWriter {
    pub(crate) fn new() -> Self {
        Self {
            folder: Folder::new(),
            data: Vec::new(),
        }
    }

    /// Appends a column; the number of rows is kept elsewhere.
    pub(crate) fn put(&mut self, out: &mut Vec<u8>, rows: &[&[u8]]) {
        self.put_within(out, rows, 0);
    }

    fn put_within(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], depth: usize) {
        let first = rows.first().copied().unwrap_or_default();
        if rows.iter().all(|row| *row == first) {
            out.push(CONSTANT);
            put_bytes(out, first);
            return;
        }
        if rows.len() < PLAIN_ROWS_MAX || depth == DEPTH_MAX {
            return self.put_bytes(out, rows, depth < DEPTH_MAX);
        }
        if put_numbers(out, rows, false) || self.put_dictionary(out, rows, depth) {
            return;
        }
        if put_numbers(out, rows, true)
            || self.put_fields(out, rows, depth)
            || self.put_affixed(out, rows, depth)
        {
            return;
        }
        self.put_bytes(out, rows, false);
    }

    fn put_bytes(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], is_plain: bool) {
        let lengths: Vec<i64> = rows.iter().map(|row| row.len() as i64).collect();
        self.data.clear();
        for row in rows {
            self.data.extend_from_slice(row);
        }
        if is_plain {
            out.push(PLAIN);
            put_integers(out, &lengths, Trend::None);
            put_bytes(out, &self.data);
        } else {
            out.push(FOLDED);
            put_integers(out, &lengths, Trend::None);
            self.folder.put(out, &self.data);
        }
    }

    fn put_dictionary(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], depth: usize) -> bool {
        let mut table: HashTable<(u64, u16)> = HashTable::new();
        let mut distinct: Vec<&[u8]> = Vec::new();
        let mut codes: Vec<u16> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let hash = quick_hash(row);
            let found = table.find(hash, |(known, code)| {
                *known == hash && distinct[usize::from(*code)] == *row
            });
            let code = match found {
                Some((_, code)) => *code,
                None => {
                    let is_poor = at >= DICTIONARY_TRIAL_ROWS && distinct.len() * 2 > at;
                    if is_poor || distinct.len() == DICTIONARY_DISTINCT_MAX {
                        return false;
                    }
                    let code = distinct.len() as u16;
                    distinct.push(row);
                    table.insert_unique(hash, (hash, code), |(hash, _)| *hash);
                    code
                }
            };
            codes.push(code);
        }
        if distinct.len() * 2 > rows.len() {
            return false;
        }
        out.push(DICTIONARY);
        put_number(out, distinct.len() as u64);
        self.put_distinct(out, &distinct, depth + 1);
        let mut bytes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
        if distinct.len() > 256 {
            bytes.extend(codes.iter().map(|code| (*code >> 8) as u8));
        }
        self.folder.put(out, &bytes);
        true
    }

    /// The values of a dictionary are distinct, so all but another dictionary may suit them.
    fn put_distinct(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], depth: usize) {
        let is_long = rows.len() >= PLAIN_ROWS_MAX;
        if is_long
            && (put_numbers(out, rows, true)
                || (rows.len() >= 64 && depth < DEPTH_MAX && self.put_fields(out, rows, depth)))
        {
            return;
        }
        self.put_bytes(out, rows, !is_long);
    }

    /// Cuts every row into its tokens, if what stands between them is the same in all rows.
    fn put_fields(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], depth: usize) -> bool {
        let Some(first) = rows.first() else {
            return false;
        };
        let (separators, count) = cut(first);
        if !(2..=FIELDS_MAX).contains(&count) {
            return false;
        }
        let mut fields: Vec<Vec<&[u8]>> = vec![Vec::with_capacity(rows.len()); count];
        for row in rows {
            let mut rest = *row;
            for (separator, field) in separators.iter().zip(fields.iter_mut()) {
                let Some(after) = rest.strip_prefix(*separator) else {
                    return false;
                };
                let length = token_length(after);
                if length == 0 {
                    return false;
                }
                field.push(&after[..length]);
                rest = &after[length..];
            }
            if rest != separators[count] {
                return false;
            }
        }
        out.push(FIELDS);
        put_number(out, count as u64);
        for separator in separators {
            put_bytes(out, separator);
        }
        for field in fields {
            self.put_within(out, &field, depth + 1);
        }
        true
    }

    /// Takes off what all rows begin and end with, if numbers remain.
    fn put_affixed(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], depth: usize) -> bool {
        let Some(first) = rows.first() else {
            return false;
        };
        let mut before = first.len();
        let mut after = first.len();
        for row in rows {
            before = common(&first[..before], row.iter());
            let ours = first[first.len() - after..].iter().rev();
            after = ours
                .zip(row.iter().rev())
                .take_while(|(a, b)| a == b)
                .count();
        }
        while before > 0 && first[before - 1].is_ascii_hexdigit() {
            before -= 1;
        }
        while after > 0 && first[first.len() - after].is_ascii_hexdigit() {
            after -= 1;
        }
        let shortest = rows.iter().map(|row| row.len()).min().unwrap_or(0);
        if before + after == 0 || before + after > shortest {
            return false;
        }
        let inner: Vec<&[u8]> = rows
            .iter()
            .map(|row| &row[before..row.len() - after])
            .collect();
        out.push(AFFIXED);
        put_bytes(out, &first[..before]);
        put_bytes(out, &first[first.len() - after..]);
        self.put_within(out, &inner, depth + 1);
        true
    }
}

fn common<'a>(first: &[u8], row: impl Iterator<Item = &'a u8>) -> usize {
    first.iter().zip(row).take_while(|(a, b)| a == b).count()
}

fn token_length(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !is_token_byte(*byte))
        .unwrap_or(text.len())
}

/// What stands before, between and after the tokens, and how many tokens there are.
fn cut(text: &[u8]) -> (Vec<&[u8]>, usize) {
    let mut separators = Vec::new();
    let mut end = 0;
    for token in tocsin_domain::query::tokens(text) {
        separators.push(&text[end..token.start]);
        end = token.end;
    }
    separators.push(&text[end..]);
    let count = separators.len() - 1;
    (separators, count)
}

/// A hash for tables in memory.
fn quick_hash(row: &[u8]) -> u64 {
    token_hash(row)
}

/// Writes the rows as numbers if that brings every one of them back; unless `is_any`, only if
/// their span is narrow.
fn put_numbers(out: &mut Vec<u8>, rows: &[&[u8]], is_any: bool) -> bool {
    let width = rows.first().map_or(0, |row| row.len());
    if width == 0
        || rows[0]
            .iter()
            .any(|byte| !byte.is_ascii_hexdigit() && *byte != b'-')
    {
        return false;
    }
    if let Some((values, form)) = decimals(rows, width) {
        let low = values.iter().min().copied().unwrap_or(0);
        let high = values.iter().max().copied().unwrap_or(0);
        if !is_any && i128::from(high) - i128::from(low) > NARROW_SPAN_MAX {
            return false;
        }
        out.push(form);
        if form == PADDED {
            out.push(width as u8);
        }
        put_integers(out, &values, trend_of(&values));
        return true;
    }
    if !is_any {
        return false;
    }
    let Some((values, form)) = hexadecimals(rows, width) else {
        return false;
    };
    out.push(form);
    out.push(width as u8);
    put_integers(out, &values, Trend::None);
    true
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

fn decimals(rows: &[&[u8]], width: usize) -> Option<(Vec<i64>, u8)> {
    let mut values = Vec::with_capacity(rows.len());
    let mut is_short = true;
    let mut is_wide = true;
    for row in rows {
        let (is_negative, digits) = match row {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, *digits),
        };
        if digits.is_empty() || digits.len() > DECIMAL_DIGITS_MAX + 1 {
            return None;
        }
        is_short &= digits[0] != b'0' || (digits.len() == 1 && !is_negative);
        is_wide &= row.len() == width && !is_negative;
        let mut value = 0i64;
        for digit in digits {
            let digit = digit.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
        }
        values.push(if is_negative { -value } else { value });
        if !is_short && !is_wide {
            return None;
        }
    }
    Some((values, if is_short { DECIMAL } else { PADDED }))
}

fn hexadecimals(rows: &[&[u8]], width: usize) -> Option<(Vec<i64>, u8)> {
    let mut shape = Shape::default();
    if width > 16 {
        return None;
    }
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        if row.len() != width {
            return None;
        }
        let mut value = 0u64;
        for byte in *row {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => {
                    shape.has_lower_hex = true;
                    byte - b'a' + 10
                }
                b'A'..=b'F' => {
                    shape.has_upper_hex = true;
                    byte - b'A' + 10
                }
                _ => {
                    shape.has_other = true;
                    0
                }
            };
            value = value << 4 | u64::from(digit);
        }
        if shape.has_other || (shape.has_lower_hex && shape.has_upper_hex) {
            return None;
        }
        values.push(value as i64);
    }
    Some((
        values,
        if shape.has_upper_hex {
            HEX_UPPER
        } else {
            HEX_LOWER
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::super::column::Column;
    use super::*;
    use proptest::prelude::*;

    fn check(rows: &[Vec<u8>]) -> usize {
        let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let mut out = Vec::new();
        ColumnWriter::new().put(&mut out, &rows);
        let column = Column::decode(&out, rows.len()).unwrap();
        for (at, row) in rows.iter().enumerate() {
            let mut text = Vec::new();
            column.append(at, &mut text);
            assert_eq!(text, *row, "row {at}");
        }
        out.len()
    }

    fn texts(count: usize, text: impl Fn(usize) -> String) -> Vec<Vec<u8>> {
        (0..count).map(|at| text(at).into_bytes()).collect()
    }

    #[test]
    fn texts_of_many_kinds_come_back_and_are_small() {
        let spread = |at: usize| at.wrapping_mul(2_654_435_761) % 1_000_003;
        let cases: [(usize, Vec<Vec<u8>>); 9] = [
            (20, texts(1000, |_| "same".into())),
            (2600, texts(1000, |at| spread(at).to_string())),
            (400, texts(1000, |at| format!("{:06}", at * 3))),
            (
                4100,
                texts(1000, |at| {
                    format!("{:08x}", at.wrapping_mul(2_654_435_761) as u32)
                }),
            ),
            (
                5000,
                texts(1000, |at| {
                    format!("0x{:08X}", at.wrapping_mul(2_654_435_761) as u32)
                }),
            ),
            (
                700,
                texts(1000, |at| {
                    format!("2026-06-01 00:{:02}:{:02},{:03}", at / 60, at % 60, 7)
                }),
            ),
            (
                4500,
                texts(1000, |at| {
                    format!("10.{}.{}.9:{}", at % 7, spread(at) % 250, spread(at))
                }),
            ),
            (
                1300,
                texts(1000, |at| ["root", "admin", "guest"][spread(at) % 3].into()),
            ),
            (
                9000,
                texts(1000, |at| {
                    format!("blk_-{}", spread(at) as u64 * 8_765_432_109)
                }),
            ),
        ];
        for (at, (bytes_max, rows)) in cases.iter().enumerate() {
            let bytes = check(rows);
            assert!(bytes <= *bytes_max, "case {at}: {bytes} bytes");
        }
    }

    #[test]
    fn odd_numbers_come_back() {
        let odd = [
            "0",
            "-0",
            "00",
            "-1",
            "9223372036854775807",
            "9223372036854775808",
            "1e5",
            "",
        ];
        for one in odd {
            for other in odd {
                check(&texts(20, |at| {
                    if at % 2 == 0 {
                        one.into()
                    } else {
                        other.into()
                    }
                }));
            }
        }
    }

    proptest! {
        #[test]
        fn random_columns_come_back(
            rows in proptest::collection::vec(
                prop_oneof!["[0-9a-f]{0,4}", "-?[0-9]{1,19}", "[a-c]\\.[0-9]{1,2}", "\\PC{0,6}"],
                0..60,
            ),
        ) {
            check(&rows.into_iter().map(String::into_bytes).collect::<Vec<_>>());
        }

        #[test]
        fn damaged_columns_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(column) = Column::decode(&bytes, 30) {
                column.append(3, &mut Vec::new());
            }
        }
    }
}
