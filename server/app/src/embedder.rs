//! The embedding model behind the embedder's port; or, without one, the remedy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tocsin_domain::ports::{Embedder, EmbedderError};

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
}

/// Loads the model from `folder`, or from the user's cache. A model that is missing or broken is
/// not an error: the server works without, and says so.
pub(crate) fn load(folder: Option<&Path>) -> Loaded {
    let folder = folder.map_or_else(default_folder, Path::to_path_buf);
    match tocsin_embedding::Embedder::load(&folder) {
        Ok(model) => Loaded {
            embedder: Arc::new(Local(model)),
            remedy: None,
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
