//! Intervals in the buckets of 5 minutes and hours: rows out, rows in.
//!
//! An interval is a row of fields that people and tasks of InfluxDB understand (`min`, `max`, `sum`,
//! `count`, `last`, `increase`), and of one field, `exact`, that has all of it to the bit, with the sketch. A
//! row without `exact` was made by a task in advance and counts only where there is no other.
//! Points that came after their interval was made have a row of their own, some nanoseconds later.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tocsin_domain::ports::Bucket;

use super::super::bytes::{Damaged, Read, Reader, put_number, put_signed};
use super::super::tiers::{Tier, add_intervals};
use super::csv::{Row, unreadable};
use super::failure::InfluxError;
use super::flux::{is_time, ns_of};
use super::line::{put_float, write_to};

/// The version of the exact form, its first byte.
const VERSION: u8 = 1;
/// The most bins of a sketch.
const BINS_MAX: usize = 1 << 20;
/// Nanoseconds of a row's time that say in which round it was made.
const ROUNDS: i64 = 1_000_000;

/// The numbers of an interval that people see, with their fields.
type Number = (&'static str, fn(&mut Bucket) -> &mut f64);
const NUMBERS: [Number; 5] = [
    ("min", |one| &mut one.min),
    ("max", |one| &mut one.max),
    ("sum", |one| &mut one.sum),
    ("last", |one| &mut one.last),
    ("increase", |one| &mut one.increase),
];

/// Writes the row of an interval that was made in a round: 0 for the one with all points that came in
/// time.
pub(crate) fn put_interval(out: &mut Vec<u8>, key: &[u8], bucket: &Bucket, round: i64) {
    if !is_time(bucket.start_ms) {
        return;
    }
    out.extend_from_slice(key);
    write_to(out, format_args!(" count={}i", bucket.count));
    let mut shown = bucket.clone();
    for (name, number) in NUMBERS {
        let value = *number(&mut shown);
        if value.is_finite() {
            write_to(out, format_args!(",{name}="));
            put_float(out, value);
        }
    }
    let text = STANDARD.encode(encode(bucket));
    let round = if round == 0 {
        0
    } else {
        (round - 1) % (ROUNDS - 1) + 1
    };
    let at_ns = ns_of(bucket.start_ms) + round;
    write_to(out, format_args!(",exact=\"{text}\" {at_ns}\n"));
}

fn encode(bucket: &Bucket) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(&mut out, bucket.count);
    let mut numbers = bucket.clone();
    for (_, number) in NUMBERS {
        out.extend_from_slice(&number(&mut numbers).to_le_bytes());
    }
    put_number(&mut out, bucket.sketch.len() as u64);
    let mut previous = 0;
    for (key, count) in &bucket.sketch {
        put_signed(&mut out, i64::from(*key) - previous);
        put_number(&mut out, u64::from(*count));
        previous = i64::from(*key);
    }
    out
}

fn decode(bytes: &[u8], start_ms: i64, length_ms: i64) -> Read<Bucket> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(Damaged);
    }
    let mut bucket = empty(start_ms, length_ms);
    bucket.count = reader.number()?;
    for (_, number) in NUMBERS {
        *number(&mut bucket) = f64::from_le_bytes(reader.array()?);
    }
    let mut previous = 0i64;
    for _ in 0..reader.bounded(BINS_MAX)? {
        previous = previous.wrapping_add(reader.signed()?);
        let key = i32::try_from(previous).map_err(|_| Damaged)?;
        let count = u32::try_from(reader.number()?).map_err(|_| Damaged)?;
        bucket.sketch.push((key, count));
    }
    Ok(bucket)
}

fn empty(start_ms: i64, length_ms: i64) -> Bucket {
    Bucket {
        start_ms,
        length_ms,
        min: f64::NAN,
        max: f64::NAN,
        sum: 0.0,
        count: 0,
        last: f64::NAN,
        increase: 0.0,
        sketch: Vec::new(),
    }
}

