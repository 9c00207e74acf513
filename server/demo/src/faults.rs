//! The faults, and which of them were on when: the truth that an observer's conclusions are compared with.

use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::{now_ms, rfc3339};

/// Something that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Product 999 has no price.
    MissingPrice,
    /// Exports fill the volume and nobody removes them.
    DiskFill,
    /// The payment provider does not answer.
    PaymentTimeout,
    /// Sessions are kept in memory for ever.
    MemoryLeak,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [
        Self::MissingPrice,
        Self::DiskFill,
        Self::PaymentTimeout,
        Self::MemoryLeak,
    ];

    /// Its name in routes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MissingPrice => "missing_price",
            Self::DiskFill => "disk_fill",
            Self::PaymentTimeout => "payment_timeout",
            Self::MemoryLeak => "memory_leak",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Where it begins, and what follows from it, in the order in which it does.
    const fn course(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::MissingPrice => ("pricing", &["pricing", "orders"]),
            Self::DiskFill => ("volume", &["volume", "orders", "web"]),
            Self::PaymentTimeout => ("payment", &["payment", "orders", "web"]),
            Self::MemoryLeak => ("sessions", &["sessions"]),
        }
    }
}

/// A time during which a fault was on.
#[derive(Debug, Clone, Serialize)]
struct Span {
    from: String,
    /// None while it lasts.
    until: Option<String>,
}

/// What is told of a fault.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FaultState {
    name: &'static str,
    on: bool,
    /// The component where it begins.
    root: &'static str,
    /// The components it reaches, in the order in which it does.
    course: &'static [&'static str],
    spans: Vec<Span>,
}

/// All faults.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<Vec<(Fault, bool, Vec<Span>)>>);

impl Faults {
    /// None is on.
    pub(crate) fn new() -> Self {
        let all = Fault::ALL.map(|fault| (fault, false, Vec::new()));
        Self(Mutex::new(all.into()))
    }

    pub(crate) fn is_on(&self, fault: Fault) -> bool {
        let all = self.0.lock();
        all.iter().any(|(one, on, _)| *one == fault && *on)
    }

    /// Switches a fault; one that is as it should be stays as it is.
    pub(crate) fn switch(&self, fault: Fault, on: bool) {
        self.switch_at(fault, on, now_ms());
    }

    /// Switches a fault as of a time in the past.
    pub(crate) fn switch_at(&self, fault: Fault, on: bool, at_ms: i64) {
        let mut all = self.0.lock();
        for (_, state, spans) in all.iter_mut().filter(|one| one.0 == fault && one.1 != on) {
            *state = on;
            if on {
                spans.push(Span {
                    from: rfc3339(at_ms),
                    until: None,
                });
            } else if let Some(last) = spans.last_mut() {
                last.until = Some(rfc3339(at_ms));
            }
        }
    }

    pub(crate) fn states(&self) -> Vec<FaultState> {
        let state = |(fault, on, spans): &(Fault, bool, Vec<Span>)| {
            let (root, course) = fault.course();
            FaultState {
                name: fault.name(),
                on: *on,
                root,
                course,
                spans: spans.clone(),
            }
        };
        self.0.lock().iter().map(state).collect()
    }
}
