//! The steps of a run there: made, planned, looked at, confirmed, let go of.

use std::time::{Duration, Instant};

use serde_json::Value;
use tocsin_domain::automation::{ChangeCounts, Plan, RunId};
use tocsin_domain::ports::OUTPUT_BYTES_MAX;

use super::run::{CloudRun, Stage, find, make};
use super::wanted::Wanted;
use super::{TerraformCloud, shown};
use crate::automation::policy::Approval;
use crate::automation::provider::{Begun, CallError, Certainty, Draft, PlanError, Status};
use crate::automation::providers::remote::{At, Failure};
use crate::automation::providers::terraform::counts_of;

/// How long a plan that undoes something may take.
const UNDO_WITHIN: Duration = Duration::from_secs(600);
/// The most bytes of a plan's JSON that are read.
const JSON_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How often in a row a question may fail before a plan is put off.
const FAILURES_MAX: u32 = 5;
/// The most bytes of a log that are said of what failed.
const TAIL_BYTES: usize = 2000;

/// What a run would change.
pub(super) struct Change {
    pub(super) counts: ChangeCounts,
    pub(super) text: String,
}

impl TerraformCloud {
    /// What is wanted, and the number of its workspace.
    pub(super) async fn wanted(
        &self,
        at: At<'_>,
        draft: &Draft,
    ) -> Result<(Wanted, String), PlanError> {
        let wanted = Wanted::of(&draft.params).map_err(PlanError::permanent)?;
        if wanted.destroys && !self.may_destroy {
            let why = "`params.is_destroy`: the configuration forbids to destroy";
            return Err(PlanError::permanent(why));
        }
        let workspace = self.workspace(at, &wanted).await?;
        Ok((wanted, workspace))
    }

    pub(super) async fn workspace(&self, at: At<'_>, wanted: &Wanted) -> Result<String, Failure> {
        let (organization, name) = (&self.organization, &wanted.workspace);
        let path = format!("/api/v2/organizations/{organization}/workspaces/{name}");
        let answer = at.get(&path).await.map_err(|failure| match failure.status {
            Some(404) => Failure::never(format!(
                "there is no workspace `{name}` in `{organization}`, or the token may not see it"
            )),
            _ => failure,
        })?;
        let attributes = &answer["data"]["attributes"];
        if attributes["permissions"]["can-queue-run"] == false {
            let why = format!("the token may not make runs in the workspace `{name}`");
            return Err(Failure::never(why));
        }
        let id = answer["data"]["id"].as_str().unwrap_or_default();
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        match !id.is_empty() && id.chars().all(is_id) {
            true => Ok(id.to_owned()),
            false => Err(Failure::not_now("the workspace cannot be read")),
        }
    }

    /// The run under a key that has the values that are wanted: the one that is there, or a new one.
    /// Those with other values are let go of.
    pub(super) async fn made(
        &self,
        at: At<'_>,
        (wanted, workspace): &(Wanted, String),
        (run, key): (RunId, &str),
        plan_only: bool,
    ) -> Result<CloudRun, Failure> {
        let message = wanted.message(key);
        let mut found = None;
        for known in find(at, workspace, (run, key)).await? {
            let is_over = matches!(
                known.stage(),
                Stage::Errored | Stage::Discarded | Stage::Cancelled
            );
            if known.message == message && found.is_none() && !is_over {
                found = Some(known);
            } else {
                known.let_go(at, "Other values by now.").await?;
            }
        }
        let made = match found {
            Some(known) => known,
            None => make(at, workspace, wanted, (&message, plan_only)).await?,
        };
        if made.applies_itself {
            let stopped = made.let_go(at, "It would apply itself.").await;
            let stopped = stopped.err().map(|failure| failure.detail);
            return Err(Failure::never(format!(
                "{} would apply itself, and was let go of {}",
                made.id,
                stopped.unwrap_or_default()
            )));
        }
        Ok(made)
    }

