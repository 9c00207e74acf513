//! `list_anomalies`: which series departed from what was expected of them.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::metric::Anomaly;
use tocsin_domain::ports::AnomalyFilter;

use super::arguments::{BACK_MS, limit, range_ms, rfc3339};
use super::error::ToolError;
use super::lines::data;
use super::scope::{entity, is_series_of};
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;
use crate::words::{moment, number, percent};

/// The most anomalies of an answer.
const ANOMALIES_MAX: usize = 50;
/// The most that are looked at to find those of an entity.
const SEARCHED_MAX: usize = 1_000;

/// Which series departed from what was expected of them.
pub(crate) struct ListAnomalies;

/// Which anomalies.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Services, hosts and the like whose series are meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<String>,
    /// Words that must be in the name or the labels of the series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// True for those only that last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_open: bool,
    /// The first moment: RFC 3339, or as in `2 hours ago`. Default: a day before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The last moment. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// How many: 1 to 50. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// An anomaly.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnomalyFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) series: String,
    pub(crate) detector: String,
    pub(crate) score: f64,
    pub(crate) observed: f64,
    pub(crate) expected: f64,
    pub(crate) started: String,
    pub(crate) ended: Option<String>,
    pub(crate) explanation: String,
    #[serde(skip)]
    pub(crate) started_ms: i64,
}

/// What was found, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Anomalies {
    pub(crate) total: usize,
    pub(crate) anomalies: Vec<AnomalyFound>,
}

#[async_trait]
impl Tool for ListAnomalies {
    const NAME: &'static str = "list_anomalies";
    const ABOUT: &'static str =
        "Lists when series of metrics departed from what was expected of them, newest first.";
    type Arguments = Arguments;
    type Found = Anomalies;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Anomalies>, ToolError> {
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            BACK_MS,
        )?;
        let limit = limit(given.limit, 10, ANOMALIES_MAX)?;
        let entities = given
            .entities
            .iter()
            .map(|name| entity(desk.directory, name))
            .collect::<Result<Vec<_>, _>>()?;
        let filter = AnomalyFilter {
            from_ms: Some(range.0),
            to_ms: Some(range.1.saturating_add(1)),
            text: given.text.clone(),
            is_open: given.is_open,
            ..AnomalyFilter::default()
        };
        let anomalies = &desk.tools.parts.anomalies;
        let mut all = anomalies.anomalies(&filter, None, SEARCHED_MAX).await?;
        all.retain(|one| is_series_of(&one.labels, &entities));
        let found: Vec<AnomalyFound> = all
            .iter()
            .take(limit)
            .map(|one| cited(one, desk.book))
            .collect();
        let summary = format!("{} anomalies", all.len());
        Ok(Found::new(
            summary,
            Anomalies {
                total: all.len(),
                anomalies: found,
            },
        ))
    }
}

fn cited(one: &Anomaly, book: &mut FactBook) -> AnomalyFound {
    let series = data(&one.labels.to_string());
    let explanation = data(&one.explanation);
    let until = one.ended_ms.map_or_else(
        || "still lasts".to_owned(),
        |ms| format!("ended {}", moment(ms)),
    );
    let text = format!(
        "{series} was {} where {} was expected ({} sure, {}): began {}, {until}. {explanation}",
        number(one.observed),
        number(one.expected.yhat),
        percent(one.score),
        one.detector,
        moment(one.started_ms),
    );
    let evidence = Evidence::Anomaly {
        id: one.id,
        series: one.series,
        explanation: explanation.clone(),
    };
    AnomalyFound {
        fact: book.cite(evidence, Some(one.started_ms), &text),
        series,
        detector: one.detector.clone(),
        score: one.score,
        observed: one.observed,
        expected: one.expected.yhat,
        started: rfc3339(one.started_ms),
        ended: one.ended_ms.map(rfc3339),
        explanation,
        started_ms: one.started_ms,
    }
}
