//! What is read before the work begins, tried again while its store is away.

use std::time::Duration;

use tocsin_domain::ports::StoreError;
use tokio_util::sync::CancellationToken;

/// How long to wait before the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Opens something until its store answers; none if `shutdown` came first. `what` says for the log what
/// waits for it.
///
/// # Errors
/// [`StoreError`] if waiting does not help.
pub(crate) async fn opened<T, F>(
    what: &'static str,
    shutdown: &CancellationToken,
    open: impl Fn() -> F,
) -> Result<Option<T>, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut is_said = false;
    loop {
        match shutdown.run_until_cancelled(open()).await {
            None => return Ok(None),
            Some(Ok(opened)) => return Ok(Some(opened)),
            Some(Err(error @ StoreError::Unavailable(_))) if !is_said => {
                is_said = true;
                tracing::warn!(%error, "{what} wait for the relational store");
            }
            Some(Err(StoreError::Unavailable(_))) => {}
            Some(Err(error)) => return Err(error),
        }
        let pause = tokio::time::sleep(RETRY_AFTER);
        if shutdown.run_until_cancelled(pause).await.is_none() {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_is_asked_again() {
        let (tries, shutdown) = (AtomicU32::new(0), CancellationToken::new());
        let open = || async {
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err(StoreError::Unavailable("away".into())),
                number => Ok(number),
            }
        };
        let opened_at = opened("tests", &shutdown, open).await.unwrap();
        assert_eq!(opened_at, Some(2));
        let broken = || async { Err::<(), _>(StoreError::Corrupt("row".into())) };
        assert!(opened("tests", &shutdown, broken).await.is_err());
        shutdown.cancel();
        let away = || async { Err::<(), _>(StoreError::Unavailable("away".into())) };
        assert!(opened("tests", &shutdown, away).await.unwrap().is_none());
    }
}
