//! Runs of automation, and what people say about them.

use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{
    Channel, Next, PlanHash, Run, RunId, RunState, Verdict, Verification, Vote,
};
use tocsin_domain::ports::{Ballot, RunFilter};
use utoipa::{IntoParams, ToSchema};

use super::alert_filter::{names, uuid};
use super::series::at;
use super::time;
use crate::errors::ApiError;
use crate::identity::Actor;

/// The most characters of a reason.
const REASON_CHARS_MAX: usize = 2000;
/// The states, as a client is told that it should have named one.
const STATES: &str = "proposed, awaiting_approval, approved, executing, verifying, rolling_back, \
    succeeded, failed, rolled_back, rejected, expired or cancelled";

/// Which runs. Lists are separated by commas.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunParams {
    /// Only these: proposed, awaiting_approval, approved, executing, verifying, rolling_back,
    /// succeeded, failed, rolled_back, rejected, expired, cancelled.
    pub(crate) state: Option<String>,
    /// Only those of this rule.
    pub(crate) rule: Option<String>,
    /// Only those about the alert of this id.
    pub(crate) alert: Option<String>,
    /// Only those of this provider.
    pub(crate) provider: Option<String>,
    /// Those that were proposed at this time or later. Default: no bound.
    pub(crate) from: Option<String>,
    /// Those that were proposed before this time. Default: no bound.
    pub(crate) to: Option<String>,
    /// How many items, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl RunParams {
    pub(crate) fn read(&self, now: Timestamp) -> Result<RunFilter, ApiError> {
        let own = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let instant = |field: &str, text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::parse(field, text, now).map(|at| Some(at.millis())),
        };
        let alert = own(&self.alert).map(|id| uuid("alert", &id)).transpose()?;
        let (from_ms, to_ms) = (instant("from", &self.from)?, instant("to", &self.to)?);
        if from_ms.zip(to_ms).is_some_and(|(from, to)| from > to) {
            let detail = "`to` is before `from`";
            return Err(ApiError::field("to", "a time not before `from`", detail));
        }
        Ok(RunFilter {
            states: names("state", &self.state, STATES, RunState::from_name)?,
            rule: own(&self.rule),
            alert: alert.map(AlertId),
            provider: own(&self.provider),
            group: None,
            from_ms,
            to_ms,
        })
    }
}

/// One page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunAnswer {
    /// The runs, newest first.
    pub(crate) items: Vec<RunItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// One execution of an action, from the proposal to the end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// The id of the rule that proposed it.
    pub(crate) rule: String,
    /// The version of the rule.
    pub(crate) rule_version: u32,
    /// The id of the alert it is about.
    pub(crate) alert: String,
    /// The title of the alert.
    pub(crate) alert_title: String,
    /// Since when the alert fires, or fired then.
    #[schema(format = DateTime)]
    pub(crate) episode_since: String,
    /// What it is done to.
    pub(crate) targets: Vec<String>,
    /// Where it is carried out.
    pub(crate) provider: String,
    /// proposed, awaiting_approval, approved, executing, verifying, rolling_back, succeeded, failed,
    /// rolled_back, rejected, expired or cancelled.
    pub(crate) state: &'static str,
    /// Why it is there.
    pub(crate) state_because: Option<String>,
    /// Whether nothing more happens by itself.
    pub(crate) is_final: bool,
    /// Whether it only plans.
    pub(crate) dry_run: bool,
    /// Who proposed it: a person, or `system`.
    pub(crate) proposer: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) proposed_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// Until when people may agree; null: nobody is asked.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
    /// When the provider was told to begin.
    #[schema(format = DateTime)]
    pub(crate) executed_at: Option<String>,
    /// When the action was over.
    #[schema(format = DateTime)]
    pub(crate) acted_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    pub(crate) finished_at: Option<String>,
    /// The hash of its plan, 64 hexadecimal digits; null: it is not made yet.
    pub(crate) plan: Option<String>,
    /// Why it was approved and does not begin yet; null: nothing holds it back.
    pub(crate) waiting_because: Option<String>,
    /// How the provider calls what it does; null: it was not told, or did not say yet.
    pub(crate) handle: Option<String>,
    /// Whether it was seen that it helped; null: that was not seen.
    pub(crate) verified: Option<bool>,
}

