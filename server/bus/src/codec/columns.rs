//! The records of a batch as columns, one number for each record in each.
//!
//! A column begins with a byte: 0 says that one value for all follows, 1 that each has its own.
//! Bodies mostly lie one after the other in the arena and clocks mostly advance, so both are
//! written as the difference to the record before.

use tocsin_domain::batch::{LogBatch, RecordEntry};
use tocsin_domain::{Issues, Severity, Span, Timestamp};

use super::CodecError;
use super::varint::{Reader, put_u64};

const SAME: u8 = 0;
const EACH: u8 = 1;
const RANGE: CodecError = CodecError("a value is out of its range");

/// Appends the count and the columns.
pub(super) fn put_records(out: &mut Vec<u8>, batch: &LogBatch) {
    let records = &batch.records;
    put_u64(out, records.len() as u64);
    if records.is_empty() {
        return;
    }
    for record in records {
        put_u64(out, record.body.len() as u64);
    }
    let starts = records.iter().map(|record| i64::from(record.body.start));
    let ends = records.iter().map(|record| i64::from(record.body.end));
    let gaps = starts.zip(std::iter::once(0).chain(ends));
    put_column(out, gaps.map(|(start, end)| zigzag(start - end)));
    let times = records.iter().map(|record| record.timestamp.nanos());
    let before = std::iter::once(batch.observed.nanos()).chain(times.clone());
    let steps = times.zip(before);
    put_column(out, steps.map(|(at, last)| zigzag(at.wrapping_sub(last))));
    put_column(out, records.iter().map(|r| u64::from(r.severity.number())));
    put_column(out, records.iter().map(|r| u64::from(r.issues.0)));
    put_column(out, records.iter().map(|r| u64::from(r.host)));
    put_counting(out, records.iter().map(|r| r.attributes));
    put_counting(out, records.iter().map(|r| r.trace));
}

/// Reads the count and the columns.
pub(super) fn records(
    reader: &mut Reader<'_>,
    observed: Timestamp,
) -> Result<Vec<RecordEntry>, CodecError> {
    let count = reader.length()?;
    if count > tocsin_domain::id::BATCH_RECORDS_MAX as usize {
        return Err(CodecError("more records than a batch can hold"));
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut records = bodies(reader, count, observed)?;
    let mut last = observed.nanos();
    column(reader, &mut records, |record, step| {
        last = last.wrapping_add(unzigzag(step));
        record.timestamp = Timestamp(last);
        Some(())
    })?;
    column(reader, &mut records, |record, value| {
        record.severity = Severity::from_number(u8::try_from(value).ok()?)?;
        Some(())
    })?;
    column(reader, &mut records, |record, value| {
        record.issues = Issues(u8::try_from(value).ok()?);
        Some(())
    })?;
    column(reader, &mut records, |record, value| {
        record.host = u32::try_from(value).ok()?;
        Some(())
    })?;
    counting(reader, &mut records, |record| &mut record.attributes)?;
    counting(reader, &mut records, |record| &mut record.trace)?;
    Ok(records)
}

/// Lengths, which each record has of its own so that the bytes bound the count; then the gaps.
fn bodies(
    reader: &mut Reader<'_>,
    count: usize,
    observed: Timestamp,
) -> Result<Vec<RecordEntry>, CodecError> {
    let mut records = Vec::with_capacity(count);
    let mut end = 0u32;
    for _ in 0..count {
        // Bodies without gaps, which is the rule; the gaps correct it.
        let start = end;
        // Whatever wraps around here is found by the batch's own validation.
        end = end.wrapping_add(reader.u32()?);
        records.push(RecordEntry {
            body: Span { start, end },
            timestamp: observed,
            severity: Severity::UNSPECIFIED,
            issues: Issues::NONE,
            host: 0,
            attributes: 0,
            trace: 0,
        });
    }
    let mut shift = 0u32;
    column(reader, &mut records, |record, gap| {
        shift = shift.wrapping_add(unzigzag(gap) as u32);
        record.body = Span {
            start: record.body.start.wrapping_add(shift),
            end: record.body.end.wrapping_add(shift),
        };
        Some(())
    })?;
    Ok(records)
}

fn put_column(out: &mut Vec<u8>, mut values: impl Iterator<Item = u64> + Clone) {
    let first = values.clone().next().unwrap_or(0);
    if values.clone().all(|value| value == first) {
        out.push(SAME);
        put_u64(out, first);
    } else {
        out.push(EACH);
        values.by_ref().for_each(|value| put_u64(out, value));
    }
}

fn column(
    reader: &mut Reader<'_>,
    records: &mut [RecordEntry],
    mut set: impl FnMut(&mut RecordEntry, u64) -> Option<()>,
) -> Result<(), CodecError> {
    match reader.byte()? {
        SAME => {
            let value = reader.u64()?;
            if value == 0 {
                // What records are made with, and the step and gap that changes nothing.
                return Ok(());
            }
            records
                .iter_mut()
                .try_for_each(|record| set(record, value).ok_or(RANGE))
        }
        EACH => records.iter_mut().try_for_each(|record| {
            let value = reader.u64()?;
            set(record, value).ok_or(RANGE)
        }),
        _ => Err(CodecError("unknown kind of column")),
    }
}

/// A column of indexes that mostly count up by one, as attribute sets and traces do.
fn put_counting(out: &mut Vec<u8>, values: impl Iterator<Item = u32> + Clone) {
    let values = values.map(i64::from);
    let steps = values.clone().zip(std::iter::once(0).chain(values));
    put_column(out, steps.map(|(value, last)| zigzag(value - last)));
}

fn counting(
    reader: &mut Reader<'_>,
    records: &mut [RecordEntry],
    field: impl Fn(&mut RecordEntry) -> &mut u32,
) -> Result<(), CodecError> {
    let mut last = 0i64;
    column(reader, records, |record, step| {
        last = last.checked_add(unzigzag(step))?;
        *field(record) = u32::try_from(last).ok()?;
        Some(())
    })
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
