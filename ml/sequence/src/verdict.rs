//! What is said about a session, with its evidence. Holds plain values; decides nothing.

/// How strange a session is.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Strangeness in `[0, inf)`; `1` is the threshold, `0` a session whose counts and order are all known.
    pub score: f64,
    /// Probability in `(0, 1]` that a normal session is at least as strange.
    pub probability: f64,
    /// Whether it is at or above the threshold and the warm-up is over.
    pub is_anomalous: bool,
    /// Events that occur more or less often than in the nearest known session, most surprising first.
    pub differences: Vec<Difference>,
    /// Neighbours that were never seen one after the other, in the order of their ids.
    pub steps: Vec<Step>,
}

/// An event that does not occur as often as in the nearest known session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The event.
    pub template: u64,
    /// How often it occurs in this session; `0` when it is missing.
    pub seen: u32,
    /// How often it occurs in the nearest known session.
    pub usual: u32,
    /// Whether no known session has it.
    pub is_new: bool,
    /// How surprising the difference is, in nats, above `0`.
    pub surprise: f64,
}

/// Two neighbouring events that never were neighbours before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The earlier event; `None` at the start of the session.
    pub before: Option<u64>,
    /// The later event; `None` at the end of the session.
    pub after: Option<u64>,
    /// How surprising the step is, in nats, above `0`.
    pub surprise: f64,
}

impl Verdict {
    /// The verdict about a session like those known.
    pub(crate) fn normal() -> Self {
        Self {
            score: 0.0,
            probability: 1.0,
            is_anomalous: false,
            differences: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A number of what is strange, the same for sessions that are strange in the same way whatever
    /// the counts (FNV-1a).
    #[must_use]
    pub fn signature(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |word: u64| {
            for byte in word.to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        let mut kinds: Vec<(u64, bool)> = self
            .differences
            .iter()
            .map(|d| (d.template, d.seen > d.usual))
            .collect();
        kinds.sort_unstable();
        for (template, is_more) in kinds {
            add(template);
            add(u64::from(is_more));
        }
        // Steps follow from differences, in ever new ways; they are the kind only when nothing else is.
        if self.differences.is_empty() {
            for step in &self.steps {
                add(step.before.unwrap_or(0));
                add(step.after.unwrap_or(0));
            }
        }
        hash
    }
}
