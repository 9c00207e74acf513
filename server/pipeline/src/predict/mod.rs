//! The predict stage: when will it be full?
//!
//! In the background, at an even pace, each rule's series are read, their future is asked for, and
//! what is said is kept, also where it is "nothing": silence is scored like speech. Predictions
//! whose time has come are compared with what happened, and a series whose predictions did not hold
//! stays silent until they do.

mod on_demand;
mod rules;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use tocsin_capacity::{Alarm, AlarmConfig, Change, Direction, History, Outcome, Scorecard};
use tocsin_domain::Labels;
use tocsin_domain::metric::{
    self, FindingId, ForecastPoint, Prediction, PredictionOutcome, SeriesScorecard, is_stale,
};
use tocsin_domain::ports::metric_insight::QuerySeries;
use tocsin_domain::ports::{Clock, MetricQueries, PredictionStore, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use on_demand::ReForecast;
pub use rules::{CapacityRule, CapacityTest, RuleError, parse as parse_rules};

/// How much of the past a prediction is made from, in ms: two weeks.
const HISTORY_MS: i64 = 14 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// When the first look is taken: collectors have sent something by then.
const FIRST_AFTER: Duration = Duration::from_secs(30);
/// Step of the history, in ms.
const STEP_MS: i64 = 300_000;
/// A prediction is kept at least so often, in ms; between, only when it is raised or cleared.
const KEEP_EVERY_MS: i64 = 3_600_000;
/// Time between the looks that are made up for when a series is met that has a past, in ms.
const LOOK_BACK_MS: i64 = 600_000;
/// Open predictions that are looked at in a round.
const OPEN_MAX: usize = 100_000;
/// Closed predictions are kept for so long, in ms.
const FORGET_AFTER_MS: i64 = 90 * DAY_MS;

/// What the stage works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct PredictParts {
    /// Where the values of rules come from.
    pub queries: Arc<dyn MetricQueries>,
    /// Where predictions and scorecards are.
    pub predictions: Arc<dyn PredictionStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// What is remembered of a series of a rule.
#[derive(Debug)]
struct Watched {
    labels: Labels,
    scorecard: Scorecard,
    alarm: Alarm,
    kept_ms: i64,
    /// True once a look told of its present: from then on every look is taken as its time comes.
    is_known: bool,
    /// True if the scorecard or the alarm differs from what is stored.
    is_changed: bool,
}

/// The stage.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct Predictor {
    parts: PredictParts,
    rules: Vec<CapacityRule>,
    every: Duration,
    watched: std::collections::HashMap<(tocsin_domain::SeriesId, String), Watched>,
    /// When each rule was looked at last, in ms, and when the stage began: points of forecasts since
    /// then are scored.
    last_ms: std::collections::HashMap<String, i64>,
    begun_ms: i64,
    asked: Option<mpsc::Receiver<on_demand::Asked>>,
}

