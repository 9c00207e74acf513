//! Timestamps of a block: what is the time of receipt costs nothing, the rest is written as steps
//! from the record before it that came from the same source and is as fine.

use tocsin_domain::Timestamp;

use super::codec::{Damaged, Read, Reader, put_number};
use super::meta::{COUNT_MAX, list};
use super::numbers::{Trend, integers, put_integers};

/// The clock of records whose timestamp is the time of receipt.
pub(crate) const OBSERVED: u8 = 0;
/// Nanoseconds in a tick of each clock: the time of receipt has none, then seconds to nanoseconds.
const TICKS: [i64; 5] = [1, 1_000_000_000, 1_000_000, 1_000, 1];

/// How fine a timestamp is.
pub(crate) fn clock_of(timestamp: Timestamp, observed: Timestamp) -> u8 {
    if timestamp == observed {
        return OBSERVED;
    }
    // Divisors that are known beforehand cost no division.
    match timestamp.0 {
        at if at % TICKS[1] == 0 => 1,
        at if at % TICKS[2] == 0 => 2,
        at if at % TICKS[3] == 0 => 3,
        _ => 4,
    }
}

/// Appends the timestamps of rows given as (source, clock, timestamp) in row order.
pub(crate) fn put_times(out: &mut Vec<u8>, rows: impl Iterator<Item = (u32, u8, i64)>) {
    let mut chains: Vec<(u32, u8, Vec<i64>)> = Vec::new();
    let mut last = 0;
    for (source, clock, timestamp) in rows.filter(|(_, clock, _)| *clock != OBSERVED) {
        let is_same = |chain: &(u32, u8, Vec<i64>)| chain.0 == source && chain.1 == clock;
        if !chains.get(last).is_some_and(is_same) {
            last = chains.iter().position(is_same).unwrap_or_else(|| {
                chains.push((source, clock, Vec::new()));
                chains.len() - 1
            });
        }
        chains[last].2.push(timestamp / TICKS[usize::from(clock)]);
    }
    put_number(out, chains.len() as u64);
    for (source, clock, ticks) in chains {
        put_number(out, u64::from(source));
        out.push(clock);
        put_number(out, ticks.len() as u64);
        put_integers(out, &ticks, Trend::Near);
    }
}

/// Reads timestamps back for rows given as (source, clock, time of receipt) in row order.
pub(crate) fn times(
    reader: &mut Reader<'_>,
    rows: impl Iterator<Item = (u32, u8, i64)>,
) -> Read<Vec<i64>> {
    let mut chains = list(reader, |reader| {
        let source: u32 = reader.narrow()?;
        let clock = reader.byte()?;
        let count = reader.bounded(COUNT_MAX)?;
        Ok((source, clock, integers(reader, count)?.into_iter()))
    })?;
    let mut last = 0;
    rows.map(|(source, clock, observed)| {
        if clock == OBSERVED {
            return Ok(observed);
        }
        if !chains
            .get(last)
            .is_some_and(|chain| chain.0 == source && chain.1 == clock)
        {
            last = chains
                .iter()
                .position(|chain| chain.0 == source && chain.1 == clock)
                .ok_or(Damaged)?;
        }
        let tick = TICKS.get(usize::from(clock)).ok_or(Damaged)?;
        let ticks = chains[last].2.next().ok_or(Damaged)?;
        Ok(ticks.wrapping_mul(*tick))
    })
    .collect()
}

/// The widths that buckets of time may have: each a multiple of the one before.
const WIDTHS: [i64; 12] = [
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    60_000_000_000,
    600_000_000_000,
    3_600_000_000_000,
    86_400_000_000_000,
    10 * 86_400_000_000_000,
    100 * 86_400_000_000_000,
    10_000 * 86_400_000_000_000,
];
/// The most buckets over which most records of a block are spread.
const BUCKETS_OF_MOST: usize = 64;
/// The most buckets of a block that hold records.
const BUCKETS_MAX: usize = 4096;
/// How many times are looked at to find where most records are.
const SAMPLES: usize = 1000;

