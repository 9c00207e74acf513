//! A run: one execution of a plan, from the proposal to the end, as a persisted state machine.

use super::plan::PlanHash;
use crate::alert::{AlertId, AlertSeverity, named, uuid_identity};

uuid_identity! {
    /// The identity of a run, and the id by which providers know it. It follows from the rule, the
    /// targets and the episode, so that what is proposed twice is one run.
    RunId
}

/// One time that an alert fired. When it comes back after it had ended, that is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Episode {
    /// The alert.
    pub alert: AlertId,
    /// Since when it fires, in ms.
    pub since_ms: i64,
}

impl Episode {
    /// The present, or last, episode of an alert.
    #[must_use]
    pub fn of(alert: &crate::alert::Alert) -> Self {
        Self {
            alert: alert.id,
            since_ms: alert.returns_ms.last().copied().unwrap_or(alert.starts_ms),
        }
    }
}

impl RunId {
    /// The id of a run. `attempt` is 0 for what the server proposes, and counts what people propose
    /// again.
    #[must_use]
    pub fn of(rule: &str, targets: &[String], episode: Episode, attempt: u32) -> Self {
        let mut name = Vec::with_capacity(128);
        name.extend_from_slice(&episode.alert.0.to_le_bytes());
        name.extend_from_slice(&attempt.to_le_bytes());
        let texts = std::iter::once(rule).chain(targets.iter().map(String::as_str));
        for text in texts {
            name.extend_from_slice(text.as_bytes());
            // A byte that is in no UTF-8 text ends each part.
            name.push(0xff);
        }
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&xxhash_rust::xxh3::xxh3_128(&name).to_le_bytes()[..10]);
        Self::new(episode.since_ms, bytes)
    }
}

named! {
    /// How far a run is.
    RunState {
        /// A rule matched; its plan is being made.
        Proposed = "proposed",
        /// The plan is there; people are to agree.
        AwaitingApproval = "awaiting_approval",
        /// It may be done, and is as soon as nothing holds it back.
        Approved = "approved",
        /// The provider was told.
        Executing = "executing",
        /// It is done; whether it helped is being looked at.
        Verifying = "verifying",
        /// It did not help, and is being undone.
        RollingBack = "rolling_back",
        /// It is done and, where that can be seen, it helped.
        Succeeded = "succeeded",
        /// It is not done, or did not help.
        Failed = "failed",
        /// It did not help and was undone.
        RolledBack = "rolled_back",
        /// People said no.
        Rejected = "rejected",
        /// Nobody said yes in time.
        Expired = "expired",
        /// It was called off.
        Cancelled = "cancelled",
    }
}

impl RunState {
    /// Whether nothing more happens by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded
                | Self::Failed
                | Self::RolledBack
                | Self::Rejected
                | Self::Expired
                | Self::Cancelled
        )
    }

    /// Whether no other run may do anything to its targets.
    #[must_use]
    pub const fn holds_targets(self) -> bool {
        matches!(self, Self::Executing | Self::Verifying | Self::RollingBack)
    }
}

named! {
    /// What a provider is told to do.
    CallKind {
        /// What was planned.
        Execute = "execute",
        /// To undo it.
        Rollback = "rollback",
    }
}

/// What a provider was, or may have been, told to do. It is written down before the provider is
/// told; from then on the provider is asked before it is told again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What.
    pub kind: CallKind,
    /// How the provider calls it; none: it did not answer yet.
    pub handle: Option<String>,
    /// How often it was told, at least 1.
    pub attempts: u32,
    /// How often in a row nothing could be learnt of it.
    pub silent: u32,
    /// When it was told first, in ms.
    pub began_ms: i64,
    /// When it was last told, in ms; 0: that surely did not arrive.
    pub told_ms: i64,
    /// When it is to be over, in ms.
    pub deadline_ms: i64,
    /// Why it is being called off; none: it is not.
    pub cancel: Option<String>,
    /// Whether a person, or the kill switch, called it off: nothing is undone by itself then.
    pub is_called_off: bool,
}

named! {
    /// What is to be done next about a run.
    Next {
        /// Its plan is to be made.
        Plan = "plan",
        /// It expires.
        Expire = "expire",
        /// It is to begin.
        Start = "start",
        /// The provider is to be asked.
        Ask = "ask",
        /// Whether it helped is to be looked at.
        Verify = "verify",
    }
}

