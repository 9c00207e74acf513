//! Why there is no forecast.

use thiserror::Error;

/// Why a series could not be forecast.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ForecastError {
    /// Fewer than two finite points.
    #[error("the series has {0} finite points, a forecast needs two")]
    TooShort(usize),
    /// The horizon is zero or beyond [`crate::HORIZON_MAX`].
    #[error("a horizon of {0} steps is outside [1, 10000]")]
    Horizon(usize),
    /// A level of an interval is not inside (0, 1).
    #[error("the level {0} is not inside (0, 1)")]
    Level(f64),
}
