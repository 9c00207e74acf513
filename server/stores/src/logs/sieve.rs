//! Which rows may hold some words, told from the columns one by one, where the text of a row lies over
//! several columns or is no fixed number of tokens. What is left is then looked at as text.

use tocsin_domain::query::is_token_byte;

use super::block::column::Column;
use super::phrase::Words;
use super::seek::Seeker;
use super::selection::Bits;
use super::words::word_in_column;

/// Of this many rows, one or fewer is few: they are looked at one by one.
const FEW_OF: usize = 64;

/// Rows beyond which no row holds the words: those of which columns hold each word, or what remains
/// of it beside the text that is glued to them. None if that cannot be told.
pub(crate) fn sieve(
    texts: &[&[u8]],
    columns: &[&Column],
    rows: usize,
    words: &Words,
) -> Option<Bits> {
    let mut order: Vec<usize> = (0..words.words.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(words.words[*at].len()));
    let mut all: Option<Bits> = None;
    for at in order {
        let is_prefix = words.is_prefix && at + 1 == words.words.len();
        let Some(bits) = word_in_any(texts, columns, rows, (&words.words[at], is_prefix)) else {
            continue;
        };
        match &mut all {
            Some(all) => all.intersect(&bits),
            None => all = Some(bits),
        }
        // Looking at few rows costs less than looking for another word.
        if all.as_ref().is_some_and(|all| all.count() * FEW_OF <= rows) {
            break;
        }
    }
    all
}

/// The rows of which some column holds a word, or the part of it that is not glued to it. None if
/// the texts may hold it, or text and column together in ways that are not looked for.
fn word_in_any(
    texts: &[&[u8]],
    columns: &[&Column],
    rows: usize,
    (word, is_prefix): (&[u8], bool),
) -> Option<Bits> {
    let seeker = Seeker::new(word);
    if word.is_empty() || texts.iter().any(|text| seeker.find(text, 0).is_some()) {
        return None;
    }
    let mut any = Bits::none(rows);
    for (column, sides) in columns.iter().zip(texts.windows(2)) {
        any.union(&word_in_column(column, rows, word, is_prefix));
        let (left, right) = (trailing(sides[0]), leading(sides[1]));
        if left.is_empty() && right.is_empty() {
            continue;
        }
        let whole = [sides[0], sides[1]].iter().any(|text| {
            // Another column may be beyond a text without a separator.
            text.iter().all(|byte| is_token_byte(*byte))
        });
        if is_prefix || (whole && columns.len() > 1) {
            return None;
        }
        let begun = strip_lower(word, left);
        let both = begun.and_then(|rest| strip_lower_back(rest, right));
        for rest in [begun, strip_lower_back(word, right), both]
            .into_iter()
            .flatten()
        {
            if rest.is_empty() {
                return None;
            }
            any.union(&word_in_column(column, rows, rest, false));
        }
    }
    let is_joined = |text: &&[u8]| text.is_empty();
    let between = texts.get(1..columns.len()).unwrap_or_default();
    (!between.iter().any(is_joined)).then_some(any)
}

/// The token bytes that a text ends with.
fn trailing(text: &[u8]) -> &[u8] {
    let start = text.iter().rposition(|byte| !is_token_byte(*byte));
    &text[start.map_or(0, |at| at + 1)..]
}

/// The token bytes that a text begins with.
fn leading(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !is_token_byte(*byte));
    &text[..end.unwrap_or(text.len())]
}

fn strip_lower<'w>(word: &'w [u8], before: &[u8]) -> Option<&'w [u8]> {
    let (head, rest) = word.split_at_checked(before.len())?;
    head.eq_ignore_ascii_case(before).then_some(rest)
}

fn strip_lower_back<'w>(word: &'w [u8], after: &[u8]) -> Option<&'w [u8]> {
    let (rest, tail) = word.split_at_checked(word.len().checked_sub(after.len())?)?;
    tail.eq_ignore_ascii_case(after).then_some(rest)
}
