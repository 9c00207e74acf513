//! `tocsin restore`: a snapshot into an empty data folder, and into engines that are empty.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use tocsin_backup::{Place, Repository};

use super::{progress, runtime};
use crate::backup::aws;
use crate::backup::restoration::restore_into;
use crate::data_dir::DataDir;

/// Put a backup into an empty data folder, and into the engines that the configuration names.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder, or s3://bucket/prefix, that `tocsin backup` wrote to
    #[arg(value_name = "PLACE")]
    place: String,
    /// Which snapshot [default: the newest]
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,
    /// The configuration file [default: tocsin.toml, if it is there]; its `server.data_dir` is filled
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Verifies the snapshot, then puts it into the data folder.
///
/// # Errors
/// Why it was not done; what an unfinished try left is taken away by the next.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = super::configuration(arguments.config.clone())?;
    let started = Instant::now();
    let (bar, watcher) = progress();
    let folder = &config.server.data_dir;
    let (manifest, restored) = runtime()?.block_on(async {
        let repository = Repository::new(Place::open(&arguments.place, &aws()?, false)?);
        let manifest = repository.manifest(arguments.snapshot.as_deref()).await?;
        bar.set_message("reading everything and comparing checksums");
        repository.verify(&manifest).await?;
        let taken = DataDir::take(folder, "tocsin restore")?;
        let restored = restore_into(&taken, &config, (&repository, &manifest), &watcher).await?;
        anyhow::Ok((manifest, restored))
    })?;
    bar.finish_and_clear();
    let mut out = std::io::stdout().lock();
    for (part, (items, records)) in &restored {
        writeln!(out, "{part:<12} {items:>8} objects {records:>12} records")?;
    }
    writeln!(
        out,
        "snapshot {} is in {}, in {:.1} s: start it with `tocsin serve`",
        manifest.name,
        folder.display(),
        started.elapsed().as_secs_f64(),
    )?;
    Ok(())
}