impl Predictor {
    /// Takes up the scorecards as they were last kept.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn open(
        parts: PredictParts,
        rules: Vec<CapacityRule>,
        every: Duration,
    ) -> Result<Self, StoreError> {
        let kept = parts.predictions.scorecards().await?;
        let watched = kept.into_iter().filter_map(|kept| {
            let (scorecard, alarm) = settle::restore(&kept.state)?;
            let watched = Watched {
                labels: kept.labels,
                scorecard,
                alarm,
                kept_ms: 0,
                is_known: true,
                is_changed: false,
            };
            Some(((kept.series, kept.rule), watched))
        });
        let begun_ms = parts.clock.now().millis();
        Ok(Self {
            watched: watched.collect(),
            parts,
            rules,
            every,
            last_ms: std::collections::HashMap::new(),
            begun_ms,
            asked: None,
        })
    }

    /// Who has it look when somebody asks. It answers while the stage runs.
    pub fn on_demand(&mut self) -> ReForecast {
        let (handler, asked) = ReForecast::new(&self.rules);
        self.asked = Some(asked);
        handler
    }

    /// Predicts at an even pace until it is cancelled.
    pub async fn run(mut self, cancel: CancellationToken) {
        let first = tokio::time::Instant::now() + FIRST_AFTER.min(self.every);
        let mut every = tokio::time::interval_at(first, self.every.max(Duration::from_secs(1)));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let asked = tokio::select! {
                () = cancel.cancelled() => return,
                asked = next_asked(&mut self.asked) => Some(asked),
                _ = every.tick() => None,
            };
            if let Some(asked) = asked {
                let found = self.look_at(&asked.rule).await;
                // Who asked may be gone.
                let _ = asked.answer.send(found);
                continue;
            }
            if let Err(error) = self.round().await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "capacity was not looked at this time");
            }
        }
    }

    /// One look at everything.
    ///
    /// # Errors
    /// [`StoreError`] if a store cannot be asked; a rule whose query fails is passed over.
    pub async fn round(&mut self) -> Result<(), StoreError> {
        for at in 0..self.rules.len() {
            self.look(at).await?;
        }
        let forget_ms = self.parts.clock.now().millis() - FORGET_AFTER_MS;
        self.parts.predictions.forget_predictions(forget_ms).await?;
        Ok(())
    }

    /// One look at a rule by its name.
    async fn look_at(&mut self, rule: &str) -> Result<usize, StoreError> {
        match self.rules.iter().position(|known| known.name == rule) {
            Some(at) => self.look(at).await,
            None => Ok(0),
        }
    }

    /// One look at a rule; how many series it has. One whose query fails has none.
    async fn look(&mut self, at: usize) -> Result<usize, StoreError> {
        let now_ms = self.parts.clock.now().millis();
        let rule = self.rules[at].clone();
        let range = (now_ms - HISTORY_MS, now_ms);
        let resets = match &rule.resets {
            Some(query) => self.parts.queries.range(query, range, STEP_MS).await,
            None => Ok(Vec::new()),
        };
        let found = self.parts.queries.range(&rule.query, range, STEP_MS).await;
        let series = match resets.and_then(|resets| Ok((found?, resets))) {
            Ok((found, resets)) => {
                let series = found.len();
                self.rule(&rule, (found, resets), now_ms).await?;
                series
            }
            Err(StoreError::Invalid(detail)) => {
                tracing::warn!(rule = rule.name, detail, "the rule's query has no answer");
                0
            }
            Err(error) => return Err(error),
        };
        self.last_ms.insert(rule.name, now_ms);
        Ok(series)
    }

    async fn rule(
        &mut self,
        rule: &CapacityRule,
        (found, resets): (Vec<QuerySeries>, Vec<QuerySeries>),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let open = self.parts.predictions.open_predictions(OPEN_MAX).await?;
        let last_ms = self
            .last_ms
            .get(&rule.name)
            .copied()
            .unwrap_or(self.begun_ms);
        let mut settled = Vec::new();
        let mut made = Vec::new();
        for series in found {
            let Ok(labels) = series.named(&rule.name) else {
                continue;
            };
            let key = (labels.id(), rule.name.clone());
            let watched = self.watched.entry(key).or_insert_with(|| Watched {
                labels: labels.clone(),
                scorecard: Scorecard::default(),
                alarm: Alarm::default(),
                kept_ms: 0,
                is_known: false,
                is_changed: false,
            });
            let own = open
                .iter()
                .filter(|p| p.series == labels.id() && p.rule == rule.name);
            for prediction in own {
                let span = (last_ms, now_ms);
                settled.extend(settle::score(watched, prediction, &series.samples, span));
            }
            let (rule, is_known) = (rule.clone(), watched.is_known);
            let resets_ms = resets_of(&series, &resets);
            let calibration = watched.scorecard.calibration(&settle::config());
            let work = tokio::task::spawn_blocking(move || {
                let look = |at_ms| predict(&rule, &series, &resets_ms, at_ms).judged(&calibration);
                let outcome = look(now_ms);
                let is_met = !is_known && outcome.tells_of_now();
                let missed = is_met.then(|| looks_before(now_ms)).into_iter().flatten();
                let missed: Vec<_> = missed.map(|at_ms| (at_ms, look(at_ms))).collect();
                (missed, outcome, series, rule)
            });
            let (missed, outcome, series, rule) = work
                .await
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
            watched.is_known |= outcome.tells_of_now();
            for (at_ms, outcome) in missed {
                watched.alarm.step(at_ms, &outcome, &AlarmConfig::default());
            }
            made.extend(watched.take(&rule, &outcome, &series, now_ms));
        }
        self.parts.predictions.record_predictions(made).await?;
        self.keep(&rule.name, settled).await
    }

    async fn keep(
        &mut self,
        rule: &str,
        settled: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
    ) -> Result<(), StoreError> {
        let of_rule = self
            .watched
            .iter_mut()
            .filter(|((_, name), _)| name == rule);
        let mut scorecards: Vec<SeriesScorecard> = Vec::new();
        for ((series, rule), watched) in of_rule {
            if std::mem::take(&mut watched.is_changed) {
                scorecards.push(settle::scorecard(*series, rule, watched));
            }
        }
        if settled.is_empty() && scorecards.is_empty() {
            return Ok(());
        }
        self.parts
            .predictions
            .settle_predictions(settled, scorecards)
            .await
    }
}

/// What somebody asks next; never, if nobody can.
async fn next_asked(asked: &mut Option<mpsc::Receiver<on_demand::Asked>>) -> on_demand::Asked {
    if let Some(receiver) = asked
        && let Some(next) = receiver.recv().await
    {
        return next;
    }
    *asked = None;
    std::future::pending().await
}

