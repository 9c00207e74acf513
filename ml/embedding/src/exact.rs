//! The encoder in 32-bit floats on `candle`: equal to the reference within 1e-4, 91 MB resident.
//!
//! Sentences of one length run together, so nothing is padded and no mask is needed.

use candle_core::{D, DType, Device, Result, Tensor};

use crate::error::EmbeddingError;
use crate::math::{HIDDEN, normalise};
use crate::model_files::Weights;
use crate::quantised::{HEAD, HEADS, INTERMEDIATE, POSITIONS, VOCABULARY};
use crate::{LAYERS, Vector};

/// What BERT adds to the variance before dividing.
const LAYER_NORM_EPSILON: f64 = 1e-12;

#[derive(Debug)]
struct Linear {
    /// Turned: `[inputs][outputs]`.
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input
            .broadcast_matmul(&self.weight)?
            .broadcast_add(&self.bias)
    }
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let centred = input.broadcast_sub(&input.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        centred
            .broadcast_div(&(variance + LAYER_NORM_EPSILON)?.sqrt()?)?
            .broadcast_mul(&self.weight)?
            .broadcast_add(&self.bias)
    }
}

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

impl Layer {
    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let (batch, len, _) = states.dims3()?;
        let heads = |linear: &Linear| {
            linear
                .forward(states)?
                .reshape((batch, len, HEADS, HEAD))?
                .transpose(1, 2)?
                .contiguous()
        };
        let (query, key, value) = (heads(&self.query)?, heads(&self.key)?, heads(&self.value)?);
        let scores = (query.matmul(&key.transpose(2, 3)?.contiguous()?)? / (HEAD as f64).sqrt())?;
        let top = scores.max_keepdim(D::Minus1)?;
        let weights = scores.broadcast_sub(&top)?.exp()?;
        let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
        let context = weights.matmul(&value)?.transpose(1, 2)?.contiguous()?;
        let context = context.reshape((batch, len, HIDDEN))?;
        let states = self
            .attention_norm
            .forward(&(self.attention.forward(&context)? + states)?)?;
        let inner = self.up.forward(&states)?.gelu_erf()?;
        self.norm.forward(&(self.down.forward(&inner)? + states)?)
    }
}

/// The encoder.
#[derive(Debug)]
pub(crate) struct ExactEncoder {
    words: Tensor,
    /// Position plus token-type embedding, `[POSITIONS][HIDDEN]`.
    positions: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
}

/// Turns named weights into tensors.
struct Reader<'a>(&'a Weights<'a>);

impl Reader<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> std::result::Result<Tensor, EmbeddingError> {
        Ok(Tensor::from_vec(
            self.0.get(name, shape)?,
            shape,
            &Device::Cpu,
        )?)
    }

    fn linear(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> std::result::Result<Linear, EmbeddingError> {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        Ok(Linear {
            weight: weight.t()?.contiguous()?,
            bias,
        })
    }

    fn norm(&self, name: &str) -> std::result::Result<Norm, EmbeddingError> {
        Ok(Norm {
            weight: self.tensor(&format!("{name}.weight"), &[HIDDEN])?,
            bias: self.tensor(&format!("{name}.bias"), &[HIDDEN])?,
        })
    }

    fn layer(&self, index: usize) -> std::result::Result<Layer, EmbeddingError> {
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let square = |part: &str| self.linear(&name(part), HIDDEN, HIDDEN);
        Ok(Layer {
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            attention: square("attention.output.dense")?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            up: self.linear(&name("intermediate.dense"), INTERMEDIATE, HIDDEN)?,
            down: self.linear(&name("output.dense"), HIDDEN, INTERMEDIATE)?,
            norm: self.norm(&name("output.LayerNorm"))?,
        })
    }
}

impl ExactEncoder {
    /// Takes the weights of the model as they are.
    pub(crate) fn read(weights: &Weights<'_>) -> std::result::Result<Self, EmbeddingError> {
        let reader = Reader(weights);
        let table =
            |part: &str, rows| reader.tensor(&format!("embeddings.{part}.weight"), &[rows, HIDDEN]);
        let types = table("token_type_embeddings", 2)?.get(0)?;
        Ok(Self {
            words: table("word_embeddings", VOCABULARY)?,
            positions: table("position_embeddings", POSITIONS)?.broadcast_add(&types)?,
            norm: reader.norm("embeddings.LayerNorm")?,
            layers: (0..LAYERS)
                .map(|index| reader.layer(index))
                .collect::<std::result::Result<_, _>>()?,
        })
    }

    /// Encodes sentences of word-piece ids, all of one length.
    pub(crate) fn encode(&self, sentences: &[&[u32]]) -> Result<Vec<Vector>> {
        let Some(first) = sentences.first() else {
            return Ok(Vec::new());
        };
        let (batch, len) = (sentences.len(), first.len());
        let ids = Tensor::from_vec(sentences.concat(), batch * len, &Device::Cpu)?;
        let words = self
            .words
            .index_select(&ids, 0)?
            .reshape((batch, len, HIDDEN))?;
        let mut states = words.broadcast_add(&self.positions.narrow(0, 0, len)?)?;
        states = self.norm.forward(&states)?;
        for layer in &self.layers {
            states = layer.forward(&states)?;
        }
        let means = states.mean(1)?.to_dtype(DType::F32)?.to_vec2::<f32>()?;
        let (mut vectors, mut vector) = (Vec::with_capacity(batch), [0.0; HIDDEN]);
        for mean in means {
            vector.copy_from_slice(&mean);
            normalise(&mut vector);
            vectors.push(vector);
        }
        Ok(vectors)
    }
}
