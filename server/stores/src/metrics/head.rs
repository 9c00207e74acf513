//! Points in memory: for each series a chain of small chunks, all out of one pool.
//!
//! A point costs 16 bytes and no allocation of its own; what was written is let go as a whole.

use super::block::Points;

/// Points of a chunk.
const CHUNK: usize = 8;
/// Chunks of a slab of the pool.
const SLAB: usize = 4096;
/// No chunk.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Chunk {
    times: [i64; CHUNK],
    values: [f64; CHUNK],
    next: u32,
}

/// The chain of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    first: u32,
    last: u32,
    /// Points in it.
    pub(crate) length: u32,
    /// The earliest time.
    pub(crate) first_ms: i64,
    /// The latest time.
    pub(crate) last_ms: i64,
}

const EMPTY: Chain = Chain {
    first: NONE,
    last: NONE,
    length: 0,
    first_ms: i64::MAX,
    last_ms: i64::MIN,
};

/// The points of a partition that came since it was last written.
#[derive(Debug, Default)]
pub(crate) struct Head {
    chains: Vec<Chain>,
    slabs: Vec<Vec<Chunk>>,
    /// Points in it.
    pub(crate) samples: u64,
}

impl Head {
    /// Adds a point of the series with this index.
    #[inline]
    pub(crate) fn push(&mut self, index: u32, at_ms: i64, value: f64) {
        let index = index as usize;
        if index >= self.chains.len() {
            self.chains.resize(index + 1, EMPTY);
        }
        let chain = &mut self.chains[index];
        chain.first_ms = chain.first_ms.min(at_ms);
        chain.last_ms = chain.last_ms.max(at_ms);
        let place = chain.length as usize % CHUNK;
        chain.length += 1;
        self.samples += 1;
        if place != 0 {
            let chunk = &mut self.slabs[chain.last as usize / SLAB][chain.last as usize % SLAB];
            chunk.times[place] = at_ms;
            chunk.values[place] = value;
            return;
        }
        self.push_chunk(index, at_ms, value);
    }

    fn push_chunk(&mut self, index: usize, at_ms: i64, value: f64) {
        if self.slabs.last().is_none_or(|slab| slab.len() == SLAB) {
            self.slabs.push(Vec::with_capacity(SLAB));
        }
        let at = (self.slabs.len() - 1) * SLAB;
        let Some(slab) = self.slabs.last_mut() else {
            return;
        };
        let number = (at + slab.len()) as u32;
        let mut chunk = Chunk {
            times: [0; CHUNK],
            values: [0.0; CHUNK],
            next: NONE,
        };
        (chunk.times[0], chunk.values[0]) = (at_ms, value);
        slab.push(chunk);
        let chain = &mut self.chains[index];
        let before = std::mem::replace(&mut chain.last, number);
        if before == NONE {
            chain.first = number;
        } else {
            self.slabs[before as usize / SLAB][before as usize % SLAB].next = number;
        }
    }

    /// The chain of a series, if it has a point.
    pub(crate) fn chain(&self, index: u32) -> Option<&Chain> {
        let chain = self.chains.get(index as usize)?;
        (chain.length > 0).then_some(chain)
    }

    /// The series that have points, with their chains.
    pub(crate) fn chains(&self) -> impl Iterator<Item = (u32, &Chain)> {
        let numbered = self.chains.iter().enumerate();
        numbered
            .filter(|(_, chain)| chain.length > 0)
            .map(|(index, chain)| (index as u32, chain))
    }

    /// Puts the points of a series within `[from_ms, to_ms]` at the end of `out` in the order they
    /// came.
    pub(crate) fn read(&self, index: u32, range_ms: (i64, i64), out: &mut Points) {
        let Some(chain) = self.chain(index) else {
            return;
        };
        if chain.last_ms < range_ms.0 || chain.first_ms > range_ms.1 {
            return;
        }
        let (mut left, mut at) = (chain.length as usize, chain.first as usize);
        while left > 0 {
            let chunk = &self.slabs[at / SLAB][at % SLAB];
            let length = left.min(CHUNK);
            for (time, value) in chunk.times.iter().zip(&chunk.values).take(length) {
                if range_ms.0 <= *time && *time <= range_ms.1 {
                    out.push(*time, *value);
                }
            }
            left -= length;
            at = chunk.next as usize;
        }
    }

    /// Forgets the points of a series.
    pub(crate) fn remove(&mut self, index: u32) {
        if let Some(chain) = self.chains.get_mut(index as usize) {
            self.samples -= u64::from(chain.length);
            *chain = EMPTY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_back_in_the_order_they_came() {
        let mut head = Head::default();
        for at in 0..100_000i64 {
            head.push((at % 7) as u32 * 3, at, at as f64);
        }
        let mut out = Points::default();
        head.read(6, (100, 200), &mut out);
        let expect: Vec<i64> = (100..=200).filter(|at| at % 7 == 2).collect();
        assert_eq!(out.times, expect);
        assert_eq!(head.chains().count(), 7);
        head.remove(6);
        assert!(head.chain(6).is_none());
        assert_eq!(head.chains().count(), 6);
    }
}
