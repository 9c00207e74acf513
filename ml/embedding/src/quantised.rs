//! The encoder with 8-bit weights: 23 MB resident, the default.
//!
//! Sentences are laid one after the other without padding: linear layers see one long matrix of
//! word pieces, attention works within each sentence. Architecture: BERT (Devlin et al., NAACL
//! 2019), post-norm, exact GELU.

use crate::error::EmbeddingError;
use crate::linear::{Linear, Scratch, quantise_rows};
use crate::math::{HIDDEN, add, gelu, layer_norm, normalise, softmax};
use crate::model_files::Weights;
use crate::{LAYERS, Vector};
use multiversion::multiversion;

/// Inner width of the feed-forward part.
pub(crate) const INTERMEDIATE: usize = 1536;
/// Attention heads per layer.
pub(crate) const HEADS: usize = 12;
/// Width of a head.
pub(crate) const HEAD: usize = HIDDEN / HEADS;
/// Entries of the vocabulary.
pub(crate) const VOCABULARY: usize = 30_522;
/// Positions the model was trained with.
pub(crate) const POSITIONS: usize = 512;
/// Scores computed together.
const LANES: usize = 16;
/// Width of a fused query, key and value row.
const QKV: usize = 3 * HIDDEN;

/// Scale and shift of a layer norm.
#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    fn read(weights: &Weights<'_>, name: &str) -> Result<Self, EmbeddingError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"), &[HIDDEN])?,
            bias: weights.get(&format!("{name}.bias"), &[HIDDEN])?,
        })
    }

    fn apply(&self, values: &mut [f32]) {
        layer_norm(values, &self.weight, &self.bias);
    }
}

/// One transformer layer.
#[derive(Debug)]
struct Layer {
    qkv: Linear,
    attention: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

impl Layer {
    fn read(weights: &Weights<'_>, index: usize) -> Result<Self, EmbeddingError> {
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let qkv = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        let one =
            |part: &str, outputs, inputs| Linear::read(weights, &[name(part)], outputs, inputs);
        Ok(Self {
            qkv: Linear::read(weights, &qkv, HIDDEN, HIDDEN)?,
            attention: one("attention.output.dense", HIDDEN, HIDDEN)?,
            attention_norm: Norm::read(weights, &name("attention.output.LayerNorm"))?,
            up: one("intermediate.dense", INTERMEDIATE, HIDDEN)?,
            down: one("output.dense", HIDDEN, INTERMEDIATE)?,
            norm: Norm::read(weights, &name("output.LayerNorm"))?,
        })
    }
}

/// Buffers of one run, shared by the layers.
#[derive(Debug, Default)]
struct Buffers {
    linear: Scratch,
    qkv: Vec<f32>,
    context: Vec<f32>,
    projected: Vec<f32>,
    inner: Vec<f32>,
    attention: AttentionScratch,
}

/// Buffers of attention within one sentence.
#[derive(Debug, Default)]
struct AttentionScratch {
    /// Keys of a head, turned: `[HEAD][len]`.
    keys: Vec<f32>,
    /// Scores of one query, `[len]`.
    scores: Vec<f32>,
}

/// The encoder.
#[derive(Debug)]
pub(crate) struct QuantisedEncoder {
    words: Vec<i8>,
    word_scales: Vec<f32>,
    /// Position plus token-type embedding, `[POSITIONS][HIDDEN]`.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl QuantisedEncoder {
    /// Rounds the weights of the model to bytes.
    pub(crate) fn read(weights: &Weights<'_>) -> Result<Self, EmbeddingError> {
        let table =
            |part: &str, rows| weights.get(&format!("embeddings.{part}.weight"), &[rows, HIDDEN]);
        let (words, word_scales) = quantise_rows(&table("word_embeddings", VOCABULARY)?, HIDDEN);
        let mut positions = table("position_embeddings", POSITIONS)?;
        let types = table("token_type_embeddings", 2)?;
        for row in positions.chunks_exact_mut(HIDDEN) {
            add(row, &types[..HIDDEN]);
        }
        let norm = Norm::read(weights, "embeddings.LayerNorm")?;
        let layers = (0..LAYERS)
            .map(|i| Layer::read(weights, i))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            words,
            word_scales,
            positions,
            norm,
            layers,
        })
    }

    /// Encodes sentences of word-piece ids (each in `[0, VOCABULARY)`, at most `POSITIONS` long).
    pub(crate) fn encode(&self, sentences: &[&[u32]]) -> Vec<Vector> {
        let mut buffers = Buffers::default();
        let mut states = Vec::new();
        for sentence in sentences {
            for (id, position) in sentence.iter().zip(self.positions.chunks_exact(HIDDEN)) {
                let id = *id as usize;
                let scale = self.word_scales[id];
                let word = &self.words[id * HIDDEN..(id + 1) * HIDDEN];
                states.extend(
                    word.iter()
                        .zip(position)
                        .map(|(w, p)| f32::from(*w) * scale + p),
                );
            }
        }
        self.norm.apply(&mut states);
        for layer in &self.layers {
            run_layer(layer, &mut states, sentences, &mut buffers);
        }
        pool(&states, sentences)
    }
}

