//! Threads, their messages, and what people say about them.

use serde::{Deserialize, Serialize};
use tocsin_domain::copilot::{Feedback, Message, Thread};
use utoipa::{IntoParams, ToSchema};

use super::copilot_answer::CopilotAnswer;
use super::questions::PageForm;
use super::series::at;
use crate::errors::ApiError;

/// The most characters of a comment.
const COMMENT_MAX: usize = 2000;

/// Which threads.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThreadParams {
    /// Only threads with this text in the title or in what was said, case ignored.
    pub(crate) q: Option<String>,
    /// How many, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of threads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadAnswer {
    /// The threads; the one in which something was last said is first.
    pub(crate) items: Vec<ThreadItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// Its first question, unless someone gave another title; empty before both.
    pub(crate) title: String,
    /// Whose it is.
    pub(crate) user: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When something was last said.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// How many messages it has.
    pub(crate) messages: u32,
}

impl From<&Thread> for ThreadItem {
    fn from(thread: &Thread) -> Self {
        Self {
            id: thread.id.to_string(),
            title: thread.title.clone(),
            user: thread.user.clone(),
            created_at: at(thread.created_ms),
            updated_at: at(thread.updated_ms),
            messages: thread.messages,
        }
    }
}

/// A conversation with what was said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadDetail {
    /// The conversation.
    #[serde(flatten)]
    pub(crate) thread: ThreadItem,
    /// Its messages, oldest first.
    pub(crate) items: Vec<MessageItem>,
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageItem {
    /// A UUIDv7; sorts by time.
    pub(crate) id: String,
    /// The id of its thread.
    pub(crate) thread: String,
    /// The id of the question it answers; null for a question. Several answers to one question are
    /// those of being asked again.
    pub(crate) answers: Option<String>,
    /// user or assistant.
    pub(crate) role: &'static str,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The question; for an answer its statements as one text.
    pub(crate) text: String,
    /// The page the question was asked from.
    pub(crate) page: Option<PageForm>,
    /// What was answered; null for a question.
    pub(crate) answer: Option<CopilotAnswer>,
    /// up, down, or null while nobody said.
    pub(crate) feedback: Option<&'static str>,
    /// What was said about it.
    pub(crate) comment: Option<String>,
}

impl From<&Message> for MessageItem {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.to_string(),
            thread: message.thread.to_string(),
            answers: message.answers.map(|id| id.to_string()),
            role: message.role.name(),
            at: at(message.at_ms),
            text: message.text.clone(),
            page: message.page.as_ref().map(PageForm::from),
            answer: message.answer.as_ref().map(CopilotAnswer::from),
            feedback: message.feedback.map(Feedback::name),
            comment: message.comment.clone(),
        }
    }
}

/// A new thread.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThreadRequest {
    /// 1 to 200 bytes. Default: its first question.
    pub(crate) title: Option<String>,
}

impl ThreadRequest {
    /// The title; empty for none.
    pub(crate) fn read(&self) -> Result<String, ApiError> {
        self.title.as_deref().map_or(Ok(String::new()), title)
    }
}

/// Another title.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThreadTitleRequest {
    /// 1 to 200 bytes.
    pub(crate) title: String,
}

/// Reads a title.
pub(crate) fn title(text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    if (1..=Thread::TITLE_BYTES_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let expected = format!("1 to {} bytes", Thread::TITLE_BYTES_MAX);
    let detail = format!("the title has {} bytes", text.len());
    Err(ApiError::field("title", &expected, detail))
}

/// What someone thinks of an answer.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageFeedbackRequest {
    /// up, down, or null to take it back.
    pub(crate) feedback: Option<String>,
    /// At most 2000 characters.
    pub(crate) comment: Option<String>,
}

impl MessageFeedbackRequest {
    pub(crate) fn read(self) -> Result<(Option<Feedback>, Option<String>), ApiError> {
        let expected = "up, down or null";
        let named = |name: &str| {
            super::alert_filter::named("feedback", name, expected, Feedback::from_name)
        };
        let feedback = self.feedback.as_deref().map(named).transpose()?;
        let comment = self.comment.map(|text| text.trim().to_owned());
        let comment = comment.filter(|text| !text.is_empty());
        let length = comment.as_ref().map_or(0, |text| text.chars().count());
        if length > COMMENT_MAX {
            let expected = format!("at most {COMMENT_MAX} characters");
            let detail = format!("the comment has {length} characters");
            return Err(ApiError::field("comment", &expected, detail));
        }
        Ok((feedback, comment))
    }
}
