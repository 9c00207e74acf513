//! Approval in Slack: what waits for approval is posted with its plan and buttons, and edited in place as the run
//! goes on.
//!
//! It follows the runs in the store and changes nothing about them, so it neither delays a run nor makes one fail.
//! That a message is about to be posted is kept before it is, and where it is right after; if the answer to a post
//! was lost, the channel is looked through before anything is posted again. Not here: what people press
//! arrives at `api`, which votes through the desk of automation.

mod config;
mod message;
mod replies;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::automation::{Run, RunNotice, RunState};
use tocsin_domain::ports::{AutomationDesk, Clock, RunDetails, RunNotices, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use config::{SlackApprovals, SlackApprovalsConfig};
use message::Around;
pub use replies::SlackReplies;
use wire::{Sought, Told, Wire};

use crate::http::{Http, HttpConfig};
use crate::policy::Backoff;

/// How often it is looked whether there is something to tell.
const ROUND: Duration = Duration::from_millis(500);
/// How long Slack is let alone at most when it asks us to wait.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How many runs are told at a time.
const PAGE: usize = 16;
/// How long a message stays as it is after it was posted or edited, in ms: Slack takes about one a second.
const REST_MS: i64 = 1500;
/// How long a message may be on its way after its sender is gone, in ms: it is not looked for before.
const SETTLE_MS: i64 = 5000;
/// How long to wait after Slack refused something, in ms: someone has to set it right.
const REFUSED_MS: i64 = 300_000;
/// How attempts follow each other.
const BACKOFF: Backoff = Backoff {
    first_ms: 1000,
    most_ms: 60_000,
};

/// What the messages are made of.
#[derive(Clone)]
pub struct ApprovalParts {
    /// Runs with all that belongs to them.
    pub desk: Arc<dyn AutomationDesk>,
    /// What was told of them.
    pub notices: Arc<dyn RunNotices>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for ApprovalParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApprovalParts").finish_non_exhaustive()
    }
}

/// Posts what waits for approval, and answers those who press something.
#[derive(Debug)]
pub struct ApprovalMessenger {
    parts: ApprovalParts,
    http: Http,
    wire: Option<Wire>,
    base_url: String,
    can_vote: bool,
    replies: mpsc::Receiver<replies::Reply>,
}

/// Slack asks us to wait.
pub(super) struct Pause(Duration);

impl ApprovalMessenger {
    /// A messenger, and what takes answers to those who press something. `base_url` is where the page is,
    /// without a slash at the end.
    #[must_use]
    pub fn new(
        parts: ApprovalParts,
        settings: SlackApprovals,
        http: &HttpConfig,
        base_url: String,
    ) -> (Self, Arc<SlackReplies>) {
        let (replies, receiver) = SlackReplies::new(&settings.api_url);
        let http = Http::new(http);
        let api_url = settings.api_url;
        let wire = settings.bot.map(|(token, channel)| Wire {
            http: http.clone(),
            token,
            channel,
            api_url,
        });
        let messenger = Self {
            parts,
            http,
            wire,
            base_url,
            can_vote: settings.signing_secret.is_some(),
            replies: receiver,
        };
        (messenger, Arc::new(replies))
    }

