//! How people approve in Slack: the app that posts, where, and who its users are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::ports::AuditEntry;
use tocsin_domain::subscription::Secret;

use crate::trackers::{ConfigSecret, TrackerConfigError, base_url, secret};

const API_URL: &str = "https://slack.com/api";
/// The most users.
const USERS_MAX: usize = 10_000;
/// The most characters of a name.
const NAME_CHARS_MAX: usize = 100;
/// Names that nobody has.
const RESERVED: [&str; 2] = [AuditEntry::SYSTEM, AuditEntry::ANONYMOUS];

/// Approval from Slack: an app of your own that posts what waits for approval, and whose buttons count
/// as votes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlackApprovalsConfig {
    /// The signing secret of the Slack app (Basic Information, App Credentials). With it
    /// `POST /webhooks/slack` takes what people press; set that address as the Request URL of
    /// Interactivity. Default none: nobody can vote from Slack.
    pub signing_secret: ConfigSecret,
    /// A file that holds the signing secret.
    pub signing_secret_file: Option<PathBuf>,
    /// The bot token of the Slack app, `xoxb-…`; it needs the scope `chat:write`, and `channels:history`
    /// (`groups:history` for a private channel), by which a message is found again after a crash.
    /// Default none: nothing is posted.
    pub token: ConfigSecret,
    /// A file that holds the bot token.
    pub token_file: Option<PathBuf>,
    /// The id of the channel in which is posted what waits for approval, such as `C0123456789`; the app
    /// must be in it. Default none: nothing is posted.
    pub channel: Option<String>,
    /// The names of those who may vote, by their user ids: `{ U0123456789 = "ana" }`. Who is not
    /// listed may not. Default none.
    pub users: BTreeMap<String, String>,
    /// Where Slack's API is. Default `https://slack.com/api`.
    pub api_url: Option<String>,
}

/// The settings of approval from Slack, checked.
#[derive(Debug, Clone)]
pub struct SlackApprovals {
    /// Signs what people press; none: nobody can vote.
    pub signing_secret: Option<Secret>,
    /// The names of those who may vote, by their user ids.
    pub users: BTreeMap<String, String>,
    /// The token of the bot and its channel; none: nothing is posted.
    pub bot: Option<(Secret, String)>,
    /// Where Slack's API is, without a slash at the end.
    pub api_url: String,
}

impl SlackApprovalsConfig {
    /// The settings, with secrets read; none: Slack is not set up.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the key, below the section, and what was expected.
    pub fn check(&self) -> Result<Option<SlackApprovals>, TrackerConfigError> {
        let signing_secret = secret(
            "signing_secret",
            &self.signing_secret,
            self.signing_secret_file.as_deref(),
        )?;
        let token = secret("token", &self.token, self.token_file.as_deref())?;
        let channel = self.channel.as_deref().map(str::trim);
        let channel = channel.filter(|channel| !channel.is_empty());
        let bot = match (token, channel) {
            (None, None) => None,
            (Some(token), Some(channel)) => {
                if !is_id(channel, "CG") {
                    let expected = "the id of a channel, such as `C0123456789`";
                    return Err(TrackerConfigError::new("channel", expected));
                }
                Some((token, channel.to_owned()))
            }
            (Some(_), None) => {
                let expected = "the id of a channel beside the token";
                return Err(TrackerConfigError::new("channel", expected));
            }
            (None, Some(_)) => {
                let expected = "a bot token (or `token_file`) beside the channel";
                return Err(TrackerConfigError::new("token", expected));
            }
        };
        if !self.users.is_empty() && signing_secret.is_none() {
            let expected = "the signing secret (or `signing_secret_file`) beside `users`";
            return Err(TrackerConfigError::new("signing_secret", expected));
        }
        let api_url = base_url("api_url", self.api_url.as_deref().unwrap_or(API_URL))?;
        let users = self.checked_users()?;
        let is_set_up = bot.is_some() || signing_secret.is_some();
        Ok(is_set_up.then_some(SlackApprovals {
            signing_secret,
            users,
            bot,
            api_url,
        }))
    }

    fn checked_users(&self) -> Result<BTreeMap<String, String>, TrackerConfigError> {
        if self.users.len() > USERS_MAX {
            let expected = format!("at most {USERS_MAX} users");
            return Err(TrackerConfigError::new("users", &expected));
        }
        let mut users = BTreeMap::new();
        for (id, name) in &self.users {
            if !is_id(id, "UW") {
                let expected = "the id of a user, such as `U0123456789`";
                return Err(TrackerConfigError::new(&format!("users.{id}"), expected));
            }
            let name = name.trim();
            let is_plain = !name.is_empty()
                && name.chars().count() <= NAME_CHARS_MAX
                && !name.chars().any(char::is_control)
                && !RESERVED.contains(&name.to_lowercase().as_str());
            if !is_plain {
                let expected =
                    "a name of 1 to 100 characters that is neither `system` nor `anonymous`";
                return Err(TrackerConfigError::new(&format!("users.{id}"), expected));
            }
            users.insert(id.clone(), name.to_owned());
        }
        Ok(users)
    }
}

/// Whether a text is an id of Slack's that begins with one of these letters.
fn is_id(text: &str, first: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    text.starts_with(|c| first.contains(c))
        && (2..=32).contains(&text.len())
        && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(&mut SlackApprovalsConfig)) -> String {
        let mut config = whole();
        change(&mut config);
        config.check().unwrap_err().to_string()
    }

    fn whole() -> SlackApprovalsConfig {
        SlackApprovalsConfig {
            signing_secret: ConfigSecret::new("s3cr3t".into()),
            token: ConfigSecret::new("xoxb-1".into()),
            channel: Some("C0123".into()),
            users: BTreeMap::from([("U0123".into(), " ana ".into())]),
            ..SlackApprovalsConfig::default()
        }
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        assert!(SlackApprovalsConfig::default().check().unwrap().is_none());
        let settings = whole().check().unwrap().unwrap();
        assert_eq!(settings.users["U0123"], "ana");
        assert_eq!(settings.api_url, API_URL);
        let shown = format!("{settings:?} {:?}", whole());
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("xoxb"),
            "{shown}"
        );
        for (said, field) in [
            (wrong(|c| c.channel = None), "`channel`"),
            (wrong(|c| c.channel = Some("#ops".into())), "`channel`"),
            (wrong(|c| c.token = ConfigSecret::default()), "`token`"),
            (
                wrong(|c| c.signing_secret = ConfigSecret::default()),
                "`signing_secret`",
            ),
            (
                wrong(|c| c.api_url = Some("http://slack.example/api".into())),
                "`api_url`",
            ),
            (
                wrong(|c| drop(c.users.insert("ana".into(), "ana".into()))),
                "`users.ana`",
            ),
            (
                wrong(|c| drop(c.users.insert("U9".into(), "System".into()))),
                "`users.U9`",
            ),
            (
                wrong(|c| drop(c.users.insert("U9".into(), " ".into()))),
                "`users.U9`",
            ),
        ] {
            assert!(said.starts_with(field), "{said}");
        }
    }
}
