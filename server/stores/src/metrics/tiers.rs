//! Coarser tiers: what is kept of intervals whose points are no longer kept one by one.
//!
//! Intervals are made when their points go, not before: until then the points say more, and late
//! ones are in them. A tier has one block for each group and window; points that come later still
//! are added to the interval that is there.

use tocsin_domain::metric::{is_stale, sketch};
use tocsin_domain::ports::{Bucket, StoreError};

use super::block::{Effort, Points, ints, values, values::ValueScratch};
use super::bytes::{Damaged, Read, Reader, put_bytes, put_number, put_signed};
use super::inner::Inner;
use super::keys::{BlockKey, GROUP, kind};
use super::shard::Shard;

/// The version of the format, the first byte of every block.
const VERSION: u8 = 1;
/// The most intervals of a series in a block, and bins of an interval.
const COUNT_MAX: usize = 1 << 20;

/// A tier of intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    FiveMinutes,
    Hour,
}

impl Tier {
    /// The length of its intervals.
    pub(crate) fn length_ms(self) -> i64 {
        match self {
            Self::FiveMinutes => 300_000,
            Self::Hour => 3_600_000,
        }
    }

    /// The length of its windows: 96 intervals.
    pub(crate) fn window_ms(self) -> i64 {
        self.length_ms() * 96
    }

    pub(crate) fn kind(self) -> u8 {
        match self {
            Self::FiveMinutes => kind::FIVE_MINUTES,
            Self::Hour => kind::HOUR,
        }
    }

    pub(crate) fn window_of(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.window_ms())
    }

    pub(crate) fn key(self, shard: &Shard, group: u32, window: i64) -> BlockKey {
        BlockKey {
            kind: self.kind(),
            partition: shard.partition,
            group,
            window,
            sequence: 0,
        }
    }
}

/// The intervals of a group within a window, by place.
pub(crate) type Intervals = Vec<Vec<Bucket>>;

/// Makes intervals of points in order of time; `last` is the value before them and becomes their
/// last one.
pub(crate) fn intervals_of(tier: Tier, points: &Points, last: &mut Option<f64>) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    for (at_ms, value) in points.times.iter().zip(&points.values) {
        if is_stale(*value) || value.is_nan() {
            continue;
        }
        let length_ms = tier.length_ms();
        let start_ms = at_ms.div_euclid(length_ms) * length_ms;
        if buckets
            .last()
            .is_none_or(|bucket| bucket.start_ms != start_ms)
        {
            buckets.push(Bucket {
                start_ms,
                length_ms,
                min: *value,
                max: *value,
                sum: 0.0,
                count: 0,
                last: *value,
                increase: 0.0,
                sketch: Vec::new(),
            });
        }
        let Some(bucket) = buckets.last_mut() else {
            continue;
        };
        bucket.min = bucket.min.min(*value);
        bucket.max = bucket.max.max(*value);
        bucket.sum += value;
        bucket.count += 1;
        bucket.last = *value;
        bucket.increase += match *last {
            Some(last) if *value >= last => value - last,
            // A counter that fell began again at 0.
            Some(_) => *value,
            None => 0.0,
        };
        *last = Some(*value);
        sketch::add(&mut bucket.sketch, *value);
    }
    buckets
}

/// Adds intervals to those of a series; an interval that is there already takes the values in.
pub(crate) fn add_intervals(known: &mut Vec<Bucket>, more: Vec<Bucket>) {
    for bucket in more {
        match known.binary_search_by_key(&bucket.start_ms, |one| one.start_ms) {
            Ok(at) => absorb(&mut known[at], &bucket),
            Err(at) => known.insert(at, bucket),
        }
    }
}

/// Takes the values of a later or finer interval in.
fn absorb(known: &mut Bucket, more: &Bucket) {
    known.min = known.min.min(more.min);
    known.max = known.max.max(more.max);
    known.sum += more.sum;
    known.count += more.count;
    known.last = more.last;
    known.increase += more.increase;
    sketch::merge(&mut known.sketch, &more.sketch);
}

/// Makes intervals of an hour of finer ones.
pub(crate) fn coarser(finer: &[Bucket]) -> Vec<Bucket> {
    let length_ms = Tier::Hour.length_ms();
    let mut buckets: Vec<Bucket> = Vec::new();
    for bucket in finer {
        let start_ms = bucket.start_ms.div_euclid(length_ms) * length_ms;
        match buckets.last_mut().filter(|last| last.start_ms == start_ms) {
            Some(last) => absorb(last, bucket),
            None => buckets.push(Bucket {
                start_ms,
                length_ms,
                ..bucket.clone()
            }),
        }
    }
    buckets
}

