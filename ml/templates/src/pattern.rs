//! The working form of a template: tokens that are exact or have become variable, how two are
//! merged, and how the public [`Template`](crate::Template) is written from them.

mod write;

use crate::scan::Mixer;
use crate::scan::class::{ALPHA, DIGIT, class};
use crate::template::{Slot, VariableKind};
use crate::tokens::{LineToken, Zone};

pub(crate) use write::{locate, write};

/// A scanned line as the pattern code sees it.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub bytes: &'a [u8],
    pub spans: &'a [(u32, u32)],
    pub kinds: &'a [VariableKind],
    pub keys: &'a [Option<Box<str>>],
}

/// What stands at a token's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Static text with variables found by their form; `texts` is one longer than `slots`.
    Exact {
        hash: u64,
        texts: Vec<Box<[u8]>>,
        slots: Vec<Slot>,
    },
    /// One variable between static ends.
    Wild {
        prefix: Box<[u8]>,
        suffix: Box<[u8]>,
        slot: Slot,
    },
}

/// One token of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub zone: Zone,
    /// White space before the token; none when its width varies.
    pub gap: Option<Box<[u8]>>,
    pub body: Body,
}

/// Hash that stands for a variable token in keys.
pub(crate) const WILD: u64 = 0x5749_4c44;

impl Token {
    /// The token as it stands in the line.
    pub(crate) fn exact(line: Line<'_>, token: &LineToken) -> Self {
        let mut texts = Vec::new();
        let mut slots = Vec::new();
        let mut at = token.start as usize;
        for i in token.first as usize..token.last as usize {
            let (start, end) = line.spans[i];
            let text = &line.bytes[at..start as usize];
            texts.push(text.into());
            let key = line
                .keys
                .get(i)
                .cloned()
                .flatten()
                .or_else(|| key_before(text));
            slots.push(Slot {
                kind: line.kinds[i],
                key,
            });
            at = end as usize;
        }
        texts.push(line.bytes[at..token.end as usize].into());
        let gap = line.bytes[token.gap as usize..token.start as usize].into();
        let body = Body::Exact {
            hash: token.hash,
            texts,
            slots,
        };
        Self {
            zone: token.zone,
            gap: Some(gap),
            body,
        }
    }

    /// Hash for keys: of the structure, or [`WILD`].
    pub(crate) fn hash(&self) -> u64 {
        match &self.body {
            Body::Exact { hash, .. } => *hash,
            Body::Wild { .. } => WILD,
        }
    }

    /// Static text before the first variable, and after the last.
    pub(crate) fn ends(&self) -> (&[u8], &[u8]) {
        match &self.body {
            Body::Exact { texts, .. } => (
                texts.first().map_or(&[], |t| t),
                texts.last().map_or(&[], |t| t),
            ),
            Body::Wild { prefix, suffix, .. } => (prefix, suffix),
        }
    }

    /// Whether the token has no static text that is not at its ends.
    fn is_pure(&self) -> bool {
        matches!(&self.body, Body::Exact { slots, .. } if slots.is_empty())
    }

    /// Whether `other` can be written with this token as it is.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let gap = self.gap.is_none() || self.gap == other.gap;
        gap && match (&self.body, &other.body) {
            (
                Body::Exact { texts, slots, .. },
                Body::Exact {
                    texts: t, slots: s, ..
                },
            ) => {
                texts == t
                    && slots.len() == s.len()
                    && slots
                        .iter()
                        .zip(s)
                        .all(|(a, b)| a.kind.join(b.kind) == a.kind && a.key == b.key)
            }
            (
                Body::Wild {
                    prefix,
                    suffix,
                    slot,
                },
                _,
            ) => {
                let (p, s) = other.ends();
                let room = !other.is_pure() || p.len() >= prefix.len() + suffix.len();
                room && p.starts_with(prefix)
                    && s.ends_with(suffix)
                    && slot.kind.join(other.kind_between(prefix, suffix)) == slot.kind
            }
            _ => false,
        }
    }

    /// The kind of what stands between these ends.
    fn kind_between(&self, prefix: &[u8], suffix: &[u8]) -> VariableKind {
        match &self.body {
            Body::Wild {
                slot,
                prefix: p,
                suffix: s,
            } if **p == *prefix && **s == *suffix => slot.kind,
            Body::Wild { .. } => VariableKind::Any,
            Body::Exact { texts, slots, .. } => match (slots.as_slice(), texts.as_slice()) {
                ([], [text]) => {
                    let middle = text
                        .get(prefix.len()..text.len() - suffix.len())
                        .unwrap_or_default();
                    word_kind(middle)
                }
                ([slot], [p, s]) if **p == *prefix && **s == *suffix => slot.kind,
                _ => VariableKind::Any,
            },
        }
    }

    /// The token that covers both.
    pub(crate) fn merge(&self, other: &Self) -> Self {
        let gap = if self.gap == other.gap {
            self.gap.clone()
        } else {
            None
        };
        if let (
            Body::Exact { hash, texts, slots },
            Body::Exact {
                texts: t, slots: s, ..
            },
        ) = (&self.body, &other.body)
            && texts == t
            && slots.len() == s.len()
        {
            let slots = slots.iter().zip(s).map(|(a, b)| join(a, b)).collect();
            let body = Body::Exact {
                hash: *hash,
                texts: texts.clone(),
                slots,
            };
            return Self {
                zone: self.zone,
                gap,
                body,
            };
        }
        let (prefix, suffix) = self.common_ends(other);
        let kind = self
            .kind_between(&prefix, &suffix)
            .join(other.kind_between(&prefix, &suffix));
        let slot = Slot {
            kind,
            key: key_before(&prefix),
        };
        Self {
            zone: self.zone,
            gap,
            body: Body::Wild {
                prefix,
                suffix,
                slot,
            },
        }
    }

    fn common_ends(&self, other: &Self) -> (Box<[u8]>, Box<[u8]>) {
        let ((p, s), (q, t)) = (self.ends(), other.ends());
        let mut head = p.iter().zip(q).take_while(|(a, b)| a == b).count();
        let at_end = |text: &[u8], pure: bool| head == text.len() && !pure;
        if !(at_end(p, self.is_pure()) && at_end(q, other.is_pure())) {
            head = word_start(p, q, head);
        }
        let room = |text: &[u8], pure: bool| if pure { text.len() - head } else { text.len() };
        let room = room(s, self.is_pure()).min(room(t, other.is_pure()));
        let tail = s
            .iter()
            .rev()
            .zip(t.iter().rev())
            .take(room)
            .take_while(|(a, b)| a == b)
            .count();
        let tail = word_end(s, tail);
        (p[..head].into(), s[s.len() - tail..].into())
    }
}

