//! Rules that people changed in other processes, taken up here.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tocsin_domain::alert::AlertRule;
use tocsin_domain::ports::{RuleStore, StoreError};
use tocsin_pipeline::alert_rules::{RuleSet, service};
use tokio_util::sync::CancellationToken;

/// How often it is looked.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The alert rules of all processes.
pub(super) struct Followed {
    /// The rules of the file.
    pub(super) file: Vec<AlertRule>,
    /// What people changed.
    pub(super) changes: Arc<dyn RuleStore>,
    /// The rules at work here.
    pub(super) rules: Arc<RwLock<Arc<RuleSet>>>,
}

impl Followed {
    /// Looks until cancelled.
    pub(super) async fn run(self, cancel: CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "rules that were changed elsewhere cannot be seen");
            }
            let pause = tokio::time::sleep(LOOK_EVERY);
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let set = service::load(self.file.clone(), self.changes.as_ref()).await?;
        if !is_same(&set, &self.rules.read()) {
            *self.rules.write() = Arc::new(set);
        }
        Ok(())
    }
}

/// Whether two sets have the same rules.
fn is_same(one: &RuleSet, other: &RuleSet) -> bool {
    let (mut one, mut other) = (one.iter(), other.iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.rule == other.rule => {}
            _ => return false,
        }
    }
}
