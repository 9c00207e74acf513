//! Forecasts, predictions and how they turned out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::metric::{ForecastPoint, Prediction, PredictionOutcome, SeriesScorecard};
use tocsin_domain::ports::metric_insight::SeriesForecast;
use utoipa::{IntoParams, ToSchema};

use super::series::{SeriesItem, at, finite, map};

/// Which predictions.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PredictionParams {
    /// All that were made for one series, by its id, instead of the newest of each series.
    pub(crate) series: Option<String>,
    /// Only those that are raised.
    #[serde(default)]
    pub(crate) raised: bool,
    /// How many, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
}

/// Predictions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PredictionAnswer {
    /// Those raised first, then by the time of crossing; those of one series newest first.
    pub(crate) items: Vec<PredictionItem>,
    /// Always null: the list is whole up to its limit.
    pub(crate) next_cursor: Option<String>,
}

/// "This series crosses this threshold within the horizon with probability p."
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PredictionItem {
    /// A UUID.
    pub(crate) id: String,
    /// The id of the series.
    pub(crate) series: String,
    /// Its labels; the name is that of the rule.
    pub(crate) labels: BTreeMap<String, String>,
    /// The rule by whose query and threshold it was made.
    pub(crate) rule: String,
    /// The rule's PromQL query, whose answer the values are.
    pub(crate) query: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
    /// The threshold.
    pub(crate) threshold: f64,
    /// rising or falling.
    pub(crate) direction: &'static str,
    /// How far it looks ahead, in seconds.
    pub(crate) horizon_seconds: i64,
    /// The value when it was made.
    pub(crate) current: Option<f64>,
    /// The probability of a crossing within the horizon.
    pub(crate) probability: f64,
    /// The early end of the interval that holds 80 % of the times of crossing.
    #[schema(format = DateTime)]
    pub(crate) crosses_from: Option<String>,
    /// The middle of the times of crossing.
    #[schema(format = DateTime)]
    pub(crate) crosses_at: Option<String>,
    /// The late end; null if it lies far beyond the horizon.
    #[schema(format = DateTime)]
    pub(crate) crosses_to: Option<String>,
    /// True if it is raised: sure enough for long enough, and not cleared since.
    pub(crate) is_raised: bool,
    /// A sentence: why, or why it stays silent.
    pub(crate) explanation: String,
    /// open, hit, early, late, false_alarm, miss or quiet.
    pub(crate) outcome: &'static str,
    /// When the series crossed, once it did.
    #[schema(format = DateTime)]
    pub(crate) crossed_at: Option<String>,
}

impl From<Prediction> for PredictionItem {
    fn from(prediction: Prediction) -> Self {
        let crossing = prediction.crossing_ms;
        // Ten horizons ahead is "not in sight", whatever the number.
        let sight_ms = prediction.made_ms + 10 * prediction.horizon_ms;
        let seen = |ms: i64| (ms <= sight_ms).then(|| at(ms));
        Self {
            id: prediction.id.to_string(),
            series: prediction.series.to_string(),
            labels: map(&prediction.labels),
            rule: prediction.rule,
            query: prediction.query,
            made_at: at(prediction.made_ms),
            threshold: prediction.threshold,
            direction: prediction.direction.name(),
            horizon_seconds: prediction.horizon_ms / 1000,
            current: finite(prediction.current),
            probability: prediction.probability,
            crosses_from: crossing.and_then(|(early, _, _)| seen(early)),
            crosses_at: crossing.and_then(|(_, median, _)| seen(median)),
            crosses_to: crossing.and_then(|(_, _, late)| seen(late)),
            is_raised: prediction.is_raised,
            explanation: prediction.explanation,
            outcome: prediction.outcome.name(),
            crossed_at: prediction.crossed_ms.map(at),
        }
    }
}

/// How far ahead.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForecastParams {
    /// How far to look ahead, such as `6h` or `7d`, 10 minutes to 90 days. Default `1d`.
    pub(crate) horizon: Option<String>,
}

/// Where a series is going, as columns.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastAnswer {
    /// The series.
    pub(crate) series: SeriesItem,
    /// True if values are the growth per second of a counter.
    pub(crate) is_rate: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
    /// The model that was chosen by its back-test.
    pub(crate) model: String,
    /// The lengths of the seasons that were found, in seconds.
    pub(crate) seasons_seconds: Vec<i64>,
    /// How it did on the series' own past.
    pub(crate) back_test: BackTestItem,
    /// Whether the bands held on the past as often as they say.
    pub(crate) is_calibrated: bool,
    /// Why, or why not.
    pub(crate) reason: String,
    /// Times in milliseconds since the Unix epoch.
    pub(crate) at: Vec<i64>,
    /// The middle of what is expected.
    pub(crate) yhat: Vec<Option<f64>>,
    /// The lower end of the band that holds 80 % of what may come.
    pub(crate) lower_80: Vec<Option<f64>>,
    /// The upper end of it.
    pub(crate) upper_80: Vec<Option<f64>>,
    /// The lower end of the band that holds 95 % of what may come.
    pub(crate) lower_95: Vec<Option<f64>>,
    /// The upper end of it.
    pub(crate) upper_95: Vec<Option<f64>>,
}

