//! What went wrong, and whether it is found.

use tocsin_domain::alert::LabelSet;
use tocsin_domain::change::{Change, ChangeId, ChangeKind};

use super::*;
use crate::fakes::alert;

/// The provider does not answer: payment, then orders, then web fail.
fn payment_timeout(world: &World, minutes: i64) {
    for step in 0..minutes * 6 {
        let at_ms = FAULT_MS + step * 10_000;
        let order = 90_000 + step;
        let said = format!(
            "payment provider paygate timed out after 3000 ms for order {order} (attempt 2 of 2)"
        );
        say(world, at_ms, "error", ("payment", ""), &said);
        let said = format!("order {order} could not be completed: no payment after 2 attempts");
        say(world, at_ms + 6_000, "error", ("orders", "payment"), &said);
        say(
            world,
            at_ms + 6_100,
            "error",
            ("web", "orders"),
            "POST /orders 502 Bad Gateway in 6100 ms",
        );
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_found_behind_those_who_wait_for_it() {
    let world = ordinary(4);
    let until_ms = FAULT_MS + 4 * MINUTE_MS;
    measure_ordinary(&world, until_ms);
    payment_timeout(&world, 4);
    gauge(
        &world,
        "shop_payment_latency_seconds",
        "payment",
        until_ms,
        |at| {
            if at >= FAULT_MS {
                3.0
            } else {
                0.28 + 0.05 * chance(at)
            }
        },
    );
    counter(
        &world,
        "shop_payment_errors_total",
        "payment",
        until_ms,
        |at| {
            if at >= FAULT_MS { 0.2 } else { 0.0 }
        },
    );
    let labels = [
        ("service", "web"),
        ("upstream", "orders"),
        ("host", "shop-01"),
    ];
    let report = explain(
        &world,
        &alert("failure", &labels, "502 Bad Gateway", FAULT_MS + 60_000),
    )
    .await;
    assert_eq!(found(&report), "payment");
    assert!(
        report.since_ms.unwrap().abs_diff(FAULT_MS) <= 30_000,
        "{:?}",
        report.since_ms
    );
    let said = said_of_first(&report);
    assert!(said.contains("timed out after 3000 ms"), "{said}");
    assert!(said.contains("need payment"), "{said}");
    let victims: Vec<&str> = report
        .ruled_out
        .iter()
        .map(|one| one.entity.as_str())
        .collect();
    assert!(
        victims.contains(&"orders") && victims.contains(&"web"),
        "{victims:?}"
    );
    let impact: Vec<&str> = report.impact.iter().map(|one| one.text.as_str()).collect();
    assert!(
        impact.iter().any(|text| text.starts_with("orders said")),
        "{impact:?}"
    );
    assert!(!report.remediation.is_empty());
}

#[tokio::test]
async fn a_missing_price_is_found_in_pricing() {
    let world = ordinary(3);
    measure_ordinary(&world, FAULT_MS + 3 * MINUTE_MS);
    for step in 0..12 {
        let at_ms = FAULT_MS + step * 15_000;
        say(
            &world,
            at_ms,
            "critical",
            ("pricing", ""),
            "CRITICAL: Pricing error | Missing price for product 999",
        );
        let said = format!("order {step} was put back into the cart by pricing");
        say(&world, at_ms + 20, "warning", ("orders", "pricing"), &said);
    }
    let mut critical = alert(
        "failure",
        &[("service", "pricing")],
        "Missing price for product 999",
        FAULT_MS,
    );
    critical.failure_type = Some("missing_price".into());
    let report = explain(&world, &critical).await;
    assert_eq!(found(&report), "pricing");
    assert_eq!(report.since_ms, Some(FAULT_MS));
    assert!(said_of_first(&report).contains("Missing price for product 999"));
}

#[tokio::test]
async fn a_volume_that_fills_for_hours_is_found_in_a_wider_window() {
    let world = ordinary(240);
    let until_ms = FAULT_MS + 240 * MINUTE_MS;
    // 2.2 % an hour, from 41 % on.
    let size = 1e9;
    let used = |at: i64| size * (0.41 + 0.022 * ((at - FAULT_MS).max(0) as f64 / 3.6e6));
    gauge(
        &world,
        "node_filesystem_avail_bytes",
        "volume",
        until_ms,
        |at| size - used(at),
    );
    gauge(
        &world,
        "node_filesystem_size_bytes",
        "volume",
        until_ms,
        |_| size,
    );
    measure_ordinary(&world, until_ms);
    let predicted = alert(
        "predicted_full",
        &[("service", "volume")],
        "volume will be full",
        until_ms,
    );
    let report = explain(&world, &predicted).await;
    assert_eq!(found(&report), "volume");
    let said = said_of_first(&report);
    assert!(
        said.contains("node_filesystem_avail_bytes of volume fell to"),
        "{said}"
    );
}

#[tokio::test]
async fn memory_that_leaks_is_found_in_the_one_who_keeps_it() {
    let world = ordinary(3);
    let until_ms = FAULT_MS + 3 * MINUTE_MS;
    counter(&world, "shop_http_requests_total", "web", until_ms, |at| {
        5.0 + chance(at)
    });
    gauge(
        &world,
        "process_resident_memory_bytes",
        "sessions",
        until_ms,
        |at| 4e7 + 1e6 * chance(at) + 4e3 * (at - FAULT_MS).max(0) as f64,
    );
    for megabytes in [40, 80, 120, 160] {
        let at_ms = FAULT_MS + megabytes * 1000;
        let said = format!("session cache holds {megabytes} MB, no entry was evicted");
        say(&world, at_ms, "warning", ("sessions", ""), &said);
    }
    let odd = alert(
        "anomaly",
        &[("service", "sessions")],
        "memory is unlike itself",
        FAULT_MS + 60_000,
    );
    let report = explain(&world, &odd).await;
    assert_eq!(found(&report), "sessions");
    let said = said_of_first(&report);
    assert!(
        said.contains("process_resident_memory_bytes of sessions rose to"),
        "{said}"
    );
    assert!(said.contains("MB from"), "{said}");
}

#[tokio::test]
async fn a_bad_deploy_is_told_with_what_to_take_back() {
    let world = ordinary(5);
    measure_ordinary(&world, FAULT_MS + 5 * MINUTE_MS);
    say(
        &world,
        FAULT_MS - 60_000,
        "info",
        ("pricing", ""),
        "deployed pricing v2.41.0 in 12 s",
    );
    world.changes.lock().push(Change {
        id: ChangeId(9),
        at_ms: FAULT_MS - 50 * MINUTE_MS,
        kind: ChangeKind::Config,
        entity: "web".into(),
        title: "more workers".into(),
        labels: LabelSet::default(),
        source: "api".into(),
        actor: None,
        url: None,
        record: None,
    });
    for step in 0..30 {
        let at_ms = FAULT_MS + step * 10_000;
        let said = format!(
            "unhandled exception: TypeError in compute_price at pricing.py line 41 (order {step})"
        );
        say(&world, at_ms, "error", ("pricing", ""), &said);
        say(
            &world,
            at_ms + 50,
            "error",
            ("orders", "pricing"),
            "no answer from pricing, order 12 is dropped",
        );
    }
    let report = explain(
        &world,
        &alert(
            "failure",
            &[("service", "orders")],
            "orders fail",
            FAULT_MS + 30_000,
        ),
    )
    .await;
    assert_eq!(found(&report), "pricing");
    let said = said_of_first(&report);
    assert!(said.contains("A deploy of pricing was done at"), "{said}");
    assert!(
        report.causes[0]
            .factors
            .iter()
            .any(|factor| factor.kind == "change_proximity")
    );
    let first = &report.remediation[0];
    assert!(first.text.contains("roll back"), "{first:?}");
}

#[tokio::test]
async fn quiet_times_name_nobody_and_say_what_is_missing() {
    for minutes in [0, 7, 31, 120] {
        let world = ordinary(minutes);
        let at_ms = FAULT_MS + minutes * MINUTE_MS;
        measure_ordinary(&world, at_ms);
        let report = explain(
            &world,
            &alert("odd", &[("service", "orders")], "something is odd", at_ms),
        )
        .await;
        assert_eq!(
            report.verdict,
            RootCauseVerdict::Inconclusive,
            "{minutes}: {report:#?}"
        );
        let said: Vec<&str> = report
            .would_settle
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        assert!(
            said.iter().any(|text| text.contains("upstream")),
            "{said:?}"
        );
        assert!(
            said.iter().any(|text| text.contains("a change")),
            "{said:?}"
        );
        assert!(report.causes.iter().all(|cause| cause.confidence < 0.5));
    }
}

#[tokio::test]
async fn an_empty_world_is_said_to_be_one() {
    let world = World::new();
    world.set_now(FAULT_MS);
    let report = explain(
        &world,
        &alert(
            "odd",
            &[("host", "server-03")],
            "server-03 is slow",
            FAULT_MS,
        ),
    )
    .await;
    assert_eq!(report.verdict, RootCauseVerdict::Inconclusive);
    assert!(report.causes.is_empty() && report.since_ms.is_none());
    let said: Vec<&str> = report
        .would_settle
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    assert!(
        said.iter().any(|text| text.contains("no log line")),
        "{said:?}"
    );
    assert!(
        said.iter().any(|text| text.contains("no metrics")),
        "{said:?}"
    );
}

#[tokio::test]
async fn two_that_are_as_likely_are_a_tie() {
    let world = ordinary(4);
    for step in 0..24 {
        let at_ms = FAULT_MS + step * 10_000;
        for service in ["left", "right"] {
            say(
                &world,
                at_ms,
                "error",
                (service, ""),
                &format!("{service} broke down in step {step}"),
            );
        }
    }
    let report = explain(
        &world,
        &alert(
            "failure",
            &[("source", "shop")],
            "errors",
            FAULT_MS + 60_000,
        ),
    )
    .await;
    assert_eq!(report.verdict, RootCauseVerdict::Inconclusive);
    let said = &report.would_settle[0];
    assert_eq!(
        said.text,
        "left and right are as likely: which of them needs the other, or was changed, would tell."
    );
    assert_eq!(said.cites.len(), 2);
}

#[tokio::test]
async fn what_comes_in_bursts_anyway_is_no_departure() {
    let world = ordinary(10);
    // Every half hour the same burst of errors; so it is again.
    for burst in 0..7 {
        for step in 0..40 {
            let at_ms = BEGIN_MS + burst * 30 * MINUTE_MS + step * 1000;
            say(
                &world,
                at_ms,
                "error",
                ("sync", ""),
                &format!("record {step} was skipped: checksum"),
            );
        }
    }
    let at_ms = FAULT_MS + MINUTE_MS;
    let report = explain(
        &world,
        &alert("new_error", &[("service", "sync")], "errors", at_ms),
    )
    .await;
    assert_eq!(
        report.verdict,
        RootCauseVerdict::Inconclusive,
        "{report:#?}"
    );
}
