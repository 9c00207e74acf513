//! `[model]`: which model turns texts into vectors, here or at a server.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_llm::{EmbedderConfig, EmbedderProvider, ModelSecret};

use super::ConfigError;

/// The embedding model behind search by meaning.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `built-in` (all-MiniLM-L6-v2 in this process), `openai` (any server with OpenAI's
    /// `/embeddings`) or `ollama`. Default `built-in`: nothing leaves the machine. With another, what
    /// is embedded anew are the templates, not the lines.
    pub provider: EmbedderProvider,
    /// Folder with `model.safetensors`, `tokenizer.json` and `config.json` of all-MiniLM-L6-v2, for
    /// `built-in`. Default: `tocsin/all-MiniLM-L6-v2` in the user's cache folder, where `make run`
    /// puts it.
    pub dir: Option<PathBuf>,
    /// Name of the model at the server. Default: text-embedding-3-small with `openai`, all-minilm
    /// with `ollama`.
    pub name: String,
    /// Address of the server. Default: that of `OPENAI_BASE_URL` or `OLLAMA_BASE_URL`, else
    /// `https://api.openai.com/v1` with `openai`, `http://127.0.0.1:11434` with `ollama`.
    pub base_url: String,
    /// The key of the server, or the one in `OPENAI_API_KEY`. `api_key_file` keeps it out of this
    /// file.
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
    /// Numbers of a vector, 1 to 16384. Default: asked of the server at the start. With `openai` the
    /// server is asked for vectors of this length.
    pub dimensions: Option<usize>,
    /// Texts in one request, 1 to 2048. Default 64.
    pub batch_texts: usize,
    /// Bytes of a text that are sent, 100 to 32000. Default 2000: about what small models read.
    pub text_bytes_max: usize,
    /// Milliseconds that an answer may take, 1 to 600000. Default 30000: a local server may have to
    /// load its model first.
    pub timeout_ms: u64,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let remote = EmbedderConfig::default();
        Self {
            provider: EmbedderProvider::BuiltIn,
            dir: None,
            name: String::new(),
            base_url: String::new(),
            api_key: ModelSecret::default(),
            api_key_file: None,
            allow_key_over_http: false,
            ca_file: None,
            proxy: None,
            dimensions: None,
            batch_texts: remote.batch_texts,
            text_bytes_max: remote.text_bytes_max,
            timeout_ms: remote.timeout_ms,
        }
    }
}

impl ModelConfig {
    /// Fills what was left open from the variables of the provider.
    pub(super) fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        if let Some(remote) = self.remote(None) {
            let filled = remote.with_conventional(variable);
            self.base_url = filled.base_url;
            self.api_key = filled.api_key;
        }
        self
    }

    /// Whether everything can be as it is set.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let checked = self.remote(None).map_or(Ok(()), |remote| remote.check());
        checked.map_err(|wrong| {
            let (field, expected) = (wrong.field, wrong.expected);
            ConfigError::Refused(format!("`model.{field}`: expected {expected}"))
        })
    }

    /// The server that makes embeddings; none if the model is built in.
    pub(crate) fn remote(&self, redaction_rules: Option<PathBuf>) -> Option<EmbedderConfig> {
        if self.provider == EmbedderProvider::BuiltIn {
            return None;
        }
        Some(EmbedderConfig {
            provider: self.provider,
            name: self.name.clone(),
            base_url: self.base_url.clone(),
            api_key: self.api_key.clone(),
            api_key_file: self.api_key_file.clone(),
            allow_key_over_http: self.allow_key_over_http,
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            dimensions: self.dimensions,
            batch_texts: self.batch_texts,
            text_bytes_max: self.text_bytes_max,
            timeout_ms: self.timeout_ms,
            redaction_rules,
        })
    }
}
