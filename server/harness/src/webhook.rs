//! A receiver of webhooks that keeps what it took and misbehaves as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::web::{Mood, Reply, Request, Web, lock};

/// What was taken: how often, by the key of the message.
type Taken = Arc<Mutex<BTreeMap<String, (usize, Value)>>>;

/// A receiver of webhooks.
#[derive(Debug)]
pub struct WebhookDouble {
    web: Web,
    taken: Taken,
}

impl WebhookDouble {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> anyhow::Result<Self> {
        let taken = Taken::default();
        let own = taken.clone();
        let web = Web::start(move |request| {
            let key = request.headers.get("idempotency-key").cloned();
            let body = serde_json::from_str(&request.body).unwrap_or(Value::Null);
            let mut taken = lock(&own);
            let known = taken.entry(key.unwrap_or_default()).or_insert((0, body));
            known.0 += 1;
            Reply::empty(204)
        })?;
        Ok(Self { web, taken })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// The requests as they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.web.seen()
    }

    /// The messages that were taken, each once, by their keys.
    #[must_use]
    pub fn messages(&self) -> BTreeMap<String, Value> {
        let taken = lock(&self.taken);
        let each = taken
            .iter()
            .map(|(key, (_, body))| (key.clone(), body.clone()));
        each.collect()
    }
}
