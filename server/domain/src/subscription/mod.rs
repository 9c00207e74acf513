//! Subscriptions: who is told of which alerts, where, when and in which words.
//!
//! A [`Subscription`] says which alerts are meant, over which [`Channel`], and when it is better to
//! wait. Everything that is to be told to one is a [`Delivery`], which is sent, held, skipped or
//! given up, and says why.

mod channel;
mod delivery;
mod filter;

use std::fmt;
use std::str::FromStr;

pub use channel::{Channel, Secret};
pub use delivery::{Delivery, DeliveryId, DeliveryState, NewDelivery, News};
pub use filter::{QuietHours, SubscriptionFilter};

/// The identity of a subscription: a UUIDv7, so they sort by when they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u128);

impl SubscriptionId {
    /// Makes an id from a time, in ms, and 10 random bytes.
    #[must_use]
    pub fn new(at_ms: i64, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at_ms).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(uuid.as_u128())
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_u128(self.0))
    }
}

impl FromStr for SubscriptionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text).map(|uuid| Self(uuid.as_u128()))
    }
}

/// At most so many messages within a time; what is more is told in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many: `[1, 1000]`.
    pub messages: u32,
    /// Within how long, in seconds: `[1, 86400]`.
    pub window_secs: u32,
}

/// The words of a message, as MiniJinja templates; none: Tocsin's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageTemplate {
    /// The line that says it all.
    pub title: Option<String>,
    /// What follows it.
    pub text: Option<String>,
}

/// A subscription that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}: expected {expected}")]
pub struct SubscriptionError {
    /// The field that is wrong.
    pub field: &'static str,
    /// What was expected.
    pub expected: &'static str,
    /// What is wrong.
    pub detail: String,
}

/// Who is told of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Who it is.
    pub id: SubscriptionId,
    /// What people call it: 1 to 200 characters.
    pub name: String,
    /// Whether anything is sent. What happens while it is off is not told later.
    pub is_enabled: bool,
    /// Grows with every change.
    pub version: u32,
    /// Which alerts.
    pub filter: SubscriptionFilter,
    /// Where to.
    pub channel: Channel,
    /// When low and medium alerts wait; none: never.
    pub quiet_hours: Option<QuietHours>,
    /// Gathers what happened in so many seconds into one message, `[60, 86400]`; none: each at once.
    pub digest_secs: Option<u32>,
    /// How many messages are too many.
    pub rate_limit: Option<RateLimit>,
    /// The words.
    pub template: MessageTemplate,
    /// When it was made, in ms. What happened before is not told.
    pub created_ms: i64,
    /// When it was changed last, in ms.
    pub updated_ms: i64,
}

impl Subscription {
    /// The most seconds of a digest or a window: a day.
    pub const SECS_MAX: u32 = 86_400;
    /// The most messages of a rate limit.
    pub const MESSAGES_MAX: u32 = 1000;
    /// The most characters of a template.
    pub const TEMPLATE_MAX: usize = 10_000;

    /// Whether everything in it is within its range. Templates and addresses are not read.
    ///
    /// # Errors
    /// [`SubscriptionError`] with what was expected.
    pub fn check(&self) -> Result<(), SubscriptionError> {
        let wrong = |field, expected, detail: &str| {
            let detail = detail.to_owned();
            Err(SubscriptionError {
                field,
                expected,
                detail,
            })
        };
        if !(1..=200).contains(&self.name.trim().chars().count()) {
            return wrong(
                "name",
                "1 to 200 characters",
                "the name is empty or too long",
            );
        }
        self.filter.check()?;
        self.channel.check()?;
        if self
            .digest_secs
            .is_some_and(|secs| !(60..=Self::SECS_MAX).contains(&secs))
        {
            return wrong("digest_secs", "60 to 86400", "the digest is out of range");
        }
        if let Some(limit) = self.rate_limit {
            if !(1..=Self::MESSAGES_MAX).contains(&limit.messages) {
                return wrong("rate_limit.messages", "1 to 1000", "it is out of range");
            }
            if !(1..=Self::SECS_MAX).contains(&limit.window_secs) {
                return wrong("rate_limit.window_secs", "1 to 86400", "it is out of range");
            }
        }
        if !self.channel.gathers() && (self.digest_secs.is_some() || self.rate_limit.is_some()) {
            let detail = "this channel keeps one entry for each alert and cannot gather them";
            let field = match self.digest_secs {
                Some(_) => "digest_secs",
                None => "rate_limit",
            };
            return wrong(field, "nothing", detail);
        }
        let quiet = self.quiet_hours;
        if quiet.is_some_and(|quiet| !quiet.is_valid()) {
            let expected = "two different minutes of the day, 0 to 1439";
            return wrong("quiet_hours", expected, "these cannot be quiet hours");
        }
        let templates = [&self.template.title, &self.template.text];
        if templates
            .into_iter()
            .flatten()
            .any(|text| text.len() > Self::TEMPLATE_MAX)
        {
            return wrong(
                "template",
                "at most 10000 bytes",
                "the template is too long",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> Subscription {
        Subscription {
            id: SubscriptionId::new(1, [0; 10]),
            name: "db".into(),
            is_enabled: true,
            version: 1,
            filter: SubscriptionFilter::default(),
            channel: Channel::Webhook {
                url: "https://example.org/".into(),
                secret: None,
            },
            quiet_hours: None,
            digest_secs: None,
            rate_limit: None,
            template: MessageTemplate::default(),
            created_ms: 0,
            updated_ms: 0,
        }
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let field = |change: fn(&mut Subscription)| {
            let mut one = subscription();
            change(&mut one);
            one.check().err().map(|error| error.field)
        };
        assert_eq!(field(|_| ()), None);
        assert_eq!(field(|one| one.name = " ".into()), Some("name"));
        assert_eq!(field(|one| one.digest_secs = Some(5)), Some("digest_secs"));
        let pagers = |one: &mut Subscription| {
            one.channel = Channel::PagerDuty {
                routing_key: Some(Secret("R".repeat(32))),
                url: None,
            };
        };
        let mut one = subscription();
        pagers(&mut one);
        assert_eq!(one.check(), Ok(()));
        one.digest_secs = Some(600);
        assert_eq!(one.check().unwrap_err().field, "digest_secs");
        let none = RateLimit {
            messages: 0,
            window_secs: 1,
        };
        let limited = Subscription {
            rate_limit: Some(none),
            ..subscription()
        };
        assert_eq!(limited.check().unwrap_err().field, "rate_limit.messages");
    }

    #[test]
    fn secrets_are_never_shown() {
        let channel = Channel::Slack {
            webhook_url: Some(Secret("https://hooks.slack.com/services/T/B/x".into())),
            token: Some(Secret("xoxb-1".into())),
            channel: None,
            api_url: None,
        };
        let text = format!("{channel:?}");
        assert!(!text.contains("xoxb") && !text.contains("hooks"), "{text}");
    }
}
