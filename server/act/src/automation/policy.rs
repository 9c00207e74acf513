//! Who may say yes, to what, and until when. The only place where an [`Approval`] is made.
//!
//! An approval is of one plan, known by its hash: what is carried out is what people saw, or nothing
//! is. A vote that is about another hash counts for nothing.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tocsin_domain::automation::{
    ApprovalNeed, ApprovalStage, AutomationRule, CallKind, Plan, PlanHash, PlannedAction, Preview,
    Run, RunState, Verdict, Vote,
};
use tocsin_domain::ports::{AuditEntry, Ballot};

use super::condition::{Condition, Facts};
use super::ledger::SYSTEM;

/// Who votes while nobody says who it is.
const ANONYMOUS: &str = AuditEntry::ANONYMOUS;

/// What `approval.required` may look at.
pub(super) const APPROVAL_FACTS: &[&str] = &[
    "title",
    "rule",
    "kind",
    "severity",
    "status",
    "failure_type",
    "confidence",
    "count",
    "labels",
    "annotations",
    "risk",
    "targets",
    "hosts",
    "destroys",
    "preview",
];

/// The leave to carry a plan out, or to undo it. Whoever holds one may go ahead; nobody else can.
#[derive(Debug, Clone)]
pub(crate) struct Approval {
    plan: Plan,
    kind: CallKind,
    by: Vec<String>,
}

impl Approval {
    /// What exactly may be done.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The action that may be done: the planned one, or the one that undoes it.
    pub(crate) fn action(&self) -> &PlannedAction {
        match (self.kind, &self.plan.rollback) {
            (CallKind::Rollback, Some(rollback)) => rollback,
            _ => &self.plan.action,
        }
    }

    pub(crate) const fn kind(&self) -> CallKind {
        self.kind
    }

    /// Who agreed; none: nobody need.
    pub(crate) fn by(&self) -> &[String] {
        &self.by
    }
}

/// The hash of a plan.
pub(crate) fn hash(plan: &Plan) -> PlanHash {
    PlanHash(Sha256::digest(plan.canonical_bytes()).into())
}

/// What became of the votes on a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tally {
    /// Someone is still to agree; says who.
    Waiting {
        /// The stage that is open, from 0.
        stage: u32,
        /// Who, as a sentence.
        who: String,
    },
    /// All that must agreed.
    Granted(Vec<String>),
    /// Someone said no.
    Refused(String),
}

/// Who is to agree to a plan, and why.
pub(super) fn requirement(
    rule: &AutomationRule,
    condition: Option<&Condition>,
    facts: &Facts,
    is_propose_only: bool,
) -> (Vec<ApprovalStage>, String) {
    let because = match &rule.approval.need {
        ApprovalNeed::Always => "the rule asks for it always".to_owned(),
        _ if is_propose_only => "the rule did not help too often: it may only propose".to_owned(),
        ApprovalNeed::Never => {
            return (
                Vec::new(),
                "the rule says that nobody need agree".to_owned(),
            );
        }
        ApprovalNeed::When(source) => match condition.map(|condition| condition.holds(facts)) {
            Some(Ok(false)) => {
                return (Vec::new(), format!("`{source}` does not hold"));
            }
            Some(Ok(true)) => format!("`{source}` holds"),
            // What cannot be decided is decided by people.
            Some(Err(why)) => why,
            None => "its condition is not known".to_owned(),
        },
    };
    (rule.approval.stages.clone(), because)
}

/// The facts of an approval that are not the alert's.
pub(super) fn set_facts(facts: &mut Facts, rule: &AutomationRule, run: &Run, preview: &Preview) {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let destroys = preview.counts.map_or(0, |counts| counts.destroy);
    facts
        .set("risk", rule.risk.level.name())
        .set("targets", number(run.targets.len()))
        .set("hosts", number(preview.hosts.len()))
        .set("destroys", i64::try_from(destroys).unwrap_or(i64::MAX))
        .set("preview", preview.kind.name());
}

/// Counts the votes on a plan.
pub(super) fn tally(plan: &Plan, hash: PlanHash, votes: &[Vote]) -> Tally {
    let mut by: Vec<String> = Vec::new();
    for (number, stage) in (0..).zip(&plan.stages) {
        let here = votes
            .iter()
            .filter(|vote| vote.plan == hash && vote.run == plan.run && vote.stage == number)
            .filter(|vote| is_of(stage, &vote.actor));
        let mut agreed = BTreeSet::new();
        for vote in here {
            if vote.verdict == Verdict::Reject {
                return Tally::Refused(vote.actor.clone());
            }
            let is_second = plan.is_two_person && by.contains(&vote.actor);
            let is_own = plan.is_two_person && vote.actor == plan.proposer;
            // Who is not known may be anyone, also someone who agreed already.
            let is_nobody = plan.is_two_person && vote.actor == ANONYMOUS;
            if !is_second && !is_own && !is_nobody {
                agreed.insert(vote.actor.clone());
            }
        }
        let is_last = number as usize + 1 == plan.stages.len();
        let mut missing = (stage.count as usize).saturating_sub(agreed.len());
        if is_last && plan.is_two_person {
            // Two people in all, however few the stages ask for.
            missing = missing.max(2usize.saturating_sub(by.len() + agreed.len()));
        }
        by.extend(agreed);
        if missing > 0 {
            let who = who(stage, missing, plan);
            return Tally::Waiting { stage: number, who };
        }
    }
    Tally::Granted(by)
}

