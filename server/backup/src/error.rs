//! Why a backup, a restoration or a migration was not done.

use tocsin_domain::ports::StoreError;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder or bucket of the backup refuses.
    #[error("the place of the backup cannot be read or written")]
    Place(#[from] object_store::Error),
    /// A store refuses.
    #[error("the part `{part}` cannot be read or written")]
    Store {
        /// Which part.
        part: String,
        /// Why.
        source: StoreError,
    },
    /// What is there is not what was written; says what.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// What was asked for cannot be done; says why and what to do.
    #[error("{0}")]
    Refused(String),
}

impl BackupError {
    pub(crate) fn store(part: &str) -> impl FnOnce(StoreError) -> Self {
        move |source| Self::Store {
            part: part.to_owned(),
            source,
        }
    }
}
