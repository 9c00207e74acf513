//! One backup at a time of the same data, whichever process makes it; and what the data is called.
//!
//! A data folder is of one process and has its name in a file. Where processes share a database, it
//! decides: the name is a lease that nobody gives back, the turn is one that is renewed. Neither is in
//! backups: what is restored is other data.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tocsin_domain::ports::LeaseStore;

use super::token;

/// The file, or the lease, that names the data.
const LINEAGE: &str = "lineage";
/// As good as for ever: a hundred years.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The lease of whoever makes a backup.
const TURN: &str = "backup";
/// How long it holds if it is not renewed.
const TURN_TTL: Duration = Duration::from_secs(60);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// Who may make a backup.
#[derive(Clone)]
pub(super) struct Turn {
    here: Arc<tokio::sync::Mutex<()>>,
    leases: Option<Arc<dyn LeaseStore>>,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({})", self.leases.is_some())
    }
}

impl Turn {
    pub(super) fn new(leases: Option<Arc<dyn LeaseStore>>) -> Self {
        let here = Arc::default();
        Self { here, leases }
    }

    /// Does something that nobody else does meanwhile.
    ///
    /// # Errors
    /// If somebody does, or the turn was lost; what was done is broken off then.
    pub(super) async fn take<T>(
        &self,
        work: Pin<Box<impl Future<Output = anyhow::Result<T>>>>,
    ) -> anyhow::Result<T> {
        let Ok(_here) = self.here.try_lock() else {
            bail!("another backup of this server is under way");
        };
        let Some(leases) = &self.leases else {
            return work.await;
        };
        let holder = token(10);
        let acquired = leases.acquire(TURN, &holder, "", TURN_TTL).await;
        let acquired = acquired.context("the relational store cannot be asked whose turn it is")?;
        let Some(fence) = acquired else {
            bail!("another process makes a backup of this data, or did so a minute ago and died");
        };
        let renewed = async {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                match leases.acquire(TURN, &holder, "", TURN_TTL).await {
                    Ok(again) if again == Some(fence) => {}
                    Ok(_) => bail!("another process began a backup, since this one was too slow"),
                    Err(error) => tracing::warn!(%error, "the turn of a backup was not renewed"),
                }
            }
        };
        let done = tokio::select! {
            done = work => done,
            lost = renewed => lost,
        };
        if let Err(error) = leases.release(TURN, fence).await {
            tracing::warn!(%error, "the next backup begins only once this turn is over");
        }
        done
    }
}

/// What the data is called, which is given at the first look.
///
/// # Errors
/// If it can be neither read nor given.
pub(super) async fn lineage(
    leases: Option<&Arc<dyn LeaseStore>>,
    folder: &Path,
) -> anyhow::Result<String> {
    let Some(leases) = leases else {
        return lineage_of(folder);
    };
    let name = token(10);
    let given = leases.acquire(LINEAGE, &name, "", FOR_EVER).await;
    if given.context("the data has no name yet")?.is_some() {
        return Ok(name);
    }
    let known = leases.lease(LINEAGE).await?;
    Ok(known.context("the data has lost its name")?.holder)
}

fn lineage_of(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join(LINEAGE);
    match std::fs::read_to_string(&file) {
        Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("the data folder cannot be read");
        }
        _ => {}
    }
    let name = token(10);
    std::fs::write(file, format!("{name}\n")).context("the data folder cannot be written")?;
    Ok(name)
}
