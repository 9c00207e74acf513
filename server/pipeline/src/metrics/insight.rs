//! Looking back and ahead at one series, for people: the chart with its band, and the forecast.
//!
//! The band of the past is not stored: a detector that is shown the time before the chart comes to
//! the same judgement, and costs a third of a microsecond a point.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_anomaly::{DetectorConfig, SeriesDetector};
use tocsin_domain::metric::{Band, ForecastPoint, MatchOp, Matcher, Selection, is_stale};
use tocsin_domain::ports::metric_insight::{
    BackTest, ChartPoint, MetricInsight, SeriesChart, SeriesForecast,
};
use tocsin_domain::ports::{MetricStore, SeriesInfo, SeriesSamples, StoreError};
use tocsin_domain::{MetricKind, Sample, SeriesId, Timestamp};
use tocsin_forecast::{Forecast, ForecastSpec};

use super::detect::kind;

/// How much time before a chart the detector is shown, in ms: a week, for the season.
const WARM_UP_MS: i64 = 7 * 86_400_000;
/// Points of a series that are read at most.
const SAMPLES_MAX: usize = 2_000_000;
/// Steps of a forecast.
const HORIZON_STEPS: i64 = 96;
/// Steps of the past that a forecast is made from at most.
const HISTORY_STEPS: i64 = 2016;
/// Steps of the past that a forecast needs at least.
const HISTORY_STEPS_MIN: usize = 24;
/// Steps are no shorter, in ms.
const STEP_MIN_MS: i64 = 60_000;
/// Below this share of truths in the 80 % band of the back-test a forecast is not trusted.
const COVERAGE_MIN: f64 = 0.6;
/// Fewer origins than this prove nothing.
const ORIGINS_MIN: usize = 5;

/// Looks at series in the metric store.
#[expect(
    missing_debug_implementations,
    reason = "holds a port, which has no Debug"
)]
pub struct Insight {
    metrics: Arc<dyn MetricStore>,
    detector: DetectorConfig,
}

impl Insight {
    /// Over a store, with the settings that detectors work with.
    #[must_use]
    pub fn new(metrics: Arc<dyn MetricStore>, detector: DetectorConfig) -> Self {
        Self { metrics, detector }
    }

    async fn read(
        &self,
        series: SeriesId,
        (from_ms, to_ms): (i64, i64),
    ) -> Result<Option<SeriesSamples>, StoreError> {
        let known = self.metrics.describe(&[series]).await?;
        let Some(info) = known.into_iter().flatten().next() else {
            return Ok(None);
        };
        let selection = Selection {
            matchers: exactly(&info)?,
            from_ms,
            to_ms,
            // Others may have the same labels and more.
            series_max: 10_000,
            samples_max: SAMPLES_MAX,
        };
        let found = self.metrics.select(&selection).await?;
        let own = found.into_iter().find(|found| found.series.id == series);
        Ok(Some(own.unwrap_or(SeriesSamples {
            series: info,
            buckets: Vec::new(),
            samples: Vec::new(),
        })))
    }
}

/// Matchers that a series satisfies.
fn exactly(info: &SeriesInfo) -> Result<Vec<Matcher>, StoreError> {
    let labels = info.labels.iter();
    let matchers = labels.map(|(name, value)| Matcher::new(MatchOp::Equal, name, value));
    let matchers: Result<Vec<_>, _> = matchers.collect();
    matchers.map_err(|error| StoreError::Invalid(error.to_string()))
}

/// The values of a series in order of time, buckets as their last value.
fn samples(found: &SeriesSamples) -> impl Iterator<Item = Sample> + '_ {
    let buckets = found.buckets.iter().map(|bucket| Sample {
        at_ms: bucket.start_ms + bucket.length_ms,
        value: bucket.last,
    });
    let points = found.samples.iter().copied();
    buckets
        .chain(points)
        .filter(|sample| !is_stale(sample.value))
}

/// True if a series is read as growth per second.
#[must_use]
pub fn is_rate(info: &SeriesInfo) -> bool {
    info.kind.or_by_name(info.labels.name()) == MetricKind::Counter
}

