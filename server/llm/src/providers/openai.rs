//! Servers that speak OpenAI's chat completions. What a server does not take is learnt from its
//! refusal and left out from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls,
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage,
    ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, ChatCompletionTool,
    ChatCompletionTools, CreateChatCompletionRequest, FunctionCall, FunctionObject,
    ReasoningEffort, ResponseFormat, ResponseFormatJsonSchema,
};
use async_openai::types::embeddings::{CreateEmbeddingRequest, EmbeddingInput, EncodingFormat};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::Value;
use tocsin_domain::ports::{ChatMessage, ChatRequest, ChatRole, ModelError, ToolSpec};
use tokio::time::Instant;

use super::answer::Answer;
use super::failure::Failure;
use super::frames::Framing;
use super::openai_answer::OpenAiReader;
use super::wire::Wire;
use super::{Embedded, Prepared};
use crate::config::{Endpoint, ModelConfigError};

/// Wants `max_completion_tokens`, not `max_tokens`.
const COMPLETION_TOKENS: u8 = 1;
/// Takes no temperature but its own, as the models of OpenAI that think before they answer.
const NO_TEMPERATURE: u8 = 2;
/// Does not tell its usage in a stream.
const NO_STREAM_OPTIONS: u8 = 4;
/// Takes no schema.
const NO_SCHEMA: u8 = 8;
/// Cannot be told how much to think.
const NO_EFFORT: u8 = 16;
/// Thinks before it answers.
pub(super) const THINKS: u8 = 32;
/// What a refusal speaks of, and what it teaches.
const LESSONS: [(&str, u8); 6] = [
    ("reasoning_effort", NO_EFFORT),
    ("max_tokens", COMPLETION_TOKENS),
    ("temperature", NO_TEMPERATURE),
    ("stream_options", NO_STREAM_OPTIONS),
    ("response_format", NO_SCHEMA),
    ("json_schema", NO_SCHEMA),
];

/// A server that speaks OpenAI's chat completions.
#[derive(Debug)]
pub(crate) struct OpenAi {
    wire: Wire,
    embedding_model: Option<String>,
    embedding_dimensions: Option<u32>,
    learnt: Arc<AtomicU8>,
    thinking_tokens: u32,
}

impl OpenAi {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, ModelConfigError> {
        let is_of_openai = endpoint.host == "api.openai.com";
        Ok(Self {
            wire: Wire::new(endpoint)?,
            embedding_model: endpoint.embedding_model.clone(),
            embedding_dimensions: endpoint.embedding_dimensions,
            learnt: Arc::new(AtomicU8::new(if is_of_openai {
                COMPLETION_TOKENS
            } else {
                0
            })),
            thinking_tokens: endpoint.thinking_tokens,
        })
    }

    fn has_learnt(&self, lesson: u8) -> bool {
        self.learnt.load(Ordering::Relaxed) & lesson != 0
    }

    pub(super) fn thinking_tokens(&self) -> u32 {
        match self.has_learnt(THINKS | NO_TEMPERATURE) {
            true => self.thinking_tokens,
            false => 0,
        }
    }

    pub(super) fn learn(&self, failure: &Failure) -> bool {
        let ModelError::BadRequest { detail } = &failure.error else {
            return false;
        };
        let lesson = LESSONS.iter().find(|(word, _)| detail.contains(word));
        let Some((_, lesson)) = lesson else {
            return false;
        };
        self.learnt.fetch_or(*lesson, Ordering::Relaxed) & lesson == 0
    }

    #[expect(deprecated, reason = "most servers know `max_tokens` alone")]
    pub(super) fn prepare_chat(&self, request: &ChatRequest) -> Result<Prepared, Failure> {
        let wants_completion_tokens = self.has_learnt(COMPLETION_TOKENS);
        let tokens_max = Some(request.tokens_max);
        let tools = request
            .tools
            .iter()
            .map(tool)
            .collect::<Result<Vec<_>, _>>()?;
        let takes_schema = !self.has_learnt(NO_SCHEMA);
        let schema = request.schema.as_deref().filter(|_| takes_schema);
        let body = CreateChatCompletionRequest {
            model: self.wire.model.clone(),
            messages: request.messages.iter().map(message).collect(),
            tools: Some(tools).filter(|tools| !tools.is_empty()),
            response_format: schema.map(response_format).transpose()?,
            max_tokens: tokens_max.filter(|_| !wants_completion_tokens),
            max_completion_tokens: tokens_max.filter(|_| wants_completion_tokens),
            temperature: Some(request.temperature).filter(|_| !self.has_learnt(NO_TEMPERATURE)),
            reasoning_effort: (self.has_learnt(NO_TEMPERATURE) && !self.has_learnt(NO_EFFORT))
                .then_some(ReasoningEffort::Low),
            stream: Some(true),
            stream_options: (!self.has_learnt(NO_STREAM_OPTIONS)).then_some(
                ChatCompletionStreamOptions {
                    include_usage: Some(true),
                    include_obfuscation: None,
                },
            ),
            ..CreateChatCompletionRequest::default()
        };
        encoded("/chat/completions", &body)
    }

    pub(super) async fn chat(&self, prepared: Prepared) -> Result<Answer, Failure> {
        let began = Instant::now();
        let response = self.wire.post(prepared, began).await?;
        let reader = Box::new(OpenAiReader::new(
            &self.wire.model,
            Arc::clone(&self.learnt),
        ));
        let times = (self.wire.limits, began);
        Ok(Answer::new(response, Framing::Events, reader, times))
    }

