//! Whatever is committed in whatever order reads back as the simple model says.

use proptest::prelude::*;
use tocsin_domain::alert::{AlertEvent, AlertEventKind, AlertId, AlertStatus};
use tocsin_domain::ports::{AlertCommit, AlertStore, RuleState};

use super::contract::alert_model::AlertModel;
use super::contract::alerts::{alert, both, filters, incident};
use super::{RelationalStore, postgres_tests, sql};

/// What the writer does next.
#[derive(Debug, Clone)]
enum Step {
    /// Alerts (who they are, and what they are like), events, incidents, states and origins.
    Commit {
        alerts: Vec<(i64, i64)>,
        events: Vec<i64>,
        incidents: Vec<i64>,
        states: Vec<(u64, Option<u8>)>,
        taken: Vec<(u8, u64)>,
    },
    Forget(i64),
    /// Two filters together, before some alert, so many.
    Page(usize, usize, Option<i64>, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let some = |range| prop::collection::vec(range, 0..4);
    let commit = (
        prop::collection::vec((0..12_i64, 0..40_i64), 0..8),
        some(0..14_i64),
        some(0..6_i64),
        prop::collection::vec((0..4_u64, any::<Option<u8>>()), 0..3),
        prop::collection::vec((0..3_u8, any::<u64>()), 0..3),
    );
    prop_oneof![
        4 => commit.prop_map(|(alerts, events, incidents, states, taken)| Step::Commit {
            alerts, events, incidents, states, taken
        }),
        1 => (1900..2500_i64).prop_map(Step::Forget),
        4 => (0..32_usize, 0..32_usize, any::<Option<u8>>(), 0..20_usize).prop_map(
            |(one, other, before, limit)| {
                Step::Page(one, other, before.map(|at| i64::from(at % 14)), limit)
            }
        ),
    ]
}

/// The id of the alert of a number, whatever it is like.
fn id(number: i64) -> AlertId {
    AlertId::new(1000 + number * 10, [1; 10])
}

fn commit(step: Step) -> AlertCommit {
    let Step::Commit {
        alerts,
        events,
        incidents,
        states,
        taken,
    } = step
    else {
        return AlertCommit::default();
    };
    let alerts = alerts.into_iter().map(|(number, like)| {
        let mut alert = alert(like);
        alert.id = id(number);
        alert.starts_ms = 1000 + number * 10;
        if alert.status == AlertStatus::Resolved && like % 3 == 0 {
            alert.ends_ms = None;
        }
        alert
    });
    let events = events.into_iter().map(|number| AlertEvent {
        seq: 0,
        alert: id(number),
        at_ms: number,
        actor: "ana".into(),
        kind: AlertEventKind::Commented(number.to_string()),
    });
    AlertCommit {
        alerts: alerts.collect(),
        events: events.collect(),
        incidents: incidents.into_iter().map(incident).collect(),
        states: states
            .into_iter()
            .map(|(group, byte)| RuleState {
                rule: "a".into(),
                group,
                state: byte.map(|byte| vec![byte]),
            })
            .collect(),
        taken: taken
            .into_iter()
            .map(|(origin, at)| (origin.to_string(), at))
            .collect(),
    }
}

async fn on_sqlite(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let store = RelationalStore::open_sqlite(&folder.path().join("x.db"))
        .await
        .unwrap();
    run(&store, steps).await;
    store.close().await;
}

async fn on_postgres(steps: Vec<Step>) {
    if let Some(store) = postgres_tests::store().await {
        run(&store, steps).await;
        store.close().await;
    }
}

async fn run(store: &RelationalStore, steps: Vec<Step>) {
    let mut model = AlertModel::default();
    let filters = filters();
    for step in steps {
        match step {
            Step::Forget(before_ms) => {
                let forgotten = store.forget_alerts(before_ms).await.unwrap();
                assert_eq!(forgotten, model.forget(before_ms));
            }
            Step::Page(one, other, before, limit) => {
                let filter = both(
                    &filters[one % filters.len()],
                    &filters[other % filters.len()],
                );
                let before = before.map(id);
                let page = store.alerts(&filter, before, limit).await.unwrap();
                assert_eq!(page, model.page(&filter, before, limit), "{filter:?}");
            }
            commits => {
                let commit = commit(commits);
                let first = store.commit(commit.clone()).await.unwrap();
                assert_eq!(first, model.commit(commit));
            }
        }
        model.check(store).await.unwrap();
    }
    // Nothing is left over of what is gone.
    store.forget_alerts(i64::MAX).await.unwrap();
    let left: i64 = sql::query_scalar(
        "SELECT count(*) FROM alert_subjects s \
         WHERE alerts <> (SELECT count(*) FROM alerts WHERE subject = s.id) OR alerts = 0",
    )
    .fetch_one(&store.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

fn block_on(work: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sequence_of_commits_reads_back_as_the_model_says(
        steps in prop::collection::vec(step(), 1..24)
    ) {
        block_on(on_sqlite(steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_sequence_of_commits_reads_back_from_postgres_as_the_model_says(
        steps in prop::collection::vec(step(), 1..24)
    ) {
        block_on(on_postgres(steps));
    }
}
