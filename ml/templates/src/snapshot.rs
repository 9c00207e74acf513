//! Writes and reads the state of a miner: magic, version, body, checksum. Only what cannot be
//! computed from the templates is stored; hashes and the shape cache are made anew, so they may
//! change without a new version.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use crate::arena::Entry;
use crate::config::MinerConfig;
use crate::mine::Mine;
use crate::pattern::{self, Body, Token};
use crate::template::{Slot, VariableKind};
use crate::tokens::Zone;

const MAGIC: &[u8; 8] = b"tocsinTM";
/// Version of the format that is written; older ones are read for ever.
const VERSION: u32 = 1;
/// Bytes before and after the body.
const FRAME: usize = 12 + 8;

/// Why bytes are not a usable snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// They do not begin as a snapshot does.
    NotASnapshot,
    /// They were written by a later version of the format, of this number.
    UnknownVersion(u32),
    /// They are cut short, altered, or contradict themselves.
    Damaged,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("the bytes are not a snapshot of a template miner"),
            Self::UnknownVersion(v) => write!(f, "snapshot version {v} is not known"),
            Self::Damaged => f.write_str("the snapshot is damaged"),
        }
    }
}

impl std::error::Error for SnapshotError {}

/// Writes the state.
pub(crate) fn write(mine: &Mine) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    number(&mut out, mine.lines);
    number(&mut out, u64::from(mine.arena.next()));
    list(&mut out, mine.minted.iter().copied());
    number(&mut out, mine.arena.live() as u64);
    for (index, entry) in mine.arena.iter() {
        number(&mut out, u64::from(index));
        number(&mut out, u64::from(entry.head));
        number(&mut out, u64::from(entry.count));
        number(&mut out, entry.last);
        out.push(u8::from(entry.template.parent.is_some()));
        out.extend_from_slice(&entry.template.parent.unwrap_or_default().to_le_bytes());
        number(&mut out, entry.tokens.len() as u64);
        for token in &entry.tokens {
            write_token(&mut out, token);
        }
    }
    let mut general: Vec<&[u32]> = mine.groups.iter().map(|g| g.general.as_slice()).collect();
    general.retain(|g| !g.is_empty());
    general.sort_unstable();
    number(&mut out, general.len() as u64);
    for group in general {
        list(&mut out, group.iter().copied());
    }
    let sum = xxh3_64(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

fn write_token(out: &mut Vec<u8>, token: &Token) {
    out.push(token.zone as u8 | u8::from(token.gap.is_some()) << 4);
    if let Some(gap) = &token.gap {
        bytes(out, gap);
    }
    match &token.body {
        Body::Exact { texts, slots, .. } => {
            number(out, slots.len() as u64 + 1);
            for (i, text) in texts.iter().enumerate() {
                bytes(out, text);
                if let Some(slot) = slots.get(i) {
                    write_slot(out, slot);
                }
            }
        }
        Body::Wild {
            prefix,
            suffix,
            slot,
        } => {
            number(out, 0);
            bytes(out, prefix);
            bytes(out, suffix);
            write_slot(out, slot);
        }
    }
}

fn write_slot(out: &mut Vec<u8>, slot: &Slot) {
    out.push(slot.kind as u8 | u8::from(slot.key.is_some()) << 7);
    if let Some(key) = &slot.key {
        bytes(out, key.as_bytes());
    }
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, text: &[u8]) {
    number(out, text.len() as u64);
    out.extend_from_slice(text);
}

fn list(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = u32>) {
    number(out, items.len() as u64);
    for item in items {
        number(out, u64::from(item));
    }
}

/// Reads what [`write`] wrote.
pub(crate) fn read(snapshot: &[u8], config: &MinerConfig) -> Result<Mine, SnapshotError> {
    if !snapshot.starts_with(MAGIC) {
        return Err(SnapshotError::NotASnapshot);
    }
    let (Some(version), true) = (snapshot.get(8..12), snapshot.len() >= FRAME) else {
        return Err(SnapshotError::Damaged);
    };
    let version = version.iter().rev().fold(0, |v, b| v << 8 | u32::from(*b));
    if version != VERSION {
        return Err(SnapshotError::UnknownVersion(version));
    }
    let (content, sum) = snapshot.split_at(snapshot.len() - 8);
    if xxh3_64(content).to_le_bytes() != sum {
        return Err(SnapshotError::Damaged);
    }
    let mut reader = Reader {
        rest: &content[12..],
    };
    let mine = reader.mine(config).ok_or(SnapshotError::Damaged)?;
    if reader.rest.is_empty() {
        Ok(mine)
    } else {
        Err(SnapshotError::Damaged)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn index(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// A count of things that take at least one byte each.
    fn length(&mut self) -> Option<usize> {
        let length: usize = self.number()?.try_into().ok()?;
        (length <= self.rest.len()).then_some(length)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<Box<[u8]>> {
        let length = self.length()?;
        Some(self.take(length)?.into())
    }

    fn list(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        (0..length).map(|_| self.index()).collect()
    }

    fn mine(&mut self, config: &MinerConfig) -> Option<Mine> {
        let mut mine = Mine::new(config);
        mine.lines = self.number()?;
        let next = self.index()?;
        let minted = self.list()?;
        let entries = self.length()?;
        for _ in 0..entries {
            let (index, entry) = self.entry(&mut mine)?;
            if index >= next || (index > 0 && mine.arena.get(index).is_some()) {
                return None;
            }
            mine.enter(index, entry);
        }
        mine.arena.reserve(next);
        mine.minted = minted;
        let groups = self.length()?;
        for _ in 0..groups {
            let general = self.list()?;
            mine.enter_general(general)?;
        }
        mine.index_siblings();
        Some(mine)
    }

    fn entry(&mut self, mine: &mut Mine) -> Option<(u32, Entry)> {
        let index = self.index()?;
        let head = self.index()?;
        let count = self.index()?;
        let last = self.number()?;
        let has_parent = self.byte()? != 0;
        let mut parent = [0; 8];
        parent.copy_from_slice(self.take(8)?);
        let parent = has_parent.then_some(u64::from_le_bytes(parent));
        let length = self.length()?;
        let tokens: Option<Vec<Token>> = (0..length).map(|_| self.token()).collect();
        let mut entry = mine.entry(tokens?.into(), parent, head);
        entry.count = count;
        entry.last = last;
        Some((index, entry))
    }

    fn token(&mut self) -> Option<Token> {
        let tag = self.byte()?;
        let zone = match tag & 0x0f {
            0 => Zone::Header,
            1 => Zone::Frame,
            2 => Zone::Message,
            _ => return None,
        };
        let gap = if tag >> 4 == 1 {
            Some(self.text()?)
        } else {
            None
        };
        let pieces = self.length()?;
        if pieces == 0 {
            let (prefix, suffix) = (self.text()?, self.text()?);
            let body = Body::Wild {
                prefix,
                suffix,
                slot: self.slot()?,
            };
            return Some(Token { zone, gap, body });
        }
        let mut texts = vec![self.text_then_slot(pieces > 1)?];
        for i in 1..pieces {
            texts.push(self.text_then_slot(i + 1 < pieces)?);
        }
        let slots = texts.iter_mut().filter_map(|t| t.1.take()).collect();
        let texts: Vec<Box<[u8]>> = texts.into_iter().map(|t| t.0).collect();
        let body = Body::Exact {
            hash: pattern::structure_hash(&texts),
            texts,
            slots,
        };
        Some(Token { zone, gap, body })
    }

    fn text_then_slot(&mut self, slot: bool) -> Option<(Box<[u8]>, Option<Slot>)> {
        let text = self.text()?;
        Some((text, if slot { Some(self.slot()?) } else { None }))
    }

    fn slot(&mut self) -> Option<Slot> {
        let tag = self.byte()?;
        let kind = VariableKind::from_number(tag & 0x7f)?;
        let key = match tag >> 7 {
            0 => None,
            _ => Some(String::from_utf8(self.text()?.into()).ok()?.into()),
        };
        Some(Slot { kind, key })
    }
}
