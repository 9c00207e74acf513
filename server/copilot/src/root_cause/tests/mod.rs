//! Reports over a small shop: the faults of the demo, a bad deploy, quiet times, a tie.

mod material;
mod quiet;
mod reports;
mod scenarios;
mod wording;

use std::sync::Arc;

use tocsin_domain::alert::Alert;
use tocsin_domain::copilot::{Fact, RootCause, RootCauseSubject, RootCauseVerdict, Statement};
use tocsin_llm::{Claim, Evidence, Prompts, check};

use super::{RootCauseConfig, RootCauseFinder};
use crate::changes::{ChangeFinder, ChangeRules};
use crate::fakes::{BEGIN_MS, MINUTE_MS, NewLine, World};
use crate::parts::CopilotParts;
use crate::runbooks::Runbooks;
use crate::words::moment;

/// Minutes of ordinary life before anything goes wrong.
const ORDINARY_MINUTES: i64 = 180;
/// When things go wrong, in ms.
const FAULT_MS: i64 = BEGIN_MS + ORDINARY_MINUTES * MINUTE_MS;

/// A finder over a world.
fn finder(world: &Arc<World>) -> RootCauseFinder {
    finder_over(world.parts())
}

fn finder_over(parts: Arc<CopilotParts>) -> RootCauseFinder {
    let rules = ChangeRules::built_in().unwrap();
    let changes = Arc::new(ChangeFinder::new(parts.clone(), rules));
    let runbooks = Arc::new(Runbooks::built_in().unwrap());
    let prompts = Arc::new(Prompts::load(None).unwrap());
    RootCauseFinder::new(
        parts,
        changes,
        runbooks,
        prompts,
        RootCauseConfig::default(),
    )
}

/// A number in `[0, 1)` that looks like chance and is not.
fn chance(seed: i64) -> f64 {
    let mixed = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as f64 / (1u64 << 24) as f64
}

/// Logs a line of a service of the shop.
fn say(world: &World, at_ms: i64, severity: &str, (service, upstream): (&str, &str), said: &str) {
    let mut attributes = vec![("service", service)];
    if !upstream.is_empty() {
        attributes.push(("upstream", upstream));
    }
    world.log(&NewLine {
        at_ms,
        source: "file:/srv/shop.log",
        host: "shop-01",
        severity,
        body: said,
        attributes: &attributes,
        ..NewLine::default()
    });
}

/// A shop that lives an ordinary life until `FAULT_MS` and `minutes` beyond.
fn ordinary(minutes: i64) -> Arc<World> {
    let world = World::new();
    let until_ms = FAULT_MS + minutes * MINUTE_MS;
    let mut at_ms = BEGIN_MS;
    while at_ms < until_ms {
        let order = (at_ms - BEGIN_MS) / 1000;
        let ms = 100 + (chance(at_ms) * 80.0) as i64;
        say(
            &world,
            at_ms,
            "info",
            ("web", ""),
            &format!("POST /orders 200 OK in {ms} ms"),
        );
        say(
            &world,
            at_ms,
            "info",
            ("orders", ""),
            &format!("order {order} received: 1 x product 7"),
        );
        say(
            &world,
            at_ms + 200,
            "info",
            ("payment", ""),
            &format!("paygate authorised order {order} in {ms} ms"),
        );
        say(
            &world,
            at_ms + 300,
            "debug",
            ("pricing", ""),
            &format!("product 7 x 1: {ms} cents"),
        );
        if order % 60 == 0 {
            say(
                &world,
                at_ms,
                "info",
                ("volume", ""),
                "volume data is 41% used, 600 MB free",
            );
        }
        // Now and then something fails in ordinary life, too.
        if chance(at_ms + 1) < 0.004 {
            say(
                &world,
                at_ms,
                "error",
                ("web", ""),
                "GET /favicon.ico 500 Internal Server Error in 3 ms",
            );
        }
        at_ms += 10_000;
    }
    world.set_now(until_ms);
    world
}