    pub(super) fn prepare_embed(&self, texts: &[String]) -> Option<Result<Prepared, Failure>> {
        let body = CreateEmbeddingRequest {
            model: self.embedding_model.clone()?,
            input: EmbeddingInput::StringArray(texts.to_vec()),
            encoding_format: Some(EncodingFormat::Float),
            dimensions: self.embedding_dimensions,
            ..CreateEmbeddingRequest::default()
        };
        Some(encoded("/embeddings", &body))
    }

    pub(super) async fn embed(&self, prepared: Prepared) -> Result<Embedded, Failure> {
        let answer = self.wire.post_whole(prepared).await?;
        let data = answer.get("data").and_then(Value::as_array);
        let mut rows: Vec<(u64, &Value)> = data
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(place, row)| {
                let index = row.get("index").and_then(Value::as_u64);
                (
                    index.unwrap_or(place as u64),
                    row.get("embedding").unwrap_or(&Value::Null),
                )
            })
            .collect();
        rows.sort_by_key(|(index, _)| *index);
        let vectors = rows
            .into_iter()
            .map(|(_, row)| vector(row))
            .collect::<Option<_>>();
        let tokens_in = answer
            .pointer("/usage/prompt_tokens")
            .and_then(Value::as_u64);
        Ok(Embedded {
            vectors: vectors
                .ok_or_else(|| Failure::malformed("a vector is no list of numbers", ""))?,
            tokens_in,
        })
    }

    /// Of the fields that servers add to what OpenAI tells of a model: those of vLLM, OpenRouter and
    /// others, Groq, llama.cpp.
    pub(super) async fn context_tokens(&self) -> Result<Option<u32>, Failure> {
        let models = self.wire.ask(Method::GET, "/models", None).await?;
        let models = models.get("data").and_then(Value::as_array);
        let is_ours =
            |model: &&Value| model.get("id").and_then(Value::as_str) == Some(&self.wire.model);
        let Some(ours) = models.and_then(|models| models.iter().find(is_ours)) else {
            return Ok(None);
        };
        let paths = [
            "/max_model_len",
            "/context_length",
            "/context_window",
            "/meta/n_ctx",
            "/meta/n_ctx_train",
        ];
        let told = paths
            .iter()
            .find_map(|path| ours.pointer(path).and_then(Value::as_u64));
        Ok(told.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX)))
    }
}

pub(super) fn encoded(
    path: &'static str,
    body: &impl serde::Serialize,
) -> Result<Prepared, Failure> {
    let body = serde_json::to_vec(body);
    let body = body.map_err(|error| {
        let detail = format!("the request cannot be written: {error}");
        Failure::before(ModelError::BadRequest { detail })
    })?;
    Ok(Prepared { path, body })
}

/// A list of numbers or, as some servers write in any case, their bytes in base64.
pub(super) fn vector(row: &Value) -> Option<Vec<f32>> {
    if let Value::String(text) = row {
        let bytes = BASE64.decode(text).ok()?;
        let numbers = bytes.chunks(4).map(|four| four.try_into().ok());
        return numbers.map(|four| four.map(f32::from_le_bytes)).collect();
    }
    let numbers = row.as_array()?.iter();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "vectors are of single precision"
    )]
    numbers
        .map(|number| number.as_f64().map(|number| number as f32))
        .collect()
}

/// A schema that was given as text.
pub(super) fn schema(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let detail = format!("a schema is no JSON: {error}");
        Failure::before(ModelError::BadRequest { detail })
    })
}

fn message(message: &ChatMessage) -> ChatCompletionRequestMessage {
    let text = message.text.clone();
    match message.role {
        ChatRole::System => ChatCompletionRequestSystemMessage::from(text).into(),
        ChatRole::User => ChatCompletionRequestUserMessage::from(text).into(),
        ChatRole::Tool => ChatCompletionRequestToolMessage {
            content: text.into(),
            tool_call_id: message.tool_call_id.clone().unwrap_or_default(),
        }
        .into(),
        ChatRole::Assistant => {
            let calls = message.tool_calls.iter().map(|call| {
                ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall {
                    id: call.id.clone(),
                    function: FunctionCall {
                        name: call.name.clone(),
                        arguments: call.arguments_json.clone(),
                    },
                })
            });
            let calls: Vec<_> = calls.collect();
            let is_silent = text.is_empty() && !calls.is_empty();
            ChatCompletionRequestAssistantMessage {
                content: (!is_silent).then(|| text.into()),
                tool_calls: Some(calls).filter(|calls| !calls.is_empty()),
                ..ChatCompletionRequestAssistantMessage::default()
            }
            .into()
        }
    }
}

fn tool(tool: &ToolSpec) -> Result<ChatCompletionTools, Failure> {
    Ok(ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: tool.name.clone(),
            description: Some(tool.description.clone()),
            parameters: Some(schema(&tool.parameters_json_schema)?),
            strict: None,
        },
    }))
}

fn response_format(text: &str) -> Result<ResponseFormat, Failure> {
    let schema = schema(text)?;
    Ok(ResponseFormat::JsonSchema {
        json_schema: ResponseFormatJsonSchema {
            name: "answer".into(),
            description: None,
            strict: Some(is_closed(&schema)),
            schema,
        },
    })
}

/// Whether every object in a schema names all its fields and needs them, as strictness asks for.
fn is_closed(schema: &Value) -> bool {
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    let fields = schema.get("properties").and_then(Value::as_object);
    let needed = schema
        .get("required")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let is_open = is_object
        && (schema.get("additionalProperties") != Some(&Value::Bool(false))
            || fields.map_or(0, serde_json::Map::len) != needed);
    let inner = match schema {
        Value::Object(parts) => parts.values().all(is_closed),
        Value::Array(parts) => parts.iter().all(is_closed),
        _ => true,
    };
    !is_open && inner
}
