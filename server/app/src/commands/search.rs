//! `tocsin search`.

use std::io::Write;

use serde_json::Value;

use super::remote::{self, Remote};

/// Ask a running server for log lines.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to look for: words, "phrases", -not, prefix*, field:value, or a question
    query: String,
    /// How to look: by the words, by the meaning, or both
    #[arg(long, default_value = "hybrid", value_parser = ["text", "semantic", "hybrid"])]
    mode: String,
    /// From when, such as now-1h or 2026-11-21T10:00:00Z
    #[arg(long)]
    from: Option<String>,
    /// Until when
    #[arg(long)]
    to: Option<String>,
    /// How many lines at most
    #[arg(long, default_value_t = 20)]
    limit: u16,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Asks and prints.
///
/// # Errors
/// If no server answers, or it refuses the question.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut request = Remote::agent()
        .get(arguments.remote.url("/api/v1/logs/search"))
        .query("q", &arguments.query)
        .query("mode", &arguments.mode)
        .query("limit", arguments.limit.to_string());
    for (name, value) in [("from", &arguments.from), ("to", &arguments.to)] {
        if let Some(value) = value {
            request = request.query(name, value);
        }
    }
    let text = remote::body(arguments.remote.reached(request.call())?)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let answer: Value = serde_json::from_str(&text)?;
    if let Some(notice) = answer["notice"].as_str() {
        writeln!(out, "note: {notice}")?;
    }
    for item in answer["items"].as_array().into_iter().flatten() {
        let field = |name: &str| item[name].as_str().unwrap_or_default().to_string();
        let [at, severity, source] = ["timestamp", "severity", "source"].map(field);
        writeln!(out, "{at}  {severity:<11} {source}  {}", field("body"))?;
    }
    writeln!(out, "{} lines in {} ms", answer["total"], answer["took_ms"])?;
    Ok(())
}
