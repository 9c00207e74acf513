//! Taking batches into memory, and turning what is in memory into blocks on disk.

use std::sync::Arc;

use tocsin_domain::ports::StoreError;
use tocsin_domain::{Offset, ParsedBatch, Partition, Template};

use super::block::meta::Summary;
use super::block::{Address, ColumnWriter, Sealed, Slice, seal};
use super::dictionary::encode_template;
use super::engine::Changes;
use super::head::{HeadBatch, is_sound};
use super::inner::{Inner, key, kind, position_key, section_key, template_key};

/// The most rows of a block, whatever is configured.
const BLOCK_ROWS_MAX: usize = 1 << 20;
/// The most templates of a block: they are numbered in 16 bits there.
const BLOCK_TEMPLATES_MAX: usize = 1 << 16;

impl Inner {
    /// Takes a batch into the head of its partition, unless it was taken before.
    pub(crate) fn append(
        &self,
        partition: Partition,
        offset: Offset,
        parsed: ParsedBatch,
    ) -> Result<(), StoreError> {
        let writer = self.writer(partition.0);
        let _writing = writer.lock();
        let raw_bytes: usize = parsed
            .batch
            .records
            .iter()
            .map(|record| record.body.len())
            .sum();
        let is_full = {
            let state = self.state.read();
            match state.heads.get(&partition.0) {
                Some(head) if offset <= head.taken => return Ok(()),
                Some(head) => {
                    head.rows > 0
                        && (head.rows + parsed.lines.len() > self.config.head_rows_max
                            || head.raw_bytes + raw_bytes > self.config.head_bytes_max)
                }
                None => false,
            }
        };
        if !is_sound(&parsed) {
            let message = "a batch whose lines are not their templates and variables";
            return Err(StoreError::Invalid(message.into()));
        }
        if is_full {
            self.write_head(partition)?;
        }
        let templates = {
            let known = self.dictionary.read();
            let get = |template: &Arc<Template>| known.get(template.id).cloned();
            parsed.templates.iter().map(get).collect::<Option<Vec<_>>>()
        };
        let templates = templates.unwrap_or_else(|| {
            let mut dictionary = self.dictionary.write();
            let insert = |template| dictionary.insert(template);
            parsed.templates.iter().map(insert).collect()
        });
        let batch = HeadBatch {
            ordinals: parsed.batch.ordinals.clone(),
            parsed,
            templates,
            raw_bytes,
        };
        let mut state = self.state.write();
        state
            .heads
            .entry(partition.0)
            .or_default()
            .push(offset, batch);
        Ok(())
    }

    /// Writes the head of a partition to disk.
    pub(crate) fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        let writer = self.writer(partition.0);
        let _writing = writer.lock();
        self.write_head(partition)
    }

    /// The same, for a caller that is the partition's writer.
    fn write_head(&self, partition: Partition) -> Result<Offset, StoreError> {
        let head = match self.state.read().heads.get(&partition.0) {
            Some(head) => head.clone(),
            None => return Ok(Offset(0)),
        };
        if head.taken == head.durable {
            return Ok(head.durable);
        }
        let batches: Vec<&HeadBatch> = head.batches.iter().map(Arc::as_ref).collect();
        let sealed = self.seal(partition.0, None, &batches);
        let mut changes = Changes::new();
        changes.insert(
            position_key(partition.0),
            Some(head.taken.0.to_be_bytes().to_vec()),
        );
        self.replace(&[], sealed, changes, || {
            let mut state = self.state.write();
            if let Some(head) = state.heads.get_mut(&partition.0) {
                head.settle();
            }
            state
        })?;
        Ok(head.taken)
    }

    /// Makes blocks of rows in the order they arrived. A `sequence` keeps the place of what the
    /// blocks stand for.
    pub(crate) fn seal(
        &self,
        partition: u16,
        sequence: Option<u64>,
        batches: &[&HeadBatch],
    ) -> Vec<Sealed> {
        let rows_max = self.config.head_rows_max.clamp(1, BLOCK_ROWS_MAX);
        let mut writer = ColumnWriter::new();
        let mut sealed = Vec::new();
        let mut slices: Vec<Slice<'_>> = Vec::new();
        let (mut rows, mut templates) = (0, 0);
        let mut finish = |slices: &mut Vec<Slice<'_>>| {
            if !slices.is_empty() {
                let id = self.new_block();
                let address = Address {
                    id,
                    partition,
                    sequence: sequence.unwrap_or(id),
                };
                sealed.push(seal(address, slices, &mut writer));
                slices.clear();
            }
        };
        for batch in batches {
            let mut start = 0;
            while start < batch.rows() {
                let end = batch
                    .rows()
                    .min(start + rows_max - rows)
                    .min(start + BLOCK_TEMPLATES_MAX);
                // Batches share templates, which counts them again and again: the bound is far off.
                let added = batch.templates.len().min(end - start);
                if templates + added > BLOCK_TEMPLATES_MAX {
                    finish(&mut slices);
                    (rows, templates) = (0, 0);
                }
                slices.push(Slice {
                    batch,
                    rows: start..end,
                });
                (rows, templates) = (rows + end - start, templates + added);
                start = end;
                if rows == rows_max {
                    finish(&mut slices);
                    (rows, templates) = (0, 0);
                }
            }
        }
        finish(&mut slices);
        sealed
    }

    /// Writes new blocks and removes old ones as one, together with other changes; then shows the
    /// new state to queries. `settle` returns the state's lock after changing what else changes.
    pub(crate) fn replace<'s>(
        &'s self,
        old: &[Arc<Summary>],
        new: Vec<Sealed>,
        mut changes: Changes,
        settle: impl FnOnce() -> parking_lot::RwLockWriteGuard<'s, super::inner::State>,
    ) -> Result<(), StoreError> {
        for block in old {
            self.remove_keys(block.id, &mut changes)?;
        }
        let mut summaries = Vec::with_capacity(new.len());
        let mut written = Vec::new();
        for sealed in new {
            let id = sealed.summary.id;
            for (at, section) in sealed.sections.into_iter().enumerate() {
                changes.insert(section_key(id, at as u16), Some(section));
            }
            changes.insert(key(kind::META, id), Some(sealed.meta));
            changes.insert(key(kind::FILTER, id), Some(sealed.filter));
            changes.insert(key(kind::SUMMARY, id), Some(sealed.summary.encode()));
            let known = self.written.lock();
            for info in sealed.templates {
                let template = &info.template;
                if !known.contains(&template.id) {
                    changes.insert(template_key(template.id), Some(encode_template(template)));
                    written.push(template.id);
                }
            }
            summaries.push(Arc::new(sealed.summary));
        }
        self.engine.commit(changes)?;
        self.written.lock().extend(written);
        let mut state = settle();
        let mut blocks: Vec<Arc<Summary>> = state
            .blocks
            .iter()
            .filter(|block| !old.iter().any(|gone| gone.id == block.id))
            .cloned()
            .collect();
        blocks.extend(summaries);
        blocks.sort_by_key(|block| (block.partition, block.sequence, block.id));
        state.blocks = Arc::new(blocks);
        Ok(())
    }

    fn remove_keys(&self, block: u64, changes: &mut Changes) -> Result<(), StoreError> {
        for section in self.engine.keys(&key(kind::SECTION, block))? {
            changes.insert(section.to_vec(), None);
        }
        for kind in [kind::META, kind::FILTER, kind::SUMMARY] {
            changes.insert(key(kind, block), None);
        }
        Ok(())
    }
}
