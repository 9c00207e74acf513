//! Rows on their way into ClickHouse, exactly once.
//!
//! A partition has one writer at a time: whoever takes it writes a higher number into `positions`,
//! and every insert carries the condition that its own number is still the highest. What a
//! predecessor was inserting at that moment is waited for. Rows and position cannot be written as
//! one, so rows go first: the taker then looks up which records lie beyond the position and passes
//! over these when the bus brings them again. After an insert whose answer was lost the same look is
//! taken. Beyond that the server drops a block whose token it has seen.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tocsin_domain::ports::{EngineError, StoreError};
use tocsin_domain::{Offset, ParsedBatch, Partition};

use super::block::Block;
use super::failure::ENGINE;
use super::inner::Inner;
use super::rows::{Origin, record_columns, structure};

/// Batches of more lines than this leave the async threads to become rows.
const INLINE_LINES_MAX: usize = 200;
/// So long nothing is tried on its own after an insert failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked whether a predecessor's insert has ended, and for how long at most.
const PREDECESSOR_EVERY: Duration = Duration::from_millis(100);
const PREDECESSOR_LOOKS_MAX: u32 = 80;
/// What the server says to a writer that is no longer the one.
const TAKEN: &str = "another process has taken this partition";

/// What memory holds of a partition.
#[derive(Debug, Default)]
pub(super) struct Writing {
    owner: Owner,
    /// The last batch that was taken.
    appended: Offset,
    /// The last batch whose rows and position are in ClickHouse.
    inserted: Offset,
    /// Records beyond the position that are in ClickHouse already.
    stored: Arc<HashSet<u128>>,
    /// What has been tried, and it is not known with which end.
    tried: Option<Block>,
    waiting: Block,
    /// When the first of what waits came.
    since: Option<Instant>,
    retry_at: Option<Instant>,
}

/// Whether this process is the one that writes a partition.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Nobody has asked yet.
    #[default]
    Unknown,
    /// This one is, by this number.
    Own(u64),
    /// Another one has taken it. Only [`Inner::reopen`] takes it back.
    Lost,
}

impl Writing {
    fn bytes(&self) -> usize {
        self.waiting.bytes() + self.tried.as_ref().map_or(0, Block::bytes)
    }

    /// Records that are in memory only.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.count() + self.tried.as_ref().map_or(0, Block::count)
    }

    fn is_due(&self, inner: &Inner) -> bool {
        let now = Instant::now();
        let is_time = |at: Instant| now >= at;
        let is_old = self
            .since
            .is_some_and(|since| is_time(since + inner.config.insert_after()));
        (is_old || self.waiting() >= inner.config.insert_rows) && self.retry_at.is_none_or(is_time)
    }
}

