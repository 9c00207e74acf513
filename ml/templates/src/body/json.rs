//! JSON objects, scanned by hand: strings are left escaped, nothing is decoded.

use super::{Key, Outline, Record};
use crate::VariableKind;
use crate::scan::Sink;

/// Objects inside objects that are looked into; deeper ones are one variable.
const MAX_DEPTH: usize = 8;

/// Scans a line that is one JSON object and nothing else; false when it is not.
pub(super) fn scan(line: &[u8], limit: usize, sink: &mut Sink<'_>, outline: &mut Outline) -> bool {
    let mut record = Record {
        sink,
        outline,
        limit,
        over: false,
    };
    let mut json = Json { line, at: 0 };
    let whole = json.object(&mut record, "", 0).is_some();
    json.blanks();
    whole && json.at == line.len() && !record.over
}

struct Json<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    #[inline]
    fn blanks(&mut self) {
        while matches!(self.line.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.line.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Range of the inside of a string.
    fn string(&mut self) -> Option<(usize, usize)> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match self.line.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some((start, self.at - 1));
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn object(&mut self, record: &mut Record<'_, '_>, path: &str, depth: usize) -> Option<()> {
        self.take(b'{')?;
        self.blanks();
        if self.line.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Some(());
        }
        loop {
            self.blanks();
            let (start, end) = self.string()?;
            self.take(b':')?;
            let key = Key {
                name: &self.line[start..end],
                path,
                top: depth == 0,
            };
            self.value(record, key, depth)?;
            self.blanks();
            match self.line.get(self.at)? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn value(&mut self, record: &mut Record<'_, '_>, key: Key<'_>, depth: usize) -> Option<()> {
        self.blanks();
        match self.line.get(self.at)? {
            b'"' => {
                let range = self.string()?;
                super::text(self.line, key, range, record);
            }
            b'{' if depth < MAX_DEPTH => {
                let path = match record.outline.wants_keys {
                    true => format!("{}{}.", key.path, String::from_utf8_lossy(key.name)),
                    false => String::new(),
                };
                return self.object(record, &path, depth + 1);
            }
            b'{' | b'[' => {
                let range = self.balanced()?;
                record.variable(key, range, VariableKind::Any);
            }
            _ => {
                let range = self.scalar()?;
                let kind = crate::scan::value::kind(&self.line[range.0..range.1]);
                let null = &self.line[range.0..range.1] == b"null";
                record.variable(key, range, if null { VariableKind::Any } else { kind });
            }
        }
        Some(())
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        while self.line.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        let text = &self.line[start..self.at];
        let first = *text.first()?;
        let word = matches!(text, b"true" | b"false" | b"null");
        (word || first == b'-' || first.is_ascii_digit()).then_some((start, self.at))
    }

    /// Range of an array or object with all it holds.
    fn balanced(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.line.get(self.at)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Some((start, self.at));
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Miner, MinerConfig};

    fn check(line: &str, pattern: &str, keys: &[Option<&str>]) {
        let mut miner = Miner::new(MinerConfig::default());
        let mut variables = Vec::new();
        for _ in 0..2 {
            let index = miner.parse(line.as_bytes(), &mut variables);
            let template = miner.template(index);
            assert_eq!(template.pattern(), pattern);
            let found: Vec<Option<&str>> =
                template.slots.iter().map(|s| s.key.as_deref()).collect();
            assert_eq!(found, keys);
            let line_again = template
                .assemble(|i| &line.as_bytes()[variables[i].0 as usize..variables[i].1 as usize]);
            assert_eq!(line_again, line.as_bytes());
        }
    }

    #[test]
    fn members_are_variables_with_their_names() {
        check(
            r#"{"level":"info","msg":"took 12 ms","http":{"status":200,"path":"/a/b"}, "ok":true}"#,
            r#"{"level":"info","msg":"took <num> ms","http":{"status":<num>,"path":"<path>"}, "ok":<bool>}"#,
            &[None, Some("http.status"), Some("http.path"), Some("ok")],
        );
    }

    #[test]
    fn arrays_escapes_and_duplicates_are_kept() {
        check(
            r#"{"a":[1,"]",{"b":2}],"a":"say \"hi\" now","n":null}"#,
            r#"{"a":<*>,"a":"<quoted>","n":<*>}"#,
            &[Some("a"), Some("a"), Some("n")],
        );
    }

    #[test]
    fn broken_objects_are_prose() {
        check(r#"{"a": oops 12}"#, r#"{"a": oops <num>}"#, &[None]);
        check(r#"{"a":1} 7"#, r#"{"a":<num>} <num>"#, &[None, None]);
    }
}
