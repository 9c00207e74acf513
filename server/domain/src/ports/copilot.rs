//! The copilot: who asks it need not know how it finds its answers.

use async_trait::async_trait;

use super::change_store::ChangeFilter;
use super::language_model::{ModelInfo, ToolSpec};
use super::log_store::StoreError;
use crate::alert::{AlertId, IncidentId};
use crate::change::{Change, ChangeId};
use crate::copilot::{
    Chart, Fact, Message, MessageId, PageContext, RootCause, RootCauseSubject, Runbook, Statement,
    Step, ThreadId, Understood, Writer,
};
use crate::time::TimeRange;

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The thread it is asked in, which must exist; none: it is answered and not kept.
    pub thread: Option<ThreadId>,
    /// The words. Empty if `again` is given.
    pub text: String,
    /// The question of the thread that is to be answered once more.
    pub again: Option<MessageId>,
    /// What was said before, oldest first, where there is no thread: question and answer.
    pub before: Vec<(String, String)>,
    /// The page it is asked from.
    pub page: Option<PageContext>,
    /// Who asks.
    pub user: String,
    /// Minutes that the asker's clock is ahead of UTC, within ±1,440: "last night" is theirs.
    pub utc_offset_minutes: i32,
    /// Texts that came with it, at most [`Attachment::MAX`]: outputs of commands, logs, traces. The question is
    /// answered from them if there are any.
    pub attachments: Vec<Attachment>,
}

/// A text that came with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called: a file's name, or the command that printed it; at most
    /// [`Attachment::NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// Its text; all of a question together at most [`Attachment::BYTES_MAX`] bytes.
    pub text: String,
}

impl Attachment {
    /// The most attachments of a question.
    pub const MAX: usize = 10;
    /// The most bytes of the texts of a question together.
    pub const BYTES_MAX: usize = 1 << 20;
    /// The most bytes of a name.
    pub const NAME_BYTES_MAX: usize = 200;

    /// Sees that attachments keep their bounds, and have names that tell them apart.
    ///
    /// # Errors
    /// [`CopilotError::Invalid`], which says what is too much.
    pub fn check(attachments: &[Self]) -> Result<(), CopilotError> {
        let invalid = |text: String| Err(CopilotError::Invalid(text));
        if attachments.len() > Self::MAX {
            let max = Self::MAX;
            return invalid(format!("a question has at most {max} attachments"));
        }
        let bytes: usize = attachments.iter().map(|one| one.text.len()).sum();
        if bytes > Self::BYTES_MAX {
            let max = Self::BYTES_MAX >> 20;
            return invalid(format!("attachments have at most {max} MiB together"));
        }
        for (at, one) in attachments.iter().enumerate() {
            let is_name = !one.name.trim().is_empty() && one.name.len() <= Self::NAME_BYTES_MAX;
            if !is_name {
                let max = Self::NAME_BYTES_MAX;
                return invalid(format!("an attachment has a name of at most {max} bytes"));
            }
            if attachments
                .iter()
                .take(at)
                .any(|other| other.name == one.name)
            {
                return invalid("two attachments have the same name".to_owned());
            }
        }
        Ok(())
    }
}

/// A part of an answer, as soon as it is known. All of them are in the message at the end as well.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerPiece {
    /// The question was kept, under this id.
    Asked(MessageId),
    /// How the question was understood; always the first but for `Asked`.
    Understood(Understood),
    /// A tool was asked.
    Step(Step),
    /// A fact that later statements may cite.
    Fact(Fact),
    /// A sentence of the answer.
    Statement(Statement),
    /// A chart.
    Chart(Chart),
    /// Something one should know about the answer.
    Notice(String),
}

