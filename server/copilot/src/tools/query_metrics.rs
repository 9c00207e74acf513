//! `query_metrics`: what some series did.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::Chart;
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL, Sample};
use tocsin_domain::ports::metric_insight::QuerySeries;
use tocsin_domain::{Labels, MetricKind};

use super::arguments::{limit, range_ms, rfc3339};
use super::error::ToolError;
use super::lines::data;
use super::scope::{entity, is_series_of};
use super::toolbox::{Desk, Found, Tool};
use crate::understand::time::HOUR_MS;
use crate::words::{moment, number};

/// The most series of an answer.
const SERIES_MAX: usize = 20;
/// Series that are looked at to find those of a subject.
const SEARCHED_MAX: usize = 20_000;
/// Points of a series that are looked at.
const POINTS: i64 = 240;
/// The shortest step, in ms.
const STEP_MS_MIN: i64 = 15_000;
/// Over how long growth is measured, in ms, at least.
const RATE_MS_MIN: i64 = 300_000;

/// What some series did.
pub(crate) struct QueryMetrics;

/// Which series.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// A query in PromQL. Else the series are found by `subject` or `metric`, and `entities`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// The name of a metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<String>,
    /// What is measured: `disk`, `memory`, `cpu`, `network`, `latency`, `errors`, `traffic`, `queue`,
    /// `availability`, `connections` or `temperature`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// Services, hosts and the like whose series are meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<String>,
    /// The first moment: RFC 3339, or as in `2 hours ago`. Default: three hours before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The last moment. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// How many series: 1 to 20. Default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A series, summed up.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SeriesSummary {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    /// Its name and labels, or the query.
    pub(crate) series: String,
    /// The PromQL query that shows it.
    pub(crate) query: String,
    /// True if the values are the growth of a counter, per second.
    pub(crate) is_rate: bool,
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) mean: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) max_at: String,
    #[serde(skip)]
    pub(crate) max_at_ms: i64,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Metrics {
    /// How many series there are.
    pub(crate) total: usize,
    pub(crate) series: Vec<SeriesSummary>,
}

#[async_trait]
impl Tool for QueryMetrics {
    const NAME: &'static str = "query_metrics";
    const ABOUT: &'static str = "Sums up series of metrics within a time: first, last, mean, least and greatest value. By PromQL, or by what is measured and whose it is. Counters are told as growth per second.";
    type Arguments = Arguments;
    type Found = Metrics;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Metrics>, ToolError> {
        let back = 3 * HOUR_MS;
        let range = range_ms(desk.asker, given.from.as_deref(), given.to.as_deref(), back)?;
        let limit = limit(given.limit, 5, SERIES_MAX)?;
        let (queries, total) = match &given.query {
            Some(query) => (vec![(query.clone(), false)], None),
            None => {
                let all = selectors(desk, given, range).await?;
                let total = all.len();
                (all.into_iter().take(limit).collect(), Some(total))
            }
        };
        let step_ms = ((range.1 - range.0) / POINTS).max(STEP_MS_MIN);
        let mut summaries = Vec::new();
        let mut charts = Vec::new();
        let mut answered = 0;
        for (query, is_rate) in queries {
            let found = desk
                .tools
                .parts
                .queries
                .range(&query, range, step_ms)
                .await?;
            answered += found.len();
            for series in found.iter().take(limit.saturating_sub(summaries.len())) {
                let summary = summed_up(desk, series, (&query, is_rate), range);
                summaries.extend(summary);
            }
            if !found.is_empty() {
                charts.push(Chart {
                    title: data(&query),
                    query,
                    from_ms: range.0,
                    to_ms: range.1,
                });
            }
        }
        let total = total.unwrap_or(answered);
        Ok(Found {
            charts,
            ..Found::new(
                format!("{total} series"),
                Metrics {
                    total,
                    series: summaries,
                },
            )
        })
    }
}