#[async_trait]
impl MetricInsight for Insight {
    async fn chart(
        &self,
        series: SeriesId,
        (from_ms, to_ms): (i64, i64),
        points_max: usize,
    ) -> Result<Option<SeriesChart>, StoreError> {
        let range = (from_ms.saturating_sub(WARM_UP_MS), to_ms);
        let Some(found) = self.read(series, range).await? else {
            return Ok(None);
        };
        let detector = self.detector.clone();
        let work = tokio::task::spawn_blocking(move || {
            let points = judged(&found, from_ms, &detector);
            SeriesChart {
                is_rate: is_rate(&found.series),
                points: thinned(points, (from_ms, to_ms), points_max),
                series: found.series,
            }
        });
        let chart = work.await;
        chart
            .map(Some)
            .map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    async fn forecast(
        &self,
        series: SeriesId,
        horizon_ms: i64,
        now: Timestamp,
    ) -> Result<Option<SeriesForecast>, StoreError> {
        let step_ms = (horizon_ms / HORIZON_STEPS).max(STEP_MIN_MS);
        let range = (now.millis() - HISTORY_STEPS * step_ms, now.millis());
        let Some(found) = self.read(series, range).await? else {
            return Ok(None);
        };
        let work = tokio::task::spawn_blocking(move || ahead(&found, step_ms, horizon_ms));
        let forecast = work.await;
        let made = forecast.map_err(|error| StoreError::Unavailable(Box::new(error)))??;
        Ok(Some(SeriesForecast {
            made_ms: now.millis(),
            ..made
        }))
    }
}

/// Every point from `from_ms` on with what was expected of it.
fn judged(found: &SeriesSamples, from_ms: i64, config: &DetectorConfig) -> Vec<ChartPoint> {
    let info = &found.series;
    let mut detector = SeriesDetector::new(kind(info.kind, info.labels.name()));
    let mut points = Vec::new();
    for sample in samples(found) {
        let verdict = detector.observe(sample.at_ms, sample.value, config);
        if sample.at_ms < from_ms {
            continue;
        }
        let Some(verdict) = verdict else { continue };
        let band = verdict.band;
        let known = band.yhat_lower.is_finite() && band.yhat_upper.is_finite();
        points.push(ChartPoint {
            sample: Sample {
                at_ms: sample.at_ms,
                value: verdict.observed,
            },
            expected: known.then_some(Band {
                yhat: band.yhat,
                yhat_lower: band.yhat_lower,
                yhat_upper: band.yhat_upper,
            }),
        });
    }
    points
}

/// At most so many points, each the one of its stretch that is furthest from what was expected.
fn thinned(points: Vec<ChartPoint>, range: (i64, i64), points_max: usize) -> Vec<ChartPoint> {
    if points.len() <= points_max.max(1) {
        return points;
    }
    let width = ((range.1 - range.0) / points_max.max(1) as i64).max(1);
    let distance = |point: &ChartPoint| {
        point.expected.map_or(0.0, |band| {
            let reach = (band.yhat_upper - band.yhat_lower).max(f64::MIN_POSITIVE);
            (point.sample.value - band.yhat).abs() / reach
        })
    };
    let mut kept: Vec<(i64, ChartPoint)> = Vec::with_capacity(points_max);
    for point in points {
        let stretch = (point.sample.at_ms - range.0) / width;
        match kept.last_mut() {
            Some((last, held)) if *last == stretch => {
                if distance(&point) > distance(held) {
                    *held = point;
                }
            }
            _ => kept.push((stretch, point)),
        }
    }
    kept.into_iter().map(|(_, point)| point).collect()
}

/// Values on an even grid, oldest first: the mean of each step, not a number where nothing came.
fn grid(found: &SeriesSamples, step_ms: i64) -> (Vec<f64>, i64) {
    let mut sums: Vec<(f64, u32)> = Vec::new();
    let mut first = 0;
    let mut before: Option<Sample> = None;
    let as_rate = is_rate(&found.series);
    for sample in samples(found) {
        let last = before.replace(sample);
        let value = match last {
            _ if !as_rate => sample.value,
            Some(last) if sample.at_ms > last.at_ms => {
                // A counter that is lower began again at 0.
                let from = if sample.value < last.value {
                    0.0
                } else {
                    last.value
                };
                (sample.value - from) / ((sample.at_ms - last.at_ms) as f64 / 1000.0)
            }
            _ => continue,
        };
        if !value.is_finite() {
            continue;
        }
        let step = sample.at_ms.div_euclid(step_ms);
        if sums.is_empty() {
            first = step;
        }
        let place = usize::try_from(step - first).unwrap_or(0);
        if place >= sums.len() {
            sums.resize(place + 1, (0.0, 0));
        }
        sums[place].0 += value;
        sums[place].1 += 1;
    }
    let mean = |(sum, count): (f64, u32)| sum / f64::from(count);
    let end_ms = (first + sums.len() as i64) * step_ms;
    (sums.into_iter().map(mean).collect(), end_ms)
}

fn ahead(
    found: &SeriesSamples,
    step_ms: i64,
    horizon_ms: i64,
) -> Result<SeriesForecast, StoreError> {
    let (values, end_ms) = grid(found, step_ms);
    let present = values.iter().filter(|value| value.is_finite()).count();
    if present < HISTORY_STEPS_MIN {
        return Err(StoreError::Invalid(format!(
            "there are {present} steps of {} s to forecast from, at least {HISTORY_STEPS_MIN} are \
             needed: come back later or ask for a shorter horizon",
            step_ms / 1000
        )));
    }
    let steps = usize::try_from(horizon_ms / step_ms).unwrap_or(1).max(1);
    let spec = ForecastSpec::new(steps);
    let made = tocsin_forecast::forecast(&values, &spec)
        .map_err(|error| StoreError::Invalid(error.to_string()))?;
    let back_test = BackTest {
        smape: made.backtest.smape,
        mase: made.backtest.mase,
        coverage_80: made.backtest.coverage80,
        coverage_95: made.backtest.coverage95,
        origins: made.backtest.n_origins,
    };
    let (is_calibrated, reason) = calibration(&back_test);
    Ok(SeriesForecast {
        series: found.series.clone(),
        is_rate: is_rate(&found.series),
        made_ms: end_ms,
        model: made.model.clone(),
        seasons_ms: made.periods.iter().map(|p| *p as i64 * step_ms).collect(),
        back_test,
        points: points(&made, end_ms, step_ms),
        is_calibrated,
        reason,
    })
}

fn points(made: &Forecast, end_ms: i64, step_ms: i64) -> Vec<ForecastPoint> {
    let (inner, outer) = (made.interval(0.8), made.interval(0.95));
    let steps = made.mean.iter().enumerate();
    steps
        .map(|(step, mean)| ForecastPoint {
            at_ms: end_ms + step as i64 * step_ms,
            yhat: *mean,
            interval_80: (inner.lower[step], inner.upper[step]),
            interval_95: (outer.lower[step], outer.upper[step]),
        })
        .collect()
}

/// Whether the bands held on the series' own past.
fn calibration(back_test: &BackTest) -> (bool, String) {
    let percent = back_test.coverage_80 * 100.0;
    let origins = back_test.origins;
    if origins < ORIGINS_MIN {
        let reason = format!(
            "the past was forecast from {origins} earlier times only, {ORIGINS_MIN} are needed to \
             know how far the bands can be trusted"
        );
        return (false, reason);
    }
    if back_test.coverage_80 < COVERAGE_MIN {
        let reason = format!(
            "only {percent:.0} % of the past lay within the band that promises 80 %: the series \
             does not follow its own past"
        );
        return (false, reason);
    }
    let reason = format!(
        "{percent:.0} % of the past lay within the band that promises 80 %, forecast from \
         {origins} earlier times"
    );
    (true, reason)
}

#[cfg(test)]
mod tests {
    use tocsin_domain::Labels;

