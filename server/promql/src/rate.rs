//! How fast series grow: `rate`, `increase`, `delta` and their instant kin.
//!
//! The definition is that of Prometheus 2 (`extrapolatedRate` in promql/functions.go): what is
//! seen between the first and last point is carried to the ends of the window, if a point may be
//! expected there, and never below a counter's zero.

use tocsin_domain::metric::Sample;

use crate::frame::ABSENT;
use crate::window::{Events, Span, Window, each};

/// What grows, and per what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// A counter, per second.
    Rate,
    /// A counter, over the window.
    Increase,
    /// A gauge, over the window.
    Delta,
}

/// `rate`, `increase` and `delta` at all steps.
pub(crate) fn extrapolated(points: &[Sample], span: &Span<'_>, growth: Growth) -> Vec<f64> {
    let range_secs = span.range_secs();
    let mut drops = match growth {
        Growth::Delta => Events::new(&[], |_, _| false),
        Growth::Rate | Growth::Increase => Events::new(points, |before, after| after < before),
    };
    each(points, span, |window| {
        if window.points.len() < 2 {
            return ABSENT;
        }
        let mut grown = window.last().value - window.points[0].value;
        for place in drops.within(window) {
            grown += points[*place - 1].value;
        }
        let factor = stretch(window, growth, grown);
        match growth {
            Growth::Rate => grown * (factor / range_secs),
            Growth::Increase | Growth::Delta => grown * factor,
        }
    })
}

/// By how much the growth between the points is stretched to stand for the whole window.
fn stretch(window: &Window<'_>, growth: Growth, grown: f64) -> f64 {
    let (first, last) = (window.points[0], window.last());
    let seen_secs = (last.at_ms - first.at_ms) as f64 / 1e3;
    let spacing_secs = seen_secs / (window.points.len() - 1) as f64;
    let mut before_secs = (first.at_ms - window.start_ms) as f64 / 1e3;
    let after_secs = (window.end_ms - last.at_ms) as f64 / 1e3;
    if growth != Growth::Delta && grown > 0.0 && first.value >= 0.0 {
        let since_zero_secs = seen_secs * (first.value / grown);
        before_secs = before_secs.min(since_zero_secs);
    }
    let near_secs = spacing_secs * 1.1;
    let reach = |gap_secs: f64| {
        if gap_secs < near_secs {
            gap_secs
        } else {
            spacing_secs / 2.0
        }
    };
    (seen_secs + reach(before_secs) + reach(after_secs)) / seen_secs
}

/// `irate` and `idelta`: between the last two points.
pub(crate) fn instant(points: &[Sample], span: &Span<'_>, is_rate: bool) -> Vec<f64> {
    each(points, span, |window| {
        let [.., before, last] = window.points else {
            return ABSENT;
        };
        let is_reset = is_rate && last.value < before.value;
        let grown = if is_reset {
            last.value
        } else {
            last.value - before.value
        };
        let secs = (last.at_ms - before.at_ms) as f64 / 1e3;
        if is_rate { grown / secs } else { grown }
    })
}
