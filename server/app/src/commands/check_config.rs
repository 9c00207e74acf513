//! `tocsin check-config`.

use std::io::Write;
use std::path::PathBuf;

/// Checks the configuration, or prints the reference.
///
/// # Errors
/// What is wrong with the configuration.
pub(crate) fn run(file: Option<PathBuf>, reference: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if reference {
        write!(out, "{}", crate::config::reference()?)?;
    } else {
        let config = super::configuration(file)?;
        crate::server::rules(&config)?;
        crate::server::alert_rules(&config)?;
        crate::server::catalogue(&config)?;
        crate::server::sessions(&config)?;
        crate::server::check_tracker(&config)?;
        crate::server::check_automation(&config)?;
        crate::server::copilot_rules(&config)?;
        writeln!(out, "The configuration is fine. In effect:\n")?;
        write!(out, "{}", toml::to_string_pretty(&config)?)?;
    }
    Ok(())
}
