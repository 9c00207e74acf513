//! `tocsin backup`: by the server that has the data folder, or by ourselves if none has it.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tocsin_backup::{Place, Repository};
use tocsin_stores::relational::RelationalEngine;

use super::{progress, runtime};
use crate::backup::{Backups, Report, aws, control, now_ms};
use crate::config::Config;
use crate::data_dir::{DataDir, DataDirError};
use crate::embedder;
use crate::server::{Awaited, Engines};

/// Write a backup while the server runs, or look after the backups there are.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A folder, or s3://bucket/prefix [default: `backup.destination`]
    #[arg(value_name = "PLACE")]
    place: Option<String>,
    /// List the snapshots that are there, instead of making one
    #[arg(long, conflicts_with_all = ["verify", "prune"])]
    list: bool,
    /// Read every object of a snapshot and compare it with its checksum [default: the newest]
    #[arg(long, value_name = "SNAPSHOT", num_args = 0..=1, default_missing_value = "")]
    verify: Option<String>,
    /// Take away all but the newest so many snapshots
    #[arg(long, value_name = "KEEP", conflicts_with = "verify")]
    prune: Option<usize>,
    /// The configuration file [default: tocsin.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Makes a backup, or does what else was asked for.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = super::configuration(arguments.config.clone())?;
    let place = match &arguments.place {
        Some(place) => place.clone(),
        None if !config.backup.destination.is_empty() => config.backup.destination.clone(),
        None => bail!("where to? Name a folder or s3://bucket/prefix, or set `backup.destination`"),
    };
    let place = absolute(&place)?;
    runtime()?.block_on(async {
        let repository = |is_new| -> anyhow::Result<Repository> {
            Ok(Repository::new(Place::open(&place, &aws()?, is_new)?))
        };
        if arguments.list {
            return list(&repository(false)?).await;
        }
        if let Some(name) = &arguments.verify {
            return verify(&repository(false)?, name).await;
        }
        if let Some(keep) = arguments.prune {
            return prune(&repository(false)?, keep).await;
        }
        show(&Box::pin(make(&config, &place)).await?)
    })
}

/// A folder from the root, since a server has a working folder of its own.
fn absolute(place: &str) -> anyhow::Result<String> {
    if place.contains("://") {
        return Ok(place.to_owned());
    }
    let path = std::path::absolute(Path::new(place)).context("the folder has no path")?;
    let path = path.into_os_string().into_string();
    path.ok()
        .context("the path of the folder is not readable text")
}

async fn make(config: &Config, place: &str) -> anyhow::Result<Report> {
    let (bar, watcher) = progress();
    let folder = &config.server.data_dir;
    let is_elsewhere = matches!(config.relational.engine()?, RelationalEngine::Postgres(_));
    if !folder.is_dir() && !is_elsewhere {
        bail!("there is no data folder `{}`", folder.display());
    }
    let report = match control::ask(folder, place, &watcher).await? {
        Some(report) => report,
        None => {
            let taken = DataDir::take(folder, "tocsin backup").map_err(|error| match error {
                DataDirError::Held { .. } => anyhow::Error::new(error).context(
                    "the data folder is in use by a process that cannot be asked for a backup",
                ),
                other => other.into(),
            })?;
            let embedder = embedder::open(config).await?.embedder;
            let (_engines, sources) = Box::pin(Engines::open(
                config,
                &taken,
                &*embedder,
                &Awaited::impatient(),
            ))
            .await?;
            let backups = Backups::new(sources, folder, config).await?;
            backups
                .make(Place::open(place, &aws()?, true)?, &watcher)
                .await?
        }
    };
    bar.finish_and_clear();
    Ok(report)
}

fn show(report: &Report) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for (part, items, records) in &report.parts {
        writeln!(out, "{part:<12} {items:>8} objects {records:>12} records")?;
    }
    let (objects, bytes) = report.written;
    writeln!(
        out,
        "snapshot {} in {}: {:.1} MB, {objects} new objects with {:.1} MB, in {:.1} s",
        report.snapshot,
        report.place,
        report.bytes as f64 / 1e6,
        bytes as f64 / 1e6,
        report.took_ms as f64 / 1e3,
    )?;
    Ok(())
}

async fn list(repository: &Repository) -> anyhow::Result<()> {
    for name in repository.snapshots().await? {
        let told = match repository.manifest(Some(&name)).await {
            Ok(manifest) => {
                let records = manifest
                    .parts
                    .iter()
                    .map(tocsin_backup::PartManifest::records);
                format!(
                    "{name}  {:>10.1} MB  {:>12} records  Tocsin {}",
                    manifest.bytes() as f64 / 1e6,
                    records.sum::<u64>(),
                    manifest.tocsin
                )
            }
            Err(error) => format!("{name}  {error}"),
        };
        writeln!(std::io::stdout().lock(), "{told}")?;
    }
    Ok(())
}

async fn verify(repository: &Repository, name: &str) -> anyhow::Result<()> {
    let name = Some(name).filter(|name| !name.is_empty());
    let manifest = repository.manifest(name).await?;
    let verified = repository.verify(&manifest).await?;
    writeln!(
        std::io::stdout().lock(),
        "snapshot {}: {} objects with {:.1} MB are as they were written",
        manifest.name,
        verified.objects,
        verified.bytes as f64 / 1e6,
    )?;
    Ok(())
}

async fn prune(repository: &Repository, keep: usize) -> anyhow::Result<()> {
    let pruned = repository.prune(keep, now_ms()).await?;
    writeln!(
        std::io::stdout().lock(),
        "{} snapshots and {} objects with {:.1} MB are gone",
        pruned.snapshots,
        pruned.objects,
        pruned.bytes as f64 / 1e6,
    )?;
    Ok(())
}
