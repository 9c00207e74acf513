//! Where a subscription tells: a webhook, a chat, a mailbox, a pager.

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
    /// E-mail, through the mail server of the configuration. Everything about an alert is one
    /// conversation.
    Email {
        /// Who gets it, each an address: `[1, 50]`.
        to: Vec<String>,
        /// Whom it is from, `A name <someone@example.org>` or the address alone; none: what the
        /// configuration says.
        from: Option<String>,
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
    /// The most addresses that one subscription writes to.
    pub const TO_MAX: usize = 50;

    /// The name in API and page.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::Email { .. } => "email",
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
            Self::Email { to, from } => check_mail(to, from.as_deref()),
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

/// Whether mail can be addressed like this.
fn check_mail(to: &[String], from: Option<&str>) -> Result<(), SubscriptionError> {
    let wrong = |field, expected, detail: String| {
        Err(SubscriptionError {
            field,
            expected,
            detail,
        })
    };
    if !(1..=Channel::TO_MAX).contains(&to.len()) {
        let detail = format!("there are {} addresses", to.len());
        return wrong("channel.to", "1 to 50 addresses", detail);
    }
    if let Some(odd) = to.iter().find(|to| !is_mail_address(to)) {
        let shown: String = odd.chars().take(100).collect();
        let detail = format!("`{shown}` is not an address");
        return wrong("channel.to", "addresses such as `db@example.org`", detail);
    }
    let bare = |from: &str| match from.strip_suffix('>').and_then(|f| f.rsplit_once('<')) {
        Some((_, address)) => is_mail_address(address),
        None => is_mail_address(from),
    };
    match from {
        Some(from) if from.len() > 300 || from.contains(char::is_control) || !bare(from) => {
            let expected = "an address such as `Tocsin <tocsin@example.org>`";
            wrong("channel.from", expected, "this is no address".into())
        }
        _ => Ok(()),
    }
}

/// Whether a text can be an address of mail; what the mail server thinks of it is another question.
fn is_mail_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let is_plain = |b: u8| b.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&b);
    parts.is_some_and(|(user, domain)| {
        !user.is_empty() && !domain.is_empty() && text.len() <= 254 && text.bytes().all(is_plain)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_addresses() {
        let field = |to: &[&str], from: Option<&str>| {
            let to = to.iter().map(|to| (*to).to_owned()).collect();
            let from = from.map(str::to_owned);
            let channel = Channel::Email { to, from };
            channel.check().err().map(|error| error.field)
        };
        assert_eq!(field(&["db@example.org", "a.b+c@x"], None), None);
        assert_eq!(field(&["db@x"], Some("Tocsin, for db <t@x>")), None);
        assert_eq!(field(&["db@x"], Some("t@x")), None);
        for odd in [
            "",
            "db",
            "@x",
            "db@",
            "a b@x",
            "db@x\r\nBcc: y@z",
            "a@x,b@x",
            "<a@x>",
        ] {
            assert_eq!(field(&[odd], None), Some("channel.to"), "{odd}");
        }
        assert_eq!(field(&[], None), Some("channel.to"));
        assert_eq!(field(&["a@x"; 51], None), Some("channel.to"));
        for odd in ["Tocsin", "Tocsin <t>", "a\r\nBcc: y <t@x>"] {
            assert_eq!(field(&["a@x"], Some(odd)), Some("channel.from"), "{odd}");
        }
    }
}
