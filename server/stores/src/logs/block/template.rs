//! The lines of one template at a time: its columns to sections, their tokens to the filter.

use std::sync::Arc;

use tocsin_domain::Span;

use super::super::dictionary::{Group, TemplateInfo};
use super::columns::{ColumnWriter, Known};
use super::gather::{Gather, Line};
use super::meta::{Field, TemplateMeta};
use super::sections::Sections;
use super::stamp::Stamp;
use super::tokens::TokenSet;

/// How many lines are looked at ahead.
const LINES_AHEAD: usize = 32;
/// How many bytes of a variable are copied at once.
const COPIED_BYTES: usize = 16;

/// Writes the columns of templates, keeping working memory between them.
#[derive(Debug)]
pub(crate) struct TemplateWriter<'g, 'a> {
    gather: &'g Gather<'a>,
    has_fields: bool,
    slots: Vec<Texts>,
    tokens: TokenSet,
    has_tokenless: bool,
}

/// Texts one after the other. The lines of a template lie far apart in memory; what is looked at
/// again and again, slot by slot, is brought together first.
#[derive(Debug, Default)]
struct Texts {
    data: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Most variables are short. Copying a length that is known beforehand and cutting off what
    /// is too much takes less than a copy of the length that is wanted.
    fn push(&mut self, body: &[u8], span: Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        match body[start..].first_chunk::<COPIED_BYTES>() {
            Some(chunk) if end - start <= COPIED_BYTES => {
                let wanted = self.data.len() + (end - start);
                self.data.extend_from_slice(chunk);
                self.data.truncate(wanted);
            }
            _ => self.data.extend_from_slice(&body[start..end]),
        }
        self.ends.push(self.data.len());
    }

    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let row = &self.data[start..*end];
            start = *end;
            row
        })
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.data[start..self.ends[row]]
    }
}

impl<'g, 'a> TemplateWriter<'g, 'a> {
    pub(crate) fn new(gather: &'g Gather<'a>) -> Self {
        Self {
            gather,
            has_fields: gather.has_fields(),
            slots: Vec::new(),
            tokens: TokenSet::new(),
            has_tokenless: false,
        }
    }

    /// Writes the columns of a template, and notes what a reader needs to know of them.
    pub(crate) fn put(
        &mut self,
        template: &mut TemplateMeta,
        lines: &[Line],
        sections: &mut Sections,
        writer: &mut ColumnWriter,
    ) {
        let info = Arc::clone(&template.info);
        self.take_variables(lines, info.template.slots.len());
        let mut groups = info.groups.iter().peekable();
        // Which lines hold all the texts of the group so far: none if that is not known.
        let mut distinct = Some(Vec::new());
        let slots = &self.slots[..info.template.slots.len()];
        let mut column: Vec<&[u8]> = Vec::with_capacity(lines.len());
        for (slot, texts) in slots.iter().enumerate() {
            column.clear();
            column.extend(texts.rows());
            let (place, known) = sections.put(&column, template.rows, writer);
            template.columns.push(place);
            let is_alone = info.is_alone(slot);
            let mut stamp = Stamp::default();
            distinct = match known {
                Known::Fields(fields) if is_alone => {
                    self.tokens.take_fields(&fields, &mut stamp);
                    Some(Vec::new())
                }
                Known::Distinct(rows) => both(distinct, Some(rows)),
                _ => None,
            };
            let Some(group) = groups.next_if(|group| group.last == slot) else {
                continue;
            };
            let mut text = Vec::new();
            let mut take = |row: usize| {
                let has_tokens = if is_alone {
                    self.tokens.take(column[row], &mut stamp)
                } else {
                    join(&mut text, &info, group, |slot| slots[slot].row(row));
                    self.tokens.take(&text, &mut stamp)
                };
                self.has_tokenless |= !has_tokens;
            };
            match distinct.replace(Vec::new()) {
                Some(rows) => rows.iter().for_each(|row| take(*row as usize)),
                None => (0..lines.len()).for_each(take),
            }
            template.stamps.push(stamp);
        }
        if self.has_fields {
            self.put_fields(template, lines, sections, writer);
        }
    }

    fn take_variables(&mut self, lines: &[Line], slots: usize) {
        if self.slots.len() < slots {
            self.slots.resize_with(slots, Texts::default);
        }
        if slots == 0 {
            return;
        }
        let columns = &mut self.slots[..slots];
        for column in columns.iter_mut() {
            column.data.clear();
            column.ends.clear();
            column.ends.reserve(lines.len());
        }
        for some in lines.chunks(LINES_AHEAD) {
            // A look at each beforehand: the processor waits for all of them at once then, not for
            // one after the other.
            let ahead = some.iter().map(|line| {
                let (body, spans) = self.gather.variables(*line, slots);
                let byte = |at: u32| u32::from(body.get(at as usize).copied().unwrap_or(0));
                byte(0) + byte(spans[slots - 1].start)
            });
            std::hint::black_box(ahead.fold(0, u32::wrapping_add));
            for line in some {
                let (body, spans) = self.gather.variables(*line, slots);
                for (column, span) in columns.iter_mut().zip(spans) {
                    column.push(body, *span);
                }
            }
        }
    }

    fn put_fields(
        &mut self,
        template: &mut TemplateMeta,
        lines: &[Line],
        sections: &mut Sections,
        writer: &mut ColumnWriter,
    ) {
        for (field, column) in self.gather.fields(lines) {
            let (place, known) = sections.put(&column, template.rows, writer);
            template.columns.push(place);
            template.fields.push(field);
            let name = match field {
                Field::Attribute { key, .. } => &*self.gather.keys.list[key as usize],
                Field::Trace => "trace_id",
                Field::Span => "span_id",
            };
            match known {
                Known::Distinct(rows) => rows
                    .iter()
                    .for_each(|row| self.tokens.take_pair(name, column[*row as usize])),
                _ => column
                    .iter()
                    .for_each(|value| self.tokens.take_pair(name, value)),
            }
        }
    }

    /// The hashes of all tokens, sorted, and whether some variable has none.
    pub(crate) fn finish(self) -> (Vec<u64>, bool) {
        (self.tokens.finish(), self.has_tokenless)
    }
}

/// Puts together what stands in the slots of a group of a line, between them and glued to them.
fn join<'a>(
    text: &mut Vec<u8>,
    info: &TemplateInfo,
    group: &Group,
    variable: impl Fn(usize) -> &'a [u8],
) {
    let parts = &info.template.parts;
    text.clear();
    let before = &parts[group.first];
    text.extend_from_slice(&before[before.len() - group.left..]);
    for slot in group.first..=group.last {
        text.extend_from_slice(variable(slot));
        let after = &parts[slot + 1];
        let length = if slot == group.last {
            group.right
        } else {
            after.len()
        };
        text.extend_from_slice(&after[..length]);
    }
}

/// The rows that hold the distinct texts of slots side by side, if they are known: if all slots
/// but one are the same in all rows. Before the first slot there are none.
fn both(left: Option<Vec<u32>>, right: Option<Vec<u32>>) -> Option<Vec<u32>> {
    match (left?, right) {
        (left, right) if left.is_empty() => right,
        (left, right) if left.len() == 1 => right,
        (left, Some(right)) if right.len() == 1 => Some(left),
        _ => None,
    }
}
