//! Automation: what is done about an alert, by whose leave, and what came of it.
//!
//! An [`AutomationRule`] that matches an alert proposes a [`Run`]. Its [`Plan`] says exactly what
//! will happen and never changes; people say yes or no to the hash of it by a [`Vote`]. A run is a
//! state machine whose every step is a [`RunEvent`]. How much may happen at all is a
//! [`SafetyBudget`]; a [`KillSwitch`] stops everything at once.

mod budget;
mod canonical;
mod notice;
mod param;
mod plan;
mod provider;
mod rule;
mod run;
mod throttle;
mod vote;

pub use budget::{Freeze, KillSwitch, RateLimit, SafetyBudget, Switches};
pub use notice::{Press, RunNotice};
pub use param::{Param, Params};
pub use plan::{ChangeCounts, Plan, PlanHash, PlannedAction, Preview, PreviewKind};
pub use provider::{ProviderHealth, ProviderKind};
pub use rule::{
    ActionTemplate, ApprovalNeed, ApprovalPolicy, ApprovalStage, AutomationMatch, AutomationRule,
    AutomationRuleError, FailurePolicy, Risk, RiskLevel, VerifyMetric, VerifyRule,
};
pub use run::{Call, CallKind, Episode, Next, Owed, Run, RunEvent, RunId, RunState, Verification};
pub use throttle::{Throttle, ThrottleState};
pub use vote::{Channel, Verdict, Vote};
