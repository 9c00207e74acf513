//! The ports: small traits behind which the parts stand. Only `app` knows which part is behind
//! which port. Every method carries its contract, and each port has one contract suite that every
//! implementation passes.

pub mod alert_desk;
pub mod alert_rules;
pub mod alert_store;
pub mod audit_log;
pub mod automation_desk;
pub mod automation_store;
pub mod bus;
pub mod change_store;
pub mod chat_replies;
pub mod classifier;
pub mod clock;
pub mod copilot;
pub mod embedder;
pub mod engine_error;
pub mod finding_store;
pub mod http_telemetry;
pub mod intake;
pub mod job_desk;
pub mod job_handler;
pub mod job_store;
pub mod language_model;
pub mod lease_store;
pub mod live_logs;
pub mod log_search;
pub mod log_store;
pub mod metric_insight;
pub mod metric_store;
pub mod model_ledger;
pub mod notifier;
pub mod position_store;
pub mod prototype_index;
pub mod rate_limiter;
pub mod root_cause_store;
pub mod run_notices;
pub mod server_status;
pub mod session_store;
pub mod signal_store;
pub mod snapshot;
pub mod subscription_store;
pub mod template_store;
pub mod thread_store;
pub mod ticket_desk;
pub mod ticket_store;
pub mod vector_store;

pub use alert_desk::{Acted, AlertDesk, AlertListener, Heard, IncidentAction, SimilarIncident};
pub use alert_rules::{
    AlertRules, Evaluation, ReplayedAlert, RuleExplanation, RuleReplay, RuleStore,
};
pub use alert_store::{
    AlertCommit, AlertCounts, AlertFilter, AlertStore, AlertSubject, IncidentSubjects,
    ResponseTimes, RuleState,
};
pub use audit_log::{AuditEntry, AuditFilter, AuditId, AuditLog};
pub use automation_desk::{
    AutomationDesk, AutomationReplay, Ballot, RuleAtWork, RuleTest, RunDetails, RunOutcome,
};
pub use automation_store::{
    AutomationCommit, AutomationSettings, AutomationStore, Committed, OUTPUT_BYTES_MAX, RuleRecord,
    RunFilter, RunScope, RunStep,
};
pub use bus::{Bus, BusError, BusUsage, Shares};
pub use change_store::{ChangeFilter, ChangeStore};
pub use chat_replies::ChatReplies;
pub use classifier::{ClassificationRuleStore, Classifier, RuleVerdict};
pub use clock::Clock;
pub use copilot::{
    AnswerListener, AnswerPiece, Attachment, Copilot, CopilotError, CopilotStatus, Question,
    Summary, SummarySection, SummarySubject, ToolAnswer,
};
pub use embedder::{Embedder, EmbedderError};
pub use engine_error::{EngineError, EngineErrorKind};
pub use finding_store::{AnomalyFilter, AnomalyStore, PredictionStore};
pub use http_telemetry::{HttpRequest, HttpTelemetry};
pub use intake::Intake;
pub use job_desk::{JobDesk, JobDeskError, JobKind, JobRequest, ScheduleAtWork};
pub use job_handler::{JobError, JobHandler, JobRun};
pub use job_store::{Created, JobFilter, JobStore, Replaced};
pub use language_model::{
    BudgetKind, CallScope, ChatMessage, ChatPiece, ChatRequest, ChatRole, ChatStream, Finish,
    LanguageModel, ModelError, ModelGrade, ModelInfo, ModelProvider, TimeoutKind, ToolCall,
    ToolSpec, Usage,
};
pub use lease_store::{LeaseHolder, LeaseStore};
pub use live_logs::{LiveItem, LiveLogs, LiveSubscription};
pub use log_search::{LogSearch, SearchError};
pub use log_store::{LogStore, StoreError};
pub use metric_insight::{MetricInsight, MetricQueries};
pub use metric_store::{Bucket, MetricStats, MetricStore, SeriesInfo, SeriesSamples};
pub use model_ledger::{LedgerEntry, LedgerId, ModelLedger, SpendScope, Spent};
pub use notifier::{ChannelAnswer, MessagePreview, Notifier};
pub use position_store::{FilePosition, PositionStore};
pub use prototype_index::PrototypeIndex;
pub use rate_limiter::{Allowance, RateLimiter};
pub use root_cause_store::{ConfirmedCause, RootCauseStore};
pub use run_notices::RunNotices;
pub use server_status::ServerStatus;
pub use session_store::{SessionStates, SessionStore};
pub use signal_store::{SignalBatch, SignalRecord, SignalStore, SignalWhat};
pub use snapshot::{LogExport, Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots};
pub use subscription_store::{DeliveryFilter, SubscriptionStore, Told};
pub use template_store::{TemplateStore, TemplateSummary};
pub use thread_store::ThreadStore;
pub use ticket_desk::{TicketDesk, TicketOutcome, TrackerHealth};
pub use ticket_store::{DecisionFilter, TicketCommit, TicketCounts, TicketFilter, TicketStore};
pub use vector_store::{VectorHit, VectorPoint, VectorStore};
