//! The parameters that say which alerts are meant, and how they become a filter.

use serde::Deserialize;
use tocsin_domain::Timestamp;
use tocsin_domain::alert::{Alert, AlertKind, AlertSeverity, AlertStatus};
use tocsin_domain::ports::AlertFilter;
use utoipa::IntoParams;

use super::matchers;
use super::time;
use crate::errors::ApiError;

/// Which alerts. Lists are separated by commas.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertParams {
    /// Only these: new, acknowledged, in_progress, resolved.
    pub(crate) status: Option<String>,
    /// Only these: critical, high, medium, low.
    pub(crate) severity: Option<String>,
    /// Only these: realtime, anomaly, predictive.
    pub(crate) kind: Option<String>,
    /// A matcher such as `team="db"` or `host=~"web-.*"`; may be repeated, all hold.
    #[param(value_type = Option<Vec<String>>, style = Form, explode)]
    pub(crate) label: Option<String>,
    /// Words that the title or labels must all contain, case ignored.
    pub(crate) q: Option<String>,
    /// Only those of this rule.
    pub(crate) rule: Option<String>,
    /// Only those of this type of failure.
    pub(crate) failure_type: Option<String>,
    /// Only those of this incident.
    pub(crate) incident: Option<String>,
    /// Only those of this person; given but empty: of nobody.
    pub(crate) assignee: Option<String>,
    /// Only those that fire (true), or that do not (false).
    pub(crate) firing: Option<bool>,
    /// Those that began at this time or later. Default: no bound.
    pub(crate) from: Option<String>,
    /// Those that began before this time. Default: no bound.
    pub(crate) to: Option<String>,
}

impl AlertParams {
    pub(crate) fn read(&self, now: Timestamp) -> Result<AlertFilter, ApiError> {
        let instant = |field: &str, text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::parse(field, text, now).map(|at| Some(at.millis())),
        };
        let own = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let incident = own(&self.incident);
        let incident = incident.map(|id| uuid("incident", &id)).transpose()?;
        let (from_ms, to_ms) = (instant("from", &self.from)?, instant("to", &self.to)?);
        if from_ms.zip(to_ms).is_some_and(|(from, to)| from > to) {
            return Err(ApiError::field(
                "to",
                "a time not before `from`",
                "`to` is before `from`",
            ));
        }
        let pick = Picked::read(&self.status, &self.severity, &self.kind)?;
        Ok(AlertFilter {
            statuses: pick.statuses,
            severities: pick.severities,
            kinds: pick.kinds,
            matchers: matchers::read_lines("label", self.label.as_deref())?,
            text: own(&self.q),
            rule: own(&self.rule),
            failure_type: own(&self.failure_type),
            incident: incident.map(tocsin_domain::alert::IncidentId),
            assignee: self.assignee.clone(),
            is_firing: self.firing,
            from_ms,
            to_ms,
        })
    }
}

/// Which changes a live reader hears of, and from where on. The filters look at the alert as it is
/// after the change.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveParams {
    /// What to hear of, separated by commas: alerts (the default, and all there is so far).
    pub(crate) topics: Option<String>,
    /// Only these: new, acknowledged, in_progress, resolved.
    pub(crate) status: Option<String>,
    /// Only these: critical, high, medium, low.
    pub(crate) severity: Option<String>,
    /// Only these: realtime, anomaly, predictive.
    pub(crate) kind: Option<String>,
    /// A matcher such as `team="db"`; may be repeated, all hold.
    #[param(value_type = Option<Vec<String>>, style = Form, explode)]
    pub(crate) label: Option<String>,
    /// First everything that happened after the event of this number. `Last-Event-ID` goes before.
    pub(crate) after: Option<u64>,
}

impl LiveParams {
    pub(crate) fn read(&self) -> Result<AlertFilter, ApiError> {
        let topics = self.topics.as_deref().unwrap_or_default().split(',');
        if let Some(other) = topics
            .map(str::trim)
            .find(|topic| !["", "alerts"].contains(topic))
        {
            let detail = format!("`{other}` is not a topic");
            return Err(ApiError::field("topics", "alerts", detail));
        }
        let pick = Picked::read(&self.status, &self.severity, &self.kind)?;
        Ok(AlertFilter {
            statuses: pick.statuses,
            severities: pick.severities,
            kinds: pick.kinds,
            matchers: matchers::read_lines("label", self.label.as_deref())?,
            ..AlertFilter::default()
        })
    }
}

/// Whether a live reader's filter lets an alert pass: by status, severity, kind and labels.
pub(crate) fn passes(filter: &AlertFilter, alert: &Alert) -> bool {
    fn among<T: PartialEq>(list: &[T], one: &T) -> bool {
        list.is_empty() || list.contains(one)
    }
    among(&filter.statuses, &alert.status)
        && among(&filter.severities, &alert.severity)
        && among(&filter.kinds, &alert.kind)
        && alert.labels.satisfies(&filter.matchers)
}

struct Picked {
    statuses: Vec<AlertStatus>,
    severities: Vec<AlertSeverity>,
    kinds: Vec<AlertKind>,
}

impl Picked {
    fn read(
        status: &Option<String>,
        severity: &Option<String>,
        kind: &Option<String>,
    ) -> Result<Self, ApiError> {
        let expected = "new, acknowledged, in_progress or resolved";
        Ok(Self {
            statuses: names("status", status, expected, AlertStatus::from_name)?,
            severities: names("severity", severity, SEVERITIES, AlertSeverity::from_name)?,
            kinds: names(
                "kind",
                kind,
                "realtime, anomaly or predictive",
                AlertKind::from_name,
            )?,
        })
    }
}

pub(crate) const SEVERITIES: &str = "critical, high, medium or low";

/// A list of names, separated by commas.
pub(crate) fn names<T>(
    field: &str,
    list: &Option<String>,
    expected: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let list = list.as_deref().unwrap_or_default().split(',');
    list.map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| named(field, name, expected, &from_name))
        .collect()
}

/// What a name means.
pub(crate) fn named<T>(
    field: &str,
    name: &str,
    expected: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, ApiError> {
    from_name(name).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        ApiError::field(field, expected, format!("`{shown}` is not one of them"))
    })
}

/// An id of an alert, incident or silence.
pub(crate) fn uuid(field: &str, text: &str) -> Result<u128, ApiError> {
    let parsed = uuid::Uuid::parse_str(text.trim());
    parsed.map(|uuid| uuid.as_u128()).map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        ApiError::field(field, "a UUID", format!("`{shown}` is not an id"))
    })
}
