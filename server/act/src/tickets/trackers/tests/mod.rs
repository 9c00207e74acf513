//! Each tracker against its double. What all must do alike is here, what is one's own in its file.

mod github;
mod jira;
mod servicenow;

use std::time::Duration;

use tocsin_domain::alert::{AlertSeverity, LabelSet};
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};
use tocsin_harness::trackers::{Mood, Reply, Request};

use super::ConfigSecret;
use crate::http::HttpConfig;
use crate::tickets::tracker::{Draft, Tracker, TrackerError};
use crate::trackers::text;

/// Where nobody listens.
const AWAY: &str = "http://127.0.0.1:1";
const FINGERPRINT: &str = "tocsin-00000000000000a1";
const OWN: &str = "tocsin-0190a5e0b7c07000800000000000000a";
const KEY: &str = "tocsin-0190a5e0-b7c0-7000-8000-00000000000a-1";

fn http() -> HttpConfig {
    HttpConfig {
        timeout_ms: 30_000,
        proxy: None,
    }
}

/// For requests that are never answered.
fn hasty() -> HttpConfig {
    HttpConfig {
        timeout_ms: 1000,
        proxy: None,
    }
}

fn secret(text: &str) -> ConfigSecret {
    ConfigSecret::new(text.into())
}

fn draft() -> Draft {
    Draft {
        title: "Missing price for product 999\nin \"shop\"".into(),
        description:
            "It happened 3 times.\n\n    12:00 ERROR \u{1b}[31mno price\u{1b}[0m\n    12:01 \
            ERROR no price\n\nAsk @shop, see #12 <b>."
                .into(),
        severity: AlertSeverity::High,
        labels: LabelSet::new([("service", "shop"), ("team", "web")]),
        markers: [FINGERPRINT.into(), OWN.into()],
        link: "http://127.0.0.1:8080/alerts?id=7".into(),
    }
}

/// Whether it may have been done nevertheless, of an error that says "later".
#[track_caller]
fn later(error: TrackerError) -> (bool, Option<Duration>) {
    match error {
        TrackerError::Later {
            is_unsure, wait, ..
        } => (is_unsure, wait),
        other => panic!("expected `Later`, found {other:?}"),
    }
}

fn answer(status: u16) -> Mood {
    Mood::Answer(Reply::empty(status).with("Retry-After", 7))
}

/// What becomes of requests that change something, while others are obeyed.
fn writes(mood: &Mood) -> impl Fn(u64, &Request) -> Mood + Send + Sync + 'static {
    let mood = mood.clone();
    move |_, request| {
        let is_search = request.path.ends_with("/search/jql");
        match request.method == "GET" || is_search {
            true => Mood::Obey,
            false => mood.clone(),
        }
    }
}

/// The life of a ticket.
async fn live(tracker: &dyn Tracker) -> TicketRef {
    tracker.check().await.unwrap();
    assert_eq!(tracker.find(OWN).await.unwrap(), None);
    let ticket = tracker.create(&draft()).await.unwrap();
    assert_eq!(tracker.find(OWN).await.unwrap(), Some(ticket.clone()));
    assert_eq!(
        tracker.find(FINGERPRINT).await.unwrap(),
        Some(ticket.clone())
    );
    // Part of a marker is none.
    assert_eq!(tracker.find(&OWN[..20]).await.unwrap(), None);
    assert_eq!(tracker.status(&ticket).await.unwrap(), TicketStatus::Open);

    assert!(!tracker.has_comment(&ticket, KEY).await.unwrap());
    let longer = format!("{KEY}7");
    tracker.comment(&ticket, "Again.", &longer).await.unwrap();
    assert!(!tracker.has_comment(&ticket, KEY).await.unwrap());
    tracker
        .comment(&ticket, "And again.\n\n    a line", KEY)
        .await
        .unwrap();
    assert!(tracker.has_comment(&ticket, KEY).await.unwrap());
    assert!(tracker.has_comment(&ticket, &longer).await.unwrap());

    for status in [
        TicketStatus::Resolved,
        TicketStatus::Resolved,
        TicketStatus::Open,
    ] {
        tracker
            .set_status(&ticket, status, "It cleared.")
            .await
            .unwrap();
        assert_eq!(tracker.status(&ticket).await.unwrap(), status);
    }
    ticket
}

/// What is done although the answer was lost is found, and not done again.
async fn lose(tracker: &dyn Tracker, set: impl Fn(Mood)) -> TicketRef {
    set(Mood::DoAndDrop);
    let lost = tracker.create(&draft()).await.unwrap_err();
    assert_eq!(later(lost), (true, None));
    set(Mood::Obey);
    let ticket = tracker.find(OWN).await.unwrap().unwrap();

    set(Mood::DoAndDrop);
    let lost = tracker.comment(&ticket, "Again.", KEY).await.unwrap_err();
    assert!(later(lost).0);
    let resolved = TicketStatus::Resolved;
    let lost = tracker
        .set_status(&ticket, resolved, "It cleared.")
        .await
        .unwrap_err();
    assert!(later(lost).0);
    set(Mood::Obey);
    assert!(tracker.has_comment(&ticket, KEY).await.unwrap());
    assert_eq!(tracker.status(&ticket).await.unwrap(), resolved);
    tracker
        .set_status(&ticket, resolved, "It cleared.")
        .await
        .unwrap();

    // What was not done either looks the same to us, and is not found.
    set(Mood::Drop);
    let lost = tracker
        .comment(&ticket, "More.", "tocsin-other")
        .await
        .unwrap_err();
    assert!(later(lost).0);
    set(Mood::Obey);
    assert!(!tracker.has_comment(&ticket, "tocsin-other").await.unwrap());
    ticket
}

