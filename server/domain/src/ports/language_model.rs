//! The language model: text in, text and proposed calls out. A model never acts; what it says is data
//! that its caller checks. Without a model stands `extractive`, so that nobody holds an `Option`.

use async_trait::async_trait;

/// Which kind of model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelProvider {
    /// None: answers are assembled from evidence by rules.
    Extractive,
    /// A server that speaks `OpenAI`'s chat completions.
    OpenAi,
    /// A server of `Ollama`.
    Ollama,
}

impl ModelProvider {
    /// Its name in configuration, answers and the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Extractive => "extractive",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
        }
    }

    /// The provider of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Extractive, Self::OpenAi, Self::Ollama]
            .into_iter()
            .find(|provider| provider.name() == name)
    }
}

/// What a model can do, as the probe found it. While `unknown` says why it is not known, the other
/// fields are cautious: only what is false or small can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelGrade {
    /// Why the grade is not known (yet); none once the probe has spoken.
    pub unknown: Option<String>,
    /// Its words come piece by piece.
    pub streams: bool,
    /// It proposes calls of tools when it should.
    pub calls_tools: bool,
    /// It keeps to a JSON schema that it is given.
    pub keeps_json: bool,
    /// Tokens of prompt and answer together; 0 if there is no model.
    pub context_tokens: u32,
}

impl ModelGrade {
    /// The grade of no model, or of one that was not probed.
    #[must_use]
    pub fn unknown(reason: impl Into<String>, context_tokens: u32) -> Self {
        Self {
            unknown: Some(reason.into()),
            streams: false,
            calls_tools: false,
            keeps_json: false,
            context_tokens,
        }
    }
}

/// Which model answers, and how good it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Its kind.
    pub provider: ModelProvider,
    /// Its name at the provider; empty for `extractive`.
    pub name: String,
    /// The host (and port) that texts are sent to; empty for `extractive`.
    pub host: String,
    /// What it can do.
    pub grade: ModelGrade,
}

/// On whose behalf a model is called: budgets are kept and the ledger is written by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallScope {
    /// The user who asked; `system` for what runs by itself.
    pub user: String,
    /// The question, or the report, that the call is part of: a `UUIDv7`. The budget of a question
    /// counts all calls with its id.
    pub question_id: u128,
    /// Name of the prompt, such as `answer`.
    pub task: String,
    /// Hash of the prompt's files, the model and the settings, in hexadecimal.
    pub prompt_hash: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatRole {
    /// The rules of the conversation.
    System,
    /// A person, or evidence on a person's behalf.
    User,
    /// The model.
    Assistant,
    /// What a tool answered.
    Tool,
}

/// A call of a tool that a model proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Names the call within the conversation; made up where the provider gives none.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// A JSON object: it was parsed, but its fields are as the model made them.
    pub arguments_json: String,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: ChatRole,
    /// What is said; may be empty beside `tool_calls`.
    pub text: String,
    /// Calls that the assistant proposed; else empty.
    pub tool_calls: Vec<ToolCall>,
    /// Which call a tool answers; else none.
    pub tool_call_id: Option<String>,
}

impl ChatMessage {
    /// A message that is only text.
    #[must_use]
    pub fn text(role: ChatRole, text: impl Into<String>) -> Self {
        Self {
            role,
            text: text.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
        }
    }

    /// What a tool answered to a call.
    #[must_use]
    pub fn tool_result(call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tool_call_id: Some(call_id.into()),
            ..Self::text(ChatRole::Tool, text)
        }
    }
}

/// A tool that the model may propose to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec {
    /// Its name: letters, digits, `_` and `-`, 1 to 64.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// JSON schema of its arguments, an object.
    pub parameters_json_schema: String,
}

/// A conversation to be continued.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// On whose behalf.
    pub scope: CallScope,
    /// The conversation so far; at least one message.
    pub messages: Vec<ChatMessage>,
    /// Tools that may be proposed; empty for none.
    pub tools: Vec<ToolSpec>,
    /// JSON schema that the answer's text must keep; none for prose.
    pub schema: Option<String>,
    /// The most tokens of the answer, at least 1.
    pub tokens_max: u32,
    /// How freely it speaks, in [0, 2]; 0 is the most repeatable.
    pub temperature: f32,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It had said all.
    Stop,
    /// `tokens_max` or the context was reached: the answer is cut.
    Length,
    /// It waits for its tools.
    ToolCalls,
}

/// Tokens of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Of what was sent.
    pub tokens_in: u64,
    /// Of what came back.
    pub tokens_out: u64,
    /// True if the provider did not say, and both were estimated.
    pub is_estimate: bool,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatPiece {
    /// More text; whole characters.
    Text(String),
    /// A whole call of a tool, with arguments that are a JSON object.
    ToolCall(ToolCall),
    /// The end; nothing follows.
    Done {
        /// Why it stopped.
        finish: Finish,
        /// What it took.
        usage: Usage,
    },
}

