//! Throttles: how often a rule proposes for what belongs together.

use crate::alert::AlertId;

/// How often a rule proposes for the alerts of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// For the first alert, and then not again within so many seconds.
    OnceWithin(u32),
    /// Once, so many seconds after the first alert, for the newest.
    OnceAfter(u32),
    /// For the alert by which there are `threshold` within so many seconds.
    AccumulateWithin {
        /// Within how long, in seconds.
        secs: u32,
        /// How many alerts, at least 2.
        threshold: u32,
    },
}

impl Throttle {
    /// How long it looks, in seconds.
    #[must_use]
    pub const fn secs(self) -> u32 {
        match self {
            Self::OnceWithin(secs)
            | Self::OnceAfter(secs)
            | Self::AccumulateWithin { secs, .. } => secs,
        }
    }
}

/// What a throttle remembers of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThrottleState {
    /// The rule.
    pub rule: String,
    /// The group: the values that its alerts share.
    pub group: String,
    /// When its first alert came, in ms.
    pub since_ms: i64,
    /// The alerts since then, each once, oldest first; at most [`Self::ALERTS_MAX`].
    pub alerts: Vec<AlertId>,
    /// When it proposes for the newest of them, in ms; none: only another alert makes it.
    pub due_ms: Option<i64>,
    /// When it is over, in ms, and forgotten.
    pub ends_ms: i64,
}

impl ThrottleState {
    /// The most alerts that are remembered.
    pub const ALERTS_MAX: usize = 1000;
}
