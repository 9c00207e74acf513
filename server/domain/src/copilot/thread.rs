//! Threads: conversations that are kept.

use super::answer::Answer;
use crate::alert::{AlertId, IncidentId, named};
use crate::id::RecordId;

crate::alert::uuid_identity! {
    /// The identity of a thread.
    ThreadId
}

crate::alert::uuid_identity! {
    /// The identity of a message.
    MessageId
}

/// The page a question is asked from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageContext {
    /// The alert that is open.
    pub alert: Option<AlertId>,
    /// The incident that is open.
    pub incident: Option<IncidentId>,
    /// The log line that is open.
    pub record: Option<RecordId>,
    /// The PromQL query, or the series, that is shown.
    pub metric: Option<String>,
    /// The search that is shown, in the query language.
    pub query: Option<String>,
    /// The first moment that is shown, in ms since the epoch.
    pub from_ms: Option<i64>,
    /// The last moment that is shown, in ms.
    pub to_ms: Option<i64>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread {
    /// Who it is.
    pub id: ThreadId,
    /// Its first question, unless someone gave another title.
    pub title: String,
    /// Whose it is.
    pub user: String,
    /// When it began, in ms since the epoch.
    pub created_ms: i64,
    /// When something was last said, in ms.
    pub updated_ms: i64,
    /// How many messages it has.
    pub messages: u32,
}

impl Thread {
    /// The most bytes of a title.
    pub const TITLE_BYTES_MAX: usize = 200;
    /// The most messages of a thread.
    pub const MESSAGES_MAX: u32 = 500;
}

named! {
    /// Who speaks.
    MessageRole {
        /// A person.
        User = "user",
        /// The copilot.
        Assistant = "assistant",
    }
}

named! {
    /// What someone thinks of an answer.
    Feedback {
        /// It helped.
        Up = "up",
        /// It did not.
        Down = "down",
    }
}

/// One message of a thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who it is; sorts by time.
    pub id: MessageId,
    /// Where it stands.
    pub thread: ThreadId,
    /// The question that it answers; none for a question. Several answers to one question are those
    /// of being asked again.
    pub answers: Option<MessageId>,
    /// Who speaks.
    pub role: MessageRole,
    /// When, in ms since the epoch.
    pub at_ms: i64,
    /// The question; for an answer its statements as one text.
    pub text: String,
    /// The page the question was asked from.
    pub page: Option<PageContext>,
    /// What was answered; none for a question.
    pub answer: Option<Answer>,
    /// What someone thinks of the answer.
    pub feedback: Option<Feedback>,
    /// What they said about it.
    pub comment: Option<String>,
}

impl Message {
    /// The most bytes of a question.
    pub const QUESTION_BYTES_MAX: usize = 8 << 10;
}
