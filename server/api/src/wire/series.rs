//! Series and their points.
//!
//! Points are columns of equal length, since a chart of a day has thousands; their times are
//! milliseconds since the Unix epoch. All other times are RFC 3339. A number that is not finite is
//! null.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::SeriesInfo;
use tocsin_domain::ports::metric_insight::ChartPoint;
use tocsin_domain::{Labels, Sample, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::time;

/// A time in milliseconds as RFC 3339.
pub(crate) fn at(ms: i64) -> String {
    time::format(Timestamp::from_millis(ms))
}

/// A number that JSON can hold.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Labels as an object.
pub(crate) fn map(labels: &Labels) -> BTreeMap<String, String> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    labels.iter().map(own).collect()
}

/// Which series.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesParams {
    /// A PromQL selector, such as `up{job="node"}`.
    pub(crate) r#match: Option<String>,
    /// Words that the name and labels as text must all contain, case ignored.
    pub(crate) q: Option<String>,
    /// Only series with a point from here on. Default: an hour ago.
    pub(crate) from: Option<String>,
    /// Only series with a point up to here. Default: now.
    pub(crate) to: Option<String>,
    /// How many, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesAnswer {
    /// The series in the order of their labels.
    pub(crate) items: Vec<SeriesItem>,
    /// How many there are on all pages.
    pub(crate) total: usize,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// A series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesItem {
    /// 16 hexadecimal digits.
    pub(crate) id: String,
    /// The name of the metric.
    pub(crate) name: String,
    /// All labels, `__name__` among them.
    pub(crate) labels: BTreeMap<String, String>,
    /// gauge, counter or unknown.
    pub(crate) kind: &'static str,
    /// Who sends it.
    pub(crate) source: String,
    /// Its earliest point that is kept.
    #[schema(format = DateTime)]
    pub(crate) first_at: String,
    /// Its latest point.
    #[schema(format = DateTime)]
    pub(crate) last_at: String,
}

impl From<&SeriesInfo> for SeriesItem {
    fn from(info: &SeriesInfo) -> Self {
        Self {
            id: info.id.to_string(),
            name: info.labels.name().to_owned(),
            labels: map(&info.labels),
            kind: info.kind.or_by_name(info.labels.name()).name(),
            source: info.source.to_string(),
            first_at: at(info.first_ms),
            last_at: at(info.last_ms),
        }
    }
}

/// What to draw: one series with its band, or a query in PromQL.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueryParams {
    /// The id of a series. Counters come as growth per second, and the expected band beside.
    pub(crate) series: Option<String>,
    /// A query in PromQL, instead of `series`.
    pub(crate) q: Option<String>,
    /// The first time. Default: an hour ago.
    pub(crate) from: Option<String>,
    /// The last time. Default: now.
    pub(crate) to: Option<String>,
    /// How many points a series may have, 2 to 11000. Default 500.
    #[param(minimum = 2, maximum = 11000)]
    pub(crate) points: Option<usize>,
}

/// What was asked for, as columns.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryAnswer {
    /// One for each series.
    pub(crate) items: Vec<QueryItem>,
}

/// The points of a series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryItem {
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// True if values are the growth per second of a counter.
    pub(crate) is_rate: bool,
    /// Times in milliseconds since the Unix epoch.
    pub(crate) at: Vec<i64>,
    /// Values.
    pub(crate) value: Vec<Option<f64>>,
    /// What was expected. Empty for a query.
    pub(crate) yhat: Vec<Option<f64>>,
    /// Below this a value was unusual. Empty for a query.
    pub(crate) yhat_lower: Vec<Option<f64>>,
    /// Above this a value was unusual. Empty for a query.
    pub(crate) yhat_upper: Vec<Option<f64>>,
}

impl QueryItem {
    /// A chart with its band.
    pub(crate) fn chart(labels: &Labels, is_rate: bool, points: &[ChartPoint]) -> Self {
        let band = |part: fn(&tocsin_domain::metric::Band) -> f64| {
            let value = |point: &ChartPoint| finite(part(point.expected.as_ref()?));
            points.iter().map(value).collect()
        };
        Self {
            labels: map(labels),
            is_rate,
            at: points.iter().map(|point| point.sample.at_ms).collect(),
            value: points.iter().map(|p| finite(p.sample.value)).collect(),
            yhat: band(|band| band.yhat),
            yhat_lower: band(|band| band.yhat_lower),
            yhat_upper: band(|band| band.yhat_upper),
        }
    }

    /// An answer to a query.
    pub(crate) fn plain(labels: BTreeMap<String, String>, samples: &[Sample]) -> Self {
        Self {
            labels,
            is_rate: false,
            at: samples.iter().map(|sample| sample.at_ms).collect(),
            value: samples.iter().map(|sample| finite(sample.value)).collect(),
            yhat: Vec::new(),
            yhat_lower: Vec::new(),
            yhat_upper: Vec::new(),
        }
    }
}
