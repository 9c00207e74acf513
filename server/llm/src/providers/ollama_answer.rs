//! Reads the answers of Ollama's `/api/chat`: a JSON object a line.

use serde_json::Value;
use tocsin_domain::ports::{ChatPiece, Finish, ModelError};

use super::failure::{malformed, of_body};
use super::said::{Reader, Said};
use super::tool_calls::ToolCalls;

/// One answer.
#[derive(Debug)]
pub(super) struct OllamaReader {
    model: String,
    calls: ToolCalls,
}

impl OllamaReader {
    pub(super) fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            calls: ToolCalls::default(),
        }
    }
}

impl Reader for OllamaReader {
    fn read(&mut self, message: &str, said: &mut Said) -> Result<(), ModelError> {
        if said.is_done() {
            return Ok(());
        }
        let Ok(value) = serde_json::from_str::<Value>(message) else {
            let detail = match message.trim_start().starts_with('<') {
                true => "the server answered with a page, not with JSON: is `base_url` right?",
                false => "a line of the answer is no JSON",
            };
            return Err(malformed(detail, ""));
        };
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(of_body(&value, &self.model));
        }
        let spoken = value.get("message").unwrap_or(&Value::Null);
        let calls = spoken.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            // Each is whole; a number that it may have says nothing.
            let function = call.get("function").cloned().unwrap_or_default();
            let id = call.get("id").cloned().unwrap_or_default();
            self.calls
                .add(&serde_json::json!({"id": id, "function": function}))?;
        }
        let text = spoken.get("content").and_then(Value::as_str);
        said.text(text.unwrap_or_default().to_owned())?;
        if value.get("done").and_then(Value::as_bool) != Some(true) {
            return Ok(());
        }
        let reason = value.get("done_reason").and_then(Value::as_str);
        let finish = match reason {
            Some("length") => Finish::Length,
            _ if !self.calls.is_empty() => Finish::ToolCalls,
            _ => Finish::Stop,
        };
        for call in self.calls.take()? {
            said.piece(ChatPiece::ToolCall(call));
        }
        let tokens = |key: &str| value.get(key).and_then(Value::as_u64);
        // A prompt that was cached is not counted by older servers; then both are estimated.
        said.done(
            finish,
            tokens("prompt_eval_count").zip(tokens("eval_count")),
        );
        Ok(())
    }

    fn end(&mut self, said: &mut Said) -> Result<(), ModelError> {
        match said.is_done() {
            true => Ok(()),
            false => Err(malformed("the answer broke off", "")),
        }
    }
}
