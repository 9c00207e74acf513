//! What stands before every server of a model: nothing leaves but what was redacted, paid for and
//! written down. A call takes its turn, is refused while the server is left alone, reserves what it
//! may cost, and has its place in the ledger's queue before it leaves.

mod breaker;
mod budget;
mod call;
mod embed;
mod keeper;
mod probe;
mod sheet;
mod stream;
mod telemetry;
mod turns;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::ports::clock::Clock;
use tocsin_domain::ports::{
    CallScope, ChatRequest, ChatStream, LanguageModel, ModelError, ModelGrade, ModelInfo,
    ModelLedger,
};
use tokio::sync::mpsc;

pub use keeper::ModelKeeper;
pub use telemetry::{ModelCounts, ModelTelemetry};

use crate::NoLanguageModel;
use crate::config::{ModelConfig, ModelConfigError, Settings};
use crate::prompts::{PromptError, Prompts};
use crate::providers::Provider;
use crate::redaction::{RedactionError, RedactionRules};
use crate::tokens;
use breaker::Breaker;
use budget::Budget;
use sheet::Written;
use turns::Turns;

/// The context that a model is taken to have while nobody said another, in tokens.
const CONTEXT_TOKENS: u32 = 8_192;
/// Entries of the ledger that wait to be written, beside one for each call that is on its way.
const ENTRIES_WAITING_MAX: usize = 256;

/// Ten random bytes.
pub type Random = Arc<dyn Fn() -> [u8; 10] + Send + Sync>;
/// The names of machines that are known now.
pub type KnownHosts = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What a model needs of the rest.
#[derive(Clone)]
pub struct ModelParts {
    /// What left is written here.
    pub ledger: Arc<dyn ModelLedger>,
    /// When it left, and which month it is.
    pub clock: Arc<dyn Clock>,
    /// For ids of entries, and for the waits between attempts.
    pub random: Random,
    /// Names of machines that are cut out of what is sent, beside those that a rule knows as such.
    pub hosts: KnownHosts,
}

impl fmt::Debug for ModelParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelParts").finish_non_exhaustive()
    }
}

/// Why there is no model where one is configured.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A setting cannot be.
    #[error(transparent)]
    Config(#[from] ModelConfigError),
    /// The rules of redaction cannot be.
    #[error(transparent)]
    Redaction(#[from] RedactionError),
    /// A prompt cannot be.
    #[error(transparent)]
    Prompt(#[from] PromptError),
}

/// A model that is ready to be asked.
pub struct Connected {
    /// The model.
    pub model: Arc<dyn LanguageModel>,
    /// What writes the ledger and probes the model; it has to run while the model is asked.
    pub keeper: ModelKeeper,
    /// How it is asked.
    pub prompts: Arc<Prompts>,
    /// What is counted.
    pub telemetry: Arc<ModelTelemetry>,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected")
            .field("model", &self.model.model())
            .finish_non_exhaustive()
    }
}

/// The model of a configuration, which no server is asked for yet.
///
/// # Errors
/// [`ConnectError`].
pub fn connect(config: &ModelConfig, parts: ModelParts) -> Result<Connected, ConnectError> {
    let rules = Arc::new(RedactionRules::load(config.redaction_rules.as_deref())?);
    let prompts = Prompts::load(config.prompts_dir.as_deref())?;
    let prompts = Arc::new(prompts.with_temperature(config.temperature));
    let telemetry = Arc::new(ModelTelemetry::default());
    let Some(settings) = config.settings()? else {
        return Ok(Connected {
            model: Arc::new(NoLanguageModel),
            keeper: ModelKeeper::idle(),
            prompts,
            telemetry,
        });
    };
    let room = settings.concurrency + ENTRIES_WAITING_MAX;
    let (entries, written) = mpsc::channel(room);
    let wall = Arc::new(Wall {
        provider: Provider::new(&settings.endpoint)?,
        rules,
        prompts: Arc::clone(&prompts),
        turns: Turns::new(settings.concurrency, settings.queue),
        breaker: Breaker::new(&settings.breaker),
        budget: Budget::new(
            &settings,
            Arc::clone(&parts.ledger),
            Arc::clone(&parts.clock),
        ),
        entries,
        telemetry: Arc::clone(&telemetry),
        grade: RwLock::new(ModelGrade::unknown(
            "it was not asked yet",
            settings.endpoint.context_tokens.unwrap_or(CONTEXT_TOKENS),
        )),
        settings,
        parts,
    });
    let keeper = ModelKeeper::new(Arc::clone(&wall), written);
    Ok(Connected {
        model: wall,
        keeper,
        prompts,
        telemetry,
    })
}

/// A server of a model, and all that stands before it.
struct Wall {
    provider: Provider,
    settings: Settings,
    rules: Arc<RedactionRules>,
    prompts: Arc<Prompts>,
    parts: ModelParts,
    turns: Turns,
    breaker: Breaker,
    budget: Budget,
    entries: mpsc::Sender<Written>,
    telemetry: Arc<ModelTelemetry>,
    grade: RwLock<ModelGrade>,
}

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wall")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl LanguageModel for Wall {
    fn model(&self) -> ModelInfo {
        let endpoint = &self.settings.endpoint;
        ModelInfo {
            provider: endpoint.provider,
            name: endpoint.model.clone(),
            host: endpoint.host.clone(),
            grade: self.grade.read().clone(),
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        tokens::estimate(text)
    }

    async fn chat(&self, request: ChatRequest) -> Result<Box<dyn ChatStream>, ModelError> {
        let stream = self.converse(request).await;
        if let Err(error) = &stream {
            self.telemetry.failed(error);
        }
        Ok(Box::new(stream?))
    }

    async fn embed(
        &self,
        scope: &CallScope,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let vectors = self.vectors(scope, texts).await;
        if let Err(error) = &vectors {
            self.telemetry.failed(error);
        }
        vectors
    }
}

#[cfg(test)]
mod tests;
