//! What a store of alerts must answer, said as simply as possible: maps in memory.

use std::collections::BTreeMap;

use tocsin_domain::alert::{
    Alert, AlertEvent, AlertId, AlertSeverity, AlertStatus, Incident, IncidentId,
};
use tocsin_domain::ports::{AlertCommit, AlertCounts, AlertFilter, AlertStore, StoreError};

/// A store of alerts that is obviously right.
#[derive(Debug, Default)]
pub struct AlertModel {
    /// All alerts.
    pub alerts: BTreeMap<AlertId, Alert>,
    /// All events, in order.
    pub events: Vec<AlertEvent>,
    /// All incidents.
    pub incidents: BTreeMap<IncidentId, Incident>,
    states: BTreeMap<(String, u64), Vec<u8>>,
    taken: BTreeMap<String, u64>,
    last_seq: u64,
}

impl AlertModel {
    /// Keeps a commit, and gives the number of its first event.
    pub fn commit(&mut self, commit: AlertCommit) -> u64 {
        let first = self.last_seq + 1;
        for alert in commit.alerts {
            self.alerts.insert(alert.id, alert);
        }
        for mut event in commit.events {
            self.last_seq += 1;
            event.seq = self.last_seq;
            if let Some(alert) = self.alerts.get_mut(&event.alert) {
                alert.seq = event.seq;
            }
            self.events.push(event);
        }
        self.incidents
            .extend(commit.incidents.into_iter().map(|one| (one.id, one)));
        for state in commit.states {
            let key = (state.rule, state.group);
            match state.state {
                Some(bytes) => self.states.insert(key, bytes),
                None => self.states.remove(&key),
            };
        }
        self.taken.extend(commit.taken);
        first
    }

    /// Forgets resolved alerts that ended before a time.
    pub fn forget(&mut self, before_ms: i64) -> u64 {
        let is_old = |alert: &Alert| {
            alert.status == AlertStatus::Resolved
                && alert.ends_ms.is_some_and(|ends_ms| ends_ms < before_ms)
        };
        let count = self.alerts.len();
        let old = self.alerts.values().filter(|alert| is_old(alert));
        let old: Vec<AlertId> = old.map(|alert| alert.id).collect();
        self.alerts.retain(|_, alert| !is_old(alert));
        self.events.retain(|event| !old.contains(&event.alert));
        let alerts = &self.alerts;
        self.incidents
            .retain(|id, _| alerts.values().any(|alert| alert.incident == Some(*id)));
        (count - self.alerts.len()) as u64
    }

    /// One page.
    #[must_use]
    pub fn page(&self, filter: &AlertFilter, before: Option<AlertId>, limit: usize) -> Vec<Alert> {
        let newest_first = self.alerts.values().rev();
        newest_first
            .filter(|alert| before.is_none_or(|before| alert.id < before))
            .filter(|alert| is_meant(filter, alert))
            .take(limit)
            .cloned()
            .collect()
    }

    fn counts(&self) -> AlertCounts {
        let mut counts = AlertCounts::default();
        for alert in self.alerts.values() {
            let status = AlertStatus::ALL.iter().position(|one| *one == alert.status);
            let severity = AlertSeverity::ALL
                .iter()
                .position(|one| *one == alert.severity);
            counts.statuses[status.unwrap_or(0)] += 1;
            if alert.status != AlertStatus::Resolved {
                counts.severities[severity.unwrap_or(0)] += 1;
            }
            counts.firing += u64::from(alert.is_firing());
        }
        counts
    }

    /// Checks that a store says the same.
    ///
    /// # Errors
    /// What the store answers when it should not refuse.
    ///
    /// # Panics
    /// If it does not.
    pub async fn check(&self, store: &dyn AlertStore) -> Result<(), StoreError> {
        let all = AlertFilter::default();
        assert_eq!(
            store.alerts(&all, None, 10_000).await?,
            self.page(&all, None, 10_000)
        );
        assert_eq!(store.alert_counts().await?, self.counts());
        assert_eq!(store.events_after(0, 10_000).await?, self.events);
        assert_eq!(store.last_seq().await?, self.last_seq);
        let incidents: Vec<Incident> = self.incidents.values().rev().cloned().collect();
        assert_eq!(store.incidents(&[], None, 10_000).await?, incidents);
        let taken: Vec<(String, u64)> = self.taken.clone().into_iter().collect();
        let mut stored = store.taken().await?;
        stored.sort();
        assert_eq!(stored, taken);
        let states = store.rule_states().await?.into_iter();
        let states = states.map(|state| ((state.rule, state.group), state.state));
        let mut states: Vec<_> = states.collect();
        states.sort();
        let expected = self.states.clone().into_iter();
        let expected: Vec<_> = expected.map(|(key, bytes)| (key, Some(bytes))).collect();
        assert_eq!(states, expected);
        self.check_recent(store, 2000).await
    }

    async fn check_recent(&self, store: &dyn AlertStore, since_ms: i64) -> Result<(), StoreError> {
        let mut recent = store.recent_alerts(since_ms).await?;
        recent.sort_by_key(|alert| alert.id);
        let is_recent = |alert: &&Alert| {
            alert.status != AlertStatus::Resolved
                || alert.ends_ms.is_some_and(|ends_ms| ends_ms >= since_ms)
        };
        let expected: Vec<Alert> = self.alerts.values().filter(is_recent).cloned().collect();
        assert_eq!(recent, expected);
        Ok(())
    }
}

/// Whether a filter means an alert.
fn is_meant(filter: &AlertFilter, alert: &Alert) -> bool {
    let text = [alert.title.clone()].into_iter().chain(
        alert
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    let text = text.collect::<Vec<_>>().join("\n").to_lowercase();
    let mut words = filter
        .text
        .as_deref()
        .unwrap_or_default()
        .split_whitespace();
    (filter.statuses.is_empty() || filter.statuses.contains(&alert.status))
        && (filter.severities.is_empty() || filter.severities.contains(&alert.severity))
        && (filter.kinds.is_empty() || filter.kinds.contains(&alert.kind))
        && alert.labels.satisfies(&filter.matchers)
        && words.all(|word| text.contains(&word.to_lowercase()))
        && filter.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
        && (filter.failure_type.is_none() || filter.failure_type == alert.failure_type)
        && (filter.incident.is_none() || filter.incident == alert.incident)
        && filter.assignee.as_ref().is_none_or(|assignee| {
            assignee.as_str() == alert.assignee.as_deref().unwrap_or_default()
        })
        && filter
            .is_firing
            .is_none_or(|is_firing| is_firing == alert.is_firing())
        && filter
            .from_ms
            .is_none_or(|from_ms| alert.starts_ms >= from_ms)
        && filter.to_ms.is_none_or(|to_ms| alert.starts_ms < to_ms)
}
