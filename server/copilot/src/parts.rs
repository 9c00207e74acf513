//! What the copilot reads.

use std::fmt;
use std::sync::Arc;

use tocsin_domain::ports::{
    AlertDesk, AlertStore, AnomalyStore, AutomationDesk, ChangeStore, Classifier, Clock,
    LanguageModel, LogSearch, LogStore, MetricInsight, MetricQueries, MetricStore, PredictionStore,
    RootCauseStore, TemplateStore, ThreadStore,
};

/// The ports behind which everything stands that an answer may rest on. `app` fills it in.
pub struct CopilotParts {
    /// Every log line.
    pub logs: Arc<dyn LogStore>,
    /// The register of templates.
    pub templates: Arc<dyn TemplateStore>,
    /// Search by meaning.
    pub search: Arc<dyn LogSearch>,
    /// Every metric point.
    pub metrics: Arc<dyn MetricStore>,
    /// Queries in PromQL over them.
    pub queries: Arc<dyn MetricQueries>,
    /// Charts and forecasts of series.
    pub insight: Arc<dyn MetricInsight>,
    /// Anomalies of series.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// Predictions of crossings.
    pub predictions: Arc<dyn PredictionStore>,
    /// Alerts and incidents.
    pub alerts: Arc<dyn AlertStore>,
    /// What happens to them, and what is like them.
    pub desk: Arc<dyn AlertDesk>,
    /// Which failure a line speaks of.
    pub classifier: Arc<dyn Classifier>,
    /// What was changed.
    pub changes: Arc<dyn ChangeStore>,
    /// What is done about alerts. It is asked what there is, and never to do anything.
    pub automation: Arc<dyn AutomationDesk>,
    /// Reports of causes.
    pub root_causes: Arc<dyn RootCauseStore>,
    /// Conversations.
    pub threads: Arc<dyn ThreadStore>,
    /// The language model, or none.
    pub model: Arc<dyn LanguageModel>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ten random bytes, for ids.
    pub random: fn() -> [u8; 10],
}

impl fmt::Debug for CopilotParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopilotParts").finish_non_exhaustive()
    }
}
