//! Rows of one partition that wait to be inserted.

use std::collections::HashSet;

use tocsin_domain::{Offset, ParsedBatch};
use xxhash_rust::xxh3::Xxh3;

use super::rows::{Origin, put_row};

/// Rows and the offsets they came with.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Rows in `RowBinary`, one after another.
    rows: Vec<u8>,
    /// The id of each row and where it ends.
    ends: Vec<(u128, usize)>,
    /// The offsets of the first and the last batch; none if there was no batch.
    offsets: Option<(Offset, Offset)>,
}

impl Block {
    /// The rows of a batch but for those whose ids are in `stored`.
    pub(super) fn of_batch(parsed: &ParsedBatch, origin: Origin, stored: &HashSet<u128>) -> Self {
        let mut block = Self {
            rows: Vec::with_capacity(parsed.batch.arena.len() * 3),
            ends: Vec::with_capacity(parsed.lines.len()),
            offsets: Some((origin.offset, origin.offset)),
        };
        for index in 0..parsed.lines.len() {
            let id = parsed.batch.record_id(index).bits();
            if !stored.contains(&id) {
                put_row(&mut block.rows, parsed, index, origin);
                block.ends.push((id, block.rows.len()));
            }
        }
        block
    }

    /// Takes what came after.
    pub(super) fn append(&mut self, later: &Self) {
        let before = self.rows.len();
        self.rows.extend_from_slice(&later.rows);
        self.ends
            .extend(later.ends.iter().map(|(id, end)| (*id, end + before)));
        self.offsets = match (self.offsets, later.offsets) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (own, None) => own,
            (None, theirs) => theirs,
        };
    }

    /// Leaves out the rows whose ids are in `stored`.
    pub(super) fn without(&self, stored: &HashSet<u128>) -> Self {
        let mut left = Self {
            offsets: self.offsets,
            ..Self::default()
        };
        let mut start = 0;
        for (id, end) in &self.ends {
            if !stored.contains(id) {
                left.rows.extend_from_slice(&self.rows[start..*end]);
                left.ends.push((*id, left.rows.len()));
            }
            start = *end;
        }
        left
    }

    pub(super) fn rows(&self) -> &[u8] {
        &self.rows
    }

    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that it holds in memory.
    pub(super) fn bytes(&self) -> usize {
        self.rows.len() + self.ends.len() * size_of::<(u128, usize)>()
    }

    pub(super) fn offsets(&self) -> Option<(Offset, Offset)> {
        self.offsets
    }

    /// What names the block to the server: the same for the same records.
    pub(super) fn token(&self) -> String {
        let mut hash = Xxh3::new();
        for (id, _) in &self.ends {
            hash.update(&id.to_le_bytes());
        }
        format!("{:032x}", hash.digest128())
    }
}

#[cfg(test)]
mod tests {
    use tocsin_domain::Partition;

    use super::super::super::contract::corpus::{Line, batch};
    use super::*;

    fn of(number: u64, lines: &[&str], stored: &HashSet<u128>) -> Block {
        let lines: Vec<Line> = lines.iter().map(|text| Line::of(text)).collect();
        let origin = Origin {
            partition: Partition(3),
            offset: Offset(number),
            writer: 7,
        };
        Block::of_batch(&batch(number, "s", &lines), origin, stored)
    }

    #[test]
    fn rows_can_be_joined_and_left_out() {
        let none = HashSet::new();
        let (first, second) = (of(1, &["a", "b 1"], &none), of(2, &["c"], &none));
        let mut both = Block::default();
        both.append(&first);
        both.append(&second);
        assert_eq!(both.count(), 3);
        assert_eq!(both.offsets(), Some((Offset(1), Offset(2))));
        assert_eq!(both.rows(), [first.rows(), second.rows()].concat());
        let stored: HashSet<u128> = first.ends.iter().map(|(id, _)| *id).collect();
        assert_eq!(both.without(&stored).rows(), second.rows());
        assert_eq!(both.without(&stored).token(), second.token());
        assert_ne!(both.token(), second.token());
        let rest = of(1, &["a", "b 1"], &HashSet::from([first.ends[0].0]));
        assert_eq!(rest.rows(), &first.rows()[first.ends[0].1..]);
        assert_eq!(of(1, &[], &none).offsets(), Some((Offset(1), Offset(1))));
    }
}
