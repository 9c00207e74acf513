//! What every metric store must do, whichever engine is behind it: run [`holds`] on a new store
//! with the default retention.

use std::collections::BTreeMap;
use std::sync::Arc;

use tocsin_domain::metric::{MatchOp, Matcher, STALE_BITS, Selection};
use tocsin_domain::ports::{MetricStore, StoreError};
use tocsin_domain::{
    BatchId, Labels, MetricBatch, MetricKind, Offset, Partition, SeriesId, Timestamp,
};

use tocsin_domain::metric::MetricBatchBuilder;

/// When the points of the suite begin, in ms: the start of a day.
pub const START_MS: i64 = 1_780_272_000_000;
const DAY_MS: i64 = 86_400_000;

/// A point of a series: labels, time in ms, value.
pub type Point = (Labels, i64, f64);

/// A series `name{host=…}`.
///
/// # Panics
/// If that is no label set.
#[must_use]
pub fn labels(name: &str, host: &str) -> Labels {
    Labels::new([("__name__", name), ("host", host)]).unwrap()
}

/// A batch of points, all of one shard; the labels come along unless `known`.
#[must_use]
pub fn batch(points: &[Point], known: bool) -> Arc<MetricBatch> {
    let observed = points.iter().map(|point| point.1).max().unwrap_or(START_MS);
    let observed = Timestamp::from_millis(observed);
    let shard = points.first().map_or(0, |point| point.0.id().shard());
    let id = BatchId::new(observed, [7; 10]);
    let mut builder = MetricBatchBuilder::new(id, observed, "test".into(), shard);
    let mut indexes: BTreeMap<SeriesId, u32> = BTreeMap::new();
    for (labels, at_ms, value) in points {
        let index = *indexes.entry(labels.id()).or_insert_with(|| {
            let canonical = if known { &[] } else { labels.as_bytes() };
            builder.series(labels.id(), MetricKind::Gauge, canonical)
        });
        builder.point(index, *at_ms, *value);
    }
    Arc::new(builder.finish())
}

/// A matcher.
///
/// # Panics
/// If the pattern is none.
#[must_use]
pub fn matcher(op: MatchOp, name: &str, value: &str) -> Matcher {
    Matcher::new(op, name, value).unwrap()
}

/// A selection of a range, without bounds that matter.
#[must_use]
pub fn selection(matchers: Vec<Matcher>, from_ms: i64, to_ms: i64) -> Selection {
    Selection {
        matchers,
        from_ms,
        to_ms,
        series_max: 1_000_000,
        samples_max: 100_000_000,
    }
}

/// The points that a selection finds: labels, time and bits, in the order of the answer.
///
/// # Panics
/// If the store refuses.
pub async fn found(store: &dyn MetricStore, selection: &Selection) -> Vec<(Labels, i64, u64)> {
    let mut points = Vec::new();
    for series in store.select(selection).await.unwrap() {
        let labels = &series.series.labels;
        assert_eq!(series.series.id, labels.id());
        assert!(!series.samples.is_empty() || !series.buckets.is_empty());
        let samples = series.samples.iter();
        points.extend(samples.map(|one| (labels.clone(), one.at_ms, one.value.to_bits())));
    }
    points
}

/// Everything of a metric.
async fn all(store: &dyn MetricStore, name: &str) -> Vec<(Labels, i64, u64)> {
    let matchers = vec![matcher(MatchOp::Equal, "__name__", name)];
    found(store, &selection(matchers, i64::MIN, i64::MAX)).await
}

fn expected(mut points: Vec<Point>) -> Vec<(Labels, i64, u64)> {
    points.sort_by(|one, two| (&one.0, one.1).cmp(&(&two.0, two.1)));
    points
        .into_iter()
        .map(|(labels, at_ms, value)| (labels, at_ms, value.to_bits()))
        .collect()
}

/// Runs the whole suite on a new store.
///
/// # Panics
/// If the store does not hold it.
pub async fn holds(store: Arc<dyn MetricStore>) {
    let store = store.as_ref();
    points_are_readable_at_once(store).await;
    the_last_of_two_points_holds(store).await;
    batches_are_taken_once(store).await;
    matchers_and_ranges_select(store).await;
    bounds_are_errors(store).await;
    series_are_described(store).await;
    states_are_kept(store).await;
    removed_series_are_gone(store).await;
    stats_count(store).await;
    old_points_become_intervals(store).await;
}

