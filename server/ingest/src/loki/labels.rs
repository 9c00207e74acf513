//! Reads a set of labels as Prometheus and Loki write it: `{app="web", path="a\"b"}`.

/// Reads the labels, or says at which byte which sign was expected.
pub(super) fn parse(text: &str) -> Result<Vec<(&str, String)>, (usize, &'static str)> {
    let mut reader = Reader { text, at: 0 };
    let mut labels = Vec::new();
    reader.expect('{', "`{`")?;
    while !reader.eat('}') {
        if !labels.is_empty() {
            reader.expect(',', "`,` or `}`")?;
            // A comma may follow the last label.
            if reader.eat('}') {
                break;
            }
        }
        let name = reader.name()?;
        reader.expect('=', "`=`")?;
        labels.push((name, reader.value()?));
    }
    reader.skip_space();
    if reader.at == text.len() {
        Ok(labels)
    } else {
        Err((reader.at, "the end after `}`"))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, sign: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, sign: char, what: &'static str) -> Result<(), (usize, &'static str)> {
        if self.eat(sign) {
            Ok(())
        } else {
            Err((self.at, what))
        }
    }

    fn name(&mut self) -> Result<&'a str, (usize, &'static str)> {
        self.skip_space();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '-')))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err((self.at, "the name of a label"));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// Text in double quotes with the escapes of Go, or as it is in backquotes.
    fn value(&mut self) -> Result<String, (usize, &'static str)> {
        if self.eat('`') {
            let rest = self.rest();
            let end = rest.find('`').ok_or((self.text.len(), "a backquote"))?;
            self.at += end + 1;
            return Ok(rest[..end].into());
        }
        self.expect('"', "a value in quotes")?;
        let mut value = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => {
                    let escaped = escape(&mut characters);
                    value.push(escaped.ok_or((self.at + at, "an escape of Go after `\\`"))?);
                }
                other => value.push(other),
            }
        }
        Err((self.text.len(), "`\"` that ends the value"))
    }
}

fn escape(characters: &mut std::str::CharIndices<'_>) -> Option<char> {
    let digits = |characters: &mut std::str::CharIndices<'_>, count, radix| {
        let mut code = 0;
        for _ in 0..count {
            code = code * radix + characters.next()?.1.to_digit(radix)?;
        }
        char::from_u32(code)
    };
    Some(match characters.next()?.1 {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        same @ ('"' | '\\' | '\'') => same,
        'x' => return digits(characters, 2, 16),
        'u' => return digits(characters, 4, 16),
        'U' => return digits(characters, 8, 16),
        first @ '0'..='3' => {
            let high = first.to_digit(8)? * 64;
            let middle = characters.next()?.1.to_digit(8)? * 8;
            return char::from_u32(high + middle + characters.next()?.1.to_digit(8)?);
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_with_escapes_and_spaces_are_read() {
        let labels = parse(r#"{app="tl", path = "a\"b\\c\nd" ,utf="\u00e9", raw=`x\y`,}"#).unwrap();
        let expected = [
            ("app", "tl"),
            ("path", "a\"b\\c\nd"),
            ("utf", "é"),
            ("raw", "x\\y"),
        ];
        assert!(labels.iter().map(|(k, v)| (*k, v.as_str())).eq(expected));
        assert_eq!(parse("{}"), Ok(vec![]));
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, at, what) in [
            ("", 0, "`{`"),
            ("{app}", 4, "`=`"),
            ("{app=\"x}", 8, "`\"` that ends the value"),
            ("{app=\"x\" job=\"y\"}", 9, "`,` or `}`"),
            ("{app=\"\\q\"}", 6, "an escape of Go after `\\`"),
            ("{} x", 3, "the end after `}`"),
        ] {
            assert_eq!(parse(text), Err((at, what)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = parse(&text);
            let _ = parse(&format!("{{a=\"{text}\"}}"));
        }

        #[test]
        fn values_come_back(name in "[a-z_]{1,8}", value in ".*") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let text = format!("{{{name}=\"{escaped}\"}}");
            prop_assert_eq!(parse(&text), Ok(vec![(name.as_str(), value)]));
        }
    }
}
