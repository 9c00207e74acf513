//! The value of series at a moment: the latest point that is not too old.

use tocsin_domain::metric::Sample;
use tocsin_domain::ports::metric_store::Bucket;

use crate::error::QueryError;
use crate::frame::{ABSENT, Budget, Grid, Row, is_absent};
use crate::load::Series;
use crate::plan::When;

/// How old a point may be to be the value of a moment, in ms: Prometheus' default.
pub(crate) const LOOKBACK_MS: i64 = 300_000;

/// The values of series at the steps of a grid.
pub(crate) fn values(
    series: &[Series],
    when: When,
    grid: &Grid,
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    rows(series, grid, budget, |one| {
        column(one, when, grid, |sample| sample.value)
    })
}

/// When the values of series at the steps were taken, in seconds.
pub(crate) fn times(
    series: &[Series],
    when: When,
    grid: &Grid,
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    rows(series, grid, budget, |one| {
        column(one, when, grid, |sample| sample.at_ms as f64 / 1e3)
    })
}

fn rows(
    series: &[Series],
    grid: &Grid,
    budget: &Budget,
    column: impl Fn(&Series) -> Vec<f64>,
) -> Result<Vec<Row>, QueryError> {
    budget.afford(series.len(), grid.steps)?;
    let mut rows = Vec::with_capacity(series.len());
    for one in series {
        budget.check()?;
        let row = Row {
            labels: one.labels.clone(),
            values: column(one),
        };
        if !row.is_empty() {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn column(series: &Series, when: When, grid: &Grid, read: impl Fn(&Sample) -> f64) -> Vec<f64> {
    let samples = &series.samples;
    let mut next = 0;
    let mut values = Vec::with_capacity(grid.steps);
    for step in 0..grid.steps {
        let seen_ms = grid.seen_ms(when, step);
        while samples
            .get(next)
            .is_some_and(|sample| sample.at_ms <= seen_ms)
        {
            next += 1;
        }
        let latest = next.checked_sub(1).map(|at| samples[at]);
        let value = match latest {
            Some(sample) if sample.at_ms >= seen_ms.saturating_sub(LOOKBACK_MS) => {
                if is_absent(sample.value) {
                    ABSENT
                } else {
                    read(&sample)
                }
            }
            Some(_) => ABSENT,
            None => bucket_at(&series.buckets, seen_ms).map_or(ABSENT, |sample| read(&sample)),
        };
        values.push(value);
    }
    values
}

/// A bucket's last value, at the bucket's last millisecond.
pub(crate) fn last_point(bucket: &Bucket) -> Sample {
    Sample {
        at_ms: bucket.start_ms + bucket.length_ms - 1,
        value: bucket.last,
    }
}

/// The last value of the latest bucket that is over, as long as the next one would be.
fn bucket_at(buckets: &[Bucket], seen_ms: i64) -> Option<Sample> {
    let over = buckets.partition_point(|bucket| last_point(bucket).at_ms <= seen_ms);
    let bucket = &buckets[over.checked_sub(1)?];
    let point = last_point(bucket);
    let kept_ms = bucket.length_ms.max(LOOKBACK_MS);
    (seen_ms - point.at_ms <= kept_ms && !is_absent(point.value)).then_some(point)
}
