//! The shipped rules by their own test cases, and rounds over time with a fake clock.

use parking_lot::Mutex;
use tocsin_domain::{Sample, SeriesId, Timestamp};

use super::*;

const SHIPPED: &str = include_str!("../../../../rules/detection.yml");
const HOUR_MS: i64 = 3_600_000;

fn line(newest: f64, per_day: f64, now_ms: i64) -> QuerySeries {
    let steps = 7 * DAY_MS / STEP_MS;
    let samples = (0..steps).map(|step| {
        let at_ms = now_ms - (steps - 1 - step) * STEP_MS;
        let days = (now_ms - at_ms) as f64 / DAY_MS as f64;
        Sample {
            at_ms,
            value: newest - per_day * days,
        }
    });
    QuerySeries {
        labels: vec![("host".into(), "web-1".into())],
        samples: samples.collect(),
    }
}

#[test]
fn every_shipped_rule_is_raised_and_silent_as_its_test_says() {
    let rules = parse_rules(SHIPPED).unwrap();
    assert!(rules.len() >= 8);
    let now_ms = 1_700_000_000_000;
    for rule in rules {
        let test = rule
            .test
            .unwrap_or_else(|| panic!("{} has no test", rule.name));
        let raised = predict(
            &rule,
            &line(test.from, test.raises_at_per_day, now_ms),
            &[],
            now_ms,
        );
        assert!(raised.probability() >= 0.8, "{}: {raised:?}", rule.name);
        let silent = predict(
            &rule,
            &line(test.from, test.silent_at_per_day, now_ms),
            &[],
            now_ms,
        );
        assert!(silent.probability() < 0.05, "{}: {silent:?}", rule.name);
    }
}

#[test]
fn rules_that_cannot_be_are_refused_by_name() {
    let rule = |horizon: &str| {
        format!(
            "capacity:\n  - {{name: a, query: up, threshold: 1, direction: rising, horizon_days: {horizon}}}\n"
        )
    };
    assert!(parse_rules(&rule("7")).is_ok());
    let refused = parse_rules(&rule("0")).unwrap_err().to_string();
    assert!(
        refused.contains("rule `a`") && refused.contains("horizon_days"),
        "{refused}"
    );
    assert!(
        parse_rules("capacity: [{name: a}]")
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}

#[test]
fn a_series_begins_anew_when_what_it_depends_on_changes() {
    let one = |labels: &[(&str, &str)], values: &[f64]| QuerySeries {
        labels: labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        samples: (0..)
            .zip(values)
            .map(|(at_ms, value)| Sample {
                at_ms,
                value: *value,
            })
            .collect(),
    };
    let disk = one(&[("host", "a"), ("mountpoint", "/")], &[0.5]);
    let resets = [
        one(
            &[("__name__", "size"), ("host", "a"), ("mountpoint", "/")],
            &[10.0, 10.0, 20.0, 20.0],
        ),
        one(&[("host", "b"), ("mountpoint", "/")], &[1.0, 2.0, 3.0, 4.0]),
        one(
            &[("__name__", "boot"), ("host", "a")],
            &[5e5, 5e5 + 1.0, 5e5, 6e5],
        ),
    ];
    assert_eq!(resets_of(&disk, &resets), [2, 3]);
}

/// A disk that fills by 5 % a day from half full; everything the stage asks of the world.
#[derive(Debug, Default)]
struct World {
    now_ms: Mutex<i64>,
    kept: Mutex<Vec<Prediction>>,
    cards: Mutex<Vec<SeriesScorecard>>,
}

const START_MS: i64 = 1_700_000_000_000;

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.now_ms.lock())
    }
}

#[async_trait::async_trait]
impl MetricQueries for World {
    async fn range(
        &self,
        _: &str,
        (from_ms, to_ms): (i64, i64),
        step_ms: i64,
    ) -> Result<Vec<QuerySeries>, StoreError> {
        let first = (from_ms.max(START_MS) + step_ms - 1) / step_ms;
        let samples = (first..=to_ms / step_ms).map(|step| {
            let at_ms = step * step_ms;
            let days = (at_ms - START_MS) as f64 / DAY_MS as f64;
            let wobble = ((step * 7919) % 101) as f64 / 101.0 * 0.002;
            Sample {
                at_ms,
                value: (0.5 + days * 0.05 + wobble).min(1.0),
            }
        });
        Ok(vec![QuerySeries {
            labels: vec![("host".into(), "web-1".into())],
            samples: samples.collect(),
        }])
    }
}

