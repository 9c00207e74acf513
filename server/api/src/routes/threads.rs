//! `/api/v1/copilot/threads`: conversations with the copilot.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tocsin_domain::copilot::{MessageId, Thread, ThreadId};

use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems, WriteProblems};
use crate::state::{ApiState, random};
use crate::stream::answer;
use crate::views;
use crate::wire::alert_filter::uuid;
use crate::wire::cursor::PageStart;
use crate::wire::facts::all;
use crate::wire::questions::MessageRequest;
use crate::wire::threads::{
    MessageFeedbackRequest, ThreadAnswer, ThreadDetail, ThreadItem, ThreadParams, ThreadRequest,
    ThreadTitleRequest, title,
};

/// Conversations; the one in which something was last said is first.
#[utoipa::path(
    get, path = "/api/v1/copilot/threads", tag = "copilot", params(ThreadParams),
    responses((status = 200, body = ThreadAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<ThreadParams>,
) -> Result<Json<ThreadAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Moment(ms, id)) => Some((ms, ThreadId(id))),
        Some(_) => return Err(PageStart::foreign()),
    };
    let text = params.q.as_deref().map(str::trim);
    let text = text.filter(|text| !text.is_empty());
    let found = state.parts().threads.threads(text, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    let cursor = |last: &Thread| PageStart::Moment(last.updated_ms, last.id.0).encode();
    Ok(Json(ThreadAnswer {
        next_cursor: last.map(cursor),
        items: all(&found),
    }))
}

/// Begin a conversation.
#[utoipa::path(
    post, path = "/api/v1/copilot/threads", tag = "copilot", request_body = ThreadRequest,
    responses((status = 201, body = ThreadItem), WriteProblems)
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<ThreadRequest>,
) -> Result<(StatusCode, Json<ThreadItem>), ApiError> {
    let now_ms = state.now().millis();
    let thread = Thread {
        id: ThreadId::new(now_ms, random()),
        title: request.read()?,
        user: actor.name().to_owned(),
        created_ms: now_ms,
        updated_ms: now_ms,
        messages: 0,
    };
    let item = ThreadItem::from(&thread);
    state.parts().threads.put_thread(thread).await?;
    Ok((StatusCode::CREATED, Json(item)))
}

/// A conversation with what was said.
#[utoipa::path(
    get, path = "/api/v1/copilot/threads/{id}", tag = "copilot",
    params(("id" = String, Path, description = "The id of the thread")),
    responses((status = 200, body = ThreadDetail), ReadProblems)
)]
pub(crate) async fn thread(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<ThreadDetail>, ApiError> {
    let thread = known(&state, &id).await?;
    let messages = state.parts().threads.messages(thread.id).await?;
    Ok(Json(ThreadDetail {
        thread: (&thread).into(),
        items: all(&messages),
    }))
}

/// Give a conversation another title.
#[utoipa::path(
    patch, path = "/api/v1/copilot/threads/{id}", tag = "copilot", request_body = ThreadTitleRequest,
    params(("id" = String, Path, description = "The id of the thread")),
    responses((status = 200, body = ThreadItem), ChangeProblems)
)]
pub(crate) async fn retitle(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<ThreadTitleRequest>,
) -> Result<Json<ThreadItem>, ApiError> {
    let title = title(&request.title)?;
    let thread = Thread {
        title,
        ..known(&state, &id).await?
    };
    let item = ThreadItem::from(&thread);
    state.parts().threads.put_thread(thread).await?;
    Ok(Json(item))
}

/// Delete a conversation with all that was said in it.
#[utoipa::path(
    delete, path = "/api/v1/copilot/threads/{id}", tag = "copilot",
    params(("id" = String, Path, description = "The id of the thread")),
    responses((status = 204, description = "It is gone"), ChangeProblems)
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let thread = known(&state, &id).await?;
    let (subject, about) = (
        format!("thread:{}", thread.id),
        json!({ "title": thread.title, "messages": thread.messages }),
    );
    audit::record(&state, &actor, "threads.delete", subject, about).await?;
    match state.parts().threads.delete_thread(thread.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(thread.id)),
    }
}

/// A conversation as Markdown. Words of logs in it are text and nothing else: no link, image or
/// markup of theirs is rendered.
#[utoipa::path(
    get, path = "/api/v1/copilot/threads/{id}/export", tag = "copilot",
    params(("id" = String, Path, description = "The id of the thread")),
    responses(
        (status = 200, content_type = "text/markdown", body = String, description = "An attachment"),
        ReadProblems
    )
)]
pub(crate) async fn export(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let thread = known(&state, &id).await?;
    let messages = state.parts().threads.messages(thread.id).await?;
    let name = format!("attachment; filename=\"tocsin-thread-{}.md\"", thread.id);
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8"),
        (header::CONTENT_DISPOSITION, name.as_str()),
    ];
    let text = views::copilot_markdown::thread(&thread, &messages);
    Ok((headers, text).into_response())
}

/// Ask a question in a conversation, or once more. The answer comes as Server-Sent Events with these
/// names: `asked` (`id`, of the question as it is kept), `understood`, `step`, `fact`, `statement`,
/// `chart` and `notice` (`text`), and as the last either `message` (the whole answer) or `error` (a
/// problem). Whoever closes the connection stops the answer; what was said until then is kept.
#[utoipa::path(
    post, path = "/api/v1/copilot/threads/{id}/messages", tag = "copilot",
    request_body = MessageRequest,
    params(("id" = String, Path, description = "The id of the thread")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "The answer"),
        ChangeProblems
    )
)]
pub(crate) async fn ask(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<MessageRequest>,
) -> Result<Response, ApiError> {
    let thread = known(&state, &id).await?;
    let question = request.read(thread.id, &actor, state.now())?;
    let answering = answer::begin(&state, question).await?;
    Ok(answer::events(&state, answering))
}

/// Say whether an answer helped.
#[utoipa::path(
    post, path = "/api/v1/copilot/messages/{id}/feedback", tag = "copilot",
    request_body = MessageFeedbackRequest,
    params(("id" = String, Path, description = "The id of the answer")),
    responses((status = 204, description = "It is noted"), ChangeProblems)
)]
pub(crate) async fn feedback(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<MessageFeedbackRequest>,
) -> Result<StatusCode, ApiError> {
    let id = MessageId(uuid("id", &id)?);
    let (feedback, comment) = request.read()?;
    let threads = &state.parts().threads;
    match threads.set_message_feedback(id, feedback, comment).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found(format!("there is no message `{id}`"))),
    }
}

async fn known(state: &ApiState, id: &str) -> Result<Thread, ApiError> {
    let id = ThreadId(uuid("id", id)?);
    let found = state.parts().threads.thread(id).await?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: ThreadId) -> ApiError {
    ApiError::not_found(format!("there is no thread `{id}`"))
}