/// The partition and the next offset for a batch of points.
fn place(store: &dyn MetricStore, points: &[Point], ahead: u64) -> (Partition, Offset) {
    let partition = Partition(points[0].0.id().shard());
    (partition, Offset(store.durable(partition).0 + ahead))
}

async fn points_are_readable_at_once(store: &dyn MetricStore) {
    let one = labels("readable", "a");
    let odd = [
        0.1,
        -0.0,
        f64::INFINITY,
        f64::from_bits(STALE_BITS),
        f64::from_bits(0x7ff8_dead_beef_0001),
        f64::MIN_POSITIVE / 3.0,
    ];
    let at = |step: usize| START_MS + step as i64 * 10_000;
    let points: Vec<Point> = (0..2_000)
        .map(|step| {
            let value = odd.get(step).copied().unwrap_or(step as f64 * 0.5);
            (one.clone(), at(step), value)
        })
        .collect();
    let (partition, first) = place(store, &points, 1);
    let durable = store.durable(partition);
    for (step, part) in points.chunks(500).enumerate() {
        let offset = Offset(first.0 + step as u64);
        let batch = batch(part, step > 0);
        store.append(partition, offset, batch).await.unwrap();
        let so_far = points[..(step + 1) * 500].to_vec();
        assert_eq!(all(store, "readable").await, expected(so_far));
    }
    assert_eq!(store.durable(partition), durable, "nothing is flushed yet");
    let flushed = store.flush(partition).await.unwrap();
    assert_eq!(flushed, Offset(first.0 + 3));
    assert_eq!(store.durable(partition), flushed);
    assert_eq!(store.flush(partition).await.unwrap(), flushed);
    assert_eq!(all(store, "readable").await, expected(points));
}

async fn the_last_of_two_points_holds(store: &dyn MetricStore) {
    let one = labels("twice", "a");
    let point = |at: i64, value: f64| (one.clone(), START_MS + at, value);
    let writes = [
        vec![point(50, 1.0), point(40, 2.0), point(40, 3.0)],
        vec![point(50, 4.0), point(-DAY_MS, 5.0)],
        vec![point(45, 6.0), point(40, 7.0), point(3 * 3_600_000, 8.0)],
        vec![point(-DAY_MS, 9.0)],
    ];
    let mut expect = BTreeMap::new();
    for points in &writes {
        let (partition, offset) = place(store, points, 1);
        let batch = batch(points, false);
        store.append(partition, offset, batch).await.unwrap();
        expect.extend(points.iter().map(|(_, at, value)| (*at, *value)));
        for _ in 0..2 {
            let points = expect.iter().map(|(at, value)| (one.clone(), *at, *value));
            assert_eq!(all(store, "twice").await, expected(points.collect()));
            store.flush(partition).await.unwrap();
        }
    }
}

async fn batches_are_taken_once(store: &dyn MetricStore) {
    let one = labels("once", "a");
    let points = vec![(one.clone(), START_MS, 1.0)];
    let (partition, offset) = place(store, &points, 1);
    let append = async |offset, value| {
        let batch = batch(&[(one.clone(), START_MS, value)], false);
        store.append(partition, offset, batch).await.unwrap();
    };
    append(offset, 1.0).await;
    append(offset, 2.0).await;
    assert_eq!(all(store, "once").await, expected(points.clone()));
    store.flush(partition).await.unwrap();
    append(offset, 3.0).await;
    append(Offset(offset.0 - 1), 4.0).await;
    assert_eq!(all(store, "once").await, expected(points));
}

