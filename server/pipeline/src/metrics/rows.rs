//! Series as rows of one minute, for those who watch in the background: which series those are,
//! and the mean of a gauge or the growth per second of a counter in each minute. Points come from
//! the store; nothing is kept here.

use std::sync::Arc;

use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL, Selection, is_stale};
use tocsin_domain::ports::{MetricStore, SeriesInfo, SeriesSamples, StoreError};

use super::insight::is_rate;

/// A row is so long, in ms.
pub const ROW_MS: i64 = 60_000;
/// Points of a row come in for so long after its end, in ms; later ones are not seen.
const SETTLE_MS: i64 = 15_000;
/// Series that are looked at to find those that are watched.
const SERIES_MAX: usize = 200_000;
/// Names that are not watched: counts of log lines, parts of distributions, times of creation, and
/// what a process says of itself.
const PASSED_OVER: &str = "log_records_total|.*_bucket|.*_created|process_.*";

/// The end of the newest row that is whole, in ms.
#[must_use]
pub fn newest_end_ms(now_ms: i64) -> i64 {
    (now_ms - SETTLE_MS).div_euclid(ROW_MS) * ROW_MS
}

/// The series that are watched and sent something lately, in the order of their labels; those that
/// satisfy `also`.
///
/// # Errors
/// [`StoreError`].
pub async fn live(
    metrics: &Arc<dyn MetricStore>,
    also: Option<Matcher>,
    now_ms: i64,
) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
    let named = matcher(MatchOp::MatchesNot, NAME_LABEL, PASSED_OVER)?;
    let matchers: Vec<Matcher> = also.into_iter().chain([named]).collect();
    let range = (now_ms - 10 * ROW_MS, now_ms);
    metrics.series(&matchers, range, SERIES_MAX).await
}

/// The points of one series within `[from_ms, to_ms)`; none if it has none.
///
/// # Errors
/// [`StoreError`].
pub async fn read(
    metrics: &Arc<dyn MetricStore>,
    info: &SeriesInfo,
    (from_ms, to_ms): (i64, i64),
) -> Result<Option<SeriesSamples>, StoreError> {
    let labels = info.labels.iter();
    let exactly = labels.map(|(name, value)| matcher(MatchOp::Equal, name, value));
    let selection = Selection {
        matchers: exactly.collect::<Result<_, _>>()?,
        from_ms,
        to_ms: to_ms - 1,
        // Others may have the same labels and more.
        series_max: 1000,
        samples_max: 2_000_000,
    };
    let selected = metrics.select(&selection).await?;
    Ok(selected.into_iter().find(|one| one.series.id == info.id))
}

/// A value for each of `rows` rows from `from_ms` on: the mean of gauges, the growth per second of
/// counters; NaN where there was no point.
#[must_use]
pub fn column(found: &SeriesSamples, from_ms: i64, rows: usize) -> Vec<f64> {
    let mut sums = vec![(0.0f64, 0u32); rows];
    let as_rate = is_rate(&found.series);
    let mut last: Option<(i64, f64)> = None;
    for sample in found
        .samples
        .iter()
        .filter(|sample| !is_stale(sample.value))
    {
        let before = last.replace((sample.at_ms, sample.value));
        let value = match before {
            _ if !as_rate => sample.value,
            Some((at, value)) if sample.at_ms > at => {
                let grown = if sample.value < value {
                    sample.value
                } else {
                    sample.value - value
                };
                grown / ((sample.at_ms - at) as f64 / 1000.0)
            }
            _ => continue,
        };
        let row = (sample.at_ms - from_ms).div_euclid(ROW_MS);
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        if let Some((sum, count)) = sums.get_mut(row).filter(|_| value.is_finite()) {
            *sum += value;
            *count += 1;
        }
    }
    let mean = |(sum, count): (f64, u32)| sum / f64::from(count);
    sums.into_iter().map(mean).collect()
}

/// A matcher as the store wants it.
///
/// # Errors
/// [`StoreError::Invalid`] for a pattern that cannot be compiled.
pub fn matcher(op: MatchOp, name: &str, value: &str) -> Result<Matcher, StoreError> {
    Matcher::new(op, name, value).map_err(|error| StoreError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use tocsin_domain::{Labels, MetricKind, Sample};

    use super::*;

    fn samples(name: &str, kind: MetricKind, points: &[(i64, f64)]) -> SeriesSamples {
        let labels = Labels::new([(NAME_LABEL, name)]).unwrap();
        let points = points.iter();
        SeriesSamples {
            series: Arc::new(SeriesInfo {
                id: labels.id(),
                labels,
                kind,
                source: "test".into(),
                first_ms: 0,
                last_ms: 0,
            }),
            buckets: Vec::new(),
            samples: points
                .map(|(at_ms, value)| Sample {
                    at_ms: *at_ms,
                    value: *value,
                })
                .collect(),
        }
    }

    #[test]
    fn a_row_is_the_mean_of_a_gauge_and_the_growth_of_a_counter() {
        let points = [(0, 2.0), (30_000, 4.0), (130_000, 8.0)];
        let gauge = column(&samples("load", MetricKind::Gauge, &points), 0, 3);
        assert!(gauge[0] == 3.0 && gauge[1].is_nan() && gauge[2] == 8.0);
        // Begun anew at 130 s: it grew by what it is now.
        let points = [(-10_000, 0.0), (30_000, 4.0), (70_000, 8.0), (130_000, 6.0)];
        let counter = samples("requests_total", MetricKind::Counter, &points);
        assert_eq!(column(&counter, 0, 3), [0.1, 0.1, 0.1]);
    }

    #[test]
    fn a_row_is_whole_once_its_last_points_had_time_to_come() {
        assert_eq!(newest_end_ms(2 * ROW_MS + 14_999), ROW_MS);
        assert_eq!(newest_end_ms(2 * ROW_MS + 15_000), 2 * ROW_MS);
    }
}
