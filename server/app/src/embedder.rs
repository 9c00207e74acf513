//! The embedding model behind the embedder's port: in this process, at a server, or, without one,
//! the remedy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use parking_lot::RwLock;
use tocsin_bus::{EmbeddingCounts, RedisBusConfig, RedisEmbeddings};
use tocsin_domain::ports::{Embedder, EmbedderError};
use tocsin_llm::RemoteEmbedder;

use crate::config::Config;

/// The model that vectors are of, also while it is missing: they are kept until it is back.
const MODEL: &str = "all-MiniLM-L6-v2";
/// The folder of the model within the user's cache.
const IN_CACHE: &str = "tocsin/all-MiniLM-L6-v2";

/// The model that runs in this process.
#[derive(Debug)]
struct Local(tocsin_embedding::Embedder);

impl Embedder for Local {
    fn model(&self) -> &str {
        self.0.model_id()
    }

    fn dimensions(&self) -> usize {
        tocsin_embedding::DIMENSIONS
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let failed = |error| EmbedderError::Failed(Box::new(error));
        let vectors = self.0.embed(texts).map_err(failed)?;
        Ok(vectors.into_iter().map(Vec::from).collect())
    }
}

/// No model: every call says what to do.
#[derive(Debug)]
struct Missing {
    remedy: String,
}

impl Embedder for Missing {
    fn model(&self) -> &str {
        MODEL
    }

    fn dimensions(&self) -> usize {
        tocsin_embedding::DIMENSIONS
    }

    fn embed(&self, _: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        Err(EmbedderError::Missing {
            remedy: self.remedy.clone(),
        })
    }
}

/// An embedder, and what to do if it is none.
pub(crate) struct Loaded {
    /// The embedder; it fails with the remedy if there is no model.
    pub(crate) embedder: Arc<dyn Embedder>,
    /// What the user can do to get search by meaning; none if it works.
    pub(crate) remedy: Option<String>,
    /// Names of machines that are cut out of what a server of embeddings is sent; empty until
    /// somebody fills them in.
    pub(crate) hosts: Arc<RwLock<Vec<String>>>,
    /// How many vectors were made here and how many another process had made; zero where there is
    /// one process.
    pub(crate) shared: Arc<EmbeddingCounts>,
}

impl Loaded {
    /// Has vectors made once for all processes, where there are several.
    ///
    /// # Errors
    /// What of the configuration of Redis cannot be.
    pub(crate) fn shared(mut self, redis: &RedisBusConfig) -> anyhow::Result<Self> {
        if redis.is_set() && self.remedy.is_none() {
            let shared = RedisEmbeddings::open(redis, self.embedder);
            let shared = shared.context("vectors for all processes")?;
            self.shared = shared.counts();
            self.embedder = Arc::new(shared);
        }
        Ok(self)
    }
}

/// The model that is configured. A server that is away is not an error either, if it is known
/// otherwise how long its vectors are.
///
/// # Errors
/// The setting that cannot be.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Loaded> {
    let Some(remote) = config.model.remote(config.llm.redaction_rules.clone()) else {
        return Ok(load(config.model.dir.as_deref()));
    };
    let hosts = Arc::<RwLock<Vec<String>>>::default();
    let known = hosts.clone();
    let embedder = RemoteEmbedder::connect(&remote, Arc::new(move || known.read().clone())).await;
    Ok(Loaded {
        embedder: Arc::new(embedder.context("`model`")?),
        remedy: None,
        hosts,
        shared: Arc::default(),
    })
}

/// Loads the model from `folder`, or from the user's cache. A model that is missing or broken is
/// not an error: the server works without, and says so.
fn load(folder: Option<&Path>) -> Loaded {
    let folder = folder.map_or_else(default_folder, Path::to_path_buf);
    match tocsin_embedding::Embedder::load(&folder) {
        Ok(model) => Loaded {
            embedder: Arc::new(Local(model)),
            remedy: None,
            hosts: Arc::default(),
            shared: Arc::default(),
        },
        Err(error) => {
            let remedy = format!(
                "{error}. Run `make model`, or set `model.dir` to a folder with all-MiniLM-L6-v2's \
                 model.safetensors, tokenizer.json and config.json, and start again"
            );
            tracing::warn!(folder = %folder.display(), "search by meaning is off: {remedy}");
            Loaded {
                embedder: Arc::new(Missing {
                    remedy: remedy.clone(),
                }),
                remedy: Some(remedy),
                hosts: Arc::default(),
                shared: Arc::default(),
            }
        }
    }
}

fn default_folder() -> PathBuf {
    user_cache().join(IN_CACHE)
}

/// The user's cache.
pub(crate) fn user_cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home);
    cache.unwrap_or_default()
}
