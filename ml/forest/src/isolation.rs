//! Isolation forest (Liu, Ting, Zhou, "Isolation Forest", ICDM 2008): points that few random cuts
//! separate from all others are odd. Built to score one row at a time.
//!
//! A tree is as high as the paper limits it (`⌈log₂ ψ⌉`), so it is kept as a full binary tree
//! without pointers: the children of node `k` are `2k + 1` and `2k + 2`. Below a leaf that ends
//! early, whatever the cuts are, all places hold the leaf's path length. Every walk then has the
//! same number of steps and no branch, and several trees are walked at once, so that the wait for
//! one node is filled with others.

use crate::matrix::Matrix;
use crate::random::Random;
use crate::snapshot::{Reader, SnapshotError, Writer};

/// Trees that are walked at once.
const LANES: usize = 20;
/// Largest sample of a tree; a tree then has 4,095 inner nodes.
const SAMPLE_MAX: usize = 4_096;
/// Most trees.
const TREES_MAX: usize = 4_096;
/// Most columns.
const COLUMNS_MAX: usize = 65_535;
/// Version of the snapshot.
const VERSION: u8 = 1;
/// Marks a leaf where a snapshot has a column.
const LEAF: u16 = u16::MAX;

/// How many trees of what size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForestSettings {
    /// Number of trees, in `[1, 4096]`. The paper finds path lengths settled well before 100.
    pub trees: usize,
    /// Rows a tree is grown from, `ψ` in the paper, in `[2, 4096]`.
    pub sample: usize,
}

impl Default for ForestSettings {
    fn default() -> Self {
        Self {
            trees: 100,
            sample: 256,
        }
    }
}

/// `c(n)`: the average path length of an unsuccessful search in a binary search tree of `n` keys,
/// `2 H(n − 1) − 2 (n − 1) / n`, with the harmonic number summed rather than approximated.
#[must_use]
pub fn average_path_length(n: usize) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let harmonic: f64 = (1..n).map(|i| 1.0 / i as f64).sum();
    2.0 * harmonic - 2.0 * (n - 1) as f64 / n as f64
}

/// A cut: rows with `row[column] >= threshold` go right, others (and NaN) left. Where a tree has
/// ended the threshold is infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    threshold: f32,
    column: u32,
}

const ENDED: Node = Node {
    threshold: f32::INFINITY,
    column: 0,
};

/// A trained forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// `[trees][2^height − 1]`, breadth first.
    nodes: Vec<Node>,
    /// `[trees][2^height]`: path lengths of the paper at the places below the last level.
    lengths: Vec<f32>,
    trees: usize,
    height: u32,
    columns: usize,
    sample: usize,
    /// `c(ψ)`, by which path lengths are judged.
    normal: f64,
}

impl Forest {
    /// Grows a forest. The same rows, settings and seed give the same forest. Settings out of range
    /// are brought into it; missing values never decide a cut. Columns beyond 65,535 are not used.
    #[must_use]
    pub fn train(rows: &Matrix, settings: &ForestSettings, seed: u64) -> Self {
        let trees = settings.trees.clamp(1, TREES_MAX);
        let sample = settings.sample.clamp(2, SAMPLE_MAX).min(rows.rows().max(2));
        let mut forest = Self::empty(trees, sample, rows.columns().min(COLUMNS_MAX));
        let mut random = Random::new(seed);
        for tree in 0..trees {
            let mut drawn = random.sample(rows.rows(), sample);
            Growth {
                forest: &mut forest,
                rows,
                random: &mut random,
                tree,
            }
            .grow(&mut drawn, 0, 0);
        }
        forest
    }

    fn empty(trees: usize, sample: usize, columns: usize) -> Self {
        let height = usize::BITS - (sample - 1).leading_zeros();
        Self {
            nodes: vec![ENDED; trees * ((1 << height) - 1)],
            lengths: vec![0.0; trees << height],
            trees,
            height,
            columns,
            sample,
            normal: average_path_length(sample),
        }
    }

