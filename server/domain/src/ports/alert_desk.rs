//! The desk: what people do with alerts and incidents, and how they hear of what happens.

use std::sync::Arc;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::{
    Alert, AlertAction, AlertChange, AlertId, Incident, IncidentId, IncidentStatus, Silence,
};

/// What someone does with an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentAction {
    /// "Give it another title."
    Retitle(String),
    /// "I work on it", "it is done": all its alerts follow.
    SetStatus(IncidentStatus),
    /// "These belong to it"; nothing takes them out again by itself.
    Add(Vec<AlertId>),
    /// "These do not": they become an incident of their own.
    Split(Vec<AlertId>),
    /// "The other one is the same": its alerts come here.
    Merge(IncidentId),
    /// "People decide what belongs to it", or no longer.
    Pin(bool),
}

/// An incident of the past that is like another.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarIncident {
    /// The one of the past.
    pub incident: Incident,
    /// How much of what they are about is the same: `(0, 1]`.
    pub score: f64,
    /// What that is, as a phrase.
    pub because: String,
}

/// What happened to an action on one alert.
#[derive(Debug, Clone, PartialEq)]
pub enum Acted {
    /// It is done; the alert as it is now.
    Done(Box<Alert>),
    /// There is no such alert.
    Unknown,
    /// It makes no sense now; says why.
    Refused(String),
}

/// What people do with alerts. Everything is durable on return, and told to those who listen.
#[async_trait]
pub trait AlertDesk: Send + Sync {
    /// Does something with each of some alerts; one that fails does not keep the others from it.
    ///
    /// # Errors
    /// [`StoreError`] if nothing could be kept.
    async fn act(
        &self,
        alerts: Vec<AlertId>,
        action: AlertAction,
        actor: String,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError>;

    /// Does something with an incident; none if there is no such one.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it makes no sense.
    async fn act_on_incident(
        &self,
        incident: IncidentId,
        action: IncidentAction,
        actor: String,
    ) -> Result<Option<Incident>, StoreError>;

    /// The incidents before an incident that are most like it, at most `limit`, the likest first;
    /// none if there is no such incident.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn similar_incidents(
        &self,
        incident: IncidentId,
        limit: usize,
    ) -> Result<Option<Vec<SimilarIncident>>, StoreError>;

    /// The silences that are not over.
    fn silences(&self) -> Vec<Silence>;

    /// Makes, changes or ends a silence. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn silence(&self, silence: Silence) -> Result<(), StoreError>;

    /// Hears everything from now on.
    fn listen(&self) -> Box<dyn AlertListener>;
}

/// What one who listens hears.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something happened.
    Change(Arc<AlertChange>),
    /// It was too slow: so many changes were dropped. They can be read from the store.
    Missed(u64),
}

/// One who listens.
#[async_trait]
pub trait AlertListener: Send {
    /// What happens next; none once the server shuts down.
    ///
    /// # Cancel safety
    /// Safe: what is not returned is returned next time.
    async fn next(&mut self) -> Option<Heard>;
}
