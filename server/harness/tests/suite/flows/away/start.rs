//! A server waits for what it needs, or ends if waiting does not help.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tocsin_harness::TestServer;
use tocsin_harness::cluster::{Absence, SharedEngines};

use super::{ENGINES, RECOVER_WITHIN, SETTINGS, names, wait_until_missing};

#[test]
fn a_server_waits_for_what_it_needs_and_starts_by_itself() -> anyhow::Result<()> {
    let mut engines = SharedEngines::start()?;
    for engine in ENGINES {
        engines.take_away(engine, Absence::Refuses)?;
    }
    let shared = engines.settings();
    let mut settings: Vec<_> = shared
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    settings.extend(SETTINGS);
    let mut server = TestServer::start_lacking(&settings)?;
    let mut left: Vec<_> = ENGINES.map(|engine| names(engine).0).into();
    left.sort_unstable();
    wait_until_missing(&server, &left, RECOVER_WITHIN)?;
    for route in ["/", "/api/v1/logs/search", "/metrics"] {
        let (status, problem) = server.get(route)?;
        ensure!(status == 503, "{route}: {status}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        ensure!(left.iter().all(|name| detail.contains(name)), "{detail}");
    }
    let begun = Instant::now();
    ensure!(server.stop()?.success(), "{}", server.log());
    ensure!(begun.elapsed() < Duration::from_secs(5), "it ends at once");
    let said = server.log().matches("waits for what it needs").count();
    ensure!(
        said == ENGINES.len(),
        "said {said} times:\n{}",
        server.log()
    );

    let server = TestServer::start_lacking(&settings)?;
    for engine in ENGINES {
        engines.bring_back(engine, Absence::Refuses)?;
        left.retain(|name| *name != names(engine).0);
        wait_until_missing(&server, &left, RECOVER_WITHIN)?;
    }
    server.push("shop", &["order 1 paid"])?;
    server.wait_for_lines("order", 1)?;
    Ok(())
}

#[test]
fn a_server_that_is_set_wrongly_says_so_and_ends() -> anyhow::Result<()> {
    let engines = SharedEngines::start()?;
    let mut settings = engines.settings();
    let database = settings
        .iter_mut()
        .find(|(name, _)| name.ends_with("RELATIONAL__URL"));
    let (_, database) = database.context("no database")?;
    *database = database.replace("/test_", "/missing_");
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let refused = TestServer::start_with(&settings)
        .err()
        .context("it started")?;
    let said = format!("{refused:#}");
    ensure!(
        said.contains("the server ended") && said.contains("does not exist"),
        "{said}"
    );
    Ok(())
}