/// Nobody known is among those who are named.
fn is_of(stage: &ApprovalStage, actor: &str) -> bool {
    let is_named = || actor != ANONYMOUS && stage.approvers.iter().any(|one| one == actor);
    stage.approvers.is_empty() || is_named()
}

fn who(stage: &ApprovalStage, missing: usize, plan: &Plan) -> String {
    let of = match stage.approvers.as_slice() {
        [] => "anyone who may approve".to_owned(),
        names => names.join(", "),
    };
    let but = match plan.is_two_person {
        true => format!(", but not {}", plan.proposer),
        false => String::new(),
    };
    format!("{missing} of: {of}{but}")
}

/// Takes what someone says about the plan of a run.
///
/// # Errors
/// Why it may not be said.
pub(super) fn hear(
    (run, plan): (&Run, &Plan),
    votes: &[Vote],
    ballot: &Ballot,
    now_ms: i64,
) -> Result<Vote, String> {
    if run.state != RunState::AwaitingApproval {
        return Err(format!("the run is {}", run.state.name().replace('_', " ")));
    }
    if now_ms >= plan.expires_ms {
        return Err("the proposal has expired".into());
    }
    let hash = hash(plan);
    if run.plan != Some(hash) || ballot.plan != hash {
        return Err("the plan is another one than the one that was seen".into());
    }
    // The server itself never agrees to anything.
    if ballot.actor.is_empty() || ballot.actor == SYSTEM {
        return Err("expected the name of a person".into());
    }
    if ballot.comment.chars().count() > Vote::COMMENT_MAX {
        let most = Vote::COMMENT_MAX;
        return Err(format!("expected a comment of at most {most} characters"));
    }
    let Tally::Waiting { stage, who } = tally(plan, hash, votes) else {
        return Err("everything is said about it".into());
    };
    let actor = &ballot.actor;
    let open = plan.stages.get(stage as usize);
    if !open.is_some_and(|open| is_of(open, actor)) {
        return Err(format!("{actor} may not say it now; it waits for {who}"));
    }
    if ballot.verdict == Verdict::Approve {
        let mut own = votes
            .iter()
            .filter(|vote| vote.plan == hash && vote.actor == *actor);
        if plan.is_two_person && actor == ANONYMOUS {
            return Err("two people are to agree: expected the name of a person".into());
        }
        if plan.is_two_person && *actor == plan.proposer {
            return Err(format!("{actor} proposed it: two others are to agree"));
        }
        if own.any(|vote| vote.stage == stage || plan.is_two_person) {
            return Err(format!("{actor} agreed already; it waits for {who}"));
        }
    }
    Ok(Vote {
        run: run.id,
        plan: hash,
        stage,
        actor: actor.clone(),
        verdict: ballot.verdict,
        comment: ballot.comment.clone(),
        channel: ballot.channel,
        at_ms: now_ms,
    })
}

/// The leave to carry a plan out.
///
/// # Errors
/// Why there is none.
pub(super) fn leave_to_execute(
    (run, plan): (&Run, &Plan),
    votes: &[Vote],
    now_ms: i64,
) -> Result<Approval, String> {
    if !matches!(run.state, RunState::Approved | RunState::Executing) {
        return Err(format!("the run is {}", run.state.name()));
    }
    if now_ms >= plan.expires_ms {
        return Err("what was approved has expired".into());
    }
    leave((run, plan), votes, CallKind::Execute)
}

/// The leave to undo what was carried out. It does not expire: who agreed to the plan agreed to how
/// it is undone.
///
/// # Errors
/// Why there is none.
pub(super) fn leave_to_roll_back(
    (run, plan): (&Run, &Plan),
    votes: &[Vote],
) -> Result<Approval, String> {
    if run.state != RunState::RollingBack || run.executed_ms.is_none() {
        return Err(format!("the run is {}", run.state.name()));
    }
    if plan.rollback.is_none() {
        return Err("the plan does not say how it is undone".into());
    }
    leave((run, plan), votes, CallKind::Rollback)
}

/// The leave to go on with what began. What began in time may go on after it would have expired.
///
/// # Errors
/// Why there is none.
pub(super) fn leave_to_go_on(
    (run, plan): (&Run, &Plan),
    votes: &[Vote],
    kind: CallKind,
) -> Result<Approval, String> {
    match kind {
        CallKind::Rollback => leave_to_roll_back((run, plan), votes),
        CallKind::Execute if run.state == RunState::Executing && run.executed_ms.is_some() => {
            leave((run, plan), votes, kind)
        }
        CallKind::Execute => Err(format!("the run is {}", run.state.name())),
    }
}

fn leave((run, plan): (&Run, &Plan), votes: &[Vote], kind: CallKind) -> Result<Approval, String> {
    let hash = hash(plan);
    if run.plan != Some(hash) || plan.run != run.id {
        return Err("the plan is another one than the one that was approved".into());
    }
    if run.is_dry_run {
        return Err("it is a dry run".into());
    }
    match tally(plan, hash, votes) {
        Tally::Granted(by) => Ok(Approval {
            plan: plan.clone(),
            kind,
            by,
        }),
        Tally::Waiting { who, .. } => Err(format!("it waits for {who}")),
        Tally::Refused(by) => Err(format!("{by} said no")),
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
