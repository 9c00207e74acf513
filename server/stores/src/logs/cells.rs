//! The text in and around variables as a row of tokens, where every line of a template has the same
//! number of them: then words are compared with numbers and codes, and no text is put together.

use tocsin_domain::query::{is_token_byte, starts_with_lower};

use super::block::column::{Column, Form};
use super::phrase::Words;
use super::selection::Bits;

/// A token that every row has, with what is constant of it.
#[derive(Debug, Default)]
pub(crate) struct Cell<'a> {
    before: Vec<u8>,
    column: Option<&'a Column>,
    after: Vec<u8>,
}

/// What a row of a column must be to make a cell a word.
enum Wanted {
    Number(i64),
    /// Whether each code of a dictionary passes.
    Codes(Bits),
    Text(Vec<u8>),
    /// The text and what follows it must begin with this.
    Prefix(Vec<u8>),
}

/// Cuts `texts`, with a column after each but the last, into cells. None if rows may differ in
/// where their tokens begin and end.
pub(crate) fn cells_of<'a>(texts: &[&'a [u8]], columns: &[&'a Column]) -> Option<Vec<Cell<'a>>> {
    let mut cutter = Cutter::default();
    for (at, text) in texts.iter().enumerate() {
        cutter.take_text(text);
        if let Some(column) = columns.get(at) {
            cutter.take_column(column)?;
        }
    }
    cutter.cells.extend(cutter.open);
    Some(cutter.cells)
}

#[derive(Default)]
struct Cutter<'a> {
    cells: Vec<Cell<'a>>,
    open: Option<Cell<'a>>,
}

impl<'a> Cutter<'a> {
    fn take_text(&mut self, text: &[u8]) {
        for byte in text {
            if !is_token_byte(*byte) {
                self.cells.extend(self.open.take());
                continue;
            }
            let open = self.open.get_or_insert_default();
            match open.column {
                Some(_) => open.after.push(byte.to_ascii_lowercase()),
                None => open.before.push(byte.to_ascii_lowercase()),
            }
        }
    }

    fn take_column(&mut self, column: &'a Column) -> Option<()> {
        match column {
            Column::Constant(text) => self.take_text(text),
            Column::Fields { separators, fields } => {
                for (at, separator) in separators.iter().enumerate() {
                    self.take_text(separator);
                    if let Some(field) = fields.get(at) {
                        self.take_column(field)?;
                    }
                }
            }
            _ => {
                let open = self.open.get_or_insert_default();
                if open.column.is_some() || !is_token(column) {
                    return None;
                }
                open.column = Some(column);
            }
        }
        Some(())
    }
}

/// True if every row is token bytes and nothing else, at least one.
fn is_token(column: &Column) -> bool {
    match column {
        Column::Constant(text) => !text.is_empty() && text.iter().all(|byte| is_token_byte(*byte)),
        Column::Bytes { ends, data } => {
            let is_long = |pair: &[u32]| pair[0] < pair[1];
            data.iter().all(|byte| is_token_byte(*byte))
                && ends.first().is_some_and(|end| *end > 0)
                && ends.windows(2).all(is_long)
        }
        Column::Dictionary { values, .. } => is_token(values),
        Column::Numbers { form, values } => match form {
            Form::Decimal | Form::Padded(_) => values.iter().all(|value| *value >= 0),
            Form::HexLower(_) | Form::HexUpper(_) => true,
        },
        Column::Fields { .. } => false,
    }
}

/// The rows in which the words follow one another somewhere in the cells.
pub(crate) fn rows_with(cells: &[Cell<'_>], rows: usize, words: &Words) -> Bits {
    let mut any = Bits::none(rows);
    for window in cells.windows(words.words.len()) {
        let Some(wanted) = wanted_of(window, words) else {
            continue;
        };
        let mut wanted = wanted.iter();
        let Some((column, first, after)) = wanted.next() else {
            return Bits::from_fn(rows, |_| true);
        };
        let mut bits = first.rows(column, rows, after);
        for (column, wanted, after) in wanted {
            if bits.is_empty() {
                break;
            }
            bits.retain(|row| wanted.is_at(column, row, after));
        }
        any.union(&bits);
    }
    any
}

/// What the columns of the cells must be; None if the words cannot be here.
fn wanted_of<'c>(
    window: &'c [Cell<'_>],
    words: &Words,
) -> Option<Vec<(&'c Column, Wanted, &'c [u8])>> {
    let mut all = Vec::new();
    for (at, (cell, word)) in window.iter().zip(&words.words).enumerate() {
        let is_prefix = words.is_prefix && at + 1 == words.words.len();
        let Some(column) = cell.column else {
            let fits = match is_prefix {
                true => cell.before.starts_with(word),
                false => *cell.before == **word,
            };
            if fits {
                continue;
            }
            return None;
        };
        if is_prefix && cell.before.starts_with(word) {
            continue;
        }
        let rest = word.strip_prefix(&*cell.before)?;
        let wanted = match is_prefix {
            true => Wanted::Prefix(rest.to_vec()),
            false => Wanted::of(column, rest.strip_suffix(&*cell.after)?)?,
        };
        all.push((column, wanted, &*cell.after));
    }
    Some(all)
}

impl Wanted {
    fn of(column: &Column, text: &[u8]) -> Option<Self> {
        match column {
            Column::Numbers { form, .. } => form.read(text).map(Self::Number),
            Column::Dictionary {
                values, distinct, ..
            } => {
                let codes = Self::of(values, text)?.rows(values, *distinct, b"");
                (!codes.is_empty()).then_some(Self::Codes(codes))
            }
            _ => Some(Self::Text(text.to_vec())),
        }
    }

    fn rows(&self, column: &Column, rows: usize, after: &[u8]) -> Bits {
        match (self, column) {
            (Self::Number(wanted), Column::Numbers { values, .. }) => {
                Bits::of_each(rows, values, |value| value == wanted)
            }
            (Self::Codes(passes), Column::Dictionary { codes, .. }) => match passes.only() {
                Some(wanted) => Bits::of_each(rows, codes, |code| usize::from(*code) == wanted),
                None => Bits::of_each(rows, codes, |code| passes.contains(usize::from(*code))),
            },
            (
                Self::Prefix(_),
                Column::Dictionary {
                    values,
                    distinct,
                    codes,
                },
            ) => {
                let passes = self.rows(values, *distinct, after);
                match passes.is_empty() {
                    true => Bits::none(rows),
                    false => Bits::of_each(rows, codes, |code| passes.contains(usize::from(*code))),
                }
            }
            _ => Bits::from_fn(rows, |row| self.is_at(column, row, after)),
        }
    }

    fn is_at(&self, column: &Column, row: usize, after: &[u8]) -> bool {
        match (self, column) {
            (Self::Number(wanted), Column::Numbers { values, .. }) => {
                values.get(row) == Some(wanted)
            }
            (Self::Codes(passes), Column::Dictionary { codes, .. }) => codes
                .get(row)
                .is_some_and(|code| passes.contains(usize::from(*code))),
            (Self::Text(wanted), Column::Bytes { .. }) => column
                .text(row)
                .is_some_and(|text| text.eq_ignore_ascii_case(wanted)),
            (Self::Text(wanted), _) => {
                let mut text = Vec::new();
                column.append(row, &mut text);
                text.eq_ignore_ascii_case(wanted)
            }
            (Self::Prefix(wanted), _) => {
                let mut text = Vec::new();
                column.append(row, &mut text);
                text.extend_from_slice(after);
                starts_with_lower(&text, wanted)
            }
            _ => false,
        }
    }
}
