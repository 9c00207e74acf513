//! A run with everything about it.

use serde::Serialize;
use tocsin_domain::automation::{
    CallKind, ChangeCounts, Plan, Preview, RunEvent, RunState, Verdict, Vote,
};
use tocsin_domain::ports::RunDetails;
use utoipa::ToSchema;

use super::automation_rules::{ActionItem, RiskItem, StageItem};
use super::automation_runs::RunItem;
use super::automation_words::verify;
use super::series::at;
use crate::identity::{ANONYMOUS, Actor};

/// A run with everything about it but its output.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunDetailItem {
    /// The run.
    #[serde(flatten)]
    pub(crate) run: RunItem,
    /// What exactly will happen if people say yes; null: it is not known yet.
    pub(crate) plan_details: Option<PlanItem>,
    /// What people said, oldest first.
    pub(crate) votes: Vec<VoteItem>,
    /// Everything that happened, oldest first.
    pub(crate) events: Vec<RunEventItem>,
    /// The stage of the plan whose yes it waits for, from 0; null: it waits for nobody's.
    pub(crate) open_stage: Option<u32>,
    /// Whose yes it waits for, in words; null: nobody's.
    pub(crate) waits_for: Option<String>,
    /// What the asker may do now.
    pub(crate) can: CanItem,
    /// How many bytes its action printed.
    pub(crate) output_size: u64,
}

/// What someone may do about a run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CanItem {
    /// Say yes to its plan.
    pub(crate) approve: bool,
    /// Say no to its plan.
    pub(crate) reject: bool,
    /// Call it off.
    pub(crate) cancel: bool,
    /// Have it undone.
    pub(crate) rollback: bool,
}

/// What exactly will happen. It is never changed, and its hash is over all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanItem {
    /// Its hash, 64 hexadecimal digits.
    pub(crate) hash: String,
    /// What is done.
    pub(crate) action: ActionItem,
    /// How it is undone.
    pub(crate) rollback: Option<ActionItem>,
    /// What would happen.
    pub(crate) preview: RunPreviewItem,
    /// How dangerous that is.
    pub(crate) risk: RiskItem,
    /// Who is to agree, in this order; none: nobody need.
    pub(crate) stages: Vec<StageItem>,
    /// Whether two people are to agree, neither of whom proposed it.
    pub(crate) two_person: bool,
    /// Why someone is to agree, or nobody need.
    pub(crate) approval_because: String,
    /// Who proposed it: a person, or `system`.
    pub(crate) proposer: String,
    /// How it is seen that it helped, in a line; null: it is not.
    pub(crate) verify: Option<String>,
    /// Whether the alert is resolved when it helped.
    pub(crate) resolves_alert: bool,
    /// Whether it is undone by itself if it did not help.
    pub(crate) rolls_back: bool,
    /// How severe the alert becomes then; null: it stays.
    pub(crate) escalates_to: Option<&'static str>,
    /// How long it may take, in seconds.
    pub(crate) timeout_secs: u32,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
    /// Until when it may begin.
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
}

/// What would happen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunPreviewItem {
    /// How that was found out: none, described (it was not tried), dry_run, or plan (of the
    /// provider's own, carried out as it is).
    pub(crate) kind: &'static str,
    /// Output, a diff, or a request.
    pub(crate) text: String,
    /// How much changes; null: the provider does not say.
    pub(crate) counts: Option<ChangeCountsItem>,
    /// On which hosts.
    pub(crate) hosts: Vec<String>,
    /// The files it depends on. Another one by the time of execution voids the plan.
    pub(crate) artifacts: Vec<ArtifactItem>,
}

/// How much a plan changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeCountsItem {
    /// What is added.
    pub(crate) add: u64,
    /// What is changed.
    pub(crate) change: u64,
    /// What is destroyed.
    pub(crate) destroy: u64,
}

/// A file that a plan depends on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArtifactItem {
    /// Its name.
    pub(crate) name: String,
    /// The SHA-256 of what is in it.
    pub(crate) sha256: String,
}

/// What someone said about a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteItem {
    /// Who.
    pub(crate) actor: String,
    /// approve or reject.
    pub(crate) verdict: &'static str,
    /// Why.
    pub(crate) comment: String,
    /// page, api, cli or slack.
    pub(crate) channel: &'static str,
    /// Which stage it counts for, from 0.
    pub(crate) stage: u32,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
}

/// Something that happened to a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunEventItem {
    /// Its number, from 1.
    pub(crate) seq: u64,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Who: a person, or `system`.
    pub(crate) actor: String,
    /// The state before; null: it began.
    pub(crate) from: Option<&'static str>,
    /// The state after.
    pub(crate) to: &'static str,
    /// What, such as planned or told.
    pub(crate) what: String,
    /// More on it.
    pub(crate) detail: String,
}

