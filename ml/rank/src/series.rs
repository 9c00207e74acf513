//! Signals from series: what a value was before, and what it is around the alarm.

use crate::tail::{Spread, sorted, strength_of_z};
use crate::{Direction, Signal, SignalKind};

/// Values a baseline needs at least; fewer say nothing about its spread.
const BASELINE_MIN: usize = 5;
/// Spread at least, as a share of the median: 2 % more latency or processor time is nobody's incident, however
/// quiet the series is.
const RELATIVE_FLOOR: f64 = 0.02;
/// Spread at least of a share in percent or per one, as a part of its whole.
const SHARE_FLOOR: f64 = 0.002;

/// One series of one entity, cut by the alarm.
#[derive(Debug, Clone, Copy)]
pub struct SeriesWindow<'a> {
    /// Who is measured.
    pub entity: &'a str,
    /// The series, to be shown to people.
    pub what: &'a str,
    /// What is measured. Latencies are compared by ratio, shares by difference.
    pub kind: SignalKind,
    /// Values of normal times, in any order; NaN is missing. Fewer than five say nothing.
    pub baseline: &'a [f64],
    /// The last values before the window; may be empty. A departure counts from them when the series had already
    /// moved away from the baseline, so that a shift of last month is no sign of today's cause.
    pub recent: &'a [f64],
    /// Time in milliseconds and value, ascending, around the alarm; NaN is missing.
    pub window: &'a [(i64, f64)],
}

/// The departure of a series, if there is one. The strength is that of the mean of the window's values in the
/// worse direction, so that one odd point among many weighs less than a level that stays.
///
/// Values that stop (a baseline but only NaN in a non-empty window) are a signal of availability.
#[must_use]
pub fn series_signal(series: &SeriesWindow<'_>) -> Option<Signal> {
    let ratio = matches!(
        series.kind,
        SignalKind::Latency | SignalKind::OwnLatency | SignalKind::Traffic | SignalKind::Resource
    );
    let scale = Scale::of(series, ratio)?;
    let values: Vec<(i64, f64)> = series
        .window
        .iter()
        .filter(|(_, value)| value.is_finite())
        .map(|(at, value)| (*at, scale.map(*value)))
        .collect();
    let (first_ms, _) = series.window.first()?;
    if values.is_empty() {
        return stopped(series, *first_ms);
    }
    let departures: Vec<f64> = values.iter().map(|(_, v)| scale.z(*v)).collect();
    // A level that stays has about the same departure in each value; one glitch is averaged away.
    let mean = departures.iter().sum::<f64>() / departures.len() as f64;
    let strength = strength_of_z(mean.abs());
    if strength <= 0.0 {
        return None;
    }
    let onset = departures
        .iter()
        .position(|z| z * mean.signum() >= mean.abs() / 2.0)
        .unwrap_or(0);
    Some(Signal {
        entity: series.entity.to_owned(),
        kind: series.kind,
        onset_ms: values[onset].0,
        strength,
        direction: if mean > 0.0 {
            Direction::Up
        } else {
            Direction::Down
        },
        what: series.what.to_owned(),
    })
}

fn stopped(series: &SeriesWindow<'_>, at_ms: i64) -> Option<Signal> {
    let there = series.baseline.iter().filter(|v| v.is_finite()).count() as f64;
    let share_missing = 1.0 - there / series.baseline.len().max(1) as f64;
    let recently = series.recent.iter().any(|v| v.is_finite());
    // A series with gaps in its baseline stops as often by itself.
    let surprise = -(share_missing.max(1.0 / (there + 1.0)).ln()) * series.window.len() as f64;
    (recently && surprise > 0.0).then(|| Signal {
        entity: series.entity.to_owned(),
        kind: SignalKind::Availability,
        onset_ms: at_ms,
        strength: crate::tail::strength_of_bound(surprise),
        direction: Direction::Vanished,
        what: series.what.to_owned(),
    })
}