    use super::*;

    fn found(name: &str, values: impl Iterator<Item = f64>) -> SeriesSamples {
        let labels = Labels::new([("__name__", name)]).unwrap();
        let samples: Vec<Sample> = (0..)
            .zip(values)
            .map(|(step, value)| Sample {
                at_ms: step * 60_000,
                value,
            })
            .collect();
        let info = SeriesInfo {
            id: labels.id(),
            labels,
            kind: MetricKind::Unknown,
            source: "test".into(),
            first_ms: 0,
            last_ms: 0,
        };
        SeriesSamples {
            series: Arc::new(info),
            buckets: Vec::new(),
            samples,
        }
    }

    #[test]
    fn a_grid_has_means_of_gauges_and_rates_of_counters_over_resets() {
        let (gauge, end_ms) = grid(&found("level", (0..4).map(f64::from)), 120_000);
        assert_eq!((gauge, end_ms), (vec![0.5, 2.5], 240_000));
        let counts = [0.0, 60.0, 120.0, 30.0, 90.0];
        let (rates, _) = grid(&found("requests_total", counts.into_iter()), 60_000);
        assert_eq!(rates, [1.0, 1.0, 0.5, 1.0]);
    }

    #[test]
    fn a_daily_wave_is_forecast_with_its_season() {
        let wave = |step: i32| (f64::from(step) / 96.0 * std::f64::consts::TAU).sin() * 10.0;
        let values =
            (0..96 * 15 * 14).map(|minute| 50.0 + wave(minute / 15) + f64::from(minute % 7) * 0.1);
        let made = ahead(&found("load", values), 900_000, 86_400_000).unwrap();
        assert_eq!(made.points.len(), 96);
        assert!(made.is_calibrated, "{}", made.reason);
        assert!(
            made.seasons_ms.contains(&86_400_000),
            "{:?}",
            made.seasons_ms
        );
        for (step, point) in (0..).zip(&made.points) {
            let truth = 50.3 + wave(step);
            assert!(
                (point.yhat - truth).abs() < 1.5,
                "{step}: {} {truth}",
                point.yhat
            );
            assert!(point.interval_95.0 <= point.interval_80.0);
        }
    }

    #[test]
    fn too_little_is_refused_with_what_is_needed() {
        let refused = ahead(&found("load", (0..5).map(f64::from)), 60_000, 3_600_000);
        assert!(refused.unwrap_err().to_string().contains("at least 24"));
    }

    #[test]
    fn a_thinned_chart_keeps_what_stands_out() {
        let mut points: Vec<ChartPoint> = (0..1000)
            .map(|at_ms| ChartPoint {
                sample: Sample { at_ms, value: 1.0 },
                expected: Some(Band {
                    yhat: 1.0,
                    yhat_lower: 0.5,
                    yhat_upper: 1.5,
                }),
            })
            .collect();
        points[537].sample.value = 99.0;
        let kept = thinned(points, (0, 1000), 100);
        assert!(kept.len() <= 101);
        assert!(kept.iter().any(|point| point.sample.value > 98.0));
    }
}
