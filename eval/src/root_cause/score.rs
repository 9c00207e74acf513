//! Top-k, Avg@5 and mean reciprocal rank, as `score_rca.py` counts them.

use serde::Serialize;

use super::cases::Judged;

/// Shares of cases, `[0, 1]`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Scores {
    pub(crate) cases: usize,
    pub(crate) top1: f64,
    pub(crate) top3: f64,
    pub(crate) top5: f64,
    pub(crate) avg5: f64,
    pub(crate) mrr: f64,
}

pub(super) fn score<'a>(judged: impl IntoIterator<Item = &'a Judged>) -> Scores {
    of_ranks(&judged.into_iter().map(Judged::rank).collect::<Vec<_>>())
}

fn of_ranks(ranks: &[Option<usize>]) -> Scores {
    let all = ranks.len().max(1) as f64;
    let within = |k: usize| ranks.iter().flatten().filter(|rank| **rank <= k).count() as f64 / all;
    Scores {
        cases: ranks.len(),
        top1: within(1),
        top3: within(3),
        top5: within(5),
        avg5: (1..=5).map(within).sum::<f64>() / 5.0,
        mrr: ranks
            .iter()
            .flatten()
            .map(|rank| 1.0 / *rank as f64)
            .sum::<f64>()
            / all,
    }
}

#[cfg(test)]
mod tests {
    use tocsin_rank::{Candidate, Ranking, Verdict};

    use super::*;

    fn judged(scores: &[(&str, f64)]) -> Judged {
        let candidates = scores.iter().map(|(entity, score)| Candidate {
            entity: (*entity).to_owned(),
            score: *score,
            confidence: 0.0,
            factors: Vec::new(),
        });
        Judged {
            name: String::new(),
            part: String::new(),
            truth: "a".to_owned(),
            signals: Vec::new(),
            ranking: Ranking {
                candidates: candidates.collect(),
                verdict: Verdict::Found,
                ruled_out: Vec::new(),
            },
            seconds: 0.0,
        }
    }

    #[test]
    fn ties_count_against_us_and_a_missing_cause_is_no_hit() {
        let first = judged(&[("a", 2.0), ("b", 1.0)]);
        let tied = judged(&[("a", 2.0), ("b", 2.0), ("c", 2.0)]);
        let missing = judged(&[("b", 2.0)]);
        assert_eq!(
            (first.rank(), tied.rank(), missing.rank()),
            (Some(1), Some(3), None)
        );
        let scores = score([&first, &tied, &missing]);
        assert!((scores.top1 - 1.0 / 3.0).abs() < 1e-9);
        assert!((scores.top3 - 2.0 / 3.0).abs() < 1e-9);
        assert!((scores.mrr - 4.0 / 9.0).abs() < 1e-9);
    }
}