impl Inner {
    /// Takes a batch into memory, and writes what waits when it is enough or old.
    pub(super) async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: ParsedBatch,
    ) -> Result<(), StoreError> {
        let writing = self.writing(partition);
        let mut writing = writing.lock().await;
        if writing.owner == Owner::Unknown {
            self.take(partition, &mut writing).await?;
        }
        let Owner::Own(writer) = writing.owner else {
            return Err(taken());
        };
        if offset <= writing.appended {
            return Ok(());
        }
        if writing.bytes() >= self.config.buffer_bytes_max {
            if writing.retry_at.is_some_and(|at| Instant::now() < at) {
                let away = EngineError::away(ENGINE, "rows wait for it, and memory has no room");
                return Err(StoreError::Unavailable(away.into()));
            }
            self.write(partition, &mut writing).await?;
        }
        let origin = Origin {
            partition,
            offset,
            writer,
        };
        let rows = rows_of(batch, origin, Arc::clone(&writing.stored)).await?;
        writing.waiting.append(&rows);
        writing.appended = offset;
        writing.since.get_or_insert_with(Instant::now);
        if writing.is_due(self)
            && let Err(error) = self.write(partition, &mut writing).await
        {
            // The batch is taken: whoever flushes next is told if it still cannot be written.
            tracing::debug!(partition = partition.0, %error, "rows wait for clickhouse");
        }
        Ok(())
    }

    /// Writes what memory holds of a partition.
    pub(super) async fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        let writing = self.writing(partition);
        let mut writing = writing.lock().await;
        if writing.owner != Owner::Unknown {
            self.write(partition, &mut writing).await?;
            self.durable.write().insert(partition.0, writing.inserted);
        }
        Ok(self.durable(partition))
    }

    /// Forgets what memory holds of a partition, takes it, and reads its position again.
    pub(super) async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        let writing = self.writing(partition);
        let mut writing = writing.lock().await;
        *writing = Writing::default();
        self.take(partition, &mut writing).await?;
        Ok(writing.inserted)
    }

    /// Writes what waits in this process, so that a question sees it.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        for (partition, writing) in self.all_writing() {
            let mut writing = writing.lock().await;
            if writing.waiting() > 0 && writing.owner != Owner::Lost {
                self.write(partition, &mut writing).await?;
            }
        }
        Ok(())
    }

    /// Writes what is enough or has waited long enough.
    pub(super) async fn write_due(&self) {
        for (partition, writing) in self.all_writing() {
            let mut writing = writing.lock().await;
            if writing.is_due(self)
                && writing.owner != Owner::Lost
                && let Err(error) = self.write(partition, &mut writing).await
            {
                tracing::warn!(partition = partition.0, %error, "rows wait for clickhouse");
            }
        }
    }

    async fn write(&self, partition: Partition, writing: &mut Writing) -> Result<(), StoreError> {
        let Owner::Own(writer) = writing.owner else {
            return Err(taken());
        };
        let done = self.write_blocks(partition, writer, writing).await;
        match &done {
            Ok(()) => {
                writing.retry_at = None;
                writing.since = None;
            }
            Err(error) if is_taken(error) => {
                // The other one reads from the bus what waits here.
                *writing = Writing {
                    owner: Owner::Lost,
                    ..Writing::default()
                };
            }
            Err(_) => writing.retry_at = Some(Instant::now() + RETRY_AFTER),
        }
        done
    }

    async fn write_blocks(
        &self,
        partition: Partition,
        writer: u64,
        writing: &mut Writing,
    ) -> Result<(), StoreError> {
        if let Some(block) = &writing.tried {
            if let Some(offsets) = block.offsets() {
                let stored = self.stored_between(partition, offsets).await?;
                let left = block.without(&stored);
                self.insert(partition, writer, &left).await?;
                self.advance(partition, (writer, offsets.1)).await?;
                writing.inserted = offsets.1;
            }
            writing.tried = None;
        }
        let Some((_, last)) = writing.waiting.offsets() else {
            return Ok(());
        };
        let block = writing.tried.insert(std::mem::take(&mut writing.waiting));
        self.insert(partition, writer, block).await?;
        self.advance(partition, (writer, last)).await?;
        writing.tried = None;
        writing.inserted = last;
        if !writing.stored.is_empty() {
            // All batches that brought them again have passed once the position is beyond them.
            writing.stored = Arc::new(self.stored_after(partition, last).await?);
        }
        Ok(())
    }

    async fn insert(
        &self,
        partition: Partition,
        writer: u64,
        block: &Block,
    ) -> Result<(), StoreError> {
        if block.count() == 0 {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO logs ({columns}) SELECT {columns} FROM input('{structure}') \
             WHERE {fence} FORMAT RowBinary",
            columns = record_columns(),
            structure = structure(),
            fence = fence(partition, writer),
        );
        let name = self.insert_name(partition);
        self.connection
            .insert(sql, block.rows(), (&name, &block.token()))
            .await
    }

    /// How the ids of the inserts of a partition begin.
    fn insert_name(&self, partition: Partition) -> String {
        format!("tocsin-{}-{}-", self.database, partition.0)
    }

    /// Writes down that everything through `offset` is in ClickHouse.
    async fn advance(
        &self,
        partition: Partition,
        (writer, offset): (u64, Offset),
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO positions (bus_partition, writer, bus_offset) \
             SELECT {}, {writer}, {} WHERE {}",
            partition.0,
            offset.0,
            fence(partition, writer),
        );
        self.connection.note(&sql).await
    }

    /// Becomes the writer of a partition and learns where it stands.
    async fn take(&self, partition: Partition, writing: &mut Writing) -> Result<(), StoreError> {
        let (highest, position) = self.position(partition).await?;
        let writer = higher(highest);
        let claim = format!(
            "INSERT INTO positions (bus_partition, writer, bus_offset) SELECT {}, {writer}, {}",
            partition.0, position.0
        );
        self.connection.note(&claim).await?;
        self.wait_for_predecessor(partition).await?;
        let (highest, position) = self.position(partition).await?;
        if highest != writer {
            return Err(taken());
        }
        let stored = self.stored_after(partition, position).await?;
        *writing = Writing {
            owner: Owner::Own(writer),
            appended: position,
            inserted: position,
            stored: Arc::new(stored),
            ..Writing::default()
        };
        self.durable.write().insert(partition.0, position);
        Ok(())
    }

    /// Waits until no insert into the partition is under way any more.
    async fn wait_for_predecessor(&self, partition: Partition) -> Result<(), StoreError> {
        let name = super::literal::literal(self.insert_name(partition).as_bytes());
        let sql = format!(
            "SELECT count() FROM {} WHERE startsWith(initial_query_id, {name})",
            self.tables.system_everywhere("processes")
        );
        for _ in 0..PREDECESSOR_LOOKS_MAX {
            if self.connection.one(&sql, |row| row.u64()).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(PREDECESSOR_EVERY).await;
        }
        Err(StoreError::Unavailable(
            "another process is still inserting into this partition".into(),
        ))
    }

    /// The highest number of a writer and the position.
    async fn position(&self, partition: Partition) -> Result<(u64, Offset), StoreError> {
        let sql = format!(
            "SELECT max(writer), max(bus_offset) FROM positions WHERE bus_partition = {}",
            partition.0
        );
        let take = |row: &mut super::row_binary::Take<'_>| Some((row.u64()?, Offset(row.u64()?)));
        self.connection.one(&sql, take).await
    }

    /// The positions of all partitions.
    pub(super) async fn read_positions(&self) -> Result<(), StoreError> {
        let sql = "SELECT bus_partition, max(bus_offset) FROM positions GROUP BY bus_partition";
        let rows = self
            .connection
            .all(sql, |row| Some((row.u16()?, Offset(row.u64()?))));
        let rows = rows.await?;
        self.durable.write().extend(rows);
        Ok(())
    }

    async fn stored_after(
        &self,
        partition: Partition,
        position: Offset,
    ) -> Result<HashSet<u128>, StoreError> {
        let after = format!("bus_offset > {}", position.0);
        self.stored(partition, &after).await
    }

    async fn stored_between(
        &self,
        partition: Partition,
        (first, last): (Offset, Offset),
    ) -> Result<HashSet<u128>, StoreError> {
        let between = format!("bus_offset BETWEEN {} AND {}", first.0, last.0);
        self.stored(partition, &between).await
    }

    async fn stored(
        &self,
        partition: Partition,
        offsets: &str,
    ) -> Result<HashSet<u128>, StoreError> {
        let sql = format!(
            "SELECT id FROM logs WHERE bus_partition = {} AND {offsets}",
            partition.0
        );
        let ids = self.connection.all(&sql, |row| row.u128()).await?;
        Ok(ids.into_iter().collect())
    }
}