struct Scale {
    ratio: bool,
    unit: f64,
    spread: Spread,
    /// Where the recent values lie, if they left the median.
    recent: Option<(f64, f64)>,
}

impl Scale {
    fn of(series: &SeriesWindow<'_>, ratio: bool) -> Option<Self> {
        let plain = sorted(series.baseline.iter().copied());
        if plain.len() < BASELINE_MIN {
            return None;
        }
        // Below this a ratio is noise: a hundredth of the usual, or anything when the usual is nothing.
        let usual = crate::tail::quantile(&plain, 0.5).abs();
        let top = crate::tail::quantile(&plain, 0.99).abs();
        let unit = (usual * 0.01).max(top * 1e-3).max(1e-9);
        let whole = if top <= 1.0 { 1.0 } else { 100.0 };
        let mut scale = Self {
            ratio,
            unit,
            spread: Spread {
                median: 0.0,
                below: 1.0,
                above: 1.0,
            },
            recent: None,
        };
        let mapped = sorted(plain.iter().map(|v| scale.map(*v)));
        let floor = match (ratio, series.kind) {
            (true, _) => RELATIVE_FLOOR,
            (false, SignalKind::Availability | SignalKind::Errors) => SHARE_FLOOR * whole,
            (false, _) => (usual * RELATIVE_FLOOR).max(1e-9),
        };
        scale.spread = Spread::of(&mapped, floor);
        let recent = sorted(series.recent.iter().map(|v| scale.map(*v)));
        if let (Some(low), Some(high)) = (recent.first(), recent.last()) {
            scale.recent = Some((*low, *high));
        }
        Some(scale)
    }

    fn map(&self, value: f64) -> f64 {
        if self.ratio {
            (value.max(0.0) + self.unit).ln()
        } else {
            value
        }
    }

    /// Signed sigmas from the baseline, or from the recent values where those lie further out on the same side.
    fn z(&self, value: f64) -> f64 {
        let (low, high) = self
            .recent
            .unwrap_or((self.spread.median, self.spread.median));
        if value >= self.spread.median {
            (value - self.spread.median.max(high)).max(0.0) / self.spread.above
        } else {
            (value - self.spread.median.min(low)).min(0.0) / self.spread.below
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window<'a>(
        baseline: &'a [f64],
        recent: &'a [f64],
        window: &'a [(i64, f64)],
    ) -> SeriesWindow<'a> {
        SeriesWindow {
            entity: "a",
            what: "latency",
            kind: SignalKind::Latency,
            baseline,
            recent,
            window,
        }
    }

    #[test]
    fn a_tripled_latency_is_told_with_its_onset() {
        let baseline: Vec<f64> = (0..100).map(|i| 10.0 + f64::from(i % 7) * 0.1).collect();
        let seen = [(0, 10.1), (60, 30.0), (120, 31.0)];
        let signal = series_signal(&window(&baseline, &[10.2], &seen)).unwrap();
        assert_eq!((signal.direction, signal.onset_ms), (Direction::Up, 60));
        assert!(signal.strength > 7.0, "{signal:?}");
    }

    #[test]
    fn what_was_so_before_is_no_departure() {
        let baseline = [10.0; 50];
        let before = series_signal(&window(&baseline, &[30.0], &[(0, 30.0)]));
        assert_eq!(before, None);
    }

    #[test]
    fn a_series_that_stops_is_missing_and_one_with_gaps_is_not_much() {
        let full = [5.0; 60];
        let mut gaps = [5.0; 60];
        gaps.iter_mut().step_by(2).for_each(|v| *v = f64::NAN);
        let seen = [(0, f64::NAN), (60, f64::NAN)];
        let stopped = series_signal(&window(&full, &[5.0], &seen)).unwrap();
        let gap = series_signal(&window(&gaps, &[5.0], &seen)).unwrap();
        assert_eq!(stopped.direction, Direction::Vanished);
        assert!(stopped.strength > 1.5 * gap.strength);
    }
}
