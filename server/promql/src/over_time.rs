//! Functions over time: from the points of a window to a value, at all steps.

use tocsin_domain::metric::Sample;

use crate::error::QueryError;
use crate::frame::ABSENT;
use crate::math;
use crate::moments::{Line, Moments};
use crate::plan::RangeFunc;
use crate::rate::{self, Growth};
use crate::window::{Events, Sliding, Span, Window, each};

/// Whether results of the function keep the name of the series.
pub(crate) fn keeps_name(func: RangeFunc) -> bool {
    func == RangeFunc::Last
}

/// The results of a function for a series at all steps. `args` are its scalars, `[args][steps]`.
pub(crate) fn column(
    func: RangeFunc,
    points: &[Sample],
    span: &Span<'_>,
    args: &[Vec<f64>],
) -> Vec<f64> {
    if span.when.at.is_some() && args.is_empty() && span.grid.steps > 1 {
        // All steps see the same window.
        let once = crate::frame::Grid {
            steps: 1,
            ..*span.grid
        };
        let value = column(
            func,
            points,
            &Span {
                grid: &once,
                ..*span
            },
            args,
        );
        return vec![value[0]; span.grid.steps];
    }
    let arg = |at: usize, window: &Window<'_>| args[at][window.step];
    match func {
        RangeFunc::Rate => rate::extrapolated(points, span, Growth::Rate),
        RangeFunc::Increase => rate::extrapolated(points, span, Growth::Increase),
        RangeFunc::Delta => rate::extrapolated(points, span, Growth::Delta),
        RangeFunc::Irate => rate::instant(points, span, true),
        RangeFunc::Idelta => rate::instant(points, span, false),
        RangeFunc::Deriv => lines(points, span, |line, _| line.slope),
        RangeFunc::PredictLinear => lines(points, span, |line, window| {
            let now_ms = span
                .grid
                .time_ms(window.step)
                .saturating_sub(origin_ms(points));
            line.at(now_ms as f64 / 1e3 + arg(0, window))
        }),
        RangeFunc::HoltWinters => each(points, span, |window| {
            smoothed(window, arg(0, window), arg(1, window))
        }),
        RangeFunc::Resets => count(points, span, |before, after| after < before),
        RangeFunc::Changes => count(points, span, |before, after| {
            before != after && !(before.is_nan() && after.is_nan())
        }),
        RangeFunc::Quantile => {
            let mut scratch = Vec::new();
            each(points, span, |window| {
                scratch.clear();
                scratch.extend(window.values());
                math::quantile(arg(0, window), &mut scratch)
            })
        }
        RangeFunc::StdDev => variance(points, span, f64::sqrt),
        RangeFunc::StdVar => variance(points, span, |variance| variance),
        RangeFunc::Last => each(points, span, |window| window.last().value),
        RangeFunc::Count => each(points, span, |window| window.points.len() as f64),
        RangeFunc::Present | RangeFunc::Absent => each(points, span, |_| 1.0),
        RangeFunc::Sum | RangeFunc::Avg | RangeFunc::Min | RangeFunc::Max => {
            sliding(func, points, span)
        }
    }
}

/// What times are counted from.
fn origin_ms(points: &[Sample]) -> i64 {
    points.first().map_or(0, |point| point.at_ms)
}

fn count(points: &[Sample], span: &Span<'_>, happens: impl Fn(f64, f64) -> bool) -> Vec<f64> {
    let mut events = Events::new(points, happens);
    each(points, span, |window| events.within(window).len() as f64)
}

/// What is read from the line of least squares of each window; nothing of a single point.
fn lines(points: &[Sample], span: &Span<'_>, read: impl Fn(&Line, &Window<'_>) -> f64) -> Vec<f64> {
    let origin_ms = origin_ms(points);
    let lift = |point: &Sample| Moments::of(point, origin_ms);
    let mut moments = Sliding::new(lift, Moments::join);
    each(points, span, |window| {
        moments
            .of(points, window)
            .line()
            .map_or(ABSENT, |line| read(&line, window))
    })
}

fn variance(points: &[Sample], span: &Span<'_>, read: impl Fn(f64) -> f64) -> Vec<f64> {
    let origin_ms = origin_ms(points);
    let mut moments = Sliding::new(
        |point: &Sample| Moments::of(point, origin_ms),
        Moments::join,
    );
    each(points, span, |window| {
        let variance = moments.of(points, window).variance();
        // Beyond what a float holds the order of operations counts.
        read(if variance.is_finite() {
            variance
        } else {
            math::variance(window.values())
        })
    })
}

fn sliding(func: RangeFunc, points: &[Sample], span: &Span<'_>) -> Vec<f64> {
    let lift = |point: &Sample| {
        let mut sum = math::Sum::default();
        sum.add(point.value);
        sum
    };
    match func {
        RangeFunc::Min | RangeFunc::Max => {
            // Numbers win over what is not a number.
            let sign = if func == RangeFunc::Min { 1.0 } else { -1.0 };
            let join = move |left: f64, right: f64| {
                if sign * right < sign * left || left.is_nan() {
                    right
                } else {
                    left
                }
            };
            let mut best = Sliding::new(|point: &Sample| point.value, join);
            each(points, span, |window| best.of(points, window))
        }
        RangeFunc::Sum => {
            let mut sum = Sliding::new(lift, math::Sum::join);
            each(points, span, |window| sum.of(points, window).value())
        }
        _ => {
            let mut sum = Sliding::new(lift, math::Sum::join);
            each(points, span, |window| {
                let mean = sum.of(points, window).value() / window.points.len() as f64;
                if mean.is_finite() {
                    mean
                } else {
                    math::mean(window.values())
                }
            })
        }
    }
}

/// Double exponential smoothing (Holt 1957) with factors in `(0, 1)`, checked by [`check_args`].
fn smoothed(window: &Window<'_>, level_factor: f64, trend_factor: f64) -> f64 {
    let [first, second, ..] = window.points else {
        return ABSENT;
    };
    let mut before = 0.0;
    let mut level = first.value;
    let mut trend = second.value - first.value;
    for (at, point) in window.points[1..].iter().enumerate() {
        if at > 0 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let next = level_factor * point.value + (1.0 - level_factor) * (level + trend);
        (before, level) = (level, next);
    }
    level
}

/// Refuses factors that Prometheus refuses.
pub(crate) fn check_args(func: RangeFunc, args: &[Vec<f64>]) -> Result<(), QueryError> {
    if func != RangeFunc::HoltWinters {
        return Ok(());
    }
    for (values, (what, short)) in args.iter().zip([("smoothing", "sf"), ("trend", "tf")]) {
        if let Some(wrong) = values.iter().find(|value| **value <= 0.0 || **value >= 1.0) {
            return Err(QueryError::execution(format!(
                "invalid {what} factor. Expected: 0 < {short} < 1, got: {wrong:.6}"
            )));
        }
    }
    Ok(())
}
