//! A message: what is told at once, about one alert or several, before a channel gives it a shape.

use tocsin_domain::alert::Alert;
use tocsin_domain::subscription::{Delivery, News, Subscription};

/// The most alerts that a message names; the others are counted.
pub(crate) const NAMED_MAX: usize = 100;

/// An alert and the newest there is to tell of it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) alert: Alert,
    pub(crate) news: News,
    pub(crate) at_ms: i64,
    /// What the server says, if that is the news.
    pub(crate) note: Option<String>,
}

impl Item {
    /// When the alert ended, in ms, if that is what is told. The beginning of an alert that has
    /// ended since is told as it was: its end has a message of its own.
    pub(crate) fn ends_ms(&self) -> Option<i64> {
        let ended = self.alert.ends_ms.unwrap_or(self.at_ms);
        self.news.is_end().then_some(ended)
    }

    /// `firing` or `resolved`.
    pub(crate) fn status(&self) -> &'static str {
        match self.news.is_end() {
            true => "resolved",
            false => "firing",
        }
    }
}

/// What is told at once.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// By what a receiver can tell that it has it already.
    pub(crate) key: String,
    /// At least one; each alert once.
    pub(crate) items: Vec<Item>,
    /// How many alerts there are beyond `items`.
    pub(crate) more: usize,
    /// What the channel calls the message that is to be updated.
    pub(crate) reference: Option<String>,
    /// Who of several has it already, as the channel noted it at an earlier attempt.
    pub(crate) progress: Option<String>,
    /// The line that says it all.
    pub(crate) title: String,
    /// What follows it.
    pub(crate) text: String,
}

impl Message {
    /// A message of deliveries in order, without its words. Of an alert that has several the newest
    /// is told. None if there is no delivery.
    pub(crate) fn of(
        deliveries: &[(Delivery, Alert)],
        key: String,
        reference: Option<String>,
    ) -> Option<Self> {
        let mut items: Vec<Item> = Vec::new();
        for (delivery, alert) in deliveries {
            let item = Item {
                alert: alert.clone(),
                news: delivery.news,
                at_ms: delivery.at_ms,
                note: None,
            };
            match items.iter_mut().find(|known| known.alert.id == alert.id) {
                Some(known) => *known = item,
                None => items.push(item),
            }
        }
        let more = items.len().saturating_sub(NAMED_MAX);
        items.truncate(NAMED_MAX);
        (!items.is_empty()).then(|| Self {
            key,
            items,
            more,
            reference,
            progress: None,
            title: String::new(),
            text: String::new(),
        })
    }

    /// A message about one alert that did not go through the outbox.
    pub(crate) fn single(alert: &Alert, news: News, key: String) -> Self {
        Self {
            key,
            items: vec![Item {
                alert: alert.clone(),
                news,
                at_ms: alert.ends_ms.unwrap_or(alert.last_ms),
                note: None,
            }],
            more: 0,
            reference: None,
            progress: None,
            title: String::new(),
            text: String::new(),
        }
    }

    /// `resolved` once everything in it is.
    pub(crate) fn status(&self) -> &'static str {
        match self.items.iter().all(|item| item.news.is_end()) {
            true => "resolved",
            false => "firing",
        }
    }

    /// How many alerts it is about.
    pub(crate) fn alerts(&self) -> usize {
        self.items.len() + self.more
    }
}

/// What every message of a subscription needs to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) subscription: &'a Subscription,
    /// Where the page is, without a slash at the end.
    pub(crate) base_url: &'a str,
}

impl Sender<'_> {
    /// Where an alert can be seen.
    pub(crate) fn link(&self, alert: &Alert) -> String {
        format!("{}/alerts?alert={}", self.base_url, alert.id)
    }
}
