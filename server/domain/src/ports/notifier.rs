//! The notifier: what the API asks of those who tell subscriptions.

use async_trait::async_trait;

use crate::alert::Alert;
use crate::subscription::{News, Subscription, SubscriptionError};

/// A message as a subscription would get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePreview {
    /// The line that says it all.
    pub title: String,
    /// What follows it.
    pub text: String,
    /// What is sent, as JSON. Nothing secret is in it.
    pub body: String,
}

/// What a channel said of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelAnswer {
    /// Whether it took the message.
    pub is_accepted: bool,
    /// The status of HTTP, if there was an answer.
    pub status: Option<u16>,
    /// What it said, cut, or why there was no answer.
    pub detail: String,
    /// How long that took, in ms.
    pub took_ms: u64,
}

/// Renders and sends messages.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Whether a subscription can be: its ranges, and whether its templates can be read.
    ///
    /// # Errors
    /// [`SubscriptionError`] with what was expected.
    fn check(&self, subscription: &Subscription) -> Result<(), SubscriptionError>;

    /// An alert to try things on, as if it had begun at a time, in ms.
    fn sample(&self, now_ms: i64) -> Alert;

    /// The message that news of an alert would be.
    ///
    /// # Errors
    /// [`SubscriptionError`] if a template fails.
    fn preview(
        &self,
        subscription: &Subscription,
        alert: &Alert,
        news: News,
    ) -> Result<MessagePreview, SubscriptionError>;

    /// Sends a sample at once, past the outbox, and says what the channel answered.
    async fn test(&self, subscription: &Subscription) -> ChannelAnswer;

    /// Something is due that was not: it is looked at now, not with the next round.
    fn wake(&self);
}
