//! `OpenAI`'s chat completions, as far as the copilot speaks them: a conversation comes in, its last
//! words are the question, and the answer is Markdown.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_domain::copilot::Message;
use tocsin_domain::ports::Question;
use utoipa::ToSchema;

use crate::errors::{ApiError, ErrorKind};
use crate::identity::Actor;

/// The only model there is.
pub(crate) const MODEL: &str = "tocsin";
/// The most exchanges before the question that are looked at; those before are left out.
const BEFORE_MAX: usize = 50;
/// The most bytes of an earlier answer; what is longer is cut.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// About how many bytes a token has.
const TOKEN_BYTES: usize = 4;

/// A conversation to be continued. Fields that are not named here are taken and ignored, `tools` too:
/// the copilot has its own.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ChatRequest {
    /// `tocsin`.
    pub(crate) model: Option<String>,
    /// What was said; the last message is the user's and is the question. Those of the system are
    /// ignored.
    pub(crate) messages: Option<Vec<ChatMessageForm>>,
    /// Whether the answer comes as events, piece by piece. Default false.
    pub(crate) stream: Option<bool>,
    /// More on the events.
    pub(crate) stream_options: Option<StreamOptions>,
    /// 1: there is one answer.
    pub(crate) n: Option<u64>,
    /// `none` or `auto`: no tool of the client is ever called.
    #[schema(value_type = Option<Object>)]
    pub(crate) tool_choice: Option<Value>,
    /// `{"type": "text"}`: answers are Markdown.
    #[schema(value_type = Option<Object>)]
    pub(crate) response_format: Option<Value>,
}

/// More on the events of an answer.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct StreamOptions {
    /// Whether the last event before `[DONE]` says how many tokens it took. Default false.
    pub(crate) include_usage: Option<bool>,
}

/// One message.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ChatMessageForm {
    /// system, developer, user, assistant, tool or function.
    pub(crate) role: String,
    /// A text, or a list of parts of the type `text`.
    #[schema(value_type = Option<Object>)]
    pub(crate) content: Option<Value>,
}

/// What was asked, and how it is to be answered.
#[derive(Debug)]
pub(crate) struct ChatAsked {
    pub(crate) question: Question,
    pub(crate) is_stream: bool,
    pub(crate) has_usage: bool,
    /// About how many tokens the conversation has.
    pub(crate) prompt_tokens: usize,
}

impl ChatRequest {
    pub(crate) fn read(self, actor: &Actor) -> Result<ChatAsked, ChatError> {
        self.check()?;
        let messages = self.messages.unwrap_or_default();
        let mut prompt_bytes = 0;
        let mut before: Vec<(String, String)> = Vec::new();
        let mut open: Option<String> = None;
        for (index, message) in messages.iter().enumerate() {
            let text = message.text(index)?;
            prompt_bytes += text.len();
            match message.role.as_str() {
                "user" => {
                    let earlier = open.replace(text);
                    before.extend(earlier.map(|question| (question, String::new())));
                }
                "assistant" => before.extend(open.take().map(|question| (question, text))),
                "system" | "developer" | "tool" | "function" => {}
                other => {
                    let shown: String = other.chars().take(40).collect();
                    let detail = format!("`{shown}` is not a role");
                    return Err(ChatError::invalid(
                        &format!("messages[{index}].role"),
                        detail,
                    ));
                }
            }
        }
        let question = open.map(|text| text.trim().to_owned());
        let question = question.filter(|text| !text.is_empty()).ok_or_else(|| {
            let detail = "expected a question: the last words must be a message of the role `user`";
            ChatError::invalid("messages", detail)
        })?;
        if question.len() > Message::QUESTION_BYTES_MAX {
            let limit = Message::QUESTION_BYTES_MAX;
            let detail = format!(
                "the question has {} bytes; at most {limit} are taken",
                question.len()
            );
            let mut error = ChatError::invalid("messages", detail);
            error.code = Some("context_length_exceeded");
            return Err(error);
        }
        Ok(ChatAsked {
            question: Question {
                thread: None,
                text: question,
                again: None,
                before: cut(before),
                page: None,
                user: actor.name().to_owned(),
                utc_offset_minutes: 0,
                attachments: Vec::new(),
            },
            is_stream: self.stream.unwrap_or(false),
            has_usage: self
                .stream_options
                .and_then(|options| options.include_usage)
                .unwrap_or(false),
            prompt_tokens: prompt_bytes.div_ceil(TOKEN_BYTES),
        })
    }

    /// Refuses what would be answered otherwise than the client relies on.
    fn check(&self) -> Result<(), ChatError> {
        known_model(self.model.as_deref().unwrap_or_default())?;
        if self.n.is_some_and(|n| n != 1) {
            return Err(ChatError::invalid("n", "there is one answer; expected 1"));
        }
        let choice = self.tool_choice.as_ref();
        if choice.is_some_and(|choice| !["auto", "none"].iter().any(|name| choice == name)) {
            let detail = "no tool of the client is called; expected `auto` or `none`";
            return Err(ChatError::invalid("tool_choice", detail));
        }
        let format = self.response_format.as_ref();
        if format.is_some_and(|format| format["type"] != "text") {
            let detail = "answers are Markdown; expected {\"type\": \"text\"}";
            return Err(ChatError::invalid("response_format", detail));
        }
        Ok(())
    }
}

/// Whether a name is that of the model.
pub(crate) fn known_model(name: &str) -> Result<(), ChatError> {
    if name == MODEL {
        return Ok(());
    }
    let shown: String = name.chars().take(60).collect();
    let detail = format!("there is no model `{shown}`; expected `{MODEL}`");
    let mut error = ChatError::from(ApiError::not_found(detail));
    (error.param, error.code) = (Some("model".to_owned()), Some("model_not_found"));
    Err(error)
}

