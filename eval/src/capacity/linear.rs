//! What people use today: `predict_linear` of Prometheus, a line of least squares over the points
//! of the last hours, carried on from now.

use super::shapes::{Case, HOUR};

/// Where the line over the last `hours` reaches the limit, in points after now; `None` when it
/// does not rise.
pub(crate) fn crossing(case: &Case, hours: usize) -> Option<f64> {
    let start = (case.now + 1).saturating_sub(hours * HOUR);
    let values = &case.values[start..=case.now];
    let count = values.len() as f64;
    let mean_at = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count;
    let (mut cross, mut square) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        cross += (at as f64 - mean_at) * (value - mean);
        square += (at as f64 - mean_at).powi(2);
    }
    let slope = cross / square;
    let level = mean + slope * (count - 1.0 - mean_at);
    (slope > 0.0).then(|| ((case.limit - level) / slope).max(0.0))
}
