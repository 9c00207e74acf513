//! Exponential histograms, brought to a bounded number of buckets with bounds of their own.
//!
//! At scale `s` the bucket `i` holds values in `(b^i, b^(i+1)]` with `b = 2^(2^-s)`; one scale less
//! joins each two neighbours (OpenTelemetry's metrics data model, "ExponentialHistogram"). Bounds
//! of one scale are always among those of a finer one, so that counts stay right.

use super::point::Histogram;

/// The finest scale that is kept: four buckets for each doubling, so a quantile is within ±9 %.
/// A finer one would make a hundred series and more of each histogram.
const SCALE_MAX: i32 = 2;
/// The most buckets that come out; more are joined two by two.
const BUCKETS_MAX: usize = 80;
/// Far below the coarsest scale that any index needs to fit; it only ends the search.
const SCALE_MIN: i32 = -50;
/// The scales that the protocol knows. Others could make buckets without number.
const SCALES: std::ops::RangeInclusive<i32> = -10..=20;
/// The most buckets that are read of a point; SDKs send at most 160.
const BUCKETS_READ_MAX: usize = 16_384;

/// Counts of adjacent buckets from `offset` on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Buckets {
    pub(super) offset: i32,
    pub(super) counts: Vec<u64>,
}

impl Buckets {
    /// Leaves out empty buckets at both ends.
    fn trim(&mut self) {
        let Some(first) = self.counts.iter().position(|count| *count > 0) else {
            self.counts.clear();
            self.offset = 0;
            return;
        };
        let last = self.counts.iter().rposition(|count| *count > 0);
        self.counts.truncate(last.unwrap_or(first) + 1);
        self.counts.drain(..first);
        self.offset = self
            .offset
            .saturating_add(i32::try_from(first).unwrap_or(i32::MAX));
    }

    /// Joins `2^by` neighbours each.
    fn downscale(&mut self, by: u32) {
        let by = by.min(31);
        if by == 0 || self.counts.is_empty() {
            return;
        }
        let first = self.offset >> by;
        let mut joined: Vec<u64> = Vec::new();
        for (index, count) in self.counts.iter().enumerate() {
            let at = (i64::from(self.offset) + index as i64) >> by;
            let slot = (at - i64::from(first)) as usize;
            if joined.len() <= slot {
                joined.resize(slot + 1, 0);
            }
            joined[slot] = joined[slot].saturating_add(*count);
        }
        self.offset = first;
        self.counts = joined;
    }

    /// How many buckets both together span.
    fn span_with(&self, other: &Self) -> i64 {
        let ends = |buckets: &Self| {
            let first = i64::from(buckets.offset);
            (first, first + buckets.counts.len() as i64)
        };
        match (self.counts.is_empty(), other.counts.is_empty()) {
            (true, _) => other.counts.len() as i64,
            (_, true) => self.counts.len() as i64,
            _ => {
                let ((a, b), (c, d)) = (ends(self), ends(other));
                b.max(d) - a.min(c)
            }
        }
    }

    /// Adds the counts of buckets of the same scale.
    fn add(&mut self, other: &Self) {
        if other.counts.is_empty() {
            return;
        }
        if self.counts.is_empty() {
            self.clone_from(other);
            return;
        }
        let first = self.offset.min(other.offset);
        let mut counts = vec![0u64; usize::try_from(self.span_with(other)).unwrap_or(0)];
        for buckets in [&*self, other] {
            let from = usize::try_from(i64::from(buckets.offset) - i64::from(first)).unwrap_or(0);
            for (slot, count) in counts.iter_mut().skip(from).zip(&buckets.counts) {
                *slot = slot.saturating_add(*count);
            }
        }
        *self = Self {
            offset: first,
            counts,
        };
    }
}

/// An exponential histogram.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Exponential {
    pub(super) count: u64,
    pub(super) sum: Option<f64>,
    pub(super) scale: i32,
    pub(super) zero_count: u64,
    pub(super) zero_threshold: f64,
    pub(super) positive: Buckets,
    pub(super) negative: Buckets,
}

