//! Which process leads: the one that holds the lease in the relational store. It alone writes
//! alerts, tickets and runs, and tells people of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tocsin_domain::ports::{LeaseStore, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The name of the lease.
pub(super) const LEASE: &str = "leader";
/// How long the lease holds if it is not renewed: the time that nobody leads after a crash.
const TTL: Duration = Duration::from_secs(6);
/// How often it is renewed, or looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long before the end of a lease that could not be renewed its holder stops.
const MARGIN: Duration = Duration::from_secs(1);

/// Where a process stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It leads; the token is the fence of what it writes.
    Leads(u64),
    /// Another leads, at this address; none if nobody does.
    Follows(Option<String>),
    /// Nobody can say: the store of the lease does not answer.
    Unknown,
}

/// The election, as one process takes part in it.
pub(super) struct Election {
    pub(super) leases: Arc<dyn LeaseStore>,
    /// The name of this process, unlike any other's.
    pub(super) holder: String,
    /// Where the others reach it.
    pub(super) address: String,
    /// Whether it may lead.
    pub(super) is_eligible: bool,
}

impl Election {
    /// Takes part until cancelled. The lease stays held then: it is for its holder to give back once
    /// everything that rests on it has ended.
    pub(super) async fn run(self, standing: watch::Sender<Standing>, cancel: CancellationToken) {
        // What was seen last holds for as long as the lease of whoever leads.
        let mut holds_until = Instant::now() + TTL;
        let mut is_away = false;
        loop {
            let asked = Instant::now();
            let next = tokio::time::timeout(LOOK_EVERY, self.look()).await;
            match next.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer".into()))) {
                Ok(next) => {
                    (holds_until, is_away) = (asked + TTL - MARGIN, false);
                    self.now(&standing, next);
                }
                Err(error) => {
                    if !is_away {
                        is_away = true;
                        tracing::warn!(%error, "the lease of the leader cannot be looked at");
                    }
                    if Instant::now() >= holds_until {
                        self.now(&standing, Standing::Unknown);
                    }
                }
            }
            let pause = tokio::time::sleep(LOOK_EVERY);
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn look(&self) -> Result<Standing, StoreError> {
        if self.is_eligible {
            let acquired = self.leases.acquire(LEASE, &self.holder, &self.address, TTL);
            if let Some(token) = acquired.await? {
                return Ok(Standing::Leads(token));
            }
        }
        let leader = self.leases.lease(LEASE).await?;
        Ok(Standing::Follows(leader.map(|leader| leader.note)))
    }

    fn now(&self, standing: &watch::Sender<Standing>, next: Standing) {
        standing.send_if_modified(|before| {
            let is_new = *before != next;
            if is_new {
                match &next {
                    Standing::Leads(token) => tracing::info!(token, "this process leads"),
                    Standing::Follows(leader) => tracing::info!(?leader, "this process follows"),
                    Standing::Unknown => tracing::warn!(
                        "nobody can say which process leads: the relational store is away"
                    ),
                }
                *before = next;
            }
            is_new
        });
    }
}
