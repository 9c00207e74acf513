//! Reads the query language: words (all must be there), `"phrases"`, `-not` or `NOT`, `prefix*`,
//! `OR`, parentheses, `field:value`, `field:"quoted value"`, `field:prefix*`, `field:*`,
//! `field:>=5`, `field:[1 TO 5]`.
//!
//! A bare word with separators inside, such as `10.251.73.220:50010` or `/var/log`, is the phrase
//! of its tokens. A word of separators only says nothing and is passed over, so that a pasted log
//! line is a query.

use super::lexer::{Piece, PieceKind, Value, pieces};
use super::matcher::number_of;
use super::tokens::{is_token_byte, lower_tokens};
use super::{Expression, FieldTest};
use crate::severity::Severity;

/// The longest query text, in bytes.
pub const TEXT_BYTES_MAX: usize = 10_000;
/// The deepest nesting of parentheses and negations.
pub const NESTING_MAX: usize = 64;

/// A query that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {position}: expected {expected}")]
pub struct QueryError {
    /// Where, in characters from the beginning, counted from 0.
    pub position: usize,
    /// What is wrong.
    pub message: String,
    /// What should stand there.
    pub expected: String,
}

impl QueryError {
    pub(super) fn new(position: usize, message: &str, expected: &str) -> Self {
        Self {
            position,
            message: message.into(),
            expected: expected.into(),
        }
    }
}

/// Reads a query. An empty one selects every record.
///
/// # Errors
/// [`QueryError`] says where the text goes wrong; a text above [`TEXT_BYTES_MAX`] or nested beyond
/// [`NESTING_MAX`] is an error as well.
pub fn parse(text: &str) -> Result<Expression, QueryError> {
    if text.len() >= TEXT_BYTES_MAX {
        return Err(QueryError::new(
            text.chars().count(),
            &format!("the query is {} bytes long", text.len()),
            &format!("less than {TEXT_BYTES_MAX} bytes"),
        ));
    }
    let mut parser = Parser {
        pieces: pieces(text)?,
        at: 0,
        end: text.chars().count(),
    };
    if parser.pieces.is_empty() {
        return Ok(Expression::All);
    }
    let expression = parser.any_of(0)?;
    match parser.pieces.get(parser.at) {
        None => Ok(expression.unwrap_or(Expression::All)),
        Some(piece) => {
            let message = "this parenthesis was never opened";
            Err(QueryError::new(
                piece.position,
                message,
                "a word or the end",
            ))
        }
    }
}

struct Parser {
    pieces: Vec<Piece>,
    at: usize,
    end: usize,
}

/// `None` stands for something that says nothing, such as a word of separators.
type Parsed = Result<Option<Expression>, QueryError>;

impl Parser {
    fn peek(&self) -> Option<&PieceKind> {
        self.pieces.get(self.at).map(|piece| &piece.kind)
    }

    fn position(&self) -> usize {
        self.pieces
            .get(self.at)
            .map_or(self.end, |piece| piece.position)
    }

    fn any_of(&mut self, depth: usize) -> Parsed {
        let mut parts = Vec::new();
        loop {
            parts.extend(self.all_of(depth)?);
            if self.peek() != Some(&PieceKind::Or) {
                break;
            }
            self.at += 1;
        }
        Ok(joined(parts, Expression::Or))
    }

