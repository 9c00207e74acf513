//! Bodies that are records: JSON objects and logfmt. Their keys are static text, each value is a
//! variable with its key as name, and the value of the message member is mined like any message.
//! Bodies that are not well formed are prose.

mod json;
mod logfmt;

use crate::scan::Sink;

/// What is learnt of a record beside its variables.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// Name of each variable; filled only when `wants_keys`.
    pub keys: Vec<Option<Box<str>>>,
    /// Byte range of the message.
    pub message: Option<(usize, usize)>,
    /// Whether names are wanted: they cost an allocation each.
    pub wants_keys: bool,
}

/// Scans `line` as a record; false, with nothing noted, when it is none.
#[inline]
pub(crate) fn scan(line: &[u8], limit: usize, sink: &mut Sink<'_>, outline: &mut Outline) -> bool {
    let Some(&first) = line.first() else {
        return false;
    };
    let found = match first {
        b'{' => json::scan(line, limit, sink, outline),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'@' => {
            logfmt::begins(line) && logfmt::scan(line, limit, sink, outline)
        }
        _ => return false,
    };
    if !found {
        sink.spans.clear();
        sink.kinds.clear();
        outline.keys.clear();
        outline.message = None;
    }
    found
}

/// Members that hold the message.
fn is_message(key: &[u8]) -> bool {
    matches!(
        key,
        b"msg"
            | b"message"
            | b"MESSAGE"
            | b"Message"
            | b"log"
            | b"body"
            | b"event"
            | b"text"
            | b"short_message"
            | b"@message"
            | b"@m"
            | b"MessageTemplate"
            | b"textPayload"
    )
}

/// Members whose value is a word that belongs to the template.
fn is_severity(key: &[u8]) -> bool {
    matches!(
        key,
        b"level"
            | b"lvl"
            | b"severity"
            | b"loglevel"
            | b"log_level"
            | b"levelname"
            | b"Level"
            | b"log.level"
            | b"@l"
            | b"severity_text"
            | b"SeverityText"
    )
}

fn is_word(value: &[u8]) -> bool {
    !value.is_empty() && value.len() <= 12 && value.iter().all(u8::is_ascii_alphabetic)
}

/// Notes the variables of one value that is text. Its range is without quotes.
fn text(line: &[u8], key: Key<'_>, (start, end): (usize, usize), record: &mut Record<'_, '_>) {
    let value = &line[start..end];
    if key.top && record.outline.message.is_none() && is_message(key.name) {
        record.outline.message = Some((start, end));
        let before = record.sink.spans.len();
        record.sink.floor = before;
        let stop = crate::scan::text(line, start, end, record.limit, record.sink);
        if stop < end {
            record.over = true;
        }
        if record.outline.wants_keys {
            record
                .outline
                .keys
                .resize_with(record.sink.spans.len(), || None);
        }
        return;
    }
    if key.top && is_severity(key.name) && is_word(value) {
        return;
    }
    record.variable(key, (start, end), crate::scan::value::kind(value));
}

/// Name of a member.
#[derive(Clone, Copy)]
struct Key<'a> {
    name: &'a [u8],
    /// Names of the objects around it, each followed by a dot.
    path: &'a str,
    /// Whether it is a member of the outermost object.
    top: bool,
}

/// A record being scanned.
struct Record<'a, 'b> {
    sink: &'a mut Sink<'b>,
    outline: &'a mut Outline,
    limit: usize,
    /// More variables than the bound.
    over: bool,
}

impl Record<'_, '_> {
    fn variable(&mut self, key: Key<'_>, (start, end): (usize, usize), kind: crate::VariableKind) {
        if self.sink.spans.len() >= self.limit {
            self.over = true;
            return;
        }
        self.sink.push(start, end, kind);
        if self.outline.wants_keys {
            let name = format!("{}{}", key.path, String::from_utf8_lossy(key.name));
            self.outline.keys.push(Some(name.into()));
        }
    }
}
