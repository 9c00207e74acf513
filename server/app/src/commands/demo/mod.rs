//! `tocsin demo`: the server beside a small shop whose faults it switches on, one after another.
//!
//! Nothing is made up on Tocsin's side: the shop's log file is followed, its metrics are scraped, its past
//! is pushed through the same door as anybody's, and the shipped rules say what is worth an alert. Only
//! the looks at metrics are more frequent than by default, since somebody is waiting.

mod guide;
mod process;
mod proposals;
mod remedies;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use tocsin_ingest::metrics::scrape::ScrapeConfig;

use crate::config::Config;
use crate::server::Server;
use guide::Guide;
use process::ShopProcess;
use remedies::{Proposing, Remedies};

/// Seconds between two scrapes of the shop.
const SCRAPE_SECS: u64 = 5;
/// Seconds between two looks at what fills up, and at the rules on metrics.
const LOOK_SECS: u64 = 5;
/// How long the past of the shop is: detectors take a series of a day for young.
const PAST_HOURS: u32 = 72;
/// Where `make demo` puts tools within the user's cache.
const TOOLS_IN_CACHE: &str = "tocsin/tools";
/// The name of the shop, as job and as instance.
const SHOP: &str = "shop";

/// Run the server beside a small shop whose faults are switched on, one after another
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Port of the page and the API on this machine; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder that is kept, with the data of both [default: one that goes at the end]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Propose nothing about what broke
    #[arg(long)]
    no_automation: bool,
    /// Folder of tools, with Ansible in `ansible/bin`, before what is on the PATH [default: where
    /// `make demo` puts them]
    #[arg(long, value_name = "DIR", env = "TOCSIN_TOOLS", hide_env = true)]
    tools: Option<PathBuf>,
}

/// Where the demo keeps its data; a folder of its own goes at the end.
enum Folder {
    Kept(PathBuf),
    Passing(TempDir),
}

impl Folder {
    fn make(named: Option<&PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = named else {
            let passing = tempfile::Builder::new().prefix("tocsin-demo-").tempdir();
            return Ok(Self::Passing(passing.context("cannot make a folder")?));
        };
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the folder `{}`", path.display()))?;
        // The volume is shown by its path, which has to mean something elsewhere too.
        Ok(Self::Kept(path.canonicalize()?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }
}

/// Runs both until one is told to stop.
///
/// # Errors
/// Why one of them could not start, or that the shop ended.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = Folder::make(arguments.data_dir.as_ref())?;
    let labels = labels();
    let remedies = remedies(arguments, folder.path())?;
    let state = remedies.as_ref().and_then(Remedies::terraform_state);
    let past = (tags(&labels), PAST_HOURS);
    let shop = ShopProcess::start(
        &folder.path().join(SHOP),
        (&past.0, past.1),
        state.as_deref(),
    )?;
    let proposing = remedies.map(|remedies| remedies.write(&shop)).transpose()?;
    let mut config = config(arguments, folder.path(), &shop, labels)?;
    let grace = Duration::from_secs(config.server.shutdown_grace_secs);
    let missing = proposing.map(|proposing| propose(&mut config, proposing));
    let (own_log, traces) = crate::telemetry::start(&config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tocsin")
        .build()
        .context("cannot start the threads of the server")?;
    runtime.block_on(async {
        let server = Box::pin(Server::start(config, own_log, traces.counts()))
            .await
            .context("the server cannot start (`--port` takes another port)")?;
        let (stop, stopped) = mpsc::sync_channel(1);
        let guide = Guide::new(server.address(), shop, folder.path(), missing);
        let mut guided = tokio::task::spawn_blocking(move || guide.run(&stopped));
        let outcome = tokio::select! {
            outcome = &mut guided => outcome.context("the guide broke off")?,
            stopped = super::serve::stop_signal() => {
                drop(stop);
                guided.await.context("the guide broke off")??;
                stopped.context("cannot wait for signals")
            }
        };
        server.stop(grace).await;
        outcome
    })
}

/// What can be proposed with the tools of this machine; none if nothing is to be.
fn remedies(arguments: &Arguments, folder: &Path) -> anyhow::Result<Option<Remedies>> {
    if arguments.no_automation {
        return Ok(None);
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    // Tools are run in folders of their own, where a relative path would mean something else.
    let search = std::env::split_paths(&search).filter(|folder| folder.is_absolute());
    let search: Vec<PathBuf> = search.collect();
    let cached = || crate::embedder::user_cache().join(TOOLS_IN_CACHE);
    let tools = arguments.tools.clone().unwrap_or_else(cached);
    let tools = std::path::absolute(tools).context("the folder of tools has no path")?;
    Remedies::prepare(folder.join("automation"), &tools, &search).map(Some)
}

/// Sets automation up; gives what is not there.
fn propose(config: &mut Config, proposing: Proposing) -> Vec<String> {
    config.automation.rules = Some(proposing.rules);
    config.automation.providers = proposing.providers;
    proposing.missing
}

/// What the series of the shop are called by, scraped or pushed.
fn labels() -> BTreeMap<String, String> {
    let host = crate::server::host_name();
    let pairs = [("instance", SHOP), ("host", &host)];
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    given
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

/// The same as tags of line protocol.
fn tags(labels: &BTreeMap<String, String>) -> String {
    let tags = labels
        .iter()
        .map(|(name, value)| format!(",{name}={}", value.replace(' ', "\\ ")));
    format!("job={SHOP}{}", tags.collect::<String>())
}

/// The defaults and the environment, and over them what the demo needs.
fn config(
    arguments: &Arguments,
    folder: &Path,
    shop: &ShopProcess,
    labels: BTreeMap<String, String>,
) -> anyhow::Result<Config> {
    let mut config = crate::config::load(None, std::env::vars())?;
    config.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    config.server.data_dir = folder.join("tocsin");
    // The shop and nothing else: what this machine does would only distract.
    config.ingest.host.enabled = false;
    config.ingest.own_log.enabled = false;
    config.ingest.syslog.enabled = false;
    config.ingest.files.paths = vec![shop.log().display().to_string()];
    config.ingest.scrape = vec![ScrapeConfig {
        job: SHOP.into(),
        targets: vec![shop.address().to_owned()],
        interval_secs: SCRAPE_SECS,
        labels,
        ..ScrapeConfig::default()
    }];
    config.metrics.pipeline.predict_secs = LOOK_SECS;
    config.alerts.every_secs = LOOK_SECS;
    if config.telemetry.log == crate::config::TelemetryConfig::default().log {
        // The terminal belongs to the guide.
        config.telemetry.log = "warn".into();
    }
    Ok(config)
}
