//! The webhook: the body of Alertmanager's, version 4, signed.
//!
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>. The signature is the
//! HMAC-SHA256 of `timestamp.body` under the secret, in hexadecimal digits after `v1=`.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tocsin_domain::alert::{Alert, LabelSet};
use tocsin_domain::subscription::Secret;

use crate::civil::rfc3339;
use crate::http::Call;
use crate::message::{Item, Message, Sender};

/// How Go writes a time that is not set: the alert has not ended.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";

type Pairs = BTreeMap<String, String>;

/// The request of a message.
pub(super) fn call(
    sender: &Sender<'_>,
    message: &Message,
    (url, secret): (&str, Option<&Secret>),
    now_ms: i64,
) -> Call {
    let body = body(sender, message).to_string();
    let timestamp = now_ms.div_euclid(1000).to_string();
    let mut headers = vec![
        ("Idempotency-Key", message.key.clone()),
        ("X-Tocsin-Timestamp", timestamp.clone()),
    ];
    if let Some(signature) = secret.and_then(|secret| sign(&secret.0, &timestamp, &body)) {
        headers.push(("X-Tocsin-Signature", signature));
    }
    Call {
        url: url.to_owned(),
        headers,
        body,
        ..Call::default()
    }
}

/// `v1=` and the signature of a body. None cannot be: an HMAC takes a key of any length.
pub(crate) fn sign(secret: &str, timestamp: &str, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Some(format!("v1={}", digits.collect::<String>()))
}

/// The body of a message.
pub(super) fn body(sender: &Sender<'_>, message: &Message) -> Value {
    let labels: Vec<Pairs> = message.items.iter().map(|i| labels(&i.alert)).collect();
    let annotations: Vec<Pairs> = message.items.iter().map(annotations).collect();
    let alerts: Vec<Value> = message
        .items
        .iter()
        .zip(labels.iter().zip(&annotations))
        .map(|(item, (labels, annotations))| {
            json!({
                "status": item.status(),
                "labels": labels,
                "annotations": annotations,
                "startsAt": rfc3339(item.alert.starts_ms),
                "endsAt": item.ends_ms().map_or_else(|| NOT_ENDED.to_owned(), rfc3339),
                "generatorURL": sender.link(&item.alert),
                "fingerprint": item.alert.fingerprint.to_string(),
            })
        })
        .collect();
    // One alert is a group of its own, so that its notifications are one thread.
    let group = match message.items.as_slice() {
        [only] if message.more == 0 => pairs(&only.alert.labels),
        _ => Pairs::new(),
    };
    let named = group
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"));
    let named = named.collect::<Vec<_>>().join(", ");
    json!({
        "receiver": sender.subscription.name,
        "status": message.status(),
        "alerts": alerts,
        "groupLabels": group,
        "commonLabels": common(&labels),
        "commonAnnotations": common(&annotations),
        "externalURL": sender.base_url,
        "version": "4",
        "groupKey": format!("{}:{{{named}}}", sender.subscription.id),
        "truncatedAlerts": message.more,
    })
}

fn pairs(set: &LabelSet) -> Pairs {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    set.iter().map(owned).collect()
}

/// The labels of an alert, of which receivers expect `alertname` and `severity`.
fn labels(alert: &Alert) -> Pairs {
    let mut labels = pairs(&alert.labels);
    let name = || alert.rule.clone();
    labels.entry("alertname".into()).or_insert_with(name);
    labels.insert("severity".into(), alert.severity.name().into());
    labels
}

/// The annotations of an alert, of which receivers expect `summary`.
fn annotations(item: &Item) -> Pairs {
    let alert = &item.alert;
    let mut annotations = pairs(&alert.annotations);
    let title = || alert.title.clone();
    annotations.entry("summary".into()).or_insert_with(title);
    annotations.insert("title".into(), alert.title.clone());
    annotations.insert("news".into(), item.news.name().into());
    if let Some(note) = &item.note {
        annotations.insert("note".into(), note.clone());
    }
    annotations.insert("kind".into(), alert.kind.name().into());
    if alert.confidence.is_finite() {
        let probability = format!("{:.3}", alert.confidence);
        annotations.insert("probability".into(), probability);
    }
    annotations
}

/// What all have.
fn common(all: &[Pairs]) -> Pairs {
    let Some((first, rest)) = all.split_first() else {
        return Pairs::new();
    };
    let mut common = first.clone();
    common.retain(|name, value| rest.iter().all(|other| other.get(name) == Some(value)));
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_that_openssl_makes() {
        // printf '1800000000.{"a":1}' | openssl dgst -sha256 -hmac s3cr3t
        let signature = sign("s3cr3t", "1800000000", r#"{"a":1}"#).unwrap();
        let expected = "7d13152177cb34e9be8a2155ecc409f068860dcd7a1967a438b38cf5b8923084";
        assert_eq!(signature, format!("v1={expected}"));
        assert!(sign("", "0", "").is_some(), "any secret will do");
    }
}
