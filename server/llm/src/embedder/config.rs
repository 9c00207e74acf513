//! What is set of a server of embeddings, checked by the rules of the language model's server.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::ports::{EngineError, ModelError};

use crate::config::{
    Endpoint, ModelConfig, ModelConfigError, ModelSecret, ModelTimeoutsConfig, ProviderChoice,
};
use crate::redaction::RedactionError;

/// What people call the server.
pub(super) const ENGINE: &str = "the server of embeddings";
/// The longest vector that is taken.
const DIMENSIONS_MAX: usize = 16_384;
/// Models whose vectors are as long everywhere, unless they are asked to be shorter.
const WELL_KNOWN: [(&str, usize); 10] = [
    ("all-minilm", 384),
    ("bge-large", 1024),
    ("bge-m3", 1024),
    ("mxbai-embed-large", 1024),
    ("nomic-embed-text", 768),
    ("snowflake-arctic-embed", 1024),
    ("snowflake-arctic-embed2", 1024),
    ("text-embedding-3-large", 3072),
    ("text-embedding-3-small", 1536),
    ("text-embedding-ada-002", 1536),
];

/// Which kind of server makes embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EmbedderProvider {
    /// None: the model in this process.
    #[default]
    BuiltIn,
    /// A server with OpenAI's `/embeddings`: OpenAI itself, vLLM, llama.cpp, text-embeddings-inference …
    #[serde(rename = "openai")]
    OpenAi,
    /// A server of Ollama.
    Ollama,
}

impl EmbedderProvider {
    /// As it is written in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
        }
    }
}

/// A server of embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedderConfig {
    /// Which kind it is; not [`EmbedderProvider::BuiltIn`].
    pub provider: EmbedderProvider,
    /// Its name of the model; empty for the usual one of the provider.
    pub name: String,
    /// Its address; empty for the usual one of the provider.
    pub base_url: String,
    /// Its key.
    pub api_key: ModelSecret,
    /// A file with the key, in place of `api_key`.
    pub api_key_file: Option<PathBuf>,
    /// Send the key over `http://` to another machine.
    pub allow_key_over_http: bool,
    /// A file in PEM with the certificate of an authority beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// A proxy on the way.
    pub proxy: Option<String>,
    /// Numbers of a vector, 1 to 16384; none to ask the server.
    pub dimensions: Option<usize>,
    /// Texts in one request, 1 to 2048.
    pub batch_texts: usize,
    /// Bytes of a text that are sent, 100 to 32000.
    pub text_bytes_max: usize,
    /// Milliseconds that an answer may take, 1 to 600000.
    pub timeout_ms: u64,
    /// File with redaction rules in place of the shipped ones.
    pub redaction_rules: Option<PathBuf>,
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self {
            provider: EmbedderProvider::OpenAi,
            name: String::new(),
            base_url: String::new(),
            api_key: ModelSecret::default(),
            api_key_file: None,
            allow_key_over_http: false,
            ca_file: None,
            proxy: None,
            dimensions: None,
            batch_texts: 64,
            text_bytes_max: 2000,
            timeout_ms: 30_000,
            redaction_rules: None,
        }
    }
}

/// Why there is no embedder.
#[derive(Debug, thiserror::Error)]
pub enum RemoteEmbedderError {
    /// A setting cannot be; says which and what was expected.
    #[error(transparent)]
    Setting(#[from] ModelConfigError),
    /// The redaction rules cannot be used.
    #[error("the redaction rules")]
    Redaction(#[from] RedactionError),
    /// The server is away, and only it knows how long its vectors are.
    #[error(
        "the server of embeddings cannot be asked how long its vectors are; `model.dimensions` may say it"
    )]
    Away(#[source] EngineError),
}

/// Where the server is, and how it is asked.
pub(super) struct Remote {
    pub(super) endpoint: Endpoint,
    pub(super) name: String,
    pub(super) is_here: bool,
    pub(super) batch_texts: usize,
    pub(super) text_bytes_max: usize,
}

impl EmbedderConfig {
    /// Fills what was left open from `OPENAI_API_KEY`, `OPENAI_BASE_URL` and `OLLAMA_BASE_URL`, by
    /// the rules of the language model.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let filled = self.as_model().with_conventional(variable);
        self.base_url = filled.base_url;
        self.api_key = filled.api_key;
        self
    }

