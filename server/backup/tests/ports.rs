//! Over the ports: what one store holds is the same in another, and what differs is noticed.
#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tocsin_backup::migrate::{compare_logs, compare_metrics, compare_rows, logs, pipe, states};
use tocsin_backup::rows::{LineRestoration, LineRows, SampleRestoration, SampleRows};
use tocsin_backup::{Progress, Watcher};
use tocsin_domain::batch::ValueType;
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::ports::{LogStore, MetricStore, Snapshots, TemplateStore, TemplateSummary};
use tocsin_domain::{LogRecord, Offset, Partition, Severity, TimeRange, Timestamp};
use tocsin_stores::logs::contract::corpus::{Line, batch};
use tocsin_stores::logs::{EmbeddedLogStore, LogStoreConfig};
use tocsin_stores::metrics::contract as points;
use tocsin_stores::metrics::{EmbeddedMetricStore, MetricStoreConfig};
use tocsin_stores::relational::{OF_ONE_BUS, RelationalStore};

fn silent() -> Watcher {
    Arc::new(|_: &Progress| {})
}

fn log_store(path: &Path) -> EmbeddedLogStore {
    let config = LogStoreConfig {
        head_rows_max: 50,
        ..LogStoreConfig::default()
    };
    EmbeddedLogStore::open(path, config).unwrap()
}

/// Lines of several days, with attributes of both kinds, traces and bytes that are no text.
fn line(at: i64) -> Line {
    let body = match at % 5 {
        0 => format!("user=\"u {at}\" came from 10.0.0.{at} in {at} ms"),
        1 => format!("key={at} rest of {at} = {at}"),
        2 => "nothing varies".to_owned(),
        3 => format!("{at}{at} {at}"),
        _ => String::new(),
    };
    let mut body = body.into_bytes();
    if at % 7 == 0 {
        body.push(0xff);
    }
    let beside = |key: &str, kind, text: &str| (key.to_owned(), kind, text.to_owned());
    Line {
        body,
        timestamp: (at % 3 > 0).then(|| Timestamp::from_secs(1_700_000_000 + at * 3_000)),
        severity: Severity::from_number((at % 24) as u8 + 1).unwrap(),
        host: format!("host-{}", at % 2),
        attributes: match at % 4 {
            0 => vec![
                beside("key", ValueType::Text, "beside"),
                beside("n", ValueType::Float, "0.5"),
                beside("ok", ValueType::Bool, "true"),
            ],
            _ => Vec::new(),
        },
        trace: (at % 6) as u8,
        ..Line::of("")
    }
}

async fn filled(path: &Path, templates: &RelationalStore) -> EmbeddedLogStore {
    let store = log_store(path);
    for number in 0..30 {
        let lines: Vec<Line> = (0..20).map(|at| line(number * 20 + at)).collect();
        let parsed = batch(number as u64, &format!("source-{}", number % 3), &lines);
        let summary = |template: &Arc<tocsin_domain::Template>| TemplateSummary {
            template: template.clone(),
            source: "source".into(),
            severity: Severity::INFO,
            example: String::new(),
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
            count: 1,
        };
        let met = parsed.templates.iter().map(summary).collect();
        templates.register(met).await.unwrap();
        let offset = Offset(number as u64 + 1);
        store.append(Partition(1), offset, parsed).await.unwrap();
    }
    store.flush(Partition(1)).await.unwrap();
    // A gap in the places of a batch.
    let gone = LogQuery::all(TimeRange {
        from: Timestamp::from_secs(1_700_000_000 + 31 * 3_000),
        to: Timestamp::from_secs(1_700_000_000 + 33 * 3_000),
    });
    assert!(store.delete(&gone).await.unwrap() > 0);
    store
}

async fn all(store: &dyn LogStore) -> Vec<LogRecord> {
    let query = LogQuery::all(TimeRange::ALL);
    let page = store.search(&query, Order::OldestFirst, None, 10_000).await;
    page.unwrap().records
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_the_same_in_another_store_whichever_way_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let templates = RelationalStore::open_sqlite(&folder.path().join("a.db"))
        .await
        .unwrap();
    let from = filled(&folder.path().join("from"), &templates).await;
    let direct = log_store(&folder.path().join("direct"));
    logs(&from, &direct, &silent()).await.unwrap();
    assert_eq!(all(&direct).await, all(&from).await);
    let compared = compare_logs(&from, &direct).await.unwrap();
    assert!(compared.is_equal(), "{:?}", compared.differences);
    assert_eq!(compared.counts.len(), 3);
    assert!(compared.samples > 100, "{}", compared.samples);
    // Once more changes nothing.
    logs(&from, &direct, &silent()).await.unwrap();
    assert_eq!(all(&direct).await, all(&from).await);

    let rows = log_store(&folder.path().join("rows"));
    let lines = LineRows::new(Arc::new(from.clone()));
    let register = Arc::new(templates);
    let mut into = LineRestoration::new(Arc::new(rows.clone()), register);
    pipe("logs", &lines, &mut into, &silent()).await.unwrap();
    assert_eq!(all(&rows).await, all(&from).await);

    // Days that did not change are not read again.
    let mut known = BTreeMap::new();
    for round in 0..2 {
        let mut snapshot = lines.take().await.unwrap();
        while let Some(item) = snapshot.next(&known.clone()).await.unwrap() {
            assert_eq!(item.entries.is_none(), round == 1, "{}", item.name);
            known.insert(item.name, item.stamp.unwrap());
        }
    }
    // What is missing is noticed.
    rows.delete(&LogQuery::all(TimeRange {
        from: Timestamp::from_secs(1_700_300_000),
        to: Timestamp::from_secs(1_700_303_001),
    }))
    .await
    .unwrap();
    assert!(!compare_logs(&from, &rows).await.unwrap().is_equal());
}

