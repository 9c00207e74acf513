//! What the server needs is away, at the start and while it works: it says what is missing, does what it
//! can do without, and goes on by itself.
//!
//! `TOCSIN_AWAY_SECS` says for how long each is away (6), and `TOCSIN_AWAY_ONLY` which one alone, in
//! both ways (`postgres`) or in one (`postgres-refuses`, `postgres-hangs`). With an hour, what is printed
//! tells whether memory and the log are bounded.

mod load;
mod meaning;
mod start;
mod watched;
mod work;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::TestServer;
use tocsin_harness::cluster::{Absence, Engine, wait_long};

/// How long an answer may take, whatever hangs: longer than the sum of what is waited for on a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long everything may take to be as before, beside a tenth of the time that something was away.
const RECOVER_WITHIN: Duration = Duration::from_secs(60);
const ENGINES: [Engine; 4] = [
    Engine::Postgres,
    Engine::Redis,
    Engine::ClickHouse,
    Engine::InfluxDb,
];
/// What search by meaning needs beside them.
const OF_MEANING: [Engine; 2] = [Engine::Qdrant, Engine::Embeddings];
/// Waits that are shorter than by default, so that the test is.
const SETTINGS: [(&str, &str); 4] = [
    ("TOCSIN_RELATIONAL__WAIT_SECS", "2"),
    ("TOCSIN_BUS__REDIS__TIMEOUT_MS", "1000"),
    ("TOCSIN_BUS__REDIS__SETTLE_SECS", "2"),
    ("TOCSIN_PIPELINE__FLUSH_SECS", "1"),
];

/// What is taken away, and for how long.
#[derive(Debug)]
struct Plan {
    length: Duration,
    only: Option<String>,
}

impl Plan {
    /// The plan of the variables.
    fn new() -> anyhow::Result<Self> {
        let variable = |name| {
            let text = std::env::var_os(name)?;
            Some(text.to_string_lossy().into_owned())
        };
        let secs = variable("TOCSIN_AWAY_SECS").map_or(Ok(6), |text| text.parse())?;
        let plan = Self {
            length: Duration::from_secs(secs),
            only: variable("TOCSIN_AWAY_ONLY"),
        };
        let all = [&ENGINES[..], &OF_MEANING].concat();
        ensure!(!plan.rounds(&all).is_empty(), "no such round: {plan:?}");
        Ok(plan)
    }

    /// Which of these engines are away, and how, one after the other.
    fn rounds(&self, engines: &[Engine]) -> Vec<(Engine, Absence)> {
        let ways = [Absence::Refuses, Absence::Hangs];
        let all = engines
            .iter()
            .flat_map(|engine| ways.map(|how| (*engine, how)));
        let is_meant = |(engine, how): &(Engine, Absence)| {
            let engine = format!("{engine:?}").to_lowercase();
            let way = format!("{engine}-{how:?}").to_lowercase();
            let only = self.only.as_ref();
            only.is_none_or(|only| *only == engine || *only == way)
        };
        all.filter(is_meant).collect()
    }

    /// How long everything may take to be as before: what waited is worked on first.
    fn recover_within(&self) -> Duration {
        RECOVER_WITHIN + self.length / 10
    }
}

/// What `/health/ready` calls it, and people.
fn names(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Postgres => ("relational", "PostgreSQL"),
        Engine::Redis => ("bus", "Redis"),
        Engine::ClickHouse => ("logs", "ClickHouse"),
        Engine::InfluxDb => ("metrics", "InfluxDB"),
        Engine::Qdrant => ("vectors", "Qdrant"),
        Engine::Embeddings => ("", "the server of embeddings"),
    }
}

/// A read that only this engine can answer.
fn read_of(engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::Postgres => Some("/api/v1/alerts"),
        Engine::Redis | Engine::Qdrant | Engine::Embeddings => None,
        Engine::ClickHouse => Some("/api/v1/logs/search?q=order"),
        Engine::InfluxDb => Some("/api/v1/query?query=last_over_time(away_value%5B7d%5D)"),
    }
}

/// The names of what is not ready.
fn missing(server: &TestServer) -> anyhow::Result<(u16, Vec<String>)> {
    let (status, answer) = server.get("/health/ready")?;
    let all = answer["dependencies"].as_array().context("no list")?;
    let missing = all.iter().filter(|one| one["ready"] == false);
    let name = |one: &Value| one["name"].as_str().unwrap_or_default().to_owned();
    Ok((status, missing.map(name).collect()))
}

fn wait_until_missing(server: &TestServer, names: &[&str], within: Duration) -> anyhow::Result<()> {
    let mut last = None;
    let wanted = if names.is_empty() { 200 } else { 503 };
    let told = wait_long("the right ones to be missing", within, || {
        let (status, mut missing) = missing(server).ok()?;
        missing.sort_unstable();
        let is_so = status == wanted && missing == names;
        last = Some((status, missing));
        is_so.then_some(())
    });
    told.with_context(|| format!("{names:?} are to be missing: {last:?}\n{}", server.log()))
}

/// The status of an answer and what it says is wrong, if it came in time.
fn asked(server: &TestServer, route: &str) -> anyhow::Result<(u16, String)> {
    let begun = Instant::now();
    let (status, text) = server.get_text(route)?;
    let took = begun.elapsed();
    ensure!(
        took < ANSWER_WITHIN,
        "{route} took {took:?}: {status} {text}"
    );
    Ok((status, text))
}
