//! Where all decoders put their points: a batch for each shard, each series named once in it.
//!
//! A decoder names series by labels ([`MetricCollector::point`]) or by the raw bytes that named
//! them last time ([`MetricCollector::series`]). Times and bounds are checked here.

use std::fmt;
use std::sync::Arc;

use tocsin_domain::metric::{METRIC_SHARDS, MetricBatchBuilder};
use tocsin_domain::{BatchId, MetricBatch, MetricKind, SeriesId, Timestamp};

use super::labels::LabelScratch;
use super::limits::MetricLimits;
use super::raw::{Field, RawEntry, hash};
use super::registry::{Claims, Mention, SeriesRegistry, Source, secs};
use super::slots::{REFUSED, Slots, add};
use crate::decoded::{ERRORS_MAX, ItemError};

/// Labels of one batch beyond this start others.
const BATCH_LABEL_BYTES_MAX: usize = 8 << 20;

/// What a decoder of metrics needs to know beside the bytes.
pub struct MetricContext<'a> {
    /// When the bytes were received.
    pub now: Timestamp,
    /// Gives ten random bytes, for the id of each batch.
    pub random: &'a mut dyn FnMut() -> [u8; 10],
    /// The bounds.
    pub limits: &'a MetricLimits,
    /// The series known so far.
    pub registry: &'a SeriesRegistry,
    /// Who sent the bytes, such as `otlp` or `scrape:node`.
    pub source: &'a str,
}

impl fmt::Debug for MetricContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricContext")
            .field("now", &self.now)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What came out of a body of metrics.
#[derive(Debug, Clone, Default)]
pub struct MetricDecoded {
    /// The points, a batch for each shard (more than one if it is large).
    pub batches: Vec<MetricBatch>,
    /// How many points the batches hold.
    pub accepted: usize,
    /// How many points, or lines that cannot be read, were not taken.
    pub rejected: usize,
    /// How many values were passed over that are no numbers: text, exemplars, native histograms.
    pub skipped: usize,
    /// Why, for the first [`ERRORS_MAX`] that were rejected.
    pub errors: Vec<ItemError>,
    /// For [`SeriesRegistry::confirm`] once all batches were accepted; never before.
    pub claims: Claims,
}

/// A series of the collector that gave it.
#[derive(Debug, Clone, Copy)]
pub struct SeriesHandle {
    id: SeriesId,
    kind: MetricKind,
    slot: u32,
    token: u32,
}

impl SeriesHandle {
    /// Who the series is.
    #[must_use]
    pub const fn id(&self) -> SeriesId {
        self.id
    }
}

/// Gathers points into a batch for each shard.
#[derive(Debug)]
pub struct MetricCollector<'a> {
    pub(crate) now_ms: i64,
    pub(crate) now_secs: u32,
    first_ms: i64,
    last_ms: i64,
    random: Random<'a>,
    now: Timestamp,
    limits: &'a MetricLimits,
    pub(crate) registry: &'a SeriesRegistry,
    pub(crate) source: Arc<Source>,
    open: Vec<MetricBatchBuilder>,
    /// True once a batch is full.
    full: bool,
    slots: Slots,
    /// Counts the sets of batches.
    token: u32,
    pub(crate) scratch: LabelScratch,
    canonical: Vec<u8>,
    item: usize,
    decoded: MetricDecoded,
}

struct Random<'a>(&'a mut dyn FnMut() -> [u8; 10]);

impl fmt::Debug for Random<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

impl<'a> MetricCollector<'a> {
    /// An empty one.
    #[must_use]
    pub fn new(context: &'a mut MetricContext<'_>) -> Self {
        let (now, limits) = (context.now, context.limits);
        let now_ms = now.millis();
        let millis = |secs: u64| i64::try_from(secs.saturating_mul(1000)).unwrap_or(i64::MAX);
        let mut collector = Self {
            now_ms,
            now_secs: secs(now),
            first_ms: now_ms.saturating_sub(millis(limits.past_max_secs)),
            last_ms: now_ms.saturating_add(millis(limits.future_max_secs)),
            random: Random(&mut *context.random),
            now,
            limits,
            registry: context.registry,
            source: context.registry.source(context.source),
            open: Vec::new(),
            full: false,
            slots: Slots::default(),
            token: 0,
            scratch: LabelScratch::default(),
            canonical: Vec::new(),
            item: 0,
            decoded: MetricDecoded::default(),
        };
        collector.decoded.claims.now_secs = collector.now_secs;
        collector.open = collector.builders();
        collector
    }

