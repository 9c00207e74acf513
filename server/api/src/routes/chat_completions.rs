//! `POST /v1/chat/completions` and `GET /v1/models`: the copilot for programs that speak with
//! `OpenAI`'s models.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::state::ApiState;
use crate::stream::{answer, chat};
use crate::views::copilot_markdown;
use crate::wire::chat_completions::{
    ChatAnswer, ChatError, ChatProblem, ChatRequest, ModelItem, ModelList, known_model, model,
};

impl IntoResponse for ChatError {
    fn into_response(self) -> Response {
        self.error.log();
        let status = self.error.status();
        let retry_after = self.error.retry_after_header();
        let mut response = (status, Json(self.problem())).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Answer the last message of a conversation, as `OpenAI`'s API does. The model is `tocsin`. What
/// was said before is looked at, messages of the system are not. The answer is Markdown in which no
/// word of a log is active. With `stream` it comes as events that end with `[DONE]`.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "copilot", request_body = ChatRequest,
    responses(
        (status = 200, content((Object = "application/json"), (String = "text/event-stream")),
            description = "A chat.completion, or events of chat.completion.chunk"),
        (status = 400, description = "Something is not as it should be", body = ChatProblem),
        (status = 404, description = "There is no such model", body = ChatProblem),
        (status = 429, description = "Too many questions are being answered", body = ChatProblem),
        (status = 503, description = "A store did not answer", body = ChatProblem)
    )
)]
pub(crate) async fn complete(
    State(state): State<ApiState>,
    actor: Actor,
    body: Result<JsonBody<ChatRequest>, ApiError>,
) -> Result<Response, ChatError> {
    let JsonBody(request) = body?;
    let asked = request.read(&actor)?;
    let form = ChatAnswer {
        id: format!("chatcmpl-{}", uuid::Uuid::new_v4().simple()),
        created: state.now().millis() / 1000,
        prompt_tokens: asked.prompt_tokens,
        has_usage: asked.has_usage,
    };
    let answering = answer::begin(&state, asked.question).await?;
    if asked.is_stream {
        return Ok(chat::events(&state, answering, form));
    }
    let message = answering.whole().await?;
    let (text, is_stopped) = match &message.answer {
        None => (message.text.clone(), false),
        Some(answer) => {
            let mut text = copilot_markdown::understood(&answer.understood);
            text.push_str(&copilot_markdown::answer(answer));
            (text, answer.is_stopped)
        }
    };
    Ok(Json(form.whole(&text, is_stopped)).into_response())
}

/// The models there are: one, `tocsin`.
#[utoipa::path(
    get, path = "/v1/models", tag = "copilot",
    responses((status = 200, body = ModelList))
)]
pub(crate) async fn models() -> Json<ModelList> {
    Json(ModelList {
        object: "list",
        data: vec![model()],
    })
}

/// One model.
#[utoipa::path(
    get, path = "/v1/models/{id}", tag = "copilot",
    params(("id" = String, Path, description = "`tocsin`")),
    responses(
        (status = 200, body = ModelItem),
        (status = 404, description = "There is no such model", body = ChatProblem)
    )
)]
pub(crate) async fn one_model(Path(id): Path<String>) -> Result<Json<ModelItem>, ChatError> {
    known_model(&id)?;
    Ok(Json(model()))
}
