//! The integer matrix product behind the quantised encoder.
//!
//! `[rows][k]` activations of unsigned bytes times `[n][k]` weights of signed bytes gives
//! `[rows][n]` 32-bit sums, exact on every machine: all kernels compute the same integers, so a
//! vector does not depend on the processor it was made on. The fast kernel uses AVX-512 VNNI
//! (64 multiply-adds an instruction), picked at run time; everything else is portable code the
//! compiler vectorises for AVX2 or the baseline. Activations are laid out row by row, weights in
//! panels of [`PANEL`] output columns.
//!
//! It knows nothing of scales or biases; see `linear`.

use multiversion::multiversion;
use multiversion::target::match_target;

/// Output columns of a weight panel: four 512-bit registers of 32-bit sums.
pub(crate) const PANEL: usize = 64;
/// Inputs multiplied by one instruction and added into one sum.
const GROUP: usize = 4;
/// Output columns of one block: one 512-bit register.
const LANES: usize = 16;
/// Blocks beside each other in a panel.
const BLOCKS: usize = PANEL / LANES;
/// Rows computed together, so that a loaded weight is used this often.
const ROWS: usize = 6;

/// Sixteen output columns by four inputs, aligned to a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Block([i8; LANES * GROUP]);

/// Weights `[n][k]` rearranged for the kernel: `[n / 64][k / 4][4 blocks]`.
#[derive(Debug)]
pub(crate) struct PackedWeights {
    blocks: Vec<Block>,
    inputs: usize,
    outputs: usize,
}

impl PackedWeights {
    /// Packs row-major `[outputs][inputs]` weights.
    ///
    /// Returns `None` unless `outputs` is a multiple of [`PANEL`], `inputs` of four, and
    /// `weights` holds exactly their product.
    pub(crate) fn pack(weights: &[i8], outputs: usize, inputs: usize) -> Option<Self> {
        let fits = outputs.is_multiple_of(PANEL)
            && inputs.is_multiple_of(GROUP)
            && weights.len() == outputs * inputs;
        if !fits {
            return None;
        }
        let mut blocks = Vec::with_capacity(outputs * inputs / (LANES * GROUP));
        for panel in (0..outputs).step_by(PANEL) {
            for group in (0..inputs).step_by(GROUP) {
                for first in (panel..panel + PANEL).step_by(LANES) {
                    let mut block = [0_i8; LANES * GROUP];
                    for (lane, slot) in block.chunks_exact_mut(GROUP).enumerate() {
                        let at = (first + lane) * inputs + group;
                        slot.copy_from_slice(&weights[at..at + GROUP]);
                    }
                    blocks.push(Block(block));
                }
            }
        }
        Some(Self {
            blocks,
            inputs,
            outputs,
        })
    }

    /// Inputs of the layer, the `k` of the product.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Outputs of the layer, the `n` of the product.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Sum of the weights of each output column, `[outputs]`.
    pub(crate) fn column_sums(&self) -> Vec<i32> {
        let mut sums = vec![0_i32; self.outputs];
        let per_panel = self.inputs / GROUP * BLOCKS;
        for (index, block) in self.blocks.iter().enumerate() {
            let first = index / per_panel * PANEL + index % BLOCKS * LANES;
            for (lane, weights) in block.0.chunks_exact(GROUP).enumerate() {
                sums[first + lane] += weights.iter().map(|&w| i32::from(w)).sum::<i32>();
            }
        }
        sums
    }

    /// Computes `sums[r][n] = Σ_k activations[r][k] · weights[n][k]`.
    ///
    /// `activations` is `[rows][inputs]`, `sums` `[rows][outputs]`, both row-major.
    pub(crate) fn multiply(&self, activations: &[u8], sums: &mut [i32]) {
        let per_panel = self.inputs / GROUP * BLOCKS;
        let panels = self.blocks.chunks_exact(per_panel);
        for (panel, blocks) in panels.enumerate() {
            let rows = activations.chunks(ROWS * self.inputs);
            let outs = sums.chunks_mut(ROWS * self.outputs);
            for (rows, out) in rows.zip(outs) {
                let count = rows.len() / self.inputs;
                if count == ROWS {
                    tile::<ROWS>(
                        rows,
                        self.inputs,
                        blocks,
                        &mut out[panel * PANEL..],
                        self.outputs,
                    );
                    continue;
                }
                for row in 0..count {
                    let one = &rows[row * self.inputs..(row + 1) * self.inputs];
                    let at = row * self.outputs + panel * PANEL;
                    tile::<1>(one, self.inputs, blocks, &mut out[at..], self.outputs);
                }
            }
        }
    }
}

/// One tile: `R` rows by one panel. `out` starts at the tile's first sum, rows `stride` apart.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni",
    "x86_64+avx2+fma"
))]
fn tile<const R: usize>(rows: &[u8], k: usize, blocks: &[Block], out: &mut [i32], stride: usize) {
    let sums = match_target! {
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni" =>
            vnni::tile::<R>(rows, k, blocks),
        _ => portable::<R>(rows, k, blocks),
    };
    for (row, sums) in sums.iter().enumerate() {
        out[row * stride..row * stride + PANEL].copy_from_slice(sums);
    }
}

