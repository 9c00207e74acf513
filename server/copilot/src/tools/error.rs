//! Why a tool has no answer.

use tocsin_domain::ports::{CopilotError, StoreError};

/// Why a tool has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// There is no such tool, or nothing of the name or id that was asked for; says what.
    #[error("{0}")]
    NotFound(String),
    /// An argument cannot be; says which and what was expected.
    #[error("{0}")]
    Invalid(String),
    /// A store did not answer.
    #[error("a store did not answer")]
    Store(#[source] StoreError),
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(detail) => Self::Invalid(detail),
            other => Self::Store(other),
        }
    }
}

impl From<ToolError> for CopilotError {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::NotFound(what) => Self::NotFound(what),
            ToolError::Invalid(what) => Self::Invalid(what),
            ToolError::Store(error) => Self::Store(error),
        }
    }
}
