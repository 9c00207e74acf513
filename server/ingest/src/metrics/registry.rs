//! Which series the store knows already, so that their labels need not travel again, and how many
//! each source has.
//!
//! A series is reserved when it is first mentioned and confirmed once a batch with its labels was
//! accepted. Labels are due again within the hour, so that a store that forgot a series learns
//! it anew; a series nobody mentioned for a day is forgotten and gives its place to another.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tocsin_domain::{MetricKind, SeriesId, Timestamp};

use super::limits::MetricLimits;
use super::raw::{FRESH_SECS, Field, RawCache};

/// Locks of the table of series; decoders run a few at a time.
const SHARDS: usize = 64;
/// Labels are sent again after half of this to all of it, by the series.
const LABELS_AGAIN_SECS: u32 = 3600;
/// A series nobody mentioned for so long is forgotten.
const FORGOTTEN_SECS: u32 = 24 * 3600;
/// One shard is swept each time, so all within 16 minutes.
const SWEEP_SECS: u32 = 15;
/// The most names of metrics whose kind is remembered.
const KINDS_MAX: usize = 100_000;
/// The source of those beyond the bound.
const OTHER: &str = "other";

/// Keys are hashes already.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}

/// A table whose keys are hashes.
pub(crate) type ById<T> = HashMap<u64, T, BuildHasherDefault<IdHasher>>;

/// A sender of series.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) index: u32,
    series: AtomicUsize,
}

/// What is known of a series.
#[derive(Debug, Clone, Copy)]
struct Known {
    source: u32,
    /// When its labels are due, in seconds; 0 if no batch with them was accepted.
    due_secs: u32,
    seen_secs: u32,
    /// Part of the hash of the raw bytes that named it first; 0 if none did.
    raw: u32,
}

/// What a mention of a series came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention {
    /// The source has too many.
    Refused,
    /// Its labels have to travel.
    LabelsDue,
    /// Its labels need not travel until then, in seconds.
    Known(u32),
}

/// Series whose labels are in batches that are not accepted yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    pub(crate) series: Vec<SeriesId>,
    pub(crate) now_secs: u32,
}

impl Claims {
    /// How many series there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.series.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.series.is_empty()
    }
}

/// The series all sources sent; shared by all decoders.
#[derive(Debug)]
pub struct SeriesRegistry {
    series_per_source_max: usize,
    sources_max: usize,
    sources: RwLock<Vec<Arc<Source>>>,
    shards: Vec<Mutex<ById<Known>>>,
    kinds: RwLock<HashMap<Box<str>, MetricKind>>,
    pub(crate) raw: RawCache,
    refused: AtomicU64,
    sweep_secs: AtomicU32,
    swept: AtomicUsize,
}

impl SeriesRegistry {
    /// One that knows no series.
    #[must_use]
    pub fn new(limits: &MetricLimits) -> Self {
        Self {
            series_per_source_max: limits.series_per_source_max,
            sources_max: limits.sources_max.max(1),
            sources: RwLock::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            kinds: RwLock::default(),
            raw: RawCache::default(),
            refused: AtomicU64::new(0),
            sweep_secs: AtomicU32::new(0),
            swept: AtomicUsize::new(0),
        }
    }

    /// Takes over what the store knows at start: series and the sources they came from. They
    /// count for their sources even beyond the bound.
    pub fn seed<S: AsRef<str>>(
        &self,
        now: Timestamp,
        series: impl IntoIterator<Item = (SeriesId, S)>,
    ) {
        let now_secs = secs(now);
        let mut last: Option<Arc<Source>> = None;
        for (id, name) in series {
            let source = match last.take() {
                Some(source) if *source.name == *name.as_ref() => source,
                _ => self.source(name.as_ref()),
            };
            // Spread, or all would send their labels again at once.
            let due_secs = now_secs + 1 + (id.0 >> 20) as u32 % LABELS_AGAIN_SECS;
            let known = Known {
                source: source.index,
                due_secs,
                seen_secs: now_secs,
                raw: 0,
            };
            if self.shard(id).insert(id.0, known).is_none() {
                source.series.fetch_add(1, Ordering::Relaxed);
            }
            last = Some(source);
        }
    }

