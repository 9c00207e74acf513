//! What can go wrong with a query, in the kinds and words of Prometheus' HTTP API.

use tocsin_domain::ports::EngineError;
use tocsin_domain::ports::log_store::StoreError;

/// The kind of an error, as the HTTP API's `errorType` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The query or a parameter cannot be.
    BadData,
    /// The query cannot be answered from what is stored.
    Execution,
    /// It took longer than it may.
    Timeout,
    /// Nobody waits for the answer any more.
    Canceled,
    /// What is stored cannot be read at the moment.
    Unavailable,
}

impl ErrorKind {
    /// The word of the HTTP API for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A query that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The text is no query, or a parameter is out of range.
    #[error("{0}")]
    BadData(String),
    /// The text is a query, but uses what Tocsin does not have.
    #[error("parse error: {what} outside the subset: {supported}")]
    Unsupported {
        /// What is asked for and not there, with its verb: "`first_over_time` is".
        what: String,
        /// What there is instead.
        supported: String,
    },
    /// The query ran into a contradiction or a bound.
    #[error("{0}")]
    Execution(String),
    /// The query needs more series, points or cells than it may have.
    #[error("{0}")]
    TooMuch(String),
    /// The query took too long.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// The caller went away.
    #[error("query was canceled in expression evaluation")]
    Canceled,
    /// The store cannot answer.
    #[error("the metric store cannot answer: {0}")]
    Store(String),
    /// The store does not answer at the moment.
    #[error("{0}")]
    Unavailable(String),
}

impl QueryError {
    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::BadData(_) | Self::Unsupported { .. } => ErrorKind::BadData,
            Self::Execution(_) | Self::TooMuch(_) | Self::Store(_) => ErrorKind::Execution,
            Self::Timeout => ErrorKind::Timeout,
            Self::Canceled => ErrorKind::Canceled,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }

    pub(crate) fn parse(detail: impl std::fmt::Display) -> Self {
        Self::BadData(format!("parse error: {detail}"))
    }

    pub(crate) fn too_many_samples() -> Self {
        Self::TooMuch(
            "query processing would load too many samples into memory in query execution".into(),
        )
    }

    pub(crate) fn execution(detail: impl Into<String>) -> Self {
        Self::Execution(detail.into())
    }
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        match error {
            // A selection is always well formed, so it is beyond one of its bounds.
            StoreError::Invalid(detail) => Self::TooMuch(detail),
            StoreError::Unavailable(_) => Self::Unavailable(match EngineError::behind(&error) {
                Some(engine) => engine.in_short(),
                None => "the metric store cannot be reached just now".into(),
            }),
            StoreError::Corrupt(_) => Self::Store(error.to_string()),
        }
    }
}
