//! Cuts the start of a line into elements a header may consist of, and says what each looks like.

use crate::scan::class::{ALPHA, DIGIT, JOINER, MARK, SLASH, union};
use crate::scan::look::{Look, look};
use crate::template::VariableKind;

/// What an element looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Date and time.
    Time,
    /// Seconds or milliseconds since 1970, which may be just a number.
    Epoch,
    /// `Jun 14 15:16:01`.
    SyslogTime,
    /// `INFO`, `[error]`, `Warning:`.
    Level,
    /// A single letter that may be a level: `D`.
    Letter,
    /// Digits.
    Number,
    /// Anything in square brackets.
    Bracket,
    /// `-`, `---`, `|`.
    Separator,
    /// A word that ends in a colon: `sshd[24200]:`.
    Tag,
    /// A word with digits, dots, underscores, slashes, or all capitals: a name rather than prose.
    Name,
    /// Any other word.
    Word,
}

impl Form {
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Time | Self::SyslogTime | Self::Epoch)
    }
}

/// A run of bytes of one form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub start: usize,
    pub end: usize,
    pub form: Form,
}

/// Reads elements one after another. It sees the static text, and of the variables their extent and
/// [`Look`] only, so that lines of one shape have one header.
pub(super) struct Reader<'a> {
    line: &'a [u8],
    spans: &'a [(u32, u32)],
    kinds: &'a [VariableKind],
    at: usize,
}

/// Longest bracketed element or column, in bytes of static text.
pub(super) const MAX_STATIC: usize = 160;

impl<'a> Reader<'a> {
    pub(super) fn new(
        line: &'a [u8],
        spans: &'a [(u32, u32)],
        kinds: &'a [VariableKind],
        at: usize,
    ) -> Self {
        Self {
            line,
            spans,
            kinds,
            at,
        }
    }

    /// End and look of the variable that begins at `start`.
    fn variable_at(&self, start: usize) -> Option<(usize, Look)> {
        let i = self
            .spans
            .binary_search_by_key(&(start as u32), |s| s.0)
            .ok()?;
        Some((
            self.spans[i].1 as usize,
            look(self.line, i, self.spans[i], *self.kinds.get(i)?),
        ))
    }

    /// Whether this place is inside of a variable.
    pub(super) fn cuts(&self, at: usize) -> bool {
        let around = self
            .spans
            .get(self.spans.partition_point(|s| s.1 as usize <= at));
        around.is_some_and(|s| (s.0 as usize) < at)
    }

