//! Drives scraping: time, the network, delivery, status.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certificate;
use super::client::{Client, Page};
use super::config::{Address, ScrapeConfig};
use super::status::{ScrapeBoard, ScrapeState, source_of};
use super::target::{Outcome, Scraped, Target};
use crate::metrics::MetricDoor;

/// The most targets of all jobs; each has a task.
const TARGETS_MAX: usize = 2000;
/// How many scrapes are under way at a time; each holds a page in memory.
const SCRAPES_MAX: usize = 32;
/// How long the first scrape is at least before the second.
const FIRST_APART: Duration = Duration::from_secs(1);

/// Scrapes targets until the server shuts down.
#[derive(Debug)]
pub struct Scraper {
    jobs: Vec<ScrapeConfig>,
    board: ScrapeBoard,
    door: MetricDoor,
}

/// One target's loop.
struct Loop {
    config: Arc<ScrapeConfig>,
    address: Address,
    client: Client,
    board: ScrapeBoard,
    door: MetricDoor,
    turns: Arc<Semaphore>,
}

impl Scraper {
    /// `board` is where the status of the targets is put.
    #[must_use]
    pub fn new(jobs: Vec<ScrapeConfig>, board: ScrapeBoard, door: MetricDoor) -> Self {
        Self { jobs, board, door }
    }

    /// Scrapes until `shutdown` is cancelled, each target in a task of its own.
    pub fn spawn(self, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let turns = Arc::new(Semaphore::new(SCRAPES_MAX));
        let mut count = 0;
        for job in self.jobs {
            let config = Arc::new(job);
            for text in &config.targets {
                let failed = |detail: &str| {
                    self.board.update(&config.job, text, |status| {
                        status.state = ScrapeState::Down;
                        status.detail = detail.into();
                    });
                };
                let address = Address::parse(text, config.scheme, &config.metrics_path);
                let Some(address) = address else {
                    failed("this is no address: expected host:port or http://host:port/path");
                    continue;
                };
                if config.job.is_empty() {
                    failed("the job has no name: set `job`");
                    continue;
                }
                count += 1;
                if count > TARGETS_MAX {
                    failed("there are more targets than 2000");
                    continue;
                }
                let one = Loop {
                    client: client(&config, &address),
                    config: config.clone(),
                    address,
                    board: self.board.clone(),
                    door: self.door.clone(),
                    turns: turns.clone(),
                };
                let (reading, shutdown) = (tracker.clone(), shutdown.clone());
                tracker.spawn(async move { one.run(&reading, &shutdown).await });
            }
        }
    }
}

/// How the pages of a target are fetched.
fn client(config: &ScrapeConfig, address: &Address) -> Client {
    let tls = match address.scheme {
        super::Scheme::Http => None,
        super::Scheme::Https => match certificate::trusting(config.ca_file.as_deref()) {
            Ok(tls) => Some(tls),
            Err(error) => {
                tracing::warn!(job = %config.job, %error, "https targets cannot be scraped");
                None
            }
        },
    };
    Client {
        tls,
        body_bytes_max: config.body_bytes_max,
        timeout_secs: config.timeout_secs.clamp(1, config.interval_secs.max(1)),
    }
}

impl Loop {
    async fn run(self, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let target = self.address.to_string();
        self.board.update(&self.config.job, &target, |_| {});
        let interval = Duration::from_secs(self.config.interval_secs.max(1));
        let (start, offset) = (Instant::now(), self.offset(interval));
        // One scrape soon, so that there is something to see, and then each in its turn.
        let first = Duration::from_nanos(offset.subsec_nanos().into());
        let turn = if offset < first + FIRST_APART {
            offset + interval
        } else {
            offset
        };
        let mut ticks = tokio::time::interval_at(start + turn, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut series = Target::new(&self.config, &self.address);
        let mut is_first = true;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(start + first), if is_first => is_first = false,
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => return,
            }
            let scrape = self.scrape(series, tracker, shutdown);
            let Some(returned) = scrape.await else {
                return;
            };
            series = returned;
        }
    }

    /// When in the interval a target has its turn: the same after each start, and spread among
    /// targets.
    fn offset(&self, interval: Duration) -> Duration {
        let name = format!("{}\0{}", self.config.job, self.address);
        let hash = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
        let millis = u64::try_from(interval.as_millis()).unwrap_or(1);
        Duration::from_millis(hash % millis.max(1))
    }

    /// One scrape; none if the server shuts down.
    async fn scrape(
        &self,
        mut series: Target,
        tracker: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Option<Target> {
        let turn = tokio::select! {
            turn = self.turns.acquire() => turn.ok()?,
            () = shutdown.cancelled() => return None,
        };
        let started_at = self.door.clock.now();
        let started = Instant::now();
        let page = tokio::select! {
            page = self.page() => page,
            () = shutdown.cancelled() => return None,
        };
        let duration_secs = started.elapsed().as_secs_f64();
        let (door, source) = (self.door.clone(), source_of(&self.config.job));
        // A large page takes a while to read, so it leaves the async threads.
        let read = tracker.spawn_blocking(move || {
            let scraped = Scraped {
                at_ms: started_at.millis(),
                duration_secs,
                page: match &page {
                    Ok(page) => Ok((page.content_type.as_str(), page.body.as_slice())),
                    Err(failure) => Err(failure.as_str()),
                },
                certificate_ends: page.as_ref().ok().and_then(|page| page.certificate_ends),
            };
            let mut outcome = None;
            let decoded = door.gather(&source, |collector| {
                outcome = Some(series.take(&scraped, collector));
            });
            (series, decoded, outcome)
        });
        let Ok((series, decoded, Some(outcome))) = read.await else {
            tracing::error!(target = %self.address, "the reader of a scraped page ended");
            return None;
        };
        drop(turn);
        let points = decoded.accepted;
        let refused = decoded.errors.first().map(|error| {
            let rejected = decoded.rejected;
            format!(
                "{rejected} samples were refused: expected {}, {}",
                error.expected, error.detail
            )
        });
        self.door.deliver(decoded, shutdown).await.ok()?;
        let target = self.address.to_string();
        let Outcome { detail, is_up, .. } = outcome;
        self.board.update(&self.config.job, &target, |status| {
            status.state = if is_up {
                ScrapeState::Up
            } else {
                ScrapeState::Down
            };
            status.detail = if detail.is_empty() {
                refused.unwrap_or_default()
            } else {
                detail
            };
            status.points += points as u64;
            status.series = series.series();
            status.duration_secs = duration_secs;
            status.last_scrape_at = Some(started_at);
        });
        Some(series)
    }

    async fn page(&self) -> Result<Page, String> {
        let bearer = match &self.config.bearer_token_file {
            None => None,
            // So small that it does not hold up anybody.
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                format!("the token in {} cannot be read: {error}", path.display())
            })?),
        };
        let fetched = self
            .client
            .fetch(&self.address, bearer.as_deref().map(str::trim));
        let wait = Duration::from_secs(self.client.timeout_secs);
        tokio::time::timeout(wait, fetched)
            .await
            .unwrap_or_else(|_| {
                let secs = self.client.timeout_secs;
                Err(format!("the target did not answer within {secs} s"))
            })
    }
}
