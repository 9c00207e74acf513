//! How do the series of an entity move together? The inverse of a shrunk covariance of deviations,
//! with which a row is judged as a whole and each series by all others. Knows no values, no tails.

use crate::matrix::Matrix;
use crate::snapshot::{Reader, SnapshotError, Writer};

/// Least weight of the identity. It bounds the inverse where series are functions of each other.
const SHRINKAGE_MIN: f64 = 0.02;
/// Sweeps that fill missing deviations in.
const SWEEPS: usize = 12;

/// The inverse covariance, `[n][n]`, symmetric and positive definite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Precision {
    n: usize,
    inverse: Vec<f32>,
}

impl Precision {
    /// Learns from rows of deviations without missing ones. The target of the shrinkage is the
    /// identity, its weight that of Ledoit and Wolf ("A well-conditioned estimator for
    /// large-dimensional covariance matrices", 2004), times what correlation in time takes from
    /// the number of rows.
    pub(crate) fn learn(rows: &Matrix) -> Self {
        let (n, count) = (rows.columns(), rows.rows().max(1) as f64);
        let mut s = vec![0.0f64; n * n];
        let mut fourth = 0.0;
        for row in rows.iter() {
            let mut norm = 0.0;
            for (i, &a) in row.iter().enumerate() {
                norm += f64::from(a) * f64::from(a);
                for (j, &b) in row[..=i].iter().enumerate() {
                    s[i * n + j] += f64::from(a) * f64::from(b);
                }
            }
            fourth += norm * norm;
        }
        let (mut square, mut distance) = (0.0, 0.0);
        for i in 0..n {
            for j in 0..=i {
                let v = s[i * n + j] / count;
                s[i * n + j] = v;
                let twice = if i == j { 1.0 } else { 2.0 };
                let target = if i == j { 1.0 } else { 0.0 };
                square += twice * v * v;
                distance += twice * (v - target) * (v - target);
            }
        }
        let error = (fourth / count - square).max(0.0) / count;
        let shrinkage = (error / distance.max(1e-12) * time_factor(rows)).clamp(SHRINKAGE_MIN, 1.0);
        for i in 0..n {
            for j in 0..=i {
                s[i * n + j] *= 1.0 - shrinkage;
            }
            // A series that hardly ever moves would count too much when it does.
            s[i * n + i] = s[i * n + i].max(1.0 - shrinkage) + shrinkage;
        }
        Self {
            n,
            inverse: inverse(&mut s, n),
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.n
    }

    /// `P[i][j]`.
    pub(crate) fn diagonal(&self, i: usize) -> f32 {
        self.inverse[i * self.n + i]
    }

    /// `P z`.
    pub(crate) fn apply(&self, z: &[f32]) -> Vec<f32> {
        let rows = self.inverse.chunks_exact(self.n.max(1));
        rows.map(|row| row.iter().zip(z).map(|(p, z)| p * z).sum())
            .collect()
    }

    /// Gives missing (NaN) deviations what the others make expected. With the exact expectation
    /// `zᵀ P z` is the squared Mahalanobis distance of the present ones alone; a few sweeps of
    /// coordinate descent come close to it.
    pub(crate) fn fill(&self, z: &mut [f32]) {
        let missing: Vec<usize> = (0..z.len()).filter(|i| z[*i].is_nan()).collect();
        for &i in &missing {
            z[i] = 0.0;
        }
        for _ in 0..SWEEPS.min(missing.len() * SWEEPS) {
            for &i in &missing {
                let row = &self.inverse[i * self.n..(i + 1) * self.n];
                let all: f32 = row.iter().zip(&*z).map(|(p, z)| p * z).sum();
                z[i] -= all / row[i];
            }
        }
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.u32(self.n as u32);
        for i in 0..self.n {
            for p in &self.inverse[i * self.n..=i * self.n + i] {
                out.f32(*p);
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let n = r.u32()? as usize;
        if n > 1 << 14 || r.left() < n * (n + 1) * 2 {
            return Err(SnapshotError::Range);
        }
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let p = r.f32()?;
                if !p.is_finite() || (i == j && p <= 0.0) {
                    return Err(SnapshotError::Range);
                }
                inverse[i * n + j] = p;
                inverse[j * n + i] = p;
            }
        }
        Ok(Self { n, inverse })
    }
}

/// By how much correlation in time lowers the number of independent rows for second moments:
/// `(1 + ρ²) / (1 − ρ²)` with the correlation `ρ` of neighbours over all columns.
fn time_factor(rows: &Matrix) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for i in 1..rows.rows() {
        for (a, b) in rows.row(i - 1).iter().zip(rows.row(i)) {
            products += f64::from(*a) * f64::from(*b);
            squares += f64::from(*b) * f64::from(*b);
        }
    }
    let rho = if squares > 0.0 {
        products / squares
    } else {
        0.0
    };
    let square = (rho * rho).min(0.94);
    (1.0 + square) / (1.0 - square)
}

/// Inverse of a positive definite matrix of which the lower triangle is given, by Cholesky.
fn inverse(s: &mut [f64], n: usize) -> Vec<f32> {
    for j in 0..n {
        for i in j..n {
            let dot: f64 = (0..j).map(|k| s[i * n + k] * s[j * n + k]).sum();
            let rest = s[i * n + j] - dot;
            s[i * n + j] = if i == j {
                rest.max(1e-9).sqrt()
            } else {
                rest / s[j * n + j]
            };
        }
    }
    // The inverse of the factor in place, then its product with its transpose.
    for j in 0..n {
        s[j * n + j] = 1.0 / s[j * n + j];
        for i in j + 1..n {
            let dot: f64 = (j..i).map(|k| s[i * n + k] * s[k * n + j]).sum();
            s[i * n + j] = -dot / s[i * n + i];
        }
    }
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (i..n).map(|k| s[k * n + i] * s[k * n + j]).sum();
            out[i * n + j] = dot as f32;
            out[j * n + i] = dot as f32;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Rows of three columns: two that move together and one alone.
    fn rows() -> Matrix {
        let mut random = Random::new(3);
        let mut normal = move || (0..12).map(|_| random.unit()).sum::<f32>() - 6.0;
        let values = (0..4_000).flat_map(|_| {
            let (common, own, alone) = (normal(), normal(), normal());
            [common, 0.8 * common + 0.6 * own, alone]
        });
        Matrix::new(values.collect(), 3).unwrap()
    }

    #[test]
    fn the_inverse_is_that_of_the_true_covariance() {
        let p = Precision::learn(&rows());
        let product = p.apply(&[1.0, 0.8, 0.0]);
        assert!((product[0] - 1.0).abs() < 0.1, "{product:?}");
        assert!(
            product[1].abs() < 0.1 && product[2].abs() < 0.1,
            "{product:?}"
        );
    }

    #[test]
    fn missing_deviations_are_what_the_others_make_expected() {
        let p = Precision::learn(&rows());
        let mut z = [2.0, f32::NAN, f32::NAN];
        p.fill(&mut z);
        assert!((z[1] - 1.6).abs() < 0.1 && z[2].abs() < 0.15, "{z:?}");
    }

    #[test]
    fn columns_that_are_copies_do_not_break_it() {
        let values = (0..100).flat_map(|i| [(i % 7) as f32 - 3.0; 4]).collect();
        let p = Precision::learn(&Matrix::new(values, 4).unwrap());
        assert!(p.inverse.iter().all(|p| p.is_finite() && p.abs() < 100.0));
    }
}
