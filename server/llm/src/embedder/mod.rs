//! Embeddings from a server, so that many processes share one model.
//!
//! Texts leave in batches, shortened to what models of embeddings read; towards another machine what
//! must not leave is cut out of each first, text by text, so that a text always becomes the same
//! vector. A server that is away fails every call at once for a moment, so that searches fall back
//! to words without waiting for it.

mod config;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tocsin_domain::ports::{Embedder, EmbedderError, EngineError, ModelError};
use tokio::runtime::Handle;

pub use config::{EmbedderConfig, EmbedderProvider, RemoteEmbedderError};

use crate::providers::{Failure, Provider};
use crate::redaction::{RedactionRules, redact_texts};
use crate::wall::KnownHosts;
use config::Remote;

/// How long a server that did not answer is left alone.
const REST: Duration = Duration::from_secs(2);
/// Attempts at a request whose failure may pass.
const ATTEMPTS_MAX: u32 = 3;
/// The wait before the second attempt; twice as long before the next.
const WAIT: Duration = Duration::from_millis(200);
/// What is embedded to learn the length of a vector.
const PROBE: &str = "disk full";

/// A model of embeddings at a server.
pub struct RemoteEmbedder {
    asks: Arc<Asks>,
    /// The provider and its name of the model: `openai:text-embedding-3-small`.
    model: String,
    dimensions: usize,
    runtime: Handle,
    away: Mutex<Option<Away>>,
}

/// Since when the server is away, or of no use, and why.
#[derive(Debug, Clone)]
struct Away {
    at: Instant,
    why: String,
    /// Whether somebody has to change something.
    is_refusal: bool,
}

impl Away {
    fn new(error: &ModelError) -> Self {
        Self {
            at: Instant::now(),
            why: error.to_string(),
            is_refusal: !config::is_away(error),
        }
    }

    /// That of a server which answered what cannot be.
    fn nonsense(why: String) -> Self {
        Self {
            at: Instant::now(),
            why,
            is_refusal: true,
        }
    }
}

/// How texts become vectors, without a memory.
struct Asks {
    remote: Remote,
    provider: Provider,
    /// None for a server on this machine, which texts do not leave.
    redaction: Option<(Arc<RedactionRules>, KnownHosts)>,
}

impl fmt::Debug for RemoteEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteEmbedder")
            .field("model", &self.model)
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}

impl RemoteEmbedder {
    /// Asks the server for one vector, to learn how long they are. One that is away is no error if
    /// that is known otherwise: by `dimensions`, or of a model that is well known. `hosts` tells the
    /// names of machines that are cut out of texts beside what the rules find.
    ///
    /// # Errors
    /// [`RemoteEmbedderError`] with the setting that cannot be.
    pub async fn connect(
        config: &EmbedderConfig,
        hosts: KnownHosts,
    ) -> Result<Self, RemoteEmbedderError> {
        let remote = config.remote()?;
        let provider = Provider::new(&remote.endpoint)?;
        let redaction = match remote.is_here {
            true => None,
            false => {
                let rules = RedactionRules::load(config.redaction_rules.as_deref());
                Some((Arc::new(rules?), hosts))
            }
        };
        let model = format!("{}:{}", config.provider.name(), remote.name);
        let asks = Arc::new(Asks {
            remote,
            provider,
            redaction,
        });
        let probed = asks.vectors(&[PROBE.to_owned()]).await;
        let mut away = None;
        let dimensions = match probed {
            Ok(vectors) => {
                let told = vectors.first().map_or(0, Vec::len);
                config::agreed(config.dimensions, told)?
            }
            Err(failure) => {
                let known = asks.remote.known_dimensions(config.dimensions);
                let Some(dimensions) = known else {
                    return Err(config::unknown(failure.error));
                };
                let error = &failure.error;
                tracing::warn!(
                    model, %error,
                    "the server of embeddings is away; searches go by words until it is back"
                );
                away = Some(Away::new(error));
                dimensions
            }
        };
        Ok(Self {
            asks,
            model,
            dimensions,
            runtime: Handle::current(),
            away: Mutex::new(away),
        })
    }