/// Queries for the series that are meant, and whether each gives the growth of a counter.
async fn selectors(
    desk: &Desk<'_>,
    given: &Arguments,
    range: (i64, i64),
) -> Result<Vec<(String, bool)>, ToolError> {
    let subject = match &given.subject {
        Some(name) => Some(desk.tools.catalogue.subject_named(name).ok_or_else(|| {
            ToolError::Invalid(format!("`subject`: `{name}` is none of its values"))
        })?),
        None => None,
    };
    if subject.is_none() && given.metric.is_none() && given.entities.is_empty() {
        return Err(ToolError::Invalid(
            "expected `query`, `metric`, `subject` or `entities`".into(),
        ));
    }
    let matcher = match (&given.metric, subject) {
        (Some(metric), _) => Some(Matcher::new(MatchOp::Equal, NAME_LABEL, metric)),
        (None, Some(subject)) => Some(Matcher::new(
            MatchOp::Matches,
            NAME_LABEL,
            &subject.metrics_text,
        )),
        (None, None) => None,
    };
    let matchers: Vec<Matcher> = matcher
        .transpose()
        .map_err(|error| ToolError::Invalid(error.to_string()))?
        .into_iter()
        .collect();
    let entities = given
        .entities
        .iter()
        .map(|name| entity(desk.directory, name))
        .collect::<Result<Vec<_>, _>>()?;
    let all = desk
        .tools
        .parts
        .metrics
        .series(&matchers, range, SEARCHED_MAX)
        .await?;
    let meant = all
        .iter()
        .filter(|series| is_series_of(&series.labels, &entities));
    Ok(meant
        .filter(|series| !series.labels.name().ends_with("_bucket"))
        .map(|series| query_of(&series.labels, series.kind))
        .collect())
}

/// A query that gives a series; of a counter its growth per second.
pub(crate) fn query_of(labels: &Labels, kind: MetricKind) -> (String, bool) {
    let selector = labels.to_string();
    if kind.or_by_name(labels.name()) == MetricKind::Counter {
        let minutes = RATE_MS_MIN / 60_000;
        (format!("rate({selector}[{minutes}m])"), true)
    } else {
        (selector, false)
    }
}

fn summed_up(
    desk: &mut Desk<'_>,
    series: &QuerySeries,
    (query, is_rate): (&str, bool),
    (from_ms, to_ms): (i64, i64),
) -> Option<SeriesSummary> {
    let points: Vec<&Sample> = series
        .samples
        .iter()
        .filter(|sample| sample.value.is_finite())
        .collect();
    let (first, last) = (points.first()?.value, points.last()?.value);
    let greatest = points.iter().max_by(|a, b| a.value.total_cmp(&b.value))?;
    let least = points.iter().min_by(|a, b| a.value.total_cmp(&b.value))?;
    let mean = points.iter().map(|sample| sample.value).sum::<f64>() / points.len() as f64;
    let name = named(series, query);
    let unit = if is_rate { " per second" } else { "" };
    let text = format!(
        "{name}: last {}{unit}, first {}{unit}, mean {}{unit}, least {}{unit}, greatest {}{unit} at {}; from {} to {}",
        number(last),
        number(first),
        number(mean),
        number(least.value),
        number(greatest.value),
        moment(greatest.at_ms),
        moment(from_ms),
        moment(to_ms),
    );
    let evidence = Evidence::Metric {
        query: query.to_owned(),
        from_ms,
        to_ms,
        value: last,
    };
    Some(SeriesSummary {
        fact: desk.book.cite(evidence, Some(to_ms), &text),
        series: name,
        query: query.to_owned(),
        is_rate,
        first,
        last,
        mean,
        min: least.value,
        max: greatest.value,
        max_at: rfc3339(greatest.at_ms),
        max_at_ms: greatest.at_ms,
    })
}

/// The name of a series as people read it: its metric, or that of the query, and what tells it from others.
fn named(series: &QuerySeries, query: &str) -> String {
    let pairs = series.labels.iter();
    let labels: Vec<String> = pairs
        .filter(|(name, _)| name != NAME_LABEL)
        .map(|(name, value)| format!("{name}={}", data(value)))
        .collect();
    let own = series.labels.iter().find(|(name, _)| name == NAME_LABEL);
    let metric = own.map_or_else(
        || {
            let inner = query.strip_prefix("rate(").unwrap_or(query);
            inner
                .split(['{', '[', ')'])
                .next()
                .unwrap_or(query)
                .to_owned()
        },
        |(_, value)| value.clone(),
    );
    if labels.is_empty() {
        metric
    } else {
        format!("{metric} ({})", labels.join(", "))
    }
}
