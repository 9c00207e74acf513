//! Turns: so many calls at the same time, so many that wait, no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tocsin_domain::ports::ModelError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who may call, and who waits.
#[derive(Debug)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// A turn; it ends when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new(concurrency: usize, waiting_max: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(concurrency)),
            waiting: AtomicUsize::new(0),
            waiting_max,
        }
    }

    /// The next turn, in the order of asking; `Busy` if too many wait already.
    ///
    /// # Cancel safety
    /// Safe: the place in the queue is given up.
    pub(super) async fn take(&self) -> Result<Turn, ModelError> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(Turn { _permit: permit });
        }
        let _place = Place::take(&self.waiting, self.waiting_max).ok_or(ModelError::Busy)?;
        let permit = Arc::clone(&self.free).acquire_owned().await;
        let permit = permit.map_err(|_| ModelError::Busy)?;
        Ok(Turn { _permit: permit })
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let more = |count: usize| (count < max).then_some(count + 1);
        let taken = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Self(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
