//! One case with its truth and what was ranked.

use tocsin_rank::{Ranking, Signal};

/// A fault whose cause is known, after ranking.
pub(super) struct Judged {
    pub(super) name: String,
    /// The part of the data it belongs to; empty where there are none.
    pub(super) part: String,
    pub(super) truth: String,
    pub(super) signals: Vec<Signal>,
    pub(super) ranking: Ranking,
    pub(super) seconds: f64,
}

impl Judged {
    /// The truth's rank from 1, equal scores counted against it; none when it is not ranked.
    pub(super) fn rank(&self) -> Option<usize> {
        let candidates = &self.ranking.candidates;
        let own = candidates.iter().find(|c| c.entity == self.truth)?.score;
        Some(candidates.iter().filter(|c| c.score >= own).count())
    }
}
