//! Silences and maintenance windows.

use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::alert::{Recurrence, Silence, SilenceId};
use tocsin_domain::metric::Matcher;
use utoipa::{IntoParams, ToSchema};

use super::alerts::AlertItem;
use super::matchers::{MatcherItem, read_items};
use super::series::at;
use super::time;
use crate::errors::ApiError;

/// The most characters of a comment.
const COMMENT_MAX: usize = 10_000;

/// Which silences.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SilenceParams {
    /// Also those that ended at this time or later, such as `now-30d`. Default: none that ended.
    pub(crate) ended_since: Option<String>,
}

/// Silences.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SilenceAnswer {
    /// The silences, newest first.
    pub(crate) items: Vec<SilenceItem>,
}

/// Holds back notifications, escalation, tickets and automation of the alerts it matches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SilenceItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// Which alerts: all of them hold.
    pub(crate) matchers: Vec<MatcherItem>,
    /// From when on.
    #[schema(format = DateTime)]
    pub(crate) starts_at: String,
    /// Until when; for one that comes again, the end of its first window.
    #[schema(format = DateTime)]
    pub(crate) ends_at: String,
    /// When the window comes again: daily, weekly, or null for never.
    pub(crate) recurrence: Option<&'static str>,
    /// Who made it.
    pub(crate) created_by: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// Why.
    pub(crate) comment: String,
    /// When someone ended it before its time.
    #[schema(format = DateTime)]
    pub(crate) expired_at: Option<String>,
    /// active, pending (it is not yet time, or not again) or expired.
    pub(crate) state: &'static str,
}

impl SilenceItem {
    /// A silence as it is at a time, in ms.
    pub(crate) fn new(silence: &Silence, now_ms: i64) -> Self {
        let is_over = silence.expired_ms.is_some_and(|expired| now_ms >= expired)
            || (silence.recurrence.is_none() && now_ms >= silence.ends_ms);
        let state = match (silence.is_active(now_ms), is_over) {
            (true, _) => "active",
            (false, true) => "expired",
            (false, false) => "pending",
        };
        Self {
            id: silence.id.to_string(),
            matchers: silence.matchers.iter().map(MatcherItem::from).collect(),
            starts_at: at(silence.starts_ms),
            ends_at: at(silence.ends_ms),
            recurrence: silence.recurrence.map(Recurrence::name),
            created_by: silence.created_by.clone(),
            created_at: at(silence.created_ms),
            comment: silence.comment.clone(),
            expired_at: silence.expired_ms.map(at),
            state,
        }
    }
}

/// A silence to be made.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SilenceRequest {
    /// Which alerts: all of them hold. At least one must not hold for an empty value.
    pub(crate) matchers: Vec<MatcherItem>,
    /// From when on. Default: now.
    #[serde(default)]
    pub(crate) starts_at: Option<String>,
    /// Until when, such as `now+2h`; for one that comes again, the end of its first window.
    pub(crate) ends_at: String,
    /// daily or weekly, at the same time (UTC). Default: never again.
    #[serde(default)]
    pub(crate) recurrence: Option<String>,
    /// Why. Default: empty.
    #[serde(default)]
    pub(crate) comment: String,
}

impl SilenceRequest {
    /// The silence that is asked for.
    pub(crate) fn read(
        &self,
        id: SilenceId,
        created_by: &str,
        now: Timestamp,
    ) -> Result<Silence, ApiError> {
        let starts = match self.starts_at.as_deref() {
            None | Some("") => now,
            Some(text) => time::parse("starts_at", text, now)?,
        };
        let ends = time::parse("ends_at", &self.ends_at, now)?;
        let recurrence = match self.recurrence.as_deref() {
            None | Some("") => None,
            Some("daily") => Some(Recurrence::Daily),
            Some("weekly") => Some(Recurrence::Weekly),
            Some(other) => {
                let detail = format!("`{other}` is not a recurrence");
                return Err(ApiError::field("recurrence", "daily or weekly", detail));
            }
        };
        if ends <= starts || (recurrence.is_none() && ends <= now) {
            let expected = "a time after `starts_at` and in the future";
            let detail = "the silence would be over before it begins";
            return Err(ApiError::field("ends_at", expected, detail));
        }
        let lasts_ms = ends.millis() - starts.millis();
        if recurrence.is_some_and(|recurrence| lasts_ms > recurrence.period_ms()) {
            let detail = "the window would last longer than until it comes again";
            return Err(ApiError::field(
                "ends_at",
                "at most a day (or week) later",
                detail,
            ));
        }
        if self.comment.chars().count() > COMMENT_MAX {
            let expected = format!("at most {COMMENT_MAX} characters");
            return Err(ApiError::field(
                "comment",
                &expected,
                "the comment is too long",
            ));
        }
        Ok(Silence {
            id,
            matchers: selective(&self.matchers)?,
            starts_ms: starts.millis(),
            ends_ms: ends.millis(),
            recurrence,
            created_by: created_by.to_owned(),
            created_ms: now.millis(),
            comment: self.comment.clone(),
            expired_ms: None,
        })
    }
}

/// Matchers that do not match everything, as Alertmanager wants them.
pub(crate) fn selective(items: &[MatcherItem]) -> Result<Vec<Matcher>, ApiError> {
    let matchers = read_items("matchers", items)?;
    if matchers.iter().all(|matcher| matcher.is_match("")) {
        let expected = "at least one matcher that does not hold for an empty value";
        let detail = "this would silence every alert";
        return Err(ApiError::field("matchers", expected, detail));
    }
    Ok(matchers)
}

/// Matchers to be tried.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct PreviewRequest {
    /// Which alerts: all of them hold. Other members of a silence may stand beside.
    pub(crate) matchers: Vec<MatcherItem>,
}

/// Which open alerts a silence would hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewAnswer {
    /// How many.
    pub(crate) alerts: usize,
    /// True if there are more than were counted.
    pub(crate) is_cut: bool,
    /// The newest few of them.
    pub(crate) examples: Vec<AlertItem>,
}