/// What failures mean that all trackers mean alike.
async fn fail(tracker: &dyn Tracker, set: impl Fn(Mood)) {
    let ticket = tracker.create(&draft()).await.unwrap();
    let seven = Some(Duration::from_secs(7));
    let say = async || tracker.comment(&ticket, "Again.", KEY).await.unwrap_err();
    for (status, expected) in [
        (429, (false, seven)),
        (500, (true, seven)),
        (502, (true, seven)),
        (503, (true, seven)),
    ] {
        set(answer(status));
        assert_eq!(later(say().await), expected, "{status}");
    }
    for status in [401, 403] {
        set(Mood::Answer(Reply::empty(status)));
        let error = say().await;
        assert!(error.to_string().contains("token"), "{error}");
        assert_eq!(
            later(error),
            (false, Some(Duration::from_secs(300))),
            "{status}"
        );
    }
    for status in [400, 422] {
        set(Mood::Answer(Reply::empty(status)));
        assert!(matches!(say().await, TrackerError::Refused(_)), "{status}");
    }
    set(Mood::Answer(Reply {
        status: 302,
        headers: vec![("Location".into(), "http://127.0.0.1:1/login".into())],
        body: String::new(),
    }));
    assert!(matches!(say().await, TrackerError::Refused(_)));
    // A page in place of an answer, as a proxy or a portal has it.
    set(Mood::Answer(Reply {
        status: 200,
        headers: Vec::new(),
        body: "<html>Please log in</html>".into(),
    }));
    let error = tracker.create(&draft()).await.unwrap_err();
    assert!(later(error).0);
    set(Mood::Obey);
    assert!(!tracker.has_comment(&ticket, KEY).await.unwrap());
}

/// A request that is never answered is given up by one who is hasty, and was done.
async fn wait_in_vain(hasty: &dyn Tracker, patient: &dyn Tracker, set: impl Fn(Mood)) {
    set(Mood::DoAndHang);
    let error = hasty.create(&draft()).await.unwrap_err();
    assert!(error.to_string().contains("no answer in time"), "{error}");
    assert!(later(error).0);
    set(Mood::Obey);
    // It may be done after it was given up.
    while patient.find(OWN).await.unwrap().is_none() {}
}

/// Nobody listens, which is known not to have changed anything.
async fn be_away(tracker: &dyn Tracker) {
    let error = tracker.create(&draft()).await.unwrap_err();
    assert_eq!(later(error), (false, None));
}

/// Requests that are lost, refused and answered, mixed by a fixed hash.
fn mixed(number: u64, _request: &Request) -> Mood {
    let hash = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    match hash % 10 {
        0 | 1 => Mood::DoAndDrop,
        2 => Mood::Drop,
        3 => answer(503),
        4 => answer(429),
        5 => Mood::Answer(Reply::empty(500)),
        _ => Mood::Obey,
    }
}

/// Does something until it is known to be done, as one does who may not do it twice: of what may
/// have been done, it is asked first.
async fn insist<T>(
    mut ask: impl AsyncFnMut() -> Result<Option<T>, TrackerError>,
    mut act: impl AsyncFnMut() -> Result<T, TrackerError>,
) -> T {
    let mut is_unsure = false;
    for _ in 0..200 {
        if is_unsure {
            match ask().await {
                Ok(Some(done)) => return done,
                Ok(None) => is_unsure = false,
                Err(error) => assert!(!later(error).0, "to look changes nothing"),
            }
            continue;
        }
        match act().await {
            Ok(done) => return done,
            Err(error) => is_unsure = later(error).0,
        }
    }
    panic!("not done after 200 attempts");
}

/// Twenty tickets, each with a comment, resolved, while every second request goes wrong. Gives the
/// markers and the keys, each of which must be there once.
async fn weather(tracker: &dyn Tracker) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for number in 0..20 {
        let own = format!("tocsin-own-{number}");
        let key = format!("tocsin-key-{number}");
        let draft = Draft {
            markers: [FINGERPRINT.into(), own.clone()],
            ..draft()
        };
        let ticket = insist(
            async || tracker.find(&own).await,
            async || tracker.create(&draft).await,
        )
        .await;
        let has = async || {
            let has = tracker.has_comment(&ticket, &key).await?;
            Ok(has.then_some(()))
        };
        insist(has, async || tracker.comment(&ticket, "Again.", &key).await).await;
        let resolved = TicketStatus::Resolved;
        let is_so = async || {
            let status = tracker.status(&ticket).await?;
            Ok((status == resolved).then_some(()))
        };
        let set = async || tracker.set_status(&ticket, resolved, "It cleared.").await;
        insist(is_so, set).await;
        all.push((own, key));
    }
    all
}
