//! What goes wrong and how it is said: RFC 9457 problem details. The table in [`ErrorKind::row`] is
//! the only place where a kind becomes a status.

use std::error::Error;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_domain::ports::{
    BusError, CopilotError, EngineError, JobDeskError, SearchError, StoreError,
};
use tocsin_domain::query::QueryError;
use tocsin_ingest::{DecodeError, DecodeErrorKind, ItemError};

use crate::wire::problem::{Problem, ProblemItem};

/// How long a client should wait when nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The kinds of failure that a client can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    BadRequest,
    ForbiddenOrigin,
    NotFound,
    MethodNotAllowed,
    Conflict,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
    UnknownHost,
    TooManyRequests,
    Internal,
    Unavailable,
    Unsigned,
    ModelMissing,
}

impl ErrorKind {
    /// The last part of the problem's type, the status and the title.
    pub(crate) const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", StatusCode::BAD_REQUEST, "Bad request"),
            Self::ForbiddenOrigin => (
                "forbidden-origin",
                StatusCode::FORBIDDEN,
                "Requests of other sites are refused",
            ),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => (
                "method",
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
            ),
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "Conflict"),
            Self::RequestTimeout => (
                "request-timeout",
                StatusCode::REQUEST_TIMEOUT,
                "The body took too long",
            ),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported media type",
            ),
            Self::UnknownHost => (
                "unknown-host",
                StatusCode::MISDIRECTED_REQUEST,
                "Not a name of this server",
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
            ),
            Self::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal server error",
            ),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "Unavailable for now",
            ),
            Self::Unsigned => (
                "unsigned",
                StatusCode::UNAUTHORIZED,
                "The signature does not hold",
            ),
            Self::ModelMissing => (
                "model-missing",
                StatusCode::SERVICE_UNAVAILABLE,
                "Semantic search is off",
            ),
        }
    }
}

/// A request that failed. The client sees `detail` and `errors`; the log sees the `cause`.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) kind: ErrorKind,
    pub(crate) detail: String,
    pub(crate) errors: Vec<ProblemItem>,
    pub(crate) retry_after: Option<Duration>,
    /// How many records of a push were not taken, if that is what is wrong.
    rejected: Option<usize>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let retry_after = match kind {
            ErrorKind::TooManyRequests => Some(Duration::from_secs(1)),
            ErrorKind::Unavailable => Some(RETRY_AFTER),
            _ => None,
        };
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after,
            rejected: None,
            cause: None,
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, detail)
    }

    /// Something that makes no sense as things are.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, detail)
    }

    /// A parameter or field that is not as it should be.
    pub(crate) fn field(field: &str, expected: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mut error = Self::bad_request(detail.clone());
        error.errors.push(ProblemItem {
            item: None,
            field: Some(field.to_owned()),
            expected: Some(expected.to_owned()),
            detail,
        });
        error
    }

    /// A push of which nothing could be taken.
    pub(crate) fn all_rejected(rejected: usize, items: &[ItemError]) -> Self {
        let detail = match items.first() {
            Some(first) => format!(
                "none of {rejected} records could be taken; the first: expected {}, {}",
                first.expected, first.detail
            ),
            None => "the body holds no records".to_owned(),
        };
        let mut error = Self::bad_request(detail);
        error.rejected = Some(rejected);
        error.errors = items.iter().map(ProblemItem::from).collect();
        error
    }

    /// A query in PromQL that has no answer.
    pub(crate) fn query(field: &str, error: &tocsin_promql::QueryError) -> Self {
        match error.kind() {
            tocsin_promql::ErrorKind::BadData => {
                Self::field(field, "a query in PromQL", error.to_string())
            }
            tocsin_promql::ErrorKind::Execution => Self::bad_request(error.to_string()),
            tocsin_promql::ErrorKind::Timeout
            | tocsin_promql::ErrorKind::Canceled
            | tocsin_promql::ErrorKind::Unavailable => {
                Self::new(ErrorKind::Unavailable, error.to_string())
            }
        }
    }

    fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.kind.row().1
    }

    /// Logs the chain of causes, once, where the failure is answered.
    pub(crate) fn log(&self) {
        let Some(cause) = &self.cause else { return };
        let mut chain = cause.to_string();
        let mut next = cause.source();
        while let Some(inner) = next {
            chain.push_str(": ");
            chain.push_str(&inner.to_string());
            next = inner.source();
        }
        tracing::error!(error.kind = self.kind.row().0, error.chain = %chain, "request failed");
    }

    /// What the client sees.
    pub(crate) fn problem(self) -> Problem {
        let (slug, status, title) = self.kind.row();
        Problem {
            r#type: format!("https://tocsin.dev/problems/{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            accepted: self.rejected.map(|_| 0),
            rejected: self.rejected,
            errors: self.errors,
        }
    }

    /// `Retry-After` in whole seconds, at least one.
    pub(crate) fn retry_after_header(&self) -> Option<HeaderValue> {
        let wait = self.retry_after?;
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Some(HeaderValue::from(secs.max(1)))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let retry_after = self.retry_after_header();
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(detail) => Self::bad_request(detail),
            StoreError::Unavailable(_) => {
                let detail = match EngineError::behind(&error) {
                    Some(engine) => engine.in_short(),
                    None => "the store cannot be reached or written just now".into(),
                };
                Self::new(ErrorKind::Unavailable, detail).caused_by(error)
            }
            StoreError::Corrupt(_) => Self::new(
                ErrorKind::Internal,
                "stored data cannot be read; the log says which",
            )
            .caused_by(error),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::ModelMissing { remedy } => Self::new(ErrorKind::ModelMissing, remedy),
            SearchError::Invalid(detail) => Self::bad_request(detail),
            SearchError::Store(error) => error.into(),
            SearchError::Model(_) => {
                let detail = match EngineError::behind(&error) {
                    Some(engine) => engine.in_short(),
                    None => "the embedding model failed on this question".into(),
                };
                Self::new(ErrorKind::Unavailable, detail).caused_by(error)
            }
        }
    }
}

