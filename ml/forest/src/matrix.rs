//! Rows of equal width in one piece of memory. Checks shapes once, so that nobody else must.

/// `[rows][columns]` numbers; rows are time steps and columns series. NaN is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    values: Vec<f32>,
    columns: usize,
}

impl Matrix {
    /// Takes `values` row by row. `None` where they do not fill rows of `columns` numbers.
    #[must_use]
    pub fn new(values: Vec<f32>, columns: usize) -> Option<Self> {
        let whole = columns > 0 && values.len().is_multiple_of(columns);
        whole.then_some(Self { values, columns })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of columns, at least one.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `index`, empty beyond the last one.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        self.values
            .chunks_exact(self.columns)
            .nth(index)
            .unwrap_or(&[])
    }

    /// All rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.columns)
    }

    /// The numbers of column `index`, top down.
    pub fn column(&self, index: usize) -> impl Iterator<Item = f32> + '_ {
        self.values
            .iter()
            .skip(index)
            .step_by(self.columns)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ragged_values_are_no_matrix() {
        assert!(Matrix::new(vec![1.0; 5], 2).is_none());
        assert!(Matrix::new(vec![], 0).is_none());
        let m = Matrix::new(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert_eq!(
            (m.rows(), m.row(1), m.row(2)),
            (2, &[3.0, 4.0][..], &[][..])
        );
        assert_eq!(m.column(1).collect::<Vec<_>>(), [2.0, 4.0]);
    }
}
