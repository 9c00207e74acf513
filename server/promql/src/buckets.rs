//! Functions over time where points are no longer kept one by one.
//!
//! A window uses the buckets that lie wholly within it, with their minimum, maximum, sum, count
//! and growth, and the points after them. A window that is shorter than the buckets uses the
//! latest bucket that is over: a coarse answer, where none would leave a hole in the chart.

use tocsin_domain::metric::Sample;
use tocsin_domain::ports::metric_store::Bucket;

use crate::frame::{ABSENT, Grid};
use crate::load::Series;
use crate::math;
use crate::over_time;
use crate::plan::RangeFunc;
use crate::rate::{self, Growth};
use crate::select::last_point;
use crate::window::Span;

/// As [`over_time::column`], for a series that may have buckets.
pub(crate) fn column(
    func: RangeFunc,
    series: &Series,
    span: &Span<'_>,
    args: &[Vec<f64>],
) -> Vec<f64> {
    if series.buckets.is_empty() {
        return over_time::column(func, series.points(), span, args);
    }
    match func {
        RangeFunc::Rate
        | RangeFunc::Increase
        | RangeFunc::Avg
        | RangeFunc::Min
        | RangeFunc::Max
        | RangeFunc::Sum
        | RangeFunc::Count
        | RangeFunc::Quantile
        | RangeFunc::Present
        | RangeFunc::Absent => (0..span.grid.steps)
            .map(|step| part(series, span.bounds(step)).value(func, span, (step, args)))
            .collect(),
        _ => {
            let mut points: Vec<Sample> = series.buckets.iter().map(last_point).collect();
            points.extend_from_slice(series.points());
            over_time::column(func, &points, span, args)
        }
    }
}

/// What a window sees of a series.
struct Part<'a> {
    buckets: &'a [Bucket],
    points: &'a [Sample],
    end_ms: i64,
}

fn part(series: &Series, (start_ms, end_ms): (i64, i64)) -> Part<'_> {
    let all = series.points();
    let points = &all[all.partition_point(|point| point.at_ms < start_ms)
        ..all.partition_point(|point| point.at_ms <= end_ms)];
    let buckets = &series.buckets;
    let past = buckets.partition_point(|bucket| last_point(bucket).at_ms <= end_ms);
    let first = buckets
        .partition_point(|bucket| bucket.start_ms < start_ms)
        .min(past);
    let mut whole = &buckets[first..past];
    if whole.is_empty() && points.is_empty() && past > 0 {
        let latest = &buckets[past - 1];
        if end_ms - last_point(latest).at_ms <= latest.length_ms {
            whole = &buckets[past - 1..past];
        }
    }
    Part {
        buckets: whole,
        points,
        end_ms,
    }
}

impl Part<'_> {
    fn value(&self, func: RangeFunc, span: &Span<'_>, (step, args): (usize, &[Vec<f64>])) -> f64 {
        if self.buckets.is_empty() {
            let grid = Grid {
                start_ms: span.grid.time_ms(step),
                steps: 1,
                ..*span.grid
            };
            let args: Vec<Vec<f64>> = args.iter().map(|values| vec![values[step]]).collect();
            let once = Span {
                grid: &grid,
                ..*span
            };
            return over_time::column(func, self.points, &once, &args)[0];
        }
        let values = || self.points.iter().map(|point| point.value);
        let count: f64 = self
            .buckets
            .iter()
            .map(|bucket| bucket.count as f64)
            .sum::<f64>()
            + self.points.len() as f64;
        let mut sum = math::Sum::default();
        self.buckets
            .iter()
            .map(|bucket| bucket.sum)
            .chain(values())
            .for_each(|value| sum.add(value));
        match func {
            RangeFunc::Min => self
                .buckets
                .iter()
                .map(|bucket| bucket.min)
                .chain(values())
                .fold(f64::NAN, f64::min),
            RangeFunc::Max => self
                .buckets
                .iter()
                .map(|bucket| bucket.max)
                .chain(values())
                .fold(f64::NAN, f64::max),
            RangeFunc::Sum => sum.value(),
            RangeFunc::Avg => sum.value() / count,
            RangeFunc::Count => count,
            RangeFunc::Quantile => self.quantile(args[0][step]),
            RangeFunc::Rate => self.increase(span) / span.range_secs(),
            RangeFunc::Increase => self.increase(span),
            RangeFunc::Present | RangeFunc::Absent => 1.0,
            _ => ABSENT,
        }
    }

    /// The growth seen, carried from the time that buckets and points cover to the whole window.
    fn increase(&self, span: &Span<'_>) -> f64 {
        let mut grown = 0.0;
        let mut covered_ms = 0;
        for bucket in self.buckets {
            // Within a bucket of n points there are n - 1 steps of the n that its length has.
            let count = bucket.count as f64;
            grown += if bucket.count > 1 {
                bucket.increase * count / (count - 1.0)
            } else {
                0.0
            };
            covered_ms += bucket.length_ms;
        }
        if self.points.len() > 1 {
            let start_ms = self
                .buckets
                .last()
                .map_or(0, |last| last_point(last).at_ms + 1);
            let grid = Grid {
                start_ms: self.end_ms,
                step_ms: 1,
                steps: 1,
                query_ms: (self.end_ms, self.end_ms),
            };
            let range_ms = self.end_ms - start_ms;
            let rest = Span {
                grid: &grid,
                when: crate::plan::When::default(),
                range_ms,
            };
            grown += rate::extrapolated(self.points, &rest, Growth::Increase)[0];
            covered_ms += range_ms;
        }
        grown * span.range_ms as f64 / covered_ms as f64
    }

    /// Each bucket stands for its count of values, spread as its sketch says.
    fn quantile(&self, q: f64) -> f64 {
        let mut values: Vec<f64> = self.points.iter().map(|point| point.value).collect();
        values.extend(self.buckets.iter().map(Bucket::mean));
        math::quantile(q, &mut values)
    }
}
