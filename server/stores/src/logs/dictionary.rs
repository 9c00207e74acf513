//! The templates that the store's lines have, each with what a query needs to know of it: which
//! tokens surely are in all its lines, and where variables may add tokens of their own.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::query::{is_token_byte, tokens};
use tocsin_domain::{Slot, Template, TemplateId, VariableKind};

use super::block::codec::{Damaged, Read, Reader, put_bytes, put_number};

/// The version of a template's bytes on disk.
const VERSION: u8 = 1;
/// The most slots or parts a template on disk may have.
const PARTS_MAX: usize = 1 << 20;

/// A template with what a query needs to know of it.
#[derive(Debug)]
pub(crate) struct TemplateInfo {
    /// The template.
    pub(crate) template: Arc<Template>,
    /// Its place in the dictionary.
    pub(crate) index: u32,
    /// What its lines are, token by token.
    pub(crate) elements: Vec<Element>,
    /// Where variables stand; slots joined without a separator between them are one group.
    pub(crate) groups: Vec<Group>,
}

/// What comes next in the lines of a template.
#[derive(Debug, PartialEq)]
pub(crate) enum Element {
    /// This token, lower case, in every line.
    Sure(Box<[u8]>),
    /// Any number of tokens, from the group of this number.
    Group(usize),
}

/// Slots whose variables share tokens, with the constant text that is glued to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    /// The first slot.
    pub(crate) first: usize,
    /// The last slot.
    pub(crate) last: usize,
    /// How many bytes before the first slot belong to its first token.
    pub(crate) left: usize,
    /// How many bytes after the last slot belong to its last token.
    pub(crate) right: usize,
}

impl TemplateInfo {
    pub(crate) fn new(template: Arc<Template>, index: u32) -> Self {
        let groups = groups_of(&template);
        let mut elements = Vec::new();
        let mut group = 0;
        for (at, part) in template.parts.iter().enumerate() {
            let is_first = at == 0;
            let is_last = at == template.slots.len();
            for token in tokens(part) {
                let touches_slot =
                    (token.start == 0 && !is_first) || (token.end == part.len() && !is_last);
                if !touches_slot {
                    elements.push(Element::Sure(part[token].to_ascii_lowercase().into()));
                }
            }
            if groups.get(group).is_some_and(|group| group.first == at) {
                elements.push(Element::Group(group));
                group += 1;
            }
        }
        Self {
            template,
            index,
            elements,
            groups,
        }
    }

    /// True if no constant text is glued to a slot, nor another slot.
    pub(crate) fn is_alone(&self, slot: usize) -> bool {
        let alone = |group: &Group| {
            group.first == slot && group.last == slot && group.left == 0 && group.right == 0
        };
        self.groups.iter().any(alone)
    }

    /// The text before a group from where its first token may begin a phrase: all of the part
    /// before it, but for what is glued to the slot before that.
    pub(crate) fn text_before(&self, group: Group) -> &[u8] {
        let part = &self.template.parts[group.first];
        match group.first {
            0 => part,
            _ => &part[leading(part)..],
        }
    }

    /// The text after a group, but for what is glued to the slot after that.
    pub(crate) fn text_after(&self, group: Group) -> &[u8] {
        let part = &self.template.parts[group.last + 1];
        if group.last + 1 == self.template.slots.len() {
            part
        } else {
            &part[..part.len() - trailing(part)]
        }
    }
}

fn groups_of(template: &Template) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for slot in 0..template.slots.len() {
        let before = &template.parts[slot];
        let right = leading(&template.parts[slot + 1]);
        match groups.last_mut() {
            Some(group) if before.iter().all(|byte| is_token_byte(*byte)) => {
                group.last = slot;
                group.right = right;
            }
            _ => groups.push(Group {
                first: slot,
                last: slot,
                left: trailing(before),
                right,
            }),
        }
    }
    groups
}

fn leading(part: &[u8]) -> usize {
    part.iter()
        .position(|byte| !is_token_byte(*byte))
        .unwrap_or(part.len())
}

fn trailing(part: &[u8]) -> usize {
    part.iter()
        .rev()
        .position(|byte| !is_token_byte(*byte))
        .unwrap_or(part.len())
}

