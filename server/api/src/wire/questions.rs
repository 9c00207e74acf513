//! Questions, and the page they are asked from.

use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::alert::{AlertId, IncidentId};
use tocsin_domain::copilot::{Message, MessageId, PageContext, ThreadId};
use tocsin_domain::ports::{Attachment, Question};
use utoipa::ToSchema;

use super::alert_filter::uuid;
use super::series::at;
use super::time;
use crate::errors::ApiError;
use crate::identity::Actor;

/// The most bytes of a query of the page a question is asked from.
const PAGE_QUERY_BYTES_MAX: usize = 10 << 10;
/// The most exchanges that are given with a question.
const BEFORE_MAX: usize = 50;
/// The most bytes of an earlier answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The most minutes that a clock is ahead of UTC, or behind.
const OFFSET_MINUTES_MAX: i32 = 1440;

/// The page a question is asked from. All of it may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageForm {
    /// The id of the alert that is open.
    pub(crate) alert: Option<String>,
    /// The id of the incident that is open.
    pub(crate) incident: Option<String>,
    /// The id of the log line that is open.
    pub(crate) record: Option<String>,
    /// The PromQL query, or the series, that is shown.
    pub(crate) metric: Option<String>,
    /// The search that is shown, in the query language.
    pub(crate) query: Option<String>,
    /// The first moment that is shown.
    #[schema(format = DateTime)]
    pub(crate) from: Option<String>,
    /// The last moment that is shown.
    #[schema(format = DateTime)]
    pub(crate) to: Option<String>,
}

impl From<&PageContext> for PageForm {
    fn from(page: &PageContext) -> Self {
        Self {
            alert: page.alert.map(|id| id.to_string()),
            incident: page.incident.map(|id| id.to_string()),
            record: page.record.map(|id| id.to_string()),
            metric: page.metric.clone(),
            query: page.query.clone(),
            from: page.from_ms.map(at),
            to: page.to_ms.map(at),
        }
    }
}

impl PageForm {
    fn read(self, now: Timestamp) -> Result<PageContext, ApiError> {
        let id = |field: &str, text: Option<String>| {
            let text = text.filter(|text| !text.is_empty());
            text.map(|text| uuid(field, &text)).transpose()
        };
        let moment = |field: &str, text: Option<String>| {
            let text = text.filter(|text| !text.is_empty());
            let read = |text: String| time::parse(field, &text, now).map(Timestamp::millis);
            text.map(read).transpose()
        };
        let words = |field: &str, text: Option<String>| {
            let text = text.filter(|text| !text.trim().is_empty());
            let read = |text: String| bounded(field, text, PAGE_QUERY_BYTES_MAX);
            text.map(read).transpose()
        };
        Ok(PageContext {
            alert: id("page.alert", self.alert)?.map(AlertId),
            incident: id("page.incident", self.incident)?.map(IncidentId),
            record: id("page.record", self.record)?.map(tocsin_domain::RecordId::from_bits),
            metric: words("page.metric", self.metric)?,
            query: words("page.query", self.query)?,
            from_ms: moment("page.from", self.from)?,
            to_ms: moment("page.to", self.to)?,
        })
    }
}

/// A question in a thread: either `text` or `again`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageRequest {
    /// The question, at most 8 kB.
    pub(crate) text: Option<String>,
    /// The id of a question of this thread that is to be answered once more.
    pub(crate) again: Option<String>,
    /// The page it is asked from.
    pub(crate) page: Option<PageForm>,
    /// How many minutes the asker's clock is ahead of UTC, -1440 to 1440: "last night" is theirs.
    /// Default 0.
    #[serde(default)]
    #[schema(minimum = -1440, maximum = 1440)]
    pub(crate) utc_offset_minutes: i32,
    /// Texts that come with it: outputs of commands, logs, traces. At most 10, 1 MiB together; the question is
    /// answered from them.
    #[serde(default)]
    pub(crate) attachments: Vec<AttachmentForm>,
}

