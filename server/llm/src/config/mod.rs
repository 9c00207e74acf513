//! The configuration of the language model: which one, how it is reached, and what it may cost.
//! `check` turns it into settings that hold together.

mod bounds;
mod secret;
mod settings;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bounds::{
    BreakerConfig, ModelBudgetsConfig, ModelPricesConfig, ModelRetryConfig, ModelTimeoutsConfig,
};
pub use secret::ModelSecret;
pub use settings::ModelConfigError;
pub(crate) use settings::{Endpoint, Settings, TimeLimits};

/// Which kind of model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderChoice {
    /// None: answers are assembled from evidence by rules, and nothing leaves the machine.
    Extractive,
    /// A server that speaks the chat completions of OpenAI: OpenAI itself, Azure, vLLM, llama.cpp …
    OpenAi,
    /// A server of Ollama.
    Ollama,
}

/// The language model behind answers and summaries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `extractive` (no model; nothing leaves the machine), `openai` (any server that speaks
    /// OpenAI's chat completions) or `ollama`. Default none: `openai` if `OPENAI_API_KEY` or
    /// `OPENAI_BASE_URL` is set, `ollama` if `OLLAMA_BASE_URL` is, else `extractive`.
    pub provider: Option<ProviderChoice>,
    /// Name of the model at the provider. Default: gpt-4o-mini with `openai`, llama3.1 with `ollama`.
    pub model: String,
    /// Address of the server. Default: `https://api.openai.com/v1` with `openai`,
    /// `http://127.0.0.1:11434` with `ollama`.
    pub base_url: String,
    /// The key of the server. `api_key_file` keeps it out of this file.
    pub api_key: ModelSecret,
    /// A file with the key in its first line, in place of `api_key`.
    pub api_key_file: Option<PathBuf>,
    /// Send the key over `http://` to a machine that is not this one. Default false: it could be
    /// read on the way.
    pub allow_key_over_http: bool,
    /// A file in PEM with the certificate of an authority of your own, which may vouch for the
    /// server beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// A proxy on the way to the server, such as `http://proxy:3128`. Default none.
    pub proxy: Option<String>,
    /// Name of a model for embeddings at the same server. Default none: only the built-in one.
    pub embedding_model: Option<String>,
    /// How freely answers are worded, 0 to 2. Default 0: the most repeatable.
    pub temperature: f32,
    /// Tokens of prompt and answer together, at least 1024. Default none: what the server says of
    /// its model, at most 32768 with `ollama`, where they cost memory; 8192 if it says nothing.
    pub context_tokens: Option<u32>,
    /// Tokens that a model which thinks before it answers may spend on that, beside those of its
    /// answer. Default 4000.
    pub thinking_tokens: u32,
    /// Calls at the same time, 1 to 64. Default 4.
    pub concurrency: usize,
    /// Calls that wait for their turn beyond those, at most 1024. Default 32: more are turned away.
    pub queue: usize,
    /// How long is waited for what.
    pub timeouts: ModelTimeoutsConfig,
    /// How often a call is tried again before the first word of its answer came.
    pub retries: ModelRetryConfig,
    /// When a server that keeps failing is left alone.
    pub breaker: BreakerConfig,
    /// What tokens cost.
    pub prices: ModelPricesConfig,
    /// What may be spent. A call that could not be paid for is not made; an answer is cut where
    /// the budget ends.
    pub budgets: ModelBudgetsConfig,
    /// File with redaction rules, in place of the shipped `rules/redaction.yml`. Default: the
    /// shipped rules. Redaction itself cannot be switched off.
    pub redaction_rules: Option<PathBuf>,
    /// Folder with prompts; a file in it takes the place of the shipped one of the same path,
    /// such as `answer/system.j2`. Default: the shipped prompts.
    pub prompts_dir: Option<PathBuf>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            provider: None,
            model: String::new(),
            base_url: String::new(),
            api_key: ModelSecret::default(),
            api_key_file: None,
            allow_key_over_http: false,
            ca_file: None,
            proxy: None,
            embedding_model: None,
            temperature: 0.0,
            context_tokens: None,
            thinking_tokens: 4_000,
            concurrency: 4,
            queue: 32,
            timeouts: ModelTimeoutsConfig::default(),
            retries: ModelRetryConfig::default(),
            breaker: BreakerConfig::default(),
            prices: ModelPricesConfig::default(),
            budgets: ModelBudgetsConfig::default(),
            redaction_rules: None,
            prompts_dir: None,
        }
    }
}

impl ModelConfig {
    /// Fills what was left open from the conventional variables `OPENAI_API_KEY`,
    /// `OPENAI_BASE_URL` and `OLLAMA_BASE_URL`, as `variable` knows them. What the configuration
    /// says itself holds; an empty variable counts as none.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let openai_key = set("OPENAI_API_KEY");
        let openai_url = set("OPENAI_BASE_URL");
        let ollama_url = set("OLLAMA_BASE_URL");
        let provider = *self.provider.get_or_insert({
            if openai_key.is_some() || openai_url.is_some() {
                ProviderChoice::OpenAi
            } else if ollama_url.is_some() {
                ProviderChoice::Ollama
            } else {
                ProviderChoice::Extractive
            }
        });
        let (url, key) = match provider {
            ProviderChoice::OpenAi => (openai_url, openai_key),
            ProviderChoice::Ollama => (ollama_url, None),
            ProviderChoice::Extractive => (None, None),
        };
        // A key of the environment is for the server of the environment, or OpenAI's own: one that
        // the configuration names must not be sent a key that was meant for another.
        let is_server_its_own = !self.base_url.is_empty() && url.as_ref() != Some(&self.base_url);
        if self.base_url.is_empty() {
            self.base_url = url.unwrap_or_default();
        }
        if self.api_key.is_empty() && self.api_key_file.is_none() && !is_server_its_own {
            self.api_key = key.map(ModelSecret::new).unwrap_or_default();
        }
        self
    }

    /// Which kind of model answers.
    #[must_use]
    pub fn provider(&self) -> ProviderChoice {
        self.provider.unwrap_or(ProviderChoice::Extractive)
    }
}

#[cfg(test)]
mod tests;
