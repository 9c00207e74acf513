//! `find_root_cause`: what departed around an alarm or a time, ranked. It keeps no report.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{Alert, AlertId, IncidentId};
use tocsin_domain::copilot::{RootCauseVerdict, Statement};
use tocsin_domain::ports::{AlertFilter, AlertStore};
use tocsin_rank::SignalKind;

use super::arguments::{id, range_ms, rfc3339};
use super::error::ToolError;
use super::list_alerts::{self, BEFORE_MS};
use super::toolbox::{Desk, Found, Tool};
use crate::root_cause::{Findings, Target};
use crate::understand::time::HOUR_MS;
use crate::words::percent;

/// The longest window that is looked at, in ms: what is searched for a cause is a moment's surroundings.
const WINDOW_MS_MAX: i64 = 6 * HOUR_MS;
/// Alerts of an incident that are looked at.
const ALERTS_MAX: usize = 100;
/// Labels that name whose an alert is, the most telling first.
const OWNERS: [&str; 6] = [
    "service",
    "service_name",
    "job",
    "host",
    "instance",
    "source",
];

/// What departed around an alarm or a time, ranked.
pub(crate) struct FindRootCause;

/// Around which.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The id of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<String>,
    /// The id of an incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) incident: Option<String>,
    /// The service, host or source that has the trouble.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity: Option<String>,
    /// What is measured that departs, as of `query_metrics`, such as `latency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The first moment: RFC 3339, or as in `2 hours ago`. Default: an hour before `to`, or a quarter of an hour
    /// before the alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The last moment. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
}

/// A statement with its facts.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) facts: Vec<String>,
}

/// Something that may be the cause.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CauseFound {
    pub(crate) entity: String,
    pub(crate) confidence: f64,
    pub(crate) because: Vec<Said>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct CausesFound {
    /// `found` or `inconclusive`.
    pub(crate) verdict: &'static str,
    pub(crate) since: Option<String>,
    pub(crate) what: Vec<Said>,
    pub(crate) impact: Vec<Said>,
    /// The likeliest first.
    pub(crate) causes: Vec<CauseFound>,
    pub(crate) ruled_out: Vec<Said>,
    pub(crate) remediation: Vec<Said>,
    pub(crate) would_settle: Vec<Said>,
    #[serde(skip)]
    pub(crate) findings: Findings,
}

#[async_trait]
impl Tool for FindRootCause {
    const NAME: &'static str = "find_root_cause";
    const ABOUT: &'static str = "Ranks in code what may have caused the trouble around an alert, an incident, or a time: what departed first and most, changes, who calls whom, and the past. Says what was ruled out, or that nothing is conclusive.";
    type Arguments = Arguments;
    type Found = CausesFound;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<CausesFound>, ToolError> {
        let target = target(desk, given).await?;
        let causes = desk.tools.causes.clone();
        let findings = causes.find(&target, desk.book).await?;
        let summary = match (findings.verdict, findings.causes.first()) {
            (RootCauseVerdict::Found, Some(first)) => {
                format!("{}, {} sure", first.entity, percent(first.confidence))
            }
            _ => "nothing conclusive".to_owned(),
        };
        let told = CausesFound {
            verdict: findings.verdict.name(),
            since: findings.since_ms.map(rfc3339),
            what: said(&findings.what),
            impact: said(&findings.impact),
            causes: findings
                .causes
                .iter()
                .map(|cause| CauseFound {
                    entity: cause.entity.clone(),
                    confidence: cause.confidence,
                    because: said(&cause.statements),
                })
                .collect(),
            ruled_out: findings
                .ruled_out
                .iter()
                .flat_map(|one| said(std::slice::from_ref(&one.statement)))
                .collect(),
            remediation: said(&findings.remediation),
            would_settle: said(&findings.would_settle),
            findings,
        };
        Ok(Found::new(summary, told))
    }
}

fn said(statements: &[Statement]) -> Vec<Said> {
    let each = statements.iter().map(|one| Said {
        text: one.text.clone(),
        facts: one.cites.clone(),
    });
    each.collect()
}

async fn target(desk: &Desk<'_>, given: &Arguments) -> Result<Target, ToolError> {
    let kind = match &given.subject {
        Some(name) => Some(desk.tools.catalogue.subject_named(name).ok_or_else(|| {
            ToolError::Invalid(format!("`subject`: `{name}` is none of its values"))
        })?),
        None => None,
    };
    let kind = kind.map(|subject| subject.kind);
    let entity = match &given.entity {
        Some(name) => Some(super::scope::entity(desk.directory, name)?.name.clone()),
        None => None,
    };
    let first = first_alert(desk, given).await?;
    let now = desk.asker.now_ms;
    if given.from.is_none()
        && given.to.is_none()
        && let Some(alert) = first
    {
        let end = alert.ends_ms.unwrap_or(now).max(alert.last_ms);
        return Ok(Target {
            entity: entity.or_else(|| owner(&alert)),
            kind: kind.or_else(|| kind_of(desk, &alert)),
            at_ms: alert.starts_ms,
            from_ms: alert.starts_ms - BEFORE_MS,
            to_ms: end
                .min(alert.starts_ms + BEFORE_MS)
                .max(alert.starts_ms)
                .min(now),
        });
    }
    let (from_ms, to_ms) = range_ms(
        desk.asker,
        given.from.as_deref(),
        given.to.as_deref(),
        HOUR_MS,
    )?;
    let from_ms = from_ms.max(to_ms - WINDOW_MS_MAX);
    Ok(Target {
        entity,
        kind,
        at_ms: to_ms,
        from_ms,
        to_ms,
    })
}

/// The alert that is meant, or the first of the incident.
async fn first_alert(desk: &Desk<'_>, given: &Arguments) -> Result<Option<Alert>, ToolError> {
    match (&given.alert, &given.incident) {
        (Some(alert), None) => {
            let id: AlertId = id("alert", alert)?;
            Ok(Some(list_alerts::alert(desk, id).await?))
        }
        (None, Some(incident)) => {
            let id: IncidentId = id("incident", incident)?;
            let filter = AlertFilter {
                incident: Some(id),
                ..AlertFilter::default()
            };
            let own = desk
                .tools
                .parts
                .alerts
                .alerts(&filter, None, ALERTS_MAX)
                .await?;
            let first = own.into_iter().min_by_key(|one| (one.starts_ms, one.id));
            first.map_or_else(
                || Err(ToolError::NotFound(format!("there is no incident `{id}`"))),
                |first| Ok(Some(first)),
            )
        }
        (None, None) => Ok(None),
        _ => Err(ToolError::Invalid(
            "expected one of `alert` and `incident`".into(),
        )),
    }
}

fn owner(alert: &Alert) -> Option<String> {
    let labels = OWNERS.iter().map(|name| alert.labels.get(name));
    labels
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .next()
}

/// What the alert measures, as far as its name tells.
fn kind_of(desk: &Desk<'_>, alert: &Alert) -> Option<SignalKind> {
    let said = format!("{} {}", alert.rule, alert.title).to_lowercase();
    let words = said.split(|c: char| !c.is_alphanumeric() && c != '-');
    let mut subjects = words.filter_map(|word| desk.tools.catalogue.subject(word));
    subjects.next().map(|subject| subject.kind)
}
