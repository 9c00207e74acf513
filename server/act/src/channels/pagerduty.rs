//! PagerDuty, Events API v2: one entry for each alert, opened and closed by its `dedup_key`.
//!
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>

use serde_json::{Value, json};
use tocsin_domain::alert::{Alert, AlertSeverity};

use crate::civil::rfc3339;
use crate::http::Call;
use crate::message::{Message, Sender};
use crate::words::cut;

const ENQUEUE_URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// The most characters of a summary.
const SUMMARY_MAX: usize = 1024;
/// The labels that say where an alert is, the best first.
const SOURCES: [&str; 5] = ["host", "instance", "source", "service", "job"];

/// The request of a message.
pub(super) fn call(
    sender: &Sender<'_>,
    message: &Message,
    (key, url): (&str, Option<&str>),
) -> Call {
    Call {
        url: url.unwrap_or(ENQUEUE_URL).to_owned(),
        body: body(sender, message, key).to_string(),
        ..Call::default()
    }
}

/// The body of a message, which is about one alert.
pub(super) fn body(sender: &Sender<'_>, message: &Message, routing_key: &str) -> Value {
    let Some(item) = message.items.first() else {
        return Value::Null;
    };
    let alert = &item.alert;
    // The same for everything that is told of an alert: PagerDuty updates one entry.
    let dedup_key = format!("tocsin:{}:{}", sender.subscription.id, alert.id);
    let action = match item.news.is_end() {
        true => "resolve",
        false => "trigger",
    };
    let link = sender.link(alert);
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key,
        "payload": {
            "summary": cut(&message.title, SUMMARY_MAX),
            "source": source(alert),
            "severity": severity(alert.severity),
            "timestamp": rfc3339(item.at_ms),
            "component": alert.labels.get("service"),
            "group": alert.labels.get("team"),
            "class": alert.failure_type.as_deref().unwrap_or(&alert.rule),
            "custom_details": {
                "text": message.text,
                "news": item.news.name(),
                "kind": alert.kind.name(),
                "labels": alert.labels.to_string(),
                "count": alert.count,
            },
        },
        "links": [{ "href": link, "text": "Tocsin" }],
        "client": "Tocsin",
        "client_url": link,
    })
}

fn source(alert: &Alert) -> &str {
    let mut values = SOURCES.iter().map(|name| alert.labels.get(name));
    values
        .find(|value| !value.is_empty())
        .unwrap_or(&alert.rule)
}

/// PagerDuty's word for how bad it is.
const fn severity(severity: AlertSeverity) -> &'static str {
    match severity {
        AlertSeverity::Critical => "critical",
        AlertSeverity::High => "error",
        AlertSeverity::Medium => "warning",
        AlertSeverity::Low => "info",
    }
}
