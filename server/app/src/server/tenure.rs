//! Whether this process does what one process does for all, and since when.
//!
//! A server by itself always does. Where several share a relational store, the one that leads does:
//! when that changes, the duties are opened anew over what the one before left, and the routes change
//! with them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tocsin_api::Leader;
use tocsin_domain::ports::LeaseStore;
use tocsin_pipeline::aggregate::{AlertInbox, Telling};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::awaited::Awaited;
use super::duties::{Duties, Term, ended};
use super::foundation::Foundation;
use super::leadership::{Election, LEASE, Standing};
use super::served::Served;
use crate::clock;
use crate::config::Config;

/// How long the tasks of one that no longer leads may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How long to wait after the duties could not be opened.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The duties of this process, as they stand.
pub(super) struct Tenure {
    now: Arc<Mutex<Now>>,
    leases: Arc<dyn LeaseStore>,
    election: TaskTracker,
    stop: CancellationToken,
}

/// What is done now.
struct Now {
    duties: Arc<Duties>,
    term: Option<Term>,
    /// The fence, where there is one.
    token: Option<u64>,
}

impl std::fmt::Debug for Tenure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let now = self.now.lock();
        f.debug_struct("Tenure")
            .field("leads", &now.term.is_some())
            .field("token", &now.token)
            .finish_non_exhaustive()
    }
}

impl Tenure {
    /// Opens the duties, and takes them up if this process is by itself, or else once it leads.
    ///
    /// # Errors
    /// What cannot be read, and why.
    pub(super) async fn begin(
        config: &Arc<Config>,
        base: &Arc<Foundation>,
        awaited: &Awaited,
        (served, address): (Served, SocketAddr),
    ) -> anyhow::Result<Self> {
        let relational = base.engines.relational.clone();
        let duties = awaited.until("relational", async || {
            Duties::open(config, base, relational.clone()).await
        });
        let duties = Arc::new(duties.await?);
        let now = Arc::new(Mutex::new(Now {
            duties: duties.clone(),
            term: None,
            token: None,
        }));
        let tenure = Self {
            now: now.clone(),
            leases: relational.clone(),
            election: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        if !base.engines.are_shared {
            let term = duties.start(config).await?;
            served.change(&duties, None)?;
            base.processes.set_leads(true);
            now.lock().term = Some(term);
            return Ok(tenure);
        }
        let (leader, followed) = watch::channel(Leader::Nobody);
        served.change(&duties, Some(followed.clone()))?;
        if config.server.role.works() {
            duties.share_jobs(&tenure.election, &tenure.stop);
        }
        let (said, standing) = watch::channel(Standing::Follows(None));
        let election = Election {
            leases: relational,
            holder: format!("{}-{:x}", super::host_name(), u128::from_be_bytes(nonce())),
            address: config.server.reached_at(address),
            is_eligible: config.server.role.works(),
        };
        let run = election.run(said, tenure.stop.clone());
        tenure.election.spawn(run);
        let changes = Changes {
            config: config.clone(),
            base: base.clone(),
            served,
            now,
            leader,
            followed,
        };
        tenure
            .election
            .spawn(changes.follow(standing, tenure.stop.clone()));
        Ok(tenure)
    }

    /// Where the loops of this process tell what they found, if it is by itself.
    pub(super) fn inbox(&self) -> (Arc<dyn AlertInbox>, Arc<Telling>) {
        let alerts = &self.now.lock().duties.alerts;
        (Arc::new(alerts.desk.clone()), alerts.findings.clone())
    }

    /// Ends all but the writer of alerts. False if it took longer than until `deadline`.
    pub(super) async fn end_background(&self, deadline: Instant) -> bool {
        self.stop.cancel();
        let elected = ended(&self.election, deadline).await;
        let Some(term) = self.now.lock().term.take() else {
            return elected;
        };
        let ended = term.end_background(deadline).await;
        self.now.lock().term = Some(term);
        elected && ended
    }

    /// Ends the writer of alerts. False if it took longer than until `deadline`.
    pub(super) async fn end_writers(&self, deadline: Instant) -> bool {
        let term = self.now.lock().term.take();
        match term {
            Some(term) => term.end_writers(deadline).await,
            None => true,
        }
    }

    /// Lets another lead at once.
    pub(super) async fn give_back(&self) {
        let token = self.now.lock().token.take();
        if let Some(token) = token
            && let Err(error) = self.leases.release(LEASE, token).await
        {
            tracing::warn!(%error, "another process leads only once the lease is over");
        }
    }
}

/// 128 random bits.
fn nonce() -> [u8; 16] {
    let mut nonce = [0; 16];
    nonce[..10].copy_from_slice(&clock::random());
    nonce
}

/// Takes duties up and lays them down as this process begins and ceases to lead.
struct Changes {
    config: Arc<Config>,
    base: Arc<Foundation>,
    served: Served,
    now: Arc<Mutex<Now>>,
    leader: watch::Sender<Leader>,
    followed: watch::Receiver<Leader>,
}

impl Changes {
    async fn follow(self, mut standing: watch::Receiver<Standing>, cancel: CancellationToken) {
        loop {
            let now = standing.borrow_and_update().clone();
            let done = match now {
                Standing::Leads(token) => self.lead(token).await,
                Standing::Follows(leader) => self.obey(leader).await,
                Standing::Unknown => {
                    // What it does for all it can do no more, as it cannot write; whoever leads next,
                    // this one or another, begins anew.
                    self.leader.send_replace(Leader::Unknown);
                    Ok(())
                }
            };
            let again = async {
                match &done {
                    Ok(()) => std::future::pending().await,
                    Err(_) => tokio::time::sleep(RETRY_AFTER).await,
                }
            };
            if let Err(error) = &done {
                let error = format!("{error:#}");
                tracing::warn!(
                    error,
                    "the duties of this process could not change; will try again"
                );
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                changed = standing.changed() => if changed.is_err() { return },
                () = again => {}
            }
        }
    }

