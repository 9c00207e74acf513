//! What a running cluster works with is away.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, ensure};
use tocsin_harness::cluster::{Absence, Cluster, Engine, SharedEngines, wait_long};
use tocsin_harness::{TestServer, wait_for};

use super::load::Load;
use super::watched::{self, Watched};
use super::{ENGINES, Plan, SETTINGS, asked, names, read_of, wait_until_missing};

/// Looks at what the server says while an engine is away, and at what it can do without.
fn look(api: &TestServer, away: Engine) -> anyhow::Result<()> {
    let name = names(away).1;
    for other in ENGINES {
        let Some(route) = read_of(other) else {
            continue;
        };
        let (status, text) = asked(api, route)?;
        if other == away {
            ensure!(
                status == 503 && text.contains(name),
                "{route} without {name}: {status} {text}"
            );
        } else {
            ensure!(status == 200, "{route} without {name}: {status} {text}");
        }
    }
    ensure!(asked(api, "/health/live")?.0 == 200);
    ensure!(asked(api, "/")?.0 == 200);
    Ok(())
}

/// Takes an engine away for a time, and looks at the cluster meanwhile and afterwards.
fn without(
    (engines, cluster): (&mut SharedEngines, &Cluster),
    (engine, how): (Engine, Absence),
    (load, plan): (&Load, &Plan),
) -> anyhow::Result<()> {
    let (ready, name) = names(engine);
    let (api, within) = (&cluster.apis[0], plan.recover_within());
    let mut watched = Watched::both(cluster)?;
    let begun = Instant::now();
    engines.take_away(engine, how)?;
    wait_until_missing(api, &[ready], within)?;
    let accepted = load.accepted();
    look(api, engine)?;
    watched::during(&mut watched, begun, plan.length)?;
    look(api, engine)?;
    let more = load.accepted() - accepted;
    ensure!(
        (more > 0) == (engine != Engine::Redis),
        "{more} lines were accepted without {name}"
    );
    engines.bring_back(engine, how)?;
    let back = Instant::now();
    wait_until_missing(api, &[], within)?;
    if let Some(route) = read_of(engine) {
        let answers = || (asked(api, route).ok()?.0 == 200).then_some(());
        wait_long("its reads to answer", within, answers)
            .with_context(|| format!("{route}\n{}", api.log()))?;
    }
    let took = back.elapsed();
    let [api, worker] = watched;
    writeln!(
        std::io::stderr().lock(),
        "{name} {how:?}: {more} lines accepted meanwhile, whole again after {took:?}; {api}; {worker}"
    )?;
    Ok(())
}

#[test]
fn what_is_away_is_named_and_nothing_is_lost_or_doubled() -> anyhow::Result<()> {
    let plan = Plan::new()?;
    let rounds = plan.rounds(&ENGINES);
    if rounds.is_empty() {
        return Ok(());
    }
    let mut engines = SharedEngines::start()?;
    let cluster = Cluster::start(&engines, (1, 1), &SETTINGS)?;
    let api = &cluster.apis[0];
    let (load, sender) = Load::start(api)?;
    let second = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs();
    let point = format!("away value=1 {second}");
    let (status, answer) = api.post("/api/v2/write?precision=s", &[], point.as_bytes())?;
    ensure!(status == 204, "{status}: {answer}");
    wait_for("the point to be there", || {
        let (_, answer) = api
            .get("/api/v1/query?query=last_over_time(away_value%5B7d%5D)")
            .ok()?;
        answer["data"]["result"]
            .as_array()
            .filter(|found| !found.is_empty())
            .map(drop)
    })?;
    for (engine, how) in rounds {
        let done = without((&mut engines, &cluster), (engine, how), (&load, &plan));
        done.with_context(|| {
            let worker = cluster.workers[0].log();
            format!("{engine:?} {how:?}\napi:\n{}\nworker:\n{worker}", api.log())
        })?;
    }
    load.end(sender, &cluster, plan.recover_within())
}
