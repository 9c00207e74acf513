//! The log store: every log line, searchable at once, byte for byte.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::event::{Offset, Partition};
use crate::id::{RecordId, TemplateId};
use crate::query::Expression;
use crate::record::LogRecord;
use crate::severity::Severity;
use crate::template::ParsedBatch;
use crate::time::{TimeRange, Timestamp};

/// Why a store did not do as asked. Shared by all stores.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage refuses for now: a full disk, an engine that is away.
    #[error("the store cannot reach or write its storage")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was asked makes no sense; says why.
    #[error("{0}")]
    Invalid(String),
    /// Bytes on disk that cannot be read; says which.
    #[error("the store holds data that cannot be read: {0}")]
    Corrupt(String),
}

/// Which records are meant.
#[derive(Debug, Clone, PartialEq)]
pub struct LogQuery {
    /// What the text and fields must satisfy.
    pub expression: Expression,
    /// Which times.
    pub range: TimeRange,
    /// If given, only records of these templates.
    pub templates: Option<Vec<TemplateId>>,
}

impl LogQuery {
    /// Every record in `range`.
    #[must_use]
    pub fn all(range: TimeRange) -> Self {
        Self {
            expression: Expression::All,
            range,
            templates: None,
        }
    }
}

/// In which order records come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Newest first: by timestamp, then by id, descending.
    #[default]
    NewestFirst,
    /// Oldest first: by timestamp, then by id, ascending.
    OldestFirst,
}

/// The last record of a page; the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// Its id.
    pub id: RecordId,
}

/// One page of records.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The records, in the order asked for.
    pub records: Vec<LogRecord>,
    /// Where the next page begins; none if this is the last.
    pub next: Option<Cursor>,
}

/// Counts per severity band (see [`Severity::BANDS`]).
pub type BandCounts = [u64; 7];

/// Counts per interval of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// The width of a bucket in nanoseconds, at least one millisecond.
    pub interval: i64,
    /// Bucket starts (multiples of the interval since the epoch), ascending, only those with
    /// records, each with its counts.
    pub buckets: Vec<(Timestamp, BandCounts)>,
}

/// How often a template occurs in what a query selects.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateCount {
    /// The template.
    pub template: TemplateId,
    /// Records per severity band.
    pub counts: BandCounts,
    /// The earliest record.
    pub first_seen: Timestamp,
    /// The latest record.
    pub last_seen: Timestamp,
}

/// The most frequent values of one variable or field.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueDistribution {
    /// Which slot of the template, `0..`.
    pub slot: usize,
    /// Records looked at.
    pub total: u64,
    /// Distinct values among them (exact up to the store's bound, a lower bound beyond).
    pub distinct: u64,
    /// The most frequent values and their counts, most frequent first.
    pub top: Vec<(String, u64)>,
    /// Smallest, median, largest, where all values are numbers.
    pub numeric: Option<(f64, f64, f64)>,
}

/// Lines before and after one line in its own source, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Lines before it.
    pub before: Vec<LogRecord>,
    /// The line.
    pub line: LogRecord,
    /// Lines after it.
    pub after: Vec<LogRecord>,
}

/// What is kept of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceStats {
    /// Its name.
    pub source: Arc<str>,
    /// Records kept.
    pub records: u64,
    /// The earliest and latest timestamps.
    pub first_seen: Timestamp,
    /// The latest timestamp.
    pub last_seen: Timestamp,
    /// Hosts seen in it.
    pub hosts: Vec<Arc<str>>,
}

/// What the store holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogStats {
    /// Records in blocks and head.
    pub records: u64,
    /// Bytes of raw lines they came from (line ends not counted).
    pub raw_bytes: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Blocks on disk.
    pub blocks: u64,
    /// Records in memory only (the bus still has them).
    pub head_records: u64,
    /// Per source.
    pub sources: Vec<SourceStats>,
}

/// How long records of one source (or all) are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Retention {
    /// Sources whose name begins with this; empty means all. The longest match holds.
    pub source_prefix: String,
    /// Records whose timestamp is older than this go.
    pub max_age: Option<Duration>,
    /// When the source has more bytes on disk than this, its oldest blocks go.
    pub max_bytes: Option<u64>,
}

/// Every log line, searchable at once.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Takes a parsed batch into the head of its partition; searchable when it returns, durable
    /// only after [`LogStore::flush`]. A batch at or below the partition's position is passed over,
    /// so delivering twice stores once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a full head could not be written; the batch is not taken.
    async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: ParsedBatch,
    ) -> Result<(), StoreError>;

    /// Writes the head of a partition to disk and returns the offset through which everything is
    /// durable. The position and the blocks are written as one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the head stays in memory.
    async fn flush(&self, partition: Partition) -> Result<Offset, StoreError>;

    /// The offset through which everything of a partition is durable; reading resumes after it.
    fn durable(&self, partition: Partition) -> Offset;

    /// Forgets what memory holds of the partition and reads its position again: another process may
    /// have worked on it meanwhile. Called by whoever takes a partition, before the first append.
    /// A store that no other process can write to has nothing to forget.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the position is not known then and nothing may be appended.
    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        Ok(self.durable(partition))
    }

    /// One page of the records a query selects.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// How many records a query selects; exact.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError>;

    /// Counts per interval (nanoseconds) and severity band; exact.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the interval is below a millisecond or gives over 10,000 buckets.
    async fn histogram(&self, query: &LogQuery, interval: i64) -> Result<Histogram, StoreError>;

    /// Exact counts per template of what a query selects, most frequent first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn template_counts(&self, query: &LogQuery) -> Result<Vec<TemplateCount>, StoreError>;

    /// The distribution of every variable of one template in what a query selects.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn distributions(
        &self,
        template: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError>;

    /// One record.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError>;

    /// The lines around one line, in the order of its own source as they arrived.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError>;

    /// Removes what a query selects, for good, and returns how many records went.
    ///
    /// # Errors
    /// [`StoreError`]; blocks already rewritten stay so.
    async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError>;

    /// Removes what is past its time or size and returns how many records went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn retain(&self, rules: &[Retention], now: Timestamp) -> Result<u64, StoreError>;

    /// What the store holds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn stats(&self) -> Result<LogStats, StoreError>;

    /// Asks whether the storage can be reached, at next to no cost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot.
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The band with the most records, the more severe one on a tie.
#[must_use]
pub fn dominant_band(counts: &BandCounts) -> &'static str {
    let best = counts
        .iter()
        .enumerate()
        .max_by_key(|(_, count)| **count)
        .map_or(0, |(at, _)| at);
    Severity::BANDS[best]
}