    /// Says that about `points` points will come, in `entries` lines or series.
    pub fn expect(&mut self, points: usize, entries: usize) {
        // The shards are near a quarter each.
        let each = points / usize::from(METRIC_SHARDS);
        let each = (each + each / 16).min(self.limits.batch_points_max);
        for builder in &mut self.open {
            builder.reserve(each);
        }
        self.slots
            .reserve(entries.min(self.limits.batch_points_max));
    }

    /// Says which item of the body comes next, from 0, for messages.
    pub const fn at_item(&mut self, item: usize) {
        self.item = item;
    }

    /// Takes a point of the series with these labels, in any order, `__name__` among them; a point
    /// without a time is of now. Says whether it was taken; if not, an error is noted.
    pub fn point(
        &mut self,
        labels: &[(&str, &str)],
        kind: MetricKind,
        at_ms: Option<i64>,
        value: f64,
    ) -> bool {
        self.scratch.clear();
        for (name, label) in labels {
            self.scratch.label(name, label);
        }
        match self.series_of_scratch(kind) {
            Some((series, _)) => self.push(series, at_ms, value),
            None => false,
        }
    }

    /// The series that `raw` names, which must say all that its labels depend on within the
    /// source. `build` gives the labels if these bytes are not known. None if the
    /// series is refused or its labels cannot be; an error is noted then.
    pub fn series(
        &mut self,
        raw: &[u8],
        kind: MetricKind,
        build: impl FnOnce(&mut LabelScratch),
    ) -> Option<SeriesHandle> {
        let key = hash(raw, self.source.index);
        if let Some(cached) = self.cached(key).filter(|cached| cached.kind == kind) {
            return Some(cached);
        }
        self.named(key, |scratch| {
            build(scratch);
            kind
        })
    }

    /// As [`MetricCollector::series`], with a kind that is found together with the labels.
    pub fn series_of_kind(
        &mut self,
        raw: &[u8],
        build: impl FnOnce(&mut LabelScratch) -> MetricKind,
    ) -> Option<SeriesHandle> {
        let key = hash(raw, self.source.index);
        match self.cached(key) {
            Some(cached) => Some(cached),
            None => self.named(key, build),
        }
    }

    /// The series of built labels, remembered under a key if its labels need not travel.
    fn named(
        &mut self,
        key: u64,
        build: impl FnOnce(&mut LabelScratch) -> MetricKind,
    ) -> Option<SeriesHandle> {
        self.scratch.clear();
        let kind = build(&mut self.scratch);
        let (series, due_secs) = self.series_of_scratch(kind)?;
        if due_secs > self.now_secs {
            let known = vec![(Field::only(kind), series.id)];
            self.registry.remember(key, known, self.now_secs, due_secs);
        }
        Some(series)
    }

    /// Takes a point of a series; without a time it is of now. Says whether it was taken.
    #[inline]
    pub fn push(&mut self, series: SeriesHandle, at_ms: Option<i64>, value: f64) -> bool {
        let at_ms = at_ms.unwrap_or(self.now_ms);
        if !self.is_time(at_ms) {
            self.reject_time(at_ms);
            return false;
        }
        self.make_room();
        let slot = if series.token == self.token {
            series.slot
        } else {
            // Its labels, if they were due, are in an earlier batch of this body.
            self.slots.known(series.id, series.kind, &mut self.open)
        };
        self.put(slot, at_ms, value);
        true
    }

    /// Notes that the item was not taken.
    pub fn reject(&mut self, field: Option<&str>, expected: String, detail: String) {
        self.decoded.rejected += 1;
        if self.decoded.errors.len() < ERRORS_MAX {
            self.decoded.errors.push(ItemError {
                item: self.item,
                field: field.map(Into::into),
                expected,
                detail,
            });
        }
    }

    /// Counts points that were not taken for a reason that is noted already.
    pub const fn refuse(&mut self, points: usize) {
        self.decoded.rejected += points;
    }

    /// Notes values that are passed over, since they are no numbers.
    pub const fn skip(&mut self, values: usize) {
        self.decoded.skipped += values;
    }

    /// All that came.
    #[must_use]
    pub fn finish(mut self) -> MetricDecoded {
        self.registry.sweep(self.now_secs);
        for builder in std::mem::take(&mut self.open) {
            if !builder.is_empty() {
                self.decoded.batches.push(builder.finish());
            }
        }
        self.decoded
    }

    /// Whether a time is within the bounds.
    #[inline]
    pub(crate) const fn is_time(&self, at_ms: i64) -> bool {
        at_ms >= self.first_ms && at_ms <= self.last_ms
    }

    pub(crate) fn reject_time(&mut self, at_ms: i64) {
        let (first, last) = (self.first_ms, self.last_ms);
        let expected = format!("a time within [{first}, {last}] ms since the Unix epoch");
        let detail = format!("{at_ms} ms; is its unit right?");
        self.reject(Some("timestamp"), expected, detail);
    }