    fn failed(&self, now: Away) -> EmbedderError {
        let mut away = self.away.lock();
        if away.is_none() {
            let (model, why) = (&self.model, &now.why);
            tracing::warn!(model, why, "the server of embeddings does not answer");
        }
        let error = self.error(&now);
        *away = Some(now);
        error
    }

    fn error(&self, away: &Away) -> EmbedderError {
        let told = format!("the server of `{}`: {}", self.model, away.why);
        let error = match away.is_refusal {
            true => EngineError::refuses(config::ENGINE, told),
            false => EngineError::away(config::ENGINE, told),
        };
        EmbedderError::Failed(error.into())
    }

    fn take(&self, vectors: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let units = vectors.into_iter().map(|vector| self.unit(vector));
        let units = units.collect::<Result<Vec<_>, _>>();
        let units = units.map_err(|why| self.failed(Away::nonsense(why)))?;
        if self.away.lock().take().is_some() {
            tracing::info!(model = self.model, "the server of embeddings answers again");
        }
        Ok(units)
    }

    /// The vector at length 1.
    fn unit(&self, mut vector: Vec<f32>) -> Result<Vec<f32>, String> {
        if vector.len() != self.dimensions {
            return Err(format!(
                "a vector has {} numbers where the others have {}; `model.dimensions` says which \
                 is right, after a restart",
                vector.len(),
                self.dimensions
            ));
        }
        let sum: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        let norm = sum.sqrt();
        if !norm.is_finite() || norm < f64::from(f32::MIN_POSITIVE) {
            return Err("a vector has no direction".to_owned());
        }
        for number in &mut vector {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "vectors are of single precision"
            )]
            let scaled = (f64::from(*number) / norm) as f32;
            *number = scaled;
        }
        Ok(vector)
    }
}

impl Embedder for RemoteEmbedder {
    fn model(&self) -> &str {
        &self.model
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn engine(&self) -> Option<&'static str> {
        Some(config::ENGINE)
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let resting = self.away.lock().clone();
        if let Some(away) = resting.filter(|away| away.at.elapsed() < REST) {
            return Err(self.error(&away));
        }
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        // A thread of its own may wait for the runtime, wherever this is called.
        let answered = std::thread::scope(|scope| {
            let asked = scope.spawn(|| self.runtime.block_on(self.asks.vectors(&texts)));
            asked.join()
        });
        match answered {
            Ok(Ok(vectors)) => self.take(vectors),
            Ok(Err(failure)) => Err(self.failed(Away::new(&failure.error))),
            Err(_) => Err(self.failed(Away::nonsense("the request broke off".to_owned()))),
        }
    }
}

impl Asks {
    /// One vector for each text, as the server gives them.
    async fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Failure> {
        let mut vectors = Vec::with_capacity(texts.len());
        for some in texts.chunks(self.remote.batch_texts) {
            let some: Vec<String> = some.iter().map(|text| self.shown(text)).collect();
            vectors.extend(self.some_vectors(&some).await?);
        }
        Ok(vectors)
    }

    async fn some_vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Failure> {
        let mut attempt = 1;
        loop {
            let Some(prepared) = self.provider.prepare_embed(texts) else {
                return Err(Failure::before(ModelError::NoModel));
            };
            match self.provider.embed(prepared?, texts.len()).await {
                Ok(embedded) => return Ok(embedded.vectors),
                Err(failure) if attempt < ATTEMPTS_MAX && failure.is_temporary() => {
                    tokio::time::sleep(WAIT * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// What the server is shown of a text.
    fn shown(&self, text: &str) -> String {
        let text = shortened(text, self.remote.text_bytes_max);
        match &self.redaction {
            None => text.to_owned(),
            Some((rules, hosts)) => {
                let (mut texts, _) = redact_texts(&[text.to_owned()], rules.clone(), &hosts());
                texts.pop().unwrap_or_default()
            }
        }
    }
}

/// The beginning of a text, whole characters; servers refuse an empty one.
fn shortened(text: &str, bytes_max: usize) -> &str {
    let end = text.floor_char_boundary(bytes_max);
    match text[..end].trim() {
        "" => "-",
        beginning => beginning,
    }
}
