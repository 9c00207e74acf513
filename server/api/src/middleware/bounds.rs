//! Bounds on reads: how many at a time, and how long.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// Refuses a read beyond the bound, and gives up on one that takes too long.
pub(crate) async fn bound_reads(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_permit) = state.bounds.reads.try_acquire() else {
        return ApiError::new(ErrorKind::TooManyRequests, "too many reads at a time")
            .into_response();
    };
    let wait = Duration::from_secs(state.parts().config.read_secs_max);
    match tokio::time::timeout(wait, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("no answer within {} s; ask for less", wait.as_secs());
            ApiError::new(ErrorKind::Unavailable, detail).into_response()
        }
    }
}
