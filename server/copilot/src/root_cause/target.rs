//! What an alert or incident asks to be explained.

use tocsin_domain::alert::{Alert, Evidence, Incident};
use tocsin_domain::copilot::RootCauseSubject;
use tocsin_domain::ports::{AlertFilter, StoreError};
use tocsin_domain::{Labels, SeriesId};
use tocsin_rank::SignalKind;

use super::{RootCauseFinder, Target};

/// Alerts of an incident that are looked at; the earliest.
const ALERTS_MAX: usize = 200;
/// How long after an alarm its consequences belong to it, in ms: ten minutes.
const AFTER_MS: i64 = 600_000;

/// An alert or incident with its alerts, the earliest first.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) alerts: Vec<Alert>,
    pub(super) incident: Option<Incident>,
}

impl RootCauseFinder {
    /// What a subject is about; none if it is not there.
    pub(super) async fn subject(
        &self,
        subject: RootCauseSubject,
    ) -> Result<Option<Subject>, StoreError> {
        let store = &self.parts.alerts;
        match subject {
            RootCauseSubject::Alert(id) => {
                let alert = store.alert(id).await?;
                Ok(alert.map(|alert| Subject {
                    alerts: vec![alert],
                    incident: None,
                }))
            }
            RootCauseSubject::Incident(id) => {
                let Some(incident) = store.incident(id).await? else {
                    return Ok(None);
                };
                let filter = AlertFilter {
                    incident: Some(id),
                    ..AlertFilter::default()
                };
                let mut alerts = store.alerts(&filter, None, ALERTS_MAX).await?;
                alerts.sort_by_key(|alert| (alert.starts_ms, alert.id));
                Ok(Some(Subject {
                    alerts,
                    incident: Some(incident),
                }))
            }
        }
    }

    /// The target of a subject as of now.
    pub(super) async fn target(&self, subject: &Subject) -> Result<Target, StoreError> {
        let now_ms = self.parts.clock.now().millis();
        let first = subject.alerts.first();
        let begun = subject.incident.as_ref().map(|incident| incident.starts_ms);
        let at_ms = first
            .map(|alert| alert.starts_ms)
            .or(begun)
            .unwrap_or(now_ms);
        let last_ms = subject.alerts.iter().map(|alert| alert.starts_ms).max();
        let mut owners: Vec<String> = subject
            .alerts
            .iter()
            .filter_map(|alert| self.conventions.of_alert(&alert.labels))
            .map(|owner| owner.entity)
            .collect();
        owners.sort_unstable();
        owners.dedup();
        let mut kinds = Vec::new();
        for alert in &subject.alerts {
            let kind = self.kind_of(alert).await?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(Target {
            // Several are named: any of them may suffer from any other.
            entity: owners.pop().filter(|_| owners.is_empty()),
            kind: kinds.pop().flatten().filter(|_| kinds.is_empty()),
            at_ms,
            from_ms: at_ms - i64::from(self.config.window_minutes) * 60_000,
            to_ms: now_ms.clamp(at_ms, last_ms.unwrap_or(at_ms).max(at_ms) + AFTER_MS),
        })
    }

    /// What an alert is about, as far as a series says it.
    async fn kind_of(&self, alert: &Alert) -> Result<Option<SignalKind>, StoreError> {
        for evidence in &alert.evidence {
            let labels = match evidence {
                Evidence::Metric { query, .. } => metric_of(query),
                Evidence::Anomaly { id, .. } => {
                    let anomaly = self.parts.anomalies.anomaly(*id).await?;
                    anomaly.map(|anomaly| anomaly.labels)
                }
                Evidence::Prediction { series, .. } => self.labels_of(*series).await?,
                _ => None,
            };
            let measure = labels.and_then(|labels| self.conventions.measure(&labels));
            let kind = measure.map(|measure| measure.kind);
            // That something else is different explains nothing by itself.
            if let Some(kind) = kind
                && !matches!(kind, SignalKind::Traffic | SignalKind::Other)
            {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    async fn labels_of(&self, series: SeriesId) -> Result<Option<Labels>, StoreError> {
        let known = self.parts.metrics.describe(&[series]).await?;
        Ok(known
            .into_iter()
            .flatten()
            .next()
            .map(|info| info.labels.clone()))
    }
}

/// The first metric that a query names.
fn metric_of(query: &str) -> Option<Labels> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let mut rest = query;
    while let Some(at) = rest.find(is_name) {
        let word = &rest[at..];
        let end = word.find(|c| !is_name(c)).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_call = after.trim_start().starts_with('(');
        let is_word = matches!(
            name,
            "by" | "without" | "on" | "ignoring" | "offset" | "bool"
        );
        if begins && !is_call && !is_word {
            return Labels::new([("__name__", name)]).ok();
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_its_metric() {
        let name = |query: &str| metric_of(query).map(|labels| labels.name().to_owned());
        assert_eq!(name("up").as_deref(), Some("up"));
        let query = "sum by (service) (rate(http_errors_total{code=\"5xx\"}[5m])) > 0";
        assert_eq!(
            name("rate(http_errors_total{code=\"5xx\"}[5m]) > 0").as_deref(),
            Some("http_errors_total")
        );
        assert!(name(query).is_some());
        assert_eq!(name("1 + 2"), None);
    }
}
