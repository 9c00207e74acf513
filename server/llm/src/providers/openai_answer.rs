//! Reads the answers of servers that speak OpenAI's chat completions, in pieces or as a whole. They
//! are many and agree on little but the names, so what is missing or odd is borne where it can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::Value;
use tocsin_domain::ports::{ChatPiece, Finish, ModelError};

use super::failure::{malformed, of_body, shortened};
use super::openai::THINKS;
use super::said::{Reader, Said};
use super::tool_calls::ToolCalls;

/// One answer.
#[derive(Debug)]
pub(super) struct OpenAiReader {
    model: String,
    calls: ToolCalls,
    refusal: String,
    finish: Option<String>,
    usage: Option<(u64, u64)>,
    has_spoken: bool,
    is_closed: bool,
    learnt: Arc<AtomicU8>,
}

impl OpenAiReader {
    /// Reads an answer of `model`; what is learnt of it is added to `learnt`.
    pub(super) fn new(model: &str, learnt: Arc<AtomicU8>) -> Self {
        Self {
            model: model.to_owned(),
            calls: ToolCalls::default(),
            refusal: String::new(),
            finish: None,
            usage: None,
            has_spoken: false,
            is_closed: false,
            learnt,
        }
    }

    fn choice(&mut self, choice: &Value, said: &mut Said) -> Result<(), ModelError> {
        let message = choice.get("delta").filter(|delta| !delta.is_null());
        let message = message
            .or_else(|| choice.get("message"))
            .unwrap_or(&Value::Null);
        let thoughts = ["reasoning_content", "reasoning"]
            .iter()
            .filter_map(|key| message.get(key));
        if thoughts
            .filter_map(Value::as_str)
            .any(|text| !text.is_empty())
        {
            self.learnt.fetch_or(THINKS, Ordering::Relaxed);
        }
        if let Some(refusal) = message.get("refusal").and_then(Value::as_str) {
            self.refusal.push_str(&shortened(refusal));
        }
        let parts = message.get("tool_calls").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            self.calls.add(part)?;
        }
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(finish.to_owned());
        }
        let text = content(message.get("content").unwrap_or(&Value::Null));
        self.has_spoken |= !text.is_empty();
        said.text(text)
    }

    fn finish(&mut self, said: &mut Said) -> Result<(), ModelError> {
        if !self.refusal.trim().is_empty() {
            return Err(ModelError::Refused {
                detail: shortened(&self.refusal),
            });
        }
        let has_calls = !self.calls.is_empty();
        let finish = match self.finish.as_deref() {
            Some("content_filter") => {
                let detail = "a content filter stopped the answer".to_owned();
                return Err(ModelError::Refused { detail });
            }
            Some("error") => return Err(malformed("the server broke off", "")),
            Some("length" | "max_tokens") => Finish::Length,
            _ if has_calls => Finish::ToolCalls,
            Some(_) => Finish::Stop,
            None if self.has_spoken => Finish::Stop,
            None => return Err(malformed("the answer says nothing", "")),
        };
        // Calls of an answer that was cut may be cut themselves.
        let calls = match (finish, self.calls.take()) {
            (Finish::Length, Err(_)) => Vec::new(),
            (_, calls) => calls?,
        };
        for call in calls {
            said.piece(ChatPiece::ToolCall(call));
        }
        said.done(finish, self.usage);
        Ok(())
    }
}

impl Reader for OpenAiReader {
    fn read(&mut self, message: &str, said: &mut Said) -> Result<(), ModelError> {
        if self.is_closed || message.trim().is_empty() {
            return Ok(());
        }
        if message.trim() == "[DONE]" {
            self.is_closed = true;
            return self.finish(said);
        }
        let Ok(value) = serde_json::from_str::<Value>(message) else {
            let detail = match message.trim_start().starts_with('<') {
                true => "the server answered with a page, not with JSON: is `base_url` right?",
                false => "a message of the answer is no JSON",
            };
            return Err(malformed(detail, ""));
        };
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(of_body(&value, &self.model));
        }
        if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
            let tokens = |key: &str| usage.get(key).and_then(Value::as_u64);
            if let (Some(sent), Some(received)) =
                (tokens("prompt_tokens"), tokens("completion_tokens"))
            {
                self.usage = Some((sent, received));
            }
        }
        let choices = value.get("choices").and_then(Value::as_array);
        // Only one was asked for.
        match choices.and_then(|choices| choices.first()) {
            Some(choice) => self.choice(choice, said),
            None => Ok(()),
        }
    }

    fn end(&mut self, said: &mut Said) -> Result<(), ModelError> {
        if self.is_closed {
            return Ok(());
        }
        match self.finish {
            // Some servers do not say `[DONE]`.
            Some(_) => self.finish(said),
            None => Err(malformed("the answer broke off", "")),
        }
    }
}

/// The text of a message: a string, or a list of parts.
fn content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text"));
            texts.filter_map(Value::as_str).collect()
        }
        _ => String::new(),
    }
}
