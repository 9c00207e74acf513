//! What was the cause before, where people said so.

use std::collections::BTreeMap;

use tocsin_domain::alert::{Alert, IncidentId};
use tocsin_domain::copilot::RootCauseSubject;
use tocsin_domain::ports::{SimilarIncident, StoreError};
use tocsin_rank::PastCause;

use super::Scope;
use crate::root_cause::RootCauseFinder;

/// Similar incidents that are looked at.
const SIMILAR_MAX: usize = 10;
/// Confirmed causes that are looked at.
const CONFIRMED_MAX: usize = 200;

/// The past of an alarm.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) causes: Vec<PastCause>,
    /// The likest first.
    pub(super) similar: Vec<SimilarIncident>,
}

impl RootCauseFinder {
    /// Incidents like the one at hand, and what people say their causes were.
    pub(super) async fn past(&self, scope: &Scope<'_>) -> Result<Past, StoreError> {
        let incident = match scope.subject {
            Some(RootCauseSubject::Incident(incident)) => Some(incident),
            _ => scope.alerts.iter().find_map(|alert| alert.incident),
        };
        let similar = match incident {
            Some(incident) => {
                self.parts
                    .desk
                    .similar_incidents(incident, SIMILAR_MAX)
                    .await?
            }
            None => None,
        };
        let similar = similar.unwrap_or_default();
        let confirmed = self
            .parts
            .root_causes
            .confirmed_causes(CONFIRMED_MAX)
            .await?;
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for cause in confirmed {
            let is_alike = match cause.subject {
                subject if Some(subject) == scope.subject => false,
                RootCauseSubject::Incident(id) => is_among(&similar, id),
                RootCauseSubject::Alert(id) => match self.parts.alerts.alert(id).await? {
                    Some(past) => is_like(&past, scope.alerts, &similar),
                    None => false,
                },
            };
            *counts.entry(cause.entity).or_default() += u32::from(is_alike);
        }
        let causes = counts.into_iter().filter(|(_, confirmed)| *confirmed > 0);
        Ok(Past {
            causes: causes
                .map(|(entity, confirmed)| PastCause { entity, confirmed })
                .collect(),
            similar,
        })
    }
}

fn is_among(similar: &[SimilarIncident], id: IncidentId) -> bool {
    similar.iter().any(|one| one.incident.id == id)
}

/// Whether an alert of the past is one of these over again, or belongs to a similar incident.
fn is_like(past: &Alert, alerts: &[Alert], similar: &[SimilarIncident]) -> bool {
    let is_again = |alert: &Alert| alert.fingerprint == past.fingerprint && alert.id != past.id;
    alerts.iter().any(is_again) || past.incident.is_some_and(|id| is_among(similar, id))
}