    /// First place from `start` on, outside of variables, whose byte `stop` accepts; the end of the
    /// line if there is none, and none if there is too much text.
    pub(super) fn walk(&self, start: usize, mut stop: impl FnMut(u8) -> bool) -> Option<usize> {
        let mut next = self.spans.partition_point(|s| (s.0 as usize) < start);
        let mut at = start;
        let mut seen = 0;
        while at < self.line.len() {
            if let Some(&(s, e)) = self.spans.get(next).filter(|s| s.0 as usize == at) {
                at = e as usize;
                next += 1;
                if s < e {
                    continue;
                }
            }
            if at >= self.line.len() || stop(self.line[at]) {
                return Some(at);
            }
            seen += 1;
            if seen > MAX_STATIC {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    fn time(&self, start: usize) -> Option<(usize, Form)> {
        let (end, seen) = self.variable_at(start)?;
        let ends = |end: usize| {
            self.line
                .get(end)
                .is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'/'))
        };
        let form = match seen {
            Look::Time => Form::Time,
            Look::Epoch => Form::Epoch,
            Look::SyslogTime => Form::SyslogTime,
            Look::PackedDate | Look::PackedEither if self.line.get(end) == Some(&b' ') => {
                let (end, clock) = self.variable_at(end + 1)?;
                let clock = matches!(clock, Look::PackedClock | Look::PackedEither);
                let packed = clock && self.line.get(end) == Some(&b' ');
                return packed.then_some((end, Form::Time));
            }
            _ => return None,
        };
        ends(end).then_some((end, form))
    }

    fn bracket(&self, start: usize) -> Option<usize> {
        let mut depth = 0;
        let close = self.walk(start, |b| {
            depth += i32::from(b == b'[') - i32::from(b == b']');
            depth == 0
        })?;
        (close < self.line.len()).then_some(close + 1)
    }

    fn bracketed(&self, start: usize, end: usize) -> Element {
        let inner = &self.line[start + 1..end - 1];
        let form = match self.time(start + 1) {
            Some((stop, _)) if stop + 1 >= end => Form::Time,
            _ if is_level(inner, true) => Form::Level,
            _ => Form::Bracket,
        };
        let colon =
            self.line.get(end) == Some(&b':') && self.line.get(end + 1).is_none_or(|b| *b == b' ');
        Element {
            start,
            end: end + usize::from(colon),
            form,
        }
    }

    fn word(&self, start: usize, end: usize) -> Form {
        let word = &self.line[start..end];
        let colon = word.ends_with(b":");
        let bare = if colon || word.ends_with(b",") {
            &word[..word.len() - 1]
        } else {
            word
        };
        match self.variable_at(start) {
            Some((stop, look)) if look.is_integer() && stop == start + bare.len() => {
                return Form::Number;
            }
            _ => {}
        }
        let first = self.spans.partition_point(|s| (s.0 as usize) < start);
        if self.spans.get(first).is_some_and(|s| (s.0 as usize) < end) {
            return if colon { Form::Tag } else { Form::Name };
        }
        if is_level(bare, word.len() > bare.len()) {
            return Form::Level;
        }
        if let [b'V' | b'D' | b'I' | b'W' | b'E' | b'F'] = bare {
            return Form::Letter;
        }
        if word
            .iter()
            .all(|b| matches!(b, b'-' | b'|' | b',' | b'*' | b'#'))
            || word == b":"
        {
            return Form::Separator;
        }
        if colon {
            return Form::Tag;
        }
        let all = union(word);
        let upper = !word.iter().any(u8::is_ascii_lowercase) && all & ALPHA != 0;
        let joined = all & (DIGIT | SLASH | MARK) != 0 || inner_joiner(word, all);
        if upper || joined {
            Form::Name
        } else {
            Form::Word
        }
    }
}

fn inner_joiner(word: &[u8], all: u8) -> bool {
    let trimmed = word.strip_suffix(b".").unwrap_or(word);
    all & JOINER != 0 && trimmed.iter().any(|b| matches!(b, b'.' | b'_'))
}

impl Iterator for Reader<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        let next = self
            .spans
            .get(self.spans.partition_point(|s| (s.0 as usize) < self.at));
        let variable = next.map_or(usize::MAX, |s| s.0 as usize);
        while self.at < variable && self.line.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let first = *self.line.get(start)?;
        let element = if first == b'['
            && self.bracket(start).is_some_and(|e| {
                self.line
                    .get(e)
                    .is_none_or(|b| b.is_ascii_whitespace() || *b == b':')
            }) {
            let end = self.bracket(start)?;
            self.bracketed(start, end)
        } else if let Some((mut end, form)) = self.time(start) {
            end += usize::from(matches!(self.line.get(end), Some(b',' | b':' | b']')));
            Element { start, end, form }
        } else {
            let end = self
                .walk(start, |b| b.is_ascii_whitespace() || b == b'|')?
                .max(start + 1);
            Element {
                start,
                end,
                form: self.word(start, end),
            }
        };
        self.at = element.end;
        (!self.cuts(element.end)).then_some(element)
    }
}

/// Names of severity: in capitals anywhere, otherwise only `marked` by brackets or punctuation, or
/// as whole words that are hardly prose.
fn is_level(word: &[u8], marked: bool) -> bool {
    let mut upper = [0; 9];
    let Some(room) = upper.get_mut(..word.len()) else {
        return false;
    };
    room.copy_from_slice(word);
    room.make_ascii_uppercase();
    let known = matches!(
        &*room,
        b"TRACE"
            | b"DEBUG"
            | b"INFO"
            | b"NOTICE"
            | b"WARN"
            | b"WARNING"
            | b"ERROR"
            | b"ERR"
            | b"CRITICAL"
            | b"CRIT"
            | b"FATAL"
            | b"SEVERE"
            | b"FAILURE"
            | b"ALERT"
            | b"EMERG"
            | b"PANIC"
            | b"VERBOSE"
            | b"FINE"
            | b"FINER"
            | b"FINEST"
            | b"CONFIG"
            | b"LOG"
            | b"ERRO"
            | b"INF"
            | b"WRN"
            | b"DBG"
            | b"TRC"
    );
    let capitals = word == &*room;
    let title =
        word.first().is_some_and(u8::is_ascii_uppercase) && matches!(&*room, b"INFO" | b"DEBUG");
    known && (capitals || marked || title)
}
