//! Texts that are JSON: every string in them is looked at as what it says, not as it is written,
//! and the name of a field tells what its value is. Everything else stays as it was written.

use super::redactor::Redactor;

/// The fewest characters of a number that may be more than a number.
const NUMBER_CHARS_MIN: usize = 9;

/// Fields that tell what the value beside them is called.
const NAME_KEYS: [&str; 4] = ["name", "key", "Name", "Key"];
/// Fields with a value that is called as another field says.
const VALUE_KEYS: [&str; 2] = ["value", "Value"];

/// Whether a text is an object or a list as a whole.
pub(super) fn is_whole(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The text as it stands between the quotes of a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

impl Redactor {
    /// A text that [`is_whole`].
    pub(super) fn redact_json(&mut self, text: &str) -> String {
        let mut walk = Walk {
            redactor: self,
            out: String::with_capacity(text.len()),
            opened: Vec::new(),
            key: None,
        };
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = match c {
                '"' => walk.string(rest),
                '-' | '0'..='9' => walk.number(rest),
                _ => walk.mark(c),
            };
            rest = &rest[length..];
        }
        walk.out
    }
}

struct Walk<'a> {
    redactor: &'a mut Redactor,
    out: String,
    /// For each list that is open the key it is the value of; for each object the name that it
    /// gives itself, as in `{"name": "PASSWORD", "value": "…"}`.
    opened: Vec<Option<String>>,
    /// The key whose value comes next.
    key: Option<String>,
}

impl Walk<'_> {
    fn mark(&mut self, c: char) -> usize {
        self.out.push(c);
        match c {
            '{' => {
                self.key = None;
                self.opened.push(None);
            }
            '[' => self.opened.push(self.key.take()),
            '}' | ']' => {
                self.key = None;
                self.opened.pop();
            }
            _ => {}
        }
        c.len_utf8()
    }

    /// What the value that comes next is called.
    fn context(&mut self) -> Option<String> {
        let named = || self.opened.last().cloned().flatten();
        match self.key.take() {
            Some(key) if VALUE_KEYS.contains(&key.as_str()) => named().or(Some(key)),
            Some(key) => Some(key),
            None => named(),
        }
    }

    fn string(&mut self, rest: &str) -> usize {
        let length = quoted_length(rest);
        let token = &rest[..length];
        let Ok(said) = serde_json::from_str::<String>(token) else {
            self.out.push_str(token);
            return length;
        };
        let is_key = rest[length..].trim_start().starts_with(':');
        let is_name = self
            .key
            .as_ref()
            .is_some_and(|key| NAME_KEYS.contains(&key.as_str()));
        let context = if is_key { None } else { self.context() };
        if let Some(named) = self.opened.last_mut().filter(|_| is_name && !is_key) {
            *named = Some(said.clone());
        }
        let kind = context.and_then(|key| self.redactor.kind_of_value(&key, &said));
        let redacted = match kind {
            Some(kind) => self.redactor.placeholder(kind, &said),
            None => self.redactor.redact(&said),
        };
        if redacted == said {
            self.out.push_str(token);
        } else {
            self.out
                .push_str(&serde_json::Value::from(redacted).to_string());
        }
        if is_key {
            self.key = Some(said);
        }
        length
    }

    fn number(&mut self, rest: &str) -> usize {
        let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let length = rest.find(|c| !is_of_number(c)).unwrap_or(rest.len());
        let token = &rest[..length];
        let context = self.context();
        let kind = context.and_then(|key| self.redactor.kind_of_value(&key, token));
        let redacted = match kind {
            Some(kind) => self.redactor.placeholder(kind, token),
            None if length >= NUMBER_CHARS_MIN => self.redactor.redact_plain(token),
            None => token.to_owned(),
        };
        if redacted == token {
            self.out.push_str(token);
        } else {
            self.out
                .push_str(&serde_json::Value::from(redacted).to_string());
        }
        length
    }
}

/// The length of a string with its quotes.
fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
