//! Where in the open batches each series is, so that a batch names it once.
//!
//! A slot is the index in the shard's batch times the shards, plus the shard. While all points
//! come from known lines, each the only one that names its series, nobody has to look a series up
//! by its identity; the table of them is made when somebody does.

use tocsin_domain::metric::{METRIC_SHARDS, MetricBatchBuilder};
use tocsin_domain::{MetricKind, SeriesId};

use super::raw::RawEntry;
use super::registry::ById;

/// The slot of a series that was refused.
pub(super) const REFUSED: u32 = u32::MAX;
/// The slot of a field that was not met yet.
const UNSET: u32 = u32::MAX - 1;

/// Where the series of one set of batches are.
#[derive(Debug, Default)]
pub(super) struct Slots {
    by_id: ById<u32>,
    /// Series that are not in `by_id` yet.
    fresh: Vec<(u64, u32)>,
    /// True once `by_id` was looked into; from then on it is kept complete.
    is_indexed: bool,
    /// By the hash of raw bytes, where in `local` the slots of their fields begin, and the list of
    /// fields that they are of.
    bases: ById<(u32, u32)>,
    local: Vec<u32>,
}

impl Slots {
    /// Forgets all, for other batches.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.fresh.clear();
        self.is_indexed = false;
        self.bases.clear();
        self.local.clear();
    }

    /// Makes room for so many entries.
    pub(super) fn reserve(&mut self, entries: usize) {
        self.bases.reserve(entries);
    }

    /// The slot of a series, if it is in the batches or refused.
    pub(super) fn get(&mut self, id: SeriesId) -> Option<u32> {
        self.index();
        self.by_id.get(&id.0).copied()
    }

    /// Notes the slot of a series that [`Slots::get`] did not know.
    pub(super) fn insert(&mut self, id: SeriesId, slot: u32) {
        self.index();
        self.by_id.insert(id.0, slot);
    }

    /// The slot of a series whose labels need not travel; it is added if it is new.
    #[inline]
    pub(super) fn known(
        &mut self,
        id: SeriesId,
        kind: MetricKind,
        open: &mut [MetricBatchBuilder],
    ) -> u32 {
        self.index();
        *self
            .by_id
            .entry(id.0)
            .or_insert_with(|| add(open, id, kind, &[]))
    }

    /// Where the slots of an entry with this hash begin, for [`Slots::of_field`].
    #[inline]
    pub(super) fn base(&mut self, hash: u64, entry: &RawEntry) -> usize {
        let next = (self.local.len() as u32, entry.list);
        let base = self.bases.entry(hash).or_insert(next);
        let is_changed = base.1 != entry.list;
        if is_changed {
            *base = next;
        }
        let at = base.0 as usize;
        if at == self.local.len() {
            self.local.resize(at + entry.fields.len(), UNSET);
        }
        if is_changed {
            // Somebody changed the entry meanwhile; some of its series may be here already.
            self.index();
        }
        at
    }

    /// The slot of a field of an entry; its series is added if it is new.
    #[inline]
    pub(super) fn of_field(
        &mut self,
        base: usize,
        entry: &RawEntry,
        field: usize,
        open: &mut [MetricBatchBuilder],
    ) -> u32 {
        let slot = self.local[base + field];
        if slot != UNSET {
            return slot;
        }
        let (id, kind) = (entry.id(field), entry.fields[field].kind);
        let slot = if self.is_indexed || entry.is_alias {
            self.known(id, kind, open)
        } else {
            let slot = add(open, id, kind, &[]);
            self.fresh.push((id.0, slot));
            slot
        };
        self.local[base + field] = slot;
        slot
    }

    /// Sees to it that all series are in the table.
    #[inline]
    fn index(&mut self) {
        if !self.is_indexed {
            self.by_id.extend(self.fresh.drain(..));
            self.is_indexed = true;
        }
    }
}

/// Adds a series to the batch of its shard and gives its slot.
#[inline]
pub(super) fn add(
    open: &mut [MetricBatchBuilder],
    id: SeriesId,
    kind: MetricKind,
    labels: &[u8],
) -> u32 {
    let shard = id.shard();
    let index = open[usize::from(shard)].series(id, kind, labels);
    index * u32::from(METRIC_SHARDS) + u32::from(shard)
}

#[cfg(test)]
mod tests {
    use tocsin_domain::{BatchId, Timestamp};

    use super::super::raw::{Field, RawCache};
    use super::*;

    fn known(names: &[&str]) -> Vec<(Field, SeriesId)> {
        let of = |name: &&str| {
            let id = SeriesId::of(name.as_bytes());
            (Field::of_line(name.as_bytes(), false), id)
        };
        names.iter().map(of).collect()
    }

    #[test]
    fn an_entry_that_changes_under_way_names_no_series_twice() {
        let now = Timestamp::from_secs(1);
        let batch =
            |shard| MetricBatchBuilder::new(BatchId::new(now, [1; 10]), now, "t".into(), shard);
        let mut open: Vec<_> = (0..METRIC_SHARDS).map(batch).collect();
        let (cache, mut slots) = (RawCache::default(), Slots::default());
        let mut seen = Vec::new();
        for names in [&["a", "b"][..], &["c", "b", "a"], &["a", "b"]] {
            cache.insert(7, known(names), false, 100);
            let shard = cache.read(7);
            let entry = &shard[&7];
            let base = slots.base(7, entry);
            for (field, name) in names.iter().enumerate() {
                seen.push((*name, slots.of_field(base, entry, field, &mut open)));
            }
        }
        let id = SeriesId::of(b"c");
        seen.push(("c", slots.known(id, MetricKind::Unknown, &mut open)));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 3, "{seen:?}");
        let series: usize = open
            .into_iter()
            .map(|batch| batch.finish().series.len())
            .sum();
        assert_eq!(series, 3);
    }
}