impl ChatMessageForm {
    fn text(&self, index: usize) -> Result<String, ChatError> {
        let field = |rest: &str| format!("messages[{index}].content{rest}");
        match &self.content {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Array(parts)) => {
                let mut texts = Vec::with_capacity(parts.len());
                for (at, part) in parts.iter().enumerate() {
                    match (part["type"].as_str(), part["text"].as_str()) {
                        (Some("text"), Some(text)) => texts.push(text),
                        _ => {
                            let place = field(&format!("[{at}]"));
                            return Err(ChatError::invalid(&place, "only text is understood"));
                        }
                    }
                }
                Ok(texts.join("\n"))
            }
            Some(_) => {
                let detail = "expected a text or a list of parts";
                Err(ChatError::invalid(&field(""), detail))
            }
        }
    }
}

/// The newest exchanges, each within its bounds.
fn cut(mut before: Vec<(String, String)>) -> Vec<(String, String)> {
    before.drain(..before.len().saturating_sub(BEFORE_MAX));
    for (question, answer) in &mut before {
        question.truncate(question.floor_char_boundary(Message::QUESTION_BYTES_MAX));
        answer.truncate(answer.floor_char_boundary(ANSWER_BYTES_MAX));
    }
    before
}

/// An answer on its way: what all of its parts say of it.
#[derive(Debug, Clone)]
pub(crate) struct ChatAnswer {
    pub(crate) id: String,
    /// In seconds since the epoch.
    pub(crate) created: i64,
    pub(crate) prompt_tokens: usize,
    /// Whether every event has the member `usage`.
    pub(crate) has_usage: bool,
}

impl ChatAnswer {
    /// The whole answer.
    pub(crate) fn whole(&self, text: &str, is_stopped: bool) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": MODEL,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": text, "refusal": null },
                "logprobs": null,
                "finish_reason": finish(is_stopped),
            }],
            "usage": self.usage(text.len()),
        })
    }

    /// The first event: who speaks.
    pub(crate) fn begin(&self) -> Value {
        self.chunk(&json!({ "role": "assistant", "content": "" }), None)
    }

    /// More words.
    pub(crate) fn more(&self, text: &str) -> Value {
        self.chunk(&json!({ "content": text }), None)
    }

    /// The last event of the answer.
    pub(crate) fn end(&self, is_stopped: bool) -> Value {
        self.chunk(&json!({}), Some(finish(is_stopped)))
    }

    /// What it took, after the last event.
    pub(crate) fn used(&self, answer_bytes: usize) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": MODEL,
            "choices": [],
            "usage": self.usage(answer_bytes),
        })
    }

    fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> Value {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": MODEL,
            "choices": [{
                "index": 0,
                "delta": delta,
                "logprobs": null,
                "finish_reason": finish_reason,
            }],
        });
        if self.has_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    fn usage(&self, answer_bytes: usize) -> Value {
        let completion_tokens = answer_bytes.div_ceil(TOKEN_BYTES);
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": self.prompt_tokens + completion_tokens,
        })
    }
}

/// An answer that was stopped looks to clients like one that was cut.
const fn finish(is_stopped: bool) -> &'static str {
    if is_stopped { "length" } else { "stop" }
}

/// The models there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// `list`.
    pub(crate) object: &'static str,
    /// One.
    pub(crate) data: Vec<ModelItem>,
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelItem {
    /// Its name.
    pub(crate) id: &'static str,
    /// `model`.
    pub(crate) object: &'static str,
    /// When it was made; unknown, so 0.
    pub(crate) created: i64,
    /// `tocsin`.
    pub(crate) owned_by: &'static str,
}

/// The one model.
pub(crate) const fn model() -> ModelItem {
    ModelItem {
        id: MODEL,
        object: "model",
        created: 0,
        owned_by: MODEL,
    }
}

/// What went wrong, as clients of `OpenAI` read it.
#[derive(Debug)]
pub(crate) struct ChatError {
    pub(crate) error: Box<ApiError>,
    pub(crate) param: Option<String>,
    pub(crate) code: Option<&'static str>,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatProblem {
    /// What it is.
    pub(crate) error: ChatProblemItem,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatProblemItem {
    /// In words.
    pub(crate) message: String,
    /// `invalid_request_error`, `rate_limit_error` or `server_error`.
    pub(crate) r#type: &'static str,
    /// Which field.
    pub(crate) param: Option<String>,
    /// A word for programs, such as `model_not_found`.
    pub(crate) code: Option<&'static str>,
}

impl ChatError {
    fn invalid(param: &str, detail: impl Into<String>) -> Self {
        Self {
            error: Box::new(ApiError::bad_request(detail)),
            param: Some(param.to_owned()),
            code: None,
        }
    }

    /// As it is sent.
    pub(crate) fn problem(self) -> ChatProblem {
        let r#type = match self.error.kind {
            ErrorKind::TooManyRequests => "rate_limit_error",
            _ if self.error.status().is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        let busy = (r#type == "rate_limit_error").then_some("rate_limit_exceeded");
        ChatProblem {
            error: ChatProblemItem {
                message: self.error.detail,
                r#type,
                param: self.param,
                code: self.code.or(busy),
            },
        }
    }
}

impl From<ApiError> for ChatError {
    fn from(error: ApiError) -> Self {
        let param = error.errors.first().and_then(|item| item.field.clone());
        Self {
            param,
            error: Box::new(error),
            code: None,
        }
    }
}
