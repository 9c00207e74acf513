//! From a configuration to settings that hold together.

use std::path::Path;
use std::time::Duration;

use tocsin_domain::ports::ModelProvider;

use super::{ModelConfig, ModelSecret, ProviderChoice};
use crate::config::{BreakerConfig, ModelBudgetsConfig, ModelPricesConfig, ModelRetryConfig};

/// Where OpenAI itself is.
const OPENAI_URL: &str = "https://api.openai.com/v1";
/// Where Ollama listens by default.
const OLLAMA_URL: &str = "http://127.0.0.1:11434";
/// The model if none is named.
const OPENAI_MODEL: &str = "gpt-4o-mini";
/// The same for Ollama.
const OLLAMA_MODEL: &str = "llama3.1";
/// The smallest context that prompts fit in.
const CONTEXT_TOKENS_MIN: u32 = 1024;
/// The longest any limit of time may be: a day.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: expected {expected}")]
pub struct ModelConfigError {
    /// Which one, below the section of the model: `timeouts.idle_ms`.
    pub field: String,
    /// What it should have been.
    pub expected: String,
}

impl ModelConfigError {
    pub(crate) fn new(field: &str, expected: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            expected: expected.into(),
        }
    }
}

/// Limits of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimits {
    pub(crate) connect: Duration,
    pub(crate) first_token: Duration,
    pub(crate) idle: Duration,
    pub(crate) total: Duration,
}

/// Where a model is, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) provider: ModelProvider,
    pub(crate) model: String,
    pub(crate) embedding_model: Option<String>,
    /// Numbers that vectors are asked to have; none for what the model gives.
    pub(crate) embedding_dimensions: Option<u32>,
    /// Without a slash at its end.
    pub(crate) base_url: String,
    /// Host and port, for people and the ledger.
    pub(crate) host: String,
    pub(crate) api_key: ModelSecret,
    pub(crate) authority_pem: Option<Vec<u8>>,
    pub(crate) proxy: Option<String>,
    pub(crate) limits: TimeLimits,
    pub(crate) context_tokens: Option<u32>,
    pub(crate) thinking_tokens: u32,
}

/// Everything about a model that is there.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) endpoint: Endpoint,
    pub(crate) concurrency: usize,
    pub(crate) queue: usize,
    pub(crate) retries: ModelRetryConfig,
    pub(crate) breaker: BreakerConfig,
    pub(crate) prices: ModelPricesConfig,
    pub(crate) budgets: ModelBudgetsConfig,
}

