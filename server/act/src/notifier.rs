//! What the API asks for: previews, tests, and whether a subscription can be.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::alert::{
    Alert, AlertId, AlertKind, AlertSeverity, AlertStatus, Evidence, LabelSet,
};
use tocsin_domain::id::TemplateId;
use tocsin_domain::ports::{ChannelAnswer, Clock, MessagePreview, Notifier};
use tocsin_domain::subscription::{News, Subscription, SubscriptionError};
use tokio::sync::Notify;

use crate::channels::{self, Outgoing, Verdict};
use crate::http::HttpConfig;
use crate::mail::MailConfig;
use crate::message::{Message, Sender};
use crate::words;

const HOUR_MS: i64 = 3_600_000;

/// How messages leave.
#[derive(Debug, Clone, Default)]
pub struct NotifierConfig {
    /// Where people reach the page, for the links in messages: `https://tocsin.example.org`.
    pub base_url: String,
    /// How requests leave.
    pub http: HttpConfig,
    /// The mail server; none: no e-mail can be sent.
    pub mail: Option<MailConfig>,
}

/// Renders and sends over the channels.
pub struct ChannelNotifier {
    outgoing: Outgoing,
    base_url: Arc<str>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
}

impl std::fmt::Debug for ChannelNotifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelNotifier").finish_non_exhaustive()
    }
}

impl ChannelNotifier {
    pub(crate) fn new(
        outgoing: Outgoing,
        base_url: Arc<str>,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            outgoing,
            base_url,
            clock,
            wake,
        }
    }

    fn sender<'a>(&'a self, subscription: &'a Subscription) -> Sender<'a> {
        Sender {
            subscription,
            base_url: &self.base_url,
        }
    }
}

#[async_trait]
impl Notifier for ChannelNotifier {
    fn check(&self, subscription: &Subscription) -> Result<(), SubscriptionError> {
        subscription.check()?;
        channels::check(&self.outgoing, subscription)?;
        words::check(&subscription.template).map_err(wrong_template)
    }

    fn sample(&self, now_ms: i64) -> Alert {
        sample(now_ms)
    }

    fn preview(
        &self,
        subscription: &Subscription,
        alert: &Alert,
        news: News,
    ) -> Result<MessagePreview, SubscriptionError> {
        let sender = self.sender(subscription);
        let mut message = Message::single(alert, news, String::new());
        words::fill(&mut message, &sender).map_err(wrong_template)?;
        let body = channels::body(&self.outgoing, &sender, &message);
        Ok(MessagePreview {
            body: serde_json::to_string_pretty(&body).unwrap_or_default(),
            title: message.title,
            text: message.text,
        })
    }

    async fn test(&self, subscription: &Subscription) -> ChannelAnswer {
        let now_ms = self.clock.now().millis();
        let mut alert = sample(now_ms);
        alert.title = format!("Test of {}", subscription.name);
        let sender = self.sender(subscription);
        let mut answer = None;
        // What is opened is closed again, or a pager would go on.
        for news in [News::Fired, News::Cleared] {
            if news.is_end() && subscription.channel.gathers() {
                break;
            }
            let key = format!("{}:test:{now_ms}:{}", subscription.id, news.name());
            let mut message = Message::single(&alert, news, key);
            // A template that fails has its place in the preview; the words are there anyway.
            let _ = words::fill(&mut message, &sender);
            let outcome = channels::deliver(&self.outgoing, &sender, &message, now_ms).await;
            let said = ChannelAnswer {
                is_accepted: matches!(outcome.verdict, Verdict::Accepted(_)),
                status: outcome.status,
                detail: outcome.detail,
                took_ms: outcome.took_ms,
            };
            if !said.is_accepted {
                return said;
            }
            answer.get_or_insert(said);
        }
        answer.unwrap_or_else(|| ChannelAnswer {
            is_accepted: false,
            status: None,
            detail: "nothing was sent".into(),
            took_ms: 0,
        })
    }

    fn wake(&self) {
        self.wake.notify_one();
    }
}

fn wrong_template((field, detail): (&'static str, String)) -> SubscriptionError {
    SubscriptionError {
        field,
        expected: "a MiniJinja template, such as `[{{ alert.severity }}] {{ alert.title }}`",
        detail,
    }
}

/// An alert that speaks of nothing real.
pub(crate) fn sample(now_ms: i64) -> Alert {
    let labels = LabelSet::new([
        ("alertname", "tocsin_test"),
        ("host", "web-1"),
        ("team", "db"),
    ]);
    let fingerprint = labels.fingerprint();
    Alert {
        id: AlertId::of(fingerprint, now_ms),
        fingerprint,
        kind: AlertKind::Predictive,
        severity: AlertSeverity::Low,
        status: AlertStatus::New,
        title: "Disk /data will be full in 26 h on web-1".into(),
        rule: "tocsin_test".into(),
        labels,
        annotations: LabelSet::new([("summary", "This is a test: nothing is wrong.")]),
        starts_ms: now_ms - HOUR_MS,
        ends_ms: None,
        last_ms: now_ms,
        count: 3,
        confidence: 0.87,
        failure_type: Some("disk_full".into()),
        evidence: vec![Evidence::Template {
            id: TemplateId(0),
            count: 3,
            text: "write failed on <*>: No space left on device".into(),
        }],
        assignee: None,
        snoozed_until_ms: None,
        is_flapping: false,
        acknowledged_ms: None,
        resolved_ms: None,
        returns_ms: Vec::new(),
        incident: None,
        joined_because: None,
        trace: None,
        seq: 0,
    }
}
