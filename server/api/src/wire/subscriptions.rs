//! Subscriptions: who is told of which alerts. Secrets come in and never go out.

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{AlertKind, AlertSeverity};
use tocsin_domain::subscription::{
    Channel, MessageTemplate, QuietHours, RateLimit, Secret, Subscription, SubscriptionError,
    SubscriptionFilter, SubscriptionId,
};
use utoipa::ToSchema;

use super::alert_filter::named;
use super::matchers::{MatcherItem, read_items};
use super::series::at;
use crate::errors::ApiError;

/// Subscriptions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionAnswer {
    /// The subscriptions, the oldest first.
    pub(crate) items: Vec<SubscriptionForm>,
}

/// Who is told of which alerts, where, when and in which words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionForm {
    /// A UUIDv7, given by the server.
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// 1 to 200 characters.
    pub(crate) name: String,
    /// Whether anything is sent. What happens while it is off is not told later. Default true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// Grows with every change. If it is given with a change and someone else was first, nothing
    /// happens.
    #[serde(default)]
    pub(crate) version: Option<u32>,
    /// Which alerts. Default: all.
    #[serde(default)]
    pub(crate) filter: FilterForm,
    /// Where to.
    pub(crate) channel: ChannelForm,
    /// When low and medium alerts wait. Default: never.
    #[serde(default)]
    pub(crate) quiet_hours: Option<QuietHoursForm>,
    /// Gathers what happened in so many seconds, 60 to 86400, into one message. Default: each at
    /// once.
    #[serde(default)]
    pub(crate) digest_secs: Option<u32>,
    /// How many messages are too many. Default: none is.
    #[serde(default)]
    pub(crate) rate_limit: Option<RateLimitForm>,
    /// The words.
    #[serde(default)]
    pub(crate) template: TemplateForm,
    /// When it was made; given by the server.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub(crate) created_at: Option<String>,
    /// When it was changed last; given by the server.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub(crate) updated_at: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Which alerts. Everything that is given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FilterForm {
    /// Whose labels satisfy all of these.
    pub(crate) matchers: Vec<MatcherItem>,
    /// realtime, anomaly or predictive. Default: all.
    pub(crate) kinds: Vec<String>,
    /// low, medium, high or critical. Default: all.
    pub(crate) severities: Vec<String>,
    /// That are at least so sure, 0 to 1.
    pub(crate) min_probability: Option<f64>,
    /// Predictions whose crossing is at least so many hours away; other kinds are not held to it.
    pub(crate) min_lead_hours: Option<f64>,
}

/// Where to. Secrets can be given and are never shown: one that is left out stays as it is, an
/// empty one is taken away.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChannelForm {
    /// webhook, slack, email or pagerduty.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// webhook: where it goes. pagerduty: where the Events API is, if not at PagerDuty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// webhook: what it is signed with.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub(crate) secret: Option<String>,
    /// slack: the address of an incoming webhook.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub(crate) webhook_url: Option<String>,
    /// slack: a bot token, whose messages are updated in place.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub(crate) token: Option<String>,
    /// slack: the channel that the bot posts to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<String>,
    /// slack: where Slack's API is, if not at Slack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_url: Option<String>,
    /// email: who gets it, 1 to 50 addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) to: Vec<String>,
    /// email: whom it is from, if not whom the configuration says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// pagerduty: the key of an integration.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub(crate) routing_key: Option<String>,
    /// Which secrets are set; given by the server.
    pub(crate) secrets_set: Vec<String>,
}

/// A part of every day in which low and medium alerts wait. It may go over midnight.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuietHoursForm {
    /// From when on, such as `22:00`.
    pub(crate) from: String,
    /// Until when, such as `07:00`.
    pub(crate) to: String,
    /// How many minutes the clock on the wall is before UTC, -840 to 840. Default 0.
    #[serde(default)]
    pub(crate) utc_offset_minutes: i16,
}

