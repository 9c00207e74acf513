//! Vectors on a Qdrant that many processes share.
//!
//! Each model has a collection of its own, named by a hash of the model, so that vectors of
//! different models never meet. The alias names the collection that is complete: with a new model a
//! new one is filled while the alias, and every process of the old model, stay with the old one;
//! [`VectorStore::completed`] then moves the alias in one step, and what it pointed to goes a day
//! later. A point bears its template and view as payload too, for those who look at it there.
//!
//! The server may be away: each call says so, at once if it is known to hang, and the first that gets
//! through makes ready what is needed. Whether Qdrant is one node or many does not show here.

mod collection;
mod config;
mod points;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qdrant_client::{Qdrant, QdrantError};
use tocsin_domain::TemplateId;
use tocsin_domain::ports::{Clock, EngineError, StoreError, VectorHit, VectorPoint, VectorStore};
use tokio::sync::Mutex;

pub use config::{QdrantConfig, QdrantKey, Quantisation, VectorsConfig};

use super::key::PointKey;
use crate::pulse::{Ping, Pulse};
use config::Settings;

/// What people call it.
const ENGINE: &str = "Qdrant";
/// How long work may take before the server is asked whether it is there.
const PATIENCE: Duration = Duration::from_secs(3);
/// How the client begins to say that there is no connection, with the code of an error of the server.
const NOT_CONNECTED: &str = "Failed to connect to ";
/// Codes of gRPC, which say what a refusal means.
const CANCELLED: i32 = 1;
/// Of a connection that broke.
const UNKNOWN: i32 = 2;
const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const NOT_FOUND: i32 = 5;
const PERMISSION_DENIED: i32 = 7;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

/// Embeddings on a Qdrant.
#[derive(Clone)]
pub struct QdrantVectorStore {
    inner: Arc<Inner>,
}

struct Inner {
    client: Qdrant,
    pulse: Pulse,
    settings: Settings,
    model: String,
    dimensions: usize,
    /// The collection of the model.
    collection: String,
    /// Whether the collection was seen as it must be; false again when the server does not know it.
    is_ready: Mutex<bool>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for QdrantVectorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QdrantVectorStore")
            .field("url", &self.inner.settings.url)
            .field("collection", &self.inner.collection)
            .finish_non_exhaustive()
    }
}

impl QdrantVectorStore {
    /// A store of vectors of this model and length. Nothing is sent yet: a server that is away does
    /// not keep anybody from starting.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with the key that cannot be as it is, or if `dimensions` is 0.
    pub fn open(
        config: &QdrantConfig,
        model: &str,
        dimensions: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let settings = config.settings()?;
        if dimensions == 0 {
            return Err(StoreError::Invalid("vectors need a length".to_owned()));
        }
        let client = client(&settings).map_err(|error| unavailable(&settings, error))?;
        let collection = collection::name(&settings.prefix, model, dimensions);
        let inner = Inner {
            client,
            pulse: pulse(&settings),
            settings,
            model: model.to_owned(),
            dimensions,
            collection,
            is_ready: Mutex::new(false),
            clock,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The collection of the model, for people.
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.inner.collection
    }
}

impl Inner {
    /// Work, given up once the server does not answer. The client's futures are large.
    fn attended<'a, T: 'a>(
        &'a self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>> {
        Box::pin(async move {
            let done = self.pulse.during(work).await;
            done.unwrap_or_else(|silent| Err(silent.of(ENGINE)))
        })
    }

    /// What an error of the client is to the caller.
    fn failed(&self, error: QdrantError) -> StoreError {
        match code(&error) {
            Some(INVALID_ARGUMENT) => {
                StoreError::Invalid(format!("Qdrant refuses: {}", said(&error)))
            }
            _ => unavailable(&self.settings, error),
        }
    }