/// How a model did on the past.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackTestItem {
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub(crate) smape: Option<f64>,
    /// Mean absolute scaled error; below 1 is better than repeating the season.
    pub(crate) mase: Option<f64>,
    /// Share of truths within the 80 % band.
    pub(crate) coverage_80: Option<f64>,
    /// Share of truths within the 95 % band.
    pub(crate) coverage_95: Option<f64>,
    /// From how many earlier times it forecast.
    pub(crate) origins: usize,
}

impl From<&SeriesForecast> for ForecastAnswer {
    fn from(made: &SeriesForecast) -> Self {
        let column = |part: fn(&ForecastPoint) -> f64| {
            let points = made.points.iter();
            points.map(|point| finite(part(point))).collect()
        };
        Self {
            series: (&*made.series).into(),
            is_rate: made.is_rate,
            made_at: at(made.made_ms),
            model: made.model.clone(),
            seasons_seconds: made.seasons_ms.iter().map(|ms| ms / 1000).collect(),
            back_test: BackTestItem {
                smape: finite(made.back_test.smape),
                mase: finite(made.back_test.mase),
                coverage_80: finite(made.back_test.coverage_80),
                coverage_95: finite(made.back_test.coverage_95),
                origins: made.back_test.origins,
            },
            is_calibrated: made.is_calibrated,
            reason: made.reason.clone(),
            at: made.points.iter().map(|point| point.at_ms).collect(),
            yhat: column(|point| point.yhat),
            lower_80: column(|point| point.interval_80.0),
            upper_80: column(|point| point.interval_80.1),
            lower_95: column(|point| point.interval_95.0),
            upper_95: column(|point| point.interval_95.1),
        }
    }
}

/// How predictions turned out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScorecardAnswer {
    /// All series together.
    pub(crate) total: ScoreItem,
    /// One for each series and rule of which a prediction was scored.
    pub(crate) items: Vec<ScorecardItem>,
    /// Always null: the list is whole.
    pub(crate) next_cursor: Option<String>,
}

/// How the predictions of a series turned out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScorecardItem {
    /// The id of the series.
    pub(crate) series: String,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// The rule.
    pub(crate) rule: String,
    /// The counts.
    pub(crate) score: ScoreItem,
    /// Whether its predictions are let out.
    pub(crate) is_calibrated: bool,
    /// Why, or why not.
    pub(crate) reason: String,
}

/// Counts of outcomes.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ScoreItem {
    /// Predictions by their outcome: hit, early, late, false_alarm, miss, quiet.
    pub(crate) outcomes: BTreeMap<&'static str, u64>,
    /// Points of forecasts that were scored.
    pub(crate) points: u64,
    /// Share of them within the 80 % band; null before the first.
    pub(crate) coverage_80: Option<f64>,
    /// Share of them within the 95 % band; null before the first.
    pub(crate) coverage_95: Option<f64>,
    /// The mean squared difference of probability and outcome, 0 is best; null in a total.
    pub(crate) brier: Option<f64>,
}

impl ScoreItem {
    /// The counts of several scorecards together.
    pub(crate) fn total(cards: &[SeriesScorecard]) -> Self {
        let mut outcomes = [0; 7];
        let (mut points, mut inside_80, mut inside_95) = (0, 0, 0);
        for card in cards {
            for (sum, count) in outcomes.iter_mut().zip(card.outcomes) {
                *sum += count;
            }
            points += card.points;
            inside_80 += card.inside_80;
            inside_95 += card.inside_95;
        }
        Self::of(&outcomes, points, (inside_80, inside_95))
    }

    fn of(outcomes: &[u64; 7], points: u64, (inside_80, inside_95): (u64, u64)) -> Self {
        let named = PredictionOutcome::ALL.iter().zip(outcomes);
        let settled = named.filter(|(outcome, _)| **outcome != PredictionOutcome::Open);
        let share = |inside: u64| finite(inside as f64 / points as f64);
        Self {
            outcomes: settled.map(|(o, count)| (o.name(), *count)).collect(),
            points,
            coverage_80: share(inside_80),
            coverage_95: share(inside_95),
            brier: None,
        }
    }
}

impl From<SeriesScorecard> for ScorecardItem {
    fn from(card: SeriesScorecard) -> Self {
        let mut score = ScoreItem::of(
            &card.outcomes,
            card.points,
            (card.inside_80, card.inside_95),
        );
        score.brier = finite(card.brier);
        Self {
            series: card.series.to_string(),
            labels: map(&card.labels),
            rule: card.rule,
            score,
            is_calibrated: card.is_calibrated,
            reason: card.reason,
        }
    }
}
