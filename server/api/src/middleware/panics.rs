//! A panic in a handler is answered as a failure and costs no other request.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::errors::{ApiError, ErrorKind};

/// Logs the panic's message; the client sees only that something failed.
pub(crate) fn answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic.message = text, "handler panicked");
    ApiError::new(
        ErrorKind::Internal,
        "something failed that should not; the log says more",
    )
    .into_response()
}
