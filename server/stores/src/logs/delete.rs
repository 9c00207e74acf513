//! Removing records for good: blocks are written anew without them.

use std::sync::Arc;

use tocsin_domain::Partition;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::LogQuery;

use super::block::meta::Summary;
use super::engine::Changes;
use super::evaluate::BlockQuery;
use super::head::HeadBatch;
use super::inner::{Inner, Trouble};
use super::plan::Plan;
use super::rebuild::batches_of;
use super::selection::Selection;

impl Inner {
    /// Removes what a query selects. What is in memory is written first: the bus would bring it
    /// back otherwise.
    pub(crate) fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let mut partitions: Vec<u16> = self.state.read().heads.keys().copied().collect();
        partitions.extend(self.view().blocks.iter().map(|block| block.partition));
        partitions.sort_unstable();
        partitions.dedup();
        let plan = Plan::new(query);
        let mut gone = 0;
        for partition in partitions {
            self.flush(Partition(partition))?;
            let writer = self.writer(partition);
            let _writing = writer.lock();
            let view = self.view();
            for block in view
                .blocks
                .iter()
                .filter(|block| block.partition == partition)
            {
                if !plan.range.overlaps(block.first, block.last) {
                    continue;
                }
                let removed = self.delete_from(block, &plan);
                gone += self.unless_damaged_now(block, removed)?;
            }
        }
        Ok(gone)
    }

    /// Removes what a query selects, and its bytes from disk.
    pub(crate) fn delete_for_good(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let gone = self.delete(query)?;
        if gone > 0 {
            self.engine.compact()?;
        }
        Ok(gone)
    }

    fn delete_from(&self, block: &Arc<Summary>, plan: &Plan) -> Result<u64, Trouble> {
        let query = BlockQuery::open(self, plan, block)?;
        let mut dropped = vec![Selection::None; query.reader.meta.templates.len()];
        let mut gone = 0;
        for candidate in &query.candidates {
            let selection = query.select(*candidate)?;
            gone += selection.count(query.template(*candidate).rows as usize) as u64;
            dropped[candidate.template] = selection;
        }
        if gone == u64::from(block.rows) {
            self.drop_blocks(std::slice::from_ref(block))?;
        } else if gone > 0 {
            let batches = batches_of(&query.reader, &dropped)?;
            self.rewrite(std::slice::from_ref(block), &batches)?;
        }
        Ok(gone)
    }

    /// Removes whole blocks. The caller is the writer of their partition.
    pub(crate) fn drop_blocks(&self, blocks: &[Arc<Summary>]) -> Result<(), StoreError> {
        self.replace(blocks, Vec::new(), Changes::new(), || self.state.write())
    }

    /// Puts blocks of these batches in the place of others, which follow one another in one
    /// partition. The caller is the writer of the partition.
    pub(crate) fn rewrite(
        &self,
        old: &[Arc<Summary>],
        batches: &[HeadBatch],
    ) -> Result<(), StoreError> {
        let Some(first) = old.first() else {
            return Ok(());
        };
        let batches: Vec<&HeadBatch> = batches.iter().collect();
        let sealed = self.seal(first.partition, Some(first.sequence), &batches);
        self.replace(old, sealed, Changes::new(), || self.state.write())
    }

    /// As [`Inner::unless_damaged`], for a writer: nothing can be gone under it.
    pub(crate) fn unless_damaged_now(
        &self,
        block: &Summary,
        read: Result<u64, Trouble>,
    ) -> Result<u64, StoreError> {
        match self.unless_damaged(block, read) {
            Ok(count) => Ok(count.unwrap_or(0)),
            Err(Trouble::Store(error)) => Err(error),
            Err(_) => Err(StoreError::Corrupt(
                "a block is listed but not there".into(),
            )),
        }
    }
}
