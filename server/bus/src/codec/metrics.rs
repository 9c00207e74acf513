//! The binary form of a batch of metric points.
//!
//! ```text
//! batch id 16 | observed | source | shard | series: count, (id 8, kind 1, bytes of labels) each
//! | points: count, values 8 each | column of series | column of times | arena length | arena
//! ```
//!
//! The column of series is mostly 0, 1, 2, … over and over, and then only says how many; times are
//! mostly all the same, and otherwise steps from the one before.

use bytes::Bytes;
use tocsin_domain::metric::SeriesEntry;
use tocsin_domain::{BatchId, MetricBatch, MetricKind, SeriesId, Span, Timestamp};

use super::CodecError;
use super::varint::{Reader, put_i64, put_str, put_u64};

/// The series of point `i` is `i` modulo a number that follows.
const CYCLE: u8 = 0;
/// One value for all follows.
const SAME: u8 = 0;
/// Each point has its own.
const EACH: u8 = 1;
const RANGE: CodecError = CodecError("a value is out of its range");

/// Appends a batch.
pub(super) fn put(out: &mut Vec<u8>, batch: &MetricBatch) {
    out.extend_from_slice(&batch.id.bits().to_le_bytes());
    put_i64(out, batch.observed.nanos());
    put_str(out, &batch.source);
    put_u64(out, u64::from(batch.shard));
    put_u64(out, batch.series.len() as u64);
    for entry in &batch.series {
        out.extend_from_slice(&entry.id.0.to_le_bytes());
        out.push(entry.kind.code());
        put_u64(out, entry.labels.len() as u64);
    }
    put_u64(out, batch.len() as u64);
    for value in &batch.points_value {
        out.extend_from_slice(&value.to_bits().to_le_bytes());
    }
    put_series(out, batch);
    put_times(out, batch);
    put_u64(out, batch.arena.len() as u64);
    out.extend_from_slice(&batch.arena);
}

/// About how many bytes a batch takes.
pub(super) fn size(batch: &MetricBatch) -> usize {
    batch.arena.len() + batch.series.len() * 10 + batch.len() * 10 + 128
}

/// Reads a batch; the arena is a slice of `bytes`.
pub(super) fn read(reader: &mut Reader<'_>, bytes: &Bytes) -> Result<MetricBatch, CodecError> {
    let id = BatchId::from_bits(u128::from_le_bytes(reader.array()?));
    let observed = Timestamp(reader.i64()?);
    let source = reader.text()?;
    let shard = u16::try_from(reader.u64()?).map_err(|_| RANGE)?;
    let series = entries(reader)?;
    let count = reader.length()?;
    if count > reader.remaining() / 8 {
        return Err(CodecError("the bytes end too early"));
    }
    let points_value: Vec<f64> = (0..count)
        .map(|_| Ok(f64::from_bits(u64::from_le_bytes(reader.array()?))))
        .collect::<Result<_, CodecError>>()?;
    let points_series = series_column(reader, count)?;
    let points_at_ms = times(reader, count)?;
    let length = reader.length()?;
    if length != reader.remaining() {
        return Err(CodecError("the labels have another length than they say"));
    }
    Ok(MetricBatch {
        id,
        observed,
        source,
        shard,
        arena: bytes.slice(reader.position()..),
        series,
        points_series,
        points_at_ms,
        points_value,
    })
}

/// Labels lie one after the other in the arena, in the order of the series.
fn entries(reader: &mut Reader<'_>) -> Result<Vec<SeriesEntry>, CodecError> {
    let count = reader.length()?;
    let mut start = 0u32;
    (0..count)
        .map(|_| {
            let id = SeriesId(u64::from_le_bytes(reader.array()?));
            let kind = MetricKind::from_code(reader.byte()?);
            let end = start.checked_add(reader.u32()?).ok_or(RANGE)?;
            let labels = Span { start, end };
            start = end;
            Ok(SeriesEntry { id, kind, labels })
        })
        .collect()
}

fn put_series(out: &mut Vec<u8>, batch: &MetricBatch) {
    let count = batch.series.len().max(1);
    let cycles = |(at, series): (usize, &u32)| *series as usize == at % count;
    if batch.points_series.iter().enumerate().all(cycles) {
        out.push(CYCLE);
        put_u64(out, count as u64);
        return;
    }
    out.push(EACH);
    for series in &batch.points_series {
        put_u64(out, u64::from(*series));
    }
}

fn series_column(reader: &mut Reader<'_>, count: usize) -> Result<Vec<u32>, CodecError> {
    match reader.byte()? {
        CYCLE => {
            let cycle = reader.u32()?;
            if cycle == 0 {
                return Err(RANGE);
            }
            let mut next = 0;
            Ok((0..count)
                .map(|_| {
                    let series = next;
                    next = if next + 1 == cycle { 0 } else { next + 1 };
                    series
                })
                .collect())
        }
        EACH => (0..count).map(|_| reader.u32()).collect(),
        _ => Err(CodecError("unknown kind of column")),
    }
}

