//! Writes columns of texts, each in the way that suits what is in it: numbers as numbers, few
//! distinct texts as a dictionary, dates and addresses as columns of their own, the rest folded.

use super::codec::{Folder, put_bytes, put_number};
use super::column::{AFFIXED, CONSTANT, DEPTH_MAX, DICTIONARY, FIELDS, FOLDED, PLAIN};
use super::distinct::Distinct;
use super::numbers::{Trend, put_integers};
use super::written::{decimals, hexadecimals, word_of};
use tocsin_domain::query::is_token_byte;

/// Columns of fewer rows are written as they are: their section is folded as a whole.
const PLAIN_ROWS_MAX: usize = 8;
/// The most fields a text is cut into.
const FIELDS_MAX: usize = 16;

/// What is known of the texts of a column once it is written.
#[derive(Debug)]
pub(crate) enum Known<'a> {
    Nothing,
    /// The first row of each distinct text.
    Distinct(Vec<u32>),
    /// The tokens of every text, one after the other.
    Fields(Vec<Tokens<'a>>),
}

/// The tokens that stand at one place of all rows.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    pub(crate) rows: Vec<&'a [u8]>,
    /// The first row of each distinct one, if they are known.
    pub(crate) distinct: Option<Vec<u32>>,
}

/// Writes columns, keeping working memory between them.
#[derive(Debug)]
pub(crate) struct ColumnWriter {
    pub(crate) folder: Folder,
    data: Vec<u8>,
}

impl ColumnWriter {
    pub(crate) fn new() -> Self {
        Self {
            folder: Folder::new(),
            data: Vec::new(),
        }
    }

    /// Appends a column; the number of rows is kept elsewhere.
    pub(crate) fn put<'a>(&mut self, out: &mut Vec<u8>, rows: &[&'a [u8]]) -> Known<'a> {
        self.put_within(out, rows, 0)
    }

    fn put_within<'a>(&mut self, out: &mut Vec<u8>, rows: &[&'a [u8]], depth: usize) -> Known<'a> {
        let first = rows.first().copied().unwrap_or_default();
        if are_all(rows, first) {
            out.push(CONSTANT);
            put_bytes(out, first);
            return Known::Distinct(vec![0]);
        }
        if rows.len() < PLAIN_ROWS_MAX || depth == DEPTH_MAX {
            self.put_bytes(out, rows, depth < DEPTH_MAX);
            return Known::Nothing;
        }
        let decimals = decimals(rows);
        if let Some(numbers) = decimals.as_ref().filter(|numbers| numbers.is_narrow()) {
            numbers.put(out);
            return numbers.distinct().map_or(Known::Nothing, Known::Distinct);
        }
        if let Some(distinct) = self.put_dictionary(out, rows, depth) {
            return Known::Distinct(distinct);
        }
        if let Some(numbers) = decimals.or_else(|| hexadecimals(rows)) {
            numbers.put(out);
            return Known::Nothing;
        }
        if let Some(fields) = self.put_fields(out, rows, depth) {
            return Known::Fields(fields);
        }
        if !self.put_affixed(out, rows, depth) {
            self.put_bytes(out, rows, false);
        }
        Known::Nothing
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

    /// Writes a dictionary if enough rows repeat, and returns the first rows of all distinct texts.
    fn put_dictionary(
        &mut self,
        out: &mut Vec<u8>,
        rows: &[&[u8]],
        depth: usize,
    ) -> Option<Vec<u32>> {
        let Distinct { firsts, codes } = Distinct::of(rows)?;
        let distinct: Vec<&[u8]> = firsts.iter().map(|row| rows[*row as usize]).collect();
        out.push(DICTIONARY);
        put_number(out, distinct.len() as u64);
        self.put_distinct(out, &distinct, depth + 1);
        self.data.clear();
        self.data.extend(codes.iter().map(|code| *code as u8));
        if distinct.len() > 256 {
            self.data
                .extend(codes.iter().map(|code| (*code >> 8) as u8));
        }
        self.folder.put(out, &self.data);
        Some(firsts)
    }

    /// The values of a dictionary are distinct, so all but another dictionary may suit them.
    fn put_distinct(&mut self, out: &mut Vec<u8>, rows: &[&[u8]], depth: usize) {
        let is_long = rows.len() >= PLAIN_ROWS_MAX;
        if is_long {
            if let Some(numbers) = decimals(rows).or_else(|| hexadecimals(rows)) {
                return numbers.put(out);
            }
            if rows.len() >= 64 && depth < DEPTH_MAX && self.put_fields(out, rows, depth).is_some()
            {
                return;
            }
        }
        self.put_bytes(out, rows, !is_long);
    }

    /// Cuts every row into its tokens, if what stands between them is the same in all rows.
    fn put_fields<'a>(
        &mut self,
        out: &mut Vec<u8>,
        rows: &[&'a [u8]],
        depth: usize,
    ) -> Option<Vec<Tokens<'a>>> {
        let (separators, count) = cut(rows.first()?);
        if !(2..=FIELDS_MAX).contains(&count) {
            return None;
        }
        let mut fields: Vec<Vec<&[u8]>> = Vec::new();
        fields.resize_with(count, || Vec::with_capacity(rows.len()));
        for row in rows {
            let mut rest = *row;
            for (separator, field) in separators.iter().zip(fields.iter_mut()) {
                let after = without(rest, separator)?;
                let length = token_length(after);
                if length == 0 {
                    return None;
                }
                field.push(&after[..length]);
                rest = &after[length..];
            }
            if rest != separators[count] {
                return None;
            }
        }
        out.push(FIELDS);
        put_number(out, count as u64);
        for separator in separators {
            put_bytes(out, separator);
        }
        let put = |rows: Vec<&'a [u8]>| {
            let distinct = match self.put_within(out, &rows, depth + 1) {
                Known::Distinct(rows) => Some(rows),
                _ => None,
            };
            Tokens { rows, distinct }
        };
        Some(fields.into_iter().map(put).collect())
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

/// True if all rows are this text.
fn are_all(rows: &[&[u8]], text: &[u8]) -> bool {
    if text.len() > 8 {
        return rows.iter().all(|row| *row == text);
    }
    let word = word_of(text);
    rows.iter()
        .all(|row| row.len() == text.len() && word_of(row) == word)
}

/// What follows a separator, which is one byte long most often.
fn without<'a>(text: &'a [u8], separator: &[u8]) -> Option<&'a [u8]> {
    match separator {
        [] => Some(text),
        [only] => text
            .split_first()
            .filter(|(byte, _)| *byte == only)
            .map(|(_, after)| after),
        _ => text.strip_prefix(separator),
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
