//! Letting go of what is past its time: points become intervals of 5 minutes, those become hours, and
//! hours go. What Flux cannot do (sketches, counters that begin again) is done here.
//!
//! A tier's floor says from when on it is read. Intervals are written first, where nobody reads them yet;
//! then the floor rises, and with it readers go over to them; then what lies before it is deleted. Killed in
//! between, the same is done again: intervals of points that were there in time have a place of their
//! own and are written over, deleting goes on. What comes later still than its interval is an interval
//! beside it, with the number of the round. One process does this at a time; what keeps all others out is
//! whoever calls it.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::ports::{Bucket, StoreError};
use tocsin_domain::{SeriesId, Timestamp};

use super::super::block::Points;
use super::super::shard::{WINDOW_MS, window_of};
use super::super::tiers::{Tier, coarser, intervals_of};
use super::InfluxMetricStore;
use super::catalogue::put_who;
use super::csv::Row;
use super::failure::InfluxError;
use super::flux::{NS_MIN, ns_of};
use super::intervals::put_interval;
use super::line::{ID_TAG, VALUE, write_to};
use super::part::Part;
use super::position::Floor;
use super::read::{Asked, Wanted, keep};

const DAY_MS: i64 = 86_400_000;
/// Points or intervals of the series that are made coarser together.
const CHUNK_ROWS_MAX: u64 = 500_000;
/// Series that are made coarser together.
const CHUNK_SERIES_MAX: usize = 200;
/// How far back the value before an interval is looked for: two windows of intervals.
const BEFORE_MS: i64 = 192 * 300_000;

impl InfluxMetricStore {
    /// Removes what is past its time.
    pub(crate) async fn let_go(&self, now: Timestamp) -> Result<u64, StoreError> {
        let _retaining = self.retaining.lock().await;
        for part in self.parts() {
            if part.state.read().head_samples() > 0 {
                self.flush_part(&part).await?;
            }
        }
        self.refresh().await?;
        self.load_floors().await?;
        let before = |days: u32| now.millis().saturating_sub(i64::from(days) * DAY_MS);
        let floor_ms = window_of(before(self.keep.raw_days)) * WINDOW_MS;
        let mut gone = self.age_points(floor_ms).await?;
        let of_tier = |tier: Tier, days| tier.window_of(before(days)) * tier.window_ms();
        let floor_ms = of_tier(Tier::FiveMinutes, self.keep.five_minute_days);
        gone += self.age_intervals(floor_ms).await?;
        let floor_ms = of_tier(Tier::Hour, self.keep.hour_days);
        gone += self.drop_hours(floor_ms).await?;
        for part in self.parts() {
            self.forget_series(&part, floor_ms).await?;
        }
        Ok(gone)
    }

    /// Makes intervals of the points before a time.
    async fn age_points(&self, floor_ms: i64) -> Result<u64, StoreError> {
        let bucket = &self.buckets.raw;
        let floor = self.floors.read().raw;
        let floor = self.finish_deletion(("raw", bucket), floor).await?;
        let to_ms = floor.ms().max(floor_ms);
        let counts = self.counts(bucket, VALUE, to_ms).await?;
        for chunk in chunks(&counts) {
            let mut asked = self.asked_for(chunk);
            let range_ms = (i64::MIN, to_ms - 1);
            self.read_points(&mut asked, range_ms, usize::MAX).await?;
            let lasts = self.lasts_before(&asked, floor).await?;
            let mut lines = Vec::new();
            for mut wanted in asked.wanted {
                wanted.settle();
                let (info, points) = (wanted.info, wanted.points);
                let (late, fresh) = parted(points, floor.ms());
                let mut last = lasts.get(&info.id.0).copied();
                let fresh = intervals_of(Tier::FiveMinutes, &fresh, &mut last);
                let late = intervals_of(Tier::FiveMinutes, &late, &mut None);
                self.put_intervals(&mut lines, info.id, (&late, &fresh), floor.round + 1);
            }
            let bucket = &self.buckets.five_minutes;
            self.write_many(bucket, "ns", &lines).await?;
        }
        self.raise(("raw", bucket), (floor, to_ms), &counts).await
    }

