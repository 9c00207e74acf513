//! Makes a raw series fit for the models: gaps filled, size brought near one, the logarithm taken
//! where changes grow with the level; and brings forecasts back.

use crate::error::ForecastError;
use crate::spec::Scale;

/// How values were changed, and so how they are changed back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Transform {
    /// A power of two, so that no digit is lost.
    size: f64,
    log: bool,
    /// Forecasts of a series that was never negative are not either.
    floor: Option<f64>,
    /// Furthest value in `z` that comes back finite and believable.
    limits: (f64, f64),
}

impl Transform {
    /// To the scale of the models; what has no logarithm is far below everything.
    pub(crate) fn forward(&self, value: f64) -> f64 {
        let value = value / self.size;
        match self.log {
            true if value > 0.0 => value.ln(),
            true => f64::NEG_INFINITY,
            false => value,
        }
    }

    /// Back to the unit of the series.
    pub(crate) fn back(&self, z: f64) -> f64 {
        let z = z.clamp(self.limits.0, self.limits.1);
        let value = if self.log { z.exp() } else { z };
        let value = (value * self.size).clamp(-f64::MAX, f64::MAX);
        self.floor.map_or(value, |floor| value.max(floor))
    }
}

/// The series without gaps in the scale of the models.
///
/// # Errors
/// When fewer than two points are finite.
pub(crate) fn clean(
    history: &[f64],
    scale: Scale,
    period: usize,
) -> Result<(Vec<f64>, Transform), ForecastError> {
    let mut values = fill_gaps(history)?;
    let largest = values.iter().fold(0.0_f64, |a, y| a.max(y.abs()));
    let size = power_of_two(largest);
    for y in &mut values {
        *y /= size;
    }
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    // Values twelve orders of magnitude apart are noise at zero, not a level.
    let can_log = smallest > 1e-12;
    let log = can_log
        && match scale {
            Scale::Auto => log_suits(&values, period),
            Scale::Linear => false,
            Scale::Log => true,
        };
    if log {
        for y in &mut values {
            *y = y.ln();
        }
    }
    let floor = (smallest >= 0.0).then_some(0.0);
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // A forecast may leave the range seen by its width ten times, not by more.
    let reach = 10.0 * (high - low);
    Ok((
        values,
        Transform {
            size,
            log,
            floor,
            limits: (low - reach, high + reach),
        },
    ))
}

fn power_of_two(largest: f64) -> f64 {
    if largest > 0.0 {
        largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
    } else {
        1.0
    }
}

/// Lines between finite neighbours; the ends carry the nearest one on. Gaps at the end are filled
/// too, so the forecast starts after the last place of the series.
fn fill_gaps(history: &[f64]) -> Result<Vec<f64>, ForecastError> {
    let known: Vec<usize> = (0..history.len())
        .filter(|i| history[*i].is_finite())
        .collect();
    let (Some(first), Some(last), true) = (known.first(), known.last(), known.len() >= 2) else {
        return Err(ForecastError::TooShort(known.len()));
    };
    let mut values = history.to_vec();
    values[..*first].fill(history[*first]);
    values[last + 1..].fill(history[*last]);
    for pair in known.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to - from) as f64;
        for (i, value) in values[from..to].iter_mut().enumerate().skip(1) {
            // Shares of both ends, since the difference of huge values is not finite.
            let share = i as f64 / length;
            *value = history[from] * (1.0 - share) + history[to] * share;
        }
    }
    Ok(values)
}

/// Whether changes over a season are more even on the logarithmic scale: the Gaussian likelihood of
/// both, with the Jacobian of the logarithm.
fn log_suits(values: &[f64], period: usize) -> bool {
    let lag = if values.len() > 2 * period {
        period.max(1)
    } else {
        1
    };
    let n = values.len().saturating_sub(lag) as f64;
    if n < 8.0 {
        return false;
    }
    let mut plain = 0.0;
    let mut logged = 0.0;
    let mut jacobian = 0.0;
    for (a, b) in values.iter().zip(&values[lag..]) {
        plain += (b - a).abs();
        logged += (b / a).ln().abs();
        jacobian += b.ln();
    }
    // Laplace errors: robust to single jumps.
    plain > 0.0 && logged > 0.0 && (plain / n).ln() > (logged / n).ln() + jacobian / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_become_lines_and_ends_are_carried_on() {
        let raw = [f64::NAN, 1.0, f64::NAN, 3.0, f64::INFINITY];
        assert_eq!(fill_gaps(&raw).unwrap(), [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(fill_gaps(&[1.0, f64::NAN]), Err(ForecastError::TooShort(1)));
        let huge = [f64::MAX, f64::NAN, f64::NAN, f64::MIN];
        assert!(fill_gaps(&huge).unwrap().iter().all(|y| y.is_finite()));
    }

    #[test]
    fn growth_by_a_factor_asks_for_the_logarithm() {
        let wave = |i: i32| f64::from((i * 37) % 11) / 11.0 - 0.5;
        let grows: Vec<f64> = (0..100)
            .map(|i| (0.05 * f64::from(i) + 0.2 * wave(i)).exp())
            .collect();
        let line: Vec<f64> = (0..100).map(|i| 10.0 + f64::from(i) + wave(i)).collect();
        assert!(log_suits(&grows, 1) && !log_suits(&line, 1));
    }
}
