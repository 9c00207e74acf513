//! What people said about a plan.

use super::plan::PlanHash;
use super::run::RunId;
use crate::alert::named;

named! {
    /// Yes or no.
    Verdict {
        /// It may be done.
        Approve = "approve",
        /// It may not.
        Reject = "reject",
    }
}

named! {
    /// Where someone said it.
    Channel {
        /// In the page.
        Page = "page",
        /// Through the API.
        Api = "api",
        /// On the command line.
        Cli = "cli",
        /// By a signed interaction of Slack.
        Slack = "slack",
    }
}

/// What someone said about a plan. It is about the plan with this hash and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The run.
    pub run: RunId,
    /// The hash of the plan that was seen.
    pub plan: PlanHash,
    /// Which stage it counts for, from 0.
    pub stage: u32,
    /// Who.
    pub actor: String,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why, in the person's words; at most [`Vote::COMMENT_MAX`] characters.
    pub comment: String,
    /// Where it was said.
    pub channel: Channel,
    /// When, in ms.
    pub at_ms: i64,
}

impl Vote {
    /// The most characters of a comment.
    pub const COMMENT_MAX: usize = 2000;
}
