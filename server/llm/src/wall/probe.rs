//! Asks a model to show what it can do, once it can be reached: two small calls, which leave by the
//! same wall as all others.

use std::time::Duration;

use tocsin_domain::ports::{
    ChatPiece, ChatRequest, ChatStream, LanguageModel, LedgerId, ModelError, ModelGrade, ToolSpec,
};

use super::{CONTEXT_TOKENS, Wall};
use crate::prompts::{AskError, Asker, Task};

/// The word that the model has to repeat.
const WORD: &str = "tocsin";
/// The tool that the model has to call.
const TOOL: &str = "report";
/// The first wait before a server that could not be asked is asked again; they double.
const WAIT: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 5_000 });
/// The longest such wait.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// What was said to a probe.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    has_called: bool,
    is_whole: bool,
}

impl Wall {
    /// Asks until the model has shown what it can do; its grade says meanwhile why it is not known.
    pub(super) async fn find_grade(&self) {
        let mut wait = WAIT;
        loop {
            match self.probed().await {
                Ok(grade) => {
                    tracing::info!(
                        model = %self.settings.endpoint.model,
                        streams = grade.streams,
                        calls_tools = grade.calls_tools,
                        keeps_json = grade.keeps_json,
                        context_tokens = grade.context_tokens,
                        "the language model was probed"
                    );
                    *self.grade.write() = grade;
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the language model cannot be probed yet");
                    self.grade.write().unknown = Some(error.to_string());
                }
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(WAIT_MAX);
        }
    }

    async fn probed(&self) -> Result<ModelGrade, ModelError> {
        let told = match self.provider.context_tokens().await {
            Ok(told) => told,
            Err(failure) => match failure.error {
                // It is there, and does not say; what it does not take shows below.
                ModelError::BadRequest { .. } | ModelError::Malformed { .. } => None,
                error => return Err(error),
            },
        };
        let configured = self.settings.endpoint.context_tokens;
        let context_tokens = configured.or(told).unwrap_or(CONTEXT_TOKENS);
        self.grade.write().context_tokens = context_tokens;
        let by_json = self.shown(self.probe(false)?).await?;
        let by_tool = self.shown(self.probe(true)?).await?;
        let word = self.prompts.of(Task::Probe).read(&by_json.text);
        Ok(ModelGrade {
            unknown: None,
            streams: !by_json.is_whole,
            calls_tools: by_tool.has_called,
            keeps_json: word.is_ok_and(|value| value["word"] == WORD),
            context_tokens,
        })
    }

    fn probe(&self, by_tool: bool) -> Result<ChatRequest, ModelError> {
        let now = self.parts.clock.now();
        let asker = Asker {
            user: "system".into(),
            question_id: LedgerId::new(now, (self.parts.random)()).0,
        };
        let input = serde_json::json!({"word": WORD, "tool": TOOL, "by_tool": by_tool});
        let request =
            self.prompts
                .of(Task::Probe)
                .request(self as &dyn LanguageModel, &input, &asker);
        let mut request = request.map_err(|error| match error {
            AskError::Model(error) => error,
            AskError::Prompt(error) => ModelError::BadRequest {
                detail: error.to_string(),
            },
        })?;
        if by_tool {
            request.tools = vec![ToolSpec {
                name: TOOL.into(),
                description: "Reports a word.".into(),
                parameters_json_schema: request.schema.take().unwrap_or_default(),
            }];
        }
        Ok(request)
    }

    /// What a model says to a probe; nothing if the server does not take it, or if it is nonsense.
    async fn shown(&self, request: ChatRequest) -> Result<Shown, ModelError> {
        let mut shown = Shown::default();
        let nothing = |error: ModelError| match error {
            ModelError::BadRequest { .. }
            | ModelError::Malformed { .. }
            | ModelError::Refused { .. } => Ok(Shown::default()),
            error => Err(error),
        };
        let mut stream = match self.converse(request).await {
            Ok(stream) => stream,
            Err(error) => return nothing(error),
        };
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(ChatPiece::Text(text)) => shown.text.push_str(&text),
                Ok(ChatPiece::ToolCall(call)) => {
                    let arguments: serde_json::Value =
                        serde_json::from_str(&call.arguments_json).unwrap_or_default();
                    shown.has_called |= call.name == TOOL && arguments["word"] == WORD;
                }
                Ok(ChatPiece::Done { .. }) => {}
                Err(error) => return nothing(error),
            }
        }
        shown.is_whole = stream.is_whole();
        Ok(shown)
    }
}
