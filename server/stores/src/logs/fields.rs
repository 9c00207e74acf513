//! Testing the attributes of a template's lines in a block: those in slots, and those beside.

use tocsin_domain::query::{FieldTest, slot_text, test_text};

use super::block::meta::Field;
use super::inner::Trouble;
use super::part::{BlockReader, column_in};
use super::plan::{FieldKind, FieldLeaf};
use super::selection::{Bits, Selection};
use super::words::test_column;

/// The rows whose slots of this key pass the test.
pub(crate) fn slot_rows(
    reader: &BlockReader<'_>,
    number: usize,
    key: &str,
    test: &FieldTest,
) -> Result<Selection, Trouble> {
    let template = &reader.meta.templates[number];
    let mut any = Selection::None;
    for (slot, described) in template.info.template.slots.iter().enumerate() {
        if described.key.as_deref() != Some(key) {
            continue;
        }
        if *test == FieldTest::Exists {
            return Ok(Selection::All);
        }
        let part = reader.column(number, slot)?;
        let bits = test_column(column_in(&part)?, template.rows as usize, |variable| {
            test_text(test, &slot_text(variable))
        });
        any = any.or(Selection::of(bits));
    }
    Ok(any)
}

/// The rows whose values beside the body pass the test of the leaf.
pub(crate) fn field_rows(
    reader: &BlockReader<'_>,
    number: usize,
    leaf: &FieldLeaf,
) -> Result<Selection, Trouble> {
    let meta = &reader.meta;
    let template = &meta.templates[number];
    let is_asked = |field: &Field| match (field, &leaf.field) {
        (Field::Attribute { key, .. }, FieldKind::Attribute(name)) => meta
            .keys
            .get(*key as usize)
            .is_some_and(|key| **key == **name),
        (Field::Trace, FieldKind::Trace) | (Field::Span, FieldKind::Span) => true,
        _ => false,
    };
    let mut any = Selection::None;
    for (at, field) in template.fields.iter().enumerate() {
        if !is_asked(field) {
            continue;
        }
        let part = reader.column(number, template.info.template.slots.len() + at)?;
        let column = column_in(&part)?;
        let holders = reader.holders(number, *field)?;
        let passes = test_column(column, holders.len(), |value| match field {
            Field::Attribute { .. } => test_text(&leaf.test, value),
            Field::Trace | Field::Span => test_text(&leaf.test, hex(value).as_bytes()),
        });
        let mut bits = Bits::none(template.rows as usize);
        passes
            .iter()
            .for_each(|at| bits.insert(holders[at] as usize));
        any = any.or(Selection::of(bits));
    }
    Ok(any)
}

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
