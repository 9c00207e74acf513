//! What the page says of a question: a time, and whose it is.

use tocsin_domain::alert::Alert;
use tocsin_domain::copilot::PageContext;
use tocsin_domain::ports::StoreError;

use super::CopilotService;
use crate::understand::time::{HOUR_MS, MINUTE_MS};
use crate::understand::{Directory, Fit, FoundEntity, Intent, Reading};

/// How long before an alert or a line its time begins, in ms.
const BEFORE_MS: i64 = 15 * MINUTE_MS;
/// How long after a line its time ends, in ms.
const AFTER_MS: i64 = 5 * MINUTE_MS;
/// Labels that name whose an alert is, the most telling first.
const OWNERS: [&str; 5] = ["service", "service_name", "host", "instance", "source"];

/// What is open on the page.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// First and last moment, in ms.
    pub(super) range_ms: Option<(i64, i64)>,
    /// The alert that is open.
    alert: Option<Alert>,
}

impl CopilotService {
    /// The time of the page: that of the incident, the alert or the line that is open, else what is shown.
    pub(super) async fn open(
        &self,
        page: Option<&PageContext>,
        now_ms: i64,
    ) -> Result<Open, StoreError> {
        let Some(page) = page else {
            return Ok(Open::default());
        };
        let parts = &self.tools.parts;
        let mut open = Open::default();
        let until = |ends: Option<i64>| ends.unwrap_or(now_ms).min(now_ms);
        if let Some(id) = page.incident
            && let Some(incident) = parts.alerts.incident(id).await?
        {
            let from = incident.starts_ms - BEFORE_MS;
            open.range_ms = Some((from, until(incident.ends_ms).max(from)));
        }
        if let Some(id) = page.alert
            && let Some(alert) = parts.alerts.alert(id).await?
        {
            let from = alert.starts_ms - BEFORE_MS;
            open.range_ms = Some((from, until(alert.ends_ms).max(from)));
            open.alert = Some(alert);
        }
        if open.range_ms.is_none()
            && let Some(id) = page.record
            && let Some(record) = parts.logs.get(id).await?
        {
            let at = record.timestamp.millis();
            open.range_ms = Some((at - BEFORE_MS, at + AFTER_MS));
        }
        if open.range_ms.is_none()
            && let Some(to_ms) = page.to_ms.or(page.from_ms.map(|_| now_ms))
        {
            let from_ms = page.from_ms.unwrap_or(to_ms - HOUR_MS);
            open.range_ms = (from_ms <= to_ms).then_some((from_ms, to_ms));
        }
        Ok(open)
    }
}

impl Open {
    /// A question from an alert's page that names nothing is about whose the alert is.
    pub(super) fn name_owner(&self, reading: &mut Reading, directory: &Directory) {
        let is_about_it = matches!(
            reading.intent,
            Intent::Errors
                | Intent::Changes
                | Intent::Metric
                | Intent::Patterns
                | Intent::Count
                | Intent::FillUp
                | Intent::FirstSeen
        );
        let Some(alert) = self.alert.as_ref().filter(|_| is_about_it) else {
            return;
        };
        if reading.things().next().is_some() {
            return;
        }
        let owners = OWNERS.iter().map(|label| alert.labels.get(label));
        let known = owners.filter_map(|name| directory.named(name)).next();
        reading.entities.extend(known.map(|entity| FoundEntity {
            entity: entity.clone(),
            words: String::new(),
            fit: Fit::Exact,
            others: Vec::new(),
        }));
    }
}
