//! The floating-point steps of the quantised encoder: layer norm, GELU, softmax, quantisation.
//!
//! Every function is branch-free over slices so that the compiler vectorises it; the widest
//! instructions of the machine are picked at run time. Errors against `f64` are below 1e-6. There
//! are loops where iterators would read better: a closure carries the instruction set of its
//! function, and the generic code between cannot inline it.

use multiversion::multiversion;

/// Hidden size of the model.
pub(crate) const HIDDEN: usize = 384;
/// What BERT adds to the variance before dividing.
const LAYER_NORM_EPSILON: f32 = 1e-12;
/// Independent partial sums, so that additions overlap and vectorise.
const LANES: usize = 16;

/// Computes `e^x` for finite `x`, relative error below 2e-7 (Cephes `expf`).
#[inline(always)]
#[expect(
    clippy::excessive_precision,
    reason = "published coefficients, kept as printed"
)]
fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.0);
    let power = (x * std::f32::consts::LOG2_E).round_ties_even();
    let rest = x - power * 0.693_359_375 + power * 2.121_944_4e-4;
    let mut y = 1.987_569_15e-4;
    for coefficient in [
        1.398_199_95e-3,
        8.333_451_9e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        5.000_000_12e-1,
    ] {
        y = y * rest + coefficient;
    }
    let y = y * rest * rest + rest + 1.0;
    y * f32::from_bits(((power as i32 + 127) as u32) << 23)
}

/// Replaces each value by `x·Φ(x)`, the exact GELU; the error function is Abramowitz and Stegun
/// 7.1.26, absolute error below 1.5e-7.
#[expect(
    clippy::excessive_precision,
    reason = "published coefficients, kept as printed"
)]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn gelu(values: &mut [f32]) {
    for value in values {
        let x = *value;
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * z);
        let mut poly = 1.061_405_429;
        for coefficient in [-1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592] {
            poly = poly * t + coefficient;
        }
        let erf = 1.0 - poly * t * exp(-z * z);
        *value = 0.5 * x * (1.0 + erf.copysign(x));
    }
}

/// Normalises each row of `[rows][HIDDEN]` to mean 0 and variance 1, then scales and shifts.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn layer_norm(values: &mut [f32], weight: &[f32], bias: &[f32]) {
    let (rows, _) = values.as_chunks_mut::<HIDDEN>();
    let (weight, bias) = (&weight[..HIDDEN], &bias[..HIDDEN]);
    for row in rows {
        let mut sums = [0.0_f32; LANES];
        for chunk in row.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                sums[lane] += chunk[lane];
            }
        }
        let mut sum = 0.0;
        for lane in sums {
            sum += lane;
        }
        let mean = sum / HIDDEN as f32;
        let mut squares = [0.0_f32; LANES];
        for chunk in row.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                let off = chunk[lane] - mean;
                squares[lane] += off * off;
            }
        }
        let mut sum = 0.0;
        for lane in squares {
            sum += lane;
        }
        let scale = 1.0 / (sum / HIDDEN as f32 + LAYER_NORM_EPSILON).sqrt();
        for at in 0..HIDDEN {
            row[at] = (row[at] - mean) * scale * weight[at] + bias[at];
        }
    }
}

/// Adds `other` to `values`, element by element.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn add(values: &mut [f32], other: &[f32]) {
    let len = values.len().min(other.len());
    let (values, other) = (&mut values[..len], &other[..len]);
    for at in 0..len {
        values[at] += other[at];
    }
}

/// Scale and offset of a quantised row: `value ≈ byte · scale + offset`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowScale {
    /// Width of one step.
    pub(crate) scale: f32,
    /// Value of byte 0.
    pub(crate) offset: f32,
}

/// Adding this to a number in `[0, 2^22]` leaves it, rounded, in the low bits.
const ROUNDING: f32 = 8_388_608.0;

