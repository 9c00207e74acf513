//! Which tokens may differ between two lines of one message: values, which show it by digits, by
//! variables found in them, or by being empty; and names of code, which are weaker evidence. Their
//! labels (`size=` in `size=4`) must still be equal.

use crate::pattern::{Body, Token};
use crate::scan::Mixer;
use crate::scan::class::{ALPHA, DIGIT, JOINER, SLASH, class};

/// How much a token looks like a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Softness {
    /// A word: two messages that differ in it are different until many are seen.
    Word,
    /// A dotted name: `org.apache.hadoop.mapred.Task`.
    Code,
    /// Letters and one or two digits, which may be a value or a word: `eth0`, `ssh2`.
    Name,
    /// A value.
    Value,
}

/// How much the token looks like a value, and the hash of its label.
pub(crate) fn softness(token: &Token) -> (Softness, u64) {
    let mut label = Mixer::new();
    match &token.body {
        Body::Exact { texts, slots, .. } => match (texts.as_slice(), slots.len()) {
            ([text], _) => return plain(text),
            ([first, middle @ .., last], _) => {
                head(first, &mut label);
                for text in middle {
                    if has_letters(text) && text.iter().any(|b| is_break(*b)) {
                        label.text(text);
                    }
                }
                tail(last, &mut label);
            }
            ([], _) => {}
        },
        Body::Wild { prefix, suffix, .. } => {
            head(prefix, &mut label);
            tail(suffix, &mut label);
        }
    }
    (Softness::Value, label.finish())
}

fn plain(text: &[u8]) -> (Softness, u64) {
    let mut label = Mixer::new();
    if let Some(dot) = first_dot_of_code(text) {
        head(&text[..dot], &mut label);
        tail(b"", &mut label);
        return (Softness::Code, label.finish());
    }
    let digit = text.iter().position(|b| class(*b) & DIGIT != 0);
    let soft = match digit {
        Some(at) => {
            head(&text[..at], &mut label);
            let end = text
                .iter()
                .rposition(|b| class(*b) & DIGIT != 0)
                .map_or(at, |e| e + 1);
            tail(&text[end..], &mut label);
            Softness::Name
        }
        None if !has_letters(text) => {
            head(b"", &mut label);
            tail(b"", &mut label);
            Softness::Value
        }
        None => {
            let end = text
                .iter()
                .rposition(|b| !is_break(*b))
                .map_or(0, |e| e + 1);
            head(&text[..end], &mut label);
            tail(&text[end..], &mut label);
            Softness::Word
        }
    };
    (soft, label.finish())
}

/// Place of the first dot when three or more segments are joined by dots or `$`.
fn first_dot_of_code(text: &[u8]) -> Option<usize> {
    let joins = |w: &[u8]| {
        let letter = |b: u8| class(b) & ALPHA != 0;
        matches!(w[1], b'.' | b'$') && (letter(w[0]) || w[0].is_ascii_digit()) && letter(w[2])
    };
    (text.windows(3).filter(|w| joins(w)).count() >= 2).then_some(())?;
    text.iter().position(|b| matches!(b, b'.' | b'$'))
}

fn has_letters(text: &[u8]) -> bool {
    text.iter().any(|b| class(*b) & ALPHA != 0)
}

/// Whether the byte ends a label: anything but letters, digits and what joins the segments of a
/// name.
fn is_break(byte: u8) -> bool {
    class(byte) & (ALPHA | DIGIT | JOINER | SLASH) == 0 && byte != b'$'
}

fn head(text: &[u8], label: &mut Mixer) {
    let dotted = text
        .windows(2)
        .rposition(|w| w == b".." || w == b"--")
        .map(|i| i + 1);
    let end = text.iter().rposition(|b| is_break(*b)).max(dotted);
    if let Some(end) = end.filter(|e| has_letters(&text[..*e])) {
        label.text(&text[..=end]);
    }
    label.word(2);
}

fn tail(text: &[u8], label: &mut Mixer) {
    let text = match text {
        [b' ', unit @ ..] => {
            let letters = unit.iter().take_while(|b| class(**b) & ALPHA != 0).count();
            &unit[letters..]
        }
        _ => text,
    };
    let start = text.iter().position(|b| is_break(*b));
    if let Some(start) = start.filter(|s| has_letters(&text[*s..])) {
        label.text(&text[start..]);
    }
    label.word(3);
}