/// Chooses buckets for the times of a block: their width, and which of them hold records,
/// ascending. They are as narrow as leaves nine in ten records in [`BUCKETS_OF_MOST`] of them, so
/// that lines whose clocks are years off do not make the counts of all others coarse.
pub(crate) fn buckets_of(times: &[i64]) -> (i64, Vec<i64>) {
    let mut samples: Vec<i64> = times
        .iter()
        .step_by(times.len().div_ceil(SAMPLES).max(1))
        .copied()
        .collect();
    samples.sort_unstable();
    let mut level = WIDTHS
        .iter()
        .position(|width| buckets_of_most(&samples, *width) <= BUCKETS_OF_MOST)
        .unwrap_or(WIDTHS.len() - 1);
    loop {
        let buckets = buckets_that_hold(times, WIDTHS[level]);
        if buckets.len() <= BUCKETS_MAX || level + 1 == WIDTHS.len() {
            return (WIDTHS[level], buckets);
        }
        level += 1;
    }
}

/// How many buckets of this width it takes to hold nine in ten of the sorted samples.
fn buckets_of_most(samples: &[i64], width: i64) -> usize {
    let is_together = |a: &i64, b: &i64| a.div_euclid(width) == b.div_euclid(width);
    let mut held: Vec<usize> = samples.chunk_by(is_together).map(<[i64]>::len).collect();
    held.sort_unstable_by(|a, b| b.cmp(a));
    let mut left = samples.len() - samples.len() / 10;
    let enough = held.iter().position(|held| {
        left = left.saturating_sub(*held);
        left == 0
    });
    enough.map_or(0, |at| at + 1)
}

fn buckets_that_hold(times: &[i64], width: i64) -> Vec<i64> {
    let mut buckets: Vec<i64> = Vec::new();
    let (mut start, mut end) = (0i64, 0i64);
    for time in times {
        if start <= *time && *time < end {
            continue;
        }
        let bucket = time.div_euclid(width);
        start = bucket.saturating_mul(width);
        end = bucket.saturating_add(1).saturating_mul(width);
        if let Err(at) = buckets.binary_search(&bucket) {
            buckets.insert(at, bucket);
        }
        if buckets.len() > BUCKETS_MAX {
            break;
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_come_back(
            rows in proptest::collection::vec(
                (0u32..3, prop_oneof![Just(1i64), Just(1_000), Just(1_000_000_000)], any::<i32>()),
                0..100,
            ),
        ) {
            let rows: Vec<_> = rows
                .into_iter()
                .map(|(source, tick, at)| {
                    let time = Timestamp(i64::from(at) * tick);
                    (source, clock_of(time, Timestamp(5000)), time.0)
                })
                .collect();
            let mut out = Vec::new();
            put_times(&mut out, rows.iter().copied());
            let asked = rows.iter().map(|(source, clock, _)| (*source, *clock, 5000));
            let read = times(&mut Reader::new(&out), asked).unwrap();
            prop_assert_eq!(read, rows.iter().map(|row| row.2).collect::<Vec<_>>());
        }

        #[test]
        fn a_few_wrong_clocks_leave_the_buckets_narrow(
            wrong in proptest::collection::vec(any::<i64>(), 0..40),
        ) {
            let mut times: Vec<i64> = (0..1000).map(|second| second * 1_000_000_000).collect();
            for (at, time) in wrong.iter().enumerate() {
                times.insert(at * 20, *time);
            }
            prop_assert_eq!(buckets_of(&times).0, 60_000_000_000);
        }

        #[test]
        fn every_time_is_in_a_bucket(times in proptest::collection::vec(any::<i64>(), 0..200)) {
            let (width, buckets) = buckets_of(&times);
            prop_assert!(buckets.len() <= BUCKETS_MAX);
            prop_assert!(buckets.windows(2).all(|pair| pair[0] < pair[1]));
            for time in times {
                prop_assert!(buckets.binary_search(&time.div_euclid(width)).is_ok());
            }
        }
    }
}
