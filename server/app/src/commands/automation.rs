//! `tocsin automation`: the kill switch.

use std::io::Write;

use serde_json::{Value, json};

use super::remote::{Caller, Remote};
use super::terminal::plain;

/// Stop all automation at once, or let it go on.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Stop everything at once: nothing is proposed or begins, and what goes on is called off
    Stop {
        /// Why, for those who find it stopped
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        caller: Caller,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let things begin again; what was called off stays so
    Resume {
        #[command(flatten)]
        caller: Caller,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Stops or resumes, and says how it is.
///
/// # Errors
/// If no server answers, or it refuses.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let safety = match command {
        Command::Stop {
            reason,
            caller,
            remote,
        } => remote.post(
            "/api/v1/automation/stop",
            caller,
            &json!({ "reason": reason }),
        )?,
        Command::Resume { caller, remote } => {
            remote.post("/api/v1/automation/resume", caller, &json!({}))?
        }
    };
    writeln!(std::io::stdout().lock(), "{}", said(&safety))?;
    Ok(())
}

fn said(safety: &Value) -> String {
    let kill = &safety["kill"];
    if kill.is_null() {
        return "Automation goes on.".to_owned();
    }
    let [by, at, reason] = ["by", "at", "reason"].map(|name| plain(&kill[name]));
    format!("Automation is stopped by {by} since {at}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_who_stopped_it_and_why() {
        let kill =
            json!({"kill": {"by": "ana", "at": "2026-11-29T10:00:00Z", "reason": "a\u{1b}b"}});
        let expected = "Automation is stopped by ana since 2026-11-29T10:00:00Z: a b";
        assert_eq!(said(&kill), expected);
        assert_eq!(said(&json!({ "kill": null })), "Automation goes on.");
    }
}
