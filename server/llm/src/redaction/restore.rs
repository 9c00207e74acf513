//! Puts values back where their placeholders stand, also in pieces of a text as they arrive.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tocsin_domain::ports::ModelError;

use super::json::escaped;

/// What stands for what.
#[derive(Clone, Default)]
pub(crate) struct Originals {
    values: Arc<HashMap<String, String>>,
    /// The length of the longest placeholder, in bytes.
    length_max: usize,
}

impl fmt::Debug for Originals {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Originals").finish_non_exhaustive()
    }
}

impl Originals {
    pub(super) fn new(pairs: impl Iterator<Item = (String, String)>) -> Self {
        let values: HashMap<String, String> = pairs.collect();
        let length_max = values.keys().map(String::len).max().unwrap_or(0);
        Self {
            values: Arc::new(values),
            length_max,
        }
    }

    pub(crate) fn restore(&self, text: &str) -> String {
        let mut restorer = Restorer::new(self.clone(), Writing::Plain);
        restorer.push(text) + &restorer.finish()
    }

    /// An object of JSON with the values back in its strings; as it was if it is none.
    pub(crate) fn restore_json(&self, text: &str) -> String {
        if self.values.is_empty() || !text.contains('<') && !text.contains('\\') {
            return text.to_owned();
        }
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => self.restore_value(value).to_string(),
            Err(_) => text.to_owned(),
        }
    }

    /// The error with values back in what it says.
    pub(crate) fn restore_error(&self, error: ModelError) -> ModelError {
        match error {
            ModelError::Unavailable {
                retry_after_secs,
                detail,
            } => ModelError::Unavailable {
                retry_after_secs,
                detail: self.restore(&detail),
            },
            ModelError::Refused { detail } => ModelError::Refused {
                detail: self.restore(&detail),
            },
            ModelError::BadRequest { detail } => ModelError::BadRequest {
                detail: self.restore(&detail),
            },
            ModelError::Malformed { detail, text } => ModelError::Malformed {
                detail: self.restore(&detail),
                text: self.restore(&text),
            },
            other => other,
        }
    }

    fn restore_value(&self, value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.restore(&text)),
            Value::Array(values) => Value::Array(
                values
                    .into_iter()
                    .map(|value| self.restore_value(value))
                    .collect(),
            ),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                Value::Object(
                    fields
                        .map(|(key, value)| (self.restore(&key), self.restore_value(value)))
                        .collect(),
                )
            }
            other => other,
        }
    }
}

/// How values are written back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// As they are.
    Plain,
    /// As within a string of JSON.
    Json,
}

/// Puts values back in a text that arrives in pieces.
#[derive(Debug)]
pub(crate) struct Restorer {
    originals: Originals,
    writing: Writing,
    /// The end of what arrived, if it may be the begin of a placeholder.
    held: String,
}

impl Restorer {
    pub(crate) const fn new(originals: Originals, writing: Writing) -> Self {
        Self {
            originals,
            writing,
            held: String::new(),
        }
    }

    /// The next piece with values back; what may be a placeholder that is cut is kept for later.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        if self.originals.values.is_empty() {
            return piece.to_owned();
        }
        let text = std::mem::take(&mut self.held) + piece;
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let name = rest[1..].find(|c| !is_of_name(c));
            match name {
                // It is cut off, unless it is longer than any of ours.
                None if rest.len() < self.originals.length_max => {
                    self.held = rest.to_owned();
                    return out;
                }
                Some(length) if rest[1 + length..].starts_with('>') => {
                    let whole = &rest[..length + 2];
                    match self.originals.values.get(whole) {
                        Some(value) if self.writing == Writing::Json => {
                            out.push_str(&escaped(value));
                        }
                        Some(value) => out.push_str(value),
                        None => out.push_str(whole),
                    }
                    rest = &rest[length + 2..];
                }
                _ => {
                    out.push('<');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// What was kept, when nothing follows.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}
