//! Cuts the start of a line into elements a header may consist of, and says what each looks like.

use crate::scan::class::{ALPHA, DIGIT, JOINER, MARK, SLASH, all_digits, union};
use crate::template::VariableKind;

/// What an element looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Date and time, or seconds since 1970.
    Time,
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
        matches!(self, Self::Time | Self::SyslogTime)
    }
}

/// A run of bytes of one form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub start: usize,
    pub end: usize,
    pub form: Form,
}

/// Reads elements one after another.
pub(super) struct Reader<'a> {
    line: &'a [u8],
    spans: &'a [(u32, u32)],
    kinds: &'a [VariableKind],
    at: usize,
}

/// Longest bracketed element, in bytes.
const MAX_BRACKET: usize = 200;

impl<'a> Reader<'a> {
    pub(super) fn new(
        line: &'a [u8],
        spans: &'a [(u32, u32)],
        kinds: &'a [VariableKind],
        at: usize,
    ) -> Self {
        Self { line, spans, kinds, at }
    }

    /// End of the variable that begins at `start`, and its kind.
    fn variable_at(&self, start: usize) -> Option<(usize, VariableKind)> {
        let i = self.spans.binary_search_by_key(&(start as u32), |s| s.0).ok()?;
        Some((self.spans[i].1 as usize, *self.kinds.get(i)?))
    }

    fn end_of_word(&self, start: usize) -> usize {
        let mut at = start;
        while at < self.line.len() && !self.line[at].is_ascii_whitespace() && self.line[at] != b'|' {
            at += 1;
        }
        at
    }

    fn time(&self, start: usize) -> Option<(usize, Form)> {
        let line = self.line;
        if let Some((end, VariableKind::Time)) = self.variable_at(start) {
            let text = &line[start..end];
            let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
            let clean = line.get(end).is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'/'));
            let letters = text.first().is_some_and(u8::is_ascii_alphabetic);
            let syslog = letters && text.len() <= 15;
            return (digits >= 6 && clean)
                .then_some((end, if syslog { Form::SyslogTime } else { Form::Time }));
        }
        let end = self.end_of_word(start);
        let word = &line[start..end];
        if !all_digits(word) {
            return None;
        }
        let epoch = matches!(word.len(), 10 | 13) && (b"09"[..] < word[..1] || &word[..2] >= b"09")
            && &word[..2] <= b"22" && word[0] != b'0';
        if epoch {
            return Some((end, Form::Time));
        }
        let clock = line.get(end + 1..end + 7).filter(|c| all_digits(c) && line[end] == b' ');
        let packed = word.len() == 6
            && &word[2..4] <= b"12" && &word[2..4] >= b"01"
            && &word[4..6] <= b"31"
            && clock.is_some_and(|c| &c[..2] < b"24" && &c[2..4] < b"60" && &c[4..] < b"61")
            && line.get(end + 7) == Some(&b' ');
        packed.then_some((end + 7, Form::Time))
    }

    fn bracket(&self, start: usize) -> Option<usize> {
        let mut depth = 0;
        for (i, &b) in self.line[start..].iter().take(MAX_BRACKET).enumerate() {
            match b {
                b'[' => depth += 1,
                b']' if depth == 1 => return Some(start + i + 1),
                b']' => depth -= 1,
                _ => {}
            }
        }
        None
    }

    fn bracketed(&self, start: usize, end: usize) -> Element {
        let inner = &self.line[start + 1..end - 1];
        let form = match self.time(start + 1) {
            Some((stop, _)) if stop + 1 >= end => Form::Time,
            _ if is_level(inner, true) => Form::Level,
            _ => Form::Bracket,
        };
        let colon = self.line.get(end) == Some(&b':') && self.line.get(end + 1).is_none_or(|b| *b == b' ');
        Element { start, end: end + usize::from(colon), form }
    }

    fn word(&self, start: usize, end: usize) -> Form {
        let word = &self.line[start..end];
        let bare = word.strip_suffix(b":").or_else(|| word.strip_suffix(b",")).unwrap_or(word);
        if is_level(bare, word.len() > bare.len()) {
            return Form::Level;
        }
        if let [letter] = bare {
            if matches!(letter, b'V' | b'D' | b'I' | b'W' | b'E' | b'F') {
                return Form::Letter;
            }
        }
        if word.iter().all(|b| matches!(b, b'-' | b'|' | b',' | b'*' | b'#')) || word == b":" {
            return Form::Separator;
        }
        if all_digits(bare) {
            return Form::Number;
        }
        if bare.len() < word.len() && word.ends_with(b":") {
            return Form::Tag;
        }
        let all = union(word);
        let upper = !word.iter().any(u8::is_ascii_lowercase) && all & ALPHA != 0;
        let joined = all & (DIGIT | SLASH | MARK) != 0 || inner_joiner(word, all);
        if upper || joined { Form::Name } else { Form::Word }
    }
}

fn inner_joiner(word: &[u8], all: u8) -> bool {
    let trimmed = word.strip_suffix(b".").unwrap_or(word);
    all & JOINER != 0 && trimmed.iter().any(|b| matches!(b, b'.' | b'_' | b'-'))
}

impl Iterator for Reader<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        while self.line.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let first = *self.line.get(start)?;
        let element = if first == b'[' && self.bracket(start).is_some_and(|e| {
            self.line.get(e).is_none_or(|b| b.is_ascii_whitespace() || *b == b':')
        }) {
            let end = self.bracket(start)?;
            self.bracketed(start, end)
        } else if let Some((mut end, form)) = self.time(start) {
            end += usize::from(matches!(self.line.get(end), Some(b',' | b':' | b']')));
            Element { start, end, form }
        } else {
            let end = self.end_of_word(start).max(start + 1);
            Element { start, end, form: self.word(start, end) }
        };
        self.at = element.end;
        Some(element)
    }
}

/// Names of severity: in capitals anywhere, otherwise only `marked` by brackets or punctuation, or as whole words that
/// are hardly prose.
fn is_level(word: &[u8], marked: bool) -> bool {
    let mut upper = [0; 9];
    let Some(room) = upper.get_mut(..word.len()) else { return false };
    room.copy_from_slice(word);
    room.make_ascii_uppercase();
    let known = matches!(
        &*room,
        b"TRACE" | b"DEBUG" | b"INFO" | b"NOTICE" | b"WARN" | b"WARNING" | b"ERROR" | b"ERR" | b"CRITICAL"
            | b"CRIT" | b"FATAL" | b"SEVERE" | b"FAILURE" | b"ALERT" | b"EMERG" | b"PANIC" | b"VERBOSE"
            | b"FINE" | b"FINER" | b"FINEST" | b"CONFIG" | b"LOG" | b"ERRO" | b"INF" | b"WRN" | b"DBG" | b"TRC"
    );
    let capitals = word == &*room;
    let title = word.first().is_some_and(u8::is_ascii_uppercase) && matches!(&*room, b"INFO" | b"DEBUG");
    known && (capitals || marked || title)
}
