//! `propose_remediation`: what could be done about an alert, an incident or a type of failure. A proposal and
//! nothing more: nothing is done, and nobody is asked to do it.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{Alert, AlertId, IncidentId};
use tocsin_domain::copilot::Proposal;
use tocsin_domain::ports::AlertFilter;

use super::arguments::id;
use super::error::ToolError;
use super::get_runbook;
use super::list_alerts;
use super::toolbox::{Desk, Found, Tool};

/// The most proposals of an answer.
const PROPOSALS_MAX: usize = 3;
/// The most alerts of an incident that are looked at.
const ALERTS_MAX: usize = 50;

/// What could be done.
pub(crate) struct ProposeRemediation;

/// About what; one of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// A type of failure, such as `disk_full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure_type: Option<String>,
    /// The id of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<String>,
    /// The id of an incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) incident: Option<String>,
}

/// A proposal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Proposed {
    pub(crate) failure_type: String,
    pub(crate) steps: Vec<String>,
    pub(crate) verify: String,
    pub(crate) facts: Vec<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct ProposalsFound {
    pub(crate) proposals: Vec<Proposed>,
    /// Types of failure without a runbook.
    pub(crate) without_runbook: Vec<String>,
}

#[async_trait]
impl Tool for ProposeRemediation {
    const NAME: &'static str = "propose_remediation";
    const ABOUT: &'static str = "Proposes what could be done, from the runbooks that people wrote. It does nothing and starts nothing.";
    type Arguments = Arguments;
    type Found = ProposalsFound;

    async fn ask(
        desk: &mut Desk<'_>,
        given: &Arguments,
    ) -> Result<Found<ProposalsFound>, ToolError> {
        // Each type with the facts that call for it.
        let mut wanted: Vec<(String, Vec<String>)> = Vec::new();
        for alert in alerts(desk, given).await? {
            let Some(failure_type) = alert.failure_type.clone() else {
                continue;
            };
            let fact = list_alerts::cited(&alert, desk.book).fact;
            match wanted.iter_mut().find(|(name, _)| *name == failure_type) {
                Some((_, facts)) => facts.extend(fact),
                None => wanted.push((failure_type, fact.into_iter().collect())),
            }
        }
        wanted.extend(given.failure_type.clone().map(|name| (name, Vec::new())));
        let runbooks = desk.tools.runbooks.clone();
        let (mut proposals, mut without_runbook) = (Vec::new(), Vec::new());
        for (failure_type, mut facts) in wanted {
            match runbooks.get(&failure_type) {
                Some(runbook) if proposals.len() < PROPOSALS_MAX => {
                    let found = get_runbook::cited(runbook, desk.book);
                    facts.truncate(3);
                    facts.extend(found.fact);
                    proposals.push(Proposed {
                        failure_type,
                        steps: found.steps,
                        verify: found.verify,
                        facts,
                    });
                }
                Some(_) => {}
                None => without_runbook.push(failure_type),
            }
        }
        let summary = match proposals.len() {
            0 => "no runbook fits".to_owned(),
            1 => "1 proposal".to_owned(),
            count => format!("{count} proposals"),
        };
        Ok(Found {
            proposals: proposals.iter().map(proposal).collect(),
            ..Found::new(
                summary,
                ProposalsFound {
                    proposals,
                    without_runbook,
                },
            )
        })
    }
}

fn proposal(one: &Proposed) -> Proposal {
    Proposal {
        failure_type: one.failure_type.clone(),
        steps: one.steps.clone(),
        verify: one.verify.clone(),
        cites: one.facts.clone(),
    }
}

async fn alerts(desk: &Desk<'_>, given: &Arguments) -> Result<Vec<Alert>, ToolError> {
    match (&given.alert, &given.incident, &given.failure_type) {
        (Some(alert), None, None) => {
            let id: AlertId = id("alert", alert)?;
            Ok(vec![list_alerts::alert(desk, id).await?])
        }
        (None, Some(incident), None) => {
            let id: IncidentId = id("incident", incident)?;
            let filter = AlertFilter {
                incident: Some(id),
                ..AlertFilter::default()
            };
            Ok(desk
                .tools
                .parts
                .alerts
                .alerts(&filter, None, ALERTS_MAX)
                .await?)
        }
        (None, None, Some(_)) => Ok(Vec::new()),
        _ => Err(ToolError::Invalid(
            "expected one of `failure_type`, `alert` and `incident`".into(),
        )),
    }
}
