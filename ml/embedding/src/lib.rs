#![doc = include_str!("../README.md")]
//!
//! This file: the public face. Texts flow in, unit vectors flow out. The crate reads the model
//! files once, at load; it fetches nothing, keeps no cache of vectors and spawns no thread.

mod error;
mod exact;
mod kernel;
mod linear;
mod math;
mod model_files;
mod quantised;

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

pub use error::{EmbeddingError, EmbeddingErrorKind};
use exact::ExactEncoder;
use model_files::Weights;
use quantised::QuantisedEncoder;

/// Length of every vector.
pub const DIMENSIONS: usize = math::HIDDEN;
/// Most word pieces of a text that count, the two markers included; what follows is cut off.
pub const PIECES_MAX: usize = 256;
/// Most bytes of a text that are looked at. 256 word pieces of prose have about 1.3 kB.
pub const TEXT_BYTES_MAX: usize = 16 << 10;

/// Transformer layers of the model.
const LAYERS: usize = 6;
/// Word pieces encoded together: enough to feed the matrix kernel, few enough to stay in cache.
const BATCH_PIECES: usize = 256;

/// The embedding of one text: 384 numbers, length 1.
pub type Vector = [f32; DIMENSIONS];

/// How the weights are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// One byte a weight: 23 MB, fast, cosine to the reference at least 0.99.
    #[default]
    Quantised,
    /// Four bytes a weight: 91 MB, equal to the reference within 1e-4.
    Exact,
}

#[derive(Debug)]
enum Encoder {
    Quantised(QuantisedEncoder),
    Exact(ExactEncoder),
}

/// all-MiniLM-L6-v2, ready to run. `Send` and `Sync`; calls run on the caller's thread.
#[derive(Debug)]
pub struct Embedder {
    tokenizer: Tokenizer,
    encoder: Encoder,
}

impl Embedder {
    /// Loads the model from `dir` (`config.json`, `tokenizer.json`, `model.safetensors`) with
    /// quantised weights.
    ///
    /// # Errors
    /// When a file is missing, damaged or of another model; the message says what to do.
    pub fn load(dir: &Path) -> Result<Self, EmbeddingError> {
        Self::load_with(dir, Precision::default())
    }

    /// Loads the model from `dir`, holding the weights as `precision` says.
    ///
    /// # Errors
    /// As [`Embedder::load`].
    pub fn load_with(dir: &Path, precision: Precision) -> Result<Self, EmbeddingError> {
        model_files::check_config(&dir.join("config.json"))?;
        let tokenizer = load_tokenizer(&dir.join("tokenizer.json"))?;
        let path = dir.join("model.safetensors");
        let bytes = model_files::read(&path)?;
        let weights = Weights::parse(&bytes, &path)?;
        let encoder = match precision {
            Precision::Quantised => Encoder::Quantised(QuantisedEncoder::read(&weights)?),
            Precision::Exact => Encoder::Exact(ExactEncoder::read(&weights)?),
        };
        Ok(Self { tokenizer, encoder })
    }

    /// Name of the model; vectors of different models must not be compared.
    #[must_use]
    pub fn model_id(&self) -> &'static str {
        "all-MiniLM-L6-v2"
    }

    /// How the weights are held.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self.encoder {
            Encoder::Quantised(_) => Precision::Quantised,
            Encoder::Exact(_) => Precision::Exact,
        }
    }

    /// Embeds `texts`: one vector each, in their order, mean-pooled and of length 1.
    ///
    /// Any text is accepted, the empty one too; only its first [`PIECES_MAX`] word pieces count.
    ///
    /// # Errors
    /// When a text cannot be cut into word pieces or the tensor library fails; neither is known
    /// to happen.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vector>, EmbeddingError> {
        let sentences = texts
            .iter()
            .map(|text| self.pieces(text))
            .collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| sentences[index].len());
        let mut vectors = vec![[0.0; DIMENSIONS]; texts.len()];
        let mut rest = &order[..];
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(self.batch_len(rest, &sentences));
            let pieces: Vec<&[u32]> = batch.iter().map(|&index| &sentences[index][..]).collect();
            let encoded = match &self.encoder {
                Encoder::Quantised(encoder) => encoder.encode(&pieces),
                Encoder::Exact(encoder) => encoder.encode(&pieces)?,
            };
            for (&index, vector) in batch.iter().zip(encoded) {
                vectors[index] = vector;
            }
            rest = after;
        }
        Ok(vectors)
    }

    /// Word-piece ids of a text with the markers around them, at most [`PIECES_MAX`].
    fn pieces(&self, text: &str) -> Result<Vec<u32>, EmbeddingError> {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| EmbeddingError::Tokenise(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// How many of the sentences in `order`, sorted by length, run together next.
    fn batch_len(&self, order: &[usize], sentences: &[Vec<u32>]) -> usize {
        let same_length = matches!(self.encoder, Encoder::Exact(_));
        let first = sentences[order[0]].len();
        let mut pieces = 0;
        let fits = order.iter().take_while(|&&index| {
            let len = sentences[index].len();
            pieces += len;
            pieces <= BATCH_PIECES && (!same_length || len == first)
        });
        fits.count().max(1)
    }
}

/// Reads the tokeniser and sets our limits in place of those stored with it.
fn load_tokenizer(path: &Path) -> Result<Tokenizer, EmbeddingError> {
    let bytes = model_files::read(path)?;
    let damaged = |error: tokenizers::Error| model_files::corrupt(path, error);
    let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(damaged)?;
    let size = tokenizer.get_vocab_size(false);
    if size != quantised::VOCABULARY {
        return Err(EmbeddingError::OtherModel {
            path: path.to_owned(),
            reason: format!("{size} word pieces, expected {}", quantised::VOCABULARY),
        });
    }
    let truncation = TruncationParams {
        max_length: PIECES_MAX,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(damaged)?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}
