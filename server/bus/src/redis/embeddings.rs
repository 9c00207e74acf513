//! Vectors of texts that any process made, for all of them: processes meet the same kinds of line, are
//! taught by the same examples and asked the same questions, and a model is slow.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Client, Connection, RedisError, pipe};
use sha2::{Digest, Sha256};
use tocsin_domain::ports::{BusError, Embedder, EmbedderError};

use super::config::RedisBusConfig;
use super::resting::{Change, Resting};
use super::trouble::unavailable;

/// How long Redis may take to connect and for an answer; the model takes some milliseconds a text.
const WITHIN: Duration = Duration::from_millis(500);
/// Seconds that a vector is kept. Asking does not prolong it.
const KEPT_SECS: u64 = 3600;

/// How many texts were embedded by the model of this process, and how many were found made.
#[derive(Debug, Default)]
pub struct EmbeddingCounts {
    /// Made by the model.
    pub made: AtomicU64,
    /// Found in Redis.
    pub found: AtomicU64,
}

/// A model that first looks whether another process has done the work. While Redis is away each
/// process works alone.
pub struct RedisEmbeddings {
    model: Arc<dyn Embedder>,
    client: Client,
    tag: String,
    connection: Mutex<Option<Connection>>,
    resting: Resting,
    counts: Arc<EmbeddingCounts>,
}

impl fmt::Debug for RedisEmbeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisEmbeddings")
            .field("model", &self.model.model())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl RedisEmbeddings {
    /// Before a model, with the Redis of the bus; connects to nothing yet.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if the configuration cannot be; the source says what to do.
    pub fn open(config: &RedisBusConfig, model: Arc<dyn Embedder>) -> Result<Self, BusError> {
        config.check().map_err(unavailable)?;
        Ok(Self {
            client: config.client().map_err(unavailable)?,
            tag: format!("{{{}:embeddings}}", config.key_prefix),
            model,
            connection: Mutex::default(),
            resting: Resting::default(),
            counts: Arc::default(),
        })
    }

    /// Where the vectors came from; stays true.
    #[must_use]
    pub fn counts(&self) -> Arc<EmbeddingCounts> {
        self.counts.clone()
    }

    /// The key of a text: vectors of another model are others, and a text is of any length.
    fn key(&self, text: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.model.model());
        hash.update([0]);
        hash.update(text);
        format!("{}:{:x}", self.tag, hash.finalize())
    }

    /// What is known of these keys; nothing if Redis does not tell.
    fn recall(&self, keys: &[String]) -> Vec<Option<Vec<f32>>> {
        let asked = self.ask(|connection| redis::cmd("MGET").arg(keys).query(connection));
        let known: Vec<Option<Vec<u8>>> = asked.unwrap_or_default();
        let size = self.model.dimensions() * size_of::<f32>();
        let decoded = known.into_iter().map(|bytes| {
            bytes
                .filter(|bytes| bytes.len() == size)
                .map(|bytes| decode(&bytes))
        });
        let mut found: Vec<_> = decoded.collect();
        found.resize(keys.len(), None);
        found
    }

    fn remember<'a>(&self, made: impl Iterator<Item = (&'a String, &'a Vec<f32>)>) {
        let mut all = pipe();
        for (key, vector) in made {
            all.set_ex(key, encode(vector), KEPT_SECS).ignore();
        }
        let _kept: Option<()> = self.ask(|connection| all.query(connection));
    }

    fn ask<T>(&self, ask: impl FnOnce(&mut Connection) -> Result<T, RedisError>) -> Option<T> {
        let mut connection = self.connection.lock();
        // Whoever waited for one that failed does not try again.
        if self.resting.is_on() {
            return None;
        }
        let answered = self.connected(connection.take()).and_then(|mut opened| {
            let answer = ask(&mut opened)?;
            *connection = Some(opened);
            Ok(answer)
        });
        match self.resting.note(answered.is_err()) {
            Change::Away => tracing::warn!(
                error = answered.as_ref().err().map(tracing::field::display),
                "each process makes its vectors alone: Redis does not answer in time"
            ),
            Change::Back => tracing::info!("vectors are made for all processes again"),
            Change::None => {}
        }
        answered.ok()
    }

    /// A connection; one that failed is not used again, since an answer may still be on its way.
    fn connected(&self, before: Option<Connection>) -> Result<Connection, RedisError> {
        if let Some(connection) = before {
            return Ok(connection);
        }
        let connection = self.client.get_connection_with_timeout(WITHIN)?;
        connection.set_read_timeout(Some(WITHIN))?;
        connection.set_write_timeout(Some(WITHIN))?;
        Ok(connection)
    }
}

impl Embedder for RedisEmbeddings {
    fn model(&self) -> &str {
        self.model.model()
    }

    fn dimensions(&self) -> usize {
        self.model.dimensions()
    }

    fn engine(&self) -> Option<&'static str> {
        self.model.engine()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = texts.iter().map(|text| self.key(text)).collect();
        let mut vectors = self.recall(&keys);
        let places = || 0..texts.len();
        let lacking: Vec<usize> = places().filter(|at| vectors[*at].is_none()).collect();
        let found = (texts.len() - lacking.len()) as u64;
        self.counts.found.fetch_add(found, Ordering::Relaxed);
        if !lacking.is_empty() {
            let asked: Vec<&str> = lacking.iter().map(|at| texts[*at]).collect();
            let made = self.model.embed(&asked)?;
            let count = made.len() as u64;
            self.counts.made.fetch_add(count, Ordering::Relaxed);
            self.remember(lacking.iter().map(|at| &keys[*at]).zip(&made));
            for (at, vector) in lacking.into_iter().zip(made) {
                vectors[at] = Some(vector);
            }
        }
        Ok(vectors.into_iter().flatten().collect())
    }
}

/// Single precision, the lowest byte first.
fn encode(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|one| one.to_le_bytes()).collect()
}

fn decode(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers
        .iter()
        .map(|four| f32::from_le_bytes(*four))
        .collect()
}
