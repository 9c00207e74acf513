//! What an alert or incident asks to be explained.

use tocsin_domain::alert::{Alert, Evidence, Incident};
use tocsin_domain::copilot::RootCauseSubject;
use tocsin_domain::metric::NAME_LABEL;
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
    /// The target of an alert or incident as of now; none if it is not there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn target_of(
        &self,
        subject: RootCauseSubject,
    ) -> Result<Option<Target>, StoreError> {
        match self.subject(subject).await? {
            Some(found) => Ok(Some(self.target(&found).await?)),
            None => Ok(None),
        }
    }

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
        let (mut owners, mut kinds) = (Vec::new(), Vec::new());
        for alert in &subject.alerts {
            let measured = self.measured(alert).await?;
            owners.extend(self.owner_of(alert, measured.as_ref()));
            let kind = self.kind_of(measured.as_ref());
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        owners.sort_unstable();
        owners.dedup();
        Ok(Target {
            // Several are named: any of them may suffer from any other.
            entity: owners.pop().filter(|_| owners.is_empty()),
            kind: kinds.pop().flatten().filter(|_| kinds.is_empty()),
            at_ms,
            from_ms: at_ms - i64::from(self.config.window_minutes) * 60_000,
            to_ms: now_ms.clamp(at_ms, last_ms.unwrap_or(at_ms).max(at_ms) + AFTER_MS),
        })
    }

    /// Whom an alert names. An address alone is better known by the series that was measured there.
    fn owner_of(&self, alert: &Alert, measured: Option<&Labels>) -> Option<String> {
        let named = self.conventions.of_alert(&alert.labels);
        let is_address = named.as_ref().is_none_or(|owner| owner.key == "instance");
        let measured = measured.and_then(|labels| self.conventions.of_series(labels));
        let owner = measured.filter(|_| is_address).or(named)?;
        Some(owner.entity)
    }

    /// What a series measures, unless it only says that something is different, which explains nothing by itself.
    fn kind_of(&self, measured: Option<&Labels>) -> Option<SignalKind> {
        let kind = self.conventions.measure(measured?)?.kind;
        (!matches!(kind, SignalKind::Traffic | SignalKind::Other)).then_some(kind)
    }

    /// The labels of the series that an alert rests on.
    async fn measured(&self, alert: &Alert) -> Result<Option<Labels>, StoreError> {
        for evidence in &alert.evidence {
            let labels = match evidence {
                // The labels of the alert say which of the query's answers it is.
                Evidence::Metric { query, .. } => metric_of(query).and_then(|name| {
                    let own = alert
                        .labels
                        .iter()
                        .filter(|(label, _)| *label != "alertname");
                    Labels::new(own.chain([(NAME_LABEL, name)])).ok()
                }),
                Evidence::Anomaly { id, .. } => {
                    let anomaly = self.parts.anomalies.anomaly(*id).await?;
                    anomaly.map(|anomaly| anomaly.labels)
                }
                Evidence::Prediction { series, .. } => self.labels_of(*series).await?,
                _ => None,
            };
            if labels.is_some() {
                return Ok(labels);
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
fn metric_of(query: &str) -> Option<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let mut rest = query;
    while let Some(at) = rest.find(is_name) {
        let word = &rest[at..];
        let end = word.find(|c| !is_name(c)).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        let next = after.trim_start();
        let names_labels = matches!(name, "by" | "without" | "on" | "ignoring");
        let is_call = next.starts_with('(');
        let is_aggregation = next.starts_with("by") || next.starts_with("without");
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if begins && !names_labels && !is_call && !is_aggregation {
            return Some(name);
        }
        rest = match next.split_once(')') {
            Some((_, after)) if names_labels => after,
            _ => after,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tocsin_domain::metric::FindingId;

    use super::*;
    use crate::changes::{ChangeFinder, ChangeRules};
    use crate::fakes::{BEGIN_MS, World, alert};
    use crate::root_cause::RootCauseConfig;

    #[test]
    fn a_query_names_its_metric() {
        assert_eq!(metric_of("up"), Some("up"));
        let query = "rate(http_errors_total{code=\"5xx\"}[5m]) > 0";
        assert_eq!(metric_of(query), Some("http_errors_total"));
        assert_eq!(metric_of("sum without (pod) (up == 0)"), Some("up"));
        assert_eq!(metric_of("max(node_load1) by (host)"), Some("node_load1"));
        assert_eq!(metric_of("1 + 2"), None);
        assert_eq!(metric_of("größe{"), Some("gr"));
    }

    #[tokio::test]
    async fn an_address_is_known_by_the_series_that_was_measured_there() {
        let world = World::new();
        let parts = world.parts();
        let rules = ChangeRules::built_in().unwrap();
        let changes = Arc::new(ChangeFinder::new(parts.clone(), rules));
        let config = RootCauseConfig::default();
        let finder = RootCauseFinder::new(
            parts,
            changes,
            Arc::default(),
            Arc::new(tocsin_llm::Prompts::load(None).unwrap()),
            config,
        );
        let points = [(BEGIN_MS, 1.0)];
        let labels = [("job", "shop"), ("instance", "10.0.0.7:9000")];
        let series = world.measure("shop_latency_seconds", &labels, &points);
        let mut odd = alert("anomaly", &[("instance", "10.0.0.7:9000")], "odd", BEGIN_MS);
        odd.evidence = vec![Evidence::Prediction {
            id: FindingId(1),
            series,
            explanation: String::new(),
        }];
        let subject = Subject {
            alerts: vec![odd.clone()],
            incident: None,
        };
        let target = finder.target(&subject).await.unwrap();
        assert_eq!(target.entity.as_deref(), Some("shop"));
        assert_eq!(target.kind, Some(SignalKind::Latency));
        let other = alert("failure", &[("service", "web")], "no", BEGIN_MS + 60_000);
        let subject = Subject {
            alerts: vec![odd, other],
            incident: None,
        };
        world.set_now(BEGIN_MS + 7_200_000);
        let target = finder.target(&subject).await.unwrap();
        assert_eq!((target.entity, target.kind), (None, None));
        assert_eq!(target.to_ms, BEGIN_MS + 60_000 + AFTER_MS);
    }
}
