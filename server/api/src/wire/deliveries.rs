//! Deliveries: what was, is to be, and could not be told; previews and tests of messages.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::ports::{ChannelAnswer, MessagePreview};
use tocsin_domain::subscription::Delivery;
use utoipa::{IntoParams, ToSchema};

use super::series::at;
use super::subscriptions::SubscriptionForm;

/// Which deliveries.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryParams {
    /// pending, sent, skipped or dead, or several with commas between. Default: all.
    pub(crate) state: Option<String>,
    /// To this subscription.
    pub(crate) subscription: Option<String>,
    /// Of this alert.
    pub(crate) alert: Option<String>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// At most so many, 1 to 1000. Default 100.
    pub(crate) limit: Option<usize>,
}

/// One page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryAnswer {
    /// The deliveries, newest first.
    pub(crate) items: Vec<DeliveryItem>,
    /// Where the next page begins; null on the last.
    pub(crate) next_cursor: Option<String>,
}

/// A piece of news for a subscription, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryItem {
    /// Its number.
    pub(crate) id: u64,
    /// Who is told.
    pub(crate) subscription: String,
    /// Of which alert.
    pub(crate) alert: String,
    /// The number of the event.
    pub(crate) event_seq: u64,
    /// fired, returned, escalated, flapping, noted, cleared or resolved.
    pub(crate) news: &'static str,
    /// When it happened.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// pending, sent, skipped or dead.
    pub(crate) state: &'static str,
    /// How often it was sent.
    pub(crate) attempts: u32,
    /// When it is due, or due again; null once it is settled.
    #[schema(format = DateTime)]
    pub(crate) due_at: Option<String>,
    /// The number of the delivery that leads the message it is part of.
    pub(crate) message: Option<u64>,
    /// By what a receiver can tell that it has it already.
    pub(crate) idempotency_key: String,
    /// What the channel said, or why it waits, was skipped or was given up.
    pub(crate) note: Option<String>,
    /// When it was sent, skipped or given up.
    #[schema(format = DateTime)]
    pub(crate) settled_at: Option<String>,
}

impl From<&Delivery> for DeliveryItem {
    fn from(one: &Delivery) -> Self {
        let due_at = one.settled_ms.is_none().then(|| at(one.due_ms));
        Self {
            id: one.id.0,
            subscription: one.subscription.to_string(),
            alert: one.alert.to_string(),
            event_seq: one.event_seq,
            news: one.news.name(),
            at: at(one.at_ms),
            state: one.state.name(),
            attempts: one.attempts,
            due_at,
            message: one.message.map(|id| id.0),
            idempotency_key: one.idempotency_key(),
            note: one.note.clone(),
            settled_at: one.settled_ms.map(at),
        }
    }
}

/// A message to be looked at before anyone gets it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessagePreviewRequest {
    /// The subscription; it need not be kept.
    pub(crate) subscription: SubscriptionForm,
    /// The alert that it is about. Default: a made-up one.
    #[serde(default)]
    pub(crate) alert: Option<String>,
    /// fired, returned, escalated, flapping, noted, cleared or resolved. Default: fired.
    #[serde(default)]
    pub(crate) news: Option<String>,
}

/// A message as its subscription would get it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePreviewAnswer {
    /// The line that says it all.
    pub(crate) title: String,
    /// What follows it.
    pub(crate) text: String,
    /// What is sent, without anything secret.
    #[schema(value_type = Object)]
    pub(crate) body: Value,
}

impl From<MessagePreview> for MessagePreviewAnswer {
    fn from(preview: MessagePreview) -> Self {
        Self {
            title: preview.title,
            text: preview.text,
            body: serde_json::from_str(&preview.body).unwrap_or_default(),
        }
    }
}

/// What a channel said of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelTestAnswer {
    /// Whether it took the message.
    pub(crate) is_accepted: bool,
    /// The status of HTTP or SMTP; null if there was no answer.
    pub(crate) status: Option<u16>,
    /// What it said, or why there was no answer.
    pub(crate) detail: String,
    /// How long that took, in ms.
    pub(crate) took_ms: u64,
}

impl From<ChannelAnswer> for ChannelTestAnswer {
    fn from(answer: ChannelAnswer) -> Self {
        Self {
            is_accepted: answer.is_accepted,
            status: answer.status,
            detail: answer.detail,
            took_ms: answer.took_ms,
        }
    }
}