/// The rows of one series in one tier, as they come.
#[derive(Debug, Default)]
pub(crate) struct IntervalRows {
    exact: BTreeMap<i64, Bucket>,
    /// What tasks made in advance.
    advance: BTreeMap<i64, Bucket>,
}

impl IntervalRows {
    /// Takes one field of one row.
    pub(crate) fn take(&mut self, tier: Tier, row: &Row<'_>) -> Result<(), InfluxError> {
        let at_ns = row.time_ns()?;
        let (start_ms, length_ms) = (at_ns.div_euclid(ROUNDS), tier.length_ms());
        let field = row.get("_field");
        if field == "exact" {
            let text = row.get("_value");
            let bytes = STANDARD.decode(text).unwrap_or_default();
            let bucket = decode(&bytes, start_ms, length_ms);
            let bucket = bucket.map_err(|Damaged| unreadable("an interval", text))?;
            self.exact.insert(at_ns, bucket);
            return Ok(());
        }
        let make = || empty(start_ms, length_ms);
        let bucket = self.advance.entry(at_ns).or_insert_with(make);
        if field == "count" {
            bucket.count = u64::try_from(row.integer()?).unwrap_or(0);
        } else if let Some((_, number)) = NUMBERS.iter().find(|(name, _)| *name == field) {
            *number(bucket) = row.float()?;
        }
        Ok(())
    }

    /// True if some interval is there as a task made it only.
    pub(crate) fn is_partly_in_advance(&self) -> bool {
        self.advance.keys().any(|at_ns| !self.has_exact(*at_ns))
    }

    fn has_exact(&self, at_ns: i64) -> bool {
        let start_ns = at_ns.div_euclid(ROUNDS) * ROUNDS;
        self.exact
            .range(start_ns..start_ns + ROUNDS)
            .next()
            .is_some()
    }

    /// The intervals in order of time.
    pub(crate) fn finish(mut self) -> Vec<Bucket> {
        let mut intervals = Vec::new();
        let advance = std::mem::take(&mut self.advance);
        let mut last: Option<f64> = None;
        for (at_ns, mut bucket) in advance {
            if !self.has_exact(at_ns) && bucket.count > 0 && !bucket.last.is_nan() {
                // How a counter grew within it nobody saw; what is known is where it stood.
                bucket.increase = match last {
                    Some(last) if bucket.last >= last => bucket.last - last,
                    Some(_) => bucket.last,
                    None => 0.0,
                };
                last = Some(bucket.last);
                add_intervals(&mut intervals, vec![bucket]);
            }
        }
        for bucket in self.exact.into_values() {
            add_intervals(&mut intervals, vec![bucket]);
        }
        intervals
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::block::Points;
    use super::super::super::tiers::intervals_of;
    use super::*;

    #[test]
    fn intervals_come_back_to_the_bit() {
        let mut points = Points::default();
        for at in 0..30i64 {
            points.push(at * 10_000, (at % 7) as f64 * 0.1);
        }
        points.push(300_000, f64::INFINITY);
        points.push(300_001, f64::NEG_INFINITY);
        let buckets = intervals_of(Tier::FiveMinutes, &points, &mut Some(5.0));
        for bucket in &buckets {
            let read = decode(&encode(bucket), bucket.start_ms, bucket.length_ms).unwrap();
            assert_eq!(format!("{read:?}"), format!("{bucket:?}"));
        }
        let bytes = encode(&buckets[0]);
        (0..bytes.len()).for_each(|cut| drop(decode(&bytes[..cut], 0, 300_000)));
        let mut out = Vec::new();
        put_interval(&mut out, b"m", &buckets[1], 7);
        let line = String::from_utf8(out).unwrap();
        // Neither infinities nor their sum are numbers to InfluxDB.
        assert!(line.starts_with("m count=2i,exact=\""), "{line}");
        assert!(line.ends_with("\" 300000000007\n"), "{line}");
    }
}