    fn all_of(&mut self, depth: usize) -> Parsed {
        let mut parts = Vec::new();
        parts.extend(self.one(depth)?);
        loop {
            match self.peek() {
                None | Some(PieceKind::Close | PieceKind::Or) => break,
                Some(PieceKind::And) => self.at += 1,
                Some(_) => {}
            }
            parts.extend(self.one(depth)?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn one(&mut self, depth: usize) -> Parsed {
        let position = self.position();
        if depth >= NESTING_MAX {
            let expected = format!("at most {NESTING_MAX} levels");
            return Err(QueryError::new(position, "nested too deeply", &expected));
        }
        let Some(piece) = self.pieces.get(self.at) else {
            return Err(QueryError::new(position, "the query ends early", "a word"));
        };
        let kind = piece.kind.clone();
        self.at += 1;
        match kind {
            PieceKind::Not => {
                let inner = self.one(depth + 1)?;
                Ok(inner.map(|inner| Expression::Not(Box::new(inner))))
            }
            PieceKind::Open => {
                let inner = self.any_of(depth + 1)?;
                if self.peek() != Some(&PieceKind::Close) {
                    let message = "this parenthesis is never closed";
                    return Err(QueryError::new(position, message, "a closing `)`"));
                }
                self.at += 1;
                Ok(inner)
            }
            PieceKind::Quoted(text) => Ok(phrase(lower_tokens(&text))),
            PieceKind::Word(word) => bare_word(&word, position),
            PieceKind::Field { key, value } => field(key, value, position).map(Some),
            PieceKind::Close => Err(QueryError::new(position, "nothing before `)`", "a word")),
            PieceKind::Or => Err(QueryError::new(position, "nothing before `OR`", "a word")),
            PieceKind::And => Err(QueryError::new(position, "nothing before `AND`", "a word")),
        }
    }
}

fn joined(
    mut parts: Vec<Expression>,
    join: fn(Vec<Expression>) -> Expression,
) -> Option<Expression> {
    if parts.len() > 1 {
        return Some(join(parts));
    }
    parts.pop()
}

fn phrase(words: Vec<String>) -> Option<Expression> {
    (!words.is_empty()).then_some(Expression::Phrase(words))
}

fn bare_word(word: &str, position: usize) -> Parsed {
    let Some(start) = word.strip_suffix('*') else {
        return inner_star(word, position).map(|()| phrase(lower_tokens(word)));
    };
    inner_star(start, position)?;
    let mut words = lower_tokens(start);
    if !start.bytes().last().is_some_and(is_token_byte) {
        return Ok(phrase(words));
    }
    let prefix = words.pop().map(Expression::Prefix);
    let parts = phrase(words).into_iter().chain(prefix).collect();
    Ok(joined(parts, Expression::And))
}

/// A star within a word asks for something the language does not have; stars alone are separators.
fn inner_star(word: &str, position: usize) -> Result<(), QueryError> {
    let trimmed = word.trim_end_matches('*');
    match trimmed.trim_start_matches('*').find('*') {
        Some(_) => {
            let message = "a `*` within a word";
            Err(QueryError::new(
                position,
                message,
                "a `*` at the end of a word only",
            ))
        }
        None => Ok(()),
    }
}

fn field(key: String, value: Value, position: usize) -> Result<Expression, QueryError> {
    let position = position + key.chars().count() + 1;
    let test = match value {
        Value::Quoted(text) => FieldTest::Equals(text),
        Value::Range(low, high) => FieldTest::Range {
            low: Some(end_of(&key, &low, false, position)?),
            high: Some(end_of(&key, &high, true, position)?),
        },
        Value::Bare(text) => bare_test(&key, &text, position)?,
    };
    Ok(Expression::Field { key, test })
}

fn bare_test(key: &str, text: &str, position: usize) -> Result<FieldTest, QueryError> {
    if text == "*" {
        return Ok(FieldTest::Exists);
    }
    for (sign, belongs) in [(">=", true), ("<=", true), (">", false), ("<", false)] {
        let Some(number) = text.strip_prefix(sign) else {
            continue;
        };
        let is_low = sign.starts_with('>');
        // `>=warn` begins where the band begins, `>warn` where it ends.
        let (end, _) = end_of(key, number, is_low != belongs, position + sign.len())?;
        let (low, high) = match is_low {
            true => (Some((end, belongs)), None),
            false => (None, Some((end, belongs))),
        };
        return Ok(FieldTest::Range { low, high });
    }
    Ok(match text.strip_suffix('*') {
        Some(prefix) => FieldTest::StartsWith(prefix.into()),
        None => FieldTest::Equals(text.into()),
    })
}

/// One end of a range. The words of severities stand for the first or last number of their band.
fn end_of(
    key: &str,
    text: &str,
    is_band_end: bool,
    position: usize,
) -> Result<(f64, bool), QueryError> {
    if let Some(number) = number_of(text.as_bytes()) {
        return Ok((number, true));
    }
    if key != "severity" {
        return Err(QueryError::new(
            position,
            &format!("`{text}` is no number"),
            "a number",
        ));
    }
    let Some(severity) = Severity::from_word(text) else {
        let message = format!("`{text}` is no severity");
        let expected = "trace, debug, info, warn, error, fatal or a number";
        return Err(QueryError::new(position, &message, expected));
    };
    let number = severity.number();
    let is_band_start = number % 4 == 1;
    let number = if is_band_end && is_band_start {
        number + 3
    } else {
        number
    };
    Ok((f64::from(number), true))
}
