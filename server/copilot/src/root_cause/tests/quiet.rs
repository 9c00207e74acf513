//! Series with a memory of seconds to an hour, as they are: in quiet times none of them is a cause, and among them one
//! that really departs is found.

use super::super::{Findings, Target};
use super::*;
use crate::facts::FactBook;

/// Names of metrics, what they usually are, and how far they spread.
const METRICS: [(&str, f64, f64); 4] = [
    ("request_latency_seconds", 0.3, 0.06),
    ("cpu_usage_percent", 30.0, 6.0),
    ("process_resident_memory_bytes", 4e8, 3e7),
    ("app_queue_depth", 10.0, 3.0),
];
/// How much a value says of the next one, 15 s later.
const MEMORIES: [f64; 5] = [0.0, 0.5, 0.8, 0.95, 0.99];

/// Sixty services with a series each. From `FAULT_MS` on the one numbered `broken` has three times its value.
fn noisy(seed: i64, broken: Option<i64>) -> Arc<World> {
    let world = World::new();
    let until_ms = FAULT_MS + 5 * MINUTE_MS;
    world.set_now(until_ms);
    for number in 0..60 {
        let memory = MEMORIES[(number % 5) as usize];
        let (name, usual, spread) = METRICS[(number / 5 % 4) as usize];
        let mut away = 0.0;
        let points: Vec<(i64, f64)> = (0..=(until_ms - BEGIN_MS) / 15_000)
            .map(|step| {
                let key = (seed * 1_000 + number) * 7_919 + step * 61;
                let sum: f64 = (0..6).map(|part| chance(key + part * 104_729)).sum();
                away = memory * away + (1.0 - memory * memory).sqrt() * (sum - 3.0) * 1.4;
                let at_ms = BEGIN_MS + step * 15_000;
                let is_broken = broken == Some(number) && at_ms >= FAULT_MS;
                let factor = if is_broken { 3.0 } else { 1.0 };
                (at_ms, (usual + spread * away) * factor)
            })
            .collect();
        world.measure(name, &[("service", &format!("service-{number}"))], &points);
    }
    world
}

async fn findings(world: &Arc<World>, entity: Option<&str>) -> Findings {
    let to_ms = FAULT_MS + 5 * MINUTE_MS;
    let target = Target {
        entity: entity.map(Into::into),
        kind: None,
        at_ms: FAULT_MS + 2 * MINUTE_MS,
        from_ms: FAULT_MS - 10 * MINUTE_MS,
        to_ms,
    };
    let mut book = FactBook::default();
    finder(world).find(&target, &mut book).await.unwrap()
}

#[tokio::test]
async fn nobody_is_named_where_all_is_as_usual() {
    for seed in 0..8 {
        let world = noisy(seed, None);
        for entity in [
            Some("service-3"),
            Some("service-4"),
            Some("elsewhere"),
            None,
        ] {
            let found = findings(&world, entity).await;
            assert_eq!(
                found.verdict,
                RootCauseVerdict::Inconclusive,
                "{seed} {entity:?}: {found:#?}"
            );
        }
    }
}

#[tokio::test]
async fn what_really_departs_is_found_among_them() {
    for broken in [1, 5, 6, 20, 41] {
        let world = noisy(broken, Some(broken));
        let name = format!("service-{broken}");
        for entity in [Some(name.as_str()), None] {
            let found = findings(&world, entity).await;
            assert_eq!(
                found.causes.first().map(|cause| cause.entity.as_str()),
                Some(name.as_str())
            );
            let since_ms = found.since_ms.unwrap_or_default();
            assert!(
                since_ms.abs_diff(FAULT_MS) <= 60_000,
                "{broken}: {}",
                since_ms - FAULT_MS
            );
            // Slowness is what others would pass on as well; it explains only who is asked about.
            let is_asked = entity.is_some() || broken / 5 % 4 != 0;
            assert_eq!(
                found.verdict == RootCauseVerdict::Found,
                is_asked,
                "{broken}: {found:#?}"
            );
        }
    }
}