#[inline(always)]
fn portable<const R: usize>(rows: &[u8], k: usize, blocks: &[Block]) -> [[i32; PANEL]; R] {
    let mut sums = [[0_i32; PANEL]; R];
    for (row, sums) in rows.chunks_exact(k).zip(sums.iter_mut()) {
        let (groups, _) = row.as_chunks::<GROUP>();
        for (inputs, panel) in groups.iter().zip(blocks.chunks_exact(BLOCKS)) {
            let inputs = inputs.map(i32::from);
            for (block, sums) in panel.iter().zip(sums.as_chunks_mut::<LANES>().0) {
                let (weights, _) = block.0.as_chunks::<GROUP>();
                for (weight, sum) in weights.iter().zip(sums) {
                    *sum += inputs[0] * i32::from(weight[0])
                        + inputs[1] * i32::from(weight[1])
                        + inputs[2] * i32::from(weight[2])
                        + inputs[3] * i32::from(weight[3]);
                }
            }
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    //! The AVX-512 VNNI kernel. Intrinsics on values are safe inside a function that enables
    //! their features; loads and stores go through `bytemuck` casts. No closures: they would carry
    //! the features into generic code that cannot inline them.

    use std::arch::x86_64::{
        __m512i, _mm512_dpbusd_epi32, _mm512_set1_epi32, _mm512_setzero_si512,
    };

    use super::{BLOCKS, Block, GROUP, LANES, PANEL};

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(super) fn tile<const R: usize>(
        rows: &[u8],
        k: usize,
        blocks: &[Block],
    ) -> [[i32; PANEL]; R] {
        let mut sums = [[_mm512_setzero_si512(); BLOCKS]; R];
        let mut groups: [&[[u8; GROUP]]; R] = [&[]; R];
        for row in 0..R {
            groups[row] = rows[row * k..(row + 1) * k].as_chunks::<GROUP>().0;
        }
        for (group, panel) in blocks.as_chunks::<BLOCKS>().0.iter().enumerate() {
            let weights: [__m512i; BLOCKS] = [
                bytemuck::cast(panel[0].0),
                bytemuck::cast(panel[1].0),
                bytemuck::cast(panel[2].0),
                bytemuck::cast(panel[3].0),
            ];
            for row in 0..R {
                let inputs = _mm512_set1_epi32(i32::from_ne_bytes(groups[row][group]));
                for block in 0..BLOCKS {
                    sums[row][block] =
                        _mm512_dpbusd_epi32(sums[row][block], inputs, weights[block]);
                }
            }
        }
        let mut out = [[0_i32; PANEL]; R];
        for row in 0..R {
            for block in 0..BLOCKS {
                let lanes: [i32; LANES] = bytemuck::cast(sums[row][block]);
                out[row][block * LANES..(block + 1) * LANES].copy_from_slice(&lanes);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_like_the_definition() {
        let (rows, k, n) = (13, 96, 128);
        let weights: Vec<i8> = (0..n * k).map(|i| (i * 37 % 255) as u8 as i8).collect();
        let inputs: Vec<u8> = (0..rows * k).map(|i| (i * 91 % 256) as u8).collect();
        let packed = PackedWeights::pack(&weights, n, k).unwrap();
        let mut sums = vec![0; rows * n];
        packed.multiply(&inputs, &mut sums);
        let column_sums = packed.column_sums();
        for column in 0..n {
            let row = &weights[column * k..(column + 1) * k];
            assert_eq!(
                column_sums[column],
                row.iter().map(|&w| i32::from(w)).sum::<i32>()
            );
            for r in 0..rows {
                let expect: i32 = inputs[r * k..(r + 1) * k]
                    .iter()
                    .zip(row)
                    .map(|(&a, &w)| i32::from(a) * i32::from(w))
                    .sum();
                assert_eq!(sums[r * n + column], expect, "row {r}, column {column}");
            }
        }
    }

    #[test]
    fn all_kernels_agree() {
        let (k, n) = (64, PANEL);
        let weights: Vec<i8> = (0..n * k).map(|i| (i * 53 % 255) as u8 as i8).collect();
        let inputs: Vec<u8> = (0..ROWS * k).map(|i| (i * 29 % 256) as u8).collect();
        let packed = PackedWeights::pack(&weights, n, k).unwrap();
        let mut picked = vec![0; ROWS * n];
        packed.multiply(&inputs, &mut picked);
        let plain = portable::<ROWS>(&inputs, k, &packed.blocks);
        assert_eq!(picked, plain.concat());
    }

    #[test]
    fn refuses_shapes_it_cannot_tile() {
        assert!(PackedWeights::pack(&[0; 63 * 4], 63, 4).is_none());
        assert!(PackedWeights::pack(&[0; 64 * 3], 64, 3).is_none());
        assert!(PackedWeights::pack(&[0; 10], 64, 4).is_none());
    }
}
