//! The measures of `score_forecast.py` and `score_crossing.py`.

use serde::Serialize;
use tocsin_forecast::Forecast;

use super::Set;
use super::data::{Case, Group};

/// Accuracy over one group; means over its series.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Accuracy {
    /// Symmetric mean absolute percentage error, in `[0, 200]`.
    pub smape: f64,
    /// Mean absolute scaled error.
    pub mase: f64,
    /// Mean of both relative to the published Naive2.
    pub owa: f64,
    /// Mean scaled interval score of the 95 % interval.
    pub msis: f64,
    /// Share of truths within the 80 % interval.
    pub coverage80: f64,
    /// Share of truths within the 95 % interval.
    pub coverage95: f64,
    /// Forecasts with all intervals per second of CPU time.
    pub series_per_cpu_second: f64,
}

/// Decisions whether and when a threshold is reached.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Crossing {
    pub f1: f64,
    pub recall: f64,
    pub precision: f64,
    /// False alarms among the cases that do not cross.
    pub fpr: f64,
    /// Median distance of the predicted step over the horizon, where both cross; absent without any.
    pub median_error: Option<f64>,
}

pub(crate) fn accuracy(set: Set, group: &Group, forecasts: &[Forecast]) -> Accuracy {
    let mut sum = Accuracy::default();
    for (series, forecast) in group.series.iter().zip(forecasts) {
        let truth = &series.truth;
        let lagged = series
            .history
            .iter()
            .zip(series.history.iter().skip(set.scaling_lag));
        let pairs = series.history.len().saturating_sub(set.scaling_lag) as f64;
        let scale = lagged.map(|(a, b)| (a - b).abs()).sum::<f64>() / pairs;
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / truth.len() as f64;
        let pairs = || truth.iter().zip(&forecast.mean);
        sum.smape += mean(&mut pairs().map(|(a, b)| percentage_error(*a, *b)));
        sum.mase += mean(&mut pairs().map(|(a, b)| (a - b).abs())) / scale;
        for interval in &forecast.intervals {
            let bounds = || truth.iter().zip(interval.lower.iter().zip(&interval.upper));
            let held = bounds().map(|(y, (low, high))| f64::from(u8::from(low <= y && y <= high)));
            let share = mean(&mut { held });
            if interval.level < 0.9 {
                sum.coverage80 += share;
                continue;
            }
            sum.coverage95 += share;
            let scores = bounds().map(|(y, (low, high))| {
                (high - low) + 40.0 * (low - y).max(0.0) + 40.0 * (y - high).max(0.0)
            });
            sum.msis += mean(&mut { scores }) / scale;
        }
    }
    let n = group.series.len() as f64;
    let (smape, mase) = (sum.smape / n, sum.mase / n);
    Accuracy {
        smape,
        mase,
        owa: 0.5 * (smape / set.naive2.0 + mase / set.naive2.1),
        msis: sum.msis / n,
        coverage80: sum.coverage80 / n,
        coverage95: sum.coverage95 / n,
        series_per_cpu_second: 0.0,
    }
}

fn percentage_error(truth: f64, forecast: f64) -> f64 {
    let sum = truth.abs() + forecast.abs();
    if sum > 0.0 {
        200.0 * (truth - forecast).abs() / sum
    } else {
        0.0
    }
}

pub(crate) fn crossing(cases: &[Case], steps: &[Option<usize>]) -> Crossing {
    let (mut hits, mut false_alarms, mut misses, mut quiet) = (0.0, 0.0, 0.0, 0.0);
    let mut errors = Vec::new();
    for (case, step) in cases.iter().zip(steps) {
        match (case.step, step.filter(|s| *s <= case.horizon)) {
            (Some(truth), Some(found)) => {
                hits += 1.0;
                errors.push(truth.abs_diff(found) as f64 / case.horizon as f64);
            }
            (Some(_), None) => misses += 1.0,
            (None, Some(_)) => false_alarms += 1.0,
            (None, None) => quiet += 1.0,
        }
    }
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let precision = share(hits, hits + false_alarms);
    let recall = share(hits, hits + misses);
    errors.sort_by(f64::total_cmp);
    Crossing {
        f1: share(2.0 * precision * recall, precision + recall),
        recall,
        precision,
        fpr: share(false_alarms, false_alarms + quiet),
        median_error: errors.get(errors.len() / 2).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_hits_misses_and_false_alarms() {
        let case = |step| Case {
            id: String::new(),
            capacity: 1.0,
            step,
            horizon: 10,
        };
        let cases = [case(Some(5)), case(Some(2)), case(None), case(None)];
        let found = crossing(&cases, &[Some(6), None, Some(3), Some(11)]);
        assert_eq!(
            (found.precision, found.recall, found.f1, found.fpr),
            (0.5, 0.5, 0.5, 0.5)
        );
        assert_eq!(found.median_error, Some(0.1));
    }
}
