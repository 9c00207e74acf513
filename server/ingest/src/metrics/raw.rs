//! What series a run of raw bytes named last time, such as a measurement with its tags: for a line
//! that came before, one look-up instead of unescaping, sorting and hashing labels again.
//!
//! An entry holds only series whose labels need not travel; it is good for ten minutes, after
//! which the long way is gone once and the registry hears of the series again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tocsin_domain::{MetricKind, SeriesId};

use super::registry::ById;

/// Locks of the cache.
const SHARDS: usize = 64;
/// The most entries of one shard; further ones are not cached. All told a million.
const SHARD_ENTRIES_MAX: usize = 16_384;
/// How long an entry is good for; the registry forgets series after far longer.
const FRESH_SECS: u32 = 600;
/// The most fields an entry remembers.
pub(crate) const FIELDS_MAX: usize = 1024;

/// One series of an entry.
#[derive(Debug, Clone)]
pub(crate) struct RawField {
    /// The field as it was written, up to and with its `=`; empty if there is but one series.
    pub(crate) key: Box<[u8]>,
    pub(crate) id: SeriesId,
    pub(crate) kind: MetricKind,
    /// True if its value was text, so that there is no series.
    pub(crate) is_text: bool,
}

impl RawField {
    /// The only series of an entry.
    pub(crate) fn only(id: SeriesId, kind: MetricKind) -> Self {
        Self {
            key: Box::default(),
            id,
            kind,
            is_text: false,
        }
    }

    /// A field of a line whose value is text.
    pub(crate) fn text(name: &[u8]) -> Self {
        Self {
            key: [name, b"="].concat().into(),
            id: SeriesId(0),
            kind: MetricKind::Unknown,
            is_text: true,
        }
    }

    /// The same field with numbers of a series.
    pub(crate) fn of(self, id: SeriesId) -> Self {
        Self {
            id,
            is_text: false,
            ..self
        }
    }
}

/// The series that a run of bytes named.
#[derive(Debug)]
pub(crate) struct RawEntry {
    fresh_until_secs: u32,
    /// The token of the collector that used it last and where its slots are there.
    mark: AtomicU64,
    pub(crate) fields: Vec<RawField>,
}

impl RawEntry {
    /// `due_secs` is when the first of the series has to send its labels again.
    pub(crate) fn new(fields: Vec<RawField>, now_secs: u32, due_secs: u32) -> Self {
        Self {
            fresh_until_secs: due_secs.min(now_secs.saturating_add(FRESH_SECS)),
            mark: AtomicU64::new(0),
            fields,
        }
    }

    pub(crate) const fn is_fresh(&self, now_secs: u32) -> bool {
        now_secs < self.fresh_until_secs
    }

    pub(crate) const fn fresh_until_secs(&self) -> u32 {
        self.fresh_until_secs
    }

    /// Where the collector with this token has the slots of the fields, if it was the last.
    #[inline]
    pub(crate) fn marked(&self, token: u32) -> Option<usize> {
        let mark = self.mark.load(Ordering::Relaxed);
        (mark >> 32 == u64::from(token)).then_some(mark as u32 as usize)
    }

    #[inline]
    pub(crate) fn set_mark(&self, token: u32, at: usize) {
        let mark = u64::from(token) << 32 | at as u64;
        self.mark.store(mark, Ordering::Relaxed);
    }
}

/// Entries by the hash of their bytes.
#[derive(Debug)]
pub(crate) struct RawCache {
    shards: Vec<RwLock<ById<RawEntry>>>,
}

impl Default for RawCache {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
        }
    }
}

/// The hash of raw bytes of a source.
#[inline]
pub(crate) fn hash(raw: &[u8], source: u32) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(raw, 0x7261_7700 + u64::from(source))
}

impl RawCache {
    /// The shard that has the entry of a hash.
    #[inline]
    pub(crate) fn read(&self, hash: u64) -> RwLockReadGuard<'_, ById<RawEntry>> {
        self.shard(hash)
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry in the place of an earlier one, if there is room.
    pub(crate) fn insert(&self, hash: u64, entry: RawEntry) {
        let shard = self.shard(hash);
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() < SHARD_ENTRIES_MAX || shard.contains_key(&hash) {
            shard.insert(hash, entry);
        }
    }

    /// Forgets the stale entries of one shard.
    pub(crate) fn sweep(&self, shard: usize, now_secs: u32) {
        let mut shard = self.shards[shard % SHARDS]
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // One that went stale just now is likely to be made anew in its place.
        shard.retain(|_, entry| entry.is_fresh(now_secs.saturating_sub(FRESH_SECS)));
    }

    #[inline]
    fn shard(&self, hash: u64) -> &RwLock<ById<RawEntry>> {
        &self.shards[(hash >> 40) as usize % SHARDS]
    }
}
