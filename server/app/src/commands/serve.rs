//! `tocsin serve`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Role;
use crate::server::Server;

/// Runs the server until it is told to stop.
///
/// # Errors
/// Why it could not start.
pub(crate) fn run(file: Option<PathBuf>, role: Option<Role>) -> anyhow::Result<()> {
    let mut config = super::configuration(file)?;
    if let Some(role) = role {
        config.server.role = role;
    }
    let (own_log, traces) = crate::telemetry::start(&config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tocsin")
        .build()
        .context("cannot start the threads of the server")?;
    let grace = Duration::from_secs(config.server.shutdown_grace_secs);
    runtime.block_on(async {
        let mut stop = std::pin::pin!(stop_signal());
        let server = tokio::select! {
            // First, so that signals are heard from here on.
            biased;
            // Nothing was taken in yet.
            stopped = &mut stop => return Ok(stopped?),
            started = Server::start(config, own_log, traces.counts()) => started?,
        };
        tracing::info!(address = %server.address(), "open http://{} in a browser", server.address());
        stop.await?;
        tracing::info!("shutting down: draining what was accepted");
        server.stop(grace).await;
        Ok(())
    })
}

/// Waits for Ctrl-C or a termination signal.
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