#[async_trait::async_trait]
impl PredictionStore for World {
    async fn record_predictions(&self, predictions: Vec<Prediction>) -> Result<(), StoreError> {
        self.kept.lock().extend(predictions);
        Ok(())
    }
    async fn current_predictions(&self, _: usize) -> Result<Vec<Prediction>, StoreError> {
        Ok(self.kept.lock().last().cloned().into_iter().collect())
    }
    async fn predictions_of(
        &self,
        _: SeriesId,
        _: i64,
        _: usize,
    ) -> Result<Vec<Prediction>, StoreError> {
        Ok(self.kept.lock().clone())
    }
    async fn open_predictions(&self, _: usize) -> Result<Vec<Prediction>, StoreError> {
        let open = |p: &&Prediction| p.outcome == PredictionOutcome::Open;
        Ok(self.kept.lock().iter().filter(open).cloned().collect())
    }
    async fn settle_predictions(
        &self,
        outcomes: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        scorecards: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept.lock();
        for (id, outcome, crossed_ms) in outcomes {
            for prediction in kept.iter_mut().filter(|p| p.id == id) {
                prediction.outcome = outcome;
                prediction.crossed_ms = crossed_ms;
            }
        }
        *self.cards.lock() = scorecards;
        Ok(())
    }
    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError> {
        Ok(self.cards.lock().clone())
    }
    async fn forget_predictions(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[tokio::test]
async fn a_filling_disk_is_foreseen_and_the_prediction_is_scored_when_it_is_full() {
    let world = Arc::new(World::default());
    let rules = "capacity:\n  - {name: disk, query: disk, threshold: 1, direction: rising, horizon_days: 7}\n";
    let parts = PredictParts {
        queries: world.clone(),
        predictions: world.clone(),
        clock: world.clone(),
    };
    let open = || {
        Predictor::open(
            parts.clone(),
            parse_rules(rules).unwrap(),
            Duration::from_secs(600),
        )
    };
    *world.now_ms.lock() = START_MS + DAY_MS;
    let mut predictor = open().await.unwrap();
    for hour in (24..11 * 24).step_by(3) {
        *world.now_ms.lock() = START_MS + hour * HOUR_MS;
        predictor.round().await.unwrap();
    }
    let kept = world.kept.lock().clone();
    let raised = kept.iter().find(|p| p.is_raised).expect("it is foreseen");
    let ahead_days = (START_MS + 10 * DAY_MS - raised.made_ms) / DAY_MS;
    assert!((3..=7).contains(&ahead_days), "{ahead_days} days ahead");
    let cards = world.cards.lock().clone();
    let card = cards.last().expect("there is a scorecard");
    assert!(
        card.outcomes[1] > 0,
        "hits: {:?} {}",
        card.outcomes,
        card.reason
    );
    assert!(card.is_calibrated, "{}", card.reason);
    assert!(
        kept.iter()
            .any(|p| p.outcome == PredictionOutcome::Hit && p.crossed_ms.is_some())
    );

    drop(predictor);
    let again = open().await.unwrap();
    let restored = again.watched.values().next().expect("it remembers");
    assert!(
        restored.alarm.raised_at_ms().is_some(),
        "the alarm survives a restart"
    );
}

/// An attempt that nobody stops.
struct Run(tocsin_domain::job::Job);

#[async_trait::async_trait]
impl tocsin_domain::ports::JobRun for Run {
    fn job(&self) -> &tocsin_domain::job::Job {
        &self.0
    }

    fn is_stopped(&self) -> bool {
        false
    }

    async fn stopped(&self) {
        std::future::pending().await
    }

    fn progress(&self, _: tocsin_domain::job::Progress) {}

    async fn checkpoint(&self, _: String) -> Result<(), tocsin_domain::ports::JobError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_somebody_asks_for_is_taken_between_two_rounds() {
    use tocsin_domain::job::{Job, JobId};
    use tocsin_domain::ports::JobHandler;

    let world = Arc::new(World::default());
    *world.now_ms.lock() = START_MS + 9 * DAY_MS;
    let rules = "capacity:\n  - {name: disk, query: disk, threshold: 1, direction: rising, horizon_days: 7}\n";
    let parts = PredictParts {
        queries: world.clone(),
        predictions: world.clone(),
        clock: world.clone(),
    };
    let day = Duration::from_secs(86_400);
    let opened = Predictor::open(parts, parse_rules(rules).unwrap(), day).await;
    let mut predictor = opened.unwrap();
    let handler = predictor.on_demand();
    let check = |parameters: &str| handler.check(parameters, Timestamp(0));
    assert_eq!(check("{}").unwrap(), "{}");
    assert!(check(r#"{"rule":"memory"}"#).unwrap_err().contains("disk"));
    assert!(check(r#"{"role":"disk"}"#).is_err());
    let cancel = CancellationToken::new();
    let stage = tokio::task::JoinSet::from_iter([predictor.run(cancel.clone())]);
    for parameters in [r#"{"rule":"disk"}"#, "{}"] {
        let parameters = check(parameters).unwrap();
        let job = Job::new(JobId(1), "re_forecast", parameters, Timestamp(0));
        let result = handler.run(&Run(job)).await.unwrap();
        assert_eq!(result, r#"{"rules":1,"series":1}"#);
    }
    assert!(!world.kept.lock().is_empty());
    cancel.cancel();
    stage.join_all().await;
    let job = Job::new(JobId(1), "re_forecast", "{}".into(), Timestamp(0));
    let gone = handler.run(&Run(job)).await;
    assert!(
        matches!(gone, Err(tocsin_domain::ports::JobError::Failed(_))),
        "{gone:?}"
    );
}