/// The bytes of a block; none if there is nothing in it.
pub(crate) fn encode(tier: Tier, intervals: &Intervals) -> Option<Vec<u8>> {
    let mut out = vec![VERSION];
    let mut scratch = ValueScratch::default();
    let mut body = Vec::new();
    for (place, buckets) in intervals.iter().enumerate() {
        if !buckets.is_empty() {
            body.clear();
            encode_series(tier, buckets, &mut scratch, &mut body);
            out.push(place as u8);
            put_bytes(&mut out, &body);
        }
    }
    (out.len() > 1).then_some(out)
}

fn encode_series(tier: Tier, buckets: &[Bucket], scratch: &mut ValueScratch, out: &mut Vec<u8>) {
    put_number(out, buckets.len() as u64);
    let mut column = Vec::new();
    let starts = buckets.iter().map(|one| one.start_ms / tier.length_ms());
    let counts = buckets.iter().map(|one| one.count as i64);
    for numbers in [starts.collect::<Vec<_>>(), counts.collect()] {
        column.clear();
        ints::encode(&numbers, Effort::Thorough, scratch.ints(), &mut column);
        put_bytes(out, &column);
    }
    let fields: [fn(&Bucket) -> f64; 5] = [
        |one| one.min,
        |one| one.max,
        |one| one.sum,
        |one| one.last,
        |one| one.increase,
    ];
    for field in fields {
        column.clear();
        let numbers: Vec<f64> = buckets.iter().map(field).collect();
        values::encode(&numbers, Effort::Thorough, scratch, &mut column);
        put_bytes(out, &column);
    }
    for bucket in buckets {
        put_number(out, bucket.sketch.len() as u64);
        let mut previous = 0;
        for (key, count) in &bucket.sketch {
            put_signed(out, i64::from(*key) - previous);
            put_number(out, u64::from(*count));
            previous = i64::from(*key);
        }
    }
}

/// The intervals of a block.
pub(crate) fn decode(tier: Tier, bytes: &[u8]) -> Read<Intervals> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(Damaged);
    }
    let mut intervals = vec![Vec::new(); GROUP as usize];
    let mut scratch = ValueScratch::default();
    while !reader.rest().is_empty() {
        let place = usize::from(reader.byte()?);
        let body = reader.bytes()?;
        let series = intervals.get_mut(place).ok_or(Damaged)?;
        *series = decode_series(tier, body, &mut scratch)?;
    }
    Ok(intervals)
}

fn decode_series(tier: Tier, bytes: &[u8], scratch: &mut ValueScratch) -> Read<Vec<Bucket>> {
    let mut reader = Reader::new(bytes);
    let count = reader.bounded(COUNT_MAX)?;
    let mut numbers = [Vec::new(), Vec::new()];
    for column in &mut numbers {
        ints::decode(reader.bytes()?, count, scratch.ints(), column)?;
    }
    let mut floats: [Vec<f64>; 5] = Default::default();
    for column in &mut floats {
        values::decode(reader.bytes()?, count, scratch, column)?;
    }
    let mut buckets = Vec::with_capacity(count);
    for at in 0..count {
        let bins = reader.bounded(COUNT_MAX.min(reader.rest().len()))?;
        let mut sketch = Vec::with_capacity(bins);
        let mut previous = 0i64;
        for _ in 0..bins {
            previous = previous.wrapping_add(reader.signed()?);
            let key = i32::try_from(previous).map_err(|_| Damaged)?;
            let count = u32::try_from(reader.number()?).map_err(|_| Damaged)?;
            sketch.push((key, count));
        }
        buckets.push(Bucket {
            start_ms: numbers[0][at].wrapping_mul(tier.length_ms()),
            length_ms: tier.length_ms(),
            min: floats[0][at],
            max: floats[1][at],
            sum: floats[2][at],
            count: numbers[1][at] as u64,
            last: floats[3][at],
            increase: floats[4][at],
            sketch,
        });
    }
    Ok(buckets)
}

impl Inner {
    /// The intervals of series, whose indexes ascend, that begin in the range or go on in it: hours where
    /// only those are kept, then 5 minutes.
    pub(crate) fn buckets(
        &self,
        shard: &Shard,
        indexes: &[u32],
        range_ms: (i64, i64),
    ) -> Result<Vec<Vec<Bucket>>, StoreError> {
        loop {
            let (floor, aging_from) = {
                let state = shard.state.read();
                let floor = state.position.five_minute_floor;
                (floor, state.aging.five_minutes_from)
            };
            let mut found = vec![Vec::new(); indexes.len()];
            let mut start = 0;
            for chunk in indexes.chunk_by(|one, two| one / GROUP == two / GROUP) {
                let out = &mut found[start..start + chunk.len()];
                start += chunk.len();
                self.buckets_of_group((shard, chunk), (floor, aging_from), range_ms, out)?;
            }
            // Where 5 minutes began to become hours meanwhile, some may have been seen in neither.
            if shard.state.read().position.five_minute_floor == floor {
                return Ok(found);
            }
        }
    }