/// The looks that an alarm needs before it may be raised: a series that is met with its past, after a
/// backfill or a first start, is judged as if it had been watched, not half an hour later.
fn looks_before(now_ms: i64) -> impl Iterator<Item = i64> {
    let back = AlarmConfig::default().raise_after_ms / LOOK_BACK_MS;
    (1..=back).rev().map(move |n| now_ms - n * LOOK_BACK_MS)
}

/// When a series began anew: at each change of a value whose labels the series has.
fn resets_of(series: &QuerySeries, resets: &[QuerySeries]) -> Vec<i64> {
    let has =
        |label: &&(String, String)| label.0 == metric::NAME_LABEL || series.labels.contains(label);
    let own = resets.iter();
    let own = own.filter(|one| one.labels.iter().all(|label| has(&label)));
    let changes = own.flat_map(|one| {
        let pairs = one.samples.windows(2);
        // Less than a thousandth is noise: a boot time is computed from the uptime.
        let differ = |a: f64, b: f64| (a - b).abs() > 1e-3 * a.abs().max(b.abs()).min(1e6);
        pairs.filter_map(move |two| differ(two[0].value, two[1].value).then_some(two[1].at_ms))
    });
    changes.collect()
}

fn predict(rule: &CapacityRule, series: &QuerySeries, resets_ms: &[i64], now_ms: i64) -> Outcome {
    let present = series
        .samples
        .iter()
        .filter(|sample| !is_stale(sample.value));
    let (times, values): (Vec<i64>, Vec<f64>) = present.map(|s| (s.at_ms, s.value)).unzip();
    let history = History {
        times_ms: &times,
        values: &values,
        resets_ms,
    };
    let config = tocsin_capacity::Config {
        horizon_ms: rule.horizon_ms(),
        ..tocsin_capacity::Config::default()
    };
    tocsin_capacity::predict(&history, &rule.limit(), now_ms, &config)
}

impl Watched {
    /// Steps the alarm and gives the prediction, if it is to be kept.
    fn take(
        &mut self,
        rule: &CapacityRule,
        outcome: &Outcome,
        series: &QuerySeries,
        now_ms: i64,
    ) -> Option<Prediction> {
        let before = self.alarm;
        let change = self.alarm.step(now_ms, outcome, &AlarmConfig::default());
        self.is_changed |= self.alarm != before;
        if change == Change::Unchanged && now_ms - self.kept_ms < KEEP_EVERY_MS {
            return None;
        }
        self.kept_ms = now_ms;
        let forecast = outcome.forecast();
        let explanation = match outcome {
            Outcome::Forecast(forecast) => forecast.reason.clone(),
            Outcome::Silent { why, .. } => format!("silent: {why}"),
        };
        let crossing_ms = forecast.and_then(|forecast| {
            let crossing = &forecast.crossing;
            let early = crossing.t10_ms?;
            let median = crossing.t50_ms.unwrap_or(forecast.until_ms);
            let late = crossing.t90_ms.unwrap_or(i64::MAX / 2).max(median);
            Some((early, median, late))
        });
        Some(Prediction {
            id: FindingId::of_prediction(self.labels.id(), &rule.name, now_ms),
            series: self.labels.id(),
            labels: self.labels.clone(),
            rule: rule.name.clone(),
            query: rule.query.clone(),
            made_ms: now_ms,
            threshold: rule.threshold,
            direction: match rule.limit().direction {
                Direction::Rising => metric::Direction::Rising,
                Direction::Falling => metric::Direction::Falling,
            },
            horizon_ms: rule.horizon_ms(),
            current: series
                .samples
                .last()
                .map_or(f64::NAN, |sample| sample.value),
            probability: forecast.map_or(0.0, |forecast| forecast.probability),
            crossing_ms,
            point: forecast.and_then(|forecast| a_day_ahead(forecast, now_ms)),
            is_raised: self.alarm.raised_at_ms().is_some(),
            explanation,
            outcome: PredictionOutcome::Open,
            crossed_ms: None,
        })
    }
}

/// The point of the band by which it is scored.
fn a_day_ahead(forecast: &tocsin_capacity::Forecast, now_ms: i64) -> Option<ForecastPoint> {
    let after = |point: &&tocsin_capacity::BandPoint| point.time_ms >= now_ms + DAY_MS;
    let point = forecast.band.iter().find(after).or(forecast.band.last())?;
    Some(ForecastPoint {
        at_ms: point.time_ms,
        yhat: point.median,
        interval_80: (point.lower_80, point.upper_80),
        interval_95: (point.lower_95, point.upper_95),
    })
}

#[cfg(test)]
mod tests;