    /// Calls with the collection there. If the server no longer knows it, as after it was emptied, it
    /// is made anew and the call is made once more.
    async fn with_collection<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        self.make_ready().await?;
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if code(&error) != Some(NOT_FOUND) {
            return Err(self.failed(error));
        }
        tracing::warn!(
            collection = self.collection,
            "the vectors are gone from Qdrant; their collection is made anew"
        );
        *self.is_ready.lock().await = false;
        self.make_ready().await?;
        call().await.map_err(|error| self.failed(error))
    }
}

fn client(settings: &Settings) -> Result<Qdrant, QdrantError> {
    Qdrant::from_url(&settings.url)
        .api_key(settings.api_key.clone())
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout)
        // It would print to standard output; what is needed of the server is in the guide.
        .skip_compatibility_check()
        .build()
}

/// Asks whether it is healthy, on a connection of its own: that of the work may be broken.
fn pulse(settings: &Settings) -> Pulse {
    let settings = settings.clone();
    let ping: Ping = Box::new(move || {
        let client = client(&settings);
        Box::pin(async move {
            match client {
                Ok(client) => client
                    .health_check()
                    .await
                    .map_or_else(|e| !is_away(&e), |_| true),
                // Without a way to ask, nothing is known against it.
                Err(_) => true,
            }
        })
    });
    Pulse::new(ENGINE, PATIENCE, ping)
}

/// Whether an error says that the server cannot be reached, or does not answer.
fn is_away(error: &QdrantError) -> bool {
    match code(error) {
        None | Some(CANCELLED | UNKNOWN | DEADLINE_EXCEEDED | UNAVAILABLE) => true,
        Some(INTERNAL) => said(error).starts_with(NOT_CONNECTED),
        Some(_) => false,
    }
}

fn code(error: &QdrantError) -> Option<i32> {
    match error {
        QdrantError::ResponseError { status } => Some(status.code() as i32),
        _ => None,
    }
}

/// The server's own words; they never bear the key.
fn said(error: &QdrantError) -> String {
    match error {
        QdrantError::ResponseError { status }
        | QdrantError::ResourceExhaustedError { status, .. } => status.message().to_owned(),
        other => other.to_string(),
    }
}

fn unavailable(settings: &Settings, error: QdrantError) -> StoreError {
    let is_away = is_away(&error);
    let (url, said) = (&settings.url, said(&error));
    StoreError::Unavailable(match code(&error) {
        Some(UNAUTHENTICATED | PERMISSION_DENIED) => {
            let key = "`vectors.qdrant.api_key`";
            let why = format!("Qdrant at {url} does not take the key, {key}: {said}");
            EngineError::refuses(ENGINE, why).into()
        }
        _ if is_away => EngineError::away(ENGINE, format!("Qdrant at {url}: {said}")).into(),
        _ => format!("Qdrant at {url}: {said}").into(),
    })
}

#[async_trait]
impl VectorStore for QdrantVectorStore {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<(), StoreError> {
        for point in &points {
            super::check(&point.vector, self.inner.dimensions)?;
        }
        // Of two points of one template and view, the later holds.
        let points: BTreeMap<_, _> = points
            .into_iter()
            .map(|point| (PointKey::new(point.template, point.view), point.vector))
            .collect();
        self.inner.attended(self.inner.upsert(points)).await
    }

    async fn search(&self, vector: &[f32], limit: usize) -> Result<Vec<VectorHit>, StoreError> {
        super::check(vector, self.inner.dimensions)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let search = self.inner.search(vector, limit);
        self.inner.attended(search).await
    }

    async fn all(&self, view: u8) -> Result<Vec<VectorPoint>, StoreError> {
        self.inner.attended(self.inner.all(view)).await
    }

    async fn remove(&self, templates: &[TemplateId]) -> Result<(), StoreError> {
        self.inner.attended(self.inner.remove(templates)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.inner.attended(self.inner.count()).await
    }

    async fn completed(&self) -> Result<(), StoreError> {
        self.inner.attended(self.inner.complete()).await
    }
}
