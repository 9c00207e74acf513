//! One record by its id, and the lines around it in its own source, in the order they arrived.

use std::sync::Arc;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::Context;
use tocsin_domain::{LogRecord, RecordId};

use super::inner::{Inner, Trouble, View};
use super::part::BlockReader;

/// Where a record is: in a block, or in a batch in memory.
#[derive(Debug, Clone, Copy)]
enum Found {
    Block(usize, u32),
    Head(usize, usize),
}

impl Inner {
    /// One record.
    pub(crate) fn record(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        self.with_view(|view| {
            self.find(view, id)?
                .map(|found| self.read(view, found))
                .transpose()
        })
    }

    /// The lines around one line.
    pub(crate) fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        self.with_view(|view| {
            let Some(found) = self.find(view, id)? else {
                return Ok(None);
            };
            let line = self.read(view, found)?;
            let mut earlier = self.walk(
                view,
                found,
                Along {
                    source: &line.source,
                    direction: Direction::Earlier,
                },
                before,
            )?;
            earlier.reverse();
            let later = self.walk(
                view,
                found,
                Along {
                    source: &line.source,
                    direction: Direction::Later,
                },
                after,
            )?;
            Ok(Some(Context {
                before: earlier,
                line,
                after: later,
            }))
        })
    }

    fn find(&self, view: &View, id: RecordId) -> Result<Option<Found>, Trouble> {
        for (number, batch) in view.heads.iter().enumerate() {
            if let Some(row) = batch.row_of(id) {
                return Ok(Some(Found::Head(number, row)));
            }
        }
        let batch = id.batch().bits();
        for (number, block) in view.blocks.iter().enumerate() {
            if block.batches.0 <= batch && batch <= block.batches.1 {
                let row =
                    BlockReader::open(self, block).and_then(|reader| Ok(reader.rows()?.row_of(id)));
                if let Some(Some(row)) = self.unless_damaged(block, row)? {
                    return Ok(Some(Found::Block(number, row)));
                }
            }
        }
        Ok(None)
    }

    fn read(&self, view: &View, found: Found) -> Result<LogRecord, Trouble> {
        match found {
            Found::Head(batch, row) => Ok(view.heads[batch].parsed.record(row)),
            Found::Block(block, row) => BlockReader::open(self, &view.blocks[block])?.record(row),
        }
    }

    /// Reads up to `limit` lines of a source from next to `found` on. A source is in one
    /// partition: its lines are in that one's blocks in sequence, then in memory.
    fn walk(
        &self,
        view: &View,
        found: Found,
        along: Along<'_>,
        limit: usize,
    ) -> Result<Vec<LogRecord>, Trouble> {
        let Along { source, direction } = along;
        let mut records = Vec::new();
        let stations = view.blocks.len() + view.heads.len();
        let (mut station, mut start) = match found {
            Found::Block(block, row) => (block, Some(row as usize)),
            Found::Head(batch, row) => (view.blocks.len() + batch, Some(row)),
        };
        while records.len() < limit {
            let left = limit - records.len();
            match station.checked_sub(view.blocks.len()) {
                None => {
                    let walked = self.walk_block(view, (station, start), along, left);
                    let block = &view.blocks[station];
                    records.extend(self.unless_damaged(block, walked)?.unwrap_or_default());
                }
                Some(batch) => {
                    let batch = &view.heads[batch];
                    if batch.parsed.batch.source == *source {
                        let rows = direction.rows(batch.rows(), start);
                        records.extend(rows.take(left).map(|row| batch.parsed.record(row)));
                    }
                }
            }
            start = None;
            station = match direction {
                Direction::Earlier => match station.checked_sub(1) {
                    Some(station) => station,
                    None => break,
                },
                Direction::Later => station + 1,
            };
            if station >= stations {
                break;
            }
        }
        Ok(records)
    }

    fn walk_block(
        &self,
        view: &View,
        (number, start): (usize, Option<usize>),
        along: Along<'_>,
        limit: usize,
    ) -> Result<Vec<LogRecord>, Trouble> {
        let Along { source, direction } = along;
        let block = &view.blocks[number];
        if !block.sources.iter().any(|known| known.name == *source) {
            return Ok(Vec::new());
        }
        let reader = BlockReader::open(self, block)?;
        let rows = reader.rows()?;
        let is_of_source = |row: &usize| {
            rows.run_of(*row as u32)
                .and_then(|run| reader.meta.sources.get(run.source as usize))
                .is_some_and(|known| known == source)
        };
        direction
            .rows(block.rows as usize, start)
            .filter(is_of_source)
            .take(limit)
            .map(|row| reader.record(row as u32))
            .collect()
    }
}

/// Whose lines to follow, and which way.
#[derive(Debug, Clone, Copy)]
struct Along<'s> {
    source: &'s Arc<str>,
    direction: Direction,
}

/// Which way to go from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Earlier,
    Later,
}

impl Direction {
    /// The rows of a station of `count` rows in this direction, from next to `start` on.
    fn rows(self, count: usize, start: Option<usize>) -> Box<dyn Iterator<Item = usize>> {
        match self {
            Self::Earlier => Box::new((0..start.unwrap_or(count)).rev()),
            Self::Later => Box::new(start.map_or(0, |start| start + 1)..count),
        }
    }
}
