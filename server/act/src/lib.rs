//! The only crate that changes the outside world: it tells those who subscribed, and trackers of
//! issues, and carries out what people agreed to.
//!
//! In flow the numbered events of alerts. [`Outbox`] writes down what is to be told to whom,
//! together with how far it read, and sends it until the channel took it or refused it for good;
//! nothing is missed and nothing told twice, whenever the server stops. [`ChannelNotifier`] renders
//! and sends for the API: previews and tests. [`AutomationEngine`] proposes what rules say about an
//! alert, and has providers do exactly what people agreed to, once. Not here: when an alert fires, HTTP routes, SQL.
//!
//! Every decision is a pure function over plain values (`policy`, `message`, `channels`); the loops
//! in `outbox` own time, the network and the order of effects.

mod automation;
mod beginning;
mod channels;
mod civil;
mod http;
mod mail;
mod message;
mod notifier;
mod outbox;
mod policy;
mod spans;
mod tickets;
mod trackers;
mod words;

pub use automation::{
    AnsibleConfig, AnsibleTowerConfig, ApprovalMessenger, ApprovalParts, AutomationConfig,
    AutomationEngine, AutomationEngineDesk, AutomationError, AutomationFileError, AutomationParts,
    AutomationProgress, GitHubActionsConfig, JiraActionsConfig, PROPOSE_BUCKETS_SECS,
    ProviderConfig, ScriptConfig, ScriptsConfig, ServiceNowActionsConfig, SlackApprovals,
    SlackApprovalsConfig, SlackReplies, TerraformCloudConfig, TerraformConfig, WebhookConfig,
    parse_automations,
};
pub use http::HttpConfig;
pub use mail::{MailConfig, MailSecurity};
pub use notifier::{ChannelNotifier, NotifierConfig};
pub use outbox::{Outbox, OutboxConfig, OutboxParts, SendNotification};
pub use tickets::trackers::{
    ConfigSecret, GitHubConfig, GitHubSeverityLabels, JiraConfig, JiraPriorities, ServiceNowConfig,
    TrackerConfigError,
};
pub use tickets::{
    TicketEngine, TicketEngineConfig, TicketEngineDesk, TicketEngineError, TicketParts,
    TicketProgress, TrackerConfig,
};
