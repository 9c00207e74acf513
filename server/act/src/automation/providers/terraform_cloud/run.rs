//! Runs of HCP Terraform: made once under a message, found by it, and followed.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tocsin_domain::automation::RunId;

use super::wanted::Wanted;
use crate::automation::provider::Certainty;
use crate::automation::providers::digits;
use crate::automation::providers::remote::{At, Failure};
use crate::civil::rfc3339;

/// How many runs of a workspace are looked at at a time, and how often at most.
const PAGE: usize = 100;
const PAGES_MAX: usize = 10;
/// How far its clock and ours may be apart, in ms.
const SKEW_MS: i64 = 3_600_000;

/// A run as it is told.
#[derive(Debug, Clone, Default)]
pub(super) struct CloudRun {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) message: String,
    pub(super) plan: String,
    pub(super) apply: String,
    pub(super) workspace: String,
    pub(super) applies_itself: bool,
    created: String,
    is_confirmable: bool,
    is_discardable: bool,
    is_cancelable: bool,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is being planned, or something that is not known.
    Planning,
    /// It waits for someone to confirm it.
    Waiting,
    /// A policy failed, and someone who may must say that it does not matter.
    Overruled,
    /// It is planned, and there is nothing to apply.
    Finished,
    /// It was confirmed.
    Applying,
    /// It is applied.
    Applied,
    /// It went wrong.
    Errored,
    /// It was discarded before it was applied.
    Discarded,
    /// It was stopped.
    Cancelled,
}

impl CloudRun {
    pub(super) fn of(data: &Value) -> Option<Self> {
        let attributes = &data["attributes"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let related = |name: &str| text(&data["relationships"][name]["data"]["id"]);
        let may = |name: &str| attributes["actions"][name] == true;
        let id = data["id"].as_str()?;
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let ids = [id, &related("plan"), &related("apply")];
        if id.is_empty() || !ids.iter().all(|id| id.chars().all(is_id)) {
            return None;
        }
        Some(Self {
            id: id.to_owned(),
            status: text(&attributes["status"]),
            message: text(&attributes["message"]),
            plan: related("plan"),
            apply: related("apply"),
            workspace: related("workspace"),
            applies_itself: attributes["auto-apply"] == true,
            created: text(&attributes["created-at"]),
            is_confirmable: may("is-confirmable"),
            is_discardable: may("is-discardable"),
            is_cancelable: may("is-cancelable"),
        })
    }

    pub(super) async fn read(at: At<'_>, id: &str) -> Result<Self, Failure> {
        let answer = at.get(&format!("/api/v2/runs/{id}")).await?;
        Self::of(&answer["data"]).ok_or_else(|| Failure::not_now("the run cannot be read"))
    }

    pub(super) fn stage(&self) -> Stage {
        match self.status.as_str() {
            "applied" => Stage::Applied,
            "planned_and_finished" | "planned_and_saved" => Stage::Finished,
            "errored" | "policy_soft_failed" => Stage::Errored,
            "discarded" => Stage::Discarded,
            "canceled" | "force_canceled" => Stage::Cancelled,
            "confirmed"
            | "queuing_apply"
            | "apply_queued"
            | "applying"
            | "pre_apply_running"
            | "pre_apply_completed"
            | "post_apply_running"
            | "post_apply_completed" => Stage::Applying,
            "policy_override" => Stage::Overruled,
            _ if self.is_confirmable => Stage::Waiting,
            _ => Stage::Planning,
        }
    }

    /// What ties a plan of ours to this run and its plan.
    pub(super) fn hash(&self) -> String {
        let ids = format!("{}\n{}\n{}", self.workspace, self.id, self.plan);
        digits(&Sha256::digest(ids.as_bytes()))
    }

    /// Asks for something to be done with it.
    ///
    /// # Errors
    /// A conflict says that it is too far for that, or not far enough.
    pub(super) async fn act(&self, at: At<'_>, what: &str, comment: &str) -> Result<(), Failure> {
        let path = format!("/api/v2/runs/{}/actions/{what}", self.id);
        at.post(&path, &json!({ "comment": comment }))
            .await
            .map(drop)
    }

    /// Has it stop, wherever it is.
    pub(super) async fn stop(&self, at: At<'_>, comment: &str) -> Result<(), Failure> {
        let what = match (self.is_discardable, self.is_cancelable) {
            (true, _) => "discard",
            (false, true) => "cancel",
            (false, false) => return Ok(()),
        };
        match self.act(at, what, comment).await {
            // It went on meanwhile.
            Err(failure) if failure.status == Some(409) => Ok(()),
            done => done,
        }
    }

    /// Has it stop unless it is being, or was, applied; whether there was anything to stop.
    pub(super) async fn let_go(&self, at: At<'_>, comment: &str) -> Result<bool, Failure> {
        match self.stage() {
            Stage::Planning | Stage::Waiting | Stage::Overruled => {}
            _ => return Ok(false),
        }
        if !self.is_discardable && !self.is_cancelable {
            let why = format!("{} is {} and cannot be let go of yet", self.id, self.status);
            return Err(Failure::not_now(why));
        }
        let what = if self.is_discardable {
            "discard"
        } else {
            "cancel"
        };
        self.act(at, what, comment).await.map(|()| true)
    }
}

/// What the message of a run of ours begins with.
pub(super) fn beginning(key: &str) -> String {
    format!("Tocsin {key} ")
}

/// The runs of a workspace that were made under a key, the newest first.
pub(super) async fn find(
    at: At<'_>,
    workspace: &str,
    (run, key): (RunId, &str),
) -> Result<Vec<CloudRun>, Failure> {
    // They were made after the run's alert began.
    let began_ms = i64::try_from(run.0 >> 80).unwrap_or(0);
    let oldest = rfc3339(began_ms.saturating_sub(SKEW_MS));
    let beginning = beginning(key);
    let mut found = Vec::new();
    for page in 1..=PAGES_MAX {
        let path = format!(
            "/api/v2/workspaces/{workspace}/runs?page%5Bnumber%5D={page}&page%5Bsize%5D={PAGE}"
        );
        let answer = at.get(&path).await?;
        let data = answer["data"].as_array();
        let runs: Vec<CloudRun> = data
            .into_iter()
            .flatten()
            .filter_map(CloudRun::of)
            .collect();
        let is_older = runs.last().is_some_and(|last| *last.created < *oldest);
        found.extend(
            runs.into_iter()
                .filter(|run| run.message.starts_with(&beginning)),
        );
        if answer["meta"]["pagination"]["next-page"].is_null() || is_older {
            return Ok(found);
        }
    }
    Err(Failure::not_now(format!(
        "over {} runs were made in the workspace since",
        PAGE * PAGES_MAX
    )))
}

/// Makes a run that is planned and waits.
pub(super) async fn make(
    at: At<'_>,
    workspace: &str,
    wanted: &Wanted,
    (message, plan_only): (&str, bool),
) -> Result<CloudRun, Failure> {
    let mut attributes = wanted.attributes();
    attributes.insert("message".to_owned(), message.into());
    attributes.insert("auto-apply".to_owned(), false.into());
    attributes.insert("plan-only".to_owned(), plan_only.into());
    let body = json!({ "data": {
        "type": "runs",
        "attributes": attributes,
        "relationships": { "workspace": { "data": { "type": "workspaces", "id": workspace } } },
    } });
    let answer = at.post("/api/v2/runs", &body).await?;
    let answer = at.json(&answer)?;
    CloudRun::of(&answer["data"]).ok_or_else(|| Failure {
        certainty: Certainty::Unsure,
        ..Failure::never("the answer names no run")
    })
}
