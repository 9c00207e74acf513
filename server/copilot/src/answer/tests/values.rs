//! Which values lines have most often: questions and what their answers must say.

use std::sync::Arc;

use super::questions::{hold_to_evidence, text_of};
use super::scene::{NOW_MS, ask, copilot, question};
use crate::fakes::{MINUTE_MS, NewLine, World};

/// A question, and what the answer must say.
const QUESTIONS: &[(&str, &[&str])] = &[
    (
        "which address has the most \"Failed password\" lines in openssh?",
        &[
            "51 lines of `file:/var/log/openssh.log` from",
            "2 different values of the kind `address`",
            "The most: address `203.0.113.9` with 39 lines, most often in `Failed password for",
            "Then: address `198.51.100.7` with 12 lines",
        ],
    ),
    ("top IPs", &["The most: address `192.0.2.1` with 50 lines"]),
    (
        "top 1 ips",
        &["The most: address `192.0.2.1` with 50 lines"],
    ),
    (
        "which user fails most?",
        &[
            "The most: user `eve7` with 30 lines",
            "Then: user `root` with 21 lines",
        ],
    ),
    (
        "which address has the most \"Failed password\" errors?",
        &["The most: address `203.0.113.9` with 39 lines"],
    ),
    (
        "who has the most failed logins?",
        &["The most: user `eve7` with 30 lines"],
    ),
    (
        "most frequent values of customer",
        &[
            "customer `globex2` with 8 lines",
            "customer `acme1` with 3 lines",
        ],
    ),
    (
        "which customer has the most errors",
        &["The most: customer `acme1` with 3 lines"],
    ),
    (
        "which port is used most often",
        &["The most: port `22` with 50 lines"],
    ),
    (
        "which tenant has the most lines",
        &["No value of `tenant` was found", "112 lines in all"],
    ),
    (
        "which url has the most \"Failed password\" lines",
        &["No value of `url`"],
    ),
    (
        "which address has the most \"flux capacitor\" lines",
        &["Nothing was counted"],
    ),
    (
        "which host has the most lines",
        &["The most: host `web-1` with 112 lines"],
    ),
];

/// A gate: `eve` is let in nowhere, and tries most from one address.
fn gate() -> Arc<World> {
    let world = World::new();
    let mut at_ms = NOW_MS - 90 * MINUTE_MS;
    let mut log = |count: usize, body: &str| {
        for _ in 0..count {
            at_ms += 1000;
            world.log(&NewLine {
                at_ms,
                source: "file:/var/log/openssh.log",
                host: "web-1",
                body,
                ..NewLine::default()
            });
        }
    };
    log(30, "Failed password for eve7 from 203.0.113.9 port 4022");
    log(9, "Failed password for root from 203.0.113.9 port 4024");
    log(12, "Failed password for root from 198.51.100.7 port 4023");
    log(50, "Connection closed by 192.0.2.1 port 22");
    log(3, "order failed customer=acme1 status=500 in 12 ms");
    log(8, "order done customer=globex2 status=200 in 14 ms");
    world
}

#[tokio::test]
async fn what_lines_hold_most_often_is_counted_over_their_variables() {
    let copilot = copilot(&gate());
    for (text, expected) in QUESTIONS {
        let (message, _) = ask(&copilot, question(text)).await;
        let answer = message.answer.unwrap();
        hold_to_evidence(&answer, text);
        assert_eq!(answer.understood.intent, "top", "{text}");
        let said = text_of(&answer);
        for words in *expected {
            assert!(
                said.contains(words),
                "{text}: {words}\n{said}\n{:?}",
                answer.understood
            );
        }
        let told = answer.statements.iter();
        let told = told.filter(|one| one.text.starts_with("Then"));
        assert!(!text.starts_with("top 1 ") || told.count() == 0, "{said}");
    }
    assert_eq!(copilot.telemetry().counts().dropped, 0);
}
