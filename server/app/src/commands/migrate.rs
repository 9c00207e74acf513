//! `tocsin migrate`: from an embedded data folder into the stores that the configuration names.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use tocsin_backup::migrate::{
    Comparison, compare_logs, compare_metrics, compare_rows, compare_vectors, pipe,
};
use tocsin_backup::rows::{PointRestoration, PointRows};
use tocsin_backup::{FileRestoration, Files, Watcher};
use tocsin_domain::ports::{Bus, VectorStore};
use tocsin_stores::relational::{OF_ONE_BUS, RowRestoration};

use super::{progress, runtime};
use crate::backup::folder::Embedded;
use crate::backup::{FILES, LOGS, METRICS, RELATIONAL, STATES, VECTORS};
use crate::data_dir::DataDir;

mod target;

use target::Target;

/// Move what an embedded data folder holds into the stores that the configuration names.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The data folder; its server must have been stopped, and have stored all that it accepted
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// The configuration file of the new set-up [default: tocsin.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Move nothing, only compare what is here and there
    #[arg(long)]
    compare: bool,
}

/// Moves everything, then compares both. The folder is left as it is.
///
/// # Errors
/// Why it was not done, or what differs afterwards.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = super::configuration(arguments.config.clone())?;
    let started = Instant::now();
    let (bar, watcher) = progress();
    let comparison = runtime()?.block_on(async {
        if same(&arguments.from, &config.server.data_dir) {
            bail!("`--from` is the data folder of the new set-up, too: give that one of its own");
        }
        if !arguments.from.join("tocsin.db").is_file() {
            bail!("`{}` is no data folder of Tocsin", arguments.from.display());
        }
        let folder = DataDir::take(&arguments.from, "tocsin migrate")?;
        let source = Embedded::open(&folder, &config).await?;
        drained(&source)?;
        let target = Target::open(&config).await?;
        if !arguments.compare {
            move_all(&source, &folder, &target, &watcher).await?;
        }
        bar.set_message("comparing");
        compare_all(&source, target).await
    })?;
    bar.finish_and_clear();
    show(&comparison, started.elapsed().as_secs_f64())
}

fn same(one: &std::path::Path, two: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| std::fs::canonicalize(path).ok();
    real(one).is_some() && real(one) == real(two)
}

/// What still waits in a bus would be left behind.
fn drained(source: &Embedded) -> anyhow::Result<()> {
    let waiting = source.bus.usage().events + source.metric_bus.usage().events;
    if waiting > 0 {
        bail!(
            "{waiting} events wait to be stored: run `tocsin serve` on that folder, stop it with \
             Ctrl-C, and try again once it says that everything is stored"
        );
    }
    Ok(())
}

async fn move_all(
    source: &Embedded,
    folder: &DataDir,
    target: &Target,
    watcher: &Watcher,
) -> anyhow::Result<()> {
    target.move_logs(&source.logs, watcher).await?;
    target
        .move_metrics(&source.metrics, &STATES, watcher)
        .await?;
    let vectors = target.vectors.clone();
    if let Some(vectors) = vectors {
        let model = target.model.clone();
        let open = move |name: &str, dimensions: usize| {
            // Vectors of another model are of no use there and are made again.
            let is_wanted = (name, dimensions) == (model.0.as_str(), model.1);
            Ok(is_wanted.then(|| vectors.clone()))
        };
        let mut into = PointRestoration::new(Box::new(open));
        let from: Arc<dyn VectorStore> = source.vectors.clone();
        let from = PointRows::new(from, &source.model.0, source.model.1);
        pipe(VECTORS, &from, &mut into, watcher).await?;
    }
    if let Some(files) = &target.files {
        let from = Files::new(folder.join(FILES));
        pipe(
            FILES,
            &from,
            &mut FileRestoration::new(files.clone()),
            watcher,
        )
        .await?;
    }
    // Last, and in one go: a target with rows in it is refused, so that nothing is done twice.
    let mut into = RowRestoration::into_store(target.relational.clone()).await?;
    pipe(RELATIONAL, &*source.relational, &mut into, watcher).await?;
    Ok(())
}

async fn compare_all(
    source: &Embedded,
    target: Target,
) -> anyhow::Result<Vec<(&'static str, Comparison)>> {
    let logs = target.logs()?;
    let metrics = target.metrics()?;
    let mut all = vec![
        (LOGS, compare_logs(&*source.logs, &*logs).await?),
        (METRICS, compare_metrics(&*source.metrics, &*metrics).await?),
        (
            RELATIONAL,
            compare_rows(&*source.relational, &target.relational, &OF_ONE_BUS).await?,
        ),
    ];
    if let Some(vectors) = &target.vectors {
        all.push((
            VECTORS,
            compare_vectors(&*source.vectors, &**vectors).await?,
        ));
    }
    Ok(all)
}

fn show(all: &[(&'static str, Comparison)], seconds: f64) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for (part, comparison) in all {
        for (what, here, there) in &comparison.counts {
            let sign = if here == there { "=" } else { "differs:" };
            writeln!(out, "{part:<11} {here:>12} {sign} {there:<12} {what}")?;
        }
        writeln!(
            out,
            "{part:<11} {:>12} compared one by one",
            comparison.samples
        )?;
    }
    let differing: Vec<String> = all
        .iter()
        .flat_map(|(part, comparison)| {
            let differences = comparison.differences.iter();
            differences.map(move |difference| format!("{part}: {difference}"))
        })
        .collect();
    if differing.is_empty() {
        writeln!(out, "everything is there, in {seconds:.1} s")?;
        return Ok(());
    }
    Err(anyhow::anyhow!(differing.join("\n  ")))
        .with_context(|| format!("{} things differ", differing.len()))
}