named! {
    /// Whether an action helped.
    Verification {
        /// What was expected came.
        Held = "held",
        /// It did not come in time.
        Failed = "failed",
    }
}

/// What people, their alert or the provider are still to be told of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owed {
    /// The alert is to be told that something waits for approval.
    Awaits,
    /// What was done, or undone, is to be known as a change of its targets.
    Change(CallKind),
    /// The alert is to be resolved.
    Resolve,
    /// The provider is to let go of what it prepared, since it is not carried out.
    Discard,
    /// The alert is to be told what went wrong, and to become as severe as this.
    Escalate {
        /// What went wrong.
        why: String,
        /// How severe; none: as it is.
        to: Option<AlertSeverity>,
    },
}

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Who it is.
    pub id: RunId,
    /// The rule that proposed it.
    pub rule: String,
    /// The version of the rule.
    pub rule_version: u32,
    /// About what.
    pub episode: Episode,
    /// The alert's title.
    pub title: String,
    /// What belongs together for cooldown and throttle.
    pub group: String,
    /// What it is done to.
    pub targets: Vec<String>,
    /// The name of the provider.
    pub provider: String,
    /// Who proposed it: a user, or `system`.
    pub proposer: String,
    /// Whether it only plans.
    pub is_dry_run: bool,
    /// How far it is.
    pub state: RunState,
    /// Why it is there, as a sentence.
    pub reason: String,
    /// The number of its newest event; 0 before the first.
    pub seq: u64,
    /// The hash of its plan.
    pub plan: Option<PlanHash>,
    /// What is to be done next, and when, in ms.
    pub next: Option<(Next, i64)>,
    /// What the provider was told.
    pub call: Option<Call>,
    /// How often making the plan, beginning, or letting go of what was prepared was tried in vain.
    pub tries: u32,
    /// When the provider was first told to execute, in ms.
    pub executed_ms: Option<i64>,
    /// When the action was over, in ms.
    pub acted_ms: Option<i64>,
    /// Whether it helped; none: that was not seen.
    pub verification: Option<Verification>,
    /// What is still to be told, in order.
    pub owed: Vec<Owed>,
    /// When it is told, in ms.
    pub owed_due_ms: i64,
    /// When it was proposed, in ms.
    pub created_ms: i64,
    /// When it last changed, in ms.
    pub updated_ms: i64,
    /// When it ended, in ms.
    pub finished_ms: Option<i64>,
}

impl Run {
    /// When something is to be done about it next, in ms; none: never.
    #[must_use]
    pub fn due_ms(&self) -> Option<i64> {
        let owed = (!self.owed.is_empty()).then_some(self.owed_due_ms);
        let next = self.next.map(|(_, due_ms)| due_ms);
        owed.into_iter().chain(next).min()
    }

    /// Whether it is the same rule, target and episode as another.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.rule == other.rule && self.targets == other.targets && self.episode == other.episode
    }
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvent {
    /// The run.
    pub run: RunId,
    /// Its number within the run, from 1.
    pub seq: u64,
    /// When, in ms.
    pub at_ms: i64,
    /// Who: a user, or `system`.
    pub actor: String,
    /// The state before; none: it began.
    pub from: Option<RunState>,
    /// The state after.
    pub to: RunState,
    /// What happened, such as `planned` or `told`.
    pub what: String,
    /// More on it, as a sentence.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_proposed_twice_is_one_run() {
        let episode = Episode {
            alert: AlertId(7),
            since_ms: 1000,
        };
        let id = |rule: &str, targets: &[&str], attempt| {
            let targets: Vec<String> = targets.iter().map(|&one| one.into()).collect();
            RunId::of(rule, &targets, episode, attempt)
        };
        assert_eq!(id("a", &["x", "y"], 0), id("a", &["x", "y"], 0));
        let others = [
            id("a", &["xy"], 0),
            id("ax", &["y"], 0),
            id("a", &["x", "y"], 1),
        ];
        for other in others {
            assert_ne!(id("a", &["x", "y"], 0), other);
        }
        let later = Episode {
            since_ms: 2000,
            ..episode
        };
        assert!(id("a", &["x"], 0) < RunId::of("a", &["x".into()], later, 0));
    }
}
