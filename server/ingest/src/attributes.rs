//! The attributes of one record while it is decoded: names, types and texts in one buffer.

use tocsin_domain::batch::ValueType;

use crate::json::Json;
use crate::limits::Limits;

/// The most bytes of an attribute's name; a longer one is cut.
const KEY_BYTES_MAX: usize = 256;
/// How deep objects are flattened; what is deeper stays JSON text.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Entry {
    key_end: u32,
    value_type: ValueType,
    value_end: u32,
}

/// Attributes in the order they came. Where a name comes twice, the later one holds.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    /// Names and texts after one another; all of it UTF-8.
    buffer: Vec<u8>,
    entries: Vec<Entry>,
    path: Vec<u8>,
    dropped: bool,
}

/// A state to come back to, so that records of one resource share its attributes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    entries: usize,
    buffer: usize,
    dropped: bool,
}

impl Attributes {
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.entries.clear();
        self.dropped = false;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// True if attributes were left out or cut since the last clear.
    pub(crate) const fn dropped(&self) -> bool {
        self.dropped
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            entries: self.entries.len(),
            buffer: self.buffer.len(),
            dropped: self.dropped,
        }
    }

    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.entries.truncate(mark.entries);
        self.buffer.truncate(mark.buffer);
        self.dropped = mark.dropped;
    }

    /// Adds one attribute; bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn push(
        &mut self,
        key: &[u8],
        value_type: ValueType,
        value: &[u8],
        limits: &Limits,
    ) {
        if self.entries.len() >= limits.attributes_max {
            self.dropped = true;
            return;
        }
        self.dropped |= key.len() > KEY_BYTES_MAX || value.len() > limits.attribute_bytes_max;
        store(&mut self.buffer, key, KEY_BYTES_MAX);
        let key_end = self.buffer.len() as u32;
        store(&mut self.buffer, value, limits.attribute_bytes_max);
        self.entries.push(Entry {
            key_end,
            value_type,
            value_end: self.buffer.len() as u32,
        });
    }

    pub(crate) fn text(&mut self, key: &str, value: &[u8], limits: &Limits) {
        self.push(key.as_bytes(), ValueType::Text, value, limits);
    }

    pub(crate) fn integer(&mut self, key: &str, value: i64, limits: &Limits) {
        let digits = value.to_string();
        self.push(
            key.as_bytes(),
            ValueType::Integer,
            digits.as_bytes(),
            limits,
        );
    }

    /// Adds a value of JSON: objects are flattened with dots, arrays become JSON text, null is
    /// left out.
    pub(crate) fn json(&mut self, key: &[u8], value: &Json<'_>, limits: &Limits) {
        match value {
            Json::Text(text) => self.push(key, ValueType::Text, text, limits),
            Json::Number(digits) => self.number(key, digits, limits),
            Json::Bool(true) => self.push(key, ValueType::Bool, b"true", limits),
            Json::Bool(false) => self.push(key, ValueType::Bool, b"false", limits),
            Json::Null => {}
            Json::Array(_) | Json::Object(_) => {
                let mut path = std::mem::take(&mut self.path);
                path.clear();
                path.extend_from_slice(key);
                self.nested(&mut path, value, DEPTH_MAX, limits);
                self.path = path;
            }
        }
    }

    fn nested(&mut self, path: &mut Vec<u8>, value: &Json<'_>, depth: usize, limits: &Limits) {
        match value {
            Json::Object(members) if depth > 0 => {
                let length = path.len();
                for (key, value) in members {
                    if length > 0 {
                        path.push(b'.');
                    }
                    path.extend_from_slice(key);
                    self.nested(path, value, depth - 1, limits);
                    path.truncate(length);
                }
            }
            Json::Array(_) | Json::Object(_) => {
                let mut text = Vec::new();
                value.write(&mut text);
                self.push(path, ValueType::Text, &text, limits);
            }
            scalar => {
                let key = path.clone();
                self.json(&key, scalar, limits);
            }
        }
    }

    fn number(&mut self, key: &[u8], digits: &str, limits: &Limits) {
        if let Ok(integer) = digits.parse::<i64>() {
            // Written anew, because `-0` and `007` are not how a whole number is kept.
            self.push(
                key,
                ValueType::Integer,
                integer.to_string().as_bytes(),
                limits,
            );
        } else if let Ok(float) = digits.parse::<f64>() {
            self.push(key, ValueType::Float, float.to_string().as_bytes(), limits);
        }
    }

    /// What a batch takes, without those that a later one of the same name replaces.
    pub(crate) fn list(&self) -> Vec<(&str, ValueType, &[u8])> {
        let mut list: Vec<(&str, ValueType, &[u8])> = Vec::with_capacity(self.entries.len());
        let mut start = 0;
        for entry in &self.entries {
            let (key_end, value_end) = (entry.key_end as usize, entry.value_end as usize);
            let key = std::str::from_utf8(&self.buffer[start..key_end]).unwrap_or_default();
            let value = &self.buffer[key_end..value_end];
            start = value_end;
            match list.iter_mut().find(|(known, ..)| *known == key) {
                Some(known) => *known = (key, entry.value_type, value),
                None => list.push((key, entry.value_type, value)),
            }
        }
        list
    }
}