    /// Makes hours of the intervals of 5 minutes before a time.
    async fn age_intervals(&self, floor_ms: i64) -> Result<u64, StoreError> {
        let bucket = &self.buckets.five_minutes;
        let floor = self.floors.read().five_minutes;
        let floor = self
            .finish_deletion(("five_minutes", bucket), floor)
            .await?;
        let to_ms = floor.ms().max(floor_ms);
        let counts = self.counts(bucket, "count", to_ms).await?;
        for chunk in chunks(&counts) {
            let mut asked = self.asked_for(chunk);
            let (tier, range_ms) = (Tier::FiveMinutes, (i64::MIN, to_ms - 1));
            self.read_intervals(&mut asked, tier, range_ms).await?;
            let mut lines = Vec::new();
            for wanted in asked.wanted {
                let id = wanted.info.id;
                let intervals = wanted.intervals(tier);
                let late = intervals.partition_point(|one| one.start_ms < floor.ms());
                let (late, fresh) = intervals.split_at(late);
                let (late, fresh) = (coarser(late), coarser(fresh));
                self.put_intervals(&mut lines, id, (&late, &fresh), floor.round + 1);
            }
            self.write_many(&self.buckets.hour, "ns", &lines).await?;
        }
        self.raise(("five_minutes", bucket), (floor, to_ms), &counts)
            .await
    }

    /// Lets readers go over to what was written, then deletes what lies before.
    async fn raise(
        &self,
        (tier, bucket): (&str, &str),
        (floor, to_ms): (Floor, i64),
        counts: &[(SeriesId, u64)],
    ) -> Result<u64, StoreError> {
        let gone: u64 = counts.iter().map(|(_, count)| count).sum();
        let is_same = floor.at_ms == Some(to_ms);
        if gone == 0 && is_same {
            return Ok(0);
        }
        let floor = Floor {
            at_ms: Some(to_ms),
            is_deleting: gone > 0,
            round: floor.round + i64::from(gone > 0),
            removed: floor.removed + i64::try_from(gone).unwrap_or(0),
        };
        self.write_floor(tier, floor).await?;
        self.finish_deletion((tier, bucket), floor).await?;
        Ok(gone)
    }

    /// Deletes what lies before a floor, if that was begun.
    async fn finish_deletion(
        &self,
        (tier, bucket): (&str, &str),
        mut floor: Floor,
    ) -> Result<Floor, StoreError> {
        if floor.is_deleting {
            let range = (NS_MIN, ns_of(floor.ms()));
            self.delete_rows(bucket, range, None).await?;
            floor.is_deleting = false;
            self.write_floor(tier, floor).await?;
        }
        Ok(floor)
    }

    /// Drops the hours before a time.
    async fn drop_hours(&self, floor_ms: i64) -> Result<u64, StoreError> {
        let bucket = &self.buckets.hour;
        let counts = self.counts(bucket, "count", floor_ms).await?;
        let gone: u64 = counts.iter().map(|(_, count)| count).sum();
        if gone > 0 {
            let range = (NS_MIN, ns_of(floor_ms));
            self.delete_rows(bucket, range, None).await?;
        }
        Ok(gone)
    }

