//! The commands, a file each.

pub(crate) mod ask;
pub(crate) mod automation;
pub(crate) mod check_config;
pub(crate) mod demo;
pub(crate) mod ingest;
mod remote;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod serve;
mod terminal;

use std::path::{Path, PathBuf};

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
