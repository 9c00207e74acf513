//! Why a tracker did not do what it was asked, and whether it may have done it nevertheless.

use std::fmt;
use std::time::Duration;

/// Why a tracker did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrackerError {
    /// Another time, perhaps.
    Later {
        /// Whether it may have done it nevertheless: the request left and no answer came, or one
        /// that does not say.
        is_unsure: bool,
        /// How long it asks us to wait.
        wait: Option<Duration>,
        /// What it said. Nothing secret is in it.
        detail: String,
    },
    /// Never, as it is: what it said, and what to do if that is known.
    Refused(String),
    /// The ticket is not there any more.
    Gone(String),
}

impl fmt::Display for TrackerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later { detail, .. } | Self::Refused(detail) | Self::Gone(detail) => {
                f.write_str(detail)
            }
        }
    }
}