    async fn lead(&self, token: u64) -> anyhow::Result<()> {
        if self.now.lock().token == Some(token) {
            return Ok(());
        }
        self.lay_down().await;
        let relational = Arc::new(self.base.engines.relational.fenced(LEASE, token));
        let duties = Arc::new(Duties::open(&self.config, &self.base, relational).await?);
        let term = duties.start(&self.config).await?;
        duties.hear_workers(&term);
        self.served.change(&duties, None)?;
        self.base.processes.set_leads(true);
        *self.now.lock() = Now {
            duties,
            term: Some(term),
            token: Some(token),
        };
        Ok(())
    }

    async fn obey(&self, leader: Option<String>) -> anyhow::Result<()> {
        let leader = leader.and_then(|leader| leader.parse().ok());
        self.leader
            .send_replace(leader.map_or(Leader::Nobody, Leader::At));
        if self.now.lock().token.is_some() {
            let relational = self.base.engines.relational.clone();
            let duties = Arc::new(Duties::open(&self.config, &self.base, relational).await?);
            let followed = Some(self.followed.clone());
            self.served.change(&duties, followed)?;
            self.lay_down().await;
            self.now.lock().duties = duties;
        }
        Ok(())
    }

    /// Ends what was done for all. What is not kept by now is found anew by whoever leads next.
    async fn lay_down(&self) {
        self.base.processes.set_leads(false);
        let term = {
            let mut now = self.now.lock();
            now.token = None;
            now.term.take()
        };
        if let Some(term) = term {
            let deadline = Instant::now() + END_WITHIN;
            let is_over = term.end_background(deadline).await;
            if !(term.end_writers(deadline).await && is_over) {
                tracing::warn!("some tasks of the lead go on; what they write is refused");
            }
        }
    }
}
