//! Anomalies, and what people say of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::metric::Anomaly;
use utoipa::{IntoParams, ToSchema};

use super::series::{at, finite, map};

/// Which anomalies.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnomalyParams {
    /// Those of one series, by its id.
    pub(crate) series: Option<String>,
    /// Words that the labels as text must contain, case ignored.
    pub(crate) q: Option<String>,
    /// Those that last or lasted from here on. Default: a day ago.
    pub(crate) from: Option<String>,
    /// Those that began before this. Default: no bound.
    pub(crate) to: Option<String>,
    /// Those at least so sure, 0 to 1. Default 0.
    #[param(minimum = 0, maximum = 1)]
    pub(crate) score_min: Option<f64>,
    /// Those of one detector, such as `level_shift`.
    pub(crate) detector: Option<String>,
    /// Only those that last.
    #[serde(default)]
    pub(crate) open: bool,
    /// How many, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of anomalies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnomalyAnswer {
    /// The anomalies, newest first.
    pub(crate) items: Vec<AnomalyItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// A departure of a series from what was expected of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnomalyItem {
    /// A UUID.
    pub(crate) id: String,
    /// The id of the series.
    pub(crate) series: String,
    /// The name of the metric.
    pub(crate) name: String,
    /// The labels of the series.
    pub(crate) labels: BTreeMap<String, String>,
    /// Which detector spoke.
    pub(crate) detector: String,
    /// How sure it is, as a probability.
    pub(crate) score: Option<f64>,
    /// The value at its worst; per second for counters.
    pub(crate) observed: Option<f64>,
    /// What was expected then.
    pub(crate) yhat: Option<f64>,
    /// Below this a value was unusual.
    pub(crate) yhat_lower: Option<f64>,
    /// Above this a value was unusual.
    pub(crate) yhat_upper: Option<f64>,
    /// When it began.
    #[schema(format = DateTime)]
    pub(crate) started_at: String,
    /// When it ended; null while it lasts.
    #[schema(format = DateTime)]
    pub(crate) ended_at: Option<String>,
    /// A sentence that explains it.
    pub(crate) explanation: String,
    /// What someone said of it: not_anomaly or missed.
    pub(crate) feedback: Option<&'static str>,
}

impl From<Anomaly> for AnomalyItem {
    fn from(anomaly: Anomaly) -> Self {
        Self {
            id: anomaly.id.to_string(),
            series: anomaly.series.to_string(),
            name: anomaly.labels.name().to_owned(),
            labels: map(&anomaly.labels),
            detector: anomaly.detector,
            score: finite(anomaly.score),
            observed: finite(anomaly.observed),
            yhat: finite(anomaly.expected.yhat),
            yhat_lower: finite(anomaly.expected.yhat_lower),
            yhat_upper: finite(anomaly.expected.yhat_upper),
            started_at: at(anomaly.started_ms),
            ended_at: anomaly.ended_ms.map(at),
            explanation: anomaly.explanation,
            feedback: anomaly.feedback.map(|verdict| verdict.name()),
        }
    }
}

/// What was wrong with a judgement.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackRequest {
    /// `not_anomaly`: the band of the series gets wider. `missed`: it gets narrower.
    pub(crate) verdict: String,
    /// When what is spoken of happened; for an anomaly its beginning is taken.
    #[serde(default)]
    pub(crate) at: Option<String>,
}
