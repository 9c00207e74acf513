//! Finds the variables of a line by looking at bytes: a table gives each byte its class, runs
//! without delimiters are words, and only words with a digit, a slash or a joiner are looked at
//! closely. No regular expressions, one pass. What is a variable is decided by the form of the word
//! alone; words that vary without showing it are found by comparing lines (see `siblings`).

mod address;
pub(crate) mod class;
pub(crate) mod look;
mod number;
pub(crate) mod time;
pub(crate) mod value;
mod word;

use crate::template::VariableKind;
use class::{BEYOND_HEX, CLASS, COLON, DELIMITER, DIGIT, JOINER, MARK, SLASH, class};

/// Where variables are noted: spans ascending and disjoint, one kind each.
pub(crate) struct Sink<'a> {
    /// Byte ranges in the line.
    pub spans: &'a mut Vec<(u32, u32)>,
    /// Kind of each span.
    pub kinds: &'a mut Vec<VariableKind>,
    /// Spans before this index belong to somebody else and are not joined with.
    pub floor: usize,
    /// First byte not yet taken by a variable that reaches over several words.
    pub resume: usize,
}

impl Sink<'_> {
    /// Notes a variable; what lies before the end of the last one is ignored.
    #[inline]
    pub(crate) fn push(&mut self, start: usize, end: usize, kind: VariableKind) {
        debug_assert!(
            self.spans.last().is_none_or(|l| l.1 as usize <= start),
            "ascending"
        );
        self.spans.push((start as u32, end as u32));
        self.kinds.push(kind);
    }

    /// Notes a number, with the thousands groups (`1,293`) and the unit of bytes (`1.26 KB`) that
    /// follow it.
    #[inline]
    fn number(&mut self, line: &[u8], start: usize, end: usize) {
        let grouped = thousands(line, start, end);
        match size_unit(line, grouped) {
            Some(unit_end) => self.size(line, start, unit_end),
            None => {
                self.push(start, grouped, VariableKind::Number);
                if grouped > end {
                    self.resume = grouped;
                }
            }
        }
    }

    /// Notes a size; `1293 bytes (1.26 KB)` is one.
    fn size(&mut self, line: &[u8], start: usize, end: usize) {
        self.resume = end;
        if let (Some(&(from, to)), Some(b')')) = (self.own_last(), line.get(end))
            && line.get(to as usize..start) == Some(b" bytes (")
        {
            self.spans.pop();
            self.kinds.pop();
            self.resume = end + 1;
            return self.push(from as usize, end + 1, VariableKind::Size);
        }
        self.push(start, end, VariableKind::Size);
    }

    fn own_last(&self) -> Option<&(u32, u32)> {
        self.spans.get(self.floor..).and_then(<[_]>::last)
    }

    /// Start of a date that ends one byte before the clock at `start`.
    fn date_before(&self, line: &[u8], start: usize) -> Option<usize> {
        let &(from, to) = self.own_last()?;
        let (from, to) = (from as usize, to as usize);
        let date = to + 1 == start && line[to] == b' ' && to - from >= 5;
        let kind = self.kinds.last().copied();
        (date && (kind == Some(VariableKind::Time) || is_short_date(&line[from..to])))
            .then_some(from)
    }

    /// Forgets the variables that begin at byte `from` or later; returns the first free byte from
    /// there on.
    fn pop_from(&mut self, from: usize) -> usize {
        while self.own_last().is_some_and(|s| s.0 as usize >= from) {
            self.spans.pop();
            self.kinds.pop();
        }
        self.own_last().map_or(from, |s| from.max(s.1 as usize))
    }

    fn skip_to(&mut self, end: usize) {
        self.resume = end;
    }
}

/// `10.30`, `03-17`: month and day before a clock.
fn is_short_date(bytes: &[u8]) -> bool {
    bytes.len() == 5
        && matches!(bytes[2], b'.' | b'-')
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| i == 2 || b.is_ascii_digit())
}

/// End of the number after thousands groups; a longer list of numbers is left alone.
#[inline]
fn thousands(line: &[u8], start: usize, end: usize) -> usize {
    if line.get(end) != Some(&b',') || end - start > 3 || line[start] == b'0' {
        return end;
    }
    let mut at = end;
    while let Some([b',', a, b, c]) = line.get(at..at + 4) {
        let digits = [a, b, c].iter().all(|d| d.is_ascii_digit());
        if !digits || line.get(at + 4).is_some_and(u8::is_ascii_digit) {
            break;
        }
        at += 4;
    }
    let list = line.get(at) == Some(&b',') && line.get(at + 1).is_some_and(u8::is_ascii_digit);
    if list { end } else { at }
}

