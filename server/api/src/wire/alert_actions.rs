//! What people do with alerts, one or many at a time.

use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::alert::{AlertAction, AlertSeverity};
use utoipa::ToSchema;

use super::alert_filter::{SEVERITIES, named};
use super::alerts::AlertItem;
use super::time;
use crate::errors::ApiError;

/// The most characters of a person's name.
const ASSIGNEE_MAX: usize = 200;

/// To whom an alert is given.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AssignRequest {
    /// A person; null for nobody.
    pub(crate) assignee: Option<String>,
}

/// Until when an alert is put off.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SnoozeRequest {
    /// RFC 3339, an epoch or `now+2h`; null for no longer.
    pub(crate) until: Option<String>,
}

/// How bad an alert is after all.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EscalateRequest {
    /// critical, high, medium or low.
    pub(crate) severity: String,
}

/// What someone has to say.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommentRequest {
    /// 1 to 10,000 characters.
    pub(crate) text: String,
}

/// One action on many alerts.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkRequest {
    /// The alerts, 1 to 1000.
    pub(crate) ids: Vec<String>,
    /// acknowledge, start, assign, snooze, escalate, resolve or comment.
    pub(crate) action: String,
    /// Of assign: a person; null for nobody.
    #[serde(default)]
    pub(crate) assignee: Option<String>,
    /// Of snooze: until when; null for no longer.
    #[serde(default)]
    pub(crate) until: Option<String>,
    /// Of escalate: critical, high, medium or low.
    #[serde(default)]
    pub(crate) severity: Option<String>,
    /// Of comment: 1 to 10,000 characters.
    #[serde(default)]
    pub(crate) text: Option<String>,
}

/// What came of an action on many alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkAnswer {
    /// One for each id, in the order asked.
    pub(crate) items: Vec<BulkItem>,
    /// For how many it is done.
    pub(crate) done: usize,
}

/// What came of an action on one alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkItem {
    /// The id as it was given.
    pub(crate) id: String,
    /// done, unknown, refused or invalid.
    pub(crate) result: &'static str,
    /// Why not.
    pub(crate) detail: Option<String>,
    /// The alert as it is now.
    pub(crate) alert: Option<AlertItem>,
}

/// "This is yours", or nobody's.
pub(crate) fn assign(assignee: Option<&str>) -> Result<AlertAction, ApiError> {
    let assignee = assignee.map(str::trim).filter(|name| !name.is_empty());
    if assignee.is_some_and(|name| name.chars().count() > ASSIGNEE_MAX) {
        let expected = format!("at most {ASSIGNEE_MAX} characters");
        return Err(ApiError::field(
            "assignee",
            &expected,
            "the name is too long",
        ));
    }
    Ok(AlertAction::Assign(assignee.map(str::to_owned)))
}

/// "Not before then", or no longer.
pub(crate) fn snooze(until: Option<&str>, now: Timestamp) -> Result<AlertAction, ApiError> {
    let Some(text) = until.filter(|text| !text.is_empty()) else {
        return Ok(AlertAction::Snooze(None));
    };
    let until = time::parse("until", text, now)?;
    if until <= now {
        let detail = format!("`{text}` is not in the future");
        return Err(ApiError::field("until", "a time in the future", detail));
    }
    Ok(AlertAction::Snooze(Some(until.millis())))
}

/// "It is worse, or not as bad, as it says."
pub(crate) fn escalate(severity: &str) -> Result<AlertAction, ApiError> {
    named("severity", severity, SEVERITIES, AlertSeverity::from_name).map(AlertAction::Escalate)
}

/// "By the way …"
pub(crate) fn comment(text: &str) -> Result<AlertAction, ApiError> {
    comment_text(text).map(|text| AlertAction::Comment(text.to_owned()))
}

/// What someone has to say, without the space around it.
pub(crate) fn comment_text(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    if !(1..=AlertAction::COMMENT_MAX).contains(&text.chars().count()) {
        let expected = format!("1 to {} characters", AlertAction::COMMENT_MAX);
        return Err(ApiError::field(
            "text",
            &expected,
            "the comment is empty or too long",
        ));
    }
    Ok(text)
}

impl BulkRequest {
    /// The action that is asked for.
    pub(crate) fn read(&self, now: Timestamp) -> Result<AlertAction, ApiError> {
        match self.action.as_str() {
            "acknowledge" => Ok(AlertAction::Acknowledge),
            "start" => Ok(AlertAction::Start),
            "resolve" => Ok(AlertAction::Resolve),
            "assign" => assign(self.assignee.as_deref()),
            "snooze" => snooze(self.until.as_deref(), now),
            "escalate" => escalate(self.severity.as_deref().unwrap_or_default()),
            "comment" => comment(self.text.as_deref().unwrap_or_default()),
            other => {
                let expected = "acknowledge, start, assign, snooze, escalate, resolve or comment";
                let detail = format!("`{other}` is not an action");
                Err(ApiError::field("action", expected, detail))
            }
        }
    }
}
