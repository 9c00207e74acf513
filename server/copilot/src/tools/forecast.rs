//! `forecast`: what will reach its limit, and where a series is going.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::Chart;
use tocsin_domain::metric::Prediction;

use super::arguments::{limit, rfc3339};
use super::error::ToolError;
use super::lines::data;
use super::outlook::{self, Outlook};
use super::scope::{entity, is_series_of};
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;
use crate::understand::Entity;
use crate::understand::time::{DAY_MS, HOUR_MS};
use crate::words::{moment, number, percent};

/// The most predictions of an answer.
const PREDICTIONS_MAX: usize = 30;
/// The most that are looked at.
const SEARCHED_MAX: usize = 1_000;
/// How far is looked ahead at most, in hours.
const HORIZON_HOURS_MAX: u32 = 24 * 90;

/// What will reach its limit.
pub(crate) struct Forecast;

/// Of what.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Services, hosts, mount points and the like whose series are meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<String>,
    /// What is measured, as of `query_metrics`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The name of a metric, which is forecast anew in place of the predictions that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<String>,
    /// How many hours are looked ahead: 1 to 2160. Default 168.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) horizon_hours: Option<u32>,
    /// How many: 1 to 30. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A prediction that a limit is reached, or not.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PredictionFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) series: String,
    pub(crate) rule: String,
    pub(crate) current: f64,
    pub(crate) threshold: f64,
    pub(crate) probability: f64,
    pub(crate) is_raised: bool,
    /// When it is reached: early, likely and late.
    pub(crate) crosses: Option<[String; 3]>,
    pub(crate) explanation: String,
    #[serde(skip)]
    pub(crate) crossing_ms: Option<(i64, i64, i64)>,
    #[serde(skip)]
    pub(crate) query: String,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Forecasts {
    /// Predictions that were looked at.
    pub(crate) watched: usize,
    /// Those that reach their limit within the horizon first.
    pub(crate) predictions: Vec<PredictionFound>,
    /// Series that were forecast anew.
    pub(crate) outlooks: Vec<Outlook>,
}

#[async_trait]
impl Tool for Forecast {
    const NAME: &'static str = "forecast";
    const ABOUT: &'static str = "Says what will reach its limit (disks, memory, quotas …) and when, from the predictions that are kept up to date; or forecasts a metric anew.";
    type Arguments = Arguments;
    type Found = Forecasts;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Forecasts>, ToolError> {
        let limit = limit(given.limit, 10, PREDICTIONS_MAX)?;
        let hours = given.horizon_hours.unwrap_or(24 * 7);
        if !(1..=HORIZON_HOURS_MAX).contains(&hours) {
            return Err(ToolError::Invalid(format!(
                "`horizon_hours`: expected 1 to {HORIZON_HOURS_MAX}"
            )));
        }
        let horizon_ms = i64::from(hours) * HOUR_MS;
        let entities = given
            .entities
            .iter()
            .map(|name| entity(desk.directory, name))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(metric) = &given.metric {
            return outlook::anew(desk, metric, &entities, horizon_ms).await;
        }
        kept(desk, given, (&entities, horizon_ms), limit).await
    }
}

/// What is predicted, as it is kept up to date.
async fn kept(
    desk: &mut Desk<'_>,
    given: &Arguments,
    (entities, horizon_ms): (&[&Entity], i64),
    limit: usize,
) -> Result<Found<Forecasts>, ToolError> {
    let all = desk
        .tools
        .parts
        .predictions
        .current_predictions(SEARCHED_MAX)
        .await?;
    let subject = match &given.subject {
        Some(name) => Some(desk.tools.catalogue.subject_named(name).ok_or_else(|| {
            ToolError::Invalid(format!("`subject`: `{name}` is none of its values"))
        })?),
        None => None,
    };
    let end = desk.asker.now_ms + horizon_ms;
    let mut meant: Vec<&Prediction> = all
        .iter()
        .filter(|one| is_series_of(&one.labels, entities))
        .filter(|one| {
            subject.is_none_or(|subject| {
                [one.labels.name(), &one.rule, &one.query]
                    .iter()
                    .any(|text| subject.metrics.is_match(text))
            })
        })
        .collect();
    let crosses = |one: &Prediction| {
        one.crossing_ms
            .map(|(_, likely, _)| likely)
            .filter(|at| *at <= end)
    };
    meant.sort_by_key(|one| (!one.is_raised, crosses(one).unwrap_or(i64::MAX), one.series));
    let watched = meant.len();
    let predictions: Vec<PredictionFound> = meant
        .iter()
        .take(limit)
        .map(|one| cited(one, desk.book))
        .collect();
    let raised = meant.iter().filter(|one| one.is_raised).count();
    let now = desk.asker.now_ms;
    let charts = predictions
        .iter()
        .filter(|one| one.is_raised && !one.query.is_empty());
    let charts = charts.map(|one| Chart {
        title: one.series.clone(),
        query: one.query.clone(),
        from_ms: now - 7 * DAY_MS,
        to_ms: now,
    });
    Ok(Found {
        charts: charts.take(3).collect(),
        ..Found::new(
            format!("{raised} of {watched} that are watched will reach their limit"),
            Forecasts {
                watched,
                predictions,
                outlooks: Vec::new(),
            },
        )
    })
}

fn cited(one: &Prediction, book: &mut FactBook) -> PredictionFound {
    let series = data(&one.labels.to_string());
    let explanation = data(&one.explanation);
    let when = one.crossing_ms.map_or_else(
        || "no crossing is foreseen".to_owned(),
        |(early, likely, late)| {
            format!(
                "reaches it about {}, between {} and {}",
                moment(likely),
                moment(early),
                moment(late)
            )
        },
    );
    let text = format!(
        "{series} is at {}, its limit is {} ({}): {when}; probability {}. {explanation}",
        number(one.current),
        number(one.threshold),
        one.rule,
        percent(one.probability),
    );
    let evidence = Evidence::Prediction {
        id: one.id,
        series: one.series,
        explanation: explanation.clone(),
    };
    PredictionFound {
        fact: book.cite(evidence, Some(one.made_ms), &text),
        series,
        rule: one.rule.clone(),
        current: one.current,
        threshold: one.threshold,
        probability: one.probability,
        is_raised: one.is_raised,
        crosses: one
            .crossing_ms
            .map(|(early, likely, late)| [early, likely, late].map(rfc3339)),
        explanation,
        crossing_ms: one.crossing_ms,
        query: one.query.clone(),
    }
}
