//! Where a subscription tells: a webhook, a chat, a pager.

use std::fmt;

use super::SubscriptionError;

/// Something that must not be shown again once it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A request with the body of Alertmanager's webhook, version 4.
    Webhook {
        /// Where it goes: `http://` or `https://`.
        url: String,
        /// What it is signed with; none: it is not signed.
        secret: Option<Secret>,
    },
    /// Slack. With a token a message is posted once and updated in place; with the address of an
    /// incoming webhook each piece of news is a message of its own.
    Slack {
        /// The address of an incoming webhook.
        webhook_url: Option<Secret>,
        /// A bot token, `xoxb-…`.
        token: Option<Secret>,
        /// The channel that a bot posts to.
        channel: Option<String>,
        /// Where Slack's API is; none: `https://slack.com/api`.
        api_url: Option<String>,
    },
    /// PagerDuty, Events API v2.
    PagerDuty {
        /// The key of an integration, 32 characters.
        routing_key: Option<Secret>,
        /// Where the API is; none: `https://events.pagerduty.com/v2/enqueue`.
        url: Option<String>,
    },
}

impl Channel {
    /// The name in API and page.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::PagerDuty { .. } => "pagerduty",
        }
    }

    /// Whether one message may speak of several alerts.
    #[must_use]
    pub const fn gathers(&self) -> bool {
        !matches!(self, Self::PagerDuty { .. })
    }

    /// Whether everything that is needed is there.
    ///
    /// # Errors
    /// [`SubscriptionError`] with what was expected.
    pub fn check(&self) -> Result<(), SubscriptionError> {
        let address = |field, url: &str| match is_address(url) {
            true => Ok(()),
            false => Err(SubscriptionError {
                field,
                expected: "an address that begins with https:// or http://, without a space",
                detail: "this is no address".into(),
            }),
        };
        let missing = |field, expected| {
            let detail = "something is missing".to_owned();
            Err(SubscriptionError {
                field,
                expected,
                detail,
            })
        };
        match self {
            Self::Webhook { url, .. } => address("channel.url", url),
            Self::Slack {
                webhook_url,
                token,
                channel,
                api_url,
            } => {
                if let Some(url) = api_url {
                    address("channel.api_url", url)?;
                }
                match (webhook_url, token, channel) {
                    (Some(url), None, _) => address("channel.webhook_url", &url.0),
                    (None, Some(_), Some(name)) if !name.trim().is_empty() => Ok(()),
                    (None, Some(_), _) => missing("channel.channel", "the channel of the bot"),
                    _ => missing(
                        "channel.token",
                        "either a `webhook_url`, or a `token` and a `channel`",
                    ),
                }
            }
            Self::PagerDuty { routing_key, url } => {
                if let Some(url) = url {
                    address("channel.url", url)?;
                }
                match routing_key {
                    Some(key) if !key.0.trim().is_empty() => Ok(()),
                    _ => missing("channel.routing_key", "the key of an integration"),
                }
            }
        }
    }
}

/// Whether a text can be an address of HTTP: a scheme, a host, nothing that ends a header.
fn is_address(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && url.len() <= 2000 && url.bytes().all(|b| b.is_ascii_graphic())
    })
}
