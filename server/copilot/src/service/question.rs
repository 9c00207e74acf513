//! A question is taken: its words, what was said before, and the thread it is kept in.

use tocsin_domain::copilot::{Message, MessageId, MessageRole, PageContext, Thread, ThreadId};
use tocsin_domain::ports::{Attachment, CopilotError, Question};

use super::attached::{had_attachments, kept, words};
use super::{CopilotService, refused};
use crate::quotes::inert;
use crate::understand::time::MINUTE_MS;

/// Questions before this one that it may go on from.
pub(super) const BEFORE_MAX: usize = 5;
/// The most that a clock may be ahead of UTC, in minutes.
const OFFSET_MAX: i32 = 1_440;

/// A question that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    /// The thread that it is kept in.
    pub(super) thread: Option<ThreadId>,
    /// The thread of an answer that is kept in none.
    pub(super) loose_thread: ThreadId,
    /// The message of the question.
    pub(super) id: MessageId,
    /// True if it was not in the thread before.
    pub(super) is_new: bool,
    /// When it was asked, in ms.
    pub(super) at_ms: i64,
    /// Its words.
    pub(super) text: String,
    pub(super) page: Option<PageContext>,
    /// Questions before it and when they were asked, in ms, oldest first.
    pub(super) before: Vec<(String, i64)>,
    pub(super) user: String,
    pub(super) offset_ms: i64,
    /// Texts that came with it.
    pub(super) attachments: Vec<Attachment>,
}

impl CopilotService {
    /// Takes a question and keeps it in its thread.
    pub(super) async fn take(&self, question: Question) -> Result<Taken, CopilotError> {
        if question.utc_offset_minutes.abs() > OFFSET_MAX {
            return Err(CopilotError::Invalid(format!(
                "expected an offset from UTC within {OFFSET_MAX} minutes"
            )));
        }
        Attachment::check(&question.attachments)?;
        let now_ms = self.now_ms();
        let random = self.tools.parts.random;
        let mut taken = Taken {
            thread: question.thread,
            loose_thread: ThreadId::new(now_ms, random()),
            id: MessageId::new(now_ms, random()),
            is_new: question.again.is_none(),
            at_ms: now_ms,
            text: question.text.trim().to_owned(),
            page: question.page,
            before: question
                .before
                .iter()
                .map(|(asked, _)| (asked.clone(), now_ms))
                .collect(),
            user: question.user,
            offset_ms: i64::from(question.utc_offset_minutes) * MINUTE_MS,
            attachments: question.attachments,
        };
        let Some(thread) = question.thread else {
            if question.again.is_some() {
                return Err(CopilotError::Invalid(
                    "a question can be answered again only within its thread".into(),
                ));
            }
            check(&taken.text)?;
            return Ok(taken);
        };
        let kept = self.thread(thread).await?;
        let messages = self.tools.parts.threads.messages(thread).await?;
        if let Some(again) = question.again {
            let is_it = |one: &&Message| one.id == again && one.role == MessageRole::User;
            let asked = messages.iter().find(is_it).ok_or_else(|| {
                CopilotError::NotFound("there is no such question in the thread".into())
            })?;
            taken.id = again;
            if had_attachments(&asked.text) && taken.attachments.is_empty() {
                let detail = "what came with the question is not kept: ask again with it attached";
                return Err(CopilotError::Invalid(detail.into()));
            }
            taken.text = words(&asked.text).to_owned();
            taken.page = taken.page.or_else(|| asked.page.clone());
        }
        check(&taken.text)?;
        let earlier: Vec<&Message> = messages.iter().filter(|one| one.id < taken.id).collect();
        remember(&mut taken, &earlier);
        if taken.is_new {
            self.keep(&kept, &taken).await?;
        }
        Ok(taken)
    }

    async fn thread(&self, id: ThreadId) -> Result<Thread, CopilotError> {
        let found = self.tools.parts.threads.thread(id).await?;
        found.ok_or_else(|| CopilotError::NotFound("there is no such thread".into()))
    }

    /// Adds the question to its thread, which is named by it if it is the first.
    async fn keep(&self, thread: &Thread, taken: &Taken) -> Result<(), CopilotError> {
        if thread.messages + 2 > Thread::MESSAGES_MAX {
            return Err(CopilotError::Invalid(format!(
                "the thread has {} messages; begin a new one",
                thread.messages
            )));
        }
        let threads = &self.tools.parts.threads;
        if thread.title.is_empty() {
            let named = Thread {
                title: title(&taken.text),
                ..thread.clone()
            };
            threads.put_thread(named).await?;
        }
        let message = Message {
            id: taken.id,
            thread: thread.id,
            answers: None,
            role: MessageRole::User,
            at_ms: taken.at_ms,
            text: kept(&taken.text, &taken.attachments),
            page: taken.page.clone(),
            answer: None,
            feedback: None,
            comment: None,
        };
        threads.add_message(message).await.map_err(refused)
    }
}

fn check(text: &str) -> Result<(), CopilotError> {
    if text.is_empty() {
        return Err(CopilotError::Invalid("expected a question".into()));
    }
    if text.len() > Message::QUESTION_BYTES_MAX {
        return Err(CopilotError::Invalid(format!(
            "expected a question of at most {} bytes",
            Message::QUESTION_BYTES_MAX
        )));
    }
    Ok(())
}

/// The first line of a question as the title of a thread.
fn title(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = inert(line);
    let cut = line.floor_char_boundary(Thread::TITLE_BYTES_MAX);
    line[..cut].to_owned()
}

/// What was said before in the thread.
fn remember(taken: &mut Taken, earlier: &[&Message]) {
    let questions = earlier.iter().filter(|one| one.role == MessageRole::User);
    let questions: Vec<&&Message> = questions.collect();
    let from = questions.len().saturating_sub(BEFORE_MAX);
    let questions = questions.get(from..).unwrap_or_default();
    taken.before = questions
        .iter()
        .map(|one| (words(&one.text).to_owned(), one.at_ms))
        .collect();
}
