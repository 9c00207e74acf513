//! The JSON that subscriptions are kept as. Fields are named and what is not known is left alone,
//! so that a later version can add some. Secrets are in it: the file is for the server's own eyes.

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{AlertKind, AlertSeverity};
use tocsin_domain::ports::StoreError;
use tocsin_domain::subscription::{
    Channel, MessageTemplate, QuietHours, RateLimit, Secret, Subscription, SubscriptionFilter,
    SubscriptionId,
};

use super::alerts::{matchers, matchers_text};

/// A subscription as it is kept, beside its id.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SubscriptionRow {
    name: String,
    is_enabled: bool,
    version: u32,
    matchers: String,
    kinds: Vec<String>,
    severities: Vec<String>,
    #[serde(default)]
    min_probability: Option<f64>,
    #[serde(default)]
    min_lead_hours: Option<f64>,
    channel: ChannelRow,
    #[serde(default)]
    quiet_hours: Option<(u16, u16, i16)>,
    #[serde(default)]
    digest_secs: Option<u32>,
    #[serde(default)]
    rate_limit: Option<(u32, u32)>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    text: Option<String>,
    created_ms: i64,
    updated_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ChannelRow {
    Webhook {
        url: String,
        #[serde(default)]
        secret: Option<String>,
    },
    Slack {
        #[serde(default)]
        webhook_url: Option<String>,
        #[serde(default)]
        token: Option<String>,
        #[serde(default)]
        channel: Option<String>,
        #[serde(default)]
        api_url: Option<String>,
    },
    Email {
        to: Vec<String>,
        #[serde(default)]
        from: Option<String>,
    },
    #[serde(rename = "pagerduty")]
    PagerDuty {
        #[serde(default)]
        routing_key: Option<String>,
        #[serde(default)]
        url: Option<String>,
    },
}

fn open(secret: Option<Secret>) -> Option<String> {
    secret.map(|secret| secret.0)
}

impl From<Channel> for ChannelRow {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Webhook { url, secret } => Self::Webhook {
                url,
                secret: open(secret),
            },
            Channel::Slack {
                webhook_url,
                token,
                channel,
                api_url,
            } => Self::Slack {
                webhook_url: open(webhook_url),
                token: open(token),
                channel,
                api_url,
            },
            Channel::Email { to, from } => Self::Email { to, from },
            Channel::PagerDuty { routing_key, url } => Self::PagerDuty {
                routing_key: open(routing_key),
                url,
            },
        }
    }
}

impl From<ChannelRow> for Channel {
    fn from(row: ChannelRow) -> Self {
        match row {
            ChannelRow::Webhook { url, secret } => Self::Webhook {
                url,
                secret: secret.map(Secret),
            },
            ChannelRow::Slack {
                webhook_url,
                token,
                channel,
                api_url,
            } => Self::Slack {
                webhook_url: webhook_url.map(Secret),
                token: token.map(Secret),
                channel,
                api_url,
            },
            ChannelRow::Email { to, from } => Self::Email { to, from },
            ChannelRow::PagerDuty { routing_key, url } => Self::PagerDuty {
                routing_key: routing_key.map(Secret),
                url,
            },
        }
    }
}

impl SubscriptionRow {
    pub(super) fn of(one: Subscription) -> Result<Self, StoreError> {
        let names = |severity: &AlertSeverity| severity.name().to_owned();
        let quiet = |q: QuietHours| (q.from_minute, q.to_minute, q.utc_offset_minutes);
        Ok(Self {
            name: one.name,
            is_enabled: one.is_enabled,
            version: one.version,
            matchers: matchers_text(&one.filter.matchers)?,
            kinds: one.filter.kinds.iter().map(|k| k.name().into()).collect(),
            severities: one.filter.severities.iter().map(names).collect(),
            min_probability: one.filter.min_probability,
            min_lead_hours: one.filter.min_lead_hours,
            channel: one.channel.into(),
            quiet_hours: one.quiet_hours.map(quiet),
            digest_secs: one.digest_secs,
            rate_limit: one
                .rate_limit
                .map(|limit| (limit.messages, limit.window_secs)),
            title: one.template.title,
            text: one.template.text,
            created_ms: one.created_ms,
            updated_ms: one.updated_ms,
        })
    }

    pub(super) fn read(self, id: SubscriptionId) -> Result<Subscription, StoreError> {
        let unknown = |name: &str| StoreError::Corrupt(format!("subscription {id}: `{name}`"));
        let kinds = self.kinds.iter();
        let kinds = kinds.map(|name| AlertKind::from_name(name).ok_or_else(|| unknown(name)));
        let severities = self.severities.iter();
        let severities =
            severities.map(|name| AlertSeverity::from_name(name).ok_or_else(|| unknown(name)));
        let quiet = |(from_minute, to_minute, utc_offset_minutes)| QuietHours {
            from_minute,
            to_minute,
            utc_offset_minutes,
        };
        let limit = |(messages, window_secs)| RateLimit {
            messages,
            window_secs,
        };
        Ok(Subscription {
            id,
            name: self.name,
            is_enabled: self.is_enabled,
            version: self.version,
            filter: SubscriptionFilter {
                matchers: matchers(&self.matchers)?,
                kinds: kinds.collect::<Result<_, _>>()?,
                severities: severities.collect::<Result<_, _>>()?,
                min_probability: self.min_probability,
                min_lead_hours: self.min_lead_hours,
            },
            channel: self.channel.into(),
            quiet_hours: self.quiet_hours.map(quiet),
            digest_secs: self.digest_secs,
            rate_limit: self.rate_limit.map(limit),
            template: MessageTemplate {
                title: self.title,
                text: self.text,
            },
            created_ms: self.created_ms,
            updated_ms: self.updated_ms,
        })
    }
}
