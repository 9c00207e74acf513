//! Looking for words in the variables of a template in a block.

use std::sync::Arc;

use tocsin_domain::query::{is_token_byte, starts_with_lower, tokens};

use super::block::column::{Column, Form};
use super::cells::{self, cells_of};
use super::inner::Trouble;
use super::part::{BlockReader, Part, column_in};
use super::phrase::Words;
use super::seek::Seeker;
use super::selection::Bits;
use super::sieve::sieve;

/// The rows of template `number` that hold the words somewhere over the groups of `stretch`.
pub(crate) fn words_rows(
    reader: &BlockReader<'_>,
    number: usize,
    words: &Words,
    stretch: (usize, usize),
) -> Result<Bits, Trouble> {
    let template = &reader.meta.templates[number];
    let info = &template.info;
    let (first, last) = (info.groups[stretch.0], info.groups[stretch.1]);
    let rows = template.rows as usize;
    let mut before = info.text_before(first);
    let mut after = info.text_after(last);
    if words.words.len() == 1 {
        before = &before[before.len() - first.left..];
        after = &after[..last.right];
    }
    let columns = (first.first..=last.last)
        .map(|slot| reader.column(number, slot))
        .collect::<Result<Vec<Arc<Part>>, _>>()?;
    let columns = columns
        .iter()
        .map(|part| column_in(part))
        .collect::<Result<Vec<&Column>, _>>()?;
    let parts = &info.template.parts[first.first + 1..=last.last];
    let mut texts = vec![before];
    texts.extend(parts.iter().map(|part| &**part));
    texts.push(after);
    Ok(rows_with(&texts, &columns, rows, words))
}

/// The rows of columns that hold the words, with a text before each column and one after the last.
fn rows_with(texts: &[&[u8]], columns: &[&Column], rows: usize, words: &Words) -> Bits {
    if let Some(cells) = cells_of(texts, columns) {
        return cells::rows_with(&cells, rows, words);
    }
    if let [
        Column::Dictionary {
            values,
            distinct,
            codes,
        },
    ] = columns
    {
        let passes = rows_with(texts, &[values], *distinct, words);
        return match passes.is_empty() {
            true => Bits::none(rows),
            false => Bits::of_each(rows, codes, |code| passes.contains(usize::from(*code))),
        };
    }
    if let ([column], [before, after], [word]) = (columns, texts, words.words.as_slice())
        && before.is_empty()
        && after.is_empty()
    {
        return word_in_column(column, rows, word, words.is_prefix);
    }
    let mut text = Vec::new();
    let test_row = |row: usize| {
        text.clear();
        for (at, part) in texts.iter().enumerate() {
            text.extend_from_slice(part);
            if let Some(column) = columns.get(at) {
                column.append(row, &mut text);
            }
        }
        holds(words, &text)
    };
    match sieve(texts, columns, rows, words) {
        Some(mut bits) => {
            bits.retain(test_row);
            bits
        }
        None => Bits::from_fn(rows, test_row),
    }
}

/// The rows of a column whose text passes a test, which is called once for each distinct text
/// where those are known.
pub(crate) fn test_column(
    column: &Column,
    rows: usize,
    mut test: impl FnMut(&[u8]) -> bool,
) -> Bits {
    let mut text = Vec::new();
    let mut test_row = |column: &Column, row: usize| {
        text.clear();
        column.append(row, &mut text);
        test(&text)
    };
    match column {
        Column::Constant(_) => {
            let holds = test_row(column, 0);
            Bits::from_fn(rows, |_| holds)
        }
        Column::Dictionary {
            values,
            distinct,
            codes,
        } => {
            let passes: Vec<bool> = (0..*distinct).map(|at| test_row(values, at)).collect();
            if passes.iter().any(|passes| *passes) {
                Bits::from_fn(rows, |row| {
                    codes
                        .get(row)
                        .is_some_and(|code| passes[usize::from(*code)])
                })
            } else {
                Bits::none(rows)
            }
        }
        _ => Bits::from_fn(rows, |row| test_row(column, row)),
    }
}

/// The rows of a column that hold a word, where nothing is glued to them.
pub(crate) fn word_in_column(column: &Column, rows: usize, word: &[u8], is_prefix: bool) -> Bits {
    match column {
        Column::Numbers { form, values } if !is_prefix => {
            let Some(wanted) = form.read(word) else {
                return Bits::none(rows);
            };
            match form {
                Form::Decimal => {
                    let wanted = wanted.unsigned_abs();
                    Bits::from_fn(rows, |row| {
                        values
                            .get(row)
                            .is_some_and(|value| value.unsigned_abs() == wanted)
                    })
                }
                _ => Bits::from_fn(rows, |row| values.get(row) == Some(&wanted)),
            }
        }
        Column::Fields { separators, fields } => {
            let is_apart = separators
                .iter()
                .all(|separator| separator.iter().all(|byte| !is_token_byte(*byte)));
            let between = &separators[1..separators.len() - 1];
            if !is_apart || between.iter().any(|separator| separator.is_empty()) {
                return test_column(column, rows, |text| holds_word(text, word, is_prefix));
            }
            let mut any = Bits::none(rows);
            for field in fields {
                any.union(&word_in_column(field, rows, word, is_prefix));
            }
            any
        }
        Column::Dictionary {
            values,
            distinct,
            codes,
        } => {
            let passes = word_in_column(values, *distinct, word, is_prefix);
            match passes.is_empty() {
                true => Bits::none(rows),
                false => Bits::of_each(rows, codes, |code| passes.contains(usize::from(*code))),
            }
        }
        Column::Bytes { ends, data } => word_in_texts(ends, data, rows, (word, is_prefix)),
        _ => test_column(column, rows, |text| holds_word(text, word, is_prefix)),
    }
}

