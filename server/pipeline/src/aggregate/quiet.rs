//! After how long silence ends an alert, and whether there is silence at all: while what comes in waits
//! unread, as when a store is away, nothing is known of what it says.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tocsin_domain::alert::{Alert, RuleTrigger};
use tocsin_domain::ports::Bus;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::alert_rules::RuleSet;

/// How often it is looked whether what comes in is read.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// For how long more and more may wait; stores write every few seconds, and only then it is less.
const PATIENCE: Duration = Duration::from_secs(30);
/// What waited too long is read but for a tenth, or so few events beyond what waits at all times.
const RESIDUE: u64 = 16;

/// After how long without a signal an alert ends, in ms; none: its rule says when. The alert of a
/// rule that is no longer there ends soon.
pub(super) fn quiet_ms(rules: &RuleSet, alert: &Alert) -> Option<i64> {
    match rules.get(&alert.rule) {
        None => Some(1000),
        Some(rule) => matches!(rule.rule.trigger, RuleTrigger::Log { .. })
            .then(|| i64::from(rule.rule.keep_firing_for_secs).max(1) * 1000),
    }
}

/// Whether what comes in is read. Cloning costs one reference count.
#[derive(Clone)]
pub struct Hearing {
    bus: Arc<dyn Bus>,
    /// What comes on it, for people.
    what: &'static str,
    is_deaf: Arc<AtomicBool>,
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hearing")
            .field("is_deaf", &self.is_deaf)
            .finish_non_exhaustive()
    }
}

impl Hearing {
    /// Of what comes on this bus, such as `lines`; all is read until [`Self::run`] finds otherwise.
    pub fn new(bus: Arc<dyn Bus>, what: &'static str) -> Self {
        Self {
            bus,
            what,
            is_deaf: Arc::default(),
        }
    }

    /// Whether silence says nothing.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf.load(Ordering::Relaxed)
    }

    /// Looks until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        let mut backlog = Backlog::new(Instant::now());
        loop {
            let pause = tokio::time::sleep(LOOK_EVERY);
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
            let is_away = self.bus.check().await.is_err();
            let is_stuck = backlog.is_stuck(self.bus.usage().events, Instant::now());
            let is_deaf = is_away || is_stuck;
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

/// What waits on the bus.
#[derive(Debug)]
struct Backlog {
    events: u64,
    /// When it was last less than before, or nothing.
    went_down: Instant,
    /// How much waited before it was last less.
    usual: u64,
    /// The most that waited since it is stuck; none while it is not.
    peak: Option<u64>,
}

impl Backlog {
    const fn new(now: Instant) -> Self {
        Self {
            events: 0,
            went_down: now,
            usual: 0,
            peak: None,
        }
    }

    /// Whether so many events wait, and for a while ever more did; once they did, until what
    /// gathered meanwhile is read: it is older than the silence that is looked for.
    fn is_stuck(&mut self, events: u64, now: Instant) -> bool {
        if events == 0 || events < self.events {
            self.went_down = now;
            if self.peak.is_none() {
                self.usual = self.events;
            }
        }
        self.events = events;
        let peak = self.peak.map(|peak| peak.max(events));
        self.peak = match peak {
            Some(peak) if events == peak || events > self.worked_off(peak) => Some(peak),
            None if now.duration_since(self.went_down) >= PATIENCE => Some(events),
            _ => None,
        };
        self.peak.is_some()
    }

    /// How much may wait after so much did.
    fn worked_off(&self, peak: u64) -> u64 {
        self.usual + (peak.saturating_sub(self.usual) / 10).max(RESIDUE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_longer_and_longer_is_stuck() {
        let begin = Instant::now();
        let mut backlog = Backlog::new(begin);
        let mut at = |secs, events| backlog.is_stuck(events, begin + Duration::from_secs(secs));
        // Nothing, then the ups and downs of stores that write now and then.
        assert!(!at(100, 0));
        assert!(!at(105, 7) && !at(110, 9) && !at(130, 5) && !at(155, 8));
        // Nothing is read any more, whether something comes or not.
        assert!(!at(159, 9) && at(160, 9) && at(165, 12) && at(1000, 12));
        // It is read again.
        assert!(!at(1005, 11) && !at(1010, 10) && !at(1015, 0));
    }

    #[test]
    fn what_gathered_is_worked_off_before_silence_counts() {
        let begin = Instant::now();
        let mut backlog = Backlog::new(begin);
        let mut at = |secs, events| backlog.is_stuck(events, begin + Duration::from_secs(secs));
        assert!(!at(5, 40) && !at(10, 30) && !at(35, 3000) && at(40, 3600));
        assert!(at(45, 4000) && at(50, 3000) && at(55, 3100) && at(60, 500));
        assert!(!at(65, 400) && !at(70, 35) && !at(75, 45));
        // Nothing more comes, and that which waits is not read.
        assert!(!at(95, 45) && at(100, 45) && at(110, 45) && !at(115, 44));
    }
}
