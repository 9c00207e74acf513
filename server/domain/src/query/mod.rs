//! What people ask of the logs: the query language's tree, its parser, and what a token is.
//!
//! [`parse`] turns text into an [`Expression`]; [`matches`] says whether one record satisfies it.
//! The latter is the plain scan that every log store must agree with.

mod attributes;
mod highlight;
mod lexer;
mod matcher;
mod parser;
#[cfg(test)]
mod tests;
mod tokens;

pub use attributes::{AttributeSource, slot_text, slot_value, typed_value};
pub use highlight::highlight;
pub use matcher::{RecordView, matches, number_of, phrase_in, test_severity, test_text};
pub use parser::{NESTING_MAX, QueryError, TEXT_BYTES_MAX, parse};
pub use tokens::{Tokens, is_token_byte, lower_tokens, starts_with_lower, tokens};

/// A query over log records. Words are compared token by token, ASCII case aside.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Every record.
    All,
    /// All of them hold.
    And(Vec<Expression>),
    /// At least one of them holds.
    Or(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// The body holds these tokens in a row. A single word is a phrase of one; lower case.
    Phrase(Vec<String>),
    /// The body holds a token that begins with this; lower case.
    Prefix(String),
    /// A field (or attribute) compares to a value.
    Field {
        /// `source`, `host`, `severity`, `template`, `trace_id`, `span_id`, `id` or an attribute.
        key: String,
        /// How it compares.
        test: FieldTest,
    },
}

/// How a field compares to what was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldTest {
    /// The value is this text, ASCII case aside.
    Equals(String),
    /// The value begins with this text, ASCII case aside.
    StartsWith(String),
    /// The field is there.
    Exists,
    /// The value is a number (or a severity by its number) in this range, ends as said.
    Range {
        /// Lower end and whether it belongs.
        low: Option<(f64, bool)>,
        /// Upper end and whether it belongs.
        high: Option<(f64, bool)>,
    },
}
