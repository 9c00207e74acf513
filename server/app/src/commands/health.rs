//! `tocsin health`: whether a server answers, for containers that have no other program to ask.

use anyhow::bail;

use super::remote::{Remote, body};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    remote: Remote,
    /// Ask whether everything that it needs answers too, not only whether it lives
    #[arg(long)]
    ready: bool,
}

/// Says nothing if all is well.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let remote = &arguments.remote;
    if !arguments.ready {
        let answer = remote.reached(Remote::agent().get(remote.url("/health/live")).call())?;
        return body(answer).map(drop);
    }
    let url = remote.url("/health/ready");
    let mut answer = remote.reached(Remote::agent().get(url).call())?;
    let text = answer.body_mut().read_to_string()?;
    if answer.status().is_success() {
        return Ok(());
    }
    let told: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let missing = told["dependencies"].as_array().into_iter().flatten();
    let missing: Vec<&str> = missing
        .filter(|dependency| dependency["ready"] == false)
        .filter_map(|dependency| dependency["name"].as_str())
        .collect();
    bail!("the server is not ready: {}", missing.join(", "));
}