impl From<&Run> for RunItem {
    fn from(run: &Run) -> Self {
        let reason = Some(run.reason.clone()).filter(|reason| !reason.is_empty());
        let expires_ms = run.next.filter(|(next, _)| *next == Next::Expire);
        // It would have begun at once.
        let is_held = |(next, due_ms)| next == Next::Start && due_ms > run.updated_ms;
        let is_held = run.state == RunState::Approved && run.next.is_some_and(is_held);
        Self {
            id: run.id.to_string(),
            rule: run.rule.clone(),
            rule_version: run.rule_version,
            alert: run.episode.alert.to_string(),
            alert_title: run.title.clone(),
            episode_since: at(run.episode.since_ms),
            targets: run.targets.clone(),
            provider: run.provider.clone(),
            state: run.state.name(),
            waiting_because: reason.clone().filter(|_| is_held),
            state_because: reason,
            is_final: run.state.is_final(),
            dry_run: run.is_dry_run,
            proposer: run.proposer.clone(),
            proposed_at: at(run.created_ms),
            updated_at: at(run.updated_ms),
            expires_at: expires_ms.map(|(_, due_ms)| at(due_ms)),
            executed_at: run.executed_ms.map(at),
            acted_at: run.acted_ms.map(at),
            finished_at: run.finished_ms.map(at),
            plan: run.plan.map(|hash| hash.to_string()),
            handle: run.call.as_ref().and_then(|call| call.handle.clone()),
            verified: run.verification.map(|one| one == Verification::Held),
        }
    }
}

/// A yes or no to the plan of a run.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BallotRequest {
    /// The hash of the plan that the person saw. If the plan is another one, nothing happens.
    pub(crate) plan: String,
    /// Why, at most 2000 characters.
    #[serde(default)]
    pub(crate) comment: String,
    /// Where it is said: page, api or cli. Default api.
    pub(crate) channel: Option<String>,
}

impl BallotRequest {
    /// What someone says about the plan of a run.
    pub(crate) fn read(
        self,
        run: RunId,
        verdict: Verdict,
        actor: &Actor,
    ) -> Result<Ballot, ApiError> {
        let plan: PlanHash = self.plan.trim().parse().map_err(|wrong: String| {
            ApiError::field("plan", "the hash of the plan that was seen", wrong)
        })?;
        let comment = self.comment.trim().to_owned();
        bounded("comment", &comment, Vote::COMMENT_MAX)?;
        Ok(Ballot {
            run,
            plan,
            verdict,
            comment,
            actor: actor.name().to_owned(),
            channel: channel(self.channel.as_deref())?,
        })
    }
}

/// Where something is said. What is said in Slack comes by another way, which is signed.
fn channel(name: Option<&str>) -> Result<Channel, ApiError> {
    let Some(name) = name else {
        return Ok(Channel::Api);
    };
    let channel = Channel::from_name(name).filter(|channel| *channel != Channel::Slack);
    channel.ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        let detail = format!("`{shown}` is not one of them");
        ApiError::field("channel", "page, api or cli", detail)
    })
}

/// Why something is done.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonRequest {
    /// Why, at most 2000 characters.
    #[serde(default)]
    pub(crate) reason: String,
}

impl ReasonRequest {
    /// The reason.
    pub(crate) fn read(&self) -> Result<&str, ApiError> {
        let reason = self.reason.trim();
        bounded("reason", reason, REASON_CHARS_MAX)?;
        Ok(reason)
    }
}

/// Refuses a text that is too long.
pub(crate) fn bounded(field: &str, text: &str, chars_max: usize) -> Result<(), ApiError> {
    let length = text.chars().count();
    if length <= chars_max {
        return Ok(());
    }
    let expected = format!("at most {chars_max} characters");
    Err(ApiError::field(
        field,
        &expected,
        format!("it has {length}"),
    ))
}

/// From where on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutputParams {
    /// From this byte on. Default 0.
    pub(crate) from: Option<u64>,
}

/// What an action printed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutputAnswer {
    /// What it printed from there on.
    pub(crate) text: String,
    /// The byte after it: ask from there on next time.
    pub(crate) next: u64,
    /// How many bytes there are in all.
    pub(crate) size: u64,
}

impl OutputAnswer {
    /// What a store has of an output from a byte on.
    pub(crate) fn new(from: u64, (text, size): (String, u64)) -> Self {
        let next = from.min(size) + text.len() as u64;
        Self {
            text,
            next,
            // Something may have come between.
            size: size.max(next),
        }
    }
}
