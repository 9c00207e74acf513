//! Chance, from a seed: the same seed gives the same past.

/// A generator of pseudo-random numbers (splitmix64). Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number in `[0, end)`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.share() * end as f64) as u64
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// How long until the next of events that come `per_sec` a second, in seconds.
    pub(crate) fn gap_secs(&mut self, per_sec: f64) -> f64 {
        -(1.0 - self.share()).ln() / per_sec.max(1e-6)
    }

    /// How many events come where `mean` are expected (Poisson; Knuth's algorithm, means below 500).
    pub(crate) fn count(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = ((-mean.min(500.0)).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }

    /// A duration around `median`, now and then several times as long (lognormal).
    pub(crate) fn around(&mut self, median: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.share()).sum::<f64>() - 6.0;
        median * (0.3 * normal).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_gaps_have_the_mean_that_was_asked_for() {
        let mut random = Random::new(7);
        let counts: u32 = (0..20_000).map(|_| random.count(3.0)).sum();
        assert!((f64::from(counts) / 20_000.0 - 3.0).abs() < 0.1, "{counts}");
        let gaps: f64 = (0..20_000).map(|_| random.gap_secs(4.0)).sum();
        assert!((gaps / 20_000.0 - 0.25).abs() < 0.02, "{gaps}");
    }
}
