//! The collector and the registry together, as decoders and routes use them.

use tocsin_domain::metric::STALE_BITS;
use tocsin_domain::{MetricKind, Timestamp};

use super::{MetricCollector, MetricContext, MetricDecoded, MetricLimits, SeriesRegistry};

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

pub(super) fn run(
    registry: &SeriesRegistry,
    limits: &MetricLimits,
    fill: impl FnOnce(&mut MetricContext<'_>) -> MetricDecoded,
) -> MetricDecoded {
    let mut random = || [7; 10];
    let decoded = fill(&mut MetricContext {
        now: NOW,
        random: &mut random,
        limits,
        registry,
        source: "test",
    });
    assert!(decoded.batches.iter().all(holds));
    let points: usize = decoded.batches.iter().map(|batch| batch.len()).sum();
    assert_eq!(points, decoded.accepted);
    decoded
}

/// Valid, with each series once and of the shard.
pub(super) fn holds(batch: &tocsin_domain::MetricBatch) -> bool {
    let mut ids: Vec<_> = batch.series.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    batch.validate()
        && ids.len() == batch.series.len()
        && ids.iter().all(|id| id.shard() == batch.shard)
}

/// The points as text, sorted: `name{labels} value@ms`. The labels of batches that carry none come
/// from those before.
pub(super) fn texts(decoded: &[&MetricDecoded]) -> Vec<String> {
    let mut labels = std::collections::HashMap::new();
    let mut points = Vec::new();
    for batch in decoded.iter().flat_map(|decoded| &decoded.batches) {
        for entry in &batch.series {
            if let Some(set) = batch.labels(entry) {
                labels.insert(entry.id, set);
            }
        }
        for (series, at, value) in batch.points() {
            let labels = &labels[&batch.series[series].id];
            points.push(format!("{labels} {value}@{at}"));
        }
    }
    points.sort();
    points
}

fn labelled(decoded: &MetricDecoded) -> usize {
    let entries = decoded.batches.iter().flat_map(|batch| &batch.series);
    entries.filter(|entry| !entry.labels.is_empty()).count()
}

#[test]
fn labels_travel_until_they_are_confirmed() {
    let limits = MetricLimits::default();
    let registry = SeriesRegistry::new(&limits);
    let take = || {
        run(&registry, &limits, |context| {
            let mut collector = MetricCollector::new(context);
            for host in ["a", "b", "a"] {
                let labels = [("host.name", host), ("__name__", "up")];
                assert!(collector.point(&labels, MetricKind::Gauge, Some(NOW.millis()), 1.0));
            }
            collector.finish()
        })
    };
    let first = take();
    assert_eq!(
        (first.accepted, first.claims.len(), labelled(&first)),
        (3, 2, 2)
    );
    // The intake refused: nothing is confirmed.
    let second = take();
    assert_eq!(labelled(&second), 2);
    registry.confirm(&second.claims);
    let third = take();
    assert_eq!((labelled(&third), third.claims.is_empty()), (0, true));
    let at = NOW.millis();
    let expected = [
        format!("up{{host_name=\"a\"}} 1@{at}"),
        format!("up{{host_name=\"a\"}} 1@{at}"),
        format!("up{{host_name=\"b\"}} 1@{at}"),
    ];
    assert_eq!(texts(&[&first]), expected);
    assert_eq!(texts(&[&first, &third]).len(), 6);
}

#[test]
fn raw_bytes_name_the_same_series_each_time() {
    let limits = MetricLimits {
        batch_points_max: 10,
        ..MetricLimits::default()
    };
    let registry = SeriesRegistry::new(&limits);
    let mut built = 0;
    let mut take = |registry: &SeriesRegistry| {
        run(registry, &limits, |context| {
            let mut collector = MetricCollector::new(context);
            for index in 0..100 {
                let raw = format!("m{}", index % 7);
                let series = collector.series(raw.as_bytes(), MetricKind::Unknown, |scratch| {
                    built += 1;
                    scratch.name(&raw);
                });
                collector.push(series.unwrap(), None, f64::from(index));
            }
            collector.finish()
        })
    };
    let first = take(&registry);
    registry.confirm(&first.claims);
    let second = take(&registry);
    let third = take(&registry);
    assert_eq!(
        texts(&[&first])[..],
        texts(&[&first, &second])[..]
            .iter()
            .step_by(2)
            .cloned()
            .collect::<Vec<_>>()[..]
    );
    assert_eq!(texts(&[&first, &third]).len(), 200);
    assert_eq!(labelled(&third), 0);
    assert_eq!(built, 107, "once each time until confirmed, then once more");
}

#[test]
fn times_out_of_bounds_and_series_out_of_number_are_errors_of_their_own() {
    let limits = MetricLimits {
        series_per_source_max: 2,
        ..MetricLimits::default()
    };
    let registry = SeriesRegistry::new(&limits);
    let decoded = run(&registry, &limits, |context| {
        let mut collector = MetricCollector::new(context);
        let now = NOW.millis();
        let stale = f64::from_bits(STALE_BITS);
        for (item, (name, at, value)) in [
            ("a", now, f64::INFINITY),
            ("a", now + 700_000, 1.0),
            ("a", 1_795_273, 1.0),
            ("b", now + 500_000, f64::NAN),
            ("c", now, 1.0),
            ("c", now, 1.0),
            ("b", now, stale),
        ]
        .into_iter()
        .enumerate()
        {
            collector.at_item(item);
            collector.point(&[("__name__", name)], MetricKind::Unknown, Some(at), value);
        }
        collector.finish()
    });
    assert_eq!((decoded.accepted, decoded.rejected), (3, 4));
    let items: Vec<_> = decoded.errors.iter().map(|error| error.item).collect();
    assert_eq!(items, [1, 2, 4, 5]);
    assert!(decoded.errors[2].expected.contains("at most 2 series"));
    assert_eq!(registry.refused_series(), 1);
    let mut bits = decoded.batches.iter().flat_map(|batch| &batch.points_value);
    assert!(bits.any(|value| value.to_bits() == STALE_BITS));
}
