//! Looking for words in the variables of a template in a block.

use std::sync::Arc;

use tocsin_domain::query::{is_token_byte, starts_with_lower, tokens};

use super::block::column::{Column, Form};
use super::inner::Trouble;
use super::part::{BlockReader, Part, column_in};
use super::phrase::Words;
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
    if first.first == last.last {
        let part = reader.column(number, first.first)?;
        let column = column_in(&part)?;
        if before.is_empty()
            && after.is_empty()
            && let [word] = words.words.as_slice()
        {
            return Ok(word_in_column(column, rows, word, words.is_prefix));
        }
        let mut text = Vec::new();
        return Ok(test_column(column, rows, |variable| {
            text.clear();
            text.extend_from_slice(before);
            text.extend_from_slice(variable);
            text.extend_from_slice(after);
            holds(words, &text)
        }));
    }
    let columns = (first.first..=last.last)
        .map(|slot| reader.column(number, slot))
        .collect::<Result<Vec<Arc<Part>>, _>>()?;
    let columns = columns
        .iter()
        .map(|part| column_in(part))
        .collect::<Result<Vec<&Column>, _>>()?;
    let parts = &info.template.parts[first.first + 1..=last.last];
    let mut text = Vec::new();
    Ok(Bits::from_fn(rows, |row| {
        text.clear();
        text.extend_from_slice(before);
        for (at, column) in columns.iter().enumerate() {
            column.append(row, &mut text);
            text.extend_from_slice(parts.get(at).map_or(after, |part| part));
        }
        holds(words, &text)
    }))
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
