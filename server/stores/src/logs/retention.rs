//! Letting go of what is past its time or size, and merging small blocks.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, Retention};
use tocsin_domain::query::{Expression, FieldTest};
use tocsin_domain::{TimeRange, Timestamp};

use super::block::meta::{SourceSummary, Summary};
use super::inner::{Inner, Trouble};
use super::part::BlockReader;
use super::rebuild::batches_of;

/// So many small neighbours are merged even if together they are still small.
const SMALL_NEIGHBOURS_MAX: usize = 8;

impl Inner {
    /// Removes what is past its time or size.
    pub(crate) fn retain(&self, rules: &[Retention], now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for (source, last) in self.oldest_times() {
            let age = rule_of(rules, &source).and_then(|rule| rule.max_age);
            let nanos = age.and_then(|age| i64::try_from(age.as_nanos()).ok());
            let Some(cutoff) = nanos.map(|nanos| now.0.saturating_sub(nanos)) else {
                continue;
            };
            if last.0 < cutoff {
                let range = TimeRange {
                    from: Timestamp::MIN,
                    to: Timestamp(cutoff),
                };
                gone += self.delete(&of_source(&source, range))?;
            }
        }
        for rule in rules {
            if let Some(bytes_max) = rule.max_bytes {
                gone += self.retain_bytes(rules, rule, bytes_max)?;
            }
        }
        self.merge_small()?;
        if gone > 0 {
            self.engine.compact()?;
        }
        Ok(gone)
    }

    /// The earliest time of every source.
    fn oldest_times(&self) -> HashMap<Arc<str>, Timestamp> {
        let view = self.view();
        let mut oldest: HashMap<Arc<str>, Timestamp> = HashMap::new();
        let mut see = |name: &Arc<str>, time: Timestamp| {
            let known = oldest.entry(Arc::clone(name)).or_insert(time);
            *known = time.min(*known);
        };
        for source in view.blocks.iter().flat_map(|block| &block.sources) {
            see(&source.name, source.first);
        }
        for batch in &view.heads {
            for record in &batch.parsed.batch.records {
                see(&batch.parsed.batch.source, record.timestamp);
            }
        }
        oldest
    }

    /// Removes the oldest blocks' rows of the sources of a rule until the rest fits.
    fn retain_bytes(
        &self,
        rules: &[Retention],
        rule: &Retention,
        bytes_max: u64,
    ) -> Result<u64, StoreError> {
        let view = self.view();
        let is_meant =
            |source: &&SourceSummary| rule_of(rules, &source.name).is_some_and(|own| own == rule);
        let mut blocks: Vec<(&Arc<Summary>, u64)> = view
            .blocks
            .iter()
            .map(|block| {
                let rows: u64 = block
                    .sources
                    .iter()
                    .filter(is_meant)
                    .map(|source| u64::from(source.rows))
                    .sum();
                (
                    block,
                    block.disk_bytes * rows / u64::from(block.rows.max(1)),
                )
            })
            .filter(|(_, bytes)| *bytes > 0)
            .collect();
        blocks.sort_by_key(|(block, _)| (block.last, block.id));
        let mut bytes: u64 = blocks.iter().map(|(_, bytes)| bytes).sum();
        let mut gone = 0;
        for (block, share) in blocks {
            if bytes <= bytes_max {
                break;
            }
            bytes -= share;
            let writer = self.writer(block.partition);
            let _writing = writer.lock();
            if !self.are_current(std::slice::from_ref(block)) {
                continue;
            }
            let removed = self.drop_sources(block, is_meant);
            gone += self.unless_damaged_now(block, removed)?;
        }
        Ok(gone)
    }

    /// Removes the rows of some sources from a block.
    fn drop_sources(
        &self,
        block: &Arc<Summary>,
        is_meant: impl Fn(&&SourceSummary) -> bool,
    ) -> Result<u64, Trouble> {
        let dropped: Vec<&SourceSummary> =
            block.sources.iter().filter(|one| is_meant(one)).collect();
        if dropped.len() == block.sources.len() {
            self.drop_blocks(std::slice::from_ref(block))?;
            return Ok(u64::from(block.rows));
        }
        let reader = BlockReader::open(self, block)?;
        let batches = batches_of(&reader, &[])?;
        let kept: Vec<_> = batches
            .into_iter()
            .filter(|batch| {
                !dropped
                    .iter()
                    .any(|one| one.name == batch.parsed.batch.source)
            })
            .collect();
        let rows: usize = kept.iter().map(super::head::HeadBatch::rows).sum();
        self.rewrite(std::slice::from_ref(block), &kept)?;
        Ok(u64::from(block.rows) - rows as u64)
    }

    /// Merges small blocks that follow one another in a partition.
    fn merge_small(&self) -> Result<(), StoreError> {
        let view = self.view();
        let mut group: Vec<Arc<Summary>> = Vec::new();
        let mut rows = 0;
        for block in view.blocks.iter() {
            let is_small = (block.rows as usize) < self.config.small_block_rows_max;
            let fits = rows + block.rows as usize <= self.config.head_rows_max
                && group
                    .last()
                    .is_none_or(|last| last.partition == block.partition);
            if !is_small || !fits {
                self.merge(&group, rows)?;
                group.clear();
                rows = 0;
            }
            if is_small {
                group.push(Arc::clone(block));
                rows += block.rows as usize;
            }
        }
        self.merge(&group, rows)
    }

    fn merge(&self, group: &[Arc<Summary>], rows: usize) -> Result<(), StoreError> {
        let is_worth = group.len() >= SMALL_NEIGHBOURS_MAX
            || (group.len() >= 2 && rows >= self.config.small_block_rows_max);
        let Some(first) = group.first() else {
            return Ok(());
        };
        if !is_worth {
            return Ok(());
        }
        let writer = self.writer(first.partition);
        let _writing = writer.lock();
        if !self.are_current(group) {
            return Ok(());
        }
        let mut batches = Vec::new();
        for block in group {
            let read = BlockReader::open(self, block).and_then(|reader| batches_of(&reader, &[]));
            match self.unless_damaged(block, read) {
                Ok(Some(read)) => batches.extend(read),
                // Leave the neighbours of a damaged block, and what others changed, as they are.
                Ok(None) | Err(Trouble::Gone | Trouble::Damaged) => return Ok(()),
                Err(Trouble::Store(error)) => return Err(error),
            }
        }
        self.rewrite(group, &batches)
    }
}

/// The rule for a source: the one with the longest prefix of its name.
pub(super) fn rule_of<'r>(rules: &'r [Retention], source: &str) -> Option<&'r Retention> {
    rules
        .iter()
        .filter(|rule| source.starts_with(&rule.source_prefix))
        .max_by_key(|rule| rule.source_prefix.len())
}

fn of_source(source: &str, range: TimeRange) -> LogQuery {
    LogQuery {
        expression: Expression::Field {
            key: "source".into(),
            test: FieldTest::Equals(source.into()),
        },
        range,
        templates: None,
    }
}
