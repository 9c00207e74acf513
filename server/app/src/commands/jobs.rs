//! `tocsin jobs`: what is being done, asking for more, calling off.

use std::io::Write;

use anyhow::Context;
use serde_json::{Value, json};

use super::remote::{Caller, Remote, encoded};
use super::terminal::plain;

/// Look at jobs, ask for one, call one off, or have one tried again.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List jobs, newest first
    List {
        /// Only of these statuses, separated by commas: queued, running, succeeded, failed, dead, cancelled
        #[arg(long)]
        status: Option<String>,
        /// Only of these kinds, separated by commas
        #[arg(long)]
        kind: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u16,
        #[command(flatten)]
        remote: Remote,
    },
    /// Ask for a job
    Run {
        /// What is to be done, such as `generate_report`
        kind: String,
        /// What is asked of it, as a JSON object
        #[arg(default_value = "{}", value_name = "JSON")]
        parameters: String,
        #[command(flatten)]
        caller: Caller,
        #[command(flatten)]
        remote: Remote,
    },
    /// Call a job off
    Cancel {
        /// The id of the job
        id: String,
        #[command(flatten)]
        caller: Caller,
        #[command(flatten)]
        remote: Remote,
    },
    /// Have a job tried again that failed, was given up or called off
    Retry {
        /// The id of the job
        id: String,
        #[command(flatten)]
        caller: Caller,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Does it, and says how the jobs are, one a line.
///
/// # Errors
/// If no server answers, or it refuses.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let jobs = match command {
        Command::List {
            status,
            kind,
            limit,
            remote,
        } => {
            let mut route = format!("/api/v1/jobs?limit={limit}");
            for (name, value) in [("status", status), ("kind", kind)] {
                if let Some(value) = value {
                    route += &format!("&{name}={}", encoded(value));
                }
            }
            let page = remote.get(&route, &Caller::default())?;
            page["items"].as_array().cloned().unwrap_or_default()
        }
        Command::Run {
            kind,
            parameters,
            caller,
            remote,
        } => {
            let parameters: Value = serde_json::from_str(parameters)
                .context("what is asked of it is to be a JSON object, such as '{}'")?;
            let asked = json!({ "kind": kind, "parameters": parameters });
            vec![remote.post("/api/v1/jobs", caller, &asked)?["job"].take()]
        }
        Command::Cancel { id, caller, remote } => vec![act(remote, caller, id, "cancel")?],
        Command::Retry { id, caller, remote } => vec![act(remote, caller, id, "retry")?],
    };
    let mut out = std::io::stdout().lock();
    for job in &jobs {
        writeln!(out, "{}", line(job))?;
    }
    Ok(())
}

fn act(remote: &Remote, caller: &Caller, id: &str, action: &str) -> anyhow::Result<Value> {
    let route = format!("/api/v1/jobs/{}/{action}", encoded(id));
    remote.post(&route, caller, &json!({}))
}

/// A job on a line: its id, how far it is, what it is, and what came of it.
fn line(job: &Value) -> String {
    let [id, status, kind, asked] =
        ["id", "status", "kind", "created_at"].map(|name| plain(&job[name]));
    let progress = &job["progress"];
    let done = progress["done"].as_u64().unwrap_or(0);
    let far = match (status.as_str(), progress["total"].as_u64()) {
        ("running", Some(total)) if total > 0 => format!(" {}%", done * 100 / total),
        _ => String::new(),
    };
    let said = match (&job["error"], &job["result"]) {
        (Value::String(_), _) => format!("  {}", plain(&job["error"])),
        (_, Value::Object(_)) => format!("  {}", plain(&job["result"].to_string().into())),
        _ => String::new(),
    };
    format!("{id}  {asked}  {status}{far}  {kind}{said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_one_line() {
        let mut job = json!({
            "id": "0190", "created_at": "2027-01-15T08:00:00Z", "status": "running", "kind": "re_embed",
            "progress": { "done": 5, "total": 20, "note": "" }, "error": null, "result": null,
        });
        assert_eq!(
            line(&job),
            "0190  2027-01-15T08:00:00Z  running 25%  re_embed"
        );
        job["status"] = "dead".into();
        job["error"] = "the disk\u{1b}is full".into();
        assert_eq!(
            line(&job),
            "0190  2027-01-15T08:00:00Z  dead  re_embed  the disk is full"
        );
    }
}