impl RunDetailItem {
    /// A run as someone sees it, while everything is stopped or not, with the size of its output.
    pub(crate) fn new(
        details: &RunDetails,
        actor: &Actor,
        is_stopped: bool,
        output_size: u64,
    ) -> Self {
        let mut run = RunItem::from(&details.run);
        let plan = details.plan.as_ref();
        if !run.is_final {
            run.expires_at = plan.map(|plan| at(plan.expires_ms));
        }
        let hash = run.plan.clone();
        Self {
            plan_details: plan.map(|plan| PlanItem::new(plan, hash.unwrap_or_default())),
            votes: details.votes.iter().map(VoteItem::from).collect(),
            events: details.events.iter().map(RunEventItem::from).collect(),
            open_stage: details.open_stage,
            waits_for: details.waits_for.clone(),
            can: CanItem::new(details, actor, is_stopped),
            output_size,
            run,
        }
    }
}

impl CanItem {
    /// What the desk would not refuse, as far as can be told from outside.
    fn new(details: &RunDetails, actor: &Actor, is_stopped: bool) -> Self {
        let run = &details.run;
        let reject = details
            .plan
            .as_ref()
            .is_some_and(|plan| is_asked(details, plan, actor));
        let approve = details.plan.as_ref().is_some_and(|plan| {
            let agreed = |vote: &Vote| {
                let is_here = plan.is_two_person || Some(vote.stage) == details.open_stage;
                vote.actor == actor.name() && vote.verdict == Verdict::Approve && is_here
            };
            let is_barred =
                plan.is_two_person && (actor.name() == ANONYMOUS || actor.name() == plan.proposer);
            reject && !is_stopped && !is_barred && !details.votes.iter().any(agreed)
        });
        let is_over = matches!(
            run.state,
            RunState::Succeeded | RunState::Failed | RunState::Cancelled
        );
        let was_done = run
            .call
            .as_ref()
            .is_some_and(|call| call.kind == CallKind::Execute && call.handle.is_some());
        let can_undo = details
            .plan
            .as_ref()
            .is_some_and(|plan| plan.rollback.is_some());
        Self {
            approve,
            reject,
            cancel: !run.state.is_final(),
            rollback: is_over && was_done && can_undo && !is_stopped,
        }
    }
}

/// Whether someone is among those whose yes a run waits for.
fn is_asked(details: &RunDetails, plan: &Plan, actor: &Actor) -> bool {
    let Some(open) = details
        .open_stage
        .and_then(|stage| plan.stages.get(stage as usize))
    else {
        return false;
    };
    let is_named = open.approvers.iter().any(|one| one == actor.name());
    open.approvers.is_empty() || (actor.is_known() && is_named)
}

impl PlanItem {
    fn new(plan: &Plan, hash: String) -> Self {
        Self {
            hash,
            action: (&plan.action).into(),
            rollback: plan.rollback.as_ref().map(ActionItem::from),
            preview: (&plan.preview).into(),
            risk: (&plan.risk).into(),
            stages: plan.stages.iter().map(StageItem::from).collect(),
            two_person: plan.is_two_person,
            approval_because: plan.approval_because.clone(),
            proposer: plan.proposer.clone(),
            verify: plan.verify.as_ref().map(verify),
            resolves_alert: plan.resolves_alert,
            rolls_back: plan.rollback.is_some() && plan.on_failure.rolls_back,
            escalates_to: plan.on_failure.escalates_to.map(|severity| severity.name()),
            timeout_secs: plan.timeout_secs,
            made_at: at(plan.made_ms),
            expires_at: at(plan.expires_ms),
        }
    }
}

impl From<&Preview> for RunPreviewItem {
    fn from(preview: &Preview) -> Self {
        let artifact = |(name, sha256): &(String, String)| ArtifactItem {
            name: name.clone(),
            sha256: sha256.clone(),
        };
        Self {
            kind: preview.kind.name(),
            text: preview.text.clone(),
            counts: preview.counts.map(ChangeCountsItem::from),
            hosts: preview.hosts.clone(),
            artifacts: preview.artifacts.iter().map(artifact).collect(),
        }
    }
}

impl From<ChangeCounts> for ChangeCountsItem {
    fn from(counts: ChangeCounts) -> Self {
        Self {
            add: counts.add,
            change: counts.change,
            destroy: counts.destroy,
        }
    }
}

impl From<&Vote> for VoteItem {
    fn from(vote: &Vote) -> Self {
        Self {
            actor: vote.actor.clone(),
            verdict: vote.verdict.name(),
            comment: vote.comment.clone(),
            channel: vote.channel.name(),
            stage: vote.stage,
            at: at(vote.at_ms),
        }
    }
}

impl From<&RunEvent> for RunEventItem {
    fn from(event: &RunEvent) -> Self {
        Self {
            seq: event.seq,
            at: at(event.at_ms),
            actor: event.actor.clone(),
            from: event.from.map(RunState::name),
            to: event.to.name(),
            what: event.what.clone(),
            detail: event.detail.clone(),
        }
    }
}
