//! What the copilot did, counted for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the copilot did since the process began.
#[derive(Debug, Default)]
pub struct CopilotTelemetry {
    answered: AtomicU64,
    stopped: AtomicU64,
    refused: AtomicU64,
    statements: AtomicU64,
    dropped: AtomicU64,
    by_model: AtomicU64,
    model_failures: AtomicU64,
    took_ms: AtomicU64,
}

/// The counts at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CopilotCounts {
    /// Questions that were answered to the end.
    pub answered: u64,
    /// Questions whose answer was stopped before.
    pub stopped: u64,
    /// Questions that were refused since too many were being answered.
    pub refused: u64,
    /// Statements that were told.
    pub statements: u64,
    /// Statements that were dropped, as their evidence did not bear them out.
    pub dropped: u64,
    /// Answers that a model wrote.
    pub by_model: u64,
    /// Answers that a model should have written and could not.
    pub model_failures: u64,
    /// The time of all answers together, in ms.
    pub took_ms: u64,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) is_stopped: bool,
    pub(crate) statements: usize,
    pub(crate) dropped: u32,
    pub(crate) by_model: bool,
    pub(crate) model_failed: bool,
    pub(crate) took_ms: u64,
}

impl CopilotTelemetry {
    /// The counts as of now.
    #[must_use]
    pub fn counts(&self) -> CopilotCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CopilotCounts {
            answered: read(&self.answered),
            stopped: read(&self.stopped),
            refused: read(&self.refused),
            statements: read(&self.statements),
            dropped: read(&self.dropped),
            by_model: read(&self.by_model),
            model_failures: read(&self.model_failures),
            took_ms: read(&self.took_ms),
        }
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self, one: &Answered) {
        let add = |counter: &AtomicU64, count: u64| counter.fetch_add(count, Ordering::Relaxed);
        if one.is_stopped {
            add(&self.stopped, 1);
        } else {
            add(&self.answered, 1);
        }
        add(&self.statements, one.statements as u64);
        add(&self.dropped, u64::from(one.dropped));
        add(&self.by_model, u64::from(one.by_model));
        add(&self.model_failures, u64::from(one.model_failed));
        add(&self.took_ms, one.took_ms);
        tracing::info!(
            took_ms = one.took_ms,
            statements = one.statements,
            dropped = one.dropped,
            stopped = one.is_stopped,
            by_model = one.by_model,
            "a question was answered"
        );
    }
}