/// All templates of the store, numbered as they came.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    templates: Vec<Arc<TemplateInfo>>,
    numbers: HashMap<TemplateId, u32>,
}

impl Dictionary {
    pub(crate) fn get(&self, id: TemplateId) -> Option<&Arc<TemplateInfo>> {
        self.templates.get(*self.numbers.get(&id)? as usize)
    }

    pub(crate) fn insert(&mut self, template: &Arc<Template>) -> Arc<TemplateInfo> {
        if let Some(known) = self.get(template.id) {
            return Arc::clone(known);
        }
        let index = self.templates.len() as u32;
        let info = Arc::new(TemplateInfo::new(Arc::clone(template), index));
        self.templates.push(Arc::clone(&info));
        self.numbers.insert(template.id, index);
        info
    }
}

/// The bytes of a template on disk, without its id.
pub(crate) fn encode_template(template: &Template) -> Vec<u8> {
    let mut out = vec![VERSION];
    match template.parent {
        Some(parent) => {
            out.push(1);
            out.extend_from_slice(&parent.0.to_le_bytes());
        }
        None => out.push(0),
    }
    put_number(&mut out, template.slots.len() as u64);
    for slot in &template.slots {
        let kind = VariableKind::ALL.iter().position(|kind| *kind == slot.kind);
        out.push(kind.unwrap_or(0) as u8);
        match &slot.key {
            Some(key) => {
                out.push(1);
                put_bytes(&mut out, key.as_bytes());
            }
            None => out.push(0),
        }
    }
    for part in &template.parts {
        put_bytes(&mut out, part);
    }
    out
}

/// Reads a template.
pub(crate) fn decode_template(id: TemplateId, bytes: &[u8]) -> Read<Template> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(Damaged);
    }
    let parent = match reader.byte()? {
        0 => None,
        _ => Some(TemplateId(u64::from_le_bytes(reader.array()?))),
    };
    let count = reader.bounded(PARTS_MAX)?;
    let slots = (0..count)
        .map(|_| {
            let kind = VariableKind::ALL.get(usize::from(reader.byte()?));
            let key = match reader.byte()? {
                0 => None,
                _ => Some(Arc::from(reader.text()?)),
            };
            let kind = *kind.ok_or(Damaged)?;
            Ok(Slot { kind, key })
        })
        .collect::<Read<_>>()?;
    let parts = (0..=count)
        .map(|_| Ok(reader.bytes()?.into()))
        .collect::<Read<_>>()?;
    Ok(Template {
        id,
        parent,
        parts,
        slots,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(parts: &[&str]) -> Arc<Template> {
        let slot = Slot {
            kind: VariableKind::Number,
            key: Some(Arc::from("k")),
        };
        Arc::new(Template {
            id: TemplateId(9),
            parent: Some(TemplateId(8)),
            parts: parts.iter().map(|part| part.as_bytes().into()).collect(),
            slots: vec![slot; parts.len() - 1],
        })
    }

    fn sure(text: &str) -> Element {
        Element::Sure(text.as_bytes().into())
    }

    #[test]
    fn tokens_that_touch_a_variable_are_not_sure() {
        let info = TemplateInfo::new(template(&["Took a", "ms end b", "", "x", " of C"]), 0);
        let expect = [
            sure("took"),
            Element::Group(0),
            sure("end"),
            Element::Group(1),
            sure("of"),
            sure("c"),
        ];
        assert_eq!(info.elements, expect);
        let first = Group {
            first: 0,
            last: 0,
            left: 1,
            right: 2,
        };
        let second = Group {
            first: 1,
            last: 3,
            left: 1,
            right: 0,
        };
        assert_eq!(info.groups, [first, second]);
        assert_eq!(info.text_before(second), b" end b");
        assert_eq!(info.text_after(first), b"ms end ");
        assert_eq!(info.text_after(second), b" of C");
    }

    #[test]
    fn templates_come_back_from_disk() {
        let template = template(&["a", "", "b\n"]);
        let bytes = encode_template(&template);
        assert_eq!(
            decode_template(template.id, &bytes).as_ref(),
            Ok(&*template)
        );
        assert!(decode_template(template.id, &bytes[..bytes.len() - 1]).is_err());
    }
}