fn put_times(out: &mut Vec<u8>, batch: &MetricBatch) {
    let first = batch.points_at_ms.first().copied().unwrap_or(0);
    if batch.points_at_ms.iter().all(|at| *at == first) {
        out.push(SAME);
        put_i64(out, first);
        return;
    }
    out.push(EACH);
    let mut last = 0;
    for at in &batch.points_at_ms {
        put_i64(out, at.wrapping_sub(last));
        last = *at;
    }
}

fn times(reader: &mut Reader<'_>, count: usize) -> Result<Vec<i64>, CodecError> {
    match reader.byte()? {
        SAME => Ok(vec![reader.i64()?; count]),
        EACH => {
            let mut last = 0i64;
            (0..count)
                .map(|_| {
                    last = last.wrapping_add(reader.i64()?);
                    Ok(last)
                })
                .collect()
        }
        _ => Err(CodecError("unknown kind of column")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tocsin_domain::metric::{METRIC_SHARDS, MetricBatchBuilder};
    use tocsin_domain::{Labels, Payload};

    use super::super::{decode, encode};
    use super::*;

    fn batch(names: &[String], points: &[(usize, i64, u64)]) -> MetricBatch {
        let now = Timestamp::from_secs(1_700_000_000);
        let labels: Vec<Labels> = names
            .iter()
            .map(|name| Labels::new([("__name__", name.as_str())]).unwrap())
            .filter(|labels| labels.id().shard() == 0)
            .collect();
        let id = BatchId::new(now, [3; 10]);
        let mut builder = MetricBatchBuilder::new(id, now, "influx".into(), 0);
        for (at, labels) in labels.iter().enumerate() {
            let carried = if at % 2 == 0 { labels.as_bytes() } else { &[] };
            builder.series(labels.id(), MetricKind::Counter, carried);
        }
        for (series, at, bits) in points {
            if !labels.is_empty() {
                builder.point((series % labels.len()) as u32, *at, f64::from_bits(*bits));
            }
        }
        builder.finish()
    }

    /// Equal bit for bit, as NaN is not equal to itself.
    fn bits(batch: &MetricBatch) -> String {
        let values: Vec<u64> = batch.points_value.iter().map(|v| v.to_bits()).collect();
        let rest = (&batch.points_at_ms, &batch.points_series, &batch.series);
        format!("{values:?} {rest:?} {:?} {:?}", batch.id, batch.arena)
    }

    proptest! {
        #[test]
        fn metric_batches_come_back_bit_for_bit(
            names in proptest::collection::hash_set("[a-z]{1,6}", 0..12),
            points in proptest::collection::vec((any::<usize>(), any::<i64>(), any::<u64>()), 0..40),
        ) {
            let names: Vec<String> = names.into_iter().collect();
            let batch = batch(&names, &points);
            let bytes = encode(&Payload::Metrics(batch.clone()).into()).unwrap();
            let Payload::Metrics(read) = decode(&bytes).unwrap().payload else { panic!("metrics") };
            prop_assert_eq!(bits(&read), bits(&batch));
            prop_assert!(read.validate());
        }

        #[test]
        fn bytes_that_are_cut_or_changed_are_refused_or_read_but_never_a_panic(
            at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let names = ["a".to_owned(), "b".into(), "c".into(), "d".into(), "e".into()];
            let points = [(0, 1000, 5), (1, 1000, 7), (2, 2000, 9)];
            let batch = batch(&names, &points);
            let bytes = encode(&Payload::Metrics(batch).into()).unwrap();
            let mut changed = bytes.to_vec();
            changed[at.index(bytes.len())] = byte;
            drop(decode(&Bytes::from(changed)));
            drop(decode(&bytes.slice(..at.index(bytes.len()))));
        }
    }

    #[test]
    fn a_scrape_takes_little_more_than_ids_and_values() {
        let names: Vec<String> = (0..400).map(|n| format!("m{n}")).collect();
        let ids: Vec<_> = names
            .iter()
            .map(|name| Labels::new([("__name__", name.as_str())]).unwrap().id())
            .filter(|id| id.shard() == METRIC_SHARDS - 1)
            .collect();
        let now = Timestamp::from_secs(1_700_000_000);
        let id = BatchId::new(now, [3; 10]);
        let mut builder = MetricBatchBuilder::new(id, now, "scrape:node".into(), METRIC_SHARDS - 1);
        for id in &ids {
            let series = builder.series(*id, MetricKind::Gauge, &[]);
            builder.point(series, now.millis(), 1.5);
        }
        let bytes = encode(&Payload::Metrics(builder.finish()).into());
        assert!(bytes.unwrap().len() < ids.len() * 18 + 64);
    }
}
