//! After how long silence ends an alert, and whether there is silence at all: while what comes in waits
//! unread, since a store or the bus is away, nothing is known of what it says.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tocsin_domain::alert::{Alert, RuleTrigger};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::alert_rules::RuleSet;

/// How often it is looked whether what comes in can be read.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long after an absence silence says nothing yet: as long as the absence, within these bounds.
/// Until then what gathered is worked off.
const GRACE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// After how long without a signal an alert ends, in ms; none: its rule says when. The alert of a
/// rule that is no longer there ends soon.
pub(super) fn quiet_ms(rules: &RuleSet, alert: &Alert) -> Option<i64> {
    match rules.get(&alert.rule) {
        None => Some(1000),
        Some(rule) => matches!(rule.rule.trigger, RuleTrigger::Log { .. })
            .then(|| i64::from(rule.rule.keep_firing_for_secs).max(1) * 1000),
    }
}

/// Asks an engine that is needed to read what comes in; true if it is there.
pub type Ask = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Whether what comes in can be read. Cloning costs some reference counts.
#[derive(Clone)]
pub struct Hearing {
    what: &'static str,
    needed: Arc<[Ask]>,
    is_deaf: Arc<AtomicBool>,
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hearing")
            .field("what", &self.what)
            .field("is_deaf", &self.is_deaf)
            .finish_non_exhaustive()
    }
}

impl Hearing {
    /// Of `lines`, say, and all that is needed to read them; they are read until [`Self::run`]
    /// finds otherwise.
    #[must_use]
    pub fn new(what: &'static str, needed: Vec<Ask>) -> Self {
        Self {
            what,
            needed: needed.into(),
            is_deaf: Arc::default(),
        }
    }

    /// Whether silence says nothing.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf.load(Ordering::Relaxed)
    }

    async fn is_there(&self) -> bool {
        for ask in self.needed.iter() {
            if !ask().await {
                return false;
            }
        }
        true
    }

    /// Looks until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        let mut absence = Absence::new(Instant::now());
        loop {
            let pause = tokio::time::sleep(LOOK_EVERY);
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
            let is_deaf = absence.is_deaf(self.is_there().await, Instant::now());
            if self.is_deaf.swap(is_deaf, Ordering::Relaxed) != is_deaf {
                let what = self.what;
                match is_deaf {
                    true => tracing::warn!(what, "what comes in is not read: silence says nothing"),
                    false => tracing::info!(what, "what comes in is read again: silence counts"),
                }
            }
        }
    }
}

/// When what is needed to read was away.
#[derive(Debug)]
struct Absence {
    /// When it was last there.
    there_at: Instant,
    /// Since when it is away; none while it is there.
    since: Option<Instant>,
    /// Until when what gathered is worked off.
    until: Instant,
}

impl Absence {
    const fn new(now: Instant) -> Self {
        Self {
            there_at: now,
            since: None,
            until: now,
        }
    }

    /// Whether silence says nothing, as it is there or is not.
    fn is_deaf(&mut self, is_there: bool, now: Instant) -> bool {
        if !is_there {
            self.since.get_or_insert(self.there_at);
            return true;
        }
        self.there_at = now;
        if let Some(since) = self.since.take() {
            self.until = now + now.duration_since(since).clamp(GRACE.0, GRACE.1);
        }
        now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_again_once_what_gathered_had_its_time() {
        let begin = Instant::now();
        let mut absence = Absence::new(begin);
        let mut at = |secs, is_there| absence.is_deaf(is_there, begin + Duration::from_secs(secs));
        assert!(!at(5, true) && !at(10, true));
        // It is away for at most 25 seconds, and for three at least.
        assert!(at(15, false) && at(32, false) && at(35, true) && at(59, true) && !at(60, true));
        // For a moment.
        assert!(at(65, false) && at(68, true) && at(77, true) && !at(78, true));
        // For an hour; and away again before that is worked off.
        assert!(at(83, false) && at(3678, false) && at(3678, true) && at(4277, true));
        assert!(at(4277, false) && at(4280, true) && at(4289, true) && !at(4290, true));
    }
}
