//! JSON as fields with their lines. What is broken or cut off is read as far as it goes.

use crate::document::LineRef;
use crate::fields::Field;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 64;
/// The most fields of a document.
const FIELDS_MAX: usize = 200_000;

/// The fields of a JSON text whose first line is numbered `first` in a document.
pub(crate) fn read(text: &str, document: usize, first: u32) -> Vec<Field> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: first,
        document,
        path: Vec::new(),
        fields: Vec::new(),
    };
    while reader.at < reader.bytes.len() && reader.fields.len() < FIELDS_MAX {
        let before = reader.at;
        reader.value(0);
        reader.space();
        if reader.at == before {
            reader.at += 1;
        }
    }
    reader.fields
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    document: usize,
    path: Vec<String>,
    fields: Vec<Field>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line = self.line.saturating_add(1);
        }
        self.at += 1;
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.step();
        }
    }

    fn value(&mut self, depth: usize) {
        self.space();
        if depth > DEPTH_MAX || self.fields.len() >= FIELDS_MAX {
            return;
        }
        let line = self.line;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                let text = self.string();
                self.push(text, line);
            }
            Some(b'}' | b']' | b',' | b':') | None => {}
            Some(_) => {
                let start = self.at;
                let ends =
                    |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
                while self.peek().is_some_and(|byte| !ends(byte)) {
                    self.at += 1;
                }
                let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
                self.push(text, line);
            }
        }
    }

    fn push(&mut self, value: String, line: u32) {
        self.fields.push(Field {
            path: self.path.clone(),
            value,
            place: LineRef {
                document: self.document,
                line,
            },
        });
    }

    fn object(&mut self, depth: usize) {
        self.step();
        loop {
            self.space();
            match self.peek() {
                Some(b'}') => return self.step(),
                Some(b'"') => {
                    let key = self.string();
                    self.space();
                    if self.peek() == Some(b':') {
                        self.step();
                        self.path.push(key);
                        self.value(depth + 1);
                        self.path.pop();
                    }
                }
                Some(b',') => self.step(),
                // Not JSON: what follows is read anew.
                _ => return,
            }
        }
    }

    fn list(&mut self, depth: usize) {
        self.step();
        let mut item = 0_usize;
        loop {
            self.space();
            match self.peek() {
                Some(b']') => return self.step(),
                Some(b',') => self.step(),
                Some(b'}' | b':') | None => return,
                Some(_) => {
                    let before = self.at;
                    self.path.push(format!("[{item}]"));
                    self.value(depth + 1);
                    self.path.pop();
                    item += 1;
                    if self.at == before {
                        return;
                    }
                }
            }
        }
    }

    /// The string that begins here; escapes of unicode stay as they are written.
    fn string(&mut self) -> String {
        self.step();
        let mut out = String::new();
        let mut start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => break,
                b'\\' => {
                    out.push_str(self.text.get(start..self.at).unwrap_or_default());
                    self.at += 1;
                    match self.peek() {
                        Some(b'n' | b't' | b'r') => out.push(' '),
                        Some(b'u') => out.push_str("\\u"),
                        Some(escaped @ (b'"' | b'\\' | b'/')) => out.push(char::from(escaped)),
                        _ => {}
                    }
                    // What follows an escape may be the middle of a character only if the text is not JSON.
                    self.at += 1;
                    while !self.text.is_char_boundary(self.at.min(self.text.len())) {
                        self.at += 1;
                    }
                    start = self.at;
                    continue;
                }
                b'\n' => self.line = self.line.saturating_add(1),
                _ => {}
            }
            self.at += 1;
        }
        out.push_str(
            self.text
                .get(start..self.at.min(self.text.len()))
                .unwrap_or_default(),
        );
        self.at += 1;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String, u32)> {
        read(text, 0, 1)
            .into_iter()
            .map(|field| (field.path.join("/"), field.value, field.place.line))
            .collect()
    }

    fn row(path: &str, value: &str, line: u32) -> (String, String, u32) {
        (path.into(), value.into(), line)
    }

    #[test]
    fn every_value_has_its_path_and_line() {
        assert_eq!(
            told("{\n \"a\": [1, {\"b\": \"x\\ny \\\"q\\\"\"}],\n \"c\": null\n}\n[true]"),
            [
                row("a/[0]", "1", 2),
                row("a/[1]/b", "x y \"q\"", 2),
                row("c", "null", 3),
                row("[0]", "true", 5),
            ]
        );
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        assert_eq!(
            told("{\"a\": \"b\", \"c\": {\"d\": 5"),
            [row("a", "b", 1), row("c/d", "5", 1)]
        );
        assert_eq!(told("{\"a\": \"never ends"), [row("a", "never ends", 1)]);
        assert_eq!(told("}}]]::,,"), []);
    }
}
