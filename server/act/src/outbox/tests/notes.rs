//! What the server itself says of an alert: told, with its words, to those who were told the beginning.

use std::sync::Arc;

use serde_json::{Value, json};
use tocsin_domain::alert::{AlertEvent, AlertEventKind};
use tocsin_domain::ports::AuditEntry;
use tocsin_domain::subscription::{Channel, DeliveryState, News, Secret};

use super::memory::*;
use super::receiver::{Mood, Receiver};
use super::{begin, run};

const NOTE: &str = "An action waits for approval: <see> https://tocsin.example/automation/runs/1";

#[tokio::test]
async fn who_was_told_the_beginning_is_told_what_the_server_says() {
    let receiver = Receiver::new(|_, _| {
        Mood::Answer(
            200,
            json!({ "ok": true, "channel": "C1", "ts": "1.5" }).to_string(),
        )
    })
    .await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    let slack = Channel::Slack {
        webhook_url: None,
        token: Some(Secret("xoxb-1".into())),
        channel: Some("#db".into()),
        api_url: Some(receiver.url.clone()),
    };
    lock(&memory.subscriptions).push(subscription(1, slack));
    lock(&memory.subscriptions).push(subscription(2, webhook(&receiver, "hook")));
    let one = alert("down", 1);
    memory.happens(&one, AlertEventKind::Fired);
    memory.happens(&one, AlertEventKind::Commented(NOTE.into()));
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 4).await;
    let of = |path: &str| -> Vec<Value> {
        let got = receiver.got().into_iter().filter(|got| got.path == path);
        got.map(|got| got.json()).collect()
    };
    let reply = of("/chat.postMessage").pop().unwrap();
    assert_eq!(reply["thread_ts"], "1.5");
    assert_eq!(reply["reply_broadcast"], true);
    assert_eq!(reply["text"], NOTE.replace("<see>", "&lt;see&gt;"));
    let [fired, noted] = of("/hook").try_into().unwrap();
    assert_eq!(fired["alerts"][0]["annotations"]["note"], Value::Null);
    assert_eq!(noted["alerts"][0]["annotations"]["note"], NOTE);
    assert_eq!(noted["alerts"][0]["annotations"]["news"], "noted");
    assert_eq!(noted["status"], "firing");

    // What is said of an alert whose beginning nobody was told is told to nobody.
    let other = alert("other", 2);
    memory.happens(&other, AlertEventKind::Commented(NOTE.into()));
    run(&memory, &[], |m| m.count(DeliveryState::Skipped) == 2).await;
    assert_eq!(memory.count(DeliveryState::Sent), 4);
}

#[test]
fn what_people_write_to_each_other_is_not_told() {
    let said = |actor: &str| AlertEvent {
        seq: 1,
        alert: alert("down", 1).id,
        at_ms: 1,
        actor: actor.into(),
        kind: AlertEventKind::Commented("hm".into()),
    };
    assert_eq!(News::of(&said("ana")), None);
    assert_eq!(News::of(&said("anonymous")), None);
    assert_eq!(News::of(&said(AuditEntry::SYSTEM)), Some(News::Noted));
}