/// At most so many messages within a time; what is more is told in one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimitForm {
    /// How many, 1 to 1000.
    pub(crate) messages: u32,
    /// Within how long, in seconds, 1 to 86400.
    pub(crate) window_secs: u32,
}

/// The words of a message, in MiniJinja; null: Tocsin's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TemplateForm {
    /// The line that says it all, such as `[{{ alert.severity }}] {{ alert.title }}`.
    pub(crate) title: Option<String>,
    /// What follows it.
    pub(crate) text: Option<String>,
}

impl From<&Subscription> for SubscriptionForm {
    fn from(one: &Subscription) -> Self {
        let filter = &one.filter;
        Self {
            id: Some(one.id.to_string()),
            name: one.name.clone(),
            enabled: one.is_enabled,
            version: Some(one.version),
            filter: FilterForm {
                matchers: filter.matchers.iter().map(MatcherItem::from).collect(),
                kinds: filter.kinds.iter().map(|k| k.name().into()).collect(),
                severities: filter.severities.iter().map(|s| s.name().into()).collect(),
                min_probability: filter.min_probability,
                min_lead_hours: filter.min_lead_hours,
            },
            channel: ChannelForm::from(&one.channel),
            quiet_hours: one.quiet_hours.map(|quiet| QuietHoursForm {
                from: clock(quiet.from_minute),
                to: clock(quiet.to_minute),
                utc_offset_minutes: quiet.utc_offset_minutes,
            }),
            digest_secs: one.digest_secs,
            rate_limit: one.rate_limit.map(|limit| RateLimitForm {
                messages: limit.messages,
                window_secs: limit.window_secs,
            }),
            template: TemplateForm {
                title: one.template.title.clone(),
                text: one.template.text.clone(),
            },
            created_at: Some(at(one.created_ms)),
            updated_at: Some(at(one.updated_ms)),
        }
    }
}

impl From<&Channel> for ChannelForm {
    fn from(channel: &Channel) -> Self {
        let form = Self {
            kind: channel.name().into(),
            ..Self::default()
        };
        let set = |secrets: &[(&str, &Option<Secret>)]| {
            let set = secrets.iter().filter(|(_, secret)| secret.is_some());
            set.map(|(name, _)| (*name).to_owned()).collect()
        };
        match channel {
            Channel::Webhook { url, secret } => Self {
                url: Some(url.clone()),
                secrets_set: set(&[("secret", secret)]),
                ..form
            },
            Channel::Slack {
                webhook_url,
                token,
                channel,
                api_url,
            } => Self {
                channel: channel.clone(),
                api_url: api_url.clone(),
                secrets_set: set(&[("webhook_url", webhook_url), ("token", token)]),
                ..form
            },
            Channel::Email { to, from } => Self {
                to: to.clone(),
                from: from.clone(),
                ..form
            },
            Channel::PagerDuty { routing_key, url } => Self {
                url: url.clone(),
                secrets_set: set(&[("routing_key", routing_key)]),
                ..form
            },
        }
    }
}

impl SubscriptionForm {
    /// The subscription that is asked for, in place of another one or new. Its ranges are not
    /// checked.
    pub(crate) fn read(
        self,
        id: SubscriptionId,
        before: Option<&Subscription>,
        now_ms: i64,
    ) -> Result<Subscription, ApiError> {
        let kinds = self.filter.kinds.iter().map(|name| {
            let expected = "realtime, anomaly or predictive";
            named("filter.kinds", name, expected, AlertKind::from_name)
        });
        let severities = self.filter.severities.iter().map(|name| {
            let expected = "low, medium, high or critical";
            named(
                "filter.severities",
                name,
                expected,
                AlertSeverity::from_name,
            )
        });
        let quiet_hours = self.quiet_hours.map(|quiet| {
            Ok::<_, ApiError>(QuietHours {
                from_minute: minute("quiet_hours.from", &quiet.from)?,
                to_minute: minute("quiet_hours.to", &quiet.to)?,
                utc_offset_minutes: quiet.utc_offset_minutes,
            })
        });
        Ok(Subscription {
            id,
            is_enabled: self.enabled,
            version: before.map_or(1, |before| before.version.saturating_add(1)),
            filter: SubscriptionFilter {
                matchers: read_items("filter.matchers", &self.filter.matchers)?,
                kinds: kinds.collect::<Result<_, _>>()?,
                severities: severities.collect::<Result<_, _>>()?,
                min_probability: self.filter.min_probability,
                min_lead_hours: self.filter.min_lead_hours,
            },
            channel: self.channel.read(before.map(|before| &before.channel))?,
            quiet_hours: quiet_hours.transpose()?,
            digest_secs: self.digest_secs,
            rate_limit: self.rate_limit.map(|limit| RateLimit {
                messages: limit.messages,
                window_secs: limit.window_secs,
            }),
            template: MessageTemplate {
                title: given(self.template.title),
                text: given(self.template.text),
            },
            created_ms: before.map_or(now_ms, |before| before.created_ms),
            updated_ms: now_ms,
            name: self.name,
        })
    }
}