impl Exponential {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let longest = self.positive.counts.len().max(self.negative.counts.len());
        if !SCALES.contains(&self.scale) {
            Some("a scale within [-10, 20]")
        } else if longest > BUCKETS_READ_MAX {
            Some("at most 16384 buckets")
        } else if self.zero_threshold.is_nan() {
            Some("a zero threshold that is a number")
        } else {
            None
        }
    }

    /// Brings it to the scale it is kept at: at most [`SCALE_MAX`] and [`BUCKETS_MAX`] buckets.
    pub(super) fn reduce(&mut self) {
        self.positive.trim();
        self.negative.trim();
        self.coarsen(self.scale.min(SCALE_MAX));
        while self.positive.counts.len() + self.negative.counts.len() > BUCKETS_MAX
            && self.scale > SCALE_MIN
        {
            self.coarsen(self.scale - 1);
        }
    }

    fn coarsen(&mut self, scale: i32) {
        let by = i64::from(self.scale) - i64::from(scale);
        let by = u32::try_from(by).unwrap_or(0);
        self.positive.downscale(by);
        self.negative.downscale(by);
        self.scale = self.scale.min(scale);
    }

    /// Adds another; both were reduced.
    pub(super) fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        let common = self.scale.min(other.scale);
        self.coarsen(common);
        other.coarsen(common);
        while self.positive.span_with(&other.positive) + self.negative.span_with(&other.negative)
            > BUCKETS_MAX as i64
            && self.scale > SCALE_MIN
        {
            self.coarsen(self.scale - 1);
            other.coarsen(other.scale - 1);
        }
        self.positive.add(&other.positive);
        self.negative.add(&other.negative);
        self.count = self.count.saturating_add(other.count);
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        self.zero_threshold = self.zero_threshold.max(other.zero_threshold);
        self.sum = self.sum.zip(other.sum).map(|(one, two)| one + two);
    }

    /// The same counts between bounds; it was reduced.
    pub(super) fn explicit(&self) -> Histogram {
        let (mut bounds, mut counts) = (Vec::new(), Vec::new());
        let index = |buckets: &Buckets, at: usize| i64::from(buckets.offset) + at as i64;
        // The bucket -i holds [-b^(i+1), -b^i), and what is below the first is in it: nothing.
        for (at, count) in self.negative.counts.iter().enumerate().rev() {
            bounds.push(-bound(index(&self.negative, at), self.scale));
            counts.push(*count);
        }
        if self.zero_count > 0 || !bounds.is_empty() {
            bounds.push(self.zero_threshold.max(0.0));
            counts.push(self.zero_count);
        }
        for (at, count) in self.positive.counts.iter().enumerate() {
            let lower = bound(index(&self.positive, at), self.scale);
            // The first bucket does not reach down to 0, so that interpolation stays within it.
            if at == 0 && bounds.last().is_none_or(|last| *last < lower) {
                bounds.push(lower);
                counts.push(0);
            }
            bounds.push(bound(index(&self.positive, at) + 1, self.scale));
            counts.push(*count);
        }
        let mut kept = Histogram {
            count: self.count,
            sum: self.sum,
            ..Histogram::default()
        };
        // Bounds beyond the range of numbers meet at 0 or infinity.
        for (bound, count) in bounds.into_iter().zip(counts) {
            match (kept.bounds.last(), kept.counts.last_mut()) {
                (Some(last), Some(held)) if bound <= *last => *held = held.saturating_add(count),
                _ if bound.is_finite() => {
                    kept.bounds.push(bound);
                    kept.counts.push(count);
                }
                _ => {}
            }
        }
        let inside: u64 = kept.counts.iter().fold(0, |sum, n| sum.saturating_add(*n));
        kept.counts.push(self.count.saturating_sub(inside));
        kept
    }
}

/// `b^index` at a scale, as it stands in the label `le`: exact for powers of two, else with seven
/// digits, which are the same on every machine.
fn bound(index: i64, scale: i32) -> f64 {
    let exponent = index as f64 * (-f64::from(scale)).exp2();
    let exact = exponent.exp2();
    if exponent.fract() == 0.0 || !exact.is_normal() {
        return exact;
    }
    format!("{exact:.6e}").parse().unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(scale: i32, offset: i32, counts: &[u64]) -> Exponential {
        let positive = Buckets {
            offset,
            counts: counts.to_vec(),
        };
        Exponential {
            count: counts.iter().sum(),
            scale,
            positive,
            sum: Some(1.0),
            ..Exponential::default()
        }
    }

    #[test]
    fn bounds_follow_from_the_scale() {
        let mut exponential = of(0, -1, &[1, 2, 0, 4]);
        exponential.zero_count = 3;
        exponential.count += 3;
        exponential.reduce();
        let explicit = exponential.explicit();
        assert_eq!(explicit.bounds, [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]);
        assert_eq!(explicit.counts, [3, 0, 1, 2, 0, 4, 0]);
        assert_eq!(bound(3, 1), 2.828_427);
    }

    #[test]
    fn negative_buckets_mirror_positive_ones() {
        let mut exponential = of(0, 0, &[5]);
        exponential.negative = Buckets {
            offset: 0,
            counts: vec![1, 2],
        };
        exponential.count += 3;
        exponential.reduce();
        let explicit = exponential.explicit();
        assert_eq!(explicit.bounds, [-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(explicit.counts, [2, 1, 0, 0, 5, 0]);
    }

    proptest! {
        #[test]
        fn no_count_gets_lost_and_buckets_are_bounded(
            one in (-10..21i32, -3000..3000i32, proptest::collection::vec(0..9u64, 0..300)),
            two in (-10..21i32, any::<i32>(), proptest::collection::vec(0..9u64, 0..300)),
        ) {
            let (mut a, mut b) = (of(one.0, one.1, &one.2), of(two.0, two.1, &two.2));
            a.reduce();
            b.reduce();
            let count = a.count + b.count;
            for part in [&a, &b] {
                let explicit = part.explicit();
                prop_assert_eq!(explicit.fault(), None);
                prop_assert!(explicit.bounds.len() <= BUCKETS_MAX + 2);
                prop_assert_eq!(explicit.counts.iter().sum::<u64>(), part.count);
            }
            a.add(&b);
            let explicit = a.explicit();
            prop_assert_eq!(explicit.fault(), None);
            prop_assert_eq!(explicit.counts.iter().sum::<u64>(), count);
        }
    }
}
