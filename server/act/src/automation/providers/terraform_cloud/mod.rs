//! `terraform_cloud`: runs on workspaces of HCP Terraform and Terraform Enterprise.
//!
//! A run is made when the plan is made, and never applies itself: it is planned there, and waits. What
//! people see is its plan, and exactly that run is confirmed, known by its own number and that of its
//! plan. A run is found again by its message, which has our run in it. What is not carried out is
//! discarded, so that the workspace is free. A plan that destroys something is refused unless the
//! configuration allows it.

mod hcl;
mod run;
mod shown;
mod steps;
mod wanted;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_domain::automation::{
    CallKind, ChangeCounts, Plan, Preview, PreviewKind, ProviderKind, RunId,
};

use self::run::{CloudRun, Stage, find};
use self::wanted::Wanted;
use super::jobs::{Jobs, put};
use super::remote::{At, Failure, Remote};
use super::{is_approved, part_of};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Draft, Order, PlanError, Planned, Provider, Status,
};
use crate::http::{Auth, HttpConfig};
use crate::trackers::{ConfigSecret, TrackerConfigError, secret};

/// How long a request whose sender is gone may be worked on.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
/// What comes before the number of the run in a plan.
const RUN: &str = "run ";

/// HCP Terraform, or Terraform Enterprise.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformCloudConfig {
    /// Its address. Default `https://app.terraform.io`.
    #[serde(default = "app_terraform_io")]
    pub url: String,
    /// Other addresses that rules may name in `base_url`.
    #[serde(default)]
    pub also: Vec<String>,
    /// The organization.
    pub organization: String,
    /// A token that may apply runs of the workspaces.
    #[serde(default)]
    pub token: ConfigSecret,
    /// A file with the token, in place of `token`.
    pub token_file: Option<PathBuf>,
    /// Whether a plan may destroy or replace something. Default false.
    #[serde(default)]
    pub may_destroy: bool,
}

fn app_terraform_io() -> String {
    "https://app.terraform.io".to_owned()
}

pub(in crate::automation) struct TerraformCloud {
    remote: Remote,
    organization: String,
    may_destroy: bool,
    /// What is written down before a run is made there, so that it can be discarded.
    jobs: Jobs,
    settles_within: Duration,
    /// How soon a run is asked how far it is, and how late.
    pace: (Duration, Duration),
}

