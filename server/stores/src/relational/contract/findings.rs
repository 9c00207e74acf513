//! The suites of the stores of findings.

use tocsin_domain::metric::{
    Anomaly, Band, Direction, FindingId, ForecastPoint, Prediction, PredictionOutcome,
    SeriesScorecard, Verdict,
};
use tocsin_domain::ports::{AnomalyFilter, AnomalyStore, PredictionStore, StoreError};
use tocsin_domain::{Labels, SeriesId};

fn labels(host: &str) -> Labels {
    let labels = Labels::new([("__name__", "cpu"), ("host", host)]);
    assert!(labels.is_ok(), "{labels:?}");
    labels.unwrap_or_else(|_| unreachable!())
}

/// An anomaly of a host.
#[must_use]
pub fn anomaly(host: &str, started_ms: i64, ended_ms: Option<i64>) -> Anomaly {
    let labels = labels(host);
    Anomaly {
        id: FindingId::new(labels.id(), started_ms),
        series: labels.id(),
        labels,
        detector: "seasonal".into(),
        score: 0.99,
        observed: 97.5,
        expected: Band {
            yhat: 20.0,
            yhat_lower: 10.0,
            yhat_upper: 30.0,
        },
        started_ms,
        ended_ms,
        explanation: "cpu was 97.5, expected 10 to 30".into(),
        feedback: None,
    }
}

fn starts(found: &[Anomaly]) -> Vec<i64> {
    found.iter().map(|anomaly| anomaly.started_ms).collect()
}

/// The suite of [`AnomalyStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn anomalies(store: &dyn AnomalyStore) -> Result<(), StoreError> {
    let all = AnomalyFilter::default();
    assert_eq!(store.anomalies(&all, None, 10).await?, []);
    let (old, open) = (
        anomaly("web-1", 1000, Some(2000)),
        anomaly("DB-1", 3000, None),
    );
    store
        .record_anomalies(vec![old.clone(), open.clone()])
        .await?;
    assert_eq!(
        store.anomalies(&all, None, 10).await?,
        [open.clone(), old.clone()]
    );
    assert_eq!(
        store.anomalies(&all, Some(open.id), 10).await?,
        std::slice::from_ref(&old)
    );
    assert_eq!(store.anomaly(old.id).await?, Some(old.clone()));

    assert!(store.set_feedback(open.id, Verdict::NotAnomaly).await?);
    assert!(!store.set_feedback(FindingId(1), Verdict::Missed).await?);
    let ended = Anomaly {
        ended_ms: Some(5000),
        score: 0.5,
        ..open.clone()
    };
    store.record_anomalies(vec![ended.clone()]).await?;
    let kept = store.anomaly(open.id).await?;
    let expected = Anomaly {
        feedback: Some(Verdict::NotAnomaly),
        ..ended
    };
    assert_eq!(kept, Some(expected), "what someone said of it stays");
    filters(store, old.series).await?;

    assert_eq!(store.forget_anomalies(2001).await?, 1);
    assert_eq!(starts(&store.anomalies(&all, None, 10).await?), [3000]);
    Ok(())
}

/// Each filter alone, over one anomaly that ended and one that is less sure.
async fn filters(store: &dyn AnomalyStore, old: SeriesId) -> Result<(), StoreError> {
    let with = |filter: AnomalyFilter| async move {
        let found = store.anomalies(&filter, None, 10).await?;
        Ok::<_, StoreError>(starts(&found))
    };
    let filter = AnomalyFilter::default;
    assert_eq!(
        with(AnomalyFilter {
            series: Some(old),
            ..filter()
        })
        .await?,
        [1000]
    );
    assert_eq!(
        with(AnomalyFilter {
            from_ms: Some(2001),
            ..filter()
        })
        .await?,
        [3000]
    );
    assert_eq!(
        with(AnomalyFilter {
            to_ms: Some(3000),
            ..filter()
        })
        .await?,
        [1000]
    );
    assert_eq!(
        with(AnomalyFilter {
            score_min: 0.9,
            ..filter()
        })
        .await?,
        [1000]
    );
    assert_eq!(
        with(AnomalyFilter {
            text: Some("db-1 CPU".into()),
            ..filter()
        })
        .await?,
        [3000]
    );
    assert_eq!(
        with(AnomalyFilter {
            detector: Some("x".into()),
            ..filter()
        })
        .await?,
        Vec::<i64>::new()
    );
    assert_eq!(
        with(AnomalyFilter {
            is_open: true,
            ..filter()
        })
        .await?,
        Vec::<i64>::new()
    );
    Ok(())
}

