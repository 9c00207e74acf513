//! The store of vectors or the server that makes them is away: lines are found by words meanwhile.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::TestServer;
use tocsin_harness::cluster::{Absence, Cluster, Engine, SharedEngines, wait_long};

use super::load::Load;
use super::watched::{self, Watched};
use super::{ENGINES, OF_MEANING, Plan, SETTINGS, asked, names, read_of, wait_until_missing};

/// A kind of line that comes for the first time while something is away, and questions about it.
struct Kind {
    word: &'static str,
    line: &'static str,
    questions: [&'static str; 4],
}

/// For each round its own, since what was asked once is known.
const KINDS: [Kind; 4] = [
    Kind {
        word: "elevator",
        line: "elevator stuck between floors",
        questions: [
            "elevator",
            "stuck elevator",
            "elevator floors",
            "floors stuck",
        ],
    },
    Kind {
        word: "printer",
        line: "printer has no paper in tray seven",
        questions: [
            "printer",
            "printer paper",
            "paper tray",
            "tray without paper",
        ],
    },
    Kind {
        word: "freezer",
        line: "temperature of the freezer rose over its upper limit",
        questions: ["freezer", "freezer temperature", "upper limit", "rose over"],
    },
    Kind {
        word: "badge",
        line: "door refused a badge",
        questions: ["badge", "badge refused", "door badge", "door refused"],
    },
];
/// How often the line comes.
const LINES: u64 = 3;

/// The answer to a search.
fn search(api: &TestServer, mode: &str, question: &str) -> anyhow::Result<(u16, Value)> {
    let question = question.replace(' ', "+");
    let route = format!("/api/v1/logs/search?q={question}&mode={mode}");
    let (status, text) = asked(api, &route)?;
    Ok((status, serde_json::from_str(&text)?))
}

/// Whether every kind of line has its vectors, as the page shows it.
fn is_whole(api: &TestServer) -> Option<()> {
    let (_, stats) = api.get("/api/v1/stats").ok()?;
    let templates = stats["templates"].as_u64()?;
    (templates > 0 && stats["prototypes_embedded"] == templates).then_some(())
}

/// Looks at what searches answer without an engine, and at all that does not need it.
fn look(api: &TestServer, away: Engine, (kind, first): (&Kind, usize)) -> anyhow::Result<()> {
    let name = names(away).1;
    let (status, answer) = search(api, "hybrid", kind.questions[first])?;
    let notice = answer["notice"].as_str().unwrap_or_default();
    ensure!(
        status == 200 && notice.contains(name) && answer["total"] == LINES,
        "{status}: {answer}"
    );
    let (status, answer) = search(api, "semantic", kind.questions[first + 1])?;
    let detail = answer["detail"].as_str().unwrap_or_default();
    ensure!(status == 503 && detail.contains(name), "{status}: {answer}");
    for route in ENGINES.into_iter().filter_map(read_of) {
        let (status, text) = asked(api, route)?;
        ensure!(status == 200, "{route} without {name}: {status} {text}");
    }
    ensure!(asked(api, "/health/live")?.0 == 200);
    ensure!(asked(api, "/")?.0 == 200);
    Ok(())
}

/// What is not ready without it: search by words goes on without the server of embeddings.
fn missing_without(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Qdrant => &["vectors"],
        _ => &[],
    }
}

/// Takes an engine away for a time, has a new kind of line come meanwhile, and looks for it.
fn without(
    (engines, cluster): (&mut SharedEngines, &Cluster),
    (engine, how, kind): (Engine, Absence, &Kind),
    plan: &Plan,
) -> anyhow::Result<()> {
    let (api, within, name) = (&cluster.apis[0], plan.recover_within(), names(engine).1);
    let mut watched = Watched::both(cluster)?;
    let begun = Instant::now();
    engines.take_away(engine, how)?;
    wait_until_missing(api, missing_without(engine), within)?;
    api.push("kinds", &[kind.line; LINES as usize])?;
    api.wait_for_lines(kind.word, LINES)?;
    look(api, engine, (kind, 0))?;
    watched::during(&mut watched, begun, plan.length)?;
    wait_until_missing(api, missing_without(engine), within)?;
    look(api, engine, (kind, 2))?;
    ensure!(is_whole(api).is_none(), "a vector came without {name}");
    engines.bring_back(engine, how)?;
    let back = Instant::now();
    wait_until_missing(api, &[], within)?;
    let mut last = None;
    let found = wait_long("the new kind to be found by meaning", within, || {
        last = search(api, "semantic", kind.questions[3]).ok();
        let (status, answer) = last.as_ref()?;
        let first = answer["items"][0]["body"].as_str()?;
        (*status == 200 && first == kind.line).then_some(())
    });
    found.with_context(|| format!("{last:?}"))?;
    wait_long("all to have vectors", within, || is_whole(api))?;
    let took = back.elapsed();
    let [api, worker] = watched;
    writeln!(
        std::io::stderr().lock(),
        "{name} {how:?}: whole again after {took:?}; {api}; {worker}"
    )?;
    Ok(())
}

#[test]
fn without_vectors_or_who_makes_them_lines_are_found_by_words() -> anyhow::Result<()> {
    let plan = Plan::new()?;
    let rounds = plan.rounds(&OF_MEANING);
    if rounds.is_empty() {
        return Ok(());
    }
    let engines = SharedEngines::start()?.with_vectors()?;
    let mut engines = engines.with_embeddings()?;
    let cluster = Cluster::start(&engines, (1, 1), &SETTINGS)?;
    let api = &cluster.apis[0];
    let (load, sender) = Load::start(api)?;
    let begun = wait_long("all to have vectors", Duration::from_secs(60), || {
        is_whole(api)
    });
    let logs = || format!("api:\n{}\nworker:\n{}", api.log(), cluster.workers[0].log());
    begun.with_context(logs)?;
    for (&(engine, how), kind) in rounds.iter().zip(&KINDS) {
        let done = without((&mut engines, &cluster), (engine, how, kind), &plan);
        done.with_context(|| format!("{engine:?} {how:?}\n{}", logs()))?;
    }
    for kind in &KINDS[..rounds.len()] {
        api.wait_for_lines(kind.word, LINES)?;
    }
    load.end(sender, &cluster, plan.recover_within())
}
