//! `find_root_cause`: what departed around an alarm or a time, ranked. It keeps no report.

use std::cmp::Reverse;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Alert;
use tocsin_domain::copilot::{RootCauseSubject, RootCauseVerdict, Statement};
use tocsin_domain::ports::AlertFilter;

use super::arguments::{id, range_ms, rfc3339};
use super::error::ToolError;
use super::scope::is_of;
use super::toolbox::{Desk, Found, Tool};
use crate::root_cause::{Findings, Target};
use crate::understand::Entity;
use crate::understand::time::HOUR_MS;
use crate::words::percent;

/// How long before it is looked for what led to it, in ms.
const BEFORE_MS: i64 = HOUR_MS / 4;
/// Alerts that are looked at, at most.
const ALERTS_MAX: usize = 500;

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
    let known = match &given.entity {
        Some(name) => Some(super::scope::entity(desk.directory, name)?),
        None => None,
    };
    let subject = match (&given.alert, &given.incident) {
        (Some(alert), None) => Some(RootCauseSubject::Alert(id("alert", alert)?)),
        (None, Some(incident)) => Some(RootCauseSubject::Incident(id("incident", incident)?)),
        (None, None) => None,
        _ => {
            return Err(ToolError::Invalid(
                "expected one of `alert` and `incident`".into(),
            ));
        }
    };
    if let Some(subject) = subject {
        let target = desk.tools.causes.target_of(subject).await?;
        return target
            .ok_or_else(|| ToolError::NotFound("there is no such alert or incident".into()));
    }
    let range = range_ms(
        desk.asker,
        given.from.as_deref(),
        given.to.as_deref(),
        HOUR_MS,
    )?;
    if let Some(alert) = alert_within(desk, known, range).await? {
        let subject = match alert.incident {
            Some(incident) if known.is_none() => RootCauseSubject::Incident(incident),
            _ => RootCauseSubject::Alert(alert.id),
        };
        if let Some(target) = desk.tools.causes.target_of(subject).await? {
            return Ok(Target {
                kind: kind.or(target.kind),
                ..target
            });
        }
    }
    // Of a long time the search itself finds the part that stands out.
    let (from_ms, to_ms) = range;
    Ok(Target {
        entity: known.map(|entity| entity.name.clone()),
        kind,
        at_ms: to_ms,
        from_ms,
        to_ms,
    })
}

/// The alert about an entity (none: about anything) within a time that what was asked is most likely about: the
/// worst, of those the first.
async fn alert_within(
    desk: &Desk<'_>,
    entity: Option<&Entity>,
    (from_ms, to_ms): (i64, i64),
) -> Result<Option<Alert>, ToolError> {
    let filter = AlertFilter {
        to_ms: Some(to_ms.saturating_add(1)),
        ..AlertFilter::default()
    };
    let mut all = desk
        .tools
        .parts
        .alerts
        .alerts(&filter, None, ALERTS_MAX)
        .await?;
    all.retain(|one| {
        one.starts_ms >= from_ms - BEFORE_MS
            && entity.is_none_or(|entity| is_of(entity, one.labels.iter()))
    });
    Ok(all
        .into_iter()
        .min_by_key(|one| (Reverse(one.severity), one.starts_ms, one.id)))
}
