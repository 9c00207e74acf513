//! Why a whole body could not be decoded. One bad record is an [`crate::ItemError`] instead.

/// A body that cannot be decoded at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes do not have the form of the protocol.
    #[error("expected {expected} at byte {at}, found {found}")]
    Malformed {
        /// What should have been there.
        expected: String,
        /// The offset in the (decompressed) body.
        at: usize,
        /// What was there instead.
        found: String,
    },
    /// The compressed bytes are damaged or end too soon.
    #[error("the body cannot be decompressed as {encoding}: {detail}")]
    Compression {
        /// `gzip`, `zstd` or `snappy`.
        encoding: &'static str,
        /// What went wrong and where.
        detail: String,
    },
    /// The `Content-Encoding` is none that we know.
    #[error(
        "content encoding `{encoding}` is not supported; expected identity, gzip, deflate, zstd or snappy"
    )]
    UnsupportedEncoding {
        /// What was asked for.
        encoding: String,
    },
    /// The body is larger than allowed.
    #[error("the {what} is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// `body` or `decompressed body`.
        what: &'static str,
        /// The bound.
        limit_bytes: usize,
    },
    /// There is nothing in the body.
    #[error("the body is empty; expected {expected}")]
    Empty {
        /// What should have been there.
        expected: &'static str,
    },
}

/// The few kinds of [`DecodeError`], for a table of status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// The sender must not send the same again (400).
    BadRequest,
    /// The sender should split the body (413).
    TooLarge,
    /// The encoding is unknown (415).
    UnsupportedMediaType,
}

impl DecodeError {
    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        match self {
            Self::Malformed { .. } | Self::Compression { .. } | Self::Empty { .. } => {
                DecodeErrorKind::BadRequest
            }
            Self::UnsupportedEncoding { .. } => DecodeErrorKind::UnsupportedMediaType,
            Self::TooLarge { .. } => DecodeErrorKind::TooLarge,
        }
    }

    pub(crate) fn malformed(body: &[u8], at: usize, expected: impl Into<String>) -> Self {
        Self::Malformed {
            expected: expected.into(),
            at,
            found: found(body, at),
        }
    }
}

/// Describes the bytes at `at` for a message: a few of them in quotes, or the end.
pub(crate) fn found(body: &[u8], at: usize) -> String {
    let rest = body.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return "the end".into();
    }
    let shown = &rest[..rest.len().min(24)];
    format!("`{}`", shown.escape_ascii())
}
