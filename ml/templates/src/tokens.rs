//! Cuts a scanned line into tokens (at white space outside of variables), the unit by which lines
//! are compared.

use crate::layout::Layout;
use crate::pattern::{format_of, message_key};
use crate::scan::Mixer;
use crate::scan::class::{ALPHA, DIGIT, class};

/// What part of the line a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Zone {
    /// Timestamp, host, process, level and so on: a difference here never separates two messages.
    Header = 0,
    /// The skeleton of a JSON or logfmt body: must be equal.
    Frame = 1,
    /// The message.
    Message = 2,
}

/// One token of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineToken {
    pub zone: Zone,
    /// Where the white space before the token begins.
    pub gap: u32,
    /// Byte range of the token.
    pub start: u32,
    pub end: u32,
    /// Range of its variables in the scanned spans.
    pub first: u32,
    pub last: u32,
    /// Hash of its static text and the places of its variables, not their kinds.
    pub hash: u64,
}

/// A scanned line and its tokens.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub list: Vec<LineToken>,
    /// Hash of zones, number of tokens and frame: only lines of equal format are compared.
    pub format: u64,
    /// Hash of format and message tokens.
    pub key: u64,
}

impl Tokens {
    /// Cuts `line`, whose variables are `spans` and whose zones are `layout`.
    pub(crate) fn cut(&mut self, line: &[u8], spans: &[(u32, u32)], layout: &Layout) {
        self.list.clear();
        let mut cutter = Cutter {
            line,
            spans,
            next: 0,
            list: &mut self.list,
        };
        let mut gap = 0;
        for &(zone, start, end) in &layout.zones {
            let (start, end) = (start as usize, end as usize);
            match zone {
                Zone::Message => cutter.message(start, end),
                _ => cutter.whole(zone, gap, (start, end)),
            }
            gap = end;
        }
        self.hash();
    }

    fn hash(&mut self) {
        self.format = format_of(self.list.iter().map(|t| (t.zone, t.hash)));
        let message = self.list.iter().filter(|t| t.zone == Zone::Message);
        self.key = message_key(self.format, message.map(|t| t.hash), None);
    }
}

struct Cutter<'a> {
    line: &'a [u8],
    spans: &'a [(u32, u32)],
    next: usize,
    list: &'a mut Vec<LineToken>,
}

impl Cutter<'_> {
    fn whole(&mut self, zone: Zone, gap: usize, (start, end): (usize, usize)) {
        let first = self.next;
        while self
            .spans
            .get(self.next)
            .is_some_and(|s| s.1 as usize <= end)
        {
            self.next += 1;
        }
        self.token(zone, gap, (start, end), first);
    }

    fn message(&mut self, start: usize, end: usize) {
        let mut at = start;
        let mut gap = start;
        loop {
            while at < end && self.line[at].is_ascii_whitespace() && !self.in_variable(at) {
                at += 1;
            }
            if at >= end {
                break;
            }
            let (from, first) = (at, self.next);
            at = self.end_of_token(at, end);
            at = self.glued(at, end, first);
            self.token(Zone::Message, gap, (from, at), first);
            gap = at;
        }
        if gap < end || start == end {
            let first = self.next;
            self.token(Zone::Message, gap, (end, end), first);
        }
    }

    /// A number and its unit are one token, as the number may have no unit, or another, another
    /// time.
    fn glued(&mut self, at: usize, end: usize, first: usize) -> usize {
        let number = self.next > first && self.spans[self.next - 1].1 as usize == at;
        if !number || self.line.get(at) != Some(&b' ') {
            return at;
        }
        let word = &self.line[at + 1..end];
        let length = word
            .iter()
            .take(6)
            .take_while(|b| class(**b) & ALPHA != 0)
            .count();
        let whole = word
            .get(length)
            .is_none_or(|b| class(*b) & (ALPHA | DIGIT) == 0);
        if whole && is_unit(&word[..length]) {
            self.end_of_token(at + 1, end)
        } else {
            at
        }
    }

    fn in_variable(&self, at: usize) -> bool {
        self.spans
            .get(self.next)
            .is_some_and(|s| (s.0 as usize) <= at && at < s.1 as usize)
    }

    fn end_of_token(&mut self, from: usize, end: usize) -> usize {
        let mut at = from;
        while at < end {
            match self.spans.get(self.next) {
                Some(&(s, e)) if s as usize <= at => {
                    at = at.max(e as usize);
                    self.next += 1;
                }
                _ if self.line[at].is_ascii_whitespace() => break,
                _ => at += 1,
            }
        }
        at.min(end)
    }

    fn token(&mut self, zone: Zone, gap: usize, (start, end): (usize, usize), first: usize) {
        let mut hash = Mixer::new();
        let mut at = start;
        for &(s, e) in &self.spans[first..self.next] {
            hash.text(&self.line[at..s as usize]);
            hash.word(1);
            at = e as usize;
        }
        hash.text(&self.line[at..end]);
        self.list.push(LineToken {
            zone,
            gap: gap as u32,
            start: start as u32,
            end: end as u32,
            first: first as u32,
            last: self.next as u32,
            hash: hash.finish(),
        });
    }
}

/// Units that stand apart from their number.
fn is_unit(word: &[u8]) -> bool {
    matches!(
        word,
        b"bytes"
            | b"byte"
            | b"ms"
            | b"sec"
            | b"secs"
            | b"min"
            | b"mins"
            | b"s"
            | b"us"
            | b"ns"
            | b"hrs"
    )
}
