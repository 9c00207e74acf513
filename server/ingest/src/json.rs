//! A reader of JSON that borrows: text comes as slices of the input unless it holds escapes, numbers
//! as their digits, members in their order. It is lenient where that loses nothing (control
//! characters and bytes that are not UTF-8 within strings, lone surrogates) and says where and
//! what it expected otherwise. Nesting is bounded.

use std::borrow::Cow;

/// How deep values may nest.
const DEPTH_MAX: u32 = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as written; they parse as a finite `f64`.
    Number(&'a str),
    /// Unescaped; not always UTF-8.
    Text(Cow<'a, [u8]>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, [u8]>, Json<'a>)>),
}

/// Where the reader stopped and what should have been there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonError {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

impl<'a> Json<'a> {
    /// The member `key` of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(name, _)| name.as_ref() == key.as_bytes())
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Writes the value as compact JSON text; bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(true) => out.extend_from_slice(b"true"),
            Json::Bool(false) => out.extend_from_slice(b"false"),
            Json::Number(digits) => out.extend_from_slice(digits.as_bytes()),
            Json::Text(text) => write_text(text, out),
            Json::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Json::Object(members) => {
                out.push(b'{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_text(key, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// Writes a string with quotes and escapes.
pub(crate) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if control < ' ' => {
                out.extend_from_slice(format!("\\u{:04x}", control as u32).as_bytes());
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// A place in the input.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, not taken.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes `byte` if it is next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    pub(crate) const fn error(&self, expected: &'static str) -> JsonError {
        JsonError {
            at: self.at,
            expected,
        }
    }

    /// Reads a value of any kind.
    pub(crate) fn value(&mut self) -> Result<Json<'a>, JsonError> {
        self.nested(DEPTH_MAX)
    }

    fn nested(&mut self, depth: u32) -> Result<Json<'a>, JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word(b"true", Json::Bool(true)),
            Some(b'f') => self.word(b"false", Json::Bool(false)),
            Some(b'n') => self.word(b"null", Json::Null),
            _ => Err(self.error("a JSON value")),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Json<'a>, JsonError> {
        if depth == 0 {
            return Err(self.error("at most 64 levels of nesting"));
        }
        self.at += 1;
        let mut members = Vec::new();
        while let Some(key) = self.key(members.is_empty())? {
            members.push((key, self.nested(depth - 1)?));
        }
        Ok(Json::Object(members))
    }

