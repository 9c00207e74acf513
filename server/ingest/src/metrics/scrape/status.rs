//! What scraping says of each target, for the page of data sources.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tocsin_domain::Timestamp;

/// What a target is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrapeState {
    /// It was not asked yet.
    Waiting,
    /// The last scrape succeeded.
    Up,
    /// It did not; the detail says why.
    Down,
}

/// One target.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeStatus {
    /// The job.
    pub job: String,
    /// The source of its points: `scrape:<job>`.
    pub source: Arc<str>,
    /// The address, as it is asked.
    pub target: String,
    /// What it is doing.
    pub state: ScrapeState,
    /// A sentence on the state; empty if there is nothing to say.
    pub detail: String,
    /// Points accepted since the start.
    pub points: u64,
    /// Series of the last scrape.
    pub series: usize,
    /// How long the last scrape took, in seconds.
    pub duration_secs: f64,
    /// When the last scrape began.
    pub last_scrape_at: Option<Timestamp>,
}

/// The status of every target; a handle to share.
#[derive(Debug, Clone, Default)]
pub struct ScrapeBoard {
    targets: Arc<Mutex<BTreeMap<(String, String), ScrapeStatus>>>,
}

impl ScrapeBoard {
    /// Every target, by job and address.
    #[must_use]
    pub fn snapshot(&self) -> Vec<ScrapeStatus> {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets.values().cloned().collect()
    }

    pub(super) fn update(&self, job: &str, target: &str, change: impl FnOnce(&mut ScrapeStatus)) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let status = targets
            .entry((job.into(), target.into()))
            .or_insert_with(|| ScrapeStatus {
                job: job.into(),
                source: source_of(job),
                target: target.into(),
                state: ScrapeState::Waiting,
                detail: String::new(),
                points: 0,
                series: 0,
                duration_secs: 0.0,
                last_scrape_at: None,
            });
        change(status);
    }
}

/// The source of the points of a job.
pub(super) fn source_of(job: &str) -> Arc<str> {
    Arc::from(format!("scrape:{job}"))
}
