//! What is counted of calls, for `/metrics`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tocsin_domain::ports::ModelError;
use tocsin_domain::ports::model_ledger::LedgerEntry;

/// Counters of calls, since the start.
#[derive(Debug, Default)]
pub struct ModelTelemetry {
    tokens_in: AtomicU64,
    tokens_out: AtomicU64,
    micro_usd: AtomicU64,
    retries: AtomicU64,
    unrecorded: AtomicU64,
    in_flight: AtomicU64,
    calls: Mutex<BTreeMap<String, u64>>,
    errors: Mutex<BTreeMap<&'static str, u64>>,
    redactions: Mutex<BTreeMap<String, u64>>,
}

/// The counters at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelCounts {
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens that came back.
    pub tokens_out: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Calls that left and could not be written into the ledger.
    pub unrecorded: u64,
    /// Answers that are arriving now.
    pub in_flight: u64,
    /// Requests that left, by their outcome: `ok`, `cut`, or the kind of the error.
    pub calls: Vec<(String, u64)>,
    /// Questions that were not answered, also those that did not leave, by the kind of the error.
    pub errors: Vec<(String, u64)>,
    /// Different values that were cut out of requests, by kind.
    pub redactions: Vec<(String, u64)>,
}

impl ModelTelemetry {
    /// The counters as they are now.
    #[must_use]
    pub fn counts(&self) -> ModelCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let errors = self.errors.lock();
        ModelCounts {
            tokens_in: load(&self.tokens_in),
            tokens_out: load(&self.tokens_out),
            micro_usd: load(&self.micro_usd),
            retries: load(&self.retries),
            unrecorded: load(&self.unrecorded),
            in_flight: load(&self.in_flight),
            calls: self.calls.lock().clone().into_iter().collect(),
            errors: errors
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
            redactions: self.redactions.lock().clone().into_iter().collect(),
        }
    }

    pub(super) fn left(&self, entry: &LedgerEntry) {
        self.tokens_in.fetch_add(entry.tokens_in, Ordering::Relaxed);
        self.tokens_out
            .fetch_add(entry.tokens_out, Ordering::Relaxed);
        self.micro_usd.fetch_add(entry.micro_usd, Ordering::Relaxed);
        *self.calls.lock().entry(entry.outcome.clone()).or_default() += 1;
        let mut redactions = self.redactions.lock();
        for (kind, count) in &entry.redactions {
            *redactions.entry(kind.clone()).or_default() += u64::from(*count);
        }
    }

    pub(super) fn failed(&self, error: &ModelError) {
        *self.errors.lock().entry(error.kind()).or_default() += 1;
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unrecorded(&self) {
        self.unrecorded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
