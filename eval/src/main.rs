//! The program `eval`: runs a suite on a folder of data with known truth and prints its scores,
//! beside the published ones.

mod anomaly;
mod capacity;
mod copilot;
mod forecast;
mod log_anomaly;
mod parsing;
mod root_cause;
#[cfg(feature = "search")]
mod search;

use std::io::Write;
use std::path::{Path, PathBuf};

#[cfg(feature = "search")]
use anyhow::Context;
use anyhow::ensure;
use clap::{Parser, ValueEnum};

/// Measure Tocsin on data with known truth
#[derive(Debug, Parser)]
#[command(name = "eval")]
struct Arguments {
    /// What to measure; `all` runs every suite on its folder within DIR
    suite: Suite,
    /// The folder with the data of the suite
    #[arg(long, value_name = "DIR", env = "TOCSIN_DATA")]
    data: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    /// Folder of the embedding model [default: tocsin/all-MiniLM-L6-v2 in the user's cache]
    #[arg(long, value_name = "DIR", env = "TOCSIN_MODEL_DIR")]
    model: Option<PathBuf>,
    /// Write what was predicted to this folder, in the form the scorers read
    #[arg(long, value_name = "DIR")]
    predictions: Option<PathBuf>,
    /// Give `root-cause` the call graph of the data
    #[arg(long)]
    graph: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Template mining, on folders laid out as Loghub-2k
    Parsing,
    /// Search by words, by meaning and by both, on docs.json and queries.json
    Search,
    /// Anomaly detection, on folders laid out as NAB or as TSB-AD-U
    Anomaly,
    /// Anomalous sessions of log events, on folders with train, test_normal and test_abnormal
    LogAnomaly,
    /// Forecasts with their intervals and crossings of a threshold, on folders laid out as M4
    Forecast,
    /// Time to threshold on simulated disks; needs no data
    Capacity,
    /// Ranking of root causes, on folders laid out as a scenario of PetShop or as the Nezha cases
    RootCause,
    /// Answers to recorded investigations, on folders with test_case.yaml and the outputs of tools
    Copilot,
    /// Every suite
    All,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.data.is_dir(),
        "there is no folder `{}`: name the data with --data or TOCSIN_DATA",
        arguments.data.display()
    );
    match arguments.suite {
        Suite::Parsing => parsing(&arguments, &arguments.data),
        Suite::Search => search(&arguments, &arguments.data),
        Suite::Anomaly => anomaly(&arguments, &arguments.data),
        Suite::LogAnomaly => log_anomaly(&arguments, &arguments.data),
        Suite::Forecast => forecast(&arguments, &arguments.data),
        Suite::Capacity => capacity(&arguments),
        Suite::RootCause => root_cause(&arguments, &arguments.data, arguments.graph),
        Suite::Copilot => copilot(&arguments, &arguments.data),
        Suite::All => {
            ensure!(
                !arguments.json,
                "`all` prints tables: give one suite with --json"
            );
            parsing(&arguments, &arguments.data.join("parsing"))?;
            anomaly(&arguments, &arguments.data.join("nab"))?;
            anomaly(&arguments, &arguments.data.join("tsb_ad_u_nab"))?;
            log_anomaly(&arguments, &arguments.data.join("logad/hdfs_slice"))?;
            log_anomaly(&arguments, &arguments.data.join("logad/openstack_kalaki"))?;
            forecast(&arguments, &arguments.data.join("m4"))?;
            capacity(&arguments)?;
            for (folder, graph) in [
                ("rca_petshop/low_traffic", true),
                ("rca_petshop/low_traffic", false),
                ("rca_nezha", true),
            ] {
                root_cause(&arguments, &arguments.data.join(folder), graph)?;
            }
            copilot(&arguments, &arguments.data.join("copilot_holmes"))?;
            search(&arguments, &arguments.data.join("retrieval"))
        }
    }
}

fn parsing(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let report = parsing::run(data, arguments.predictions.as_deref())?;
    print(arguments.json, &report, || parsing::table(&report))
}

fn anomaly(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let report = anomaly::run(data, arguments.predictions.as_deref())?;
    print(arguments.json, &report, || anomaly::table(&report))
}

fn log_anomaly(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let scores = log_anomaly::run(data, arguments.predictions.as_deref())?;
    print(arguments.json, &scores, || log_anomaly::table(&scores))
}

fn forecast(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let report = forecast::run(data, arguments.predictions.as_deref())?;
    print(arguments.json, &report, || forecast::table(&report))
}

fn root_cause(arguments: &Arguments, data: &Path, graph: bool) -> anyhow::Result<()> {
    let report = root_cause::run(data, graph, arguments.predictions.as_deref())?;
    print(arguments.json, &report, || root_cause::table(&report))
}

fn copilot(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let report = copilot::run(data, arguments.predictions.as_deref())?;
    print(arguments.json, &report, || copilot::table(&report))
}

fn capacity(arguments: &Arguments) -> anyhow::Result<()> {
    let report = capacity::run()?;
    print(arguments.json, &report, || capacity::table(&report))
}

#[cfg(not(feature = "search"))]
fn search(_: &Arguments, _: &Path) -> anyhow::Result<()> {
    anyhow::bail!("this build of `eval` leaves out search: build it with the feature `search`")
}

#[cfg(feature = "search")]
fn search(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let model = arguments.model.clone().or_else(default_model);
    let model = model.context("say where the embedding model is with --model")?;
    let scores = search::run(data, &model)?;
    print(arguments.json, &scores, || search::table(&scores))
}

fn print(
    json: bool,
    scores: &impl serde::Serialize,
    table: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(scores)?)?;
    } else {
        writeln!(out, "{}", table())?;
    }
    Ok(())
}

#[cfg(feature = "search")]
fn default_model() -> Option<PathBuf> {
    let home = std::env::home_dir()?;
    Some(home.join(".cache/tocsin/all-MiniLM-L6-v2"))
}