    /// The series whose labels are in the scratch, and when its labels are due again; 0 if they
    /// are now or that is not known.
    pub(crate) fn series_of_scratch(&mut self, kind: MetricKind) -> Option<(SeriesHandle, u32)> {
        if let Err((expected, detail)) = self.scratch.encode(self.limits, &mut self.canonical) {
            self.reject(Some("labels"), expected, detail);
            return None;
        }
        self.make_room();
        let id = SeriesId::of(&self.canonical);
        let (slot, due_secs) = match self.slots.get(id) {
            Some(REFUSED) => {
                self.reject_series();
                return None;
            }
            Some(slot) => (slot, 0),
            None => self.enter(id, kind)?,
        };
        let token = self.token;
        Some((
            SeriesHandle {
                id,
                kind,
                slot,
                token,
            },
            due_secs,
        ))
    }

    /// Puts a series that is new to the batches, with the labels of `canonical`, into them.
    fn enter(&mut self, id: SeriesId, kind: MetricKind) -> Option<(u32, u32)> {
        let (labels, due_secs): (&[u8], u32) =
            match self.registry.mention(&self.source, id, self.now_secs) {
                Mention::Refused => {
                    self.slots.insert(id, REFUSED);
                    self.reject_series();
                    return None;
                }
                Mention::LabelsDue => {
                    self.decoded.claims.series.push(id);
                    (&self.canonical, 0)
                }
                Mention::Known(due_secs) => (&[], due_secs),
            };
        let slot = add(&mut self.open, id, kind, labels);
        let builder = &self.open[usize::from(id.shard())];
        self.full |= builder.label_bytes() > BATCH_LABEL_BYTES_MAX;
        self.slots.insert(id, slot);
        Some((slot, due_secs))
    }

    /// Adds a point whose time was checked.
    #[inline]
    pub(crate) fn put(&mut self, slot: u32, at_ms: i64, value: f64) {
        let builder = &mut self.open[(slot % u32::from(METRIC_SHARDS)) as usize];
        builder.point(slot / u32::from(METRIC_SHARDS), at_ms, value);
        self.full |= builder.len() >= self.limits.batch_points_max;
        self.decoded.accepted += 1;
    }

    /// Adds points of fields of an entry with this hash, all at a time that was checked.
    #[inline]
    pub(crate) fn put_fields(
        &mut self,
        hash: u64,
        entry: &RawEntry,
        points: &[(u32, f64)],
        at_ms: i64,
    ) {
        self.make_room();
        let base = self.slots.base(hash, entry);
        for (field, value) in points {
            let field = *field as usize;
            match self.slots.of_field(base, entry, field, &mut self.open) {
                REFUSED => self.reject_series(),
                slot => self.put(slot, at_ms, *value),
            }
        }
    }

    /// Starts other batches if one is full. Slots from before are of no use afterwards.
    #[inline]
    pub(crate) fn make_room(&mut self) {
        if self.full {
            self.turn_over();
        }
    }

    #[cold]
    fn turn_over(&mut self) {
        let fresh = self.builders();
        for builder in std::mem::replace(&mut self.open, fresh) {
            if !builder.is_empty() {
                self.decoded.batches.push(builder.finish());
            }
        }
        self.slots.clear();
        self.token += 1;
        self.full = false;
    }

    fn builders(&mut self) -> Vec<MetricBatchBuilder> {
        let shards = 0..METRIC_SHARDS;
        let builder = |shard| {
            let id = BatchId::new(self.now, (self.random.0)());
            MetricBatchBuilder::new(id, self.now, self.source.name.clone(), shard)
        };
        shards.map(builder).collect()
    }

    fn cached(&mut self, key: u64) -> Option<SeriesHandle> {
        let registry = self.registry;
        let shard = registry.raw.read(key);
        let entry = shard
            .get(&key)
            .filter(|entry| entry.is_fresh(self.now_secs))?;
        let (id, kind) = (entry.id(0), entry.fields.first()?.kind);
        self.make_room();
        let slot = self.slots.known(id, kind, &mut self.open);
        // A refused series is never in an entry, yet another source may have been refused it.
        (slot != REFUSED).then_some(SeriesHandle {
            id,
            kind,
            slot,
            token: self.token,
        })
    }

    fn reject_series(&mut self) {
        let most = self.limits.series_per_source_max;
        let expected = format!("at most {most} series of one source");
        let detail = format!("a new series of the source `{}`", self.source.name);
        self.reject(Some("series"), expected, detail);
    }
}
