//! What is said to Slack of a run, and what its answers mean.
//!
//! <https://docs.slack.dev/reference/methods>. Slack has no key by which it could tell that it has a message
//! already; a message that may have been posted is looked for in the channel by the name of its first block.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tocsin_domain::subscription::Secret;

use crate::http::{Answer, Auth, Call, Http, Method};

/// Errors that pass.
const PASSING: [&str; 7] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
];
/// Errors of an update whose message can be updated no more.
const LOST: [&str; 3] = [
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
];
/// How many pages of a channel are looked through for a message.
const PAGES_MAX: usize = 5;
/// The most bytes of a page of a channel.
const PAGE_BYTES_MAX: u64 = 8 << 20;
/// How far Slack's clock may be before or behind ours, in ms.
const CLOCKS_MS: i64 = 60_000;

/// The bot of an app, and the channel that it posts to.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) http: Http,
    pub(super) token: Secret,
    pub(super) channel: String,
    pub(super) api_url: String,
}

/// What became of something that was said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Slack took it; what it calls the message.
    Done(String),
    /// Not now; how long Slack asks us to wait, and whether it may have taken it nevertheless.
    NotNow {
        wait: Option<Duration>,
        is_unsure: bool,
        why: String,
    },
    /// Not as things are; says why.
    Refused(String),
    /// The message that was to be edited is gone, or cannot be edited any more.
    Lost,
}

/// Whether a message is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// It is; what Slack calls it.
    Found(String),
    /// It is not.
    Absent,
    /// Slack does not let the app look; says why.
    Forbidden(String),
    /// It did not say; how long it asks us to wait.
    NotNow(Option<Duration>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
    messages: Vec<Message>,
    has_more: bool,
    response_metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    ts: String,
    blocks: Vec<Block>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block {
    block_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    next_cursor: String,
}

impl Wire {
    fn call(&self, method: Method, path: &str, body: String) -> Call {
        Call {
            method,
            url: format!("{}/{path}", self.api_url),
            auth: Some(Auth::Bearer(self.token.clone())),
            body,
            ..Call::default()
        }
    }

    async fn tell(&self, method: &str, body: &Value) -> Told {
        let call = self.call(Method::Post, method, body.to_string());
        match self.http.send(call).await {
            Ok(answer) => read(&answer),
            Err(error) if error.is_temporary => Told::NotNow {
                wait: None,
                is_unsure: error.is_unsure,
                why: error.detail,
            },
            Err(error) => Told::Refused(error.detail),
        }
    }

    /// Posts a message.
    pub(super) async fn post(&self, mut body: Value) -> Told {
        body["channel"] = self.channel.as_str().into();
        self.tell("chat.postMessage", &body).await
    }

    /// Edits a message.
    pub(super) async fn edit(&self, reference: &str, mut body: Value) -> Told {
        let Some((channel, ts)) = reference.split_once(' ') else {
            return Told::Lost;
        };
        body["channel"] = channel.into();
        body["ts"] = ts.into();
        self.tell("chat.update", &body).await
    }

    /// Looks for a message that has a block of a name, and may have been posted since a time, in ms.
    pub(super) async fn seek(&self, block: &str, since_ms: i64) -> Sought {
        let since_secs = since_ms.saturating_sub(CLOCKS_MS).div_euclid(1000).max(0);
        let channel = &self.channel;
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let path = format!(
                "conversations.history?channel={channel}&oldest={since_secs}&limit=200{cursor}"
            );
            let call = Call {
                answer_bytes_max: PAGE_BYTES_MAX,
                ..self.call(Method::Get, &path, String::new())
            };
            let Ok(answer) = self.http.send(call).await else {
                return Sought::NotNow(None);
            };
            let said: Said = serde_json::from_str(&answer.body).unwrap_or_default();
            if answer.status != 200 || !said.ok {
                return match said.error {
                    Some(error) if answer.status == 200 && !PASSING.contains(&error.as_str()) => {
                        Sought::Forbidden(error)
                    }
                    _ => Sought::NotNow(answer.retry_after),
                };
            }
            let is_it = |message: &&Message| message.blocks.iter().any(|one| one.block_id == block);
            if let Some(found) = said.messages.iter().find(is_it) {
                return Sought::Found(format!("{channel} {}", found.ts));
            }
            let next = said.response_metadata.next_cursor;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=+/".contains(c);
            if !said.has_more || next.is_empty() || !next.chars().all(is_plain) {
                return Sought::Absent;
            }
            let next = next
                .replace('=', "%3D")
                .replace('+', "%2B")
                .replace('/', "%2F");
            cursor = format!("&cursor={next}");
        }
        Sought::Absent
    }
}

/// What an answer means: 200 alone says nothing.
fn read(answer: &Answer) -> Told {
    let later = |is_unsure, why: String| Told::NotNow {
        wait: answer.retry_after,
        is_unsure,
        why,
    };
    let said: Result<Said, _> = serde_json::from_str(&answer.body);
    match (answer.status, said) {
        (200, Ok(said)) if said.ok => match (said.channel, said.ts) {
            (Some(channel), Some(ts)) => Told::Done(format!("{channel} {ts}")),
            _ => later(true, "Slack took it and does not say where it is".into()),
        },
        (200, Ok(said)) => {
            let error = said.error.unwrap_or_default();
            match error.as_str() {
                error if LOST.contains(&error) => Told::Lost,
                passing if passing.is_empty() || PASSING.contains(&passing) => {
                    later(passing != "ratelimited", error)
                }
                _ => Told::Refused(error),
            }
        }
        // It was turned away before anything was done.
        (429, _) => later(false, "ratelimited".into()),
        (408 | 425 | 500..=599 | 200, _) => later(true, format!("status {}", answer.status)),
        (status, _) => Told::Refused(format!("status {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Told {
        read(&Answer {
            status,
            body: body.into(),
            retry_after: Some(Duration::from_secs(3)),
            ..Answer::default()
        })
    }

    #[test]
    fn a_200_that_is_not_ok_is_a_failure() {
        let done = told(200, r#"{"ok":true,"channel":"C1","ts":"1.2"}"#);
        assert_eq!(done, Told::Done("C1 1.2".into()));
        let refused = told(200, r#"{"ok":false,"error":"invalid_auth"}"#);
        assert_eq!(refused, Told::Refused("invalid_auth".into()));
        let lost = told(200, r#"{"ok":false,"error":"message_not_found"}"#);
        assert_eq!(lost, Told::Lost);
        let unsure = |told| match told {
            Told::NotNow {
                is_unsure, wait, ..
            } => {
                assert_eq!(wait, Some(Duration::from_secs(3)));
                is_unsure
            }
            other => panic!("{other:?}"),
        };
        assert!(!unsure(told(429, "")));
        assert!(!unsure(told(200, r#"{"ok":false,"error":"ratelimited"}"#)));
        assert!(unsure(told(
            200,
            r#"{"ok":false,"error":"internal_error"}"#
        )));
        assert!(unsure(told(502, "<html>")));
        assert!(unsure(told(200, "<html>")), "a proxy spoke");
        assert_eq!(told(404, ""), Told::Refused("status 404".into()));
    }
}