impl ModelConfig {
    /// Whether everything can be as it is set. Reads the files that are named, but for rules and
    /// prompts.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), ModelConfigError> {
        self.settings().map(drop)
    }

    /// None for no model.
    pub(crate) fn settings(&self) -> Result<Option<Settings>, ModelConfigError> {
        self.check_numbers()?;
        let (provider, url, model) = match self.provider() {
            ProviderChoice::Extractive => return Ok(None),
            ProviderChoice::OpenAi => (ModelProvider::OpenAi, OPENAI_URL, OPENAI_MODEL),
            ProviderChoice::Ollama => (ModelProvider::Ollama, OLLAMA_URL, OLLAMA_MODEL),
        };
        let api_key = self.key()?;
        let (base_url, host) = self.address(url, !api_key.is_empty())?;
        let millis = Duration::from_millis;
        let authority_pem = self.ca_file.as_deref().map(|path| read("ca_file", path));
        let endpoint = Endpoint {
            provider,
            model: or_default(&self.model, model),
            embedding_model: self.embedding_model.clone().filter(|name| !name.is_empty()),
            embedding_dimensions: None,
            base_url,
            host,
            api_key,
            authority_pem: authority_pem.transpose()?,
            proxy: self.proxy.clone(),
            limits: TimeLimits {
                connect: millis(self.timeouts.connect_ms),
                first_token: millis(self.timeouts.first_token_ms),
                idle: millis(self.timeouts.idle_ms),
                total: millis(self.timeouts.total_ms),
            },
            context_tokens: self.context_tokens,
            thinking_tokens: self.thinking_tokens,
        };
        Ok(Some(Settings {
            endpoint,
            concurrency: self.concurrency,
            queue: self.queue,
            retries: self.retries.clone(),
            breaker: self.breaker.clone(),
            prices: self.prices.clone(),
            budgets: self.budgets.clone(),
        }))
    }

    fn check_numbers(&self) -> Result<(), ModelConfigError> {
        let hold = |is_fine: bool, field: &str, expected: &str| match is_fine {
            true => Ok(()),
            false => Err(ModelConfigError::new(field, expected)),
        };
        let is_free = (0.0..=2.0).contains(&self.temperature);
        hold(is_free, "temperature", "a number from 0 to 2")?;
        let context = self.context_tokens.unwrap_or(CONTEXT_TOKENS_MIN);
        let is_wide = context >= CONTEXT_TOKENS_MIN;
        hold(is_wide, "context_tokens", "at least 1024 tokens")?;
        let is_parallel = (1..=64).contains(&self.concurrency);
        hold(is_parallel, "concurrency", "1 to 64 calls")?;
        hold(self.queue <= 1024, "queue", "at most 1024 calls")?;
        let times = &self.timeouts;
        for (field, ms) in [
            ("timeouts.connect_ms", times.connect_ms),
            ("timeouts.first_token_ms", times.first_token_ms),
            ("timeouts.idle_ms", times.idle_ms),
            ("timeouts.total_ms", times.total_ms),
        ] {
            let is_time = (1..=TIMEOUT_MS_MAX).contains(&ms);
            hold(is_time, field, "1 to 86400000 milliseconds")?;
        }
        let is_patient = self.retries.attempts_max <= 10;
        hold(is_patient, "retries.attempts_max", "at most 10 attempts")?;
        let is_short = self.retries.wait_ms_max <= TIMEOUT_MS_MAX;
        hold(
            is_short,
            "retries.wait_ms_max",
            "at most 86400000 milliseconds",
        )?;
        let is_breaker = self.breaker.failures >= 1;
        hold(is_breaker, "breaker.failures", "at least 1 failure")?;
        let is_open = self.breaker.open_secs <= TIMEOUT_MS_MAX / 1000;
        hold(is_open, "breaker.open_secs", "at most 86400 seconds")
    }

    fn key(&self) -> Result<ModelSecret, ModelConfigError> {
        let text = match (&self.api_key_file, self.api_key.is_empty()) {
            (None, _) => self.api_key.expose().to_owned(),
            (Some(_), false) => {
                let expected = "either `api_key` or `api_key_file`, not both";
                return Err(ModelConfigError::new("api_key", expected));
            }
            (Some(path), true) => {
                let bytes = read("api_key_file", path)?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                text.lines().next().unwrap_or_default().to_owned()
            }
        };
        let text = text.trim();
        if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
            return Err(ModelConfigError::new("api_key", "one line of plain text"));
        }
        Ok(ModelSecret::new(text.to_owned()))
    }

    /// The address without a slash at its end, and its host with the port.
    fn address(&self, default: &str, has_key: bool) -> Result<(String, String), ModelConfigError> {
        let wrong = || {
            let expected = "an address such as `https://example.org/v1`, without user, `?` and `#`";
            ModelConfigError::new("base_url", expected)
        };
        let text = or_default(&self.base_url, default);
        let text = text.trim().trim_end_matches('/');
        let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(wrong)?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let is_here = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
        if url.scheme() == "http" && has_key && !is_here && !self.allow_key_over_http {
            let expected = "`https://`: over `http://` the key could be read on the way \
                            (`allow_key_over_http` sends it nevertheless)";
            return Err(ModelConfigError::new("base_url", expected));
        }
        let shown = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok((text.to_owned(), shown))
    }
}

fn or_default(text: &str, default: &str) -> String {
    let is_set = !text.trim().is_empty();
    if is_set { text.trim() } else { default }.to_owned()
}

fn read(field: &str, path: &Path) -> Result<Vec<u8>, ModelConfigError> {
    std::fs::read(path).map_err(|error| {
        let expected = format!("a file that can be read ({}: {error})", path.display());
        ModelConfigError::new(field, expected)
    })
}