/// Measures a gauge of a service every 15 s, from the begin of the world until `until_ms`.
fn gauge(world: &World, name: &str, service: &str, until_ms: i64, value: impl Fn(i64) -> f64) {
    let steps = (until_ms - BEGIN_MS) / 15_000;
    let points: Vec<(i64, f64)> = (0..=steps)
        .map(|step| BEGIN_MS + step * 15_000)
        .map(|at_ms| (at_ms, value(at_ms)))
        .collect();
    let labels = [
        ("service", service),
        ("job", "shop"),
        ("instance", "127.0.0.1:9000"),
    ];
    world.measure(name, &labels, &points);
}

/// Measures a counter that grows by `rate` per second.
fn counter(world: &World, name: &str, service: &str, until_ms: i64, rate: impl Fn(i64) -> f64) {
    let mut sum = 0.0;
    let steps = (until_ms - BEGIN_MS) / 15_000;
    let points: Vec<(i64, f64)> = (0..=steps)
        .map(|step| {
            let at_ms = BEGIN_MS + step * 15_000;
            sum += rate(at_ms) * 15.0;
            (at_ms, sum)
        })
        .collect();
    world.measure(name, &[("service", service), ("job", "shop")], &points);
}

/// The ordinary series of the shop.
fn measure_ordinary(world: &World, until_ms: i64) {
    counter(world, "shop_http_requests_total", "web", until_ms, |at| {
        5.0 + chance(at)
    });
    gauge(world, "shop_order_queue_depth", "orders", until_ms, |at| {
        1.0 + (chance(at + 2) * 3.0).floor()
    });
    gauge(
        world,
        "process_resident_memory_bytes",
        "sessions",
        until_ms,
        |at| 4e7 + 1e6 * chance(at + 3),
    );
    gauge(world, "node_load1", "", until_ms, |at| {
        0.3 + 0.2 * chance(at + 4)
    });
}

/// The report about an alert.
async fn explain(world: &Arc<World>, alert: &Alert) -> RootCause {
    world.raise(alert);
    let report = finder(world)
        .report(RootCauseSubject::Alert(alert.id), None)
        .await
        .unwrap()
        .unwrap();
    hold(&report);
    report
}

fn statements(report: &RootCause) -> Vec<&Statement> {
    let causes = report.causes.iter().flat_map(|cause| &cause.statements);
    let ruled_out = report.ruled_out.iter().map(|one| &one.statement);
    let others = [
        &report.what,
        &report.impact,
        &report.remediation,
        &report.would_settle,
    ];
    causes
        .chain(ruled_out)
        .chain(others.into_iter().flatten())
        .collect()
}

/// Holds every statement of a report to its evidence, as a model's would be.
fn hold(report: &RootCause) {
    let given = format!("{} {}", moment(report.from_ms), moment(report.to_ms));
    hold_statements(&statements(report), &report.facts, &given);
    let sum: f64 = report.causes.iter().map(|cause| cause.confidence).sum();
    assert!(sum <= 1.0 + 1e-9);
    assert_eq!(
        report.verdict == RootCauseVerdict::Found,
        report.would_settle.is_empty()
    );
}

fn hold_statements(statements: &[&Statement], facts: &[Fact], given: &str) {
    let mut evidence = Evidence::new();
    for fact in facts {
        evidence.add(&fact.id, &fact.text);
    }
    // What says something of the answer itself cites nothing.
    evidence.add("GIVEN", given);
    for statement in statements {
        let mut cites = statement.cites.clone();
        if cites.is_empty() {
            cites.push("GIVEN".into());
        }
        let claim = Claim {
            text: statement.text.clone(),
            cites,
        };
        let checked = check(&[claim], &evidence);
        assert!(
            checked.dropped.is_empty(),
            "{:#?}\n{facts:#?}",
            checked.dropped
        );
        assert!(!checked.kept.is_empty(), "{statement:?}");
    }
}

/// The first cause; the report must name one.
fn found(report: &RootCause) -> &str {
    assert_eq!(report.verdict, RootCauseVerdict::Found, "{report:#?}");
    &report.causes[0].entity
}

/// All that is said of the first cause.
fn said_of_first(report: &RootCause) -> String {
    let said = report.causes[0]
        .statements
        .iter()
        .map(|one| one.text.as_str());
    said.collect::<Vec<_>>().join("\n")
}
