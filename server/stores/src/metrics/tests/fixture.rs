//! What version 1 wrote can be read for ever.

use std::path::Path;

use tocsin_domain::metric::STALE_BITS;
use tocsin_domain::ports::MetricStore;
use tocsin_domain::{Offset, Partition, Timestamp};

use super::super::bytes::{Reader, put_bytes};
use super::super::contract::{Point, START_MS, batch, found, labels, selection};
use super::super::engine::Changes;
use super::{open, run};

const DAY_MS: i64 = 86_400_000;

/// What the fixture holds: a counter, decimals, whole floats and odd values, in a merged window
/// and in parts.
fn points() -> Vec<Point> {
    let mut points = Vec::new();
    for at in 0..1_000i64 {
        let at_ms = START_MS + at * 15_000 + at % 3;
        let wild =
            f64::from_bits(0x3ff0_0000_0000_0000 | (at as u64).wrapping_mul(0x1234_5678_9abc));
        let odd = match at % 250 {
            7 => f64::from_bits(STALE_BITS),
            8 => f64::NEG_INFINITY,
            _ => (at % 40) as f64 / 100.0,
        };
        for (host, value) in [
            ("count", (at * at) as f64),
            ("odd", odd),
            ("wild", wild),
            ("same", 1.5),
        ] {
            points.push((labels("fixture", host), at_ms, value));
        }
    }
    points
}

/// Points that are intervals there.
fn old_points() -> Vec<Point> {
    let one = labels("fixture", "old");
    (0..500i64)
        .map(|at| (one.clone(), START_MS - 40 * DAY_MS + at * 10_000, at as f64))
        .collect()
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/metrics/fixtures/metrics_v1.bin")
}

/// Writes the fixture anew; only for a new version, whose file stands beside the old ones.
#[test]
#[ignore = "writes the fixture"]
fn write_fixture() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), 1_000_000);
        let mut offset = 0;
        let all = [old_points(), points()].concat();
        for (at, chunk) in all.chunks(1_500).enumerate() {
            for shard in 0..4 {
                let of_shard = chunk.iter().filter(|point| point.0.id().shard() == shard);
                let of_shard: Vec<Point> = of_shard.cloned().collect();
                if !of_shard.is_empty() {
                    offset += 1;
                    let batch = batch(&of_shard, false);
                    let appended = store.append(Partition(shard), Offset(offset), batch);
                    appended.await.unwrap();
                    store.flush(Partition(shard)).await.unwrap();
                }
            }
            if at == 1 {
                let now = Timestamp::from_millis(START_MS + 3 * 3_600_000);
                store.retain(now).await.unwrap();
            }
        }
        let mut bytes = Vec::new();
        for (key, value) in store.engine_of_tests().blocks().scan(&[]).unwrap() {
            put_bytes(&mut bytes, &key);
            put_bytes(&mut bytes, &value);
        }
        std::fs::write(path(), bytes).unwrap();
    });
}

#[test]
fn what_version_1_wrote_can_still_be_read() {
    let bytes = std::fs::read(path()).unwrap();
    let mut reader = Reader::new(&bytes);
    let mut changes = Changes::new();
    while !reader.rest().is_empty() {
        let key = reader.bytes().unwrap().to_vec();
        changes.insert(key, Some(reader.bytes().unwrap().to_vec()));
    }
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path(), 10);
        engine.engine_of_tests().blocks().commit(changes).unwrap();
        drop(engine);
        let store = open(folder.path(), 10);
        let everything = selection(Vec::new(), START_MS, i64::MAX);
        let mut expect = points();
        expect.sort_by(|one, two| (&one.0, one.1).cmp(&(&two.0, two.1)));
        let expect: Vec<_> = expect
            .into_iter()
            .map(|(labels, at_ms, value)| (labels, at_ms, value.to_bits()))
            .collect();
        assert!(found(&store, &everything).await == expect);
        let old = selection(Vec::new(), i64::MIN, START_MS - 1);
        let old = store.select(&old).await.unwrap();
        assert_eq!(old.len(), 1);
        let sum: f64 = old[0].buckets.iter().map(|bucket| bucket.sum).sum();
        assert_eq!(sum, (0..500).sum::<i64>() as f64);
        assert_eq!(store.damaged_blocks(), 0);
    });
}
