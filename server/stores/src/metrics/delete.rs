//! Removing series at the wish of a person: they are gone at once, their bytes when retention runs.

use tocsin_domain::metric::Matcher;
use tocsin_domain::ports::StoreError;

use super::engine::Changes;
use super::inner::Inner;
use super::keys::{GROUP, partition_key};
use super::shard::Shard;
use super::write::put_pages;

impl Inner {
    /// Removes the selected series with all their points.
    pub(crate) fn delete(&self, matchers: &[Matcher]) -> Result<u64, StoreError> {
        let mut gone = 0;
        for shard in self.shards() {
            let _writing = shard.writer.lock();
            gone += self.delete_in(&shard, matchers)?;
        }
        Ok(gone)
    }

    fn delete_in(&self, shard: &Shard, matchers: &[Matcher]) -> Result<u64, StoreError> {
        if shard.state.read().table.matching(matchers).is_empty() {
            return Ok(0);
        }
        // With the position past them, batches of removed series are not delivered again.
        self.write_head(shard)?;
        let mut state = shard.state.write();
        let state = &mut *state;
        let indexes = state.table.matching(matchers);
        for index in &indexes {
            state.table.remove(*index);
            state.head.remove(*index);
            state.position.littered.insert(index / GROUP);
        }
        // Readers wait for the disk here: a removal that was answered must not come back.
        let mut changes = Changes::new();
        put_pages(
            shard.partition,
            &state.table,
            &state.table.dirty,
            &mut changes,
        );
        let mut position = state.position.clone();
        position.indexes = state.table.indexes();
        changes.insert(partition_key(shard.partition), Some(position.encode()));
        self.engine.blocks().commit(changes)?;
        state.table.dirty = super::table::Dirty::default();
        Ok(indexes.len() as u64)
    }
}
