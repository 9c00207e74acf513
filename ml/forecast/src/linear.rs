//! Small dense least squares: a Gram matrix that grows row by row, solved with a ridge penalty.
//! Sums go in, coefficients come out; it holds no rows.

/// Running sums of one regression with an intercept: `target ≈ intercept + features · coefficients`.
#[derive(Debug, Clone)]
pub(crate) struct Regression {
    width: usize,
    rows: f64,
    /// Row-major lower triangle in a full `[width + 1][width + 1]` square; index 0 is the intercept.
    gram: Vec<f64>,
    rhs: Vec<f64>,
}

impl Regression {
    /// No rows yet, `width` features.
    pub(crate) fn new(width: usize) -> Self {
        let side = width + 1;
        Self {
            width,
            rows: 0.0,
            gram: vec![0.0; side * side],
            rhs: vec![0.0; side],
        }
    }

    /// Adds one row of `width` features with its weight.
    pub(crate) fn add(&mut self, features: &[f64], target: f64, weight: f64) {
        let side = self.width + 1;
        self.rows += weight;
        self.gram[0] += weight;
        self.rhs[0] += weight * target;
        for (i, x) in features.iter().enumerate() {
            let scaled = weight * x;
            let row = &mut self.gram[(i + 1) * side..(i + 2) * side];
            row[0] += scaled;
            for (cell, other) in row[1..=i + 1].iter_mut().zip(features) {
                *cell += scaled * other;
            }
            self.rhs[i + 1] += scaled * target;
        }
    }

    /// Coefficients, intercept first, that minimise the squared error plus `penalty` per row on
    /// the standardised coefficients; the intercept is free. `None` when no row was added or the
    /// system is singular.
    pub(crate) fn solve(&self, penalty: f64) -> Option<Vec<f64>> {
        if self.rows <= 0.0 {
            return None;
        }
        let side = self.width + 1;
        let mean: Vec<f64> = (0..side).map(|i| self.gram[i * side] / self.rows).collect();
        let target_mean = self.rhs[0] / self.rows;
        let mut square = vec![0.0; self.width * self.width];
        let mut right = vec![0.0; self.width];
        let scale: Vec<f64> = (1..side)
            .map(|i| {
                let variance = self.gram[i * side + i] / self.rows - mean[i] * mean[i];
                let floor = 1e-12 * (self.gram[i * side + i] / self.rows);
                if variance > floor {
                    variance.sqrt()
                } else {
                    0.0
                }
            })
            .collect();
        for i in 0..self.width {
            for j in 0..=i {
                let raw = self.gram[(i + 1) * side + j + 1] / self.rows - mean[i + 1] * mean[j + 1];
                let norm = scale[i] * scale[j];
                square[i * self.width + j] = if norm > 0.0 { raw / norm } else { 0.0 };
            }
            square[i * self.width + i] += penalty + if scale[i] > 0.0 { 0.0 } else { 1.0 };
            let raw = self.rhs[i + 1] / self.rows - mean[i + 1] * target_mean;
            right[i] = if scale[i] > 0.0 { raw / scale[i] } else { 0.0 };
        }
        cholesky_solve(&mut square, &mut right)?;
        let mut coefficients = Vec::with_capacity(side);
        coefficients.push(target_mean);
        for ((b, s), m) in right.iter().zip(&scale).zip(&mean[1..]) {
            let b = if *s > 0.0 { b / s } else { 0.0 };
            coefficients[0] -= b * m;
            coefficients.push(b);
        }
        coefficients
            .iter()
            .all(|c| c.is_finite())
            .then_some(coefficients)
    }
}

/// Value of a fitted regression at `features`.
pub(crate) fn predict(coefficients: &[f64], features: &[f64]) -> f64 {
    let Some((intercept, slopes)) = coefficients.split_first() else {
        return 0.0;
    };
    intercept + dot(slopes, features)
}

/// Sum of products over the shorter of both, in eight lanes.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let mut lanes = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = left
        .remainder()
        .iter()
        .zip(right.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in left.zip(right) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f64>() + tail
}

/// Solves `square · x = right` in place for a symmetric positive definite matrix given by its
/// lower triangle; `None` when it is not positive definite.
fn cholesky_solve(square: &mut [f64], right: &mut [f64]) -> Option<()> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let sum = square[i * n + j] - dot(&square[i * n..i * n + j], &square[j * n..j * n + j]);
            if i == j {
                if sum <= 1e-12 {
                    return None;
                }
                square[i * n + i] = sum.sqrt();
            } else {
                square[i * n + j] = sum / square[j * n + j];
            }
        }
    }
    for i in 0..n {
        let sum = dot(&square[i * n..i * n + i], &right[..i]);
        right[i] = (right[i] - sum) / square[i * n + i];
    }
    for i in (0..n).rev() {
        let mut value = right[i];
        for j in i + 1..n {
            value -= square[j * n + i] * right[j];
        }
        right[i] = value / square[i * n + i];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_plane_that_made_the_rows() {
        let mut regression = Regression::new(2);
        for i in 0..20 {
            let x = [f64::from(i), f64::from(i * i % 7)];
            regression.add(&x, 3.0 + 2.0 * x[0] - x[1], 1.0);
        }
        let found = regression.solve(0.0).unwrap();
        for (c, expect) in found.iter().zip([3.0, 2.0, -1.0]) {
            assert!((c - expect).abs() < 1e-9, "{found:?}");
        }
        assert!((predict(&found, &[1.0, 1.0]) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn leaves_out_a_feature_that_never_changes() {
        let mut regression = Regression::new(2);
        for i in 0..9 {
            regression.add(&[5.0, f64::from(i)], f64::from(i), 1.0);
        }
        let found = regression.solve(0.0).unwrap();
        assert!(found[1].abs() < 1e-9 && (found[2] - 1.0).abs() < 1e-9);
    }
}
