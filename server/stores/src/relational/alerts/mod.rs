//! Alerts, what happened to them, incidents and silences.
//!
//! What flows in is one commit of the single writer at a time; what flows out are pages for any
//! number of readers. Not here: when an alert fires or ends, or who may do what with it.

mod commit;
mod events;
mod forget;
mod incident_subjects;
mod incidents;
mod json;
mod overview;
mod row;
mod search;
mod subject_filter;
mod subjects;

use async_trait::async_trait;
use tocsin_domain::alert::{
    Alert, AlertEvent, AlertId, Incident, IncidentId, IncidentStatus, Silence, SilenceId,
};
use tocsin_domain::ports::{
    AlertCommit, AlertCounts, AlertFilter, AlertStore, IncidentSubjects, ResponseTimes, RuleState,
    StoreError,
};

use super::{RelationalStore, store_error};
pub(super) use json::{
    from_text, id_bits, id_bytes, labels, labels_text, matchers, matchers_text, parse, to_text,
};
pub(super) use row::{count, get, id, named};

#[async_trait]
impl AlertStore for RelationalStore {
    async fn commit(&self, commit: AlertCommit) -> Result<u64, StoreError> {
        commit::keep(self, &commit).await
    }

    async fn recent_alerts(&self, since_ms: i64) -> Result<Vec<Alert>, StoreError> {
        overview::recent(&self.pool, since_ms).await
    }

    async fn taken(&self) -> Result<Vec<(String, u64)>, StoreError> {
        overview::taken(&self.pool).await
    }

    async fn rule_states(&self) -> Result<Vec<RuleState>, StoreError> {
        overview::rule_states(&self.pool).await
    }

    async fn forget_alerts(&self, before_ms: i64) -> Result<u64, StoreError> {
        forget::run(self, before_ms).await
    }

    async fn alerts(
        &self,
        filter: &AlertFilter,
        before: Option<AlertId>,
        limit: usize,
    ) -> Result<Vec<Alert>, StoreError> {
        search::page(&self.pool, filter, before, limit).await
    }

    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        overview::one(&self.pool, id).await
    }

    async fn alert_counts(&self) -> Result<AlertCounts, StoreError> {
        overview::counts(&self.pool).await
    }

    async fn response_times(&self, from_ms: i64, to_ms: i64) -> Result<ResponseTimes, StoreError> {
        overview::response_times(&self.pool, from_ms, to_ms).await
    }

    async fn events_after(&self, after: u64, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        events::after(&self.pool, after, limit).await
    }

    async fn events_of(&self, alert: AlertId, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        events::of(&self.pool, alert, limit).await
    }

    async fn last_seq(&self) -> Result<u64, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(store_error)?;
        events::last(&mut connection).await
    }

    async fn incidents(
        &self,
        statuses: &[IncidentStatus],
        before: Option<IncidentId>,
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        incidents::page(&self.pool, statuses, before, limit).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        incidents::one(&self.pool, id).await
    }

    async fn incident_subjects(
        &self,
        through: IncidentId,
        limit: usize,
    ) -> Result<Vec<IncidentSubjects>, StoreError> {
        incident_subjects::newest(&self.pool, through, limit).await
    }

    async fn silences(&self, since_ms: i64) -> Result<Vec<Silence>, StoreError> {
        incidents::silences(&self.pool, since_ms).await
    }

    async fn put_silence(&self, silence: Silence) -> Result<(), StoreError> {
        incidents::put_silence(&self.pool, &silence).await
    }

    async fn silence(&self, id: SilenceId) -> Result<Option<Silence>, StoreError> {
        incidents::one_silence(&self.pool, id).await
    }
}
