//! A lease on a job, as who holds it sees it: every change is made under its fence.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobId, Progress};
use tocsin_domain::ports::{Clock, JobStore, Replaced, StoreError};

/// A lease.
#[derive(Clone)]
pub(crate) struct Lease {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) job: JobId,
    pub(crate) fence: u64,
    pub(crate) lasts: Duration,
}

impl Lease {
    /// Until when a lease lasts that is taken or renewed at a time.
    pub(crate) fn until(now: Timestamp, lasts: Duration) -> Timestamp {
        let lasts = i64::try_from(lasts.as_nanos()).unwrap_or(i64::MAX);
        Timestamp(now.0.saturating_add(lasts))
    }

    /// The job, if the lease is not lost.
    pub(crate) async fn look(&self) -> Result<Option<Job>, StoreError> {
        let job = self.store.get(self.job).await?;
        Ok(job.filter(|job| job.is_held(self.fence)))
    }

    /// Renews the lease, with what is done so far.
    pub(crate) async fn renew(
        &self,
        progress: Option<Progress>,
    ) -> Result<Option<Job>, StoreError> {
        self.change(|job, now| {
            job.renew(self.fence, Self::until(now, self.lasts), progress.clone())
        })
        .await
    }

    /// Changes the job as it is now, however often another change comes first; the job as it is then,
    /// or none if the lease was lost.
    pub(crate) async fn change(
        &self,
        step: impl Fn(&mut Job, Timestamp) -> bool + Send + Sync,
    ) -> Result<Option<Job>, StoreError> {
        loop {
            let Some(mut job) = self.store.get(self.job).await? else {
                return Ok(None);
            };
            if !step(&mut job, self.clock.now()) {
                return Ok(None);
            }
            match self.store.replace(&job).await? {
                Replaced::Yes => {
                    job.revision += 1;
                    return Ok(Some(job));
                }
                Replaced::Changed => {}
                // A job keeps its key from its begin to its end, so nobody else can have it.
                Replaced::Taken => {
                    let detail = format!("job {} has a key that is another's", self.job);
                    return Err(StoreError::Corrupt(detail));
                }
            }
        }
    }
}
