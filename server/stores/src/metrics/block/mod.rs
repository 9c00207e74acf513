//! Blocks: the points of a group of series within a window of time, as one value.
//!
//! Series that were read together have the same times, so a block holds each list of times once and
//! for each series which list it has. A reader decodes only the series it wants. A block knows its
//! series by their place in the group; it knows no labels and no keys.

pub(crate) mod ints;
pub(crate) mod values;

use super::bytes::{Damaged, Read, Reader, put_number};
use values::ValueScratch;

/// The version of the format, the first byte of every block.
const VERSION: u8 = 1;
/// The most points of a series in a block; beyond it the bytes are taken as damaged.
const POINTS_MAX: usize = 1 << 26;

/// How long to look for few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For blocks that will soon be merged.
    Quick,
    /// For blocks that stay.
    Thorough,
}

/// Points of one series in order of time, one for a millisecond.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Points {
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
}

impl Points {
    pub(crate) fn push(&mut self, at_ms: i64, value: f64) {
        self.times.push(at_ms);
        self.values.push(value);
    }

    pub(crate) fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// Puts points that came in any order in order of time; of those with the same time the last
    /// one stays.
    pub(crate) fn settle(&mut self) {
        if self.times.windows(2).all(|two| two[0] < two[1]) {
            return;
        }
        let mut pairs: Vec<(i64, f64)> = self.times.drain(..).zip(self.values.drain(..)).collect();
        pairs.sort_by_key(|(at, _)| *at);
        for (at, value) in pairs {
            if self.times.last() == Some(&at) {
                self.values.pop();
                self.times.pop();
            }
            self.push(at, value);
        }
    }
}

/// Writes blocks, keeping its room between them.
#[derive(Debug, Default)]
pub(crate) struct BlockWriter {
    scratch: ValueScratch,
    /// Ends of the lists of times within `times`, and where their bytes end.
    lists: Vec<(usize, usize, usize)>,
    times: Vec<i64>,
    list_bytes: Vec<u8>,
    entries: Vec<u8>,
    bodies: Vec<u8>,
    count: usize,
}

impl BlockWriter {
    /// Adds a series; places ascend.
    pub(crate) fn add(&mut self, place: u8, points: &Points, effort: Effort) {
        let list = self.list_of(&points.times, effort);
        let start = self.bodies.len();
        values::encode(&points.values, effort, &mut self.scratch, &mut self.bodies);
        self.entries.push(place);
        put_number(&mut self.entries, list as u64);
        put_number(&mut self.entries, (self.bodies.len() - start) as u64);
        self.count += 1;
    }

    /// The number of a list of times; lists are written once. Neighbours share most often.
    fn list_of(&mut self, times: &[i64], effort: Effort) -> usize {
        let same = |list: &(usize, usize, usize)| self.times[list.0..list.1] == *times;
        if let Some(known) = self.lists.iter().rposition(same) {
            return known;
        }
        let start = self.times.len();
        self.times.extend_from_slice(times);
        ints::encode(times, effort, self.scratch.ints(), &mut self.list_bytes);
        let end = self.times.len();
        self.lists.push((start, end, self.list_bytes.len()));
        self.lists.len() - 1
    }

    /// The finished block, if any series was added; begins a new one.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        if self.count == 0 {
            return None;
        }
        let mut out = Vec::with_capacity(
            16 + 8 * self.lists.len()
                + self.list_bytes.len()
                + self.entries.len()
                + self.bodies.len(),
        );
        out.push(VERSION);
        put_number(&mut out, self.lists.len() as u64);
        let mut previous = 0;
        for (start, end, bytes_end) in &self.lists {
            put_number(&mut out, (end - start) as u64);
            put_number(&mut out, (bytes_end - previous) as u64);
            previous = *bytes_end;
        }
        put_number(&mut out, self.count as u64);
        out.extend_from_slice(&self.entries);
        out.extend_from_slice(&self.list_bytes);
        out.extend_from_slice(&self.bodies);
        self.lists.clear();
        self.times.clear();
        self.list_bytes.clear();
        self.entries.clear();
        self.bodies.clear();
        self.count = 0;
        Some(out)
    }
}