    /// Notes that batches with these series' labels were accepted.
    pub fn confirm(&self, claims: &Claims) {
        for id in &claims.series {
            if let Some(known) = self.shard(*id).get_mut(&id.0) {
                let half = LABELS_AGAIN_SECS / 2;
                known.due_secs = claims.now_secs + half + (id.0 >> 20) as u32 % half;
            }
        }
    }

    /// How often a new series was refused because its source had too many, since the start.
    #[must_use]
    pub fn refused_series(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The sources and how many series each has, in the order they first came.
    #[must_use]
    pub fn series_by_source(&self) -> Vec<(Arc<str>, usize)> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources
            .iter()
            .map(|source| (source.name.clone(), source.series.load(Ordering::Relaxed)))
            .collect()
    }

    /// How many series are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// True if no series is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers what kind the metrics of a name are, as metadata that comes apart from points
    /// says.
    pub fn learn_kind(&self, name: &str, kind: MetricKind) {
        if self.kind_of(name) == kind {
            return;
        }
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() < KINDS_MAX || kinds.contains_key(name) {
            kinds.insert(name.into(), kind);
        }
    }

    /// The kind that metadata named.
    #[must_use]
    pub fn kind_of(&self, name: &str) -> MetricKind {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        kinds.get(name).copied().unwrap_or_default()
    }

    /// The source of a name, made if it is new.
    pub(crate) fn source(&self, name: &str) -> Arc<Source> {
        let find = |sources: &[Arc<Source>], name: &str| {
            sources.iter().find(|source| *source.name == *name).cloned()
        };
        let known = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = find(&known, name) {
            return source;
        }
        drop(known);
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let name = if sources.len() + 1 < self.sources_max {
            name
        } else {
            OTHER
        };
        if let Some(source) = find(&sources, name) {
            return source;
        }
        let source = Arc::new(Source {
            name: name.into(),
            index: sources.len() as u32,
            series: AtomicUsize::new(0),
        });
        sources.push(source.clone());
        source
    }

    /// Notes a mention of a series, and says whether its labels have to travel.
    pub(crate) fn mention(&self, source: &Source, id: SeriesId, now_secs: u32) -> Mention {
        let mut shard = self.shard(id);
        if let Some(known) = shard.get_mut(&id.0) {
            known.seen_secs = known.seen_secs.max(now_secs);
            return if known.due_secs > now_secs {
                Mention::Known(known.due_secs)
            } else {
                Mention::LabelsDue
            };
        }
        if source.series.load(Ordering::Relaxed) >= self.series_per_source_max {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Mention::Refused;
        }
        source.series.fetch_add(1, Ordering::Relaxed);
        let known = Known {
            source: source.index,
            due_secs: 0,
            seen_secs: now_secs,
            raw: 0,
        };
        shard.insert(id.0, known);
        Mention::LabelsDue
    }

    /// Remembers series under the hash of the raw bytes that named them; `due_secs` is when the
    /// first of them has to send its labels again.
    pub(crate) fn remember(
        &self,
        hash: u64,
        known: Vec<(Field, SeriesId)>,
        now_secs: u32,
        due_secs: u32,
    ) {
        let raw = (hash as u32).max(1);
        let mut is_alias = false;
        for (_, id) in known.iter().filter(|(field, _)| !field.is_text) {
            if let Some(known) = self.shard(*id).get_mut(&id.0) {
                if known.raw == 0 {
                    known.raw = raw;
                }
                is_alias |= known.raw != raw;
            }
        }
        let until_secs = due_secs.min(now_secs.saturating_add(FRESH_SECS));
        self.raw.insert(hash, known, is_alias, until_secs);
    }