impl MessageRequest {
    pub(crate) fn read(
        self,
        thread: ThreadId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Question, ApiError> {
        let again = self.again.filter(|text| !text.is_empty());
        let (text, again) = match (self.text, again) {
            (Some(_), Some(_)) => {
                let detail = "`text` and `again` exclude each other";
                return Err(ApiError::field("again", "left out beside `text`", detail));
            }
            (None, Some(id)) => (String::new(), Some(MessageId(uuid("again", &id)?))),
            (text, None) => (question_text("text", text.unwrap_or_default())?, None),
        };
        Ok(Question {
            thread: Some(thread),
            text,
            again,
            before: Vec::new(),
            page: self.page.map(|page| page.read(now)).transpose()?,
            user: actor.name().to_owned(),
            utc_offset_minutes: offset(self.utc_offset_minutes)?,
            attachments: attachments(self.attachments)?,
        })
    }
}

/// A question that is answered and not kept.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRequest {
    /// The question, at most 8 kB.
    pub(crate) text: String,
    /// What was said before, oldest first, at most 50.
    #[serde(default)]
    pub(crate) before: Vec<ExchangeForm>,
    /// The page it is asked from.
    pub(crate) page: Option<PageForm>,
    /// How many minutes the asker's clock is ahead of UTC, -1440 to 1440. Default 0.
    #[serde(default)]
    #[schema(minimum = -1440, maximum = 1440)]
    pub(crate) utc_offset_minutes: i32,
    /// Texts that come with it: outputs of commands, logs, traces. At most 10, 1 MiB together; the question is
    /// answered from them.
    #[serde(default)]
    pub(crate) attachments: Vec<AttachmentForm>,
}

/// A question that was asked before, and its answer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeForm {
    /// The question, at most 8 kB.
    pub(crate) question: String,
    /// The answer, at most 64 kB.
    pub(crate) answer: String,
}

impl AskRequest {
    pub(crate) fn read(self, actor: &Actor, now: Timestamp) -> Result<Question, ApiError> {
        if self.before.len() > BEFORE_MAX {
            let expected = format!("at most {BEFORE_MAX}");
            let detail = format!("{} exchanges were given", self.before.len());
            return Err(ApiError::field("before", &expected, detail));
        }
        let exchange = |form: ExchangeForm| {
            let question = question_text("before.question", form.question)?;
            let answer = bounded("before.answer", form.answer, ANSWER_BYTES_MAX)?;
            Ok((question, answer))
        };
        let before = self.before.into_iter().map(exchange);
        Ok(Question {
            thread: None,
            text: question_text("text", self.text)?,
            again: None,
            before: before.collect::<Result<_, ApiError>>()?,
            page: self.page.map(|page| page.read(now)).transpose()?,
            user: actor.name().to_owned(),
            utc_offset_minutes: offset(self.utc_offset_minutes)?,
            attachments: attachments(self.attachments)?,
        })
    }
}

/// A text that comes with a question.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachmentForm {
    /// What it is called: a file's name, or the command that printed it. At most 200 bytes.
    pub(crate) name: String,
    /// The text.
    pub(crate) text: String,
}

fn attachments(forms: Vec<AttachmentForm>) -> Result<Vec<Attachment>, ApiError> {
    let read = |form: AttachmentForm| Attachment {
        name: form.name,
        text: form.text,
    };
    let attachments: Vec<Attachment> = forms.into_iter().map(read).collect();
    Attachment::check(&attachments).map_err(|error| {
        let expected = "at most 10, 1 MiB together, each with a name of its own";
        ApiError::field("attachments", expected, error.to_string())
    })?;
    Ok(attachments)
}

/// Reads the words of a question.
pub(crate) fn question_text(field: &str, text: String) -> Result<String, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ApiError::field(field, "a question", "there are no words"));
    }
    bounded(field, text.to_owned(), Message::QUESTION_BYTES_MAX)
}

fn bounded(field: &str, text: String, bytes_max: usize) -> Result<String, ApiError> {
    if text.len() <= bytes_max {
        return Ok(text);
    }
    let expected = format!("at most {bytes_max} bytes");
    let detail = format!("{} bytes were given", text.len());
    Err(ApiError::field(field, &expected, detail))
}

fn offset(minutes: i32) -> Result<i32, ApiError> {
    if (-OFFSET_MINUTES_MAX..=OFFSET_MINUTES_MAX).contains(&minutes) {
        return Ok(minutes);
    }
    let (field, expected) = ("utc_offset_minutes", "minutes from -1440 to 1440");
    let detail = format!("{minutes} is out of range");
    Err(ApiError::field(field, expected, detail))
}