fn run_layer(layer: &Layer, states: &mut [f32], sentences: &[&[u32]], buffers: &mut Buffers) {
    layer
        .qkv
        .forward(states, &mut buffers.qkv, &mut buffers.linear);
    buffers.context.resize(states.len(), 0.0);
    let mut first = 0;
    for sentence in sentences {
        let last = first + sentence.len();
        let qkv = &buffers.qkv[first * QKV..last * QKV];
        let context = &mut buffers.context[first * HIDDEN..last * HIDDEN];
        attend(qkv, context, &mut buffers.attention);
        first = last;
    }
    layer.attention.forward(
        &buffers.context,
        &mut buffers.projected,
        &mut buffers.linear,
    );
    add(states, &buffers.projected);
    layer.attention_norm.apply(states);
    layer
        .up
        .forward(states, &mut buffers.inner, &mut buffers.linear);
    gelu(&mut buffers.inner);
    layer
        .down
        .forward(&buffers.inner, &mut buffers.projected, &mut buffers.linear);
    add(states, &buffers.projected);
    layer.norm.apply(states);
}

/// Self-attention of one sentence: `qkv` `[len][QKV]` to `context` `[len][HIDDEN]`. Scores are
/// padded with zeros to whole vectors of the processor; softmax sees the real ones only.
fn attend(qkv: &[f32], context: &mut [f32], scratch: &mut AttentionScratch) {
    let len = qkv.len() / QKV;
    let padded = len.next_multiple_of(LANES);
    scratch.keys.clear();
    scratch.keys.resize(HEAD * padded, 0.0);
    scratch.scores.resize(padded, 0.0);
    for head in 0..HEADS {
        let at = head * HEAD;
        for (position, row) in qkv.chunks_exact(QKV).enumerate() {
            let key = &row[HIDDEN + at..HIDDEN + at + HEAD];
            for (dimension, value) in key.iter().enumerate() {
                scratch.keys[dimension * padded + position] = *value;
            }
        }
        for (query, out) in qkv.chunks_exact(QKV).zip(context.chunks_exact_mut(HIDDEN)) {
            weigh(&query[at..at + HEAD], &scratch.keys, &mut scratch.scores);
            softmax(&mut scratch.scores[..len]);
            gather(
                &scratch.scores[..len],
                qkv,
                2 * HIDDEN + at,
                &mut out[at..at + HEAD],
            );
        }
    }
}

/// `scores[j] = query · keys[.., j] / √HEAD`, with `keys` `[HEAD][scores.len()]` and a whole number
/// of vectors of scores.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
fn weigh(query: &[f32], keys: &[f32], scores: &mut [f32]) {
    let scale = 1.0 / (HEAD as f32).sqrt();
    let (scores, _) = scores.as_chunks_mut::<LANES>();
    let (keys, _) = keys.as_chunks::<LANES>();
    let width = scores.len();
    for (block, scores) in scores.iter_mut().enumerate() {
        let mut sums = [0.0_f32; LANES];
        for dimension in 0..HEAD {
            let (value, keys) = (query[dimension] * scale, &keys[dimension * width + block]);
            for lane in 0..LANES {
                sums[lane] += value * keys[lane];
            }
        }
        *scores = sums;
    }
}

/// `out = Σ_j scores[j] · value[j]`, the values starting `at` in each row of `qkv`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
fn gather(scores: &[f32], qkv: &[f32], at: usize, out: &mut [f32]) {
    let mut sums = [0.0_f32; HEAD];
    let (rows, _) = qkv.as_chunks::<QKV>();
    for position in 0..scores.len().min(rows.len()) {
        let (score, values) = (scores[position], &rows[position][at..at + HEAD]);
        for dimension in 0..HEAD {
            sums[dimension] += score * values[dimension];
        }
    }
    out.copy_from_slice(&sums);
}

/// Mean of each sentence's states, scaled to length 1.
fn pool(states: &[f32], sentences: &[&[u32]]) -> Vec<Vector> {
    let mut rows = states.chunks_exact(HIDDEN);
    sentences
        .iter()
        .map(|sentence| {
            let mut mean = [0.0_f32; HIDDEN];
            for row in rows.by_ref().take(sentence.len()) {
                add(&mut mean, row);
            }
            // Dividing by the number of pieces would not change the direction.
            normalise(&mut mean);
            mean
        })
        .collect()
}
