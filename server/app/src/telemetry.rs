//! Tocsin's own log: to standard error for people, and to the own-log source for search.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{ConfigError, TelemetryConfig};
use crate::own_log::{OwnLog, OwnLogWriter};

/// Starts logging for the whole process and returns the receiving end of the own-log source.
///
/// # Errors
/// [`ConfigError`] if the filter is not understood or logging runs already.
pub(crate) fn start(config: &TelemetryConfig) -> Result<OwnLog, ConfigError> {
    let refused = |error: String| ConfigError::Refused(format!("`telemetry.log`: {error}"));
    let filter = || EnvFilter::try_new(&config.log).map_err(|error| refused(error.to_string()));
    let (writer, own_log) = OwnLogWriter::new();
    let to_people = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let to_people = if config.log_json {
        to_people.json().boxed()
    } else {
        to_people.with_ansi(std::io::stderr().is_terminal()).boxed()
    };
    let to_own_source = fmt::layer().with_writer(writer).with_ansi(false);
    tracing_subscriber::registry()
        .with(to_people.with_filter(filter()?))
        .with(to_own_source.with_filter(filter()?))
        .try_init()
        .map_err(|error| refused(error.to_string()))?;
    Ok(own_log)
}