async fn matchers_and_ranges_select(store: &dyn MetricStore) {
    let mut points: Vec<Point> = Vec::new();
    for host in ["a1", "a2", "b1", "c"] {
        let series = labels("selected", host);
        points.extend((0..10).map(|step| (series.clone(), START_MS + step * 1_000, step as f64)));
    }
    for one in points.chunks(10) {
        let (partition, offset) = place(store, one, 100);
        store
            .append(partition, offset, batch(one, false))
            .await
            .unwrap();
        store.flush(partition).await.unwrap();
    }
    let cases: [(MatchOp, &str, &[&str]); 7] = [
        (MatchOp::Equal, "a1", &["a1"]),
        (MatchOp::Equal, "x", &[]),
        (MatchOp::NotEqual, "a1", &["a2", "b1", "c"]),
        (MatchOp::Matches, "a.", &["a1", "a2"]),
        (MatchOp::Matches, "a|c|x", &["c"]),
        (MatchOp::MatchesNot, "a.", &["b1", "c"]),
        (MatchOp::Matches, ".*", &["a1", "a2", "b1", "c"]),
    ];
    for (op, value, hosts) in cases {
        let matchers = vec![
            matcher(MatchOp::Equal, "__name__", "selected"),
            matcher(op, "host", value),
            matcher(MatchOp::Equal, "absent", ""),
        ];
        let expect: Vec<Point> = points
            .iter()
            .filter(|(labels, at, _)| {
                hosts.contains(&labels.get("host")) && (3_000..=6_000).contains(&(at - START_MS))
            })
            .cloned()
            .collect();
        let selection = selection(matchers, START_MS + 3_000, START_MS + 6_000);
        assert_eq!(
            found(store, &selection).await,
            expected(expect),
            "{op:?} {value}"
        );
    }
    let none = selection(Vec::new(), START_MS + 3_001, START_MS + 3_999);
    let names = found(store, &none).await;
    assert!(names.iter().all(|(labels, ..)| labels.name() != "selected"));
}

async fn bounds_are_errors(store: &dyn MetricStore) {
    let matchers = vec![matcher(MatchOp::Equal, "__name__", "selected")];
    let mut bounded = selection(matchers, i64::MIN, i64::MAX);
    bounded.series_max = 3;
    let refused = store.select(&bounded).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
    bounded.series_max = 4;
    bounded.samples_max = 39;
    let refused = store.select(&bounded).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
    bounded.samples_max = 40;
    assert_eq!(store.select(&bounded).await.unwrap().len(), 4);
}

async fn series_are_described(store: &dyn MetricStore) {
    let (known, unknown) = (labels("selected", "b1"), labels("nobody", "x"));
    let described = store.describe(&[unknown.id(), known.id()]).await.unwrap();
    assert_eq!(described[0], None);
    let info = described[1].as_ref().unwrap();
    assert_eq!(
        (&info.labels, info.id, info.kind),
        (&known, known.id(), MetricKind::Gauge)
    );
    assert_eq!(&*info.source, "test");
    assert_eq!((info.first_ms, info.last_ms), (START_MS, START_MS + 9_000));
    let matchers = [matcher(MatchOp::Equal, "__name__", "selected")];
    let hosts = async |range, limit| {
        let series = store.series(&matchers, range, limit).await.unwrap();
        let hosts = series.iter().map(|one| one.labels.get("host").to_owned());
        hosts.collect::<Vec<_>>()
    };
    assert_eq!(
        hosts((i64::MIN, i64::MAX), 9).await,
        ["a1", "a2", "b1", "c"]
    );
    assert_eq!(hosts((START_MS + 9_000, i64::MAX), 2).await, ["a1", "a2"]);
    assert!(hosts((START_MS + 9_001, i64::MAX), 9).await.is_empty());
}

async fn states_are_kept(store: &dyn MetricStore) {
    let load = async |partition, name| store.load_state(Partition(partition), name).await.unwrap();
    assert_eq!(load(1, "detectors").await, None);
    let large: Vec<u8> = (0..3_500_000u32).map(|at| (at % 251) as u8).collect();
    for (partition, name, offset, state) in [
        (1, "detectors", 5, large.clone()),
        (1, "detectors2", 6, vec![1, 2]),
        (2, "detectors", 7, Vec::new()),
    ] {
        let saved = store.save_state(Partition(partition), name, Offset(offset), state);
        saved.await.unwrap();
    }
    assert_eq!(load(1, "detectors").await, Some((Offset(5), large)));
    let saved = store.save_state(Partition(1), "detectors", Offset(9), vec![3; 10]);
    saved.await.unwrap();
    assert_eq!(load(1, "detectors").await, Some((Offset(9), vec![3; 10])));
    assert_eq!(load(1, "detectors2").await, Some((Offset(6), vec![1, 2])));
    assert_eq!(load(2, "detectors").await, Some((Offset(7), Vec::new())));
}

