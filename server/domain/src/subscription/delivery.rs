//! What is to be told to a subscription: one delivery for each piece of news.

use super::SubscriptionId;
use crate::alert::{AlertEvent, AlertEventKind, AlertId};
use crate::ports::AuditEntry;

/// What there is to tell of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum News {
    /// It began.
    Fired,
    /// It came back after it had ended.
    Returned,
    /// It was made more, or less, severe.
    Escalated,
    /// It comes and goes.
    Flapping,
    /// The server says what is, or is to be, done about it.
    Noted,
    /// It ended.
    Cleared,
    /// Someone said that it is done.
    Resolved,
}

impl News {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Fired,
        Self::Returned,
        Self::Escalated,
        Self::Flapping,
        Self::Noted,
        Self::Cleared,
        Self::Resolved,
    ];

    /// What an event is worth telling as; none: it is not.
    #[must_use]
    pub fn of(event: &AlertEvent) -> Option<Self> {
        Some(match event.kind {
            AlertEventKind::Fired => Self::Fired,
            AlertEventKind::Returned => Self::Returned,
            AlertEventKind::Escalated { .. } => Self::Escalated,
            AlertEventKind::Flapping => Self::Flapping,
            // What people write to each other is not told.
            AlertEventKind::Commented(_) if event.actor == AuditEntry::SYSTEM => Self::Noted,
            AlertEventKind::Cleared => Self::Cleared,
            AlertEventKind::Resolved => Self::Resolved,
            _ => return None,
        })
    }

    /// Whether it says that the alert is over.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Cleared | Self::Resolved)
    }

    /// The name in API and page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Returned => "returned",
            Self::Escalated => "escalated",
            Self::Flapping => "flapping",
            Self::Noted => "noted",
            Self::Cleared => "cleared",
            Self::Resolved => "resolved",
        }
    }

    /// The one with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be sent.
    Pending,
    /// The channel took it.
    Sent,
    /// It was needless; the delivery says why.
    Skipped,
    /// It was given up; the delivery says why. It can be sent again by hand.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Skipped, Self::Dead];

    /// The name in API and page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
        }
    }

    /// The one with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// The number of a delivery: later ones are larger, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// A piece of news for a subscription, before the store gave it a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Who is told.
    pub subscription: SubscriptionId,
    /// Of which alert.
    pub alert: AlertId,
    /// The number of the event.
    pub event_seq: u64,
    /// What.
    pub news: News,
    /// When it happened, in ms.
    pub at_ms: i64,
    /// When it is to be sent, in ms.
    pub due_ms: i64,
}

/// A piece of news for a subscription, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// Who is told.
    pub subscription: SubscriptionId,
    /// Of which alert.
    pub alert: AlertId,
    /// The number of the event.
    pub event_seq: u64,
    /// What.
    pub news: News,
    /// When it happened, in ms.
    pub at_ms: i64,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was sent without being taken.
    pub attempts: u32,
    /// When it is due, or due again, in ms.
    pub due_ms: i64,
    /// Whether it was ever held back: what ended meanwhile is not told any more.
    pub was_held: bool,
    /// The delivery whose message it is part of; none while it is not in a message, itself if the
    /// message is its own or it leads it.
    pub message: Option<DeliveryId>,
    /// What the channel calls the message, by which it can be updated.
    pub reference: Option<String>,
    /// Why it waits, was skipped or was given up, or what the channel said.
    pub note: Option<String>,
    /// When it was sent, skipped or given up, in ms.
    pub settled_ms: Option<i64>,
}

impl Delivery {
    /// By what a receiver can tell that it has it already: `subscription:alert:event`.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("{}:{}:{}", self.subscription, self.alert, self.event_seq)
    }
}

impl From<NewDelivery> for Delivery {
    /// As it is kept at first; its number is 0.
    fn from(new: NewDelivery) -> Self {
        Self {
            id: DeliveryId(0),
            subscription: new.subscription,
            alert: new.alert,
            event_seq: new.event_seq,
            news: new.news,
            at_ms: new.at_ms,
            state: DeliveryState::Pending,
            attempts: 0,
            due_ms: new.due_ms,
            was_held: false,
            message: None,
            reference: None,
            note: None,
            settled_ms: None,
        }
    }
}