/// An answer as it arrives. Dropping it ends the call.
#[async_trait]
pub trait ChatStream: Send {
    /// The next piece. After [`ChatPiece::Done`] or an error: none. An answer that ends without
    /// `Done` does not happen; a broken one ends with an error.
    async fn next(&mut self) -> Option<Result<ChatPiece, ModelError>>;
}

/// Which of the limits of time passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutKind {
    /// To reach the server.
    Connect,
    /// Until the first piece.
    FirstToken,
    /// Between two pieces.
    Idle,
    /// For all of it.
    Total,
}

impl TimeoutKind {
    /// How it is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstToken => "first token",
            Self::Idle => "idle",
            Self::Total => "total",
        }
    }
}

/// Which budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetKind {
    /// Of one question.
    Question,
    /// Of a user, in a month.
    User,
    /// Of everybody, in a month.
    Month,
}

impl BudgetKind {
    /// How it is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::User => "user",
            Self::Month => "month",
        }
    }
}

/// Why there is no answer. Details are words of the provider: shown as text, never secret, at most
/// 500 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No model is configured (`extractive`).
    #[error("no language model is configured")]
    NoModel,
    /// The provider is away or overloaded, or was so often enough that it is left alone for a while.
    #[error("the language model is unavailable: {detail}")]
    Unavailable {
        /// Seconds after which it may be asked again, if known.
        retry_after_secs: Option<u64>,
        /// What happened.
        detail: String,
    },
    /// A limit of time passed.
    #[error("the language model took too long ({})", which.name())]
    Timeout {
        /// Which one.
        which: TimeoutKind,
    },
    /// The model would not answer, or a content filter stopped it.
    #[error("the language model refused: {detail}")]
    Refused {
        /// What it said.
        detail: String,
    },
    /// The provider does not understand the request.
    #[error("the language model's server refused the request: {detail}")]
    BadRequest {
        /// What it said.
        detail: String,
    },
    /// The conversation is longer than the model's context.
    #[error("the conversation is too long for the language model: {detail}")]
    ContextTooLong {
        /// What it said.
        detail: String,
    },
    /// The key is wrong or missing.
    #[error("the language model's server refused the key")]
    Unauthorized,
    /// There is no model of that name.
    #[error("there is no model `{name}` at the language model's server")]
    NoSuchModel {
        /// The name.
        name: String,
    },
    /// The account at the provider is empty; waiting does not help.
    #[error("the quota at the language model's provider is spent: {detail}")]
    Quota {
        /// What it said.
        detail: String,
    },
    /// A budget of ours is spent.
    #[error("the budget of the {} is spent", which.name())]
    BudgetSpent {
        /// Which one.
        which: BudgetKind,
        /// When it begins anew, in ms since the epoch; none for a question.
        until_ms: Option<i64>,
    },
    /// The answer broke off, or is not what the protocol or the schema says.
    #[error("the language model's answer is malformed: {detail}")]
    Malformed {
        /// What is wrong.
        detail: String,
        /// What the model said, for one round of repair; may be empty.
        text: String,
    },
    /// Too many calls are waiting already.
    #[error("too many calls of the language model are waiting")]
    Busy,
}

impl ModelError {
    /// A word for it, for metrics and the ledger.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NoModel => "no_model",
            Self::Unavailable { .. } => "unavailable",
            Self::Timeout { .. } => "timeout",
            Self::Refused { .. } => "refused",
            Self::BadRequest { .. } => "bad_request",
            Self::ContextTooLong { .. } => "context_too_long",
            Self::Unauthorized => "unauthorized",
            Self::NoSuchModel { .. } => "no_such_model",
            Self::Quota { .. } => "quota",
            Self::BudgetSpent { .. } => "budget_spent",
            Self::Malformed { .. } => "malformed",
            Self::Busy => "busy",
        }
    }
}

/// A language model. What is behind it redacts, keeps budgets and writes the ledger; no call leaves
/// the machine otherwise.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// Which model answers, and how good it is, as known now.
    fn model(&self) -> ModelInfo;

    /// About how many tokens a text has: an estimate that errs upwards for English and logs, since
    /// no provider's tokenizer is here.
    fn count_tokens(&self, text: &str) -> usize;

    /// Continues a conversation. Returns when the provider began to answer or refused; what was cut
    /// out before sending is put back in the pieces.
    ///
    /// # Errors
    /// [`ModelError`]; `NoModel` always from `extractive`.
    async fn chat(&self, request: ChatRequest) -> Result<Box<dyn ChatStream>, ModelError>;

    /// One vector for each text, in order; all of one length. They are compared only with vectors of
    /// the same model.
    ///
    /// # Errors
    /// [`ModelError`]; `NoModel` if no embedding model is configured.
    async fn embed(&self, scope: &CallScope, texts: &[String])
    -> Result<Vec<Vec<f32>>, ModelError>;
}
