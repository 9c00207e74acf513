//! Whether an engine answers at all, so that one that hangs holds nobody up.
//!
//! Work that takes long is no sign of that: after a while the engine is asked something that costs it
//! nothing, and only if that stays without an answer is the work given up. From then on everything fails
//! at once, but for one who asks now and then whether it is back.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tocsin_domain::ports::{EngineError, StoreError};

/// How long the answer to a ping may take: much longer than it does on a machine that is busy.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long an engine that does not answer is let be.
const REST: Duration = Duration::from_secs(1);

/// A question that costs the engine nothing; true if it answered, whatever it said.
pub(crate) type Ping = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// The engine does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not answer")]
pub(crate) struct Silent;

impl Silent {
    /// The error of the ports.
    pub(crate) fn of(self, engine: &'static str) -> StoreError {
        StoreError::Unavailable(EngineError::away(engine, self).into())
    }
}

/// The pulse of an engine.
pub(crate) struct Pulse {
    engine: &'static str,
    /// How long work may take before it is asked whether there is anybody.
    patience: Duration,
    ping: Ping,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It answered, as far as is known.
    Beats,
    /// It did not answer, and is let be until then.
    Silent { until: Instant },
    /// Somebody asks whether it is back.
    Asked,
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse")
            .field("engine", &self.engine)
            .field("state", &*self.state.lock())
            .finish_non_exhaustive()
    }
}

/// Who asked and went away before the answer came has learnt nothing.
struct Asking<'a>(&'a Pulse, State);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        *self.0.state.lock() = self.1;
    }
}

impl Pulse {
    pub(crate) fn new(engine: &'static str, patience: Duration, ping: Ping) -> Self {
        Self {
            engine,
            patience,
            ping,
            state: Mutex::new(State::Beats),
        }
    }

    /// Carries out work, and gives it up once the engine does not answer.
    ///
    /// # Errors
    /// [`Silent`] then, and as long as that is so.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Silent> {
        self.is_there().await?;
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.falls_silent() => Err(Silent),
        }
    }

    /// Asks whether it answers.
    ///
    /// # Errors
    /// [`Silent`] if it does not.
    pub(crate) async fn ask(&self) -> Result<(), Silent> {
        let answered = tokio::time::timeout(ANSWER_WITHIN, (self.ping)()).await;
        let beats = answered.unwrap_or(false);
        let now = if beats { State::Beats } else { resting() };
        let before = std::mem::replace(&mut *self.state.lock(), now);
        let engine = self.engine;
        match (before, beats) {
            (State::Beats, false) => tracing::warn!(engine, "it does not answer"),
            (State::Silent { .. } | State::Asked, true) => {
                tracing::info!(engine, "it answers again");
            }
            _ => {}
        }
        if beats { Ok(()) } else { Err(Silent) }
    }

    async fn is_there(&self) -> Result<(), Silent> {
        {
            let mut state = self.state.lock();
            match *state {
                State::Beats => return Ok(()),
                State::Silent { until } if Instant::now() >= until => *state = State::Asked,
                State::Silent { .. } | State::Asked => return Err(Silent),
            }
        }
        let mut asking = Asking(self, resting());
        let answered = self.ask().await;
        asking.1 = *self.state.lock();
        answered
    }

    /// Ends once the engine does not answer.
    async fn falls_silent(&self) {
        loop {
            tokio::time::sleep(self.patience).await;
            if self.ask().await.is_err() {
                return;
            }
        }
    }
}

fn resting() -> State {
    State::Silent {
        until: Instant::now() + REST,
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    /// A pulse that beats while told so; without a beat pings stay without an answer.
    fn pulse() -> (Pulse, Arc<AtomicBool>, Arc<AtomicU32>) {
        let (beats, pings) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
        let (asked, counted) = (beats.clone(), pings.clone());
        let ping: Ping = Box::new(move || {
            let beats = asked.load(Ordering::Relaxed);
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                if !beats {
                    pending::<()>().await;
                }
                true
            })
        });
        (
            Pulse::new("test", Duration::from_millis(20), ping),
            beats,
            pings,
        )
    }

    #[tokio::test]
    async fn work_that_is_long_is_let_be_while_the_engine_answers() {
        let (pulse, _, pings) = pulse();
        let long = async {
            while pings.load(Ordering::Relaxed) < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            7
        };
        assert_eq!(pulse.during(long).await, Ok(7));
    }

    #[tokio::test]
    async fn one_that_hangs_holds_nobody_up_and_is_found_again() {
        let (pulse, beats, pings) = pulse();
        beats.store(false, Ordering::Relaxed);
        let begun = Instant::now();
        assert_eq!(pulse.during(pending::<()>()).await, Err(Silent));
        assert!(begun.elapsed() < ANSWER_WITHIN * 2);
        let asked = pings.load(Ordering::Relaxed);
        assert_eq!(pulse.during(async {}).await, Err(Silent), "at once");
        assert_eq!(pings.load(Ordering::Relaxed), asked);
        beats.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + REST * 10;
        while pulse.during(async {}).await.is_err() {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(pings.load(Ordering::Relaxed), asked + 1);
    }

    #[tokio::test]
    async fn one_who_gives_up_asking_leaves_it_to_the_next() {
        let (pulse, beats, _) = pulse();
        *pulse.state.lock() = State::Silent {
            until: Instant::now(),
        };
        beats.store(false, Ordering::Relaxed);
        let short = Duration::from_millis(20);
        assert!(
            tokio::time::timeout(short, pulse.during(async {}))
                .await
                .is_err()
        );
        assert!(matches!(*pulse.state.lock(), State::Silent { .. }));
    }
}
