//! `list_runs`: what automation did, does, or waits to do.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::automation::{RunState, Verdict, Verification};
use tocsin_domain::ports::{RunDetails, RunFilter};

use super::arguments::{id, limit, range_ms, rfc3339, word};
use super::error::ToolError;
use super::lines::data;
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;
use crate::understand::time::DAY_MS;
use crate::words::moment;

/// The most runs of an answer.
const RUNS_MAX: usize = 20;
/// The most that are looked at to find those of a target.
const SEARCHED_MAX: usize = 500;
/// How far back is looked where nothing is said, in ms.
const BACK_MS: i64 = 30 * DAY_MS;

/// What automation did.
pub(crate) struct ListRuns;

/// Which runs. Everything that is given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The id of an alert that they are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<String>,
    /// The rule of automation that proposed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// A text that must be in one of their targets: a host, a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// In one of these states: `proposed`, `awaiting_approval`, `approved`, `executing`, `verifying`,
    /// `rolling_back`, `succeeded`, `failed`, `rolled_back`, `rejected`, `expired`, `cancelled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) states: Vec<String>,
    /// The first moment at which they were proposed: RFC 3339, or as in `2 hours ago`. Default: 30 days
    /// before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The last moment. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// How many: 1 to 20. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) id: String,
    pub(crate) rule: String,
    /// What is done, and to what.
    pub(crate) action: String,
    pub(crate) state: &'static str,
    /// Why it is there, as a sentence.
    pub(crate) because: String,
    /// Whether it was seen that it helped; none: it was not looked for, or not yet.
    pub(crate) helped: Option<bool>,
    pub(crate) is_dry_run: bool,
    /// Whether the provider was told.
    pub(crate) is_executed: bool,
    /// Whose yes it waits for.
    pub(crate) waits_for: Option<String>,
    pub(crate) approved_by: Vec<String>,
    pub(crate) alert: String,
    pub(crate) proposed: String,
    /// Where people see it, and approve or reject it.
    pub(crate) link: String,
    #[serde(skip)]
    pub(crate) run_state: RunState,
    #[serde(skip)]
    pub(crate) proposed_ms: i64,
}

/// What was found, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Runs {
    /// True if there are older ones.
    pub(crate) is_more: bool,
    pub(crate) runs: Vec<RunFound>,
}

#[async_trait]
impl Tool for ListRuns {
    const NAME: &'static str = "list_runs";
    const ABOUT: &'static str = "Lists runs of automation, newest first: what was done about an alert, what waits for approval, whether it helped, with the link where people decide. It starts and approves nothing.";
    type Arguments = Arguments;
    type Found = Runs;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Runs>, ToolError> {
        let limit = limit(given.limit, 10, RUNS_MAX)?;
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            BACK_MS,
        )?;
        let states = given.states.iter();
        let states = states.map(|name| word("states", name, RunState::from_name));
        let filter = RunFilter {
            states: states.collect::<Result<_, _>>()?,
            rule: given.rule.clone(),
            alert: given
                .alert
                .as_deref()
                .map(|text| id("alert", text))
                .transpose()?,
            from_ms: Some(range.0),
            to_ms: Some(range.1.saturating_add(1)),
            ..RunFilter::default()
        };
        let automation = desk.tools.parts.automation.clone();
        let wanted = given.target.as_deref().map(str::to_lowercase);
        let searched = match wanted {
            Some(_) => SEARCHED_MAX,
            None => limit + 1,
        };
        let mut all = automation.runs(&filter, None, searched).await?;
        if let Some(wanted) = &wanted {
            let is_it = |target: &String| target.to_lowercase().contains(wanted.as_str());
            all.retain(|run| run.targets.iter().any(is_it));
        }
        let is_more = all.len() > limit;
        all.truncate(limit);
        let mut runs = Vec::with_capacity(all.len());
        for run in all {
            // It may have been forgotten meanwhile.
            if let Some(details) = automation.run(run.id).await? {
                runs.push(cited(&details, desk.book));
            }
        }
        let summary = match (runs.len(), is_more) {
            (0, _) => "no run".to_owned(),
            (1, false) => "1 run".to_owned(),
            (count, true) => format!("{count} runs, and older ones"),
            (count, false) => format!("{count} runs"),
        };
        Ok(Found::new(summary, Runs { is_more, runs }))
    }
}

/// A run, cited.
fn cited(details: &RunDetails, book: &mut FactBook) -> RunFound {
    let run = &details.run;
    let action = action(details);
    let helped = run.verification.map(|seen| seen == Verification::Held);
    let agreed = details.votes.iter();
    let approved_by: Vec<String> = agreed
        .filter(|vote| vote.verdict == Verdict::Approve && Some(vote.plan) == run.plan)
        .map(|vote| data(&vote.actor))
        .collect();
    let link = format!("/automation/runs/{}", run.id);
    let mut text = format!(
        "Run of automation {} ({}): {action}; proposed {} by {}",
        data(&run.rule),
        run.state.name().replace('_', " "),
        moment(run.created_ms),
        data(&run.proposer),
    );
    if run.is_dry_run {
        text.push_str("; a dry run: nothing is done");
    }
    if !approved_by.is_empty() {
        text = format!("{text}; approved by {}", approved_by.join(", "));
    }
    if let Some(began_ms) = run.executed_ms {
        text = format!("{text}; carried out {}", moment(began_ms));
    }
    match helped {
        Some(true) => text.push_str("; it was seen that it helped"),
        Some(false) => text.push_str("; it was seen that it did not help"),
        None => {}
    }
    let waits_for = details.waits_for.as_deref().map(data);
    if let Some(who) = &waits_for {
        text = format!("{text}; it waits for {who}");
    }
    let because = data(&run.reason);
    let title = data(&run.title);
    let text = format!("{text}; {because}; about the alert “{title}”; {link}");
    let evidence = Evidence::Run {
        id: run.id,
        title: format!("{}: {action}", data(&run.rule)),
    };
    RunFound {
        fact: book.cite(evidence, Some(run.created_ms), &text),
        id: run.id.to_string(),
        rule: data(&run.rule),
        action,
        state: run.state.name(),
        because,
        helped,
        is_dry_run: run.is_dry_run,
        is_executed: run.executed_ms.is_some(),
        waits_for,
        approved_by,
        alert: run.episode.alert.to_string(),
        proposed: rfc3339(run.created_ms),
        link,
        run_state: run.state,
        proposed_ms: run.created_ms,
    }
}

/// `script clean on web-1`.
fn action(details: &RunDetails) -> String {
    let run = &details.run;
    let what = match &details.plan {
        Some(plan) => plan.action.template.clone(),
        None => format!("something of the provider {}", run.provider),
    };
    match run.targets.is_empty() {
        true => data(&what),
        false => data(&format!("{what} on {}", run.targets.join(", "))),
    }
}