#[tokio::test(flavor = "multi_thread")]
async fn points_and_states_are_the_same_in_another_store() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let config = MetricStoreConfig::default();
        EmbeddedMetricStore::open(&folder.path().join(name), config).unwrap()
    };
    let (from, into) = (open("from"), open("into"));
    for shard in 0..4 {
        let series = (0..40).map(|at| points::labels("load", &format!("host-{at}")));
        let of_shard = series.filter(|labels| labels.id().shard() == shard);
        let values = of_shard.flat_map(|labels| {
            let value = |at: i64| match at % 9 {
                0 => f64::NAN,
                _ => at as f64 / 3.0,
            };
            let at_ms = |at: i64| points::START_MS + at * 600_000;
            (0..50).map(move |at| (labels.clone(), at_ms(at), value(at)))
        });
        let batch = points::batch(&values.collect::<Vec<_>>(), false);
        let appended = from.append(Partition(shard), Offset(7), batch);
        appended.await.unwrap();
    }
    let state = from.save_state(Partition(2), "detect", Offset(7), vec![1, 2, 3]);
    state.await.unwrap();
    let rows = SampleRows::new(Arc::new(from.clone()));
    for _ in 0..2 {
        let mut restoration = SampleRestoration::new(Arc::new(into.clone()));
        let piped = pipe("metrics", &rows, &mut restoration, &silent()).await;
        assert_eq!(piped.unwrap(), 2_000);
    }
    let everything = points::selection(Vec::new(), i64::MIN, i64::MAX);
    assert!(points::found(&into, &everything).await == points::found(&from, &everything).await);
    let compared = compare_metrics(&from, &into).await.unwrap();
    assert!(compared.is_equal(), "{:?}", compared.differences);
    assert_eq!(compared.counts[0], ("series".into(), 40, 40));
    assert_eq!(states(&from, &into, &["detect"]).await.unwrap(), 1);
    let kept = into.load_state(Partition(2), "detect").await.unwrap();
    assert_eq!(kept, Some((Offset(0), vec![1, 2, 3])));
    assert_eq!(into.durable(Partition(2)), Offset(0));
    // A backup has positions and states, too, and what is restored goes on where that was.
    for shard in 0..4 {
        from.flush(Partition(shard)).await.unwrap();
    }
    let again = open("again");
    let backed = SampleRows::with_states(Arc::new(from.clone()), &["detect"]);
    let mut restoration = SampleRestoration::new(Arc::new(again.clone()));
    let piped = pipe("metrics", &backed, &mut restoration, &silent()).await;
    assert_eq!(piped.unwrap(), 2_000);
    assert!(points::found(&again, &everything).await == points::found(&from, &everything).await);
    assert_eq!(again.durable(Partition(2)), Offset(7));
    let kept = again.load_state(Partition(2), "detect").await.unwrap();
    assert_eq!(kept, Some((Offset(7), vec![1, 2, 3])));

    into.delete(&[points::matcher(
        tocsin_domain::metric::MatchOp::Equal,
        "host",
        "host-3",
    )])
    .await
    .unwrap();
    assert!(!compare_metrics(&from, &into).await.unwrap().is_equal());
}

#[tokio::test]
async fn rows_that_differ_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let one = RelationalStore::open_sqlite(&folder.path().join("a.db"))
        .await
        .unwrap();
    let two = RelationalStore::open_sqlite(&folder.path().join("b.db"))
        .await
        .unwrap();
    let compared = compare_rows(&one, &two, &OF_ONE_BUS).await.unwrap();
    assert!(compared.is_equal() && compared.counts.len() > 20);
    one.save_miner(1, vec![1]).await.unwrap();
    two.save_miner(1, vec![2]).await.unwrap();
    let compared = compare_rows(&one, &two, &OF_ONE_BUS).await.unwrap();
    assert_eq!(compared.differences, ["rows of `miners` are not the same"]);
}