fn prediction(made_ms: i64, is_raised: bool) -> Prediction {
    let labels = labels("web-1");
    Prediction {
        id: FindingId::of_prediction(labels.id(), "disk", made_ms),
        series: labels.id(),
        labels,
        rule: "disk".into(),
        query: "disk_used_ratio".into(),
        made_ms,
        threshold: 1.0,
        direction: Direction::Rising,
        horizon_ms: 7 * 86_400_000,
        current: 0.8,
        probability: 0.9,
        crossing_ms: is_raised.then_some((10, 20, 30)),
        point: is_raised.then_some(ForecastPoint {
            at_ms: made_ms + 86_400_000,
            yhat: 0.82,
            interval_80: (0.8, 0.84),
            interval_95: (0.7, 0.9),
        }),
        is_raised,
        explanation: "fills by 1 % a day".into(),
        outcome: PredictionOutcome::Open,
        crossed_ms: None,
    }
}

/// The suite of [`PredictionStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn predictions(store: &dyn PredictionStore) -> Result<(), StoreError> {
    let (first, second) = (prediction(1000, false), prediction(2000, true));
    store.record_predictions(vec![first.clone()]).await?;
    store.record_predictions(vec![second.clone()]).await?;
    store.record_predictions(vec![first.clone()]).await?;
    assert_eq!(
        store.current_predictions(10).await?,
        std::slice::from_ref(&second),
        "the newest alone"
    );
    let history = store.predictions_of(first.series, 0, 10).await?;
    assert_eq!(history, [second.clone(), first.clone()]);
    assert_eq!(store.predictions_of(SeriesId(1), 0, 10).await?, []);
    assert_eq!(
        store.open_predictions(10).await?,
        [first.clone(), second.clone()]
    );

    let scorecard = SeriesScorecard {
        series: first.series,
        labels: first.labels.clone(),
        rule: "disk".into(),
        outcomes: [0, 1, 2, 3, 4, 5, u64::from(u32::MAX)],
        points: 100,
        inside_80: 80,
        inside_95: 95,
        brier: 0.1,
        is_calibrated: true,
        reason: "80 of 100 points lay within the 80 % band".into(),
        state: vec![1, 2, 3],
    };
    let outcome = (first.id, PredictionOutcome::Miss, Some(1500));
    store
        .settle_predictions(vec![outcome], vec![scorecard.clone()])
        .await?;
    assert_eq!(store.scorecards().await?, std::slice::from_ref(&scorecard));
    let newer = SeriesScorecard {
        points: 101,
        ..scorecard
    };
    store
        .settle_predictions(Vec::new(), vec![newer.clone()])
        .await?;
    assert_eq!(store.scorecards().await?, [newer]);
    let missed = Prediction {
        outcome: PredictionOutcome::Miss,
        crossed_ms: Some(1500),
        ..first.clone()
    };
    assert_eq!(
        store.predictions_of(first.series, 0, 10).await?,
        [second.clone(), missed]
    );
    assert_eq!(
        store.open_predictions(10).await?,
        std::slice::from_ref(&second)
    );
    assert_eq!(store.forget_predictions(5000).await?, 1);
    assert_eq!(store.predictions_of(first.series, 0, 10).await?, [second]);
    Ok(())
}
