//! The commands, a file each.

pub(crate) mod ask;
pub(crate) mod automation;
pub(crate) mod backup;
pub(crate) mod check_config;
pub(crate) mod demo;
pub(crate) mod health;
pub(crate) mod ingest;
pub(crate) mod jobs;
pub(crate) mod migrate;
mod remote;
pub(crate) mod restore;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod serve;
mod terminal;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tocsin_backup::{Progress, Watcher};

use crate::config::{Config, ConfigError};

/// The configuration file that is read when none is named.
const DEFAULT_FILE: &str = "tocsin.toml";

/// Reads the configuration from `file`, or from the default file if that is there, and from the
/// process's environment.
fn configuration(file: Option<PathBuf>) -> Result<Config, ConfigError> {
    let default = || {
        Path::new(DEFAULT_FILE)
            .exists()
            .then(|| PathBuf::from(DEFAULT_FILE))
    };
    let file = file.or_else(default);
    crate::config::load(file.as_deref(), std::env::vars())
}

/// The threads of a command that works on stores by itself.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")
}

/// A line on the terminal that shows how far a backup, a restoration or a migration is.
fn progress() -> (ProgressBar, Watcher) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let shown = bar.clone();
    let watcher = move |now: &Progress| {
        shown.set_message(format!(
            "{}: {} objects, {} records, {:.1} MB",
            now.part,
            now.items,
            now.records,
            now.bytes as f64 / 1e6
        ));
        shown.tick();
    };
    (bar, Arc::new(watcher))
}
