//! What a detector of an entity says about a row, and how a tail probability becomes that of an
//! anomaly. Plain values; the words of a sentence are the caller's.

/// How one series took part in a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// Column of the series.
    pub column: u32,
    /// Share of the deviation of the whole row, in `(0, 1]`.
    pub share: f32,
    /// Value in the row.
    pub observed: f32,
    /// Value that the other series of the row make expected.
    pub expected: f32,
    /// Distance of both in standard deviations, negative where the value is lower than expected.
    pub deviation: f32,
}

impl Contribution {
    /// Most contributions in a verdict.
    pub const MAX: usize = 8;
}

/// A row judged.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityVerdict {
    /// Decimal digits of improbability: `−log₁₀` of the tail probability, at least 0.
    pub score: f64,
    /// Probability that a normal row scores at least so high, in `(0, 1]`.
    pub tail_probability: f64,
    /// Probability that the row is an anomaly, in `[0, 1)`.
    pub probability: f64,
    /// Score of the isolation forest, in `(0, 1]`.
    pub forest_score: f32,
    /// Distance from the usual correlations in standard deviations of a normal row.
    pub distance: f64,
    /// The series that made the row odd, largest share first, at most [`Contribution::MAX`].
    pub contributions: Vec<Contribution>,
    /// Columns that were there in nine of ten rows of training and are missing.
    pub missing: Vec<u32>,
    /// Columns that are there and that training did not know well enough.
    pub unjudged: Vec<u32>,
}

impl EntityVerdict {
    /// What is said where nothing can be judged.
    pub(crate) fn unknown(unjudged: Vec<u32>) -> Self {
        Self {
            score: 0.0,
            tail_probability: 1.0,
            probability: 0.0,
            forest_score: 0.5,
            distance: 0.0,
            contributions: Vec::new(),
            missing: Vec::new(),
            unjudged,
        }
    }
}

/// Probability of an anomaly after a tail probability `p`, with the share of anomalies before it:
/// the odds times the bound `1 / (−e p ln p)` on the evidence in `p` (Sellke, Bayarri, Berger,
/// "Calibration of p Values", 2001). Below the share for no `p`, in `[0, 1)`.
pub(crate) fn posterior(p: f64, share: f64) -> f64 {
    let evidence_against = if p < (-1.0f64).exp() {
        (-std::f64::consts::E * p * p.ln()).max(f64::MIN_POSITIVE)
    } else {
        1.0
    };
    (1.0 / (1.0 + (1.0 - share) / share * evidence_against)).min(1.0 - f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_row_keeps_the_share_and_an_impossible_one_is_nearly_certain() {
        assert!((posterior(0.8, 0.001) - 0.001).abs() < 1e-12);
        // −e · 1e-6 · ln 1e-6 = 3.755e-5, against odds of 1 to 999.
        assert!((posterior(1e-6, 0.001) - 0.9638).abs() < 1e-3);
        assert!(posterior(1e-300, 0.001) > 0.999_999);
    }
}
