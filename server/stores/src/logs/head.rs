//! The newest records of a partition, in memory as they came.

use std::sync::Arc;

use tocsin_domain::{Offset, ParsedBatch, RecordId};

use super::dictionary::TemplateInfo;

/// A batch in memory, or one that was read back from a block.
#[derive(Debug)]
pub(crate) struct HeadBatch {
    /// The records and what the parser found in them.
    pub(crate) parsed: ParsedBatch,
    /// What is known of each of its templates.
    pub(crate) templates: Vec<Arc<TemplateInfo>>,
    /// The place of each record in the batch it came in, where records before it are gone.
    pub(crate) ordinals: Option<Vec<u32>>,
    /// Bytes of the raw lines.
    pub(crate) raw_bytes: usize,
}

impl HeadBatch {
    /// The place of row `index` in the batch it came in.
    pub(crate) fn ordinal(&self, index: usize) -> u32 {
        match &self.ordinals {
            Some(ordinals) => ordinals.get(index).copied().unwrap_or_default(),
            None => index as u32,
        }
    }

    /// The id of row `index`.
    pub(crate) fn id(&self, index: usize) -> RecordId {
        self.parsed.batch.id.record(self.ordinal(index))
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.parsed.lines.len()
    }

    /// The row of a record, if it is here.
    pub(crate) fn row_of(&self, id: RecordId) -> Option<usize> {
        if id.batch() != self.parsed.batch.id {
            return None;
        }
        let ordinal = id.ordinal();
        match &self.ordinals {
            Some(ordinals) => ordinals.binary_search(&ordinal).ok(),
            None => Some(ordinal as usize).filter(|row| *row < self.rows()),
        }
    }
}

/// The newest records of a partition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// The batches as they came.
    pub(crate) batches: Vec<Arc<HeadBatch>>,
    /// How many records they hold.
    pub(crate) rows: usize,
    /// Bytes of their raw lines.
    pub(crate) raw_bytes: usize,
    /// The offset of the last batch that was taken.
    pub(crate) taken: Offset,
    /// The offset through which everything is on disk.
    pub(crate) durable: Offset,
}

impl Head {
    pub(crate) fn push(&mut self, offset: Offset, batch: HeadBatch) {
        self.rows += batch.rows();
        self.raw_bytes += batch.raw_bytes;
        self.taken = offset;
        if batch.rows() > 0 {
            self.batches.push(Arc::new(batch));
        }
    }

    /// Forgets the batches: they are on disk.
    pub(crate) fn settle(&mut self) {
        self.batches.clear();
        self.rows = 0;
        self.raw_bytes = 0;
        self.durable = self.taken;
    }
}

/// Checks what a store relies on: every line is its template and variables, byte for byte.
pub(crate) fn is_sound(parsed: &ParsedBatch) -> bool {
    let batch = &parsed.batch;
    if !batch.validate() || parsed.lines.len() != batch.records.len() {
        return false;
    }
    let parts_match =
        |template: &tocsin_domain::Template| template.parts.len() == template.slots.len() + 1;
    if !parsed
        .templates
        .iter()
        .all(|template| parts_match(template))
    {
        return false;
    }
    parsed
        .lines
        .iter()
        .zip(&batch.records)
        .all(|(line, record)| {
            let Some(template) = parsed.templates.get(line.template as usize) else {
                return false;
            };
            let first = line.variables as usize;
            let Some(spans) = parsed.variables.get(first..first + template.slots.len()) else {
                return false;
            };
            let mut at = 0usize;
            for (part, span) in template.parts.iter().zip(spans) {
                if span.start as usize != at + part.len() || span.end < span.start {
                    return false;
                }
                at = span.end as usize;
            }
            let last = template.parts.last().map_or(0, |part| part.len());
            at + last == record.body.len()
        })
}
