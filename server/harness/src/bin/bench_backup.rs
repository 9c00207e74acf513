//! The drill of docs/backup.md with a clock: how long a backup, an incremental one and a restoration
//! take, and how long an outage and what is lost would be.
//!
//! `bench_backup [LINES] [shared]`: fills a server with LINES lines and as many points as come beside
//! them, backs it up while both go on, once more after a tenth, kills it, restores elsewhere and waits
//! until a search answers. With `shared` the server is over PostgreSQL, Redis, ClickHouse's engine and
//! the doubles of InfluxDB and Qdrant, and what is restored into is another set of them.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tocsin_harness::TestServer;
use tocsin_harness::backups::{Sent, done, megabytes, there, tocsin};
use tocsin_harness::cluster::{SharedEngines, wait_long};

/// How long anything may take that is waited for.
const MOST: Duration = Duration::from_secs(3_600);
/// Between two requests to a server over doubles, which are slower than what they stand for.
const DOUBLES_REST: Duration = Duration::from_millis(10);
/// The setting that the docs advise, in minutes.
const EVERY_MINUTES: f64 = 10.0;

/// What a server is started with, and what it is over.
struct Site {
    _engines: Option<SharedEngines>,
    settings: Vec<(&'static str, String)>,
}

impl Site {
    fn start(is_shared: bool) -> anyhow::Result<Self> {
        let engines = match is_shared {
            true => Some(SharedEngines::start()?.with_vectors()?),
            false => None,
        };
        let settings = engines.as_ref().map(SharedEngines::settings);
        Ok(Self {
            settings: settings.unwrap_or_default(),
            _engines: engines,
        })
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        let all = self.settings.iter();
        all.map(|(name, value)| (*name, value.as_str())).collect()
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Runs a backup and says what it cost; gives the seconds.
fn back_up(what: &str, server: &TestServer, site: &Site, place: &str) -> anyhow::Result<f64> {
    let began = Instant::now();
    let said = done(&tocsin(
        &server.data_dir(),
        &site.settings(),
        &["backup", place],
    )?)?;
    let took = began.elapsed().as_secs_f64();
    let (all, new) = megabytes(&said).context("no megabytes")?;
    say(&format!(
        "{what:<32} {took:>8.1} s, {new:.1} MB written, {all:.1} MB in all"
    ))?;
    Ok(took)
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let lines: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let is_shared = arguments.next().is_some_and(|word| word == "shared");
    let place = TempDir::new()?;
    let backups = place.path().to_str().context("a path")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let base_ms = now.as_millis() as u64 - 3_000_000;

    let site = Site::start(is_shared)?;
    let mut server = TestServer::start_in(TempDir::new()?, &site.settings())?;
    let sent = Arc::new(Sent::with_pause(if is_shared {
        DOUBLES_REST
    } else {
        Duration::ZERO
    }));
    let senders = sent.start(&server.url(""), base_ms);
    let reach = |lines: u64| {
        wait_long("the lines", MOST, || {
            (sent.accepted().0 >= lines).then_some(())
        })
    };
    reach(lines)?;
    back_up("full backup under load", &server, &site, backups)?;
    reach(sent.accepted().0 + lines / 10)?;
    let accepted = sent.accepted();
    let took = back_up("incremental backup under load", &server, &site, backups)?;
    server.kill()?;
    sent.stop();
    for sender in senders {
        ensure!(sender.join().is_ok(), "a sender failed");
    }

    let other = Site::start(is_shared)?;
    let elsewhere = TempDir::new()?;
    let data_dir = elsewhere.path().join("data");
    let began = Instant::now();
    done(&tocsin(
        &data_dir,
        &other.settings(),
        &["restore", backups],
    )?)?;
    let restored = began.elapsed().as_secs_f64();
    let server = TestServer::start_in(elsewhere, &other.settings())?;
    wait_long("the server to be ready", MOST, || {
        (server.get("/health/ready").ok()?.0 == 200).then_some(())
    })?;
    wait_long("a search to answer", MOST, || {
        let (_, found) = server.get("/api/v1/logs/search?limit=10&q=customer").ok()?;
        (found["total"].as_u64()? > 0).then_some(())
    })?;
    let outage = began.elapsed().as_secs_f64();
    say(&format!("{:<32} {restored:>8.1} s", "restore"))?;
    say(&format!(
        "{:<32} {outage:>8.1} s",
        "RTO: until ready and found"
    ))?;
    let lost = EVERY_MINUTES + took / 60.0;
    say(&format!(
        "{:<32} {lost:>8.1} min with `backup.every_minutes = {EVERY_MINUTES}`",
        "RPO: at most"
    ))?;
    there(&server, accepted, 0, base_ms).with_context(|| server.log())?;
    say(&format!(
        "{} lines and {} requests of points before the mark are there, each once",
        accepted.0, accepted.1
    ))
}