impl TerraformCloud {
    pub(in crate::automation) fn new(
        config: TerraformCloudConfig,
        http: &HttpConfig,
        folder: PathBuf,
    ) -> Result<Self, TrackerConfigError> {
        let token = secret("token", &config.token, config.token_file.as_deref())?;
        let token = token.ok_or_else(|| TrackerConfigError::new("token", "a token"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let organization = config.organization;
        if organization.is_empty() || !organization.chars().all(plain) {
            let expected = "the name of an organization";
            return Err(TrackerConfigError::new("organization", expected));
        }
        let headers = [("Content-Type", "application/vnd.api+json")];
        let at = (config.url.as_str(), config.also.as_slice());
        Ok(Self {
            remote: Remote::new("HCP Terraform", http, at, Auth::Bearer(token), &headers)?,
            organization,
            may_destroy: config.may_destroy,
            jobs: Jobs::new(folder),
            settles_within: SETTLES_WITHIN,
            pace: (Duration::from_secs(1), Duration::from_secs(5)),
        })
    }

    /// The same for tests, which are in a hurry.
    #[cfg(test)]
    pub(super) fn hasty(mut self, settles_within: Duration) -> Self {
        self.settles_within = settles_within;
        self.pace = (Duration::from_millis(5), Duration::from_millis(20));
        self
    }

    /// What an order is about; none: it was never made.
    async fn run_of(&self, order: &Order<'_>) -> Result<(At<'_>, Option<CloudRun>), Failure> {
        let action = match (order.kind, &order.plan.rollback) {
            (CallKind::Rollback, Some(rollback)) => rollback,
            _ => &order.plan.action,
        };
        let at = self
            .remote
            .at(action.base_url.as_deref())
            .map_err(Failure::never)?;
        let known = match order.kind {
            CallKind::Execute => approved_run(order.plan).map(|(id, _)| id),
            CallKind::Rollback => order.handle.filter(|handle| !handle.is_empty()),
        };
        if let Some(id) = known {
            return Ok((at, Some(CloudRun::read(at, id).await?)));
        }
        let wanted = Wanted::of(&action.params).map_err(Failure::never)?;
        let workspace = self.workspace(at, &wanted).await?;
        let key = order.key();
        let found = find(at, &workspace, (order.plan.run, &key)).await?;
        Ok((at, found.into_iter().next()))
    }

    /// Where it is written down which workspace a run of ours is about.
    fn note(&self, run: RunId) -> std::io::Result<PathBuf> {
        Ok(self.jobs.folder(&run.to_string())?.join("workspace"))
    }
}

/// The number of the run that was agreed to, and the name of its hash.
fn approved_run(plan: &Plan) -> Option<(&str, &str)> {
    let names = plan.preview.artifacts.iter().map(|(name, _)| name.as_str());
    let mut ids = names.filter_map(|name| Some((name.strip_prefix(RUN)?, name)));
    ids.next()
}

#[async_trait]
impl Provider for TerraformCloud {
    fn kind(&self) -> ProviderKind {
        ProviderKind::TerraformCloud
    }

    fn settles_within(&self) -> Duration {
        self.settles_within
    }

    async fn check(&self) -> Result<String, String> {
        let at = self.remote.at(None)?;
        let path = format!("/api/v2/organizations/{}", self.organization);
        let answer = at.get(&path).await.map_err(|failure| failure.detail)?;
        match answer["data"]["attributes"]["name"].as_str() {
            Some(name) => Ok(format!("organization {name}")),
            None => Err("there is something else at its address".into()),
        }
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let at = self.remote.at(draft.base_url.as_deref());
        let at = at.map_err(PlanError::permanent)?;
        let it = self.wanted(at, draft).await?;
        let noted = json!({ "base_url": draft.base_url, "workspace": it.1 }).to_string();
        let noted = self.note(draft.run).and_then(|path| put(&path, &noted));
        noted.map_err(|error| PlanError::temporary(error.to_string()))?;
        let key = draft.run.to_string();
        let key = (draft.run, key.as_str());
        let made = self.made(at, &it, key, draft.is_dry_run).await?;
        let within = Duration::from_secs(u64::from(draft.timeout_secs));
        let run = self.planned(at, made, within).await?;
        let change = self.change(at, &run).await?;
        if run.stage() == Stage::Finished && !draft.is_dry_run {
            let why = format!("{} cannot be applied: it is `{}`", run.id, run.status);
            return Err(PlanError::permanent(why));
        }
        let ChangeCounts {
            add,
            change: changed,
            destroy,
        } = change.counts;
        let sum = format!("{add} to add, {changed} to change, {destroy} to destroy");
        Ok(Planned {
            template: it.0.words(),
            preview: Preview {
                kind: match draft.is_dry_run {
                    true => PreviewKind::DryRun,
                    false => PreviewKind::Plan,
                },
                text: format!("{} in {}: {sum}\n{}", run.id, it.0.words(), change.text),
                counts: Some(change.counts),
                hosts: Vec::new(),
                artifacts: vec![(format!("{RUN}{}", run.id), run.hash())],
            },
        })
    }

    async fn describe(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let at = self.remote.at(draft.base_url.as_deref());
        let (wanted, _) = self
            .wanted(at.map_err(PlanError::permanent)?, draft)
            .await?;
        Ok(Planned {
            template: wanted.words(),
            preview: Preview {
                kind: PreviewKind::Described,
                text: wanted.values(),
                counts: None,
                hosts: Vec::new(),
                artifacts: Vec::new(),
            },
        })
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let (plan, by) = (approval.plan(), approval.by().join(", "));
        let by = match by.is_empty() {
            true => format!("Tocsin {}", approval.key()),
            false => format!("Tocsin {}: {by} agreed", approval.key()),
        };
        let at = self.remote.at(approval.action().base_url.as_deref());
        let at = at.map_err(CallError::never)?;
        if approval.kind() == CallKind::Rollback {
            return self.undo(at, approval, &by).await;
        }
        let (id, name) = approved_run(plan).ok_or_else(|| CallError::never("it names no run"))?;
        let run = CloudRun::read(at, id).await.map_err(Failure::of_question)?;
        is_approved(plan, CallKind::Execute, name, &run.hash()).map_err(CallError::never)?;
        self.confirm(at, &run, &by).await
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let (at, run) = self.run_of(order).await.map_err(|failure| failure.detail)?;
        let Some(run) = run else {
            return Ok(Status::Unknown);
        };
        let has_begun = order.handle.is_some();
        let id = &run.id;
        Ok(match run.stage() {
            Stage::Applied => Status::Succeeded(format!("{id} is applied")),
            Stage::Finished => Status::Succeeded(format!("{id} had nothing to apply")),
            Stage::Applying => Status::Running,
            // It is not confirmed, or that is not seen yet.
            Stage::Planning | Stage::Waiting | Stage::Overruled => match has_begun {
                true => Status::Running,
                false => Status::Unknown,
            },
            Stage::Discarded if !has_begun => Status::Unknown,
            Stage::Discarded | Stage::Cancelled => {
                Status::Cancelled(format!("{id} is `{}`", run.status))
            }
            Stage::Errored => {
                let log = self.tail(at, "applies", &run.apply).await;
                Status::Failed(format!("{id} failed: {log}"))
            }
        })
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        let (at, run) = self.run_of(order).await.map_err(|failure| failure.detail)?;
        match run {
            Some(run) => run
                .stop(at, "Tocsin called it off.")
                .await
                .map_err(|failure| failure.detail),
            None => Ok(()),
        }
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        let (at, run) = self.run_of(order).await.map_err(|failure| failure.detail)?;
        let Some(run) = run else {
            return Ok((String::new(), from));
        };
        let log = self.log(at, "applies", &run.apply).await;
        Ok(part_of(&log.map_err(|failure| failure.detail)?, from))
    }

    async fn discard(&self, run: RunId, plan: Option<&Plan>) -> Result<Option<String>, String> {
        let note = self.note(run).map_err(|error| error.to_string())?;
        let Ok(noted) = std::fs::read_to_string(&note) else {
            // Nothing was made from here.
            return match plan.and_then(approved_run) {
                Some((id, _)) => self.discarded(plan, id).await,
                None => Ok(None),
            };
        };
        let noted: Value = serde_json::from_str(&noted).map_err(|error| error.to_string())?;
        let at = self.remote.at(noted["base_url"].as_str())?;
        let workspace = noted["workspace"].as_str().unwrap_or_default();
        let key = run.to_string();
        let found = find(at, workspace, (run, &key)).await;
        let mut gone = Vec::new();
        for known in found.map_err(|failure| failure.detail)? {
            let let_go = known.let_go(at, "It was not approved.").await;
            if let_go.map_err(|failure| failure.detail)? {
                gone.push(known.id);
            }
        }
        std::fs::remove_file(&note).map_err(|error| error.to_string())?;
        let gone = gone.join(", ");
        Ok((!gone.is_empty()).then(|| format!("{gone} is discarded")))
    }
}