async fn removed_series_are_gone(store: &dyn MetricStore) {
    let (one, two) = (labels("removed", "a"), labels("removed", "b"));
    for (number, series) in [&one, &two].into_iter().enumerate() {
        for at in [0, 1] {
            let points = [(series.clone(), START_MS + at, 1.0)];
            let ahead = 1 + 2 * number as u64 + at as u64;
            let (partition, offset) = place(store, &points, ahead);
            store
                .append(partition, offset, batch(&points, false))
                .await
                .unwrap();
            if at == 0 {
                store.flush(partition).await.unwrap();
            }
        }
    }
    let matchers = [
        matcher(MatchOp::Equal, "__name__", "removed"),
        matcher(MatchOp::Equal, "host", "a"),
    ];
    assert_eq!(store.delete(&matchers).await.unwrap(), 1);
    assert_eq!(store.delete(&matchers).await.unwrap(), 0);
    let rest = vec![
        (two.clone(), START_MS, 1.0),
        (two.clone(), START_MS + 1, 1.0),
    ];
    assert_eq!(all(store, "removed").await, expected(rest.clone()));
    assert_eq!(store.describe(&[one.id()]).await.unwrap(), [None]);
    // Its sender does not know; it said the labels before.
    let again = [(one.clone(), START_MS + 2, 3.0)];
    let (partition, offset) = place(store, &again, 100);
    store
        .append(partition, offset, batch(&again, true))
        .await
        .unwrap();
    assert_eq!(
        all(store, "removed").await,
        expected([&again[..], &rest].concat())
    );
}

async fn stats_count(store: &dyn MetricStore) {
    let stats = store.stats().await.unwrap();
    let count = found(store, &selection(Vec::new(), i64::MIN, i64::MAX))
        .await
        .len() as u64;
    assert!(stats.samples >= count, "{stats:?} for {count} points");
    assert!(stats.disk_bytes > 0 && stats.head_samples > 0, "{stats:?}");
    assert_eq!(stats.sources, [("test".into(), stats.series)]);
    for partition in 0..4 {
        store.flush(Partition(partition)).await.unwrap();
    }
    assert_eq!(store.stats().await.unwrap().head_samples, 0);
}

async fn old_points_become_intervals(store: &dyn MetricStore) {
    let one = labels("aged", "a");
    let points: Vec<Point> = (0..1_440i64)
        .map(|step| (one.clone(), START_MS + step * 10_000, (step % 700) as f64))
        .collect();
    let (partition, offset) = place(store, &points, 1);
    store
        .append(partition, offset, batch(&points, false))
        .await
        .unwrap();
    let day = |days: i64| Timestamp::from_millis(START_MS + days * DAY_MS);
    let matchers = vec![matcher(MatchOp::Equal, "__name__", "aged")];
    let everything = selection(matchers, i64::MIN, i64::MAX);
    store.retain(day(1)).await.unwrap();
    assert_eq!(found(store, &everything).await, expected(points.clone()));
    for (days, length_ms) in [(32, 300_000), (190, 3_600_000)] {
        assert!(store.retain(day(days)).await.unwrap() > 0);
        let series = store.select(&everything).await.unwrap();
        assert!(series[0].samples.is_empty());
        let buckets = &series[0].buckets;
        assert_eq!(buckets.len() as i64, 4 * 3_600_000 / length_ms);
        assert!(buckets.iter().all(|bucket| bucket.length_ms == length_ms));
        assert!(
            buckets
                .windows(2)
                .all(|two| two[0].start_ms + length_ms == two[1].start_ms)
        );
        assert_eq!(
            buckets.iter().map(|bucket| bucket.count).sum::<u64>(),
            1_440
        );
        // It grows by one but where it begins again at 0.
        assert_eq!(
            buckets.iter().map(|bucket| bucket.increase).sum::<f64>(),
            1_437.0
        );
        let first = &buckets[0];
        assert_eq!((first.start_ms, first.min), (START_MS, 0.0));
        assert_eq!(first.last, (length_ms / 10_000 - 1) as f64);
        let median = first.quantile(0.5).unwrap();
        assert!(
            (median / first.mean() - 1.0).abs() < 0.06,
            "{median} {}",
            first.mean()
        );
    }
    assert!(store.retain(day(800)).await.unwrap() > 0);
    assert_eq!(store.select(&everything).await.unwrap(), []);
    assert_eq!(store.describe(&[one.id()]).await.unwrap(), [None]);
    assert_eq!(store.stats().await.unwrap().series, 0);
}
