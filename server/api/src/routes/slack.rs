//! `POST /webhooks/slack`: what people press in Slack, signed.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::body;
use crate::errors::{ApiError, ErrorKind};
use crate::openapi::WriteProblems;
use crate::state::ApiState;
use crate::wire::slack::{Sent, SlackChallenge, read};

/// The most bytes of what Slack sends; it holds the message under which someone pressed.
const BYTES_MAX: usize = 1 << 20;
/// How long a vote is waited for: Slack wants an answer within 3 s.
const WAIT: Duration = Duration::from_millis(2500);

/// Take what people press under a run in Slack: approve or reject. Slack's signature over the body as
/// it was sent is checked first. Who is not listed in `automation.slack.users` is told so and does not
/// count. What is not about a run is answered 200 and passed over.
#[utoipa::path(
    post, path = "/webhooks/slack", tag = "automation",
    request_body(content((String = "application/x-www-form-urlencoded"), (Object = "application/json"))),
    responses(
        (status = 200, body = SlackChallenge, description = "It was heard; the handshake is answered with its challenge"),
        (status = 401, description = "Slack did not sign it, or not just now"),
        (status = 404, description = "Approval from Slack is not set up"),
        WriteProblems
    )
)]
pub(crate) async fn interaction(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    if state.parts().slack.is_none() {
        return Err(ApiError::not_found("approval from Slack is not set up"));
    }
    let (parts, body) = request.into_parts();
    let collected = body::collect(&state, &parts.headers, body).await?;
    if collected.bytes.len() > BYTES_MAX {
        let detail = format!("expected at most {BYTES_MAX} bytes");
        return Err(ApiError::new(ErrorKind::TooLarge, detail));
    }
    check(&state, &parts.headers, &collected.bytes)?;
    match read(&collected.bytes) {
        Sent::Handshake(challenge) => Ok(Json(challenge).into_response()),
        Sent::Other => Ok(StatusCode::OK.into_response()),
        Sent::Pressed(pressed) => {
            let own = state.clone();
            let voting = state.parts().tasks.spawn(async move {
                if let Some(slack) = &own.parts().slack {
                    slack.hear(pressed).await;
                }
            });
            // What takes longer goes on, and its answer comes by itself.
            let _ = tokio::time::timeout(WAIT, voting).await;
            Ok(StatusCode::OK.into_response())
        }
    }
}

fn check(state: &ApiState, headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let signed = (text("x-slack-request-timestamp"), text("x-slack-signature"));
    let now_secs = state.now().millis().div_euclid(1000);
    let checked = state.parts().slack.as_ref();
    let checked = checked.map_or(Ok(()), |slack| slack.check(signed, body, now_secs));
    checked.map_err(|why| ApiError::new(ErrorKind::Unsigned, why.detail()))
}