/// End of ` KB`, ` MiB`, … after a number.
#[inline]
fn size_unit(line: &[u8], end: usize) -> Option<usize> {
    let [b' ', first, rest @ ..] = line.get(end..)? else {
        return None;
    };
    if !matches!(first, b'B' | b'K' | b'M' | b'G' | b'T' | b'k' | b'P') {
        return None;
    }
    let more = rest
        .iter()
        .take(3)
        .take_while(|b| matches!(b, b'i' | b'B'))
        .count();
    let unit = &line[end + 1..end + 2 + more];
    let ends = rest
        .get(more)
        .is_none_or(|b| class(*b) & (DELIMITER | JOINER) != 0);
    (ends && number::is_size_unit(unit)).then_some(end + 1 + unit.len())
}

/// Notes the variables of `line[from..to]`, treated as prose, up to `limit` of them; returns where
/// it stopped.
pub(crate) fn text(
    line: &[u8],
    from: usize,
    to: usize,
    limit: usize,
    sink: &mut Sink<'_>,
) -> usize {
    let mut at = from;
    sink.resume = from;
    let line = &line[..to];
    while let Some(&byte) = line.get(at) {
        let mut all = CLASS[usize::from(byte)];
        if all & DELIMITER != 0 {
            at += 1;
            continue;
        }
        let start = at;
        for &byte in &line[start..] {
            let c = CLASS[usize::from(byte)];
            if c & DELIMITER != 0 {
                break;
            }
            all |= c;
            at += 1;
        }
        if all & (DIGIT | SLASH | JOINER) == 0 && all & BEYOND_HEX != 0 {
            continue;
        }
        if start >= sink.resume {
            if all == DIGIT {
                sink.number(line, start, at);
            } else {
                word::word(line, start, at, all, sink);
            }
            at = at.max(sink.resume);
            if sink.spans.len() >= limit {
                return at;
            }
        }
    }
    to
}

/// Hash of the line with its variables replaced by their kinds; `salt` tells apart what is laid out
/// differently. Equal shapes have equal hashes; whoever relies on the converse must compare the
/// static text.
pub(crate) fn shape(line: &[u8], spans: &[(u32, u32)], kinds: &[VariableKind], salt: u64) -> u64 {
    let mut hash = Mixer::new();
    hash.word(salt);
    let mut at = 0;
    for (i, (&(start, end), &kind)) in spans.iter().zip(kinds).enumerate() {
        hash.text(&line[at..start as usize]);
        let look = look::look(line, i, (start, end), kind);
        hash.word(0x0001_0000 | (look as u64) << 8 | kind as u64);
        at = end as usize;
    }
    hash.text(&line[at..]);
    hash.finish()
}

/// A fast hash for in-process keys; not for anything stored under its value.
pub(crate) struct Mixer(u64);

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mixer {
    #[inline]
    pub(crate) fn new() -> Self {
        Self(0x243f_6a88_85a3_08d3)
    }

    /// Adds a number.
    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word).wrapping_mul(u128::from(MULTIPLIER));
        self.0 = (product as u64) ^ ((product >> 64) as u64).wrapping_add(word.rotate_left(32));
    }

    /// Adds text; its length counts.
    #[inline]
    pub(crate) fn text(&mut self, text: &[u8]) {
        let (chunks, rest) = text.as_chunks::<8>();
        for chunk in chunks {
            self.word(u64::from_le_bytes(*chunk));
        }
        let length = (text.len() as u64) << 56;
        let last = match (rest.len(), text.last_chunk::<8>()) {
            (0, _) => 0,
            (_, Some(last)) => u64::from_le_bytes(*last),
            _ => short(text),
        };
        self.word(last ^ length);
    }

    #[inline]
    pub(crate) fn finish(self) -> u64 {
        let h = self.0 ^ (self.0 >> 32);
        h.wrapping_mul(MULTIPLIER) ^ (h >> 29)
    }
}

/// One to seven bytes as a number.
#[inline]
fn short(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    let first = text.first().copied().unwrap_or_default();
    let middle = text.get(text.len() / 2).copied().unwrap_or_default();
    let last = text.last().copied().unwrap_or_default();
    u64::from(first) << 16 | u64::from(middle) << 8 | u64::from(last)
}

const _: () = assert!(COLON != MARK, "classes are distinct bits");