    /// Whether everything can be as it is set. Reads the files that are named, but for rules.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), ModelConfigError> {
        self.remote().map(drop)
    }

    pub(super) fn remote(&self) -> Result<Remote, ModelConfigError> {
        let hold = |is_fine: bool, field: &str, expected: &str| match is_fine {
            true => Ok(()),
            false => Err(ModelConfigError::new(field, expected)),
        };
        let dimensions = self.dimensions.unwrap_or(1);
        let is_length = (1..=DIMENSIONS_MAX).contains(&dimensions);
        hold(is_length, "dimensions", "1 to 16384 numbers")?;
        let is_batch = (1..=2048).contains(&self.batch_texts);
        hold(is_batch, "batch_texts", "1 to 2048 texts")?;
        let is_text = (100..=32_000).contains(&self.text_bytes_max);
        hold(is_text, "text_bytes_max", "100 to 32000 bytes")?;
        let is_time = (1..=600_000).contains(&self.timeout_ms);
        hold(is_time, "timeout_ms", "1 to 600000 milliseconds")?;
        let settings = self.as_model().settings()?;
        let settings =
            settings.ok_or_else(|| ModelConfigError::new("provider", "`openai` or `ollama`"))?;
        let mut endpoint = settings.endpoint;
        // Only OpenAI's interface can be asked for shorter vectors.
        endpoint.embedding_dimensions = self
            .dimensions
            .filter(|_| self.provider == EmbedderProvider::OpenAi)
            .and_then(|dimensions| u32::try_from(dimensions).ok());
        let host = endpoint.host.as_str();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => host,
        };
        let is_here = matches!(name, "127.0.0.1" | "localhost" | "[::1]") && self.proxy.is_none();
        Ok(Remote {
            name: endpoint.model.clone(),
            is_here,
            endpoint,
            batch_texts: self.batch_texts,
            text_bytes_max: self.text_bytes_max,
        })
    }

    /// The same server as one of a language model.
    fn as_model(&self) -> ModelConfig {
        let (provider, usual) = match self.provider {
            EmbedderProvider::BuiltIn => (ProviderChoice::Extractive, ""),
            EmbedderProvider::OpenAi => (ProviderChoice::OpenAi, "text-embedding-3-small"),
            // The model that is built in here.
            EmbedderProvider::Ollama => (ProviderChoice::Ollama, "all-minilm"),
        };
        let name = match self.name.trim() {
            "" => usual,
            name => name,
        };
        ModelConfig {
            provider: Some(provider),
            model: name.to_owned(),
            embedding_model: Some(name.to_owned()),
            base_url: self.base_url.clone(),
            api_key: self.api_key.clone(),
            api_key_file: self.api_key_file.clone(),
            allow_key_over_http: self.allow_key_over_http,
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            timeouts: ModelTimeoutsConfig {
                connect_ms: self.timeout_ms.min(2_000),
                first_token_ms: self.timeout_ms,
                idle_ms: self.timeout_ms,
                total_ms: self.timeout_ms,
            },
            ..ModelConfig::default()
        }
    }
}

impl Remote {
    /// How long vectors are if the server cannot be asked.
    pub(super) fn known_dimensions(&self, set: Option<usize>) -> Option<usize> {
        // `all-minilm:l6-v2` and `all-minilm` are one model.
        let name = self.name.rsplit('/').next().unwrap_or_default();
        let name = name.split(':').next().unwrap_or_default();
        let known = WELL_KNOWN.iter().find(|(known, _)| *known == name);
        set.or(known.map(|(_, dimensions)| *dimensions))
    }
}

/// What is set and what the server gave, if they agree.
pub(super) fn agreed(set: Option<usize>, told: usize) -> Result<usize, ModelConfigError> {
    match set {
        Some(set) if set != told => Err(ModelConfigError::new(
            "dimensions",
            format!("{told}, which is what the model gives, not {set}"),
        )),
        _ if !(1..=DIMENSIONS_MAX).contains(&told) => Err(ModelConfigError::new(
            "name",
            format!("a model of vectors with 1 to 16384 numbers, not {told}"),
        )),
        _ => Ok(told),
    }
}

/// Whether waiting helps against an error.
pub(super) const fn is_away(error: &ModelError) -> bool {
    matches!(
        error,
        ModelError::Unavailable { .. } | ModelError::Timeout { .. }
    )
}

/// Nobody knows how long vectors are.
pub(super) fn unknown(error: ModelError) -> RemoteEmbedderError {
    if is_away(&error) {
        return RemoteEmbedderError::Away(EngineError::away(ENGINE, error));
    }
    let setting = ModelConfigError::new(
        "dimensions",
        format!(
            "the length of the model's vectors, since its server cannot be asked now ({error})"
        ),
    );
    setting.into()
}