    /// A run once it is planned: it waits, or there is nothing to apply.
    pub(super) async fn planned(
        &self,
        at: At<'_>,
        made: CloudRun,
        within: Duration,
    ) -> Result<CloudRun, PlanError> {
        let began = Instant::now();
        let mut failures = 0;
        let (mut wait, most) = self.pace;
        let mut seen = made;
        loop {
            match seen.stage() {
                Stage::Planning => {}
                Stage::Waiting | Stage::Finished => return Ok(seen),
                Stage::Overruled => {
                    self.give_up(at, &seen).await;
                    let why = format!("a policy failed for {}, which needs an override", seen.id);
                    return Err(PlanError::permanent(why));
                }
                Stage::Errored => {
                    let log = self.tail(at, "plans", &seen.plan).await;
                    let why = format!("{} could not be planned: {log}", seen.id);
                    return Err(PlanError::permanent(why));
                }
                Stage::Discarded | Stage::Cancelled => {
                    let why = format!("{} was {} there", seen.id, seen.status);
                    return Err(PlanError::permanent(why));
                }
                Stage::Applying | Stage::Applied => {
                    let why = format!("someone else confirmed {}", seen.id);
                    return Err(PlanError::permanent(why));
                }
            }
            if began.elapsed() >= within {
                let (id, secs, status) = (&seen.id, within.as_secs(), &seen.status);
                let why = format!("{id} is `{status}` after {secs} s; it is asked again");
                return Err(PlanError::temporary(why));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(most);
            match CloudRun::read(at, &seen.id).await {
                Ok(now) => {
                    failures = 0;
                    seen = now;
                }
                Err(failure) => {
                    failures += 1;
                    if failures >= FAILURES_MAX {
                        return Err(failure.into());
                    }
                    tokio::time::sleep(failure.wait_or(wait)).await;
                }
            }
        }
    }

    /// What a planned run would change, if it may.
    pub(super) async fn change(&self, at: At<'_>, run: &CloudRun) -> Result<Change, PlanError> {
        let answer = at.get(&format!("/api/v2/plans/{}", run.plan)).await?;
        let attributes = &answer["data"]["attributes"];
        let count = |name: &str| attributes[name].as_u64();
        let unreadable = || PlanError::temporary("the plan cannot be read");
        let mut counts = ChangeCounts {
            add: count("resource-additions").ok_or_else(unreadable)?,
            change: count("resource-changes").ok_or_else(unreadable)?,
            destroy: count("resource-destructions").ok_or_else(unreadable)?,
        };
        let path = format!("/api/v2/plans/{}/json-output", run.plan);
        let text = match at.follow(&path, JSON_BYTES_MAX).await {
            Ok(Some(json)) => {
                // Both must agree that nothing is destroyed.
                let by_json = counts_of(&json).map_or(0, |counts| counts.destroy);
                counts.destroy = counts.destroy.max(by_json);
                shown::shown(&serde_json::from_str::<Value>(&json).unwrap_or_default())
            }
            Ok(None) => "Its details are too large, or not kept.\n".to_owned(),
            Err(failure)
                if failure.certainty == Certainty::Never
                    || matches!(failure.status, Some(401 | 403)) =>
            {
                format!("Its details cannot be read: {}\n", failure.detail)
            }
            Err(failure) => return Err(failure.into()),
        };
        let is_nothing = counts == ChangeCounts::default();
        if is_nothing && attributes["has-changes"] == false {
            self.give_up(at, run).await;
            return Err(PlanError::permanent("there is nothing to change"));
        }
        if counts.destroy > 0 && !self.may_destroy {
            self.give_up(at, run).await;
            let destroys = counts.destroy;
            let why =
                format!("it would destroy {destroys}, which the configuration forbids:\n{text}");
            return Err(PlanError::permanent(why));
        }
        Ok(Change { counts, text })
    }

    /// Lets go of a run that cannot be. What is not done here is done when our run has ended.
    async fn give_up(&self, at: At<'_>, run: &CloudRun) {
        if let Err(failure) = run.let_go(at, "It may not be applied.").await {
            tracing::warn!(
                run = run.id,
                error = failure.detail,
                "a run was not discarded yet"
            );
        }
    }

    /// The end of a log.
    pub(super) async fn tail(&self, at: At<'_>, kind: &str, id: &str) -> String {
        let log = self.log(at, kind, id).await.unwrap_or_default();
        let start = log.ceil_char_boundary(log.len().saturating_sub(TAIL_BYTES));
        log.get(start..).unwrap_or_default().trim().to_owned()
    }

    /// The log of a plan or of an apply, as people read it.
    pub(super) async fn log(&self, at: At<'_>, kind: &str, id: &str) -> Result<String, Failure> {
        if id.is_empty() {
            return Ok(String::new());
        }
        let answer = at.get(&format!("/api/v2/{kind}/{id}")).await?;
        let Some(url) = answer["data"]["attributes"]["log-read-url"].as_str() else {
            return Ok(String::new());
        };
        let joined = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{joined}limit={OUTPUT_BYTES_MAX}&offset=0");
        let log = at.follow(&url, 2 * OUTPUT_BYTES_MAX).await?;
        Ok(shown::readable(&log.unwrap_or_default()))
    }

    /// Confirms a run: it is applied. What someone else confirmed is being applied as well.
    pub(super) async fn confirm(
        &self,
        at: At<'_>,
        run: &CloudRun,
        by: &str,
    ) -> Result<Begun, CallError> {
        let handle = run.id.clone();
        let begun = |over| Ok(Begun { handle, over });
        match run.stage() {
            Stage::Waiting => {}
            Stage::Applying => return begun(None),
            Stage::Applied => return begun(Some(Status::Succeeded("it is applied".into()))),
            Stage::Planning => {
                let why = format!("{} is `{}`", run.id, run.status);
                return Err(Failure::not_now(why).into());
            }
            _ => return Err(CallError::never(format!("{} is `{}`", run.id, run.status))),
        }
        match run.act(at, "apply", by).await {
            Ok(()) => begun(None),
            // The state does not let it: which one that is, is asked.
            Err(failure) if failure.status == Some(409) => Err(CallError {
                detail: failure.detail,
                certainty: Certainty::Unsure,
            }),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Plans and applies what undoes.
    pub(super) async fn undo(
        &self,
        at: At<'_>,
        approval: &Approval,
        by: &str,
    ) -> Result<Begun, CallError> {
        let said = |error: PlanError| CallError {
            detail: error.detail,
            certainty: match error.is_temporary {
                true => Certainty::NotNow,
                false => Certainty::Never,
            },
        };
        let wanted = Wanted::of(&approval.action().params).map_err(CallError::never)?;
        let workspace = self
            .workspace(at, &wanted)
            .await
            .map_err(Failure::of_question)?;
        let key = approval.key();
        let key = (approval.plan().run, key.as_str());
        let made = self.made(at, &(wanted, workspace), key, false).await?;
        if matches!(made.stage(), Stage::Applying | Stage::Applied) {
            return self.confirm(at, &made, by).await;
        }
        let planned = self.planned(at, made, UNDO_WITHIN).await.map_err(said)?;
        if planned.stage() == Stage::Finished {
            return Ok(Begun {
                handle: planned.id,
                over: Some(Status::Succeeded("there is nothing to undo".into())),
            });
        }
        self.change(at, &planned).await.map_err(said)?;
        self.confirm(at, &planned, by).await
    }

    /// Discards the run of a plan.
    pub(super) async fn discarded(
        &self,
        plan: Option<&Plan>,
        id: &str,
    ) -> Result<Option<String>, String> {
        let base_url = plan.and_then(|plan| plan.action.base_url.as_deref());
        let at = self.remote.at(base_url)?;
        let said = |failure: Failure| failure.detail;
        let run = CloudRun::read(at, id).await.map_err(said)?;
        let let_go = run.let_go(at, "It was not approved.").await.map_err(said)?;
        Ok(let_go.then(|| format!("{id} is discarded")))
    }
}
