//! Indented keys and values: `kubectl describe`, YAML, `systemctl show` and their like.

use crate::document::LineRef;
use crate::fields::Field;

/// The deepest nesting that is kept.
const DEPTH_MAX: usize = 24;
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 80;

/// The fields of lines, each with its place in the document from 0.
pub(crate) fn read<'a>(
    lines: impl Iterator<Item = (usize, &'a str)>,
    document: usize,
) -> Vec<Field> {
    let mut outline = Outline {
        document,
        open: Vec::new(),
        fields: Vec::new(),
        items: Vec::new(),
    };
    for (at, line) in lines {
        let place = LineRef {
            document,
            line: u32::try_from(at + 1).unwrap_or(u32::MAX),
        };
        outline.line(line, place);
    }
    outline.fields
}

struct Outline {
    document: usize,
    /// The keys that are open, with their indentation.
    open: Vec<(usize, String)>,
    /// For each list that is open: the indentation of its items and how many there were.
    items: Vec<(usize, usize)>,
    fields: Vec<Field>,
}

impl Outline {
    fn line(&mut self, line: &str, place: LineRef) {
        let text = line.trim_end();
        let bare = text.trim_start_matches([' ', '\t']);
        if bare.is_empty() || bare.starts_with('#') || bare == "---" {
            return;
        }
        let mut indent = text.len() - bare.len();
        let mut rest = bare;
        while let Some(after) = rest
            .strip_prefix("- ")
            .or_else(|| (rest == "-").then_some(""))
        {
            self.item(indent);
            let inner = after.trim_start();
            indent += rest.len() - inner.len();
            rest = inner;
        }
        let Some((key, value)) = key_value(rest) else {
            self.loose(rest, indent, place);
            return;
        };
        self.close(indent);
        let path = self.path(key);
        self.fields.push(Field {
            path,
            value: unquoted(value).to_owned(),
            place,
        });
        if self.open.len() < DEPTH_MAX {
            self.open.push((indent, key.to_owned()));
        }
    }

    /// Begins an item of a list.
    fn item(&mut self, indent: usize) {
        // In YAML the items may stand as far left as the key of their list.
        while self
            .open
            .last()
            .is_some_and(|(open, key)| *open > indent || (*open == indent && key.starts_with('[')))
        {
            self.open.pop();
        }
        self.items.retain(|(open, _)| *open <= indent);
        let depth = self.open.len();
        let item = match self.items.last_mut() {
            Some((open, items)) if *open == indent => {
                *items += 1;
                *items
            }
            _ => {
                self.items.push((indent, 0));
                0
            }
        };
        if depth < DEPTH_MAX {
            self.open.push((indent, format!("[{item}]")));
        }
    }

    fn close(&mut self, indent: usize) {
        while self.open.last().is_some_and(|(open, _)| *open >= indent) {
            self.open.pop();
        }
        self.items.retain(|(open, _)| *open < indent);
    }

    /// A line without a key: more of the value before it, or an item.
    fn loose(&mut self, text: &str, indent: usize, place: LineRef) {
        let at = self.open.iter().rposition(|(open, _)| *open < indent);
        let path: Vec<String> = match at {
            Some(at) => self
                .open
                .iter()
                .take(at + 1)
                .map(|(_, key)| key.clone())
                .collect(),
            None => return,
        };
        debug_assert_eq!(place.document, self.document);
        self.fields.push(Field {
            path,
            value: unquoted(text).to_owned(),
            place,
        });
    }

    fn path(&self, key: &str) -> Vec<String> {
        let outer = self.open.iter().map(|(_, key)| key.clone());
        outer.chain([key.to_owned()]).collect()
    }
}

/// `key: value`; none for a sentence with a colon, an address, or a time.
pub(crate) fn key_value(text: &str) -> Option<(&str, &str)> {
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.split_once("\":"));
    let (key, value) = match quoted {
        Some(parts) => parts,
        None => {
            let at = text.match_indices(':').map(|(at, _)| at).find(|&at| {
                let after = text[at + 1..].chars().next();
                after.is_none_or(char::is_whitespace)
            })?;
            (&text[..at], &text[at + 1..])
        }
    };
    let is_key = !key.is_empty()
        && key.len() <= KEY_BYTES_MAX
        && key.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '.'))
        && key.chars().all(|c| {
            c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '(' | ')' | '[' | ']')
        })
        && key.split(' ').count() <= 5;
    is_key.then_some((key, value.trim()))
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String)> {
        read(text.lines().enumerate(), 0)
            .into_iter()
            .map(|field| (field.path.join("/"), field.value))
            .collect()
    }

    fn has(text: &str, path: &str, value: &str) -> bool {
        told(text).contains(&(path.to_owned(), value.to_owned()))
    }

    #[test]
    fn descriptions_are_read_by_their_indentation() {
        let text = "Name:    web\nContainers:\n  app:\n    Image:  a:1\n    State:  Waiting\n      Reason:  BackOff\n    Ready: False\nLabels:  a=b\n         c=d\nEvents:  <none>";
        for (path, value) in [
            ("Name", "web"),
            ("Containers/app/Image", "a:1"),
            ("Containers/app/State/Reason", "BackOff"),
            ("Containers/app/Ready", "False"),
            ("Labels", "a=b"),
            ("Labels", "c=d"),
            ("Events", "<none>"),
        ] {
            assert!(has(text, path, value), "{path}: {:?}", told(text));
        }
    }

    #[test]
    fn lists_of_yaml_are_told_apart_wherever_they_stand() {
        let text = "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: \"x:1\"\n  - name: b\n    env:\n      - name: K\n        value: 'v'\nstatus:\n  conditions:\n  - type: Ready\n    status: \"False\"\n";
        for (path, value) in [
            ("kind", "Pod"),
            ("spec/containers/[0]/image", "x:1"),
            ("spec/containers/[1]/name", "b"),
            ("spec/containers/[1]/env/[0]/value", "v"),
            ("status/conditions/[0]/status", "False"),
        ] {
            assert!(has(text, path, value), "{path}: {:?}", told(text));
        }
    }

    #[test]
    fn addresses_times_and_sentences_have_no_key() {
        for text in [
            "http://x/y",
            "12:30:00",
            "I say to you this is it: x",
            "sha256:abc",
        ] {
            assert_eq!(key_value(text), None, "{text}");
        }
        assert_eq!(
            key_value("Last State:     Terminated"),
            Some(("Last State", "Terminated"))
        );
        assert_eq!(key_value("\"a b\": 1,"), Some(("a b", "1,")));
    }
}
