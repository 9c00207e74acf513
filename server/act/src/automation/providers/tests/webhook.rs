//! `webhook` against a server that misbehaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::json;
use tocsin_domain::automation::{CallKind, Param, Params};

use super::{NASTY, action, draft, leave, text};
use crate::automation::provider::{Begun, Certainty, Order, Provider, Status};
use crate::automation::providers::webhook::{Webhook, WebhookConfig};
use crate::channels::sign;
use crate::http::HttpConfig;
use crate::outbox::tests::memory::Memory;
use crate::outbox::tests::receiver::{Mood, Receiver};
use crate::trackers::ConfigSecret;

fn webhook(receiver: &Receiver, status_url: Option<String>) -> Webhook {
    let config = WebhookConfig {
        url: format!("{}/hook", receiver.url),
        also: vec![format!("{}/other", receiver.url)],
        secret: ConfigSecret::new("s3cr3t".into()),
        secret_file: None,
        status_url,
    };
    let http = HttpConfig {
        timeout_ms: 2000,
        proxy: None,
    };
    Webhook::new(config, &http, Arc::new(Memory::default())).unwrap()
}

fn params() -> Params {
    let texts = NASTY.iter().map(|nasty| text(nasty)).collect();
    Params::from([
        ("texts".to_owned(), Param::List(texts)),
        ("count".to_owned(), Param::Int(3)),
    ])
}

#[tokio::test]
async fn the_body_is_signed_and_every_value_is_one_literal() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let webhook = webhook(&receiver, None);
    let planned = webhook.plan(&draft(&params())).await.unwrap();
    let approval = leave(&action(&params()), &planned);
    let begun = webhook.execute(&approval).await.unwrap();
    assert_eq!(begun.over, Some(Status::Succeeded("HTTP 200".into())));
    let got = receiver.got().remove(0);
    let body = got.json();
    assert_eq!(body["params"], json!({ "texts": NASTY, "count": 3 }));
    assert_eq!(
        (&body["action"], got.path.as_str()),
        (&json!("execute"), "/hook")
    );
    let header = |name: &str| got.headers[name].clone();
    let run = approval.plan().run.to_string();
    assert_eq!(
        (header("idempotency-key"), header("x-tocsin-correlation-id")),
        (run.clone(), run)
    );
    let signature = sign("s3cr3t", &header("x-tocsin-timestamp"), &got.body);
    assert_eq!(Some(header("x-tocsin-signature")), signature);
    let shown = format!("{planned:?} {approval:?}");
    assert!(!shown.contains("s3cr3t"));
}

#[tokio::test]
async fn only_an_address_of_the_configuration_is_told() {
    let receiver = Receiver::new(|_, _| Mood::Answer(204, String::new())).await;
    let webhook = webhook(&receiver, None);
    let mut draft = draft(&params());
    draft.base_url = Some("http://169.254.169.254/latest".into());
    assert!(
        webhook
            .plan(&draft)
            .await
            .unwrap_err()
            .detail
            .contains("does not know")
    );
    let planned = webhook.plan(&super::draft(&params())).await.unwrap();
    let mut wanted = action(&params());
    wanted.base_url = draft.base_url.take();
    let error = webhook
        .execute(&leave(&wanted, &planned))
        .await
        .unwrap_err();
    assert_eq!(error.certainty, Certainty::Never);
    wanted.base_url = Some(format!("{}/other", receiver.url));
    webhook.execute(&leave(&wanted, &planned)).await.unwrap();
    let paths: Vec<String> = receiver.got().into_iter().map(|got| got.path).collect();
    assert_eq!(paths, ["/other"]);
}

#[tokio::test]
async fn what_was_not_answered_is_asked_for_and_never_told_again_by_itself() {
    let status = Arc::new(AtomicU16::new(0));
    let answer = status.clone();
    let receiver = Receiver::new(move |_, got| match answer.load(Ordering::Relaxed) {
        0 => Mood::DoAndClose,
        1 => Mood::Hang,
        2 if got.path.starts_with("/status/") => {
            Mood::Answer(200, r#"{"state": "running", "detail": "x"}"#.into())
        }
        code => Mood::Answer(code, String::new()),
    })
    .await;
    let asked = webhook(&receiver, Some(format!("{}/status", receiver.url)));
    let mute = webhook(&receiver, None);
    let planned = mute.plan(&draft(&params())).await.unwrap();
    let approval = leave(&action(&params()), &planned);
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    for (code, expected) in [
        (0, Certainty::Unsure),
        (1, Certainty::Unsure),
        (500, Certainty::Unsure),
        (409, Certainty::Unsure),
        (400, Certainty::Never),
        (403, Certainty::Never),
        (302, Certainty::Never),
        (429, Certainty::NotNow),
    ] {
        status.store(code, Ordering::Relaxed);
        for webhook in [&asked, &mute] {
            let error = webhook.execute(&approval).await.unwrap_err();
            assert_eq!(error.certainty, expected, "{code}");
        }
        let is_known = mute.status(&order).await == Ok(Status::Unknown);
        assert_eq!(is_known, code == 429, "{code}");
    }
    status.store(404, Ordering::Relaxed);
    assert_eq!(asked.status(&order).await, Ok(Status::Unknown));
    status.store(2, Ordering::Relaxed);
    assert_eq!(asked.status(&order).await, Ok(Status::Running));
    status.store(503, Ordering::Relaxed);
    assert!(asked.status(&order).await.is_err());
    status.store(202, Ordering::Relaxed);
    let begun = asked.execute(&approval).await.unwrap();
    assert_eq!(
        begun,
        Begun {
            handle: "HTTP 202".into(),
            over: None
        }
    );
}

#[tokio::test]
async fn a_receiver_that_is_not_there_was_not_told() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let webhook = webhook(&receiver, None);
    let planned = webhook.plan(&draft(&params())).await.unwrap();
    let approval = leave(&action(&params()), &planned);
    drop(receiver);
    let error = webhook.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::NotNow);
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    assert_eq!(webhook.status(&order).await, Ok(Status::Unknown));
    assert!(webhook.check().await.is_err());
}