    /// How many rows each series has before a time.
    async fn counts(
        &self,
        bucket: &str,
        field: &str,
        to_ms: i64,
    ) -> Result<Vec<(SeriesId, u64)>, InfluxError> {
        let steps = format!(" |> count(){}", keep(&["_value", ID_TAG]));
        let range = (NS_MIN, ns_of(to_ms));
        let mut counts = Vec::new();
        if range.0 >= range.1 {
            return Ok(counts);
        }
        let query = self.query_of(bucket, range, (&[field], ""), &steps);
        let mut take = |row: &Row<'_>| {
            let count = u64::try_from(row.integer()?).unwrap_or(0);
            if let Ok(id) = row.get(ID_TAG).parse() {
                counts.push((id, count));
            }
            Ok(())
        };
        self.wire.query(&query, &mut take).await?;
        Ok(counts)
    }

    /// The last values of series in the intervals shortly before a floor.
    async fn lasts_before(
        &self,
        asked: &Asked,
        floor: Floor,
    ) -> Result<HashMap<u64, f64>, InfluxError> {
        let mut lasts = HashMap::new();
        let Some(at_ms) = floor.at_ms else {
            return Ok(lasts);
        };
        let steps = format!(" |> last(){}", keep(&["_value", ID_TAG]));
        let range = (ns_of(at_ms.saturating_sub(BEFORE_MS)), ns_of(at_ms));
        for condition in &asked.conditions {
            let bucket = &self.buckets.five_minutes;
            let query = self.query_of(bucket, range, (&["last"], condition), &steps);
            let mut take = |row: &Row<'_>| {
                if let Ok(id) = row.get(ID_TAG).parse::<SeriesId>() {
                    lasts.insert(id.0, row.float()?);
                }
                Ok(())
            };
            self.wire.query(&query, &mut take).await?;
        }
        Ok(lasts)
    }

    /// The series of some counts, those that the catalogue knows.
    fn asked_for(&self, counts: &[(SeriesId, u64)]) -> Asked {
        let ids: Vec<SeriesId> = counts.iter().map(|(id, _)| *id).collect();
        let known = self.known(&ids).into_iter().flatten();
        Asked::of(known.map(|info| Wanted::new((*info).clone())).collect())
    }

    fn put_intervals(
        &self,
        lines: &mut Vec<u8>,
        id: SeriesId,
        (late, fresh): (&[Bucket], &[Bucket]),
        round: i64,
    ) {
        let Some(key) = self.key_of(id) else {
            return;
        };
        for bucket in late {
            put_interval(lines, &key, bucket, round);
        }
        for bucket in fresh {
            put_interval(lines, &key, bucket, 0);
        }
    }

    fn key_of(&self, id: SeriesId) -> Option<Box<[u8]>> {
        self.parts().iter().find_map(|part| {
            let index = part.state.read().table.index(id)?;
            part.key(index)
        })
    }

    /// Forgets series of which nothing is left.
    async fn forget_series(&self, part: &Arc<Part>, cutoff_ms: i64) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let gone: Vec<u32> = {
            let mut state = part.state.write();
            state.table.forget_before(cutoff_ms);
            let ends_before =
                |index: &u32| state.range(*index).is_some_and(|range| range.1 < cutoff_ms);
            let indexes = state.table.iter().map(|(index, _)| index);
            indexes.filter(ends_before).collect()
        };
        for index in &gone {
            if let Some(labels) = part.labels(*index) {
                put_who(&mut lines, part.partition, labels.id());
                write_to(&mut lines, format_args!(" gone=1i\n"));
            }
        }
        self.write_state(&lines, "ns").await?;
        let mut state = part.state.write();
        for index in gone {
            state.table.remove(index);
            part.set_note(index, |note| note.kind = None);
        }
        Ok(())
    }
}

/// The points before a time and those from then on.
fn parted(mut points: Points, at_ms: i64) -> (Points, Points) {
    let place = points.times.partition_point(|time| *time < at_ms);
    let fresh = Points {
        times: points.times.split_off(place),
        values: points.values.split_off(place),
    };
    (points, fresh)
}

/// Series in chunks that have so many rows together.
fn chunks(counts: &[(SeriesId, u64)]) -> impl Iterator<Item = &[(SeriesId, u64)]> {
    let mut rest = counts;
    std::iter::from_fn(move || {
        let mut rows = 0;
        let mut fits = |(_, count): &(SeriesId, u64)| {
            rows += count;
            rows <= CHUNK_ROWS_MAX
        };
        let length = rest
            .iter()
            .take(CHUNK_SERIES_MAX)
            .take_while(|one| fits(one))
            .count();
        let (chunk, after) = rest.split_at(length.max(1).min(rest.len()));
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}
