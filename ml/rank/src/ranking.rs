//! What a ranking says.

/// Why a candidate has its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactorKind {
    /// How far out its signals are.
    Strength,
    /// How early it departed, against the other candidates.
    TimeOrder,
    /// How much of what departs is its own (own time, own lines, own resources) and not shared with all.
    Specificity,
    /// How near it is to the alarm and how many departures it explains upstream.
    Topology,
    /// How much of its departure is explained by a callee that departs itself; lowers the score.
    ExplainedByCallee,
    /// A change to it shortly before its departure.
    ChangeProximity,
    /// How often it was confirmed as the cause of similar incidents.
    History,
}

/// One reason, with the signals that show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Which reason.
    pub kind: FactorKind,
    /// How much the reason counts: the score is the sum of `weight * value`.
    pub weight: f64,
    /// How much of it there is: `[0, 1]`, or `[-1, 0]` for what speaks against.
    pub value: f64,
    /// Indices into the signals that were given.
    pub because: Vec<usize>,
}

/// One entity that may be the cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The entity.
    pub entity: String,
    /// The sum of the factors; only its order means something.
    pub score: f64,
    /// Probability that this is the cause, `[0, 1]`; those of all candidates sum to at most 1.
    pub confidence: f64,
    /// The reasons, the greatest first.
    pub factors: Vec<Factor>,
}

/// An entity that departs and is not taken for the cause.
#[derive(Debug, Clone, PartialEq)]
pub struct RuledOut {
    /// The entity.
    pub entity: String,
    /// Why.
    pub why: WhyRuledOut,
    /// Indices into the signals that were given.
    pub because: Vec<usize>,
}

/// Why an entity is not the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyRuledOut {
    /// What it shows comes from a callee of its own, which is named.
    Victim(String),
    /// What it shows happens as often without an alarm.
    Normal,
}

/// Why nothing is named as the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No signal at all.
    NoSignals,
    /// Signals, but none that the baseline would not show by itself.
    WithinNormal,
    /// The alarm is real, but two or more candidates are as likely.
    Tied,
}

/// Whether the first candidate may be called the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The first candidate is the likely cause.
    Found,
    /// Nothing is named; the candidates are given for what they are.
    Inconclusive(Reason),
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The likeliest first; equal scores by name.
    pub candidates: Vec<Candidate>,
    /// Whether the first may be called the cause.
    pub verdict: Verdict,
    /// Entities that depart and are not the cause, with the reason.
    pub ruled_out: Vec<RuledOut>,
}