    /// Columns a row must have.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The score of the paper, `2^(−E(h) / c(ψ))`, in `(0, 1)`: about 0.5 for an average row, near
    /// 1 for one that is cut off at once. NaN for a row that is too short.
    #[must_use]
    pub fn score(&self, row: &[f32]) -> f32 {
        (-f64::from(self.path_length(row)) / self.normal).exp2() as f32
    }

    /// Mean path length of a row over all trees; NaN for a row that is too short.
    #[must_use]
    pub fn path_length(&self, row: &[f32]) -> f32 {
        if row.len() < self.columns {
            return f32::NAN;
        }
        let mut sum = 0.0;
        let mut tree = 0;
        while tree + LANES <= self.trees {
            sum += self.walk::<LANES>(row, tree);
            tree += LANES;
        }
        for tree in tree..self.trees {
            sum += self.walk::<1>(row, tree);
        }
        sum / self.trees as f32
    }

    /// Sum of the path lengths in `N` trees from `first` on.
    #[inline]
    fn walk<const N: usize>(&self, row: &[f32], first: usize) -> f32 {
        let inner = (1 << self.height) - 1;
        let nodes = &self.nodes[first * inner..(first + N) * inner];
        let lengths = &self.lengths[first << self.height..(first + N) << self.height];
        // Place of each walk within its own tree.
        let mut at = [0usize; N];
        for _ in 0..self.height {
            for (lane, at) in at.iter_mut().enumerate() {
                let node = nodes[lane * inner + *at];
                let right = row[node.column as usize] >= node.threshold;
                *at = 2 * *at + 1 + usize::from(right);
            }
        }
        let places = at.iter().enumerate();
        places
            .map(|(lane, at)| lengths[(lane << self.height) + at - inner])
            .sum()
    }

    /// The forest as bytes: its real nodes only, from the root down.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::new(VERSION);
        for n in [self.trees, self.sample, self.columns] {
            out.u32(n as u32);
        }
        for tree in 0..self.trees {
            self.write(&mut out, tree, 0, 0);
        }
        out.0
    }

    fn write(&self, out: &mut Writer, tree: usize, at: usize, depth: u32) {
        let inner = (1usize << self.height) - 1;
        let node = self
            .nodes
            .get(tree * inner + at)
            .filter(|_| depth < self.height);
        match node {
            Some(node) if node.threshold.is_finite() => {
                out.u16(node.column as u16);
                out.f32(node.threshold);
                self.write(out, tree, 2 * at + 1, depth + 1);
                self.write(out, tree, 2 * at + 2, depth + 1);
            }
            _ => {
                out.u16(LEAF);
                out.f32(self.lengths[(tree << self.height) + self.first_place(at, depth)]);
            }
        }
    }

    /// The leftmost place below node `at`.
    fn first_place(&self, at: usize, depth: u32) -> usize {
        let within = at + 1 - (1usize << depth);
        within << (self.height - depth)
    }

    fn put_leaf(&mut self, tree: usize, at: usize, depth: u32, length: f32) {
        let first = (tree << self.height) + self.first_place(at, depth);
        self.lengths[first..first + (1 << (self.height - depth))].fill(length);
    }

    fn put_cut(&mut self, tree: usize, at: usize, node: Node) {
        let inner = (1usize << self.height) - 1;
        self.nodes[tree * inner + at] = node;
    }

    /// Reads what [`Forest::snapshot`] wrote.
    ///
    /// # Errors
    /// When the version is unknown, bytes are missing or left over, or a number is out of range.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut r = Reader::new(bytes, VERSION)?;
        let (trees, sample, columns) = (r.u32()? as usize, r.u32()? as usize, r.u32()? as usize);
        let sizes = (1..=TREES_MAX).contains(&trees) && (2..=SAMPLE_MAX).contains(&sample);
        // A tree takes six bytes at least, so a short file cannot ask for much memory.
        if !sizes || !(1..=COLUMNS_MAX).contains(&columns) || r.left() < trees * 6 {
            return Err(SnapshotError::Range);
        }
        let mut forest = Self::empty(trees, sample, columns);
        for tree in 0..trees {
            forest.read(&mut r, tree, 0, 0)?;
        }
        r.end()?;
        Ok(forest)
    }

    fn read(
        &mut self,
        r: &mut Reader<'_>,
        tree: usize,
        at: usize,
        depth: u32,
    ) -> Result<(), SnapshotError> {
        let (column, number) = (r.u16()?, r.f32()?);
        if !number.is_finite() {
            return Err(SnapshotError::Range);
        }
        if column == LEAF {
            self.put_leaf(tree, at, depth, number);
            return Ok(());
        }
        if depth >= self.height || usize::from(column) >= self.columns {
            return Err(SnapshotError::Range);
        }
        self.put_cut(
            tree,
            at,
            Node {
                threshold: number,
                column: u32::from(column),
            },
        );
        self.read(r, tree, 2 * at + 1, depth + 1)?;
        self.read(r, tree, 2 * at + 2, depth + 1)
    }
}

