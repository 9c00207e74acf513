//! A linear layer with 8-bit weights.
//!
//! Weights are rounded once per output column, activations per row while running ("dynamic
//! quantisation"); the sums in between are exact integers.

use crate::error::EmbeddingError;
use crate::kernel::PackedWeights;
use crate::math::{RowScale, dequantise_row, quantise_row};
use crate::model_files::Weights;

/// `y = W·x + b` with `W` `[outputs][inputs]` in signed bytes.
#[derive(Debug)]
pub(crate) struct Linear {
    weights: PackedWeights,
    /// Step of each output column's weights.
    scales: Vec<f32>,
    /// Sum of each output column's bytes, which carries the activations' offset.
    column_sums: Vec<f32>,
    bias: Vec<f32>,
}

/// Buffers a layer needs while it runs, kept between layers.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    row_scales: Vec<RowScale>,
    sums: Vec<i32>,
}

/// Largest magnitude of a weight byte; symmetric, so -128 is not used.
const WEIGHT_MAX: f32 = 127.0;

/// Rounds each row of `[rows][columns]` to signed bytes with a step of its own.
pub(crate) fn quantise_rows(values: &[f32], columns: usize) -> (Vec<i8>, Vec<f32>) {
    let mut bytes = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / columns);
    for row in values.chunks_exact(columns) {
        let top = row.iter().fold(0.0_f32, |top, value| top.max(value.abs()));
        let scale = top.max(f32::MIN_POSITIVE) / WEIGHT_MAX;
        bytes.extend(row.iter().map(|value| (value / scale).round() as i8));
        scales.push(scale);
    }
    (bytes, scales)
}

impl Linear {
    /// Reads the layers called `names` (each with `.weight` and `.bias`) stacked into one, each
    /// with `outputs` columns out of `inputs`.
    pub(crate) fn read(
        weights: &Weights<'_>,
        names: &[String],
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, EmbeddingError> {
        let mut values = Vec::with_capacity(names.len() * outputs * inputs);
        let mut bias = Vec::with_capacity(names.len() * outputs);
        for name in names {
            values.extend(weights.get(&format!("{name}.weight"), &[outputs, inputs])?);
            bias.extend(weights.get(&format!("{name}.bias"), &[outputs])?);
        }
        let (bytes, scales) = quantise_rows(&values, inputs);
        let weights = PackedWeights::pack(&bytes, names.len() * outputs, inputs)
            .ok_or_else(|| EmbeddingError::Tokenise(format!("layer {names:?} does not tile")))?;
        let column_sums = weights
            .column_sums()
            .into_iter()
            .map(|sum| sum as f32)
            .collect();
        Ok(Self {
            weights,
            scales,
            column_sums,
            bias,
        })
    }

    /// Computes the layer for `input` `[rows][inputs]` into `output` `[rows][outputs]`.
    pub(crate) fn forward(&self, input: &[f32], output: &mut Vec<f32>, scratch: &mut Scratch) {
        let (inputs, outputs) = (self.weights.inputs(), self.weights.outputs());
        let rows = input.len() / inputs;
        scratch.bytes.resize(rows * inputs, 0);
        scratch.row_scales.clear();
        for (row, bytes) in input
            .chunks_exact(inputs)
            .zip(scratch.bytes.chunks_exact_mut(inputs))
        {
            scratch.row_scales.push(quantise_row(row, bytes));
        }
        scratch.sums.resize(rows * outputs, 0);
        self.weights.multiply(&scratch.bytes, &mut scratch.sums);
        output.resize(rows * outputs, 0.0);
        let columns = (&self.scales[..], &self.column_sums[..], &self.bias[..]);
        let sums = scratch.sums.chunks_exact(outputs);
        for ((out, sums), row) in output
            .chunks_exact_mut(outputs)
            .zip(sums)
            .zip(&scratch.row_scales)
        {
            dequantise_row(out, sums, *row, columns);
        }
    }
}
