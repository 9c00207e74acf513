//! How probable is a score among normal sessions?
//!
//! The scores of sessions that were left out of their own training come in; the tail of the score
//! goes out, also beyond the highest one seen. Novelty is taken to arrive as a compound Poisson
//! process: a session holds none, one or several independent surprises, each of a size as those
//! seen. For thousands of sessions this is the empirical tail; for fifty it says how rare two or
//! three surprises at once are, which is what a threshold of one in a thousand needs. Knows
//! nothing of events.

/// Bins of the largest single surprise.
const BINS: f64 = 256.0;
/// Finest step, in nats.
const MIN_STEP: f64 = 0.05;
/// Length of the table: sixteen surprises of the largest size.
const MAX_TABLE: usize = 16 * 256;
/// The table ends where the tail is below this, near the resolution of the sum.
const MIN_TAIL: f64 = 1e-12;

/// The tail of a score among normal sessions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calibration {
    /// Surprises a session, the rate of the Poisson process, in `[0, 7]`.
    pub(crate) rate: f64,
    /// Width of a bin, in nats.
    pub(crate) step: f64,
    /// Sizes of a surprise: `(bin, probability)`, ascending, at most 257.
    pub(crate) sizes: Vec<(u32, f64)>,
    /// `tail[k]` is the probability of a score in bin `k` or above.
    tail: Vec<f64>,
}

impl Calibration {
    /// From the scores above `0` of `sizes`, of which there would be `novel` among `sessions`, and
    /// from one imagined session more, with the score `unseen` (the conformal `+ 1`).
    pub(crate) fn new(sizes: &[f64], novel: f64, sessions: u64, unseen: f64) -> Self {
        let largest = sizes.iter().copied().fold(unseen, f64::max);
        let step = (largest / BINS).max(MIN_STEP);
        let share = ((novel + 1.0) / (sessions as f64 + 1.0)).min(0.999);
        let mut bins = std::collections::BTreeMap::<u32, f64>::new();
        // Sessions that were dropped from the record are taken to have been like those kept.
        let each = if sizes.is_empty() {
            0.0
        } else {
            novel / sizes.len() as f64 / (novel + 1.0)
        };
        for size in sizes {
            *bins.entry(bin(*size, step)).or_default() += each;
        }
        *bins.entry(bin(unseen, step)).or_default() += 1.0 - each * sizes.len() as f64;
        Self::from_parts(-(1.0 - share).ln(), step, bins.into_iter().collect())
    }

    /// With the tail computed by Panjer's recursion for the compound Poisson distribution (Panjer
    /// 1981, "Recursive evaluation of a family of compound distributions").
    pub(crate) fn from_parts(rate: f64, step: f64, sizes: Vec<(u32, f64)>) -> Self {
        let mut mass = vec![(-rate).exp()];
        let mut tail = vec![1.0];
        while tail.len() < MAX_TABLE {
            let k = mass.len();
            let last = tail.last().copied().unwrap_or(0.0) - mass.last().copied().unwrap_or(0.0);
            tail.push(last.max(0.0));
            if last < MIN_TAIL {
                break;
            }
            let reached = sizes.iter().take_while(|(bin, _)| *bin as usize <= k);
            let sum: f64 = reached
                .filter_map(|(bin, p)| {
                    let earlier = mass.get(k - *bin as usize)?;
                    Some(f64::from(*bin) * p * earlier)
                })
                .sum();
            mass.push(rate / k as f64 * sum);
        }
        Self {
            rate,
            step,
            sizes,
            tail,
        }
    }

    /// Probability in `(0, 1]` of a score of at least `score`.
    pub(crate) fn probability(&self, score: f64) -> f64 {
        if score <= 0.0 {
            return 1.0;
        }
        let at = (bin(score, self.step) as usize).min(self.tail.len() - 1);
        self.tail.get(at).map_or(MIN_TAIL, |p| p.max(MIN_TAIL))
    }

    /// The least score whose probability is at most `probability`.
    pub(crate) fn threshold(&self, probability: f64) -> f64 {
        let at = self.tail.partition_point(|p| *p > probability).max(1);
        (at as f64 - 0.5) * self.step
    }
}

/// A surprise is in bin 1 at least: bin 0 is no surprise.
fn bin(size: f64, step: f64) -> u32 {
    ((size / step).round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_sessions_the_tail_is_the_share_seen() {
        let sizes: Vec<f64> = (1..=20).map(f64::from).collect();
        let tail = Calibration::new(&sizes, 20.0, 9_999, 5.0);
        assert!((tail.probability(15.0) - 6e-4).abs() < 2e-5);
        let threshold = tail.threshold(1e-3);
        assert!((10.5..=11.5).contains(&threshold), "{threshold}");
    }

    #[test]
    fn of_few_sessions_it_takes_several_surprises() {
        let tail = Calibration::new(&[3.0, 3.0, 3.0, 3.0], 4.0, 50, 3.0);
        assert!(tail.probability(3.0) > 0.09);
        let threshold = tail.threshold(1e-3);
        assert!(threshold > 6.0 && threshold < 9.0, "{threshold}");
    }

    #[test]
    fn where_nothing_ever_was_new_one_surprise_in_thousands_of_sessions_is_enough() {
        let tail = Calibration::new(&[], 0.0, 5_000, 2.0);
        assert!(tail.threshold(1e-3) < 2.0);
        let few = Calibration::new(&[], 0.0, 50, 2.0);
        assert!(few.threshold(1e-3) > 2.0 && few.threshold(1e-3) < 4.0);
    }

    proptest::proptest! {
        #[test]
        fn the_tail_falls_and_stays_a_probability(
            sizes in proptest::collection::vec(0.01f64..300.0, 0..40),
            more in 0u64..10_000,
        ) {
            let n = sizes.len() as u64 + more;
            let tail = Calibration::new(&sizes, sizes.len() as f64, n, 3.0);
            let mut last = 1.0;
            for k in 0..500 {
                let p = tail.probability(f64::from(k));
                proptest::prop_assert!(p > 0.0 && p <= last);
                last = p;
            }
            let again = Calibration::from_parts(tail.rate, tail.step, tail.sizes.clone());
            proptest::prop_assert_eq!(again, tail);
        }
    }
}
