//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;

/// Tocsin reads logs and says what broke.
#[derive(Debug, Parser)]
#[command(name = "tocsin", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve {
        /// The configuration file [default: tocsin.toml, if it is there]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// What this process does, in place of `server.role`
        #[arg(long, value_enum)]
        role: Option<crate::config::Role>,
    },
    /// Run the server beside a small shop whose faults are switched on, one after another
    Demo(commands::demo::Arguments),
    /// Send files to a running server, with progress and a summary
    Ingest(commands::ingest::Arguments),
    /// Ask a running server for log lines
    Search(commands::search::Arguments),
    /// Ask a running server what happened, why, and what to do
    Ask(commands::ask::Arguments),
    /// Look at runs of automation, approve and reject them, call them off and undo them
    #[command(subcommand)]
    Run(commands::run::Command),
    /// Stop all automation at once, or let it go on
    #[command(subcommand)]
    Automation(commands::automation::Command),
    /// Ask whether a server lives; says nothing and ends with 0 if it does
    Health(commands::health::Arguments),
    /// Look at jobs, ask for one, call one off, or have one tried again
    #[command(subcommand)]
    Jobs(commands::jobs::Command),
    /// Write a backup while the server runs, or look after the backups there are
    Backup(commands::backup::Arguments),
    /// Put a backup into an empty data folder
    Restore(commands::restore::Arguments),
    /// Move what an embedded data folder holds into the stores that the configuration names
    Migrate(commands::migrate::Arguments),
    /// Check the configuration and say what is wrong with it
    CheckConfig {
        /// The configuration file [default: tocsin.toml, if it is there]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print the reference with every key and its default instead
        #[arg(long)]
        reference: bool,
    },
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve { config, role } => commands::serve::run(config, role),
        Command::Demo(arguments) => commands::demo::run(&arguments),
        Command::Ingest(arguments) => commands::ingest::run(&arguments),
        Command::Search(arguments) => commands::search::run(&arguments),
        Command::Ask(arguments) => commands::ask::run(&arguments),
        Command::Run(command) => commands::run::run(&command),
        Command::Automation(command) => commands::automation::run(&command),
        Command::Health(arguments) => commands::health::run(&arguments),
        Command::Jobs(command) => commands::jobs::run(&command),
        Command::Backup(arguments) => commands::backup::run(&arguments),
        Command::Restore(arguments) => commands::restore::run(&arguments),
        Command::Migrate(arguments) => commands::migrate::run(&arguments),
        Command::CheckConfig { config, reference } => {
            commands::check_config::run(config, reference)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Writes an error and its causes to standard error, one a line.
#[expect(
    clippy::print_stderr,
    reason = "this is the program's last word to its user"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
