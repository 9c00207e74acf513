//! The program `eval`: runs a suite on a folder of data with known truth and prints its scores,
//! beside the published ones.

mod parsing;
mod search;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Template mining, on folders laid out as Loghub-2k
    Parsing,
    /// Search by words, by meaning and by both, on docs.json and queries.json
    Search,
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
        Suite::All => {
            ensure!(
                !arguments.json,
                "`all` prints tables: give one suite with --json"
            );
            parsing(&arguments, &arguments.data.join("parsing"))?;
            search(&arguments, &arguments.data.join("retrieval"))
        }
    }
}

fn parsing(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let report = parsing::run(data, arguments.predictions.as_deref())?;
    print(arguments.json, &report, || parsing::table(&report))
}

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

fn default_model() -> Option<PathBuf> {
    let home = std::env::home_dir()?;
    Some(home.join(".cache/tocsin/all-MiniLM-L6-v2"))
}
