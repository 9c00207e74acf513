//! Writes the public template of a row of tokens, and finds the variables of a line they cover.

use std::sync::Arc;

use super::{Body, Line, Token};
use crate::template::{Place, Slot, Template, VariableKind};
use crate::tokens::{LineToken, Zone};

/// Writes the immutable template of these tokens.
pub(crate) fn write(tokens: &[Token], parent: Option<u64>) -> Arc<Template> {
    let mut writer = Writer {
        parts: Vec::new(),
        slots: Vec::new(),
        text: Vec::new(),
    };
    let (mut begin, mut end) = (None, Place::default());
    for token in tokens {
        match &token.gap {
            Some(gap) => writer.text.extend_from_slice(gap),
            None => writer.slot(&Slot {
                kind: VariableKind::Space,
                key: None,
            }),
        }
        if token.zone == Zone::Message && begin.is_none() {
            begin = Some(writer.place());
        }
        match &token.body {
            Body::Exact { texts, slots, .. } => {
                for (i, text) in texts.iter().enumerate() {
                    writer.text.extend_from_slice(text);
                    if let Some(slot) = slots.get(i) {
                        writer.slot(slot);
                    }
                }
            }
            Body::Wild {
                prefix,
                suffix,
                slot,
            } => {
                writer.text.extend_from_slice(prefix);
                writer.slot(slot);
                writer.text.extend_from_slice(suffix);
            }
        }
        if token.zone == Zone::Message {
            end = writer.place();
        }
    }
    let begin = begin.unwrap_or_default();
    writer.parts.push(writer.text.into());
    Arc::new(Template::new(
        writer.parts,
        writer.slots,
        (begin, end),
        parent,
    ))
}

struct Writer {
    parts: Vec<Box<[u8]>>,
    slots: Vec<Slot>,
    text: Vec<u8>,
}

impl Writer {
    fn slot(&mut self, slot: &Slot) {
        self.parts.push(std::mem::take(&mut self.text).into());
        self.slots.push(slot.clone());
    }

    fn place(&self) -> Place {
        Place {
            part: self.parts.len() as u32,
            offset: self.text.len() as u32,
        }
    }
}

/// Writes the variable spans of a line whose tokens these cover.
pub(crate) fn locate(
    tokens: &[Token],
    cut: &[LineToken],
    line: Line<'_>,
    out: &mut Vec<(u32, u32)>,
) {
    for (token, at) in tokens.iter().zip(cut) {
        if token.gap.is_none() {
            out.push((at.gap, at.start));
        }
        match &token.body {
            Body::Exact { .. } => {
                out.extend_from_slice(&line.spans[at.first as usize..at.last as usize]);
            }
            Body::Wild { prefix, suffix, .. } => {
                out.push((at.start + prefix.len() as u32, at.end - suffix.len() as u32));
            }
        }
    }
}
