//! Where a series is going: forecast anew.

use serde::Serialize;
use tocsin_domain::Timestamp;
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::Chart;
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL};
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::metric_insight::SeriesForecast;

use super::arguments::rfc3339;
use super::error::ToolError;
use super::forecast::Forecasts;
use super::lines::data;
use super::query_metrics::query_of;
use super::scope::is_series_of;
use super::toolbox::{Desk, Found};
use crate::understand::Entity;
use crate::understand::time::DAY_MS;
use crate::words::{moment, number};

/// Series of a metric that are looked at.
const SEARCHED_MAX: usize = 1_000;
/// The most series that are forecast anew, as each takes a part of a second.
const SERIES_MAX: usize = 3;

/// Where a series is going.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outlook {
    /// The fact; none if nothing can be said, or the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) series: String,
    /// Where it is at the end; none if nothing can be said.
    pub(crate) point: Option<OutlookPoint>,
    /// Why, or why nothing can be said.
    pub(crate) reason: String,
}

/// Where a series is expected at a time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OutlookPoint {
    /// When, in RFC 3339.
    pub(crate) at: String,
    pub(crate) likely: f64,
    /// Where it is with a probability of 80 %.
    pub(crate) low: f64,
    pub(crate) high: f64,
    #[serde(skip)]
    pub(crate) at_ms: i64,
}

/// Forecasts the series of a metric.
pub(super) async fn anew(
    desk: &mut Desk<'_>,
    metric: &str,
    entities: &[&Entity],
    horizon_ms: i64,
) -> Result<Found<Forecasts>, ToolError> {
    let now = desk.asker.now_ms;
    let matcher = Matcher::new(MatchOp::Equal, NAME_LABEL, metric)
        .map_err(|error| ToolError::Invalid(error.to_string()))?;
    let parts = desk.tools.parts.clone();
    let range = (now - DAY_MS, now);
    let all = parts
        .metrics
        .series(&[matcher], range, SEARCHED_MAX)
        .await?;
    let meant: Vec<_> = all
        .iter()
        .filter(|series| is_series_of(&series.labels, entities))
        .collect();
    let (mut outlooks, mut charts) = (Vec::new(), Vec::new());
    for info in meant.iter().take(SERIES_MAX) {
        let made = parts
            .insight
            .forecast(info.id, horizon_ms, Timestamp::from_millis(now))
            .await;
        let chart = Chart {
            title: data(&info.labels.to_string()),
            query: query_of(&info.labels, info.kind).0,
            from_ms: now - 7 * DAY_MS,
            to_ms: now,
        };
        match made {
            Ok(Some(forecast)) => outlooks.extend(seen(desk, &forecast, &chart)),
            Ok(None) => {}
            Err(StoreError::Invalid(reason)) => outlooks.push(unseen(&chart, &reason)),
            Err(error) => return Err(error.into()),
        }
        charts.push(chart);
    }
    let summary = format!("{} of {} series forecast", outlooks.len(), meant.len());
    let forecasts = Forecasts {
        watched: meant.len(),
        predictions: Vec::new(),
        outlooks,
    };
    Ok(Found {
        charts,
        ..Found::new(summary, forecasts)
    })
}

/// The end of a forecast, cited; none if it has no points.
fn seen(desk: &mut Desk<'_>, forecast: &SeriesForecast, chart: &Chart) -> Option<Outlook> {
    let point = forecast.points.last()?;
    let text = format!(
        "{} is expected at {} on {}, with a probability of 80 % between {} and {} (model {}, made {})",
        chart.title,
        number(point.yhat),
        moment(point.at_ms),
        number(point.interval_80.0),
        number(point.interval_80.1),
        forecast.model,
        moment(forecast.made_ms),
    );
    let evidence = Evidence::Metric {
        query: chart.query.clone(),
        from_ms: chart.from_ms,
        to_ms: chart.to_ms,
        value: point.yhat,
    };
    Some(Outlook {
        fact: desk.book.cite(evidence, Some(forecast.made_ms), &text),
        series: chart.title.clone(),
        point: Some(OutlookPoint {
            at: rfc3339(point.at_ms),
            likely: point.yhat,
            low: point.interval_80.0,
            high: point.interval_80.1,
            at_ms: point.at_ms,
        }),
        reason: data(&forecast.reason),
    })
}

/// Why nothing can be said.
fn unseen(chart: &Chart, reason: &str) -> Outlook {
    Outlook {
        fact: None,
        series: chart.title.clone(),
        point: None,
        reason: data(reason),
    }
}