impl From<CopilotError> for ApiError {
    fn from(error: CopilotError) -> Self {
        match error {
            CopilotError::NotFound(detail) => Self::not_found(detail),
            CopilotError::Invalid(detail) => Self::bad_request(detail),
            CopilotError::Busy => Self::new(ErrorKind::TooManyRequests, error.to_string()),
            CopilotError::Store(error) => error.into(),
        }
    }
}

impl From<JobDeskError> for ApiError {
    fn from(error: JobDeskError) -> Self {
        match error {
            JobDeskError::NotFound(detail) => Self::not_found(detail),
            JobDeskError::Invalid(detail) => Self::bad_request(detail),
            JobDeskError::Conflict(detail) => Self::conflict(detail),
            JobDeskError::Full(detail) => Self::new(ErrorKind::TooManyRequests, detail),
            JobDeskError::Store(error) => error.into(),
        }
    }
}

impl From<BusError> for ApiError {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Full {
                used_bytes,
                limit_bytes,
                retry_after,
            } => {
                let detail = format!(
                    "{used_bytes} of {limit_bytes} bytes wait to be processed; nothing of this \
                     request was accepted, send it again later"
                );
                let mut full = Self::new(ErrorKind::Unavailable, detail);
                full.retry_after = Some(retry_after);
                full
            }
            BusError::Unavailable(_) => {
                let detail = match EngineError::behind(&error) {
                    Some(engine) => format!("{} does not take it just now", engine.engine),
                    None => "the server cannot write to its disk just now".into(),
                };
                let detail =
                    format!("{detail}; nothing of this request was accepted, send it again later");
                Self::new(ErrorKind::Unavailable, detail).caused_by(error)
            }
            BusError::Closed => Self::new(
                ErrorKind::Unavailable,
                "the server is shutting down; nothing of this request was accepted",
            ),
            // Only those who work on a partition are told so.
            BusError::Fenced | BusError::Corrupt(_) => Self::new(
                ErrorKind::Internal,
                "the bus cannot be read; the log says more",
            )
            .caused_by(error),
        }
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        let kind = match error.kind() {
            DecodeErrorKind::BadRequest => ErrorKind::BadRequest,
            DecodeErrorKind::TooLarge => ErrorKind::TooLarge,
            DecodeErrorKind::UnsupportedMediaType => ErrorKind::UnsupportedMediaType,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let detail = format!("{} at character {}", error.message, error.position);
        Self::field("q", &error.expected, detail)
    }
}
