//! Why a model could not be loaded or a text not be embedded.

use std::path::PathBuf;

/// What went wrong in this crate. Messages name the remedy where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// A model file is not there or cannot be read.
    #[error(
        "cannot read {}: run `scripts/fetch-model.sh`, or point the model directory at a copy of \
         all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors)",
        path.display()
    )]
    Unreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the operating system answered.
        #[source]
        source: std::io::Error,
    },
    /// A model file is damaged.
    #[error(
        "{} is damaged ({reason}): delete it and run `scripts/fetch-model.sh`",
        path.display()
    )]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The files are whole, but describe another model.
    #[error(
        "{} is not all-MiniLM-L6-v2 ({reason}): only this model is supported, \
         run `scripts/fetch-model.sh`",
        path.display()
    )]
    OtherModel {
        /// The file that shows it.
        path: PathBuf,
        /// How it differs.
        reason: String,
    },
    /// A text could not be cut into word pieces.
    #[error("cannot cut the text into word pieces: {0}")]
    Tokenise(String),
    /// The tensor library refused an operation of the exact encoder.
    #[error("the exact encoder failed")]
    Tensor(#[from] candle_core::Error),
}

/// Kinds of error, for callers that map them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddingErrorKind {
    /// The model is missing or unusable until somebody fetches it again.
    ModelUnavailable,
    /// This crate or a library of it is at fault.
    Internal,
}

impl EmbeddingError {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> EmbeddingErrorKind {
        match self {
            Self::Unreadable { .. } | Self::Corrupt { .. } | Self::OtherModel { .. } => {
                EmbeddingErrorKind::ModelUnavailable
            }
            Self::Tokenise(_) | Self::Tensor(_) => EmbeddingErrorKind::Internal,
        }
    }
}