/// Quantises one row to unsigned bytes over its own range. `row` is a multiple of 16 long.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn quantise_row(row: &[f32], bytes: &mut [u8]) -> RowScale {
    let mut low = [f32::INFINITY; LANES];
    let mut high = [f32::NEG_INFINITY; LANES];
    let (chunks, _) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            low[lane] = if chunk[lane] < low[lane] {
                chunk[lane]
            } else {
                low[lane]
            };
            high[lane] = if chunk[lane] > high[lane] {
                chunk[lane]
            } else {
                high[lane]
            };
        }
    }
    let (mut offset, mut top) = (low[0], high[0]);
    for lane in 1..LANES {
        offset = offset.min(low[lane]);
        top = top.max(high[lane]);
    }
    let scale = (top - offset).max(f32::MIN_POSITIVE) / 255.0;
    let inverse = 1.0 / scale;
    let (outs, _) = bytes.as_chunks_mut::<LANES>();
    for at in 0..chunks.len().min(outs.len()) {
        for lane in 0..LANES {
            let value = (chunks[at][lane] - offset) * inverse;
            outs[at][lane] = (value + ROUNDING).to_bits() as u8;
        }
    }
    RowScale { scale, offset }
}

/// Writes `out[n] = column_scale[n] · (scale · sums[n] + offset · column_sum[n]) + bias[n]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn dequantise_row(
    out: &mut [f32],
    sums: &[i32],
    row: RowScale,
    columns: (&[f32], &[f32], &[f32]),
) {
    let len = out.len();
    let (out, sums) = (&mut out[..len], &sums[..len]);
    let (scales, column_sums, bias) = (&columns.0[..len], &columns.1[..len], &columns.2[..len]);
    for at in 0..len {
        let sum = row.scale * sums[at] as f32 + row.offset * column_sums[at];
        out[at] = scales[at] * sum + bias[at];
    }
}

/// Softmax in place.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn softmax(scores: &mut [f32]) {
    let mut top = f32::NEG_INFINITY;
    for score in &*scores {
        top = if *score > top { *score } else { top };
    }
    let mut sum = 0.0;
    for score in &mut *scores {
        *score = exp(*score - top);
    }
    for score in &*scores {
        sum += *score;
    }
    let inverse = 1.0 / sum;
    for score in scores {
        *score *= inverse;
    }
}

/// Scales a vector to length 1; a zero vector stays zero.
pub(crate) fn normalise(vector: &mut [f32]) {
    let length = vector
        .iter()
        .map(|v| f64::from(*v) * f64::from(*v))
        .sum::<f64>()
        .sqrt();
    if length > 0.0 {
        let inverse = (1.0 / length) as f32;
        for value in vector {
            *value *= inverse;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_accurate_over_its_range() {
        for step in -8_700..=0 {
            let x = f64::from(step) / 100.0;
            let got = f64::from(exp(x as f32));
            assert!(
                (got / f64::from(x as f32).exp() - 1.0).abs() < 3e-7,
                "exp({x}) = {got}"
            );
        }
    }

    #[test]
    fn gelu_has_its_known_values() {
        let mut values = [0.0, 1.0, -1.0, 3.0, -10.0, 10.0];
        gelu(&mut values);
        let expect = [0.0, 0.841_344_7, -0.158_655_3, 2.995_950_2, 0.0, 10.0];
        for (got, expect) in values.iter().zip(expect) {
            assert!((got - expect).abs() < 1e-6, "{got} for {expect}");
        }
    }

    #[test]
    fn quantised_rows_come_back_within_half_a_step() {
        let row: Vec<f32> = (0..384)
            .map(|i| ((i * 37 % 101) as f32 - 20.0) * 0.13)
            .collect();
        let mut bytes = vec![0; 384];
        let by = quantise_row(&row, &mut bytes);
        for (value, byte) in row.iter().zip(&bytes) {
            let back = f32::from(*byte) * by.scale + by.offset;
            assert!(
                (back - value).abs() <= by.scale * 0.501,
                "{value} came back as {back}"
            );
        }
    }

    #[test]
    fn a_constant_row_survives_quantisation() {
        let mut bytes = [9; 384];
        let by = quantise_row(&[2.5; 384], &mut bytes);
        assert!(
            bytes
                .iter()
                .all(|&b| (f32::from(b) * by.scale + by.offset - 2.5).abs() < 1e-6)
        );
    }

    #[test]
    fn softmax_sums_to_one() {
        let mut scores = [1.0, 2.0, 3.0, -50.0];
        softmax(&mut scores);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((scores[2] / scores[1] - std::f32::consts::E).abs() < 1e-5);
    }
}
