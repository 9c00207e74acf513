//! Who does which kind of job.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tocsin_domain::ports::{JobHandler, JobKind};

/// The handlers, by kind.
#[derive(Clone, Default)]
pub struct JobHandlers {
    by_kind: BTreeMap<&'static str, Arc<dyn JobHandler>>,
}

impl fmt::Debug for JobHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}

impl JobHandlers {
    /// Adds a handler, in place of the one of the same kind.
    #[must_use]
    pub fn with(mut self, handler: impl JobHandler + 'static) -> Self {
        self.by_kind.insert(handler.kind(), Arc::new(handler));
        self
    }

    /// Who does a kind.
    pub(crate) fn get(&self, kind: &str) -> Option<&Arc<dyn JobHandler>> {
        self.by_kind.get(kind)
    }

    /// The kinds.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.by_kind.keys().copied().collect()
    }

    /// The kinds, for people.
    pub(crate) fn kinds(&self) -> Vec<JobKind> {
        let all = self.by_kind.values().map(|handler| JobKind {
            name: handler.kind(),
            about: handler.about(),
            example: handler.example(),
        });
        all.collect()
    }
}