/// One tree in the making.
struct Growth<'a> {
    forest: &'a mut Forest,
    rows: &'a Matrix,
    random: &'a mut Random,
    tree: usize,
}

impl Growth<'_> {
    /// Grows node `at` from the `drawn` rows.
    fn grow(&mut self, drawn: &mut [u32], at: usize, depth: u32) {
        let cut = if drawn.len() > 1 && depth < self.forest.height {
            self.cut(drawn)
        } else {
            None
        };
        let Some(node) = cut else {
            let length = f64::from(depth) + average_path_length(drawn.len());
            self.forest.put_leaf(self.tree, at, depth, length as f32);
            return;
        };
        self.forest.put_cut(self.tree, at, node);
        let mut left = 0;
        for i in 0..drawn.len() {
            let right = self.value(drawn[i], node.column as usize) >= node.threshold;
            if !right {
                drawn.swap(left, i);
                left += 1;
            }
        }
        let (low, high) = drawn.split_at_mut(left);
        self.grow(low, 2 * at + 1, depth + 1);
        self.grow(high, 2 * at + 2, depth + 1);
    }

    fn value(&self, row: u32, column: usize) -> f32 {
        self.rows.row(row as usize)[column]
    }

    /// A random column among those that differ, and a random place within its range. `None` where
    /// all rows are alike.
    fn cut(&mut self, drawn: &[u32]) -> Option<Node> {
        let columns = self.forest.columns;
        // Columns not tried yet stand from `tried` on.
        let mut order: Vec<u32> = Vec::new();
        for tried in 0..columns {
            let column = if tried == 0 {
                self.random.below(columns) as u32
            } else {
                // Most first columns will do; the list is made only where one did not.
                if order.is_empty() {
                    order = (0..columns as u32).collect();
                }
                let pick = tried - 1 + self.random.below(columns + 1 - tried);
                order.swap(tried - 1, pick);
                order[tried - 1]
            };
            if let Some(threshold) = self.threshold(drawn, column as usize) {
                return Some(Node { threshold, column });
            }
        }
        // The first column may have come twice, so one may be left.
        let last = *order.last()?;
        let threshold = self.threshold(drawn, last as usize)?;
        Some(Node {
            threshold,
            column: last,
        })
    }

    fn threshold(&mut self, drawn: &[u32], column: usize) -> Option<f32> {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for &row in drawn {
            let value = self.value(row, column);
            low = low.min(value);
            high = high.max(value);
        }
        let range = high - low;
        if !(range > 0.0 && range.is_finite()) {
            return None;
        }
        // Above the least and at most the largest value, so that neither side is empty.
        Some((low + range * self.random.unit()).clamp(low.next_up(), high))
    }
}

#[cfg(test)]
#[path = "isolation_tests.rs"]
mod tests;