/// The rows of texts that hold a word: the texts are searched as one.
fn word_in_texts(ends: &[u32], data: &[u8], rows: usize, (word, is_prefix): (&[u8], bool)) -> Bits {
    let mut any = Bits::none(rows);
    let seeker = Seeker::new(word);
    let (mut from, mut row) = (0, 0);
    while let Some(place) = seeker.find(data, from) {
        row = row_at(ends, row, place);
        let Some(end) = ends.get(row) else { break };
        let start = row.checked_sub(1).map_or(0, |at| ends[at] as usize);
        let text = data.get(start..*end as usize).unwrap_or_default();
        let (begin, after) = (place - start, place - start + word.len());
        let is_start = begin == 0 || !is_token_byte(text[begin - 1]);
        let is_end = after == text.len()
            || (after < text.len() && (is_prefix || !is_token_byte(text[after])));
        if is_start && is_end {
            any.insert(row);
            // Once is enough for a row.
            from = *end as usize;
        } else {
            from = place + 1;
        }
    }
    any
}

/// The row that a place of the texts is in, at or after a row.
fn row_at(ends: &[u32], from: usize, place: usize) -> usize {
    let is_before = |end: &u32| *end as usize <= place;
    // Hits are mostly near each other; else the step doubles.
    let mut step = 8;
    while ends.get(from + step).is_some_and(is_before) {
        step *= 2;
    }
    let until = (from + step).min(ends.len());
    from + ends[from..until].partition_point(is_before)
}

fn holds_word(text: &[u8], word: &[u8], is_prefix: bool) -> bool {
    tokens(text).any(|token| {
        let token = &text[token];
        if is_prefix {
            starts_with_lower(token, word)
        } else {
            token.eq_ignore_ascii_case(word)
        }
    })
}

fn holds(words: &Words, text: &[u8]) -> bool {
    let count = words.words.len();
    let mut at = tokens(text);
    loop {
        let mut ahead = at.clone();
        let is_here = words.words.iter().enumerate().all(|(place, word)| {
            ahead.next().is_some_and(|token| {
                let token = &text[token];
                if words.is_prefix && place + 1 == count {
                    starts_with_lower(token, word)
                } else {
                    token.eq_ignore_ascii_case(word)
                }
            })
        });
        if is_here {
            return true;
        }
        if at.next().is_none() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::columns::ColumnWriter;
    use super::*;
    use proptest::prelude::*;

    /// Texts of one kind, as the rows of a column mostly are.
    fn column_texts() -> impl Strategy<Value = Vec<String>> {
        let kinds = prop_oneof![
            Just("(10|1|2)\\.(0|1)\\.[0-3]\\.[12]"),
            Just("(10|1|2)\\.(0|1)\\.[0-3]\\.[12]:[0-9]{2}"),
            Just("-?[0-9]{1,2}"),
            Just("[0-9]{3}"),
            Just("[0-9a-f]{2}"),
            Just("0x[0-9A-F]{2}"),
            Just("(a|b|Ab|1|10)"),
            Just("(a|b|ab|1|)"),
            Just("(a|b|1)?[ .](a|ab|10)?"),
            Just("blk_-?[0-9]{1,2}"),
            Just("a"),
            Just("[ab1]{0,3}"),
            Just("[ab12. -]{0,7}"),
        ];
        (kinds, 1usize..40, 1usize..80).prop_flat_map(|(kind, distinct, rows)| {
            let pool = proptest::collection::vec(kind, distinct);
            (
                pool,
                proptest::collection::vec(any::<prop::sample::Index>(), rows),
            )
                .prop_map(|(pool, picks)| {
                    picks.iter().map(|pick| pick.get(&pool).clone()).collect()
                })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn rows_are_those_whose_text_holds_the_words(
            columns in proptest::collection::vec(column_texts(), 1..4),
            texts in proptest::collection::vec("(| |: |\\.|a|1 |x a| b | 10 1 |-)", 4),
            words in proptest::collection::vec("(a|b|ab|1|2|0|10|[0-9]{1,2}|blk_|[ab1]{1,2})", 1..5),
            is_prefix in any::<bool>(),
        ) {
            let rows = columns.iter().map(Vec::len).min().unwrap();
            let decoded: Vec<Column> = columns.iter().map(|column| {
                let texts: Vec<&[u8]> = column[..rows].iter().map(String::as_bytes).collect();
                let mut bytes = Vec::new();
                ColumnWriter::new().put(&mut bytes, &texts);
                Column::decode(&bytes, rows).unwrap()
            }).collect();
            let texts: Vec<&[u8]> =
                texts[..=columns.len()].iter().map(|text| text.as_bytes()).collect();
            let words = Words {
                words: words.iter().map(|word| word.as_bytes().into()).collect(),
                is_prefix,
            };
            let decoded: Vec<&Column> = decoded.iter().collect();
            let found = rows_with(&texts, &decoded, rows, &words);
            for row in 0..rows {
                let mut text = Vec::new();
                for (at, part) in texts.iter().enumerate() {
                    text.extend_from_slice(part);
                    if let Some(column) = columns.get(at) {
                        text.extend_from_slice(column[row].as_bytes());
                    }
                }
                prop_assert_eq!(
                    found.contains(row),
                    holds(&words, &text),
                    "{:?} in {:?}", words, String::from_utf8_lossy(&text)
                );
            }
        }
    }
}
