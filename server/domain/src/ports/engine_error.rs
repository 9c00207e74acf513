//! What is wrong with an engine beside this process, in a form that whoever answers people, or decides
//! whether to wait, can tell apart.

use std::error::Error;
use std::fmt;

/// Why an engine did not do as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineErrorKind {
    /// It cannot be reached, does not answer, or is starting up: it may be back at any time.
    Away,
    /// It does not let this process do this, or is not one that can be worked with: somebody has to change
    /// something.
    Refuses,
}

/// An engine that is of no use just now: the source of [`StoreError::Unavailable`] and
/// [`BusError::Unavailable`] where there is an engine.
///
/// [`StoreError::Unavailable`]: super::StoreError::Unavailable
/// [`BusError::Unavailable`]: super::BusError::Unavailable
#[derive(Debug)]
pub struct EngineError {
    /// Its name: `ClickHouse`.
    pub engine: &'static str,
    /// Whether it may help to wait.
    pub kind: EngineErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

impl EngineError {
    /// One that cannot be reached.
    pub fn away(engine: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            engine,
            kind: EngineErrorKind::Away,
            source: source.into(),
        }
    }

    /// One that refuses.
    pub fn refuses(engine: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            engine,
            kind: EngineErrorKind::Refuses,
            source: source.into(),
        }
    }

    /// What whoever asked is told: nothing of what the engine itself said.
    #[must_use]
    pub fn in_short(&self) -> String {
        let engine = self.engine;
        match self.kind {
            EngineErrorKind::Away => format!(
                "{engine} does not answer just now; this works again by itself once it does"
            ),
            EngineErrorKind::Refuses => format!("{engine} refuses this; the log says why"),
        }
    }

    /// The one that stands behind an error, if any.
    #[must_use]
    pub fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = self.engine;
        match self.kind {
            EngineErrorKind::Away => write!(f, "{engine} is away"),
            EngineErrorKind::Refuses => write!(f, "{engine} refuses"),
        }
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::StoreError;

    #[test]
    fn it_is_found_behind_the_errors_of_ports() {
        let away = EngineError::away("ClickHouse", "connection refused");
        let error = StoreError::Unavailable(away.into());
        let found = EngineError::behind(&error).unwrap();
        assert_eq!(found.kind, EngineErrorKind::Away);
        assert_eq!(found.to_string(), "ClickHouse is away");
        assert_eq!(found.source().unwrap().to_string(), "connection refused");
        assert!(EngineError::behind(&StoreError::Unavailable("disk full".into())).is_none());
    }
}