/// The condition that a writer is still the one; the server refuses otherwise.
fn fence(partition: Partition, writer: u64) -> String {
    format!(
        "throwIf((SELECT max(writer) FROM positions WHERE bus_partition = {}) != {writer}, \
         '{TAKEN}') = 0",
        partition.0
    )
}

fn taken() -> StoreError {
    StoreError::Unavailable(TAKEN.into())
}

fn is_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(cause) if cause.to_string().contains(TAKEN))
}

/// A number above all others, and not the one that somebody else makes at this moment.
fn higher(highest: u64) -> u64 {
    const CHANCE_BITS: u32 = 20;
    let chance = RandomState::new().hash_one(highest) & ((1 << CHANCE_BITS) - 1);
    (((highest >> CHANCE_BITS) + 1) << CHANCE_BITS) | chance
}

async fn rows_of(
    batch: ParsedBatch,
    origin: Origin,
    stored: Arc<HashSet<u128>>,
) -> Result<Block, StoreError> {
    if batch.lines.len() <= INLINE_LINES_MAX {
        return Ok(Block::of_batch(&batch, origin, &stored));
    }
    tokio::task::spawn_blocking(move || Block::of_batch(&batch, origin, &stored))
        .await
        .map_err(|error| StoreError::Unavailable(Box::new(error)))
}