    /// Posts, edits and answers until `shutdown` is cancelled.
    ///
    /// # Cancel safety
    /// Safe: what may have been posted is looked for at the next start.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let (_, none) = mpsc::channel(1);
        let replies = std::mem::replace(&mut self.replies, none);
        tokio::join!(
            self.tell_all(&shutdown),
            answer(self.http.clone(), replies, &shutdown),
        );
    }

    async fn tell_all(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let wait = match self.round(shutdown).await {
                Ok(None) => ROUND,
                Ok(Some(Pause(wait))) => wait.clamp(ROUND, PAUSE_MAX),
                Err(error) => {
                    tracing::warn!(%error, "what is to be told of runs cannot be read");
                    4 * ROUND
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Tells what there is to tell now.
    pub(super) async fn round(
        &self,
        shutdown: &CancellationToken,
    ) -> Result<Option<Pause>, StoreError> {
        let Some(wire) = &self.wire else {
            return Ok(None);
        };
        let now_ms = self.now_ms();
        for (run, notice) in self.parts.notices.runs_to_tell(now_ms, PAGE).await? {
            if shutdown.is_cancelled() {
                break;
            }
            let notice = notice.unwrap_or(RunNotice {
                run: run.id,
                reference: None,
                shown: 0,
                posting_ms: None,
                attempts: 0,
                due_ms: now_ms,
            });
            if let Some(pause) = self.tell(wire, &run, notice).await? {
                return Ok(Some(pause));
            }
        }
        Ok(None)
    }

    fn now_ms(&self) -> i64 {
        self.parts.clock.now().millis()
    }

    /// Brings what is told of a run up to what it is.
    async fn tell(
        &self,
        wire: &Wire,
        run: &Run,
        mut notice: RunNotice,
    ) -> Result<Option<Pause>, StoreError> {
        let Some(details) = self.parts.desk.run(run.id).await? else {
            return Ok(None);
        };
        if let (None, Some(since_ms)) = (&notice.reference, notice.posting_ms) {
            match wire.seek(&message::mark(run.id), since_ms).await {
                Sought::Found(reference) => notice.reference = Some(reference),
                Sought::Absent => {}
                Sought::Forbidden(why) => {
                    tracing::warn!(
                        run = %run.id, %why,
                        "whether a run was posted to Slack cannot be seen: it is posted again"
                    );
                }
                Sought::NotNow(wait) => {
                    let told = Told::NotNow {
                        wait,
                        is_unsure: true,
                        why: "the channel cannot be read".into(),
                    };
                    return self.settle(&details, notice, told).await;
                }
            }
            notice.posting_ms = None;
            self.parts.notices.put_run_notice(notice.clone()).await?;
        }
        let around = Around {
            base_url: &self.base_url,
            can_vote: self.can_vote,
        };
        let body = message::body(&details, around);
        let told = match &notice.reference {
            Some(reference) => wire.edit(reference, body.clone()).await,
            None => Told::Lost,
        };
        if told != Told::Lost {
            return self.settle(&details, notice, told).await;
        }
        notice.reference = None;
        if details.run.state != RunState::AwaitingApproval {
            // Nobody need press anything any more.
            return self.settle(&details, notice, Told::Lost).await;
        }
        let now_ms = self.now_ms();
        notice.posting_ms = Some(now_ms);
        notice.due_ms = now_ms + SETTLE_MS;
        self.parts.notices.put_run_notice(notice.clone()).await?;
        let told = wire.post(body).await;
        self.settle(&details, notice, told).await
    }

    /// Keeps what became of what was told.
    async fn settle(
        &self,
        details: &RunDetails,
        notice: RunNotice,
        told: Told,
    ) -> Result<Option<Pause>, StoreError> {
        let now_ms = self.now_ms();
        let run = &details.run;
        let mut pause = None;
        let notice = match told {
            Told::Done(_) | Told::Lost => RunNotice {
                reference: match told {
                    Told::Done(reference) => Some(reference),
                    _ => None,
                },
                shown: run.seq,
                posting_ms: None,
                attempts: 0,
                due_ms: now_ms + REST_MS,
                ..notice
            },
            Told::NotNow {
                wait,
                is_unsure,
                why,
            } => {
                tracing::warn!(run = %run.id, %why, "Slack was not told of a run yet");
                pause = wait.map(Pause);
                let attempts = notice.attempts.saturating_add(1);
                let posting_ms = notice.posting_ms.filter(|_| is_unsure);
                let settled_ms = posting_ms.map_or(0, |since_ms| since_ms + SETTLE_MS);
                let due_ms = now_ms + BACKOFF.wait_ms(attempts, &run.id.to_string(), wait);
                RunNotice {
                    posting_ms,
                    attempts,
                    due_ms: due_ms.max(settled_ms),
                    ..notice
                }
            }
            Told::Refused(why) => {
                tracing::error!(run = %run.id, %why, "Slack refuses to be told of a run");
                RunNotice {
                    posting_ms: None,
                    attempts: notice.attempts.saturating_add(1),
                    due_ms: now_ms + REFUSED_MS,
                    ..notice
                }
            }
        };
        self.parts.notices.put_run_notice(notice).await?;
        Ok(pause)
    }
}

/// Sends answers one after the other.
async fn answer(
    http: Http,
    mut replies: mpsc::Receiver<replies::Reply>,
    shutdown: &CancellationToken,
) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            reply = replies.recv() => match reply {
                Some(reply) => replies::send(&http, reply).await,
                None => return,
            },
        }
    }
}
