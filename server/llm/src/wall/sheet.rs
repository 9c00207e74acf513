//! The sheet of a call that leaves: its place in the ledger's queue is taken before, and it is
//! written whatever becomes of the call, also if nobody waits for it any more.

use sha2::{Digest, Sha256};
use tocsin_domain::ports::model_ledger::{LedgerEntry, LedgerId};
use tocsin_domain::ports::{CallScope, ModelError, Usage};
use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Wall;
use super::budget::Reservation;
use crate::config::ModelPricesConfig;

/// An entry on its way into the ledger, with what it reserved.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) entry: LedgerEntry,
    pub(super) reservation: Reservation,
    /// Told whether it is durable; nobody listens if the reader gave up.
    pub(super) told: Option<oneshot::Sender<bool>>,
}

/// How a call ended, for its entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) outcome: &'static str,
    pub(super) usage: Usage,
    pub(super) is_billed: bool,
}

/// The sheet of a call. Dropping it before it left writes nothing; after, it writes `cut`.
#[derive(Debug)]
pub(super) struct Sheet {
    open: Option<Open>,
    prices: ModelPricesConfig,
    began: Instant,
    has_left: bool,
    tokens_in: u64,
    /// Tokens of the answer so far, as estimated.
    tokens_out: u64,
}

#[derive(Debug)]
struct Open {
    entry: LedgerEntry,
    reservation: Reservation,
    place: OwnedPermit<Written>,
}

impl Wall {
    /// The sheet of a call that is about to leave.
    pub(super) async fn sheet(
        &self,
        scope: &CallScope,
        model: &str,
        redactions: &[(String, u32)],
        (reservation, tokens_in): (Reservation, u64),
    ) -> Result<Sheet, ModelError> {
        let place = self.entries.clone().reserve_owned().await;
        let place = place.map_err(|_| ModelError::Unavailable {
            retry_after_secs: None,
            detail: "the server shuts down".into(),
        })?;
        let now = self.parts.clock.now();
        let endpoint = &self.settings.endpoint;
        let entry = LedgerEntry {
            id: LedgerId::new(now, (self.parts.random)()),
            at_ms: now.millis(),
            provider: endpoint.provider.name().to_owned(),
            model: model.to_owned(),
            destination: endpoint.host.clone(),
            user: scope.user.clone(),
            question_id: scope.question_id,
            task: scope.task.clone(),
            prompt_hash: scope.prompt_hash.clone(),
            tokens_in: 0,
            tokens_out: 0,
            micro_usd: 0,
            redactions: redactions.to_vec(),
            outcome: String::new(),
            took_ms: 0,
            sent_sha256: String::new(),
        };
        Ok(Sheet {
            open: Some(Open {
                entry,
                reservation,
                place,
            }),
            prices: self.settings.prices.clone(),
            began: Instant::now(),
            has_left: false,
            tokens_in,
            tokens_out: 0,
        })
    }
}

impl Sheet {
    /// From here on the call counts as made.
    pub(super) fn leave(&mut self, body: &[u8]) {
        if let Some(open) = &mut self.open {
            let hash = Sha256::digest(body);
            open.entry.sent_sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        }
        self.has_left = true;
        self.began = Instant::now();
    }

    /// It did not leave after all.
    pub(super) const fn stay(&mut self) {
        self.has_left = false;
    }

    /// The error if the answer, with so many tokens more, is beyond what was reserved.
    pub(super) fn came(&mut self, tokens: usize) -> Result<(), ModelError> {
        self.tokens_out = self.tokens_out.saturating_add(tokens as u64);
        match &self.open {
            Some(open) if self.tokens_out > open.reservation.cut_at => {
                Err(ModelError::BudgetSpent {
                    which: open.reservation.cut_by,
                    until_ms: open.reservation.until_ms,
                })
            }
            _ => Ok(()),
        }
    }

    /// What the call took, where the server did not say.
    pub(super) const fn estimate(&self) -> Usage {
        Usage {
            tokens_in: self.tokens_in,
            tokens_out: self.tokens_out,
            is_estimate: true,
        }
    }

    /// Writes the entry and waits until it is durable.
    ///
    /// # Cancel safety
    /// Safe: the entry is on its way before anything is awaited.
    pub(super) async fn close(&mut self, end: End) -> Result<(), ModelError> {
        let (tell, told) = oneshot::channel();
        if !self.write(end, Some(tell)) {
            return Ok(());
        }
        match told.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(ModelError::Unavailable {
                retry_after_secs: None,
                detail: "the ledger of models cannot be written".into(),
            }),
        }
    }

    fn write(&mut self, end: End, told: Option<oneshot::Sender<bool>>) -> bool {
        let Some(open) = self.open.take().filter(|_| self.has_left) else {
            return false;
        };
        let mut entry = open.entry;
        end.outcome.clone_into(&mut entry.outcome);
        entry.tokens_in = end.usage.tokens_in;
        entry.tokens_out = end.usage.tokens_out;
        if end.is_billed {
            let prices = &self.prices;
            entry.micro_usd = prices.cost_micro_usd(entry.tokens_in, entry.tokens_out);
        }
        entry.took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        open.place.send(Written {
            entry,
            reservation: open.reservation,
            told,
        });
        true
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        let end = End {
            outcome: "cut",
            usage: self.estimate(),
            is_billed: true,
        };
        self.write(end, None);
    }
}
