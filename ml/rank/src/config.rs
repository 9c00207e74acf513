//! What a ranking weighs, and why.

use crate::{Alarm, Direction, Signal, SignalKind};

/// The constants of [`crate::rank`]. The default is one configuration for all systems.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Weight of the strongest own departure: the ground of every suspicion.
    pub strength: f64,
    /// Weight of the share of all departures that lie upstream of the candidate.
    pub topology: f64,
    /// Weight against a candidate whose callee departs as much.
    pub explained: f64,
    /// Weight of departing first.
    pub time_order: f64,
    /// Weight of signals that cannot be passed on by a callee (own time, own resources, own sequence).
    pub specificity: f64,
    /// Weight of a change shortly before.
    pub change: f64,
    /// Weight of being the confirmed cause of similar incidents.
    pub history: f64,
    /// What a signal of another kind than the alarm's counts, `[0, 1]`: slowness seldom passes over into failures
    /// and traffic into slowness.
    pub other_kind: f64,
    /// What a signal counts, `[0, 1]`, that only says that something differs (lines, traffic) or that may be passed
    /// on whole by a callee (latency), when the alarm is of no kind.
    pub indirect: f64,
    /// Strength from which on a departure may be called a cause: 6 is one in four hundred, which over dozens of
    /// entities is met by chance once in several alarms, so it is asked of the alarm's own kind.
    pub found_strength: f64,
    /// Time in milliseconds after which a change is half as suspicious.
    pub change_half_life_ms: f64,
    /// Difference in score that makes a candidate `e` times as likely.
    pub temperature: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            strength: 1.0,
            topology: 0.5,
            explained: 1.0,
            time_order: 0.1,
            specificity: 0.2,
            change: 0.5,
            history: 0.25,
            other_kind: 0.1,
            indirect: 0.3,
            found_strength: 6.0,
            change_half_life_ms: 15.0 * 60_000.0,
            temperature: 0.15,
        }
    }
}

impl Config {
    /// What a signal counts for its entity as the cause of this alarm. Beyond twice what is enough to be found, a
    /// signal of the wrong kind does not become the right one by its size.
    pub(crate) fn counts(&self, signal: &Signal, alarm: &Alarm) -> f64 {
        let share = match (alarm.kind, signal.kind) {
            (Some(asked), found) if asked == found || alike(asked, found) => 1.0,
            (Some(_), _) => self.other_kind,
            (None, kind) => unasked(kind, self.indirect),
        };
        let strength = if share < 1.0 {
            signal.strength.min(2.0 * self.found_strength)
        } else {
            signal.strength
        };
        share * worse(signal) * strength
    }
}

/// Without a kind to explain, all that fails or is slow counts; what only differs counts less.
fn unasked(kind: SignalKind, indirect: f64) -> f64 {
    match kind {
        SignalKind::Errors
        | SignalKind::Availability
        | SignalKind::OwnLatency
        | SignalKind::BrokenSequence
        | SignalKind::Resource => 1.0,
        SignalKind::Latency
        | SignalKind::Traffic
        | SignalKind::NewTemplate
        | SignalKind::Burst
        | SignalKind::Missing
        | SignalKind::Other => indirect,
    }
}

fn alike(asked: SignalKind, found: SignalKind) -> bool {
    let slow = |kind| matches!(kind, SignalKind::Latency | SignalKind::OwnLatency);
    let fails = |kind| {
        matches!(
            kind,
            SignalKind::Errors | SignalKind::Availability | SignalKind::BrokenSequence
        )
    };
    slow(asked) && slow(found) || fails(asked) && fails(found)
}

/// Whether the movement is for the worse: faster answers and fewer errors cause no alarm.
fn worse(signal: &Signal) -> f64 {
    let better = match signal.kind {
        SignalKind::Latency
        | SignalKind::OwnLatency
        | SignalKind::Errors
        | SignalKind::Resource => {
            matches!(signal.direction, Direction::Down | Direction::Vanished)
        }
        SignalKind::Availability => signal.direction == Direction::Up,
        _ => false,
    };
    if better { 0.0 } else { 1.0 }
}
