//! `/api/v1/copilot/…` beside threads: what it can do, its tools, and what its model was sent.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tocsin_domain::ports::model_ledger::LedgerId;

use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::identity::Actor;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::state::ApiState;
use crate::stream::answer;
use crate::wire::copilot::{CopilotStatusAnswer, LedgerAnswer, ToolAnswerList, ToolResult};
use crate::wire::cursor::PageStart;
use crate::wire::jobs::PageParams;
use crate::wire::questions::AskRequest;
use crate::wire::threads::MessageItem;

/// The most bytes of the arguments of a tool.
pub(crate) const ARGUMENTS_BYTES_MAX: usize = 64 << 10;

/// Who answers questions now, and what that means.
#[utoipa::path(
    get, path = "/api/v1/copilot/status", tag = "copilot",
    responses((status = 200, body = CopilotStatusAnswer), ReadProblems)
)]
pub(crate) async fn status(State(state): State<ApiState>) -> Json<CopilotStatusAnswer> {
    Json(state.parts().copilot.status().into())
}

/// The tools that the copilot reads with. They are at `/mcp` too.
#[utoipa::path(
    get, path = "/api/v1/copilot/tools", tag = "copilot",
    responses((status = 200, body = ToolAnswerList), ReadProblems)
)]
pub(crate) async fn tools(State(state): State<ApiState>) -> Json<ToolAnswerList> {
    let tools = state.parts().copilot.tools();
    Json(ToolAnswerList {
        items: tools.into_iter().map(Into::into).collect(),
    })
}

/// Ask a tool. It only reads, although it is posted.
#[utoipa::path(
    post, path = "/api/v1/copilot/tools/{name}", tag = "copilot",
    params(("name" = String, Path, description = "The tool's name")),
    request_body(content = Object, description = "Its arguments, at most 64 kB"),
    responses((status = 200, body = ToolResult), ReadProblems)
)]
pub(crate) async fn call(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    JsonBody(arguments): JsonBody<serde_json::Map<String, Value>>,
) -> Result<Json<ToolResult>, ApiError> {
    let arguments = Value::Object(arguments).to_string();
    if arguments.len() > ARGUMENTS_BYTES_MAX {
        let detail = format!("the arguments are larger than {ARGUMENTS_BYTES_MAX} bytes");
        return Err(ApiError::bad_request(detail));
    }
    let answer = state.parts().copilot.call_tool(&name, &arguments).await?;
    Ok(Json(answer.into()))
}

/// What the model was sent: when, where to, how much, and what was cut out before. Newest first.
#[utoipa::path(
    get, path = "/api/v1/copilot/ledger", tag = "copilot", params(PageParams),
    responses((status = 200, body = LedgerAnswer), ReadProblems)
)]
pub(crate) async fn ledger(
    State(state): State<ApiState>,
    Query(params): Query<PageParams>,
) -> Result<Json<LedgerAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(LedgerId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let entries = state.parts().ledger.page(before, limit).await?;
    let last = entries.last().filter(|_| entries.len() == limit);
    Ok(Json(LedgerAnswer {
        next_cursor: last.map(|entry| PageStart::Id(entry.id.0).encode()),
        items: entries.into_iter().map(Into::into).collect(),
    }))
}

/// Ask a question outside of threads; nothing is kept. With `Accept: text/event-stream` the answer
/// comes as events, as in a thread.
#[utoipa::path(
    post, path = "/api/v1/copilot/ask", tag = "copilot", request_body = AskRequest,
    responses(
        (status = 200, content(
            (MessageItem = "application/json"), (String = "text/event-stream")
        ), description = "The whole answer, or its events"),
        WriteProblems
    )
)]
pub(crate) async fn ask(
    State(state): State<ApiState>,
    actor: Actor,
    headers: HeaderMap,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<Response, ApiError> {
    let question = request.read(&actor, state.now())?;
    let answering = answer::begin(&state, question).await?;
    if wants_events(&headers) {
        return Ok(answer::events(&state, answering));
    }
    let message = answering.whole().await?;
    Ok(Json(MessageItem::from(&message)).into_response())
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/event-stream"))
}
