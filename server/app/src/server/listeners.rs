//! What brings records in beside HTTP: followed files, syslog, scraped targets and the machine.

use std::net::SocketAddr;
use std::sync::Arc;

use tocsin_ingest::Door;
use tocsin_ingest::file_tail::FileTail;
use tocsin_ingest::metrics::MetricDoor;
use tocsin_ingest::metrics::host::HostCollector;
use tocsin_ingest::metrics::scrape::Scraper;
use tocsin_ingest::syslog::SyslogListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::foundation::Foundation;
use crate::clock;
use crate::config::Config;

/// Where syslog is heard; none where it is switched off or its address is taken.
#[derive(Debug, Default)]
pub(super) struct Syslog {
    pub(super) udp: Option<SocketAddr>,
    pub(super) tcp: Option<SocketAddr>,
}

fn door(parts: &Foundation) -> Door {
    Door {
        intake: parts.intake.clone(),
        clock: parts.clock.clone(),
        random: Arc::new(clock::random),
    }
}

/// Scrapes the targets that are named, and measures the machine unless that is switched off.
pub(super) fn start_metrics(
    parts: &Foundation,
    config: &Config,
    tasks: &TaskTracker,
    cancel: &CancellationToken,
) {
    let door = MetricDoor {
        intake: parts.intake.clone(),
        clock: parts.clock.clone(),
        random: Arc::new(clock::random),
        registry: parts.metrics.registry.clone(),
        limits: config.ingest.metric_limits.clone(),
    };
    let jobs = config.ingest.scrape.clone();
    Scraper::new(jobs, parts.metrics.scrape.clone(), door.clone()).spawn(tasks, cancel);
    let host = &config.ingest.host;
    if host.is_measured() {
        HostCollector::new(&host_name(), host.interval_secs, door).spawn(tasks, cancel.clone());
    }
}

/// Follows the files that are named, and the machine's own unless that is switched off.
pub(super) fn start_files(
    parts: &Foundation,
    config: &Config,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) {
    let mut files = config.ingest.files.clone();
    if config.ingest.host.enabled {
        files.paths.extend(config.ingest.host.files.iter().cloned());
    }
    if files.paths.is_empty() {
        return;
    }
    let host = host_name();
    let board = parts.files.clone();
    FileTail::new(
        files,
        &host,
        board,
        parts.engines.relational.clone(),
        door(parts),
    )
    .spawn(tasks, cancel);
}

/// Listens for syslog. A port that is taken is no reason not to start: it is said, and the rest
/// works.
pub(super) async fn start_syslog(
    parts: &Foundation,
    config: &Config,
    tasks: &TaskTracker,
    cancel: CancellationToken,
) -> Syslog {
    let config = &config.ingest.syslog;
    if !config.enabled {
        return Syslog::default();
    }
    let bound = SyslogListener::bind(config.clone()).await;
    let bound = bound.and_then(|listener| Ok((listener.addresses()?, listener)));
    match bound {
        Ok(((udp, tcp), listener)) => {
            listener.spawn(door(parts), tasks, &cancel);
            Syslog {
                udp: Some(udp),
                tcp: Some(tcp),
            }
        }
        Err(error) => {
            tracing::warn!(
                udp = %config.udp,
                tcp = %config.tcp,
                %error,
                "syslog is not heard: set `ingest.syslog.udp` and `tcp` to free addresses"
            );
            Syslog::default()
        }
    }
}

/// The name of this machine; empty if the system does not say.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_string()
}