    /// Reads the next member's name and colon, or the end of the object. Call it after `{` with
    /// `first`, and after each value without.
    #[inline]
    pub(crate) fn key(&mut self, first: bool) -> Result<Option<Cow<'a, [u8]>>, JsonError> {
        if self.eat(b'}') {
            return Ok(None);
        }
        if !first {
            self.expect(b',', "`,` or `}`")?;
        }
        if self.peek() != Some(b'"') {
            return Err(self.error("a member name in quotes"));
        }
        let key = self.string()?;
        self.expect(b':', "`:`")?;
        Ok(Some(key))
    }

    fn array(&mut self, depth: u32) -> Result<Json<'a>, JsonError> {
        if depth == 0 {
            return Err(self.error("at most 64 levels of nesting"));
        }
        self.at += 1;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.nested(depth - 1)?);
            if self.eat(b']') {
                return Ok(Json::Array(items));
            }
            self.expect(b',', "`,` or `]`")?;
        }
    }

    fn word(&mut self, word: &'static [u8], value: Json<'a>) -> Result<Json<'a>, JsonError> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.error("a JSON value"))
        }
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let rest = &self.bytes[self.at..];
        let end = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let number = std::str::from_utf8(&rest[..end])
            .ok()
            .filter(|digits| digits.parse::<f64>().is_ok_and(f64::is_finite));
        match number {
            Some(digits) => {
                self.at += end;
                Ok(digits)
            }
            None => Err(self.error("a number")),
        }
    }

    /// Reads a string; the cursor is at its opening quote.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'a, [u8]>, JsonError> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(end) if rest[end] == b'"' => {
                self.at = start + end + 1;
                Ok(Cow::Borrowed(&rest[..end]))
            }
            Some(escape) => self.escaped(start, escape).map(Cow::Owned),
            None => Err(self.unterminated()),
        }
    }

    const fn unterminated(&mut self) -> JsonError {
        self.at = self.bytes.len();
        self.error("`\"` that ends the string")
    }

    /// Reads the rest of a string whose first escape is at `first` of what follows `start`.
    fn escaped(&mut self, start: usize, first: usize) -> Result<Vec<u8>, JsonError> {
        let mut text = Vec::with_capacity(first + 64);
        text.extend_from_slice(&self.bytes[start..start + first]);
        self.at = start + first;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => self.escape(&mut text)?,
                Some(_) => {
                    let rest = &self.bytes[self.at..];
                    let run = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    text.extend_from_slice(&rest[..run]);
                    self.at += run;
                }
                None => return Err(self.unterminated()),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), JsonError> {
        let byte = match self.bytes.get(self.at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'u') => {
                let character = self.unicode()?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.error("an escape of JSON after `\\`")),
        };
        text.push(byte);
        self.at += 2;
        Ok(())
    }

    /// Reads `\uXXXX`, or two of them that are a pair of surrogates; a lone one is U+FFFD.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hex4(self.at + 2)?;
        self.at += 6;
        if (0xd800..0xdc00).contains(&first)
            && self.bytes[self.at..].starts_with(b"\\u")
            && let Ok(second @ 0xdc00..0xe000) = self.hex4(self.at + 2)
        {
            self.at += 6;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&self, at: usize) -> Result<u32, JsonError> {
        let digits = self.bytes.get(at..at + 4).unwrap_or_default();
        let valid = digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit);
        std::str::from_utf8(digits)
            .ok()
            .filter(|_| valid)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or(self.error("four hexadecimal digits after `\\u`"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Json<'_>, JsonError> {
        let mut cursor = Cursor::new(text.as_bytes());
        let value = cursor.value()?;
        match cursor.peek() {
            None => Ok(value),
            Some(_) => Err(cursor.error("the end")),
        }
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [
            r#"{"a":1,"b":[true,false,null,-1.5e3],"c":{"d":"x\n\"\\\/é😀"}}"#,
            "[]",
            "{}",
            r#""""#,
            " [ 1 , 2 ] ",
        ] {
            let mut ours = Vec::new();
            read(text).unwrap().write(&mut ours);
            let theirs: serde_json::Value = serde_json::from_str(text).unwrap();
            let again: serde_json::Value = serde_json::from_slice(&ours).unwrap();
            assert_eq!(again, theirs, "{text}");
        }
    }

    #[test]
    fn says_where_it_stopped_and_what_it_expected() {
        let error = read(r#"{"a" 1}"#).unwrap_err();
        assert_eq!((error.at, error.expected), (5, "`:`"));
        let error = read(r#"{"a":1"#).unwrap_err();
        assert_eq!((error.at, error.expected), (6, "`,` or `}`"));
        assert_eq!(read(r#""abc"#).unwrap_err().at, 4);
        assert!(read("NaN").is_err());
        assert!(read("1e999").is_err());
        assert!(read(&"[".repeat(100_000)).is_err());
        assert_eq!(
            read(r#""\ud800x""#).unwrap().text(),
            Some("\u{fffd}x".as_bytes())
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_agrees_with_serde_json(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut cursor = Cursor::new(&bytes);
            let _ = cursor.value();
            if let Ok(text) = std::str::from_utf8(&bytes)
                && serde_json::from_str::<serde_json::Value>(text).is_ok()
            {
                prop_assert!(read(text).is_ok());
            }
        }

        #[test]
        fn text_comes_back(text in ".*") {
            let json = serde_json::to_string(&text).unwrap();
            let value = read(&json).unwrap();
            prop_assert_eq!(value.text(), Some(text.as_bytes()));
            let mut ours = Vec::new();
            write_text(text.as_bytes(), &mut ours);
            prop_assert_eq!(serde_json::from_slice::<String>(&ours).unwrap(), text);
        }
    }
}
