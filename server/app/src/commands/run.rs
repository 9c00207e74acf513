//! `tocsin run`: what people do about runs of automation, from a terminal or a script.

mod shown;

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::remote::{Caller, Remote};
use super::terminal::{list, plain};

/// Look at runs of automation, approve and reject them, call them off and undo them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List runs, the newest first
    List(ListArguments),
    /// Show a run with its plan, what people said and what happened
    Show {
        #[command(flatten)]
        run: RunArguments,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say yes to a plan. Without `--plan` and `--yes` the plan is shown, and you are asked
    Approve {
        #[command(flatten)]
        run: RunArguments,
        #[command(flatten)]
        vote: VoteArguments,
        /// Say yes to the plan as it is now, without being asked
        #[arg(long, conflicts_with = "plan")]
        yes: bool,
    },
    /// Say no to a plan
    Reject {
        #[command(flatten)]
        run: RunArguments,
        #[command(flatten)]
        vote: VoteArguments,
    },
    /// Call a run off; what goes on is stopped
    Cancel(ReasonArguments),
    /// Undo what a run did, as its plan says
    Rollback(ReasonArguments),
}

/// Which runs are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArguments {
    /// In one of these states, such as awaiting_approval,executing
    #[arg(long)]
    state: Option<String>,
    /// Of a rule
    #[arg(long)]
    rule: Option<String>,
    /// About an alert
    #[arg(long, value_name = "ID")]
    alert: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20)]
    limit: u16,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    caller: Caller,
    #[command(flatten)]
    remote: Remote,
}

/// Which run, and as whom.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArguments {
    /// The id of the run
    id: String,
    #[command(flatten)]
    caller: Caller,
    #[command(flatten)]
    remote: Remote,
}

/// What is said of a plan.
#[derive(Debug, clap::Args)]
pub(crate) struct VoteArguments {
    /// The hash of the plan that you saw; if it is another one by now, nothing is done
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
    /// Why
    #[arg(long)]
    comment: Option<String>,
}

/// Which run, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct ReasonArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

impl RunArguments {
    fn route(&self, action: &str) -> anyhow::Result<String> {
        // An id is part of a path: nothing else may come in with it.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(is_plain) {
            bail!("`{}` is not the id of a run", self.id);
        }
        Ok(format!("/api/v1/automation/runs/{}{action}", self.id))
    }

    fn get(&self) -> anyhow::Result<Value> {
        self.remote.get(&self.route("")?, &self.caller)
    }

    fn post(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        self.remote.post(&self.route(action)?, &self.caller, body)
    }
}

/// Does what the command says, and prints what came of it.
///
/// # Errors
/// If no server answers, or it refuses.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::List(arguments) => print_list(arguments, &mut out),
        Command::Show { run, json: true } => {
            writeln!(out, "{:#}", run.get()?)?;
            Ok(())
        }
        Command::Show { run, json: false } => {
            write!(out, "{}", shown::details(&run.get()?))?;
            Ok(())
        }
        Command::Approve { run, vote, yes } => {
            let plan = match &vote.plan {
                Some(plan) => plan.clone(),
                None => asked(run, *yes, &mut out)?,
            };
            cast(run, "/approve", (&plan, vote), &mut out)
        }
        Command::Reject { run, vote } => {
            let plan = match &vote.plan {
                Some(plan) => plan.clone(),
                None => hash(&run.get()?)?,
            };
            cast(run, "/reject", (&plan, vote), &mut out)
        }
        Command::Cancel(arguments) => act(arguments, "/cancel", &mut out),
        Command::Rollback(arguments) => act(arguments, "/rollback", &mut out),
    }
}

fn print_list(arguments: &ListArguments, out: &mut impl Write) -> anyhow::Result<()> {
    let mut route = format!("/api/v1/automation/runs?limit={}", arguments.limit);
    let filters = [
        ("state", &arguments.state),
        ("rule", &arguments.rule),
        ("alert", &arguments.alert),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            let value = super::remote::encoded(value);
            route.push_str(&format!("&{name}={value}"));
        }
    }
    let runs = arguments.remote.get(&route, &arguments.caller)?;
    if arguments.json {
        writeln!(out, "{runs:#}")?;
        return Ok(());
    }
    write!(out, "{}", shown::table(list(&runs["items"])))?;
    Ok(())
}

/// The hash of the plan that a run has now.
fn hash(run: &Value) -> anyhow::Result<String> {
    let plan = run["plan"].as_str();
    let plan = plan.context("its plan is not made yet: look again in a moment")?;
    Ok(plan.to_owned())
}

/// Shows the plan, and asks whether it may be. Gives the hash of what was seen.
fn asked(run: &RunArguments, is_yes: bool, out: &mut impl Write) -> anyhow::Result<String> {
    let input = std::io::stdin();
    if !is_yes && !input.is_terminal() {
        bail!(
            "there is no terminal to ask on: give the hash of the plan that you agree to with \
             `--plan` (`tocsin run show {}` says it)",
            run.id
        );
    }
    let details = run.get()?;
    let plan = hash(&details)?;
    write!(out, "{}", shown::details(&details))?;
    if is_yes {
        return Ok(plan);
    }
    write!(out, "\nIs exactly this to be done? Type yes: ")?;
    out.flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        bail!("nothing was approved");
    }
    Ok(plan)
}

fn cast(
    run: &RunArguments,
    action: &str,
    (plan, vote): (&str, &VoteArguments),
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let body = json!({
        "plan": plan,
        "comment": vote.comment.as_deref().unwrap_or_default(),
        "channel": "cli",
    });
    told(&run.post(action, &body)?, out)
}

fn act(arguments: &ReasonArguments, action: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let reason = arguments.reason.as_deref().unwrap_or_default();
    let run = arguments.run.post(action, &json!({ "reason": reason }))?;
    told(&run, out)
}

fn told(run: &Value, out: &mut impl Write) -> anyhow::Result<()> {
    let [id, state, because] = ["id", "state", "state_because"].map(|name| plain(&run[name]));
    writeln!(out, "Run {id} is {}: {because}", state.replace('_', " "))?;
    Ok(())
}