impl ChannelForm {
    /// The channel that is asked for. A secret that is not given stays, but never goes to another
    /// place than the one it was given for.
    fn read(self, before: Option<&Channel>) -> Result<Channel, ApiError> {
        let url = given(self.url);
        match self.kind.as_str() {
            "webhook" => {
                // The signature gives nothing away, wherever it goes.
                let kept = match before {
                    Some(Channel::Webhook { secret, .. }) => secret.clone(),
                    _ => None,
                };
                Ok(Channel::Webhook {
                    url: url.unwrap_or_default(),
                    secret: secret(self.secret, kept),
                })
            }
            "slack" => {
                let api_url = given(self.api_url);
                let (kept_hook, kept_token) = match before {
                    Some(Channel::Slack {
                        webhook_url,
                        token,
                        api_url: known,
                        ..
                    }) => {
                        let token = token.clone().filter(|_| *known == api_url);
                        (webhook_url.clone(), token)
                    }
                    _ => (None, None),
                };
                Ok(Channel::Slack {
                    webhook_url: secret(self.webhook_url, kept_hook),
                    token: secret(self.token, kept_token),
                    channel: given(self.channel),
                    api_url,
                })
            }
            "email" => Ok(Channel::Email {
                to: self
                    .to
                    .into_iter()
                    .filter_map(|to| given(Some(to)))
                    .collect(),
                from: given(self.from),
            }),
            "pagerduty" => {
                let kept = match before {
                    Some(Channel::PagerDuty {
                        routing_key,
                        url: known,
                    }) if *known == url => routing_key.clone(),
                    _ => None,
                };
                Ok(Channel::PagerDuty {
                    routing_key: secret(self.routing_key, kept),
                    url,
                })
            }
            other => {
                let shown: String = other.chars().take(40).collect();
                let detail = format!("`{shown}` is not a channel");
                let expected = "webhook, slack, email or pagerduty";
                Err(ApiError::field("channel.type", expected, detail))
            }
        }
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn secret(new: Option<String>, kept: Option<Secret>) -> Option<Secret> {
    match new {
        None => kept,
        Some(text) => given(Some(text)).map(Secret),
    }
}

/// `07:05` of a minute of the day.
fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The minute of the day of `07:05`.
fn minute(field: &str, text: &str) -> Result<u16, ApiError> {
    let parts = text.trim().split_once(':');
    let parts = parts.and_then(|(hour, minute)| {
        let is_short = hour.len() <= 2 && minute.len() == 2;
        let numbers = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (is_short && numbers.0 < 24 && numbers.1 < 60).then_some(numbers)
    });
    let Some((hour, minute)) = parts else {
        let shown: String = text.chars().take(40).collect();
        let detail = format!("`{shown}` is not a time of day");
        return Err(ApiError::field(field, "a time such as `22:00`", detail));
    };
    Ok(hour * 60 + minute)
}

impl From<SubscriptionError> for ApiError {
    fn from(error: SubscriptionError) -> Self {
        ApiError::field(error.field, error.expected, error.detail)
    }
}
