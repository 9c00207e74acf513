//! The binary form of a template's parts and slots. Parts are bytes, not text, so neither JSON
//! nor a text column can hold them.
//!
//! ```text
//! version 1 | number of slots | part (kind, key?, part)*
//! ```
//!
//! Numbers are LEB128 varints, texts follow their length, a kind is its name (so that kinds may be
//! reordered), a key is absent (0) or there (1, text).

use std::sync::Arc;

use tocsin_domain::{Slot, Template, TemplateId, VariableKind};

const VERSION: u8 = 1;

/// Writes parts and slots.
pub(super) fn encode(template: &Template) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(&mut out, template.slots.len());
    let mut parts = template.parts.iter();
    put_bytes(&mut out, parts.next().map_or(&[], |part| part));
    for slot in &template.slots {
        put_bytes(&mut out, slot.kind.name().as_bytes());
        match &slot.key {
            Some(key) => {
                out.push(1);
                put_bytes(&mut out, key.as_bytes());
            }
            None => out.push(0),
        }
        put_bytes(&mut out, parts.next().map_or(&[], |part| part));
    }
    out
}

/// Reads a template back; none if the bytes are not of this format.
pub(super) fn decode(
    id: TemplateId,
    parent: Option<TemplateId>,
    mut bytes: &[u8],
) -> Option<Template> {
    let bytes = &mut bytes;
    if take(bytes, 1)? != [VERSION] {
        return None;
    }
    let count = number(bytes)?;
    let mut parts = vec![Box::from(text(bytes)?)];
    let mut slots = Vec::new();
    for _ in 0..count {
        let name = std::str::from_utf8(text(bytes)?).ok()?;
        let kind = VariableKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)?;
        let key = match take(bytes, 1)? {
            [0] => None,
            _ => Some(Arc::from(std::str::from_utf8(text(bytes)?).ok()?)),
        };
        slots.push(Slot { kind, key });
        parts.push(Box::from(text(bytes)?));
    }
    let template = Template {
        id,
        parent,
        parts,
        slots,
    };
    bytes.is_empty().then_some(template)
}

fn put_number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(bytes)?;
    take(bytes, length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template() -> impl Strategy<Value = Template> {
        let slot = (0..VariableKind::ALL.len(), proptest::option::of(".{0,9}"));
        let bytes = proptest::collection::vec(any::<u8>(), 0..200);
        (
            bytes.clone(),
            proptest::collection::vec((slot, bytes), 0..6),
        )
            .prop_map(|(first, rest)| {
                let slot = |kind: usize, key: Option<String>| Slot {
                    kind: VariableKind::ALL[kind],
                    key: key.map(Arc::from),
                };
                let (slots, parts): (Vec<_>, Vec<_>) = rest
                    .into_iter()
                    .map(|((kind, key), part)| (slot(kind, key), part.into_boxed_slice()))
                    .unzip();
                Template {
                    id: TemplateId(7),
                    parent: None,
                    parts: std::iter::once(first.into_boxed_slice())
                        .chain(parts)
                        .collect(),
                    slots,
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn templates_come_back_as_they_were(template in template()) {
            let blob = encode(&template);
            prop_assert_eq!(decode(TemplateId(7), None, &blob), Some(template));
        }

        #[test]
        fn other_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = decode(TemplateId(7), None, &bytes);
        }
    }

    /// Bytes of version 1, kept for ever.
    #[test]
    fn version_1_is_still_read() {
        let blob = b"\x01\x01\x05from \x02ip\x01\x03src\x05 port";
        let template = decode(TemplateId(7), None, blob).unwrap();
        assert_eq!(template.pattern(), "from <ip> port");
        assert_eq!(template.slots[0].key.as_deref(), Some("src"));
    }
}
