//! Each sort of material, where it alone tells the cause.

use tocsin_domain::metric::{Anomaly, Band, FindingId};
use tocsin_domain::{Labels, SeriesId};

use super::*;
use crate::fakes::alert;

fn traced(world: &World, at_ms: i64, (service, trace): (&str, u8), (severity, body): (&str, &str)) {
    world.log(&NewLine {
        at_ms,
        source: "otlp",
        severity,
        body,
        attributes: &[("service.name", service)],
        trace: Some(trace),
        ..NewLine::default()
    });
}

#[tokio::test]
async fn the_order_within_traces_tells_who_calls_whom() {
    let world = ordinary(3);
    for step in 0..18 {
        let (at_ms, trace) = (FAULT_MS + step * 10_000, step as u8 + 1);
        traced(&world, at_ms, ("front", trace), ("info", "GET /cart"));
        traced(
            &world,
            at_ms + 5,
            ("cart", trace),
            ("info", "reading the cart"),
        );
        traced(
            &world,
            at_ms + 9,
            ("stockroom", trace),
            ("error", "shelf 7 collapsed"),
        );
        traced(
            &world,
            at_ms + 12,
            ("cart", trace),
            ("error", "the cart could not be read"),
        );
        traced(
            &world,
            at_ms + 15,
            ("front", trace),
            ("error", "answered with 500"),
        );
    }
    let critical = alert("failure", &[("service", "front")], "500", FAULT_MS + 30_000);
    let report = explain(&world, &critical).await;
    assert_eq!(found(&report), "stockroom");
    assert!(
        said_of_first(&report).contains("cart and front need stockroom"),
        "{}",
        said_of_first(&report)
    );
}

#[tokio::test]
async fn who_always_departed_later_is_taken_to_need_who_departed_first() {
    let world = ordinary(4);
    for episode in 0..6 {
        let at_ms = BEGIN_MS - (episode + 1) * 86_400_000;
        let mut past = [
            alert("failure", &[("service", "ledger")], "ledger", at_ms),
            alert(
                "failure",
                &[("service", "invoices")],
                "invoices",
                at_ms + 40_000,
            ),
        ];
        world.begin_incident(&mut past);
    }
    for step in 0..24 {
        let at_ms = FAULT_MS + step * 10_000;
        say(
            &world,
            at_ms,
            "error",
            ("ledger", ""),
            &format!("page {step} cannot be read"),
        );
        say(
            &world,
            at_ms,
            "error",
            ("invoices", ""),
            &format!("invoice {step} cannot be made"),
        );
    }
    let critical = alert(
        "failure",
        &[("service", "invoices")],
        "no invoices",
        FAULT_MS + 30_000,
    );
    let report = explain(&world, &critical).await;
    assert_eq!(found(&report), "ledger");
    let victims: Vec<&str> = report
        .ruled_out
        .iter()
        .map(|one| one.entity.as_str())
        .collect();
    assert!(victims.contains(&"invoices"));
}

#[tokio::test]
async fn a_machine_is_found_behind_the_services_that_live_on_it() {
    let world = ordinary(4);
    let until_ms = FAULT_MS + 4 * MINUTE_MS;
    let points: Vec<(i64, f64)> = (0..=(until_ms - BEGIN_MS) / 15_000)
        .map(|step| BEGIN_MS + step * 15_000)
        .map(|at| {
            (
                at,
                if at < FAULT_MS {
                    3e9 + 1e8 * chance(at)
                } else {
                    5e7
                },
            )
        })
        .collect();
    world.measure(
        "node_memory_MemAvailable_bytes",
        &[("instance", "shop-01:9100"), ("job", "node")],
        &points,
    );
    let all: Vec<(i64, f64)> = points.iter().map(|(at, _)| (*at, 4e9)).collect();
    world.measure(
        "node_memory_MemTotal_bytes",
        &[("instance", "shop-01:9100"), ("job", "node")],
        &all,
    );
    for step in 0..20 {
        let at_ms = FAULT_MS + 20_000 + step * 10_000;
        for service in ["web", "orders", "pricing"] {
            say(
                &world,
                at_ms,
                "error",
                (service, ""),
                &format!("{service} took {step} s for nothing"),
            );
        }
    }
    let critical = alert("failure", &[("service", "web")], "slow", FAULT_MS + 60_000);
    let report = explain(&world, &critical).await;
    assert_eq!(found(&report), "shop-01");
    let said = said_of_first(&report);
    assert!(
        said.contains("node_memory_MemAvailable_bytes of shop-01 fell to 50 MB"),
        "{said}"
    );
}

