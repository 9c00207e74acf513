//! The suites on a real PostgreSQL, and what is its own: many processes, restarts, replicas, partitions.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tocsin_domain::alert::{AlertEvent, AlertEventKind};
use tocsin_domain::ports::{
    AlertCommit, AlertFilter, AlertStore, AnomalyFilter, AnomalyStore, EngineErrorKind, RuleState,
    TemplateStore,
};

use super::postgres_server::PostgresServer;
use super::*;

static SERVER: LazyLock<Option<PostgresServer>> =
    LazyLock::new(|| PostgresServer::start().unwrap());

/// The address of an empty database; none, said loudly, if there is no PostgreSQL here.
pub(super) fn database() -> Option<String> {
    let Some(server) = &*SERVER else {
        eprintln!("SKIPPED: PostgreSQL is not installed, run `make tools`");
        return None;
    };
    Some(server.database().unwrap())
}

fn config(url: &str) -> PostgresConfig {
    PostgresConfig {
        connections_max: 8,
        ..PostgresConfig::of(url)
    }
}

/// A store in an empty database; none if there is no PostgreSQL here.
pub(super) async fn store() -> Option<RelationalStore> {
    let url = database()?;
    Some(RelationalStore::open_postgres(&config(&url)).await.unwrap())
}

macro_rules! suites {
    ($($name:ident: $($suite:path),+;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let Some(store) = store().await else { return };
                $($suite(&store).await.unwrap();)+
                store.close().await;
            }
        )+
    };
}

suites! {
    postgres_keeps_templates_jobs_and_positions:
        contract::templates, contract::audit, contract::jobs::jobs, contract::jobs::schedules, contract::positions, contract::sessions;
    postgres_keeps_findings: contract::findings::anomalies, contract::findings::predictions;
    postgres_keeps_alerts: contract::alerts::alerts;
    postgres_keeps_rules: contract::rules::alert_rules, contract::rules::classification_rules;
    postgres_keeps_subscriptions: contract::subscriptions::subscriptions;
    postgres_keeps_tickets: contract::tickets::tickets;
    postgres_keeps_what_the_copilot_knows:
        contract::changes::changes, contract::root_causes::root_causes, contract::threads::threads,
        contract::model_ledger::model_ledger;
    postgres_keeps_automation: contract::automation::automation, contract::automation::settings;
    postgres_keeps_notices_of_runs: contract::run_notices::run_notices;
    postgres_keeps_leases: contract::leases::leases, contract::leases::one_of_many;
    postgres_keeps_signals: contract::signals::signals;
    postgres_keeps_signals_told_at_once: contract::signals::told_at_once;
}

