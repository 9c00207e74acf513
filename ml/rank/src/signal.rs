//! What was observed about one entity around the alarm, in one form for all raw material.

/// What kind of material a signal speaks of. The ranker weighs kinds; it never reads names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalKind {
    /// Time an entity takes to answer, its callees included.
    Latency,
    /// Time an entity spends itself: span minus children.
    OwnLatency,
    /// Share or count of failures.
    Errors,
    /// Share of requests answered (falls when something is wrong), or a series that stopped.
    Availability,
    /// Requests or bytes per time.
    Traffic,
    /// Use of a resource of the entity: processor, memory, disk, descriptors.
    Resource,
    /// A template of log lines that the baseline does not have.
    NewTemplate,
    /// A template that comes far more often than in the baseline.
    Burst,
    /// A template or a child span that the baseline has and that is missing now.
    Missing,
    /// A span under another parent, or with children, that the baseline does not know.
    BrokenSequence,
    /// Anything else that was measured.
    Other,
}

/// Which way the observed thing moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// More than the baseline.
    Up,
    /// Less than the baseline.
    Down,
    /// Not there in the baseline.
    Appeared,
    /// There in the baseline only.
    Vanished,
}

/// One departure of one entity from its own baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The entity that departs; the name is opaque and only compared.
    pub entity: String,
    /// The material.
    pub kind: SignalKind,
    /// When the departure began, in milliseconds since 1970, UTC.
    pub onset_ms: i64,
    /// How far out it is: finite, at least 0, `-ln` of the probability that the baseline alone shows this
    /// (0 = nothing, 7 ≈ one in a thousand), beyond the known tail continued by the size of the departure.
    pub strength: f64,
    /// Which way.
    pub direction: Direction,
    /// The series, template or operation, to be shown to people.
    pub what: String,
}
