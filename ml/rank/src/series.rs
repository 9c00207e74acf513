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

/// Spread at least of the use of a resource, in percentage points of its limit: what idles at half a percent and
/// rises to one is no bottleneck.
const RESOURCE_FLOOR: f64 = 2.0;

/// One series of one entity, cut by the alarm.
#[derive(Debug, Clone, Copy)]
pub struct SeriesWindow<'a> {
    /// Who is measured.
    pub entity: &'a str,
    /// The series, to be shown to people.
    pub what: &'a str,
    /// What is measured. Latencies, traffic and other amounts are compared by ratio; availability (percent or per one)
    /// and the use of resources (percent of the limit) by difference.
    pub kind: SignalKind,
    /// Values of normal times, in any order; NaN is missing. Fewer than five say nothing.
    pub baseline: &'a [f64],
    /// The last values before the window; may be empty. A departure counts from them when the series had already
    /// moved away from the baseline, so that a shift of last month is no sign of today's cause.
    pub recent: &'a [f64],
    /// Time in milliseconds and value, ascending, around the alarm; NaN is missing.
    pub window: &'a [(i64, f64)],
}

/// The departure of a series, if there is one. What counts is a departure that lasts until the
/// window's end: two values that the baseline has once in a hundred each are rarer than one.
///
/// Values that stop (a baseline but only NaN in a non-empty window) are a signal of availability.
#[must_use]
pub fn series_signal(series: &SeriesWindow<'_>) -> Option<Signal> {
    let ratio = matches!(
        series.kind,
        SignalKind::Latency | SignalKind::OwnLatency | SignalKind::Traffic | SignalKind::Other
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
    let up: Vec<f64> = values
        .iter()
        .map(|(_, v)| scale.surprise(*v, true))
        .collect();
    let down: Vec<f64> = values
        .iter()
        .map(|(_, v)| scale.surprise(*v, false))
        .collect();
    let ((rise, risen), (fall, fallen)) = (lasting(&up), lasting(&down));
    let (strength, onset, direction) = if rise >= fall {
        (rise, risen, Direction::Up)
    } else {
        (fall, fallen, Direction::Down)
    };
    (strength > 0.0).then(|| Signal {
        entity: series.entity.to_owned(),
        kind: series.kind,
        onset_ms: values[onset].0,
        strength,
        direction,
        what: series.what.to_owned(),
    })
}

/// The strength of surprises that last until the end of the window, and where they begin: the best of all
/// beginnings, each by Fisher's method, less the price of having chosen.
fn lasting(surprises: &[f64]) -> (f64, usize) {
    let mut best = (0.0, 0);
    for begin in 0..surprises.len() {
        let rest = &surprises[begin..];
        let sum: f64 = rest.iter().sum();
        // The tail of a gamma distribution of whole shape.
        let (mut term, mut series) = (1.0, 1.0);
        for k in 1..rest.len() {
            term *= sum / k as f64;
            series += term;
        }
        let strength = sum - series.ln() - (surprises.len() as f64).ln();
        if strength > best.0 {
            best = (strength, begin);
        }
    }
    best
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
    /// The baseline, mapped and in order.
    known: Vec<f64>,
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
            known: Vec::new(),
            recent: None,
        };
        let mapped = sorted(plain.iter().map(|v| scale.map(*v)));
        let floor = match (ratio, series.kind) {
            // What is counted varies by its root, however constant it was.
            (true, SignalKind::Traffic) => RELATIVE_FLOOR.max(1.0 / (usual + 1.0).sqrt()),
            (true, _) => RELATIVE_FLOOR,
            (false, SignalKind::Availability | SignalKind::Errors) => SHARE_FLOOR * whole,
            (false, SignalKind::Resource) => RESOURCE_FLOOR,
            (false, _) => (usual * RELATIVE_FLOOR).max(1e-9),
        };
        scale.spread = Spread::of(&mapped, floor);
        scale.known = mapped;
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

    /// `-ln` of the share of the baseline that lies at least as far out on one side, and beyond the baseline's end
    /// continued by the distance. Series that had already moved count from there.
    fn surprise(&self, value: f64, up: bool) -> f64 {
        let middle = self.spread.median;
        let (low, high) = self.recent.unwrap_or((middle, middle));
        let value = if up {
            value - (high - middle).max(0.0)
        } else {
            value + (middle - low).max(0.0)
        };
        let (beyond, end, sigma) = if up {
            let beyond = self.known.len() - self.known.partition_point(|v| *v < value);
            (beyond, self.known.last(), self.spread.above)
        } else {
            let beyond = self.known.partition_point(|v| *v <= value);
            (beyond, self.known.first(), self.spread.below)
        };
        let distance = if up { value - middle } else { middle - value };
        if distance <= sigma {
            return 0.0;
        }
        let share = (beyond as f64 + 1.0) / (self.known.len() as f64 + 1.0);
        let out = end.map_or(0.0, |end| if up { value - end } else { end - value });
        -share.ln() + strength_of_z(out / sigma)
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
