//! MSTL with exponential smoothing of what is left without the seasons: one model on its own, for
//! many series at high speed. A series goes in, point forecasts come out.

use crate::ets::Ets;
use crate::stl::mstl;

/// Forecasts `horizon` steps: seasons of the given periods by MSTL, repeated as in their last
/// cycle, plus exponential smoothing without season chosen by AICc. `None` below four points.
#[must_use]
pub fn mstl_ets(series: &[f64], periods: &[usize], horizon: usize) -> Option<Vec<f64>> {
    let parts = mstl(series, periods);
    let model = Ets::auto_plain(&parts.adjusted())?;
    let mut forecast = model.forecast(horizon);
    for (ahead, value) in forecast.iter_mut().enumerate() {
        *value += parts.season_ahead(ahead);
    }
    Some(forecast)
}
