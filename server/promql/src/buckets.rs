//! Functions over time where points are no longer kept one by one.
//!
//! A window uses the buckets that lie wholly within it, with their minimum, maximum, sum, count
//! and sketch, and the points after them. A window that is shorter than the buckets uses the
//! latest bucket that is over: a coarse answer, where none would leave a hole in the chart. Growth
//! is that of all buckets the window touches, in proportion.

use tocsin_domain::metric::{Sample, sketch};
use tocsin_domain::ports::metric_store::Bucket;

use crate::frame::{ABSENT, Grid};
use crate::load::Series;
use crate::math;
use crate::over_time;
use crate::plan::RangeFunc;
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
    /// Those that are wholly inside.
    buckets: &'a [Bucket],
    /// Those of which any part is inside.
    touched: &'a [Bucket],
    points: &'a [Sample],
    start_ms: i64,
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
    let touched = &buckets[buckets.partition_point(|bucket| last_point(bucket).at_ms < start_ms)
        ..buckets.partition_point(|bucket| bucket.start_ms < end_ms)];
    let mut whole = &buckets[first..past];
    if whole.is_empty() && points.is_empty() && past > 0 {
        let latest = &buckets[past - 1];
        if end_ms - last_point(latest).at_ms <= latest.length_ms {
            whole = &buckets[past - 1..past];
        }
    }
    Part {
        buckets: whole,
        touched,
        points,
        start_ms,
        end_ms,
    }
}

impl Part<'_> {
    fn value(&self, func: RangeFunc, span: &Span<'_>, (step, args): (usize, &[Vec<f64>])) -> f64 {
        let is_growth = matches!(func, RangeFunc::Rate | RangeFunc::Increase);
        if if is_growth {
            self.touched
        } else {
            self.buckets
        }
        .is_empty()
        {
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
        match func {
            RangeFunc::Min => self.least(),
            RangeFunc::Max => self.greatest(),
            RangeFunc::Sum => self.sum(),
            RangeFunc::Avg => self.sum() / self.count(),
            RangeFunc::Count => self.count(),
            RangeFunc::Quantile => self.quantile(args[0][step]),
            RangeFunc::Rate => self.increase() / span.range_secs(),
            RangeFunc::Increase => self.increase(),
            RangeFunc::Present | RangeFunc::Absent => 1.0,
            _ => ABSENT,
        }
    }

    /// The growth of the time seen, of a bucket that is partly inside in proportion, carried to
    /// the ends of the window where more of the series may be expected: as `rate` does with
    /// points, here with the length of a bucket as their spacing.
    fn increase(&self) -> f64 {
        let (Some(first), Some(last)) = (self.touched.first(), self.touched.last()) else {
            return ABSENT;
        };
        let mut grown = 0.0;
        for bucket in self.touched {
            let past_ms = (bucket.start_ms + bucket.length_ms).min(self.end_ms);
            let inside_ms = past_ms - bucket.start_ms.max(self.start_ms);
            grown += bucket.increase * inside_ms as f64 / bucket.length_ms as f64;
        }
        let mut before = last.last;
        for point in self.points {
            grown += if point.value >= before {
                point.value - before
            } else {
                point.value
            };
            before = point.value;
        }
        let seen_from_ms = first.start_ms.max(self.start_ms);
        let bucket_past_ms = (last.start_ms + last.length_ms).min(self.end_ms);
        let seen_to_ms = self
            .points
            .last()
            .map_or(bucket_past_ms, |point| point.at_ms);
        let seen_ms = (seen_to_ms - seen_from_ms) as f64;
        let before_ms = (seen_from_ms - self.start_ms) as f64;
        let after_ms = (self.end_ms - seen_to_ms) as f64;
        let near = |gap_ms: f64, bucket: &Bucket| {
            if gap_ms < bucket.length_ms as f64 * 1.1 {
                gap_ms
            } else {
                0.0
            }
        };
        grown * (seen_ms + near(before_ms, first) + near(after_ms, last)) / seen_ms
    }

    /// Within the accuracy of the sketches.
    fn quantile(&self, q: f64) -> f64 {
        if q.is_nan() {
            return f64::NAN;
        }
        let mut all = Vec::new();
        for bucket in self.buckets {
            sketch::merge(&mut all, &bucket.sketch);
        }
        self.points
            .iter()
            .for_each(|point| sketch::add(&mut all, point.value));
        match sketch::quantile(&all, q) {
            Some(value) => value.max(self.least()).min(self.greatest()),
            None if q < 0.0 => f64::NEG_INFINITY,
            None if q > 1.0 => f64::INFINITY,
            None => f64::NAN,
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().map(|point| point.value)
    }

    /// Numbers win over what is not a number.
    fn least(&self) -> f64 {
        self.buckets
            .iter()
            .map(|bucket| bucket.min)
            .chain(self.values())
            .fold(f64::NAN, f64::min)
    }

    fn greatest(&self) -> f64 {
        self.buckets
            .iter()
            .map(|bucket| bucket.max)
            .chain(self.values())
            .fold(f64::NAN, f64::max)
    }

    fn sum(&self) -> f64 {
        let mut sum = math::Sum::default();
        let sums = self.buckets.iter().map(|bucket| bucket.sum);
        sums.chain(self.values()).for_each(|value| sum.add(value));
        sum.value()
    }

    fn count(&self) -> f64 {
        let kept: f64 = self.buckets.iter().map(|bucket| bucket.count as f64).sum();
        kept + self.points.len() as f64
    }
}
