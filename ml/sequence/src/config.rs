//! The bounds and levels of the detector, with the reason for each default. Holds no state.

/// How strict the detector is, and how much it may remember.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Probability in `(0, 1)` that a normal session is called anomalous for its counts. One in a
    /// thousand: rarer than that cannot be told from some hundreds or thousands of sessions.
    pub counts_probability: f64,
    /// The same for its order. Much smaller, because concurrent writers interleave at will, so that
    /// order alone must be far off before it says anything.
    pub order_probability: f64,
    /// Sessions before anything is called anomalous, and which are learned whatever they are. With
    /// fewer than thirty a probability of one in a thousand has no ground.
    pub warmup_sessions: u64,
    /// Distinct count vectors kept; above it the least seen one is dropped.
    pub max_vectors: usize,
    /// Distinct pairs of neighbouring events kept; when there are more, order is no longer judged,
    /// because most pairs of such a log are new.
    pub max_pairs: usize,
    /// Sessions open at a time; above it the one that idles longest is closed.
    pub max_open: usize,
    /// Events of one session; a longer one is judged in pieces of this length.
    pub max_events: usize,
    /// Milliseconds without an event after which a session is over.
    pub idle_ms: i64,
    /// An anomaly of one kind becomes normal when it was seen this often …
    pub adopt_count: u32,
    /// … and in at least this share `(0, 1]` of all sessions since it was first seen. Without it, the first
    /// new version of a program would be an anomaly for ever.
    pub adopt_share: f64,
    /// Sessions after which a vector of the warm-up that was seen once and never again is forgotten, so that
    /// a fault in the first minutes does not count as normal for ever.
    pub forget_after: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            counts_probability: 1e-3,
            order_probability: 1e-5,
            warmup_sessions: 30,
            max_vectors: 512,
            max_pairs: 16_384,
            max_open: 10_000,
            max_events: 512,
            idle_ms: 300_000,
            adopt_count: 20,
            adopt_share: 0.05,
            forget_after: 2_000,
        }
    }
}
