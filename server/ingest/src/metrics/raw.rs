//! What series a run of raw bytes named last time, such as a measurement with its tags: for a line
//! that came before, one look-up instead of unescaping, sorting and hashing labels again.
//!
//! An entry holds only series whose labels need not travel; it is good for ten minutes, after
//! which the long way is gone once and the registry hears of the series again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use tocsin_domain::{MetricKind, SeriesId};

use super::registry::ById;

/// Locks of the cache.
const SHARDS: usize = 64;
/// The most entries of one shard; further ones are not cached. All told a million.
const SHARD_ENTRIES_MAX: usize = 16_384;
/// The most lists of fields that are shared; further ones are not.
const LISTS_MAX: usize = 10_000;
/// How long an entry is good for; the registry forgets series after far longer.
pub(crate) const FRESH_SECS: u32 = 600;
/// The most fields an entry remembers.
pub(crate) const FIELDS_MAX: usize = 1024;

/// A field of lines that begin the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    /// As it was written, up to and with its `=`; empty if there is but one series.
    pub(crate) key: Box<[u8]>,
    pub(crate) kind: MetricKind,
    /// True if its value was text, so that there is no series.
    pub(crate) is_text: bool,
}

impl Field {
    /// The only series of an entry.
    pub(crate) fn only(kind: MetricKind) -> Self {
        Self {
            key: Box::default(),
            kind,
            is_text: false,
        }
    }

    /// A field of a line.
    pub(crate) fn of_line(name: &[u8], is_text: bool) -> Self {
        Self {
            key: [name, b"="].concat().into(),
            kind: MetricKind::Unknown,
            is_text,
        }
    }
}

/// The series of the fields, in their order.
#[derive(Debug)]
enum Ids {
    /// As most have it; one jump through memory less.
    One(SeriesId),
    Many(Box<[SeriesId]>),
}

/// The series that a run of bytes named.
#[derive(Debug)]
pub(crate) struct RawEntry {
    fresh_until_secs: u32,
    /// True if other bytes name some of the series as well, as the same tags in another order.
    pub(crate) is_alias: bool,
    /// Shared by all lines with the same fields.
    pub(crate) fields: Arc<[Field]>,
    /// The number of that list.
    pub(crate) list: u32,
    ids: Ids,
}

impl RawEntry {
    /// The series of a field.
    #[inline]
    pub(crate) fn id(&self, field: usize) -> SeriesId {
        match &self.ids {
            Ids::One(id) => *id,
            Ids::Many(ids) => ids[field],
        }
    }

    pub(crate) const fn is_fresh(&self, now_secs: u32) -> bool {
        now_secs < self.fresh_until_secs
    }

    pub(crate) const fn fresh_until_secs(&self) -> u32 {
        self.fresh_until_secs
    }
}

/// Entries by the hash of their bytes.
#[derive(Debug)]
pub(crate) struct RawCache {
    shards: Vec<RwLock<ById<RawEntry>>>,
    /// Lists of fields, each once; hosts have the same.
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    numbers: HashMap<Arc<[Field]>, u32>,
    next: u32,
}

impl Default for RawCache {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            lists: Mutex::default(),
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

    /// Puts fields and their series in the place of those from before, if there is room.
    /// It is good until `until_secs` at most.
    pub(crate) fn insert(
        &self,
        hash: u64,
        known: Vec<(Field, SeriesId)>,
        is_alias: bool,
        until_secs: u32,
    ) {
        let (fields, ids): (Vec<Field>, Vec<SeriesId>) = known.into_iter().unzip();
        let ids = match ids.as_slice() {
            [] => return,
            [one] => Ids::One(*one),
            _ => Ids::Many(ids.into()),
        };
        let (fields, list) = self.list(fields);
        let entry = RawEntry {
            fresh_until_secs: until_secs,
            is_alias,
            fields,
            list,
            ids,
        };
        let shard = self.shard(hash);
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() < SHARD_ENTRIES_MAX || shard.contains_key(&hash) {
            shard.insert(hash, entry);
        }
    }

    /// The list of fields that all who have the same share, and its number.
    fn list(&self, fields: Vec<Field>) -> (Arc<[Field]>, u32) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((list, number)) = lists.numbers.get_key_value(fields.as_slice()) {
            return (list.clone(), *number);
        }
        if lists.numbers.len() >= LISTS_MAX {
            lists.numbers.retain(|list, _| Arc::strong_count(list) > 1);
        }
        lists.next = lists.next.wrapping_add(1);
        let (list, number): (Arc<[Field]>, u32) = (fields.into(), lists.next);
        if lists.numbers.len() < LISTS_MAX {
            lists.numbers.insert(list.clone(), number);
        }
        (list, number)
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
