//! A partition: its series, the points that are not written yet, and which windows are still open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tocsin_domain::Offset;

use super::block::Points;
use super::bytes::{Damaged, Read, Reader, put_number, put_signed};
use super::head::Head;
use super::keys::GROUP;
use super::table::Table;

/// The length of a window of points, in ms: 2 hours, 720 points of a series read every 10 s.
pub(crate) const WINDOW_MS: i64 = 7_200_000;
/// The version of what is written of a partition, its first byte.
const VERSION: u8 = 1;

/// The number of the window a time is in.
pub(crate) fn window_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(WINDOW_MS)
}

/// A window that has parts which were not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    /// How many.
    pub(crate) parts: u32,
    /// The last of them.
    pub(crate) sequence: u32,
}

/// What is written of a partition with every change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The offset through which everything is written.
    pub(crate) durable: Offset,
    /// The number of the last write.
    pub(crate) sequence: u32,
    /// Indexes handed out.
    pub(crate) indexes: u32,
    /// Points in blocks; those that came twice are counted twice until they are merged.
    pub(crate) samples: u64,
    /// The first window whose points are kept one by one.
    pub(crate) raw_floor: Option<i64>,
    /// The first window (of that tier) whose intervals of 5 minutes are kept.
    pub(crate) five_minute_floor: Option<i64>,
    /// Windows that have parts to merge.
    pub(crate) open: BTreeMap<i64, Open>,
    /// Groups whose blocks hold series that were removed.
    pub(crate) littered: BTreeSet<u32>,
}

impl Position {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_number(&mut out, self.durable.0);
        put_number(&mut out, u64::from(self.sequence));
        put_number(&mut out, u64::from(self.indexes));
        put_number(&mut out, self.samples);
        for floor in [self.raw_floor, self.five_minute_floor] {
            out.push(u8::from(floor.is_some()));
            put_signed(&mut out, floor.unwrap_or(0));
        }
        put_number(&mut out, self.open.len() as u64);
        for (window, open) in &self.open {
            put_signed(&mut out, *window);
            put_number(&mut out, u64::from(open.parts));
            put_number(&mut out, u64::from(open.sequence));
        }
        put_number(&mut out, self.littered.len() as u64);
        for group in &self.littered {
            put_number(&mut out, u64::from(*group));
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(Damaged);
        }
        let mut position = Self {
            durable: Offset(reader.number()?),
            sequence: reader.bounded(u32::MAX as usize)? as u32,
            indexes: reader.bounded(u32::MAX as usize)? as u32,
            samples: reader.number()?,
            ..Self::default()
        };
        for floor in [&mut position.raw_floor, &mut position.five_minute_floor] {
            let is_some = reader.byte()? != 0;
            *floor = Some(reader.signed()?).filter(|_| is_some);
        }
        for _ in 0..reader.number()? {
            let window = reader.signed()?;
            let open = Open {
                parts: reader.bounded(u32::MAX as usize)? as u32,
                sequence: reader.bounded(u32::MAX as usize)? as u32,
            };
            position.open.insert(window, open);
        }
        for _ in 0..reader.number()? {
            let group = reader.bounded(u32::MAX as usize)? as u32;
            position.littered.insert(group);
        }
        Ok(position)
    }
}

/// The floors that were, in windows, while retention goes from group to group with new ones. In
/// between them every group is either still as it was or already coarser, never both or neither.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aging {
    /// Before this points are intervals in any case; none while no points become intervals.
    pub(crate) raw_from: Option<i64>,
    /// The same of 5 minutes that become hours.
    pub(crate) five_minutes_from: Option<i64>,
}

/// What readers see of a partition.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) table: Table,
    /// Points that came since the last write began.
    pub(crate) head: Head,
    /// Points that are being written, or could not be, oldest first.
    pub(crate) frozen: Vec<Arc<Head>>,
    /// The offset of the last batch that was taken.
    pub(crate) taken: Offset,
    pub(crate) position: Position,
    /// The floors of the tiers while retention raises them.
    pub(crate) aging: Aging,
    /// When the newest batch was received, in ms: what is taken for now.
    pub(crate) observed_ms: i64,
}

impl State {
    /// Points in memory.
    pub(crate) fn head_samples(&self) -> u64 {
        let frozen: u64 = self.frozen.iter().map(|head| head.samples).sum();
        frozen + self.head.samples
    }

    /// The heads, oldest first.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &Head> {
        self.frozen
            .iter()
            .map(Arc::as_ref)
            .chain(std::iter::once(&self.head))
    }

    /// The times of the first and last point of a series; none if it has no point.
    pub(crate) fn range(&self, index: u32) -> Option<(i64, i64)> {
        let series = self.table.get(index)?;
        let (mut first, mut last) = (series.first_ms, series.last_ms);
        for head in self.heads() {
            if let Some(chain) = head.chain(index) {
                first = first.min(chain.first_ms);
                last = last.max(chain.last_ms);
            }
        }
        (first <= last).then_some((first, last))
    }

    /// Puts the points of a series that are in memory at the end of `out`.
    pub(crate) fn read_heads(&self, index: u32, range_ms: (i64, i64), out: &mut Points) {
        for head in self.heads() {
            head.read(index, range_ms, out);
        }
    }
}

/// A partition.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) partition: u16,
    /// Held by whoever writes or removes blocks.
    pub(crate) writer: Mutex<()>,
    pub(crate) state: RwLock<State>,
}

impl Shard {
    pub(crate) fn new(partition: u16) -> Self {
        Self {
            partition,
            writer: Mutex::default(),
            state: RwLock::default(),
        }
    }

    /// True if the series at a place of a group was not removed.
    pub(crate) fn has(&self, group: u32, place: usize) -> bool {
        let state = self.state.read();
        state.table.get(group * GROUP + place as u32).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back() {
        let mut position = Position {
            durable: Offset(7),
            sequence: 9,
            indexes: 1_000,
            raw_floor: Some(-4),
            ..Position::default()
        };
        let open = Open {
            parts: 3,
            sequence: 8,
        };
        position.open.insert(-12, open);
        position.littered.insert(77);
        assert_eq!(Position::decode(&position.encode()), Ok(position));
        assert_eq!(Position::decode(&[]), Err(Damaged));
    }
}