#[tokio::test]
async fn processes_that_start_at_once_agree_on_the_schema() {
    let Some(url) = database() else { return };
    let config = config(&url);
    let open = async || RelationalStore::open_postgres(&config).await.unwrap();
    let stores = tokio::join!(open(), open(), open(), open());
    contract::jobs::jobs(&stores.3).await.unwrap();
    // Another version may have been there first.
    let newer = sql::query("INSERT INTO schema_versions (version) VALUES (999)");
    newer.execute(&stores.0.pool).await.unwrap();
    let refused = RelationalStore::open_postgres(&config).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_one_that_refuses_says_why() {
    let mut away = config("postgres://tocsin@127.0.0.1:1/x?sslmode=disable");
    away.wait_secs = 1;
    let refused = RelationalStore::open_postgres(&away).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let Some(url) = database() else { return };
    let missing = url.replace("/test_", "/missing_");
    let refused = RelationalStore::open_postgres(&config(&missing)).await;
    let said = format!("{refused:?}");
    assert!(said.contains("does not exist"), "{said}");
}

/// A server that stands still is given up, nobody waits for it after that, and it is found again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_holds_nobody_up() {
    let Some(server) = PostgresServer::start().unwrap() else {
        eprintln!("SKIPPED: PostgreSQL is not installed, run `make tools`");
        return;
    };
    let mut config = config(&server.database().unwrap());
    config.wait_secs = 1;
    let store = RelationalStore::open_postgres(&config).await.unwrap();
    store.commit(event(0)).await.unwrap();
    server.freeze().unwrap();
    let begun = Instant::now();
    let (read, written) = tokio::join!(TemplateStore::count(&store), store.commit(event(1)));
    for failed in [read.map(drop), written.map(drop)] {
        let error = failed.unwrap_err();
        let engine = EngineError::behind(&error).map(|error| (error.engine, error.kind));
        assert_eq!(
            engine,
            Some(("PostgreSQL", EngineErrorKind::Away)),
            "{error:?}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    let begun = Instant::now();
    assert!(TemplateStore::count(&store).await.is_err());
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    server.thaw().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = store.commit(event(2)).await {
        assert!(Instant::now() < deadline, "{error:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn event(number: i64) -> AlertCommit {
    let alert = contract::alerts::alert(number);
    AlertCommit {
        events: vec![AlertEvent {
            seq: 0,
            alert: alert.id,
            at_ms: number,
            actor: "ana".into(),
            kind: AlertEventKind::Commented(number.to_string()),
        }],
        alerts: vec![alert],
        states: vec![RuleState {
            rule: "a".into(),
            group: number.cast_unsigned(),
            state: Some(vec![1]),
        }],
        ..AlertCommit::default()
    }
}

/// The server goes away again and again while several write. What was answered as kept is there once,
/// what was answered as failed is not, and numbers have no gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_of_the_server_lose_nothing_and_double_nothing() {
    const ROUNDS: usize = 4;
    let Some(mut server) = PostgresServer::start().unwrap() else {
        eprintln!("SKIPPED: PostgreSQL is not installed, run `make tools`");
        return;
    };
    let url = server.database().unwrap();
    let store = RelationalStore::open_postgres(&config(&url)).await.unwrap();
    let is_over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..3_i64 {
        let (store, is_over) = (store.clone(), is_over.clone());
        writers.spawn(async move {
            let (mut kept, mut failed) = (Vec::new(), Vec::new());
            for number in (writer * 1_000_000 + 1)..(writer + 1) * 1_000_000 {
                if is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                match store.commit(event(number)).await {
                    Ok(_) => kept.push(number),
                    Err(StoreError::Unavailable(_)) => failed.push(number),
                    Err(other) => panic!("{other}"),
                }
            }
            (kept, failed)
        });
    }
    let server = tokio::task::spawn_blocking(move || {
        for round in 0..ROUNDS {
            // Long enough for some commits between.
            std::thread::sleep(std::time::Duration::from_millis(700));
            match round % 2 {
                0 => server.stop().unwrap(),
                _ => server.crash().unwrap(),
            }
            server.resume().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
        server
    });
    let server = server.await.unwrap();
    is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    let (mut kept, mut failed) = (Vec::new(), Vec::new());
    while let Some(wrote) = writers.join_next().await {
        let (more_kept, more_failed) = wrote.unwrap();
        kept.extend(more_kept);
        failed.extend(more_failed);
    }
    let events = store.events_after(0, usize::MAX).await.unwrap();
    assert!(
        events
            .iter()
            .map(|event| event.seq)
            .eq(1..=events.len() as u64)
    );
    let mut found: Vec<i64> = events.iter().map(|event| event.at_ms).collect();
    found.sort_unstable();
    kept.sort_unstable();
    assert!(kept.len() > 10, "{}", kept.len());
    assert_eq!(found, kept);
    println!("{} commits kept, {} failed", kept.len(), failed.len());
    drop(server);
}

#[tokio::test]
async fn lists_are_read_from_a_replica_while_it_answers() {
    let (Some(url), Some(other)) = (database(), database()) else {
        return;
    };
    // A database of its own in place of one that follows, so that it is seen who read.
    let replica = RelationalStore::open_postgres(&config(&other))
        .await
        .unwrap();
    let mut config = config(&url);
    config.replica_url = Some(other);
    let store = RelationalStore::open_postgres(&config).await.unwrap();
    let lists = store.for_lists();
    let filter = AlertFilter::default();
    // What is written goes where it always goes.
    lists.commit(event(1)).await.unwrap();
    assert_eq!(store.alerts(&filter, None, 9).await.unwrap().len(), 1);
    assert_eq!(replica.alerts(&filter, None, 9).await.unwrap(), []);
    assert_eq!(lists.alerts(&filter, None, 9).await.unwrap(), []);

    config.replica_url = Some("postgres://tocsin@127.0.0.1:1/x?sslmode=disable".to_owned());
    let store = RelationalStore::open_postgres(&config).await.unwrap();
    let lists = store.for_lists();
    assert_eq!(lists.alerts(&filter, None, 9).await.unwrap().len(), 1);
}

/// The partitions of a table.
async fn partitions_of(store: &RelationalStore, table: &str) -> Vec<String> {
    let sql = "SELECT CAST(inhrelid::regclass AS TEXT) FROM pg_inherits \
        WHERE inhparent = to_regclass($1) ORDER BY 1";
    let names = sql::query_scalar(sql).bind(table).fetch_all(&store.pool);
    names.await.unwrap()
}

#[tokio::test]
async fn partitions_are_made_ahead_and_dropped_when_spent() {
    let Some(store) = store().await else { return };
    for table in [
        "audit_entries",
        "model_ledger",
        "anomalies",
        "predictions",
        "alert_events",
    ] {
        let partitions = partitions_of(&store, table).await;
        assert_eq!(partitions.len(), 4, "{partitions:?}");
    }
    let now = partitions_of(&store, "anomalies").await[0].clone();
    let number: i64 = now.rsplit_once("_p").unwrap().1.parse().unwrap();
    let range_ms = 30 * 86_400_000;
    let (from_ms, to_ms) = (number * range_ms, (number + 1) * range_ms);
    let anomaly = |at_ms, ended_ms| contract::findings::anomaly("web-1", at_ms, ended_ms);
    let found = vec![
        anomaly(from_ms, Some(from_ms + 1)),
        anomaly(to_ms - 1, Some(to_ms - 1)),
        anomaly(to_ms, None),
    ];
    store.record_anomalies(found).await.unwrap();
    let counted = sql::query_scalar::<i64>(format!("SELECT count(*) FROM {now}"));
    assert_eq!(counted.fetch_one(&store.pool).await.unwrap(), 2);
    assert_eq!(store.forget_anomalies(from_ms + 2).await.unwrap(), 1);
    assert!(
        partitions_of(&store, "anomalies").await.contains(&now),
        "it is not over"
    );
    assert_eq!(store.forget_anomalies(to_ms).await.unwrap(), 1);
    let left = store
        .anomalies(&AnomalyFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
}
