//! Leaves a server alone that keeps failing, and lets one call through after a while to see.

use std::time::Duration;

use parking_lot::Mutex;
use tocsin_domain::ports::ModelError;
use tokio::time::Instant;

use crate::config::BreakerConfig;

/// Whether a server is asked.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    open: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    closed_until: Option<Instant>,
}

impl Breaker {
    pub(super) fn new(config: &BreakerConfig) -> Self {
        Self {
            failures_max: config.failures,
            open: Duration::from_secs(config.open_secs),
            state: Mutex::default(),
        }
    }

    /// Whether a call may go; the first one after the wait is the trial, and others wait for it.
    pub(super) fn pass(&self) -> Result<(), ModelError> {
        let mut state = self.state.lock();
        let Some(until) = state.closed_until else {
            return Ok(());
        };
        let now = Instant::now();
        if now >= until {
            state.closed_until = Some(now + self.open);
            return Ok(());
        }
        Err(ModelError::Unavailable {
            retry_after_secs: Some((until - now).as_secs() + 1),
            detail: "it failed too often in a row and is left alone for a while".into(),
        })
    }

    pub(super) fn succeeded(&self) {
        *self.state.lock() = State::default();
    }

    pub(super) fn failed(&self) {
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.failures_max {
            state.closed_until = Some(Instant::now() + self.open);
        }
    }
}