/// Who hears an answer while it is made.
#[async_trait]
pub trait AnswerListener: Send {
    /// Takes a piece. False: nobody listens any more, and the answer is to end here.
    async fn hear(&mut self, piece: AnswerPiece) -> bool;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CopilotError {
    /// What was asked for is not there; says what.
    #[error("{0}")]
    NotFound(String),
    /// The question, or an argument, cannot be; says which and what was expected.
    #[error("{0}")]
    Invalid(String),
    /// Too many questions are being answered.
    #[error("too many questions are being answered; try again in a moment")]
    Busy,
    /// A store did not answer.
    #[error("a store did not answer")]
    Store(#[from] StoreError),
}

/// What a tool found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolAnswer {
    /// What came of it, in a line.
    pub summary: String,
    /// What it found, numbered from `E1`.
    pub facts: Vec<Fact>,
    /// What can be drawn of it.
    pub charts: Vec<Chart>,
    /// What it found, whole, as JSON; its words from outside are data and nothing else.
    pub json: String,
}

/// What is to be summed up.
#[derive(Debug, Clone, PartialEq)]
pub enum SummarySubject {
    /// An alert.
    Alert(AlertId),
    /// A group of lines that mean the same, by its id, within a time.
    Cluster(String, TimeRange),
    /// An incident, for those who are told of it.
    Incident(IncidentId),
    /// The draft of an incident's post-mortem.
    PostMortem(IncidentId),
    /// What happened within a time: the day, as a rule.
    Digest(TimeRange),
}

/// A part of a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummarySection {
    /// Its heading; empty where a summary has one part only.
    pub title: String,
    /// What it says.
    pub statements: Vec<Statement>,
}

/// A summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// What it is about.
    pub title: String,
    /// Its parts.
    pub sections: Vec<SummarySection>,
    /// What it rests on.
    pub facts: Vec<Fact>,
    /// Who wrote the sentences.
    pub writer: Writer,
    /// When it was made, in ms since the epoch.
    pub made_ms: i64,
}

/// What the copilot can do now.
#[derive(Debug, Clone, PartialEq)]
pub struct CopilotStatus {
    /// Which model writes.
    pub model: ModelInfo,
    /// What that means for those who ask, in a sentence.
    pub explanation: String,
    /// Questions that are being answered.
    pub answering: usize,
}

/// The copilot. It reads; nothing that it does changes anything but its own threads and reports.
#[async_trait]
pub trait Copilot: Send + Sync {
    /// What it can do now.
    fn status(&self) -> CopilotStatus;

    /// The tools it reads with; they are offered to other programs too.
    fn tools(&self) -> Vec<ToolSpec>;

    /// Asks a tool; `arguments_json` is a JSON object.
    ///
    /// # Errors
    /// [`CopilotError::NotFound`] if there is no such tool, [`CopilotError::Invalid`] for arguments it
    /// does not understand.
    async fn call_tool(&self, name: &str, arguments_json: &str)
    -> Result<ToolAnswer, CopilotError>;

    /// Answers a question; its parts are told as soon as they are known, and the whole is kept in
    /// the thread, also if the listener left.
    ///
    /// # Errors
    /// [`CopilotError`]; nothing was answered then.
    async fn ask(
        &self,
        question: Question,
        listener: &mut dyn AnswerListener,
    ) -> Result<Message, CopilotError>;

    /// What was changed: what was told through the API, and what log lines say, newest first, below the
    /// place `before` (as of `ChangeStore::changes`).
    ///
    /// # Errors
    /// [`CopilotError`].
    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, CopilotError>;

    /// All runbooks, by type of failure.
    fn runbooks(&self) -> Vec<Runbook>;

    /// Makes a report of the cause, and keeps it as a revision if it differs from the last one. None
    /// if there is no such alert or incident.
    ///
    /// # Errors
    /// [`CopilotError`].
    async fn find_root_cause(
        &self,
        subject: RootCauseSubject,
        user: &str,
    ) -> Result<Option<RootCause>, CopilotError>;

    /// Sums something up. None if it is not there.
    ///
    /// # Errors
    /// [`CopilotError`].
    async fn summarise(
        &self,
        subject: SummarySubject,
        user: &str,
    ) -> Result<Option<Summary>, CopilotError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(name: &str, bytes: usize) -> Attachment {
        Attachment {
            name: name.into(),
            text: "x".repeat(bytes),
        }
    }

    #[test]
    fn attachments_keep_their_bounds() {
        let check = |all: &[Attachment]| Attachment::check(all).map_err(|error| error.to_string());
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[attachment("a", Attachment::BYTES_MAX)]), Ok(()));
        for (all, says) in [
            (
                vec![attachment("a", Attachment::BYTES_MAX), attachment("b", 1)],
                "together",
            ),
            (
                (0..11).map(|n| attachment(&n.to_string(), 1)).collect(),
                "at most 10",
            ),
            (vec![attachment(" ", 1)], "a name"),
            (vec![attachment(&"n".repeat(201), 1)], "a name"),
            (vec![attachment("a", 1), attachment("a", 2)], "same name"),
        ] {
            let error = check(&all).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
