//! The query language's text, cut into the pieces the parser puts together.

use super::parser::QueryError;

/// A piece of a query and where it begins, in characters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    pub(super) position: usize,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PieceKind {
    Open,
    Close,
    /// `-` before something, or `NOT`.
    Not,
    Or,
    And,
    /// Text in quotes, escapes undone.
    Quoted(String),
    /// Text without spaces.
    Word(String),
    /// `key:` and what follows it.
    Field {
        key: String,
        value: Value,
    },
}

/// What follows `key:`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A word: text, `prefix*`, `*` or a comparison.
    Bare(String),
    /// Text in quotes, escapes undone.
    Quoted(String),
    /// The two ends of `[low TO high]`.
    Range(String, String),
}

/// Cuts a query into pieces.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, QueryError> {
    let mut lexer = Lexer {
        chars: text.chars().collect(),
        at: 0,
    };
    let mut pieces = Vec::new();
    while let Some(piece) = lexer.piece()? {
        pieces.push(piece);
    }
    Ok(pieces)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    fn piece(&mut self) -> Result<Option<Piece>, QueryError> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let position = self.at;
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        let kind = match first {
            '(' => self.single(PieceKind::Open),
            ')' => self.single(PieceKind::Close),
            '"' => PieceKind::Quoted(self.quoted()?),
            '-' if self.begins_something() => self.single(PieceKind::Not),
            _ => self.word()?,
        };
        Ok(Some(Piece { kind, position }))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn single(&mut self, kind: PieceKind) -> PieceKind {
        self.at += 1;
        kind
    }

    /// A `-` negates only what follows it directly; alone it is a separator like any other.
    fn begins_something(&self) -> bool {
        self.chars
            .get(self.at + 1)
            .is_some_and(|next| !next.is_whitespace() && !matches!(next, '-' | ')'))
    }

    fn quoted(&mut self) -> Result<String, QueryError> {
        let position = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(next) = self.peek() {
            self.at += 1;
            match next {
                '"' => return Ok(text),
                '\\' if matches!(self.peek(), Some('"' | '\\')) => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                other => text.push(other),
            }
        }
        Err(QueryError::new(
            position,
            "this quote is never closed",
            "a closing `\"`",
        ))
    }

    fn word(&mut self) -> Result<PieceKind, QueryError> {
        if let Some(key) = self.key() {
            return self.field(key);
        }
        let word = self.until_break();
        Ok(match word.as_str() {
            "AND" => PieceKind::And,
            "OR" => PieceKind::Or,
            "NOT" => PieceKind::Not,
            _ => PieceKind::Word(word),
        })
    }

    /// Passes over `key:` and returns the key, if one stands here with a value after it.
    fn key(&mut self) -> Option<String> {
        let rest = &self.chars[self.at..];
        let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '/');
        let length = rest.iter().position(|c| !is_key(*c))?;
        let begins = rest
            .first()
            .is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '@'));
        let after = rest.get(length + 1);
        let has_value = after.is_some_and(|c| !c.is_whitespace() && !matches!(c, ':' | ')'));
        let is_url = rest.get(length + 1..length + 3) == Some(&['/', '/']);
        if !begins || rest.get(length) != Some(&':') || !has_value || is_url {
            return None;
        }
        let key = rest[..length].iter().collect();
        self.at += length + 1;
        Some(key)
    }

    fn field(&mut self, key: String) -> Result<PieceKind, QueryError> {
        let value = match self.peek() {
            Some('"') => Value::Quoted(self.quoted()?),
            Some('[') => self.range()?,
            Some('(') => {
                let found = "a field takes one value";
                return Err(QueryError::new(
                    self.at,
                    found,
                    "a value, as in `(a:1 OR a:2)`",
                ));
            }
            _ => Value::Bare(self.until_break()),
        };
        Ok(PieceKind::Field { key, value })
    }

    fn range(&mut self) -> Result<Value, QueryError> {
        let position = self.at;
        let rest = &self.chars[self.at + 1..];
        let inside = rest.iter().position(|c| *c == ']').map(|end| {
            self.at += end + 2;
            rest[..end].iter().collect::<String>()
        });
        inside
            .as_deref()
            .and_then(|inside| inside.split_once(" TO "))
            .map(|(low, high)| Value::Range(low.trim().into(), high.trim().into()))
            .ok_or_else(|| QueryError::new(position, "not a range", "`[low TO high]`"))
    }

    fn until_break(&mut self) -> String {
        let rest = &self.chars[self.at..];
        let length = rest
            .iter()
            .position(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"'))
            .unwrap_or(rest.len());
        self.at += length;
        rest[..length].iter().collect()
    }
}