/// Appends at most `bytes_max` bytes of `text`, readable.
fn store(buffer: &mut Vec<u8>, text: &[u8], bytes_max: usize) {
    match std::str::from_utf8(text) {
        Ok(text) => {
            buffer.extend_from_slice(&text.as_bytes()[..text.floor_char_boundary(bytes_max)])
        }
        Err(_) => {
            let head = &text[..text.len().min(bytes_max)];
            let readable = String::from_utf8_lossy(head);
            let end = readable.floor_char_boundary(bytes_max);
            buffer.extend_from_slice(&readable.as_bytes()[..end]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Cursor;

    fn flattened(json: &str) -> Vec<(String, ValueType, String)> {
        let mut attributes = Attributes::default();
        let value = Cursor::new(json.as_bytes()).value().unwrap();
        attributes.json(b"", &value, &Limits::default());
        attributes
            .list()
            .into_iter()
            .map(|(key, kind, text)| (key.into(), kind, String::from_utf8(text.into()).unwrap()))
            .collect()
    }

    #[test]
    fn objects_are_flattened_and_arrays_kept_as_text() {
        let list = flattened(r#"{"a":{"b":1,"c":{"d":true}},"e":[1,{"f":"g"}],"h":1.50,"i":null}"#);
        assert_eq!(
            list,
            [
                ("a.b".into(), ValueType::Integer, "1".into()),
                ("a.c.d".into(), ValueType::Bool, "true".into()),
                ("e".into(), ValueType::Text, r#"[1,{"f":"g"}]"#.into()),
                ("h".into(), ValueType::Float, "1.5".into()),
            ]
        );
    }

    #[test]
    fn a_later_attribute_replaces_an_earlier_one_of_the_same_name() {
        let list = flattened(r#"{"a":1,"b":2,"a":3}"#);
        assert_eq!(list[0], ("a".into(), ValueType::Integer, "3".into()));
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn bounds_hold_and_text_is_cut_between_characters() {
        let limits = Limits {
            attributes_max: 2,
            attribute_bytes_max: 4,
            ..Limits::default()
        };
        let mut attributes = Attributes::default();
        attributes.text("a", "xyzä".as_bytes(), &limits);
        attributes.text("b", b"\xff\xfe", &limits);
        attributes.text("c", b"", &limits);
        assert!(attributes.dropped());
        let values: Vec<_> = attributes
            .list()
            .into_iter()
            .map(|(.., value)| value)
            .collect();
        assert_eq!(values, [b"xyz".as_slice(), "\u{fffd}".as_bytes()]);
    }
}
