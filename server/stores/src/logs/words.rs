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
    let is_glued = first.left > 0 || last.right > 0;
    Ok(rows_with(&texts, &columns, (rows, is_glued), words))
}

/// The rows of columns that hold the words, with a text before each column and one after the last.
/// `is_glued` says whether tokens of theirs may be part of a token with the texts.
fn rows_with(
    texts: &[&[u8]],
    columns: &[&Column],
    (rows, is_glued): (usize, bool),
    words: &Words,
) -> Bits {
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
        let passes = rows_with(texts, &[values], (*distinct, is_glued), words);
        return match passes.is_empty() {
            true => Bits::none(rows),
            false => Bits::of_each(rows, codes, |code| passes.contains(usize::from(*code))),
        };
    }
    if let ([column], [before, after], [word]) = (columns, texts, words.words.as_slice())
        && before.is_empty()
        && after.is_empty()
        && !matches!(column, Column::Bytes { .. })
    {
        return word_in_column(column, rows, word, words.is_prefix);
    }
    let mut text = Vec::new();
    let mut test_row = |row: usize| {
        text.clear();
        for (at, part) in texts.iter().enumerate() {
            text.extend_from_slice(part);
            if let Some(column) = columns.get(at) {
                column.append(row, &mut text);
            }
        }
        holds(words, &text)
    };
    if let [Column::Bytes { ends, data }] = columns
        && !is_glued
        && let Some(word) = inner_word(words, texts)
    {
        let mut any = Bits::none(rows);
        let seeker = Seeker::new(word);
        let (mut from, mut row) = (0, 0);
        while let Some(place) = seeker.find(data, from) {
            row += ends[row..].partition_point(|end| *end as usize <= place);
            let Some(end) = ends.get(row) else { break };
            if test_row(row) {
                any.insert(row);
            }
            // Once is enough for a row.
            from = *end as usize;
        }
        return any;
    }
    Bits::from_fn(rows, test_row)
}

/// The longest of the words if it can stand in none of the texts, and so must be in a column.
fn inner_word<'w>(words: &'w Words, texts: &[&[u8]]) -> Option<&'w [u8]> {
    let word = words.words.iter().max_by_key(|word| word.len())?;
    let seeker = Seeker::new(word);
    let is_in = |text: &&[u8]| seeker.find(text, 0).is_some();
    (!word.is_empty() && !texts.iter().any(is_in)).then_some(word)
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
fn word_in_column(column: &Column, rows: usize, word: &[u8], is_prefix: bool) -> Bits {
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
        _ => test_column(column, rows, |text| holds_word(text, word, is_prefix)),
    }
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
