//! The three files of a model directory: read, checked, handed on.
//!
//! Nothing is kept open or mapped: the weights are read once, turned into an encoder's own form
//! and dropped.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::error::EmbeddingError;

/// What `config.json` must say: the shape of all-MiniLM-L6-v2.
const SHAPE: [(&str, u64); 6] = [
    ("hidden_size", 384),
    ("intermediate_size", 1536),
    ("num_attention_heads", 12),
    ("num_hidden_layers", 6),
    ("vocab_size", 30_522),
    ("max_position_embeddings", 512),
];

/// Largest weight file that is read, bytes. The real one has 91 MB.
const WEIGHTS_BYTES_MAX: u64 = 256 << 20;

/// Reads a file of the model, mapping failures to an error that names the remedy.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, EmbeddingError> {
    let unreadable = |source| EmbeddingError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > WEIGHTS_BYTES_MAX {
        return Err(EmbeddingError::OtherModel {
            path: path.to_owned(),
            reason: format!("{size} bytes, at most {WEIGHTS_BYTES_MAX} are expected"),
        });
    }
    fs::read(path).map_err(unreadable)
}

/// Checks that `config.json` describes all-MiniLM-L6-v2.
pub(crate) fn check_config(path: &Path) -> Result<(), EmbeddingError> {
    let config: Value =
        serde_json::from_slice(&read(path)?).map_err(|error| corrupt(path, error))?;
    for (key, expected) in SHAPE {
        let found = config.get(key).and_then(Value::as_u64);
        if found != Some(expected) {
            let found = found.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            return Err(EmbeddingError::OtherModel {
                path: path.to_owned(),
                reason: format!("`{key}` is {found}, expected {expected}"),
            });
        }
    }
    Ok(())
}

/// A damaged file.
pub(crate) fn corrupt(path: &Path, reason: impl ToString) -> EmbeddingError {
    EmbeddingError::Corrupt {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The tensors of `model.safetensors`, by name.
#[derive(Debug)]
pub(crate) struct Weights<'a> {
    tensors: SafeTensors<'a>,
    path: PathBuf,
}

impl<'a> Weights<'a> {
    /// Reads the directory of tensors in `bytes`, the content of the file at `path`.
    pub(crate) fn parse(bytes: &'a [u8], path: &Path) -> Result<Self, EmbeddingError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| corrupt(path, error))?;
        Ok(Self {
            tensors,
            path: path.to_owned(),
        })
    }

    /// The tensor `name` as row-major 32-bit floats; its shape must be `shape`.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbeddingError> {
        let other = |reason| EmbeddingError::OtherModel {
            path: self.path.clone(),
            reason,
        };
        let tensor = self
            .tensors
            .tensor(name)
            .map_err(|_| other(format!("there is no tensor `{name}`")))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
            return Err(other(format!(
                "`{name}` is {found}, expected F32 {shape:?}"
            )));
        }
        let (values, _) = tensor.data().as_chunks::<4>();
        Ok(values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }
}
