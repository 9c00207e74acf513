//! A snapshot put back: into an empty data folder, and into the engines that the configuration names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tocsin_backup::rows::{PointRestoration, SampleRestoration};
use tocsin_backup::{FileRestoration, Manifest, Repository, Watcher, restore};
use tocsin_bus::{BusRestoration, RedisRestoration};
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL};
use tocsin_domain::ports::{MetricStore, Restoration, VectorStore};
use tocsin_stores::logs::{ClickHouseRestoration, LogRestoration};
use tocsin_stores::metrics::MetricRestoration;
use tocsin_stores::metrics::influxdb::InfluxMetricStore;
use tocsin_stores::relational::{RelationalEngine, RowRestoration};
use tocsin_stores::vectors::{EdgeVectorStore, QdrantVectorStore};

use super::{BUS, FILES, LOGS, METRIC_BUS, METRICS, RELATIONAL, VECTORS};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::server;

/// Says in a folder that a restoration into it is not finished.
pub(crate) const UNFINISHED: &str = "restore-unfinished";
/// Bytes on disk for each byte of a backup, about: blocks are as large there, rows larger.
const DISK_FACTOR: u64 = 3;

/// Where a part is put back.
type Destination = Box<dyn Restoration>;

/// Puts a snapshot into a data folder where nothing is, or where an earlier try broke off, and into
/// engines where nothing is.
///
/// # Errors
/// Why not; nothing is written if something is there, the snapshot cannot be read here, or there is
/// no room.
pub(crate) async fn restore_into(
    folder: &DataDir,
    config: &Config,
    (repository, manifest): (&Repository, &Manifest),
    watcher: &Watcher,
) -> anyhow::Result<tocsin_backup::Restored> {
    begin(folder.path(), local_bytes(config, manifest)?)?;
    std::fs::write(folder.join(UNFINISHED), &manifest.name)
        .context("the data folder cannot be written")?;
    let restorations = restorations(folder, config).await?;
    let restored = restore(repository, manifest, restorations, watcher).await?;
    // The stores are closed by now; their files are on disk before the folder counts as whole.
    std::fs::File::open(folder.path())?.sync_all()?;
    std::fs::remove_file(folder.join(UNFINISHED))?;
    Ok(restored)
}

/// Bytes of the backup that go to the data folder.
fn local_bytes(config: &Config, manifest: &Manifest) -> anyhow::Result<u64> {
    let is_postgres = matches!(config.relational.engine()?, RelationalEngine::Postgres(_));
    let is_elsewhere = |part: &str| match part {
        RELATIONAL => is_postgres,
        LOGS => config.logs.clickhouse.is_set(),
        METRICS => config.metrics.influxdb.is_chosen(),
        BUS | METRIC_BUS => config.bus.redis.is_set(),
        VECTORS => config.vectors.qdrant.is_set(),
        _ => false,
    };
    let local = manifest
        .parts
        .iter()
        .filter(|part| !is_elsewhere(&part.name));
    Ok(local.map(tocsin_backup::PartManifest::bytes).sum())
}

/// Looks whether the folder may be written, and takes away what a try that broke off left.
fn begin(folder: &Path, bytes: u64) -> anyhow::Result<()> {
    let is_unfinished = folder.join(UNFINISHED).exists();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = name == "lock" || name == UNFINISHED;
        if is_ours {
            continue;
        }
        if !is_unfinished {
            bail!(
                "the data folder `{}` is not empty (`{}` is in it): restore into an empty one, and \
                 move this one away yourself",
                folder.display(),
                name.display()
            );
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    let needed = bytes.saturating_mul(DISK_FACTOR);
    let free = free_bytes(folder)?;
    if free < needed {
        bail!(
            "the disk of `{}` has {} MB free, about {} MB are needed",
            folder.display(),
            free >> 20,
            needed >> 20
        );
    }
    Ok(())
}

fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let disk = rustix::fs::statvfs(folder).context("the free space cannot be read")?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

async fn restorations(
    folder: &DataDir,
    config: &Config,
) -> anyhow::Result<BTreeMap<String, Destination>> {
    let engines = "an engine is not ready to be restored into: it must be reached, and empty";
    let all: [(&str, Destination); 7] = [
        (
            RELATIONAL,
            relational(folder, config).await.context(engines)?,
        ),
        (LOGS, logs(folder, config).await.context(engines)?),
        (METRICS, metrics(folder, config).await.context(engines)?),
        (
            BUS,
            bus(folder, config, (server::LOG_BUS, BUS))
                .await
                .context(engines)?,
        ),
        (
            METRIC_BUS,
            bus(folder, config, (server::METRIC_BUS, METRIC_BUS))
                .await
                .context(engines)?,
        ),
        (VECTORS, Box::new(vectors(folder, config))),
        (FILES, Box::new(FileRestoration::new(folder.join(FILES)))),
    ];
    let named = all.into_iter().map(|(name, one)| (name.to_owned(), one));
    Ok(named.collect())
}

async fn relational(folder: &DataDir, config: &Config) -> anyhow::Result<Destination> {
    let opened = match config.relational.engine()? {
        RelationalEngine::Postgres(settings) => RowRestoration::into_postgres(&settings).await?,
        RelationalEngine::Sqlite(named) => {
            let file = named.unwrap_or_else(|| folder.join("tocsin.db"));
            RowRestoration::into_sqlite(&file).await?
        }
    };
    Ok(Box::new(opened))
}

async fn logs(folder: &DataDir, config: &Config) -> anyhow::Result<Destination> {
    let settings = &config.logs.clickhouse;
    if settings.is_set() {
        return Ok(Box::new(
            ClickHouseRestoration::open(settings.clone()).await?,
        ));
    }
    Ok(Box::new(LogRestoration::open(&folder.join(LOGS), false)?))
}

async fn metrics(folder: &DataDir, config: &Config) -> anyhow::Result<Destination> {
    let settings = &config.metrics.influxdb;
    if !settings.is_chosen() {
        return Ok(Box::new(MetricRestoration::open(
            &folder.join(METRICS),
            false,
        )?));
    }
    let store = InfluxMetricStore::open(settings.clone(), config.metrics.store.clone()).await?;
    let any = Matcher::new(MatchOp::NotEqual, NAME_LABEL, "")?;
    let series = store.series(&[any], (i64::MIN, i64::MAX), 1).await?;
    if !series.is_empty() || !store.positions().await?.is_empty() {
        bail!("InfluxDB is not empty: its buckets have series or positions of Tocsin");
    }
    Ok(Box::new(SampleRestoration::new(Arc::new(store))))
}

async fn bus(
    folder: &DataDir,
    config: &Config,
    (name, inner): (&str, &str),
) -> anyhow::Result<Destination> {
    if config.bus.redis.is_set() {
        let opened = RedisRestoration::open(&config.bus, name, server::READERS).await?;
        return Ok(Box::new(opened));
    }
    Ok(Box::new(BusRestoration::open(&folder.join(inner))?))
}

fn vectors(folder: &DataDir, config: &Config) -> PointRestoration {
    let (path, qdrant) = (folder.join(VECTORS), config.vectors.qdrant.clone());
    PointRestoration::new(Box::new(move |model, dimensions| {
        let store: Arc<dyn VectorStore> = match qdrant.is_set() {
            true => {
                let clock = Arc::new(SystemClock);
                Arc::new(QdrantVectorStore::open(&qdrant, model, dimensions, clock)?)
            }
            false => Arc::new(EdgeVectorStore::open(&path, model, dimensions)?),
        };
        Ok(Some(store))
    }))
}