fn join(a: &Slot, b: &Slot) -> Slot {
    let key = if a.key == b.key { a.key.clone() } else { None };
    Slot {
        kind: a.kind.join(b.kind),
        key,
    }
}

/// Moves a cut leftwards out of a word: `cyrus` and `cyan` have nothing in common, `eth0` and
/// `eth1` have `eth`.
fn word_start(p: &[u8], q: &[u8], head: usize) -> usize {
    let next = |text: &[u8]| text.get(head).map_or(0, |b| class(*b));
    let (a, b) = (next(p), next(q));
    if (a | b) & (ALPHA | DIGIT) == 0 {
        return head;
    }
    if (a | b) & ALPHA == 0 {
        let digits = p[..head]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_digit())
            .count();
        return head - digits;
    }
    let word = p[..head]
        .iter()
        .rev()
        .take_while(|b| class(**b) & (ALPHA | DIGIT) != 0)
        .count();
    head - word
}

fn word_end(s: &[u8], tail: usize) -> usize {
    let text = &s[s.len() - tail..];
    if tail == s.len() {
        return tail
            - text
                .iter()
                .take_while(|b| class(**b) & (ALPHA | DIGIT) != 0)
                .count();
    }
    let before = class(s[s.len() - tail - 1]) & (ALPHA | DIGIT) != 0;
    let word = text
        .iter()
        .take_while(|b| class(**b) & (ALPHA | DIGIT) != 0)
        .count();
    if before { tail - word } else { tail }
}

fn word_kind(text: &[u8]) -> VariableKind {
    if !text.is_empty() && text.iter().all(|b| class(*b) & ALPHA != 0) {
        VariableKind::Word
    } else if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        VariableKind::Number
    } else if text.iter().all(|b| class(*b) & (ALPHA | DIGIT) != 0) {
        VariableKind::Id
    } else {
        VariableKind::Any
    }
}

/// The attribute name when the text ends in `name=`.
pub(crate) fn key_before(text: &[u8]) -> Option<Box<str>> {
    let text = text
        .strip_suffix(b"\"")
        .unwrap_or(text)
        .strip_suffix(b"=")?;
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let length = text.iter().rev().take(64).take_while(|b| part(b)).count();
    let name = std::str::from_utf8(&text[text.len() - length..]).ok()?;
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        .then(|| name.into())
}

/// Hash of the static text of a token and the places of its variables.
pub(crate) fn structure_hash<T: AsRef<[u8]>>(texts: &[T]) -> u64 {
    let mut hash = Mixer::new();
    for (i, text) in texts.iter().enumerate() {
        if i > 0 {
            hash.word(1);
        }
        hash.text(text.as_ref());
    }
    hash.finish()
}

/// Hash of the zones and frames of these tokens: only lines of equal format are compared.
pub(crate) fn format_of(tokens: impl Iterator<Item = (Zone, u64)>) -> u64 {
    let mut format = Mixer::new();
    for (zone, hash) in tokens {
        format.word(zone as u64);
        if zone == Zone::Frame {
            format.word(hash);
        }
    }
    format.finish()
}

/// Hash of format and message tokens, with [`WILD`] for variable ones and, if given, at one more
/// place.
pub(crate) fn message_key(
    format: u64,
    hashes: impl Iterator<Item = u64>,
    wild: Option<usize>,
) -> u64 {
    let mut key = Mixer::new();
    key.word(format);
    for (i, hash) in hashes.enumerate() {
        key.word(if Some(i) == wild { WILD } else { hash });
    }
    key.finish()
}