    fn buckets_of_group(
        &self,
        group: (&Shard, &[u32]),
        (floor, aging_from): (Option<i64>, Option<i64>),
        range_ms: (i64, i64),
        out: &mut [Vec<Bucket>],
    ) -> Result<(), StoreError> {
        let window_ms = Tier::FiveMinutes.window_ms();
        let fine_from_ms = floor.map_or(i64::MIN, |floor| floor.saturating_mul(window_ms));
        let aging_from_ms = aging_from.map_or(fine_from_ms, |from| from.saturating_mul(window_ms));
        let mut fine = vec![Vec::new(); out.len()];
        let fine_ms = (range_ms.0.max(aging_from_ms), range_ms.1);
        let first = self.read_tier(Tier::FiveMinutes, group, fine_ms, &mut fine)?;
        // What the group has that is to become hours was read: hours of it say the same again.
        let is_aging = first.is_some_and(|first| Some(first) < floor);
        let coarse_to_ms = if is_aging {
            aging_from_ms
        } else {
            fine_from_ms
        };
        let coarse_ms = (range_ms.0, range_ms.1.min(coarse_to_ms.saturating_sub(1)));
        self.read_tier(Tier::Hour, group, coarse_ms, out)?;
        for (out, fine) in out.iter_mut().zip(fine) {
            out.extend(fine);
        }
        Ok(())
    }

    /// Adds the intervals of one tier, and returns the first window that has any of the group.
    fn read_tier(
        &self,
        tier: Tier,
        (shard, indexes): (&Shard, &[u32]),
        (from_ms, to_ms): (i64, i64),
        out: &mut [Vec<Bucket>],
    ) -> Result<Option<i64>, StoreError> {
        let Some(group) = indexes.first().map(|index| index / GROUP) else {
            return Ok(None);
        };
        if from_ms > to_ms {
            return Ok(None);
        }
        let overlaps = |bucket: &Bucket| {
            bucket.start_ms <= to_ms && bucket.start_ms + bucket.length_ms > from_ms
        };
        let windows = (tier.window_of(from_ms), tier.window_of(to_ms));
        let [from, to] = BlockKey::span(tier.kind(), shard.partition, group, windows);
        let mut first = None;
        self.engine.blocks().range(&from, &to, |key, block| {
            first = first.or_else(|| BlockKey::decode(key).map(|key| key.window));
            let Ok(intervals) = decode(tier, block) else {
                self.report_damage(key);
                return Ok(());
            };
            for (index, out) in indexes.iter().zip(out.iter_mut()) {
                let series = &intervals[(index % GROUP) as usize];
                out.extend(series.iter().filter(|one| overlaps(one)).cloned());
            }
            Ok(())
        })?;
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_say_what_their_points_were_and_come_back() {
        let mut points = Points::default();
        for at in 0..120i64 {
            // A counter that grows by 2 and begins again once.
            let value = if at < 50 { at * 2 } else { (at - 50) * 2 };
            points.push(at * 10_000, value as f64);
        }
        points.push(1_200_000, f64::from_bits(tocsin_domain::metric::STALE_BITS));
        let mut last = None;
        let buckets = intervals_of(Tier::FiveMinutes, &points, &mut last);
        assert_eq!(buckets.len(), 4);
        assert_eq!(last, Some(138.0));
        let sums: Vec<f64> = buckets.iter().map(|one| one.increase).collect();
        assert_eq!(sums, [58.0, 58.0, 60.0, 60.0]);
        assert_eq!(
            (buckets[0].min, buckets[0].max, buckets[0].count),
            (0.0, 58.0, 30)
        );
        assert!((buckets[2].quantile(0.5).unwrap() - 48.0).abs() < 1.0);
        let hours = coarser(&buckets);
        assert_eq!(
            (hours.len(), hours[0].count, hours[0].increase),
            (1, 120, 236.0)
        );
        let mut intervals = vec![Vec::new(); GROUP as usize];
        intervals[7] = buckets;
        let bytes = encode(Tier::FiveMinutes, &intervals).unwrap();
        assert_eq!(decode(Tier::FiveMinutes, &bytes), Ok(intervals));
        (0..bytes.len()).for_each(|cut| drop(decode(Tier::FiveMinutes, &bytes[..cut])));
    }
}
