//! Where a record's attributes come from: those that came beside the body, then those that the
//! slots of its template read from the body.

use std::borrow::Cow;
use std::sync::Arc;

use crate::batch::ValueType;
use crate::record::{LogRecord, Value};
use crate::template::{ParsedBatch, Slot, VariableKind};

/// A record's attributes, read where they lie.
#[derive(Debug, Clone, Copy)]
pub enum AttributeSource<'a> {
    /// There are none.
    None,
    /// Those of record `index` of a parsed batch.
    Parsed(&'a ParsedBatch, usize),
    /// Those of a whole record.
    Record(&'a LogRecord),
    /// Keys and the texts of their values, byte for byte.
    Texts(&'a [(Arc<str>, Vec<u8>)]),
}

impl<'a> AttributeSource<'a> {
    /// True if `test` holds for any value of the attribute `key`.
    pub fn any(self, key: &str, mut test: impl FnMut(&[u8]) -> bool) -> bool {
        match self {
            Self::None => false,
            Self::Parsed(parsed, index) => {
                let batch = &parsed.batch;
                batch
                    .attributes(&batch.records[index])
                    .any(|(name, _, value)| **name == *key && test(value))
                    || parsed
                        .template(index)
                        .slots
                        .iter()
                        .zip(parsed.variables(index))
                        .any(|(slot, variable)| {
                            slot.key.as_deref() == Some(key) && test(&slot_text(variable))
                        })
            }
            Self::Record(record) => record
                .attributes
                .iter()
                .any(|(name, value)| **name == *key && test(&value_text(value))),
            Self::Texts(texts) => texts
                .iter()
                .any(|(name, text)| **name == *key && test(text)),
        }
    }
}

/// The text of an attribute's value.
fn value_text(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::Text(text) => Cow::Borrowed(text.as_bytes()),
        Value::Integer(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Float(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Bool(value) => Cow::Owned(value.to_string().into_bytes()),
    }
}

/// The text that a variable of a slot with a key means: quotes stripped and, between double
/// quotes, the escapes of JSON undone.
#[must_use]
pub fn slot_text(variable: &[u8]) -> Cow<'_, [u8]> {
    match variable {
        [b'"', inner @ .., b'"'] if inner.contains(&b'\\') => Cow::Owned(unescape(inner)),
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Cow::Borrowed(inner),
        _ => Cow::Borrowed(variable),
    }
}

/// The value that a variable of a slot with a key means. Only text that a number or boolean would
/// print again exactly becomes one, so that `007` stays text.
#[must_use]
pub fn slot_value(slot: &Slot, variable: &[u8]) -> Value {
    let text = slot_text(variable);
    let is_quoted = text.len() != variable.len();
    if !is_quoted && slot.kind != VariableKind::Quoted {
        for value_type in [ValueType::Integer, ValueType::Float, ValueType::Bool] {
            let value = typed_value(value_type, &text);
            if !matches!(value, Value::Text(_)) {
                return value;
            }
        }
    }
    typed_value(ValueType::Text, &text)
}

/// The value of a type from its text; [`Value::Text`] if the text would not come back the same.
#[must_use]
pub fn typed_value(value_type: ValueType, text: &[u8]) -> Value {
    let readable = String::from_utf8_lossy(text);
    let value = match value_type {
        ValueType::Text => None,
        ValueType::Integer => readable.parse().ok().map(Value::Integer),
        ValueType::Float => readable
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(Value::Float),
        ValueType::Bool => readable.parse().ok().map(Value::Bool),
    };
    match value {
        Some(value) if *value_text(&value) == *text => value,
        _ => Value::Text(readable.into_owned()),
    }
}

fn unescape(inner: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        if inner[at] != b'\\' || at + 1 == inner.len() {
            text.push(inner[at]);
            at += 1;
            continue;
        }
        let escaped = inner[at + 1];
        at += 2;
        match escaped {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => at += unescape_unicode(&inner[at..], &mut text),
            other => text.push(other),
        }
    }
    text
}

/// Reads what follows `\u`, with the low half of a surrogate pair, and returns its length.
fn unescape_unicode(rest: &[u8], text: &mut Vec<u8>) -> usize {
    let hex = |digits: Option<&[u8]>| {
        let digits = std::str::from_utf8(digits?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut length = 4;
    let code = hex(rest.get(..4)).map(|high| {
        let low = (rest.get(4..6) == Some(b"\\u"))
            .then(|| hex(rest.get(6..10)))
            .flatten();
        match low {
            Some(low) if (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low) => {
                length = 10;
                0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            _ => high,
        }
    });
    let Some(code) = code else {
        text.extend_from_slice(b"\\u");
        return 0;
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    length
}

/// All attributes of record `index` of a parsed batch, in the order people see them.
#[must_use]
pub(super) fn all_of(parsed: &ParsedBatch, index: usize) -> Vec<(Arc<str>, Value)> {
    let batch = &parsed.batch;
    let beside = batch
        .attributes(&batch.records[index])
        .map(|(key, value_type, text)| (Arc::clone(key), typed_value(value_type, text)));
    let read = parsed
        .template(index)
        .slots
        .iter()
        .zip(parsed.variables(index))
        .filter_map(|(slot, variable)| {
            let key = slot.key.as_ref()?;
            Some((Arc::clone(key), slot_value(slot, variable)))
        });
    beside.chain(read).collect()
}

impl ParsedBatch {
    /// Record `index` whole, as people see it.
    #[must_use]
    pub fn record(&self, index: usize) -> LogRecord {
        let batch = &self.batch;
        let entry = &batch.records[index];
        let trace = (entry.trace as usize)
            .checked_sub(1)
            .and_then(|at| batch.traces.get(at));
        LogRecord {
            id: batch.record_id(index),
            timestamp: entry.timestamp,
            observed: batch.observed,
            source: Arc::clone(&batch.source),
            host: Arc::clone(&batch.hosts[entry.host as usize]),
            severity: entry.severity,
            body: batch.body(entry).to_vec(),
            attributes: all_of(self, index),
            trace_id: trace.map(|(trace, _)| *trace),
            span_id: trace.and_then(|(_, span)| *span),
            template: self.template(index).id,
            issues: entry.issues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_stripped_and_escapes_undone() {
        assert_eq!(
            &*slot_text(br#""a\n\"b\" \u00e9 \ud83d\ude00""#),
            "a\n\"b\" é 😀".as_bytes()
        );
        assert_eq!(&*slot_text(b"'it\\n'"), b"it\\n");
        assert_eq!(&*slot_text(b"plain"), b"plain");
        assert_eq!(
            &*slot_text(br#""\ud83d x \uZZ""#),
            "\u{fffd} x \\uZZ".as_bytes()
        );
        assert_eq!(&*slot_text(b"\""), b"\"");
    }

    #[test]
    fn only_text_that_comes_back_the_same_becomes_a_number() {
        let slot = Slot {
            kind: VariableKind::Any,
            key: Some(Arc::from("k")),
        };
        assert_eq!(slot_value(&slot, b"30000"), Value::Integer(30000));
        assert_eq!(slot_value(&slot, b"007"), Value::Text("007".into()));
        assert_eq!(slot_value(&slot, b"0.5"), Value::Float(0.5));
        assert_eq!(slot_value(&slot, b"true"), Value::Bool(true));
        assert_eq!(slot_value(&slot, b"\"5\""), Value::Text("5".into()));
        assert_eq!(slot_value(&slot, b"inf"), Value::Text("inf".into()));
    }
}
