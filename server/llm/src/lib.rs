//! Language models: providers behind redaction, budgets and a ledger; prompts; what of a model's
//! words is believed; and what stands where there is no model. Nothing here acts on what a model says.

mod checked;
mod config;
#[cfg(test)]
mod double;
mod embedder;
mod extractive;
mod prompts;
mod providers;
mod redaction;
mod schema;
mod tokens;
mod wall;

pub use checked::{
    Checked, CitedSentence, Claim, DropReason, DroppedSentence, Evidence, check, claims_of_prose,
    safe_text,
};
pub use config::{
    BreakerConfig, ModelBudgetsConfig, ModelConfig, ModelConfigError, ModelPricesConfig,
    ModelRetryConfig, ModelSecret, ModelTimeoutsConfig, ProviderChoice,
};
pub use embedder::{EmbedderConfig, EmbedderProvider, RemoteEmbedder, RemoteEmbedderError};
pub use extractive::NoLanguageModel;
pub use prompts::{AskError, Asker, Prompt, PromptError, Prompts, Rendered, Task, ask};
pub use redaction::{RedactionError, RedactionRules, Redactor};
pub use wall::{
    ConnectError, Connected, KnownHosts, ModelCounts, ModelKeeper, ModelParts, ModelTelemetry,
    Random, connect,
};