#[tokio::test]
async fn a_service_that_is_gone_is_found_by_its_silence() {
    let world = ordinary(5);
    let until_ms = FAULT_MS + 5 * MINUTE_MS;
    measure_ordinary(&world, until_ms);
    gauge(&world, "up", "search", until_ms, |at| {
        f64::from(u8::from(at < FAULT_MS))
    });
    gauge(&world, "search_hits_mean", "search", FAULT_MS, |at| {
        20.0 + chance(at)
    });
    let mut down = alert(
        "target_down",
        &[("service", "search")],
        "search cannot be scraped",
        FAULT_MS + 60_000,
    );
    down.evidence = vec![tocsin_domain::alert::Evidence::Metric {
        query: "up".into(),
        from_ms: FAULT_MS,
        to_ms: FAULT_MS + 60_000,
        value: 0.0,
    }];
    let report = explain(&world, &down).await;
    assert_eq!(found(&report), "search");
    assert!(
        said_of_first(&report).contains("up of search fell to 0"),
        "{}",
        said_of_first(&report)
    );
}

#[tokio::test]
async fn failures_that_are_only_counted_are_found_and_one_alone_is_not() {
    for (failures, is_found) in [(1.0, false), (40.0, true)] {
        let world = ordinary(4);
        let until_ms = FAULT_MS + 4 * MINUTE_MS;
        measure_ordinary(&world, until_ms);
        counter(
            &world,
            "mail_deliveries_failed_total",
            "mail",
            until_ms,
            |at| {
                let is_first = (FAULT_MS..FAULT_MS + 60_000).contains(&at);
                if is_first { failures / 60.0 } else { 0.0 }
            },
        );
        let critical = alert(
            "mail",
            &[("service", "mail")],
            "mail is late",
            FAULT_MS + 60_000,
        );
        let report = explain(&world, &critical).await;
        assert_eq!(
            report.verdict == RootCauseVerdict::Found,
            is_found,
            "{report:#?}"
        );
        if is_found {
            assert!(
                said_of_first(&report).contains("counted 40 in the"),
                "{}",
                said_of_first(&report)
            );
        }
    }
}

#[tokio::test]
async fn what_only_a_detector_saw_is_told_and_is_no_cause_by_itself() {
    let world = ordinary(3);
    let labels = Labels::new([("__name__", "host_behaviour"), ("host", "shop-01")]).unwrap();
    world.anomalies.lock().push(Anomaly {
        id: FindingId(5),
        series: labels.id(),
        labels,
        detector: "multivariate".into(),
        score: 0.99,
        observed: 0.99,
        expected: Band {
            yhat: 0.1,
            yhat_lower: 0.0,
            yhat_upper: 0.5,
        },
        started_ms: FAULT_MS,
        ended_ms: None,
        explanation: "cpu and 3 others are unusual together".into(),
        feedback: None,
    });
    let odd = alert(
        "anomaly",
        &[("host", "shop-01")],
        "shop-01 is unlike itself",
        FAULT_MS,
    );
    let report = explain(&world, &odd).await;
    assert_eq!(report.verdict, RootCauseVerdict::Inconclusive);
    assert_eq!(report.causes[0].entity, "shop-01");
    assert!(said_of_first(&report).contains("A detector found host_behaviour of shop-01"));
}

#[tokio::test]
async fn among_many_series_those_of_the_involved_are_read() {
    let world = ordinary(4);
    let until_ms = FAULT_MS + 4 * MINUTE_MS;
    for number in 0..30 {
        gauge(
            &world,
            "queue_depth",
            &format!("worker-{number}"),
            until_ms,
            |at| 3.0 + chance(at + number),
        );
    }
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
    say(
        &world,
        FAULT_MS,
        "error",
        ("web", "payment"),
        "no answer from payment",
    );
    let parts = world.parts();
    let changes = ChangeFinder::new(parts.clone(), ChangeRules::built_in().unwrap());
    let config = RootCauseConfig {
        series_max: 5,
        ..RootCauseConfig::default()
    };
    let finder = RootCauseFinder::new(
        parts,
        Arc::new(changes),
        Arc::default(),
        Arc::new(Prompts::load(None).unwrap()),
        config,
    );
    let slow = alert(
        "slow",
        &[("service", "web")],
        "web is slow",
        FAULT_MS + 60_000,
    );
    world.raise(&slow);
    let report = finder
        .report(RootCauseSubject::Alert(slow.id), None)
        .await
        .unwrap()
        .unwrap();
    hold(&report);
    let told = format!("{report:?}");
    assert!(
        told.contains("shop_payment_latency_seconds of payment rose to 3 s"),
        "{report:#?}"
    );
    assert_ne!(SeriesId(0), world.series.lock()[0].series.id);
}