    /// Forgets some of what nobody mentioned for long; cheap if called often.
    pub(crate) fn sweep(&self, now_secs: u32) {
        let due = self.sweep_secs.load(Ordering::Relaxed);
        let next = now_secs.saturating_add(SWEEP_SECS);
        let claim =
            self.sweep_secs
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        if now_secs < due || claim.is_err() {
            return;
        }
        let turn = self.swept.fetch_add(1, Ordering::Relaxed) % SHARDS;
        self.raw.sweep(turn, now_secs);
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        lock(&self.shards[turn]).retain(|_, known| {
            let keep = now_secs < known.seen_secs.saturating_add(FORGOTTEN_SECS);
            if !keep && let Some(source) = sources.get(known.source as usize) {
                source.series.fetch_sub(1, Ordering::Relaxed);
            }
            keep
        });
    }

    fn shard(&self, id: SeriesId) -> MutexGuard<'_, ById<Known>> {
        lock(&self.shards[(id.0 >> 40) as usize % SHARDS])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since the Unix epoch, for times from 1970 to 2106.
pub(crate) fn secs(at: Timestamp) -> u32 {
    u32::try_from(at.0 / 1_000_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(most: usize) -> SeriesRegistry {
        SeriesRegistry::new(&MetricLimits {
            series_per_source_max: most,
            sources_max: 3,
            ..MetricLimits::default()
        })
    }

    fn claims(ids: &[u64], now_secs: u32) -> Claims {
        let series = ids.iter().map(|id| SeriesId(*id)).collect();
        Claims { series, now_secs }
    }

    #[test]
    fn labels_are_due_until_confirmed_and_again_within_the_hour() {
        let (registry, id) = (registry(10), SeriesId(0x1234_5678_9abc_def0));
        let source = registry.source("a");
        assert_eq!(registry.mention(&source, id, 100), Mention::LabelsDue);
        assert_eq!(registry.mention(&source, id, 101), Mention::LabelsDue);
        registry.confirm(&claims(&[id.0], 100));
        let Mention::Known(due) = registry.mention(&source, id, 102) else {
            panic!("it is not known");
        };
        assert!((1900..3700).contains(&due), "{due}");
        assert_eq!(registry.mention(&source, id, due), Mention::LabelsDue);
    }

    #[test]
    fn a_source_that_is_full_takes_no_more_until_others_are_forgotten() {
        let registry = registry(2);
        let (a, b) = (registry.source("a"), registry.source("b"));
        for id in 0..3 {
            let mention = registry.mention(&a, SeriesId(id), 1000);
            assert_eq!(mention == Mention::Refused, id == 2, "{id}");
        }
        assert_eq!(registry.refused_series(), 1);
        assert_eq!(registry.mention(&b, SeriesId(9), 1000), Mention::LabelsDue);
        for turn in 0..SHARDS as u32 {
            registry.sweep(1000 + FORGOTTEN_SECS + turn * SWEEP_SECS);
        }
        assert!(registry.is_empty());
        assert_eq!(
            registry.mention(&a, SeriesId(7), 90_000),
            Mention::LabelsDue
        );
        assert_eq!(registry.series_by_source()[0].1, 1);
    }

    #[test]
    fn sources_beyond_the_bound_share_one() {
        let registry = registry(5);
        let names = ["a", "b", "c", "d"].map(|name| registry.source(name).name.clone());
        assert_eq!(names.map(|name| name.to_string()), ["a", "b", OTHER, OTHER]);
    }

    #[test]
    fn what_the_store_knows_needs_no_labels() {
        let registry = registry(5);
        registry.seed(
            Timestamp::from_secs(50),
            [(SeriesId(1), "a"), (SeriesId(2), "b")],
        );
        let b = registry.source("b");
        assert!(matches!(
            registry.mention(&b, SeriesId(2), 50),
            Mention::Known(_)
        ));
        assert_eq!(registry.len(), 2);
    }
}
