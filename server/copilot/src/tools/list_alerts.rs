//! `list_alerts`: what was found to be wrong.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{Alert, AlertId, AlertSeverity, Evidence};
use tocsin_domain::ports::AlertFilter;

use super::arguments::{limit, range_ms, rfc3339, word};
use super::error::ToolError;
use super::lines::data;
use super::scope::{entity, is_of};
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;
use crate::understand::time::DAY_MS;
use crate::words::moment;

/// The most alerts of an answer.
const ALERTS_MAX: usize = 50;
/// The most that are looked at to find those of an entity.
const SEARCHED_MAX: usize = 1_000;

/// What was found to be wrong.
pub(crate) struct ListAlerts;

/// Which alerts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Services, hosts or sources that they are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<String>,
    /// True for those that fire, false for those that ended; both if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is_firing: Option<bool>,
    /// The least severity: `low`, `medium`, `high` or `critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<String>,
    /// Words that must be in title or labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// The type of failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure_type: Option<String>,
    /// Those that fired at this time or later: RFC 3339, or as in `2 hours ago`. Default: any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// Those that began until then. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// How many: 1 to 50. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// An alert.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AlertFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) severity: &'static str,
    pub(crate) status: &'static str,
    pub(crate) is_firing: bool,
    pub(crate) labels: String,
    pub(crate) failure_type: Option<String>,
    pub(crate) count: u64,
    pub(crate) starts: String,
    pub(crate) ends: Option<String>,
    pub(crate) incident: Option<String>,
    #[serde(skip)]
    pub(crate) starts_ms: i64,
    /// The fact of what its annotations say.
    #[serde(skip)]
    pub(crate) annotated: Option<String>,
}

/// What was found: the worst first, then the newest.
#[derive(Debug, Serialize)]
pub(crate) struct Alerts {
    pub(crate) total: usize,
    pub(crate) firing: usize,
    /// True if there are more than were counted.
    pub(crate) is_more: bool,
    pub(crate) alerts: Vec<AlertFound>,
}

#[async_trait]
impl Tool for ListAlerts {
    const NAME: &'static str = "list_alerts";
    const ABOUT: &'static str = "Lists alerts, the worst and newest first: what is or was wrong, since when, how often it fired and to which incident it belongs.";
    type Arguments = Arguments;
    type Found = Alerts;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Alerts>, ToolError> {
        let limit = limit(given.limit, 10, ALERTS_MAX)?;
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            DAY_MS,
        )?;
        let entities = given
            .entities
            .iter()
            .map(|name| entity(desk.directory, name))
            .collect::<Result<Vec<_>, _>>()?;
        let filter = filter(given, range)?;
        let mut all = desk
            .tools
            .parts
            .alerts
            .alerts(&filter, None, SEARCHED_MAX)
            .await?;
        let is_more = all.len() == SEARCHED_MAX;
        if given.from.is_some() {
            // What began before and went on belongs to the time as well.
            all.retain(|one| one.starts_ms.max(one.ends_ms.unwrap_or(i64::MAX)) >= range.0);
        }
        all.retain(|one| {
            entities
                .iter()
                .all(|entity| is_of(entity, one.labels.iter()))
        });
        all.sort_by_key(|one| {
            (
                !one.is_firing(),
                std::cmp::Reverse((one.severity, one.starts_ms)),
                one.id,
            )
        });
        let firing = all.iter().filter(|one| one.is_firing()).count();
        // The first carries how many there are, so that it can be cited for it.
        let counts = format!(
            "; the first of {} alerts that were found, {firing} of them firing",
            all.len()
        );
        let notes = std::iter::once(counts.as_str()).chain(std::iter::repeat(""));
        let alerts = all
            .iter()
            .zip(notes)
            .take(limit)
            .map(|(one, note)| noted(one, note, desk.book))
            .collect();
        Ok(Found::new(
            format!("{} alerts, {firing} firing", all.len()),
            Alerts {
                total: all.len(),
                firing,
                is_more,
                alerts,
            },
        ))
    }
}

/// What the store is asked for; entities and the begin of the time are looked at afterwards.
fn filter(given: &Arguments, range: (i64, i64)) -> Result<AlertFilter, ToolError> {
    let least = given
        .severity
        .as_deref()
        .map(|name| word("severity", name, AlertSeverity::from_name))
        .transpose()?;
    let severities = AlertSeverity::ALL.iter().copied();
    Ok(AlertFilter {
        severities: severities
            .filter(|one| least.is_none_or(|least| *one >= least))
            .collect(),
        text: given.text.clone(),
        failure_type: given.failure_type.clone(),
        is_firing: given.is_firing,
        to_ms: given.to.as_ref().map(|_| range.1.saturating_add(1)),
        ..AlertFilter::default()
    })
}

/// An alert, cited.
pub(super) fn cited(one: &Alert, book: &mut FactBook) -> AlertFound {
    noted(one, "", book)
}

fn noted(one: &Alert, note: &str, book: &mut FactBook) -> AlertFound {
    let title = data(&one.title);
    let until = one.ends_ms.map_or_else(
        || "still firing".to_owned(),
        |ms| format!("ended {}", moment(ms)),
    );
    let failure = one.failure_type.as_deref();
    let text = format!(
        "Alert ({}, {}): {title}; began {}, {until}, last fired {}, fired {} times{}; {}{note}",
        one.severity.name(),
        one.status.name(),
        moment(one.starts_ms),
        moment(one.last_ms),
        one.count,
        failure.map_or_else(String::new, |name| format!(", type {name}")),
        data(&one.labels.to_string()),
    );
    let evidence = Evidence::Alert {
        id: one.id,
        title: title.clone(),
    };
    let fact = book.cite(evidence.clone(), Some(one.starts_ms), &text);
    AlertFound {
        annotated: annotated(one, evidence, book),
        fact,
        id: one.id.to_string(),
        title,
        severity: one.severity.name(),
        status: one.status.name(),
        is_firing: one.is_firing(),
        labels: data(&one.labels.to_string()),
        failure_type: one.failure_type.clone(),
        count: one.count,
        starts: rfc3339(one.starts_ms),
        ends: one.ends_ms.map(rfc3339),
        incident: one.incident.map(|id| id.to_string()),
        starts_ms: one.starts_ms,
    }
}

/// What the annotations of an alert say, as a fact of its own.
fn annotated(one: &Alert, evidence: Evidence, book: &mut FactBook) -> Option<String> {
    if one.annotations.is_empty() {
        return None;
    }
    let said: Vec<String> = one
        .annotations
        .iter()
        .map(|(name, value)| format!("{name}: {}", data(value)))
        .collect();
    book.cite(evidence, Some(one.starts_ms), &said.join("; "))
}

/// The alert of an id.
pub(super) async fn alert(desk: &Desk<'_>, id: AlertId) -> Result<Alert, ToolError> {
    let found = desk.tools.parts.alerts.alert(id).await?;
    found.ok_or_else(|| ToolError::NotFound(format!("there is no alert `{id}`")))
}
