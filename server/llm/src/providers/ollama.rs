//! Servers of Ollama, by their own API, which unlike the one in OpenAI's manner takes the size of the
//! context.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use tocsin_domain::ports::{ChatMessage, ChatRequest, ChatRole, ToolSpec};
use tokio::time::Instant;

use super::answer::Answer;
use super::failure::Failure;
use super::frames::Framing;
use super::ollama_answer::OllamaReader;
use super::openai::{encoded, schema, vector};
use super::wire::Wire;
use super::{Embedded, Prepared};
use crate::config::{Endpoint, ModelConfigError};

/// The largest context that is asked for by itself: it costs the memory of the machine.
const CONTEXT_TOKENS_MAX: u32 = 32_768;
/// The context until the server was asked.
const CONTEXT_TOKENS: u32 = 8_192;

/// A server of Ollama.
#[derive(Debug)]
pub(crate) struct Ollama {
    wire: Wire,
    embedding_model: Option<String>,
    /// Tokens of context that are asked for with each conversation.
    context_tokens: AtomicU32,
    is_context_set: bool,
}

#[derive(Serialize)]
struct Chat<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Value>,
    options: Options,
    stream: bool,
    /// Thoughts would take the tokens of the answer; models that do not think pay no heed.
    think: bool,
}

#[derive(Serialize)]
struct Options {
    temperature: f32,
    num_predict: u32,
    num_ctx: u32,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
    /// Which tool answered; it knows no ids of calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
}

impl Ollama {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, ModelConfigError> {
        let context_tokens = endpoint.context_tokens.unwrap_or(CONTEXT_TOKENS);
        Ok(Self {
            wire: Wire::new(endpoint)?,
            embedding_model: endpoint.embedding_model.clone(),
            context_tokens: AtomicU32::new(context_tokens),
            is_context_set: endpoint.context_tokens.is_some(),
        })
    }

    pub(super) fn prepare_chat(&self, request: &ChatRequest) -> Result<Prepared, Failure> {
        let messages = request.messages.iter();
        let body = Chat {
            model: &self.wire.model,
            messages: messages
                .map(|each| message(each, &request.messages))
                .collect::<Result<_, _>>()?,
            tools: request.tools.iter().map(tool).collect::<Result<_, _>>()?,
            format: request.schema.as_deref().map(schema).transpose()?,
            options: Options {
                temperature: request.temperature,
                num_predict: request.tokens_max,
                num_ctx: self.context_tokens.load(Ordering::Relaxed),
            },
            stream: true,
            think: false,
        };
        encoded("/api/chat", &body)
    }

    pub(super) async fn chat(&self, prepared: Prepared) -> Result<Answer, Failure> {
        let began = Instant::now();
        let response = self.wire.post(prepared, began).await?;
        let reader = Box::new(OllamaReader::new(&self.wire.model));
        let times = (self.wire.limits, began);
        Ok(Answer::new(response, Framing::Lines, reader, times))
    }

    pub(super) fn prepare_embed(&self, texts: &[String]) -> Option<Result<Prepared, Failure>> {
        let model = self.embedding_model.as_ref()?;
        let body = serde_json::json!({"model": model, "input": texts});
        Some(encoded("/api/embed", &body))
    }

    pub(super) async fn embed(&self, prepared: Prepared) -> Result<Embedded, Failure> {
        let answer = self.wire.post_whole(prepared).await?;
        let rows = answer.get("embeddings").and_then(Value::as_array);
        let vectors = rows
            .into_iter()
            .flatten()
            .map(vector)
            .collect::<Option<_>>();
        Ok(Embedded {
            vectors: vectors
                .ok_or_else(|| Failure::malformed("a vector is no list of numbers", ""))?,
            tokens_in: answer.get("prompt_eval_count").and_then(Value::as_u64),
        })
    }

    pub(super) async fn context_tokens(&self) -> Result<Option<u32>, Failure> {
        let body = serde_json::json!({"model": self.wire.model}).to_string();
        let shown = self
            .wire
            .ask(Method::POST, "/api/show", Some(body.into_bytes()))
            .await?;
        let info = shown.get("model_info").and_then(Value::as_object);
        // The key begins with the architecture: `llama.context_length`.
        let told = info.into_iter().flatten().find_map(|(key, value)| {
            key.ends_with(".context_length")
                .then(|| value.as_u64())
                .flatten()
        });
        let told = told.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
        if self.is_context_set {
            return Ok(told);
        }
        let used = told.map(|tokens| tokens.min(CONTEXT_TOKENS_MAX));
        if let Some(used) = used {
            self.context_tokens.store(used, Ordering::Relaxed);
        }
        Ok(used)
    }
}

fn message<'a>(message: &'a ChatMessage, all: &'a [ChatMessage]) -> Result<Message<'a>, Failure> {
    let calls = message.tool_calls.iter().map(|call| {
        let arguments = schema(&call.arguments_json)?;
        Ok(serde_json::json!({"function": {"name": call.name, "arguments": arguments}}))
    });
    let answered = message.tool_call_id.as_ref();
    let mut calls_before = all.iter().flat_map(|message| &message.tool_calls);
    let answered = answered.and_then(|id| calls_before.find(|call| call.id == *id));
    Ok(Message {
        role: match message.role {
            ChatRole::System => "system",
            ChatRole::User => "user",
            ChatRole::Assistant => "assistant",
            ChatRole::Tool => "tool",
        },
        content: &message.text,
        tool_calls: calls.collect::<Result<_, _>>()?,
        tool_name: answered.map(|call| call.name.as_str()),
    })
}

fn tool(tool: &ToolSpec) -> Result<Value, Failure> {
    let parameters = schema(&tool.parameters_json_schema)?;
    Ok(serde_json::json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters,
        },
    }))
}