/// A series of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Its place in the group.
    pub(crate) place: u8,
    list: usize,
    start: usize,
    end: usize,
}

/// A list of times of a block.
#[derive(Debug, Clone, Copy)]
struct List {
    count: usize,
    start: usize,
    end: usize,
}

/// Reads blocks, keeping its room between them.
#[derive(Debug, Default)]
pub(crate) struct BlockReader {
    scratch: ValueScratch,
    lists: Vec<List>,
    /// The series of the block.
    pub(crate) entries: Vec<Entry>,
    /// The list of times that was decoded last.
    decoded: Option<usize>,
    times: Vec<i64>,
}

impl BlockReader {
    /// Reads what series a block has.
    pub(crate) fn open(&mut self, bytes: &[u8]) -> Read<()> {
        self.lists.clear();
        self.entries.clear();
        self.decoded = None;
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(Damaged);
        }
        let mut at = 0;
        for _ in 0..reader.bounded(bytes.len())? {
            let count = reader.bounded(POINTS_MAX)?;
            let start = at;
            at += reader.bounded(bytes.len())?;
            let end = at;
            self.lists.push(List { count, start, end });
        }
        for _ in 0..reader.bounded(bytes.len())? {
            let place = reader.byte()?;
            let list = reader.bounded(self.lists.len().saturating_sub(1))?;
            let start = at;
            at += reader.bounded(bytes.len())?;
            self.entries.push(Entry {
                place,
                list,
                start,
                end: at,
            });
        }
        let header = bytes.len() - reader.rest().len();
        if reader.rest().len() != at || self.lists.is_empty() {
            return Err(Damaged);
        }
        for list in &mut self.lists {
            list.start += header;
            list.end += header;
        }
        for entry in &mut self.entries {
            entry.start += header;
            entry.end += header;
        }
        Ok(())
    }

    /// The times and values of a series of the opened block, whose bytes these are, put at the end
    /// of `values`. The times stay valid until the next call.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        entry: Entry,
        values: &mut Vec<f64>,
    ) -> Read<&[i64]> {
        let list = self.lists[entry.list];
        if self.decoded != Some(entry.list) {
            self.decoded = None;
            self.times.clear();
            let column = &bytes[list.start..list.end];
            ints::decode(column, list.count, self.scratch.ints(), &mut self.times)?;
            self.decoded = Some(entry.list);
        }
        let column = &bytes[entry.start..entry.end];
        values::decode(column, list.count, &mut self.scratch, values)?;
        Ok(&self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(start: i64, step: i64, values: &[f64]) -> Points {
        let times = (0..values.len() as i64).map(|at| start + at * step);
        Points {
            times: times.collect(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn series_come_back_and_share_their_times() {
        let values: Vec<f64> = (0..300).map(|at| f64::from(at * at % 13) / 10.0).collect();
        let all = [
            (3, points(1_000, 10, &values)),
            (4, points(1_000, 10, &values)),
            (9, points(1_003, 7, &values[..5])),
        ];
        for effort in [Effort::Quick, Effort::Thorough] {
            let mut writer = BlockWriter::default();
            assert_eq!(writer.finish(), None);
            for (place, points) in &all {
                writer.add(*place, points, effort);
            }
            let bytes = writer.finish().unwrap();
            let mut reader = BlockReader::default();
            reader.open(&bytes).unwrap();
            assert_eq!(reader.lists.len(), 2);
            for (entry, (place, expect)) in reader.entries.clone().into_iter().zip(&all) {
                assert_eq!(entry.place, *place);
                let mut values = Vec::new();
                let times = reader.read(&bytes, entry, &mut values).unwrap();
                assert_eq!((times, &values), (&expect.times[..], &expect.values));
            }
            for cut in 0..bytes.len() {
                let _ = reader.open(&bytes[..cut]);
            }
        }
    }

    #[test]
    fn the_last_of_points_with_the_same_time_stays() {
        let mut points = Points::default();
        for (at, value) in [(5, 1.0), (3, 2.0), (5, 3.0), (3, 4.0), (9, 5.0)] {
            points.push(at, value);
        }
        points.settle();
        assert_eq!(points.times, [3, 5, 9]);
        assert_eq!(points.values, [4.0, 3.0, 5.0]);
    }
}
