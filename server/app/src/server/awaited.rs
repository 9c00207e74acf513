//! What the server needs from elsewhere, waited for at the start.
//!
//! Only what cannot be reached, or is starting up, is waited for: what refuses, or is set wrongly, needs
//! somebody to change something, and ends the process with its words.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tocsin_domain::ports::server_status::Readiness;
use tocsin_domain::ports::{EngineError, EngineErrorKind};
use tokio::time::Instant;

/// The wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// How often the log says again that something is missing.
const SAY_EVERY: Duration = Duration::from_secs(300);

/// How far everything is that is needed, in the order in which it was asked for.
#[derive(Debug)]
pub(crate) struct Awaited {
    board: Mutex<Vec<Readiness>>,
    is_patient: bool,
}

impl Awaited {
    /// Waits for what is away.
    pub(super) fn patient() -> Self {
        Self {
            board: Mutex::default(),
            is_patient: true,
        }
    }

    /// Fails if something is away, for those who stand and wait for the outcome.
    pub(crate) fn impatient() -> Self {
        Self {
            is_patient: false,
            ..Self::patient()
        }
    }

    /// What is there, and what is missing.
    pub(super) fn look(&self) -> Vec<Readiness> {
        self.board.lock().clone()
    }

    /// What is told of while the server waits.
    pub(super) fn told(self: &Arc<Self>) -> tocsin_api::Waits {
        let board = self.clone();
        Arc::new(move || board.look())
    }

    fn note(&self, dependency: &str, missing: Option<&str>) {
        let mut board = self.board.lock();
        let readiness = Readiness {
            dependency: dependency.into(),
            is_ready: missing.is_none(),
            detail: missing.unwrap_or_default().into(),
        };
        match board.iter_mut().find(|one| one.dependency == dependency) {
            Some(known) => *known = readiness,
            None => board.push(readiness),
        }
    }

    /// Attempts it until it is there.
    ///
    /// # Errors
    /// What waiting does not help against.
    pub(super) async fn until<T>(
        &self,
        dependency: &str,
        attempt: impl AsyncFn() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let begun = Instant::now();
        let (mut wait, mut said_at) = (FIRST_WAIT, None);
        self.note(dependency, Some("it is being reached"));
        loop {
            let error = match attempt().await {
                Ok(there) => {
                    self.note(dependency, None);
                    if said_at.is_some() {
                        let secs = begun.elapsed().as_secs();
                        tracing::info!(dependency, secs, "what was waited for is there");
                    }
                    return Ok(there);
                }
                Err(error) if self.is_patient && is_away(&error) => format!("{error:#}"),
                Err(error) => return Err(error),
            };
            self.note(dependency, Some(&error));
            if said_at.is_none_or(|at: Instant| at.elapsed() >= SAY_EVERY) {
                said_at = Some(Instant::now());
                tracing::warn!(
                    dependency,
                    error,
                    "the server waits for what it needs, and starts by itself once it is there"
                );
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// Whether it may be there later without anybody changing anything.
fn is_away(error: &anyhow::Error) -> bool {
    let engine = EngineError::behind(error.as_ref());
    engine.is_some_and(|engine| engine.kind == EngineErrorKind::Away)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use anyhow::Context;
    use tocsin_domain::ports::StoreError;

    use super::*;

    fn failed(error: EngineError) -> anyhow::Error {
        let failed: Result<(), _> = Err(StoreError::Unavailable(error.into()));
        failed.context("ClickHouse cannot be used").unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_away_is_waited_for_longer_and_longer() {
        let (awaited, tries) = (Awaited::patient(), AtomicU32::new(0));
        let begun = Instant::now();
        let attempt = async || match tries.fetch_add(1, Ordering::Relaxed) {
            0..6 => {
                assert!(!awaited.look()[0].is_ready);
                Err(failed(EngineError::away(
                    "ClickHouse",
                    "connection refused",
                )))
            }
            tries => Ok(tries),
        };
        assert_eq!(awaited.until("logs", attempt).await.unwrap(), 6);
        assert_eq!(begun.elapsed().as_secs(), 1 + 2 + 4 + 8 + 15 + 15);
        assert!(awaited.look()[0].is_ready);
    }

    #[tokio::test]
    async fn what_refuses_is_not_waited_for() {
        let awaited = Awaited::patient();
        let attempt = async || -> anyhow::Result<()> {
            Err(failed(EngineError::refuses("ClickHouse", "wrong password")))
        };
        let refused = awaited.until("logs", attempt).await.unwrap_err();
        assert!(format!("{refused:#}").ends_with("wrong password"));
    }

    #[tokio::test]
    async fn who_is_impatient_waits_for_nothing() {
        let attempt = async || -> anyhow::Result<()> {
            Err(failed(EngineError::away("ClickHouse", "refused")))
        };
        let awaited = Awaited::impatient();
        assert!(awaited.until("logs", attempt).await.is_err());
    }
}
