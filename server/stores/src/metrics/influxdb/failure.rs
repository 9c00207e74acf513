//! What InfluxDB refuses and why, in words that say what to do.

use tocsin_domain::ports::{EngineError, StoreError};

/// What people call it.
pub(crate) const ENGINE: &str = "InfluxDB";

/// Why InfluxDB did not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InfluxError {
    /// There is no connection, or it broke off.
    #[error("InfluxDB cannot be reached: {0}")]
    Away(String),
    /// It does not answer at all.
    #[error("InfluxDB does not answer")]
    Silent,
    /// It asked to be let alone.
    #[error("InfluxDB asks to wait {secs} s more")]
    Busy {
        /// Seconds that are left.
        secs: u64,
    },
    /// The token is none.
    #[error("InfluxDB does not know the token of `metrics.influxdb.token`: {0}")]
    Unauthorized(String),
    /// The token is not for this.
    #[error("the token of `metrics.influxdb.token` may not {doing}: {message}")]
    Forbidden {
        /// What was to be done.
        doing: String,
        /// Its words.
        message: String,
    },
    /// Something is not there.
    #[error("InfluxDB has not what is needed to {doing}: {message}")]
    Missing {
        /// What was to be done.
        doing: String,
        /// Its words.
        message: String,
    },
    /// The request has too many bytes.
    #[error("the request is too large for InfluxDB")]
    TooLarge,
    /// It took the lines but for some.
    #[error("InfluxDB took a part only: {0}")]
    Partial(String),
    /// Something else.
    #[error("InfluxDB would not {doing} (status {status}): {message}")]
    Refused {
        /// What was to be done.
        doing: String,
        /// The status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// A query failed after the answer had begun.
    #[error("InfluxDB could not answer: {0}")]
    Query(String),
    /// The answer has more points than were asked for at most.
    #[error("the selection has over {0} points")]
    TooMany(usize),
    /// The answer is none.
    #[error("the answer of InfluxDB cannot be read: {0}")]
    Answer(String),
}

impl InfluxError {
    /// The error of an answer with a status that is no success.
    pub(crate) fn of_status(status: u16, message: String, doing: &str) -> Self {
        let doing = doing.to_owned();
        let is_partial = message.contains("partial write");
        match status {
            400 | 422 if is_partial => Self::Partial(message),
            401 if message.contains("write") || message.contains("read") => {
                Self::Forbidden { doing, message }
            }
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden { doing, message },
            404 => Self::Missing { doing, message },
            413 => Self::TooLarge,
            500..=599 => Self::Away(format!("it answers {status}: {message}")),
            _ => Self::Refused {
                doing,
                status,
                message,
            },
        }
    }

    /// True if the token is what it fails for.
    pub(crate) fn is_permission(&self) -> bool {
        matches!(self, Self::Unauthorized(_) | Self::Forbidden { .. })
    }
}

impl From<InfluxError> for StoreError {
    fn from(error: InfluxError) -> Self {
        match error {
            InfluxError::TooMany(_) => Self::Invalid(error.to_string()),
            InfluxError::Away(_) | InfluxError::Silent | InfluxError::Busy { .. } => {
                Self::Unavailable(EngineError::away(ENGINE, error).into())
            }
            error if error.is_permission() => {
                Self::Unavailable(EngineError::refuses(ENGINE, error).into())
            }
            other => Self::Unavailable(Box::new(other)),
        }
    }
}
