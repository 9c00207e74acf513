//! Asks a model by a prompt: typed values in, a checked value out, with one round of repair.

use serde_json::Value;
use tocsin_domain::ports::{
    CallScope, ChatMessage, ChatPiece, ChatRequest, ChatRole, Finish, LanguageModel, ModelError,
};

use super::{Prompt, PromptError};

/// On whose behalf is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The user; `system` for what runs by itself.
    pub user: String,
    /// The question that it is part of: a `UUIDv7`.
    pub question_id: u128,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The prompt does not take what it was given.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The model gave none; `Malformed` if what it said is no answer, also the second time.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Asks `model` by `prompt` with `input` in its places. The answer keeps to the prompt's schema; one
/// that does not is asked for once more.
///
/// # Errors
/// [`AskError`].
pub async fn ask(
    model: &dyn LanguageModel,
    prompt: &Prompt,
    input: &Value,
    asker: &Asker,
) -> Result<Value, AskError> {
    let mut request = prompt.request(model, input, asker)?;
    let text = said(model, request.clone()).await?;
    let problem = match prompt.read(&text) {
        Ok(value) => return Ok(value),
        Err(problem) => problem,
    };
    let again = prompt.templates.repair(&problem, &prompt.output_json)?;
    request
        .messages
        .push(ChatMessage::text(ChatRole::Assistant, text));
    request
        .messages
        .push(ChatMessage::text(ChatRole::User, again));
    let text = said(model, request).await?;
    let value = prompt.read(&text);
    value.map_err(|detail| ModelError::Malformed { detail, text }.into())
}

impl Prompt {
    /// The conversation of this prompt, for those who stream the answer or give the model tools.
    ///
    /// # Errors
    /// [`AskError`]: the input is wrong, or longer than the model's context.
    pub fn request(
        &self,
        model: &dyn LanguageModel,
        input: &Value,
        asker: &Asker,
    ) -> Result<ChatRequest, AskError> {
        let rendered = self.render(input)?;
        let info = model.model();
        let tokens = model.count_tokens(&rendered.system) + model.count_tokens(&rendered.user);
        let room = info.grade.context_tokens.saturating_sub(self.tokens_max) as usize;
        if info.grade.context_tokens > 0 && tokens > room {
            let detail = format!("about {tokens} tokens, where there is room for {room}");
            return Err(ModelError::ContextTooLong { detail }.into());
        }
        Ok(ChatRequest {
            scope: CallScope {
                user: asker.user.clone(),
                question_id: asker.question_id,
                task: self.task.name().to_owned(),
                prompt_hash: self.hash(&info),
            },
            messages: vec![
                ChatMessage::text(ChatRole::System, rendered.system),
                ChatMessage::text(ChatRole::User, rendered.user),
            ],
            tools: Vec::new(),
            schema: Some(self.output_json.clone()),
            tokens_max: self.tokens_max,
            temperature: self.temperature,
        })
    }

    /// The value that an answer says.
    ///
    /// # Errors
    /// Why it says none.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let json = json_of(text);
        let value: Value =
            serde_json::from_str(json).map_err(|error| format!("no JSON: {error}"))?;
        self.output.check(&value)?;
        Ok(value)
    }
}

/// The object in an answer, without what models like to put around it: thoughts, fences, remarks.
fn json_of(text: &str) -> &str {
    let text = text.rsplit_once("</think>").map_or(text, |(_, rest)| rest);
    match (text.find('{'), text.rfind('}')) {
        (Some(from), Some(to)) if from < to => &text[from..=to],
        _ => text.trim(),
    }
}

/// All that the model says.
async fn said(model: &dyn LanguageModel, request: ChatRequest) -> Result<String, ModelError> {
    let mut stream = model.chat(request).await?;
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        match piece? {
            ChatPiece::Text(more) => text.push_str(&more),
            ChatPiece::ToolCall(_) => {}
            ChatPiece::Done { finish, .. } => {
                return match finish {
                    // To ask again would end at the same place.
                    Finish::Length => Err(ModelError::Malformed {
                        detail: "the answer is longer than it may be".into(),
                        text,
                    }),
                    Finish::Stop | Finish::ToolCalls => Ok(text),
                };
            }
        }
    }
    Err(ModelError::Malformed {
        detail: "the answer broke off".into(),
        text,
    })
}
