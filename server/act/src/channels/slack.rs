//! Slack. A bot posts the first message of an alert, updates it in place by what happens later, and
//! says in its thread what people should hear of: that it came back, got worse, or is over.
//!
//! <https://docs.slack.dev/reference/methods/chat.postMessage>. Slack has no idempotency key: if
//! the server is killed between a post and the note of it, that post is there twice.

use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::subscription::{News, Secret};

use super::{Outcome, Verdict};
use crate::http::{Answer, Auth, Call, Http};
use crate::message::{Message, Sender};
use crate::words::cut;

const API_URL: &str = "https://slack.com/api";
/// The most characters of a section's text, and of the text of a notification.
const SECTION_MAX: usize = 3000;
/// Errors that pass.
const PASSING: [&str; 6] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
];
/// Errors of an update whose message can be updated no more.
const LOST: [&str; 3] = [
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
];

/// A message as Slack shows it, without where it goes.
pub(super) fn body(sender: &Sender<'_>, message: &Message) -> Value {
    let title = escape(&message.title);
    let title = match message.items.as_slice() {
        [only] if message.more == 0 => format!("*<{}|{title}>*", sender.link(&only.alert)),
        _ => format!("*{title}*"),
    };
    let mut sections = vec![section(&title)];
    if !message.text.is_empty() {
        sections.push(section(&escape(&message.text)));
    }
    json!({
        // What a notification on a telephone shows.
        "text": escape(&cut(&message.title, SECTION_MAX)),
        "attachments": [{ "color": color(message), "blocks": sections }],
        "unfurl_links": false,
    })
}

/// The request of a message to an incoming webhook.
pub(super) fn hook_call(sender: &Sender<'_>, message: &Message, url: &str) -> Call {
    Call {
        url: url.to_owned(),
        body: body(sender, message).to_string(),
        ..Call::default()
    }
}

fn section(text: &str) -> Value {
    let text = cut(text, SECTION_MAX);
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

/// Slack's three signs that are not text.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn color(message: &Message) -> &'static str {
    let firing = message.items.iter().filter(|item| !item.news.is_end());
    match firing.map(|item| item.alert.severity).max() {
        None => "#2eb67d",
        Some(AlertSeverity::Critical | AlertSeverity::High) => "#e01e5a",
        Some(AlertSeverity::Medium) => "#ecb22e",
        Some(AlertSeverity::Low) => "#36c5f0",
    }
}

/// What to say in the thread of a message that was updated, and whether the channel hears it too.
fn reply(message: &Message) -> Option<(String, bool)> {
    let item = message.items.first()?;
    let alert = &item.alert;
    match item.news {
        News::Cleared => Some(("Resolved: it cleared.".into(), false)),
        News::Resolved => Some(("Resolved by hand.".into(), false)),
        News::Returned => Some((format!("It is back: {}", escape(&alert.title)), true)),
        News::Noted => Some((escape(&cut(item.note.as_deref()?, SECTION_MAX)), true)),
        News::Escalated => Some((format!("It is {} now.", alert.severity.name()), true)),
        News::Fired | News::Flapping => None,
    }
}

/// What Slack answers.
#[derive(Debug, Default, Deserialize)]
struct Said {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
}

/// What an answer of the API means: 200 alone says nothing.
fn read(answer: &Answer) -> (Verdict, Said) {
    let said: Said = serde_json::from_str(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        return (super::by_status(answer), said);
    }
    if said.ok {
        let reference = said.channel.as_deref().zip(said.ts.as_deref());
        let reference = reference.map(|(channel, ts)| format!("{channel} {ts}"));
        return (Verdict::Accepted(reference), said);
    }
    let is_passing = match said.error.as_deref() {
        Some(error) => PASSING.contains(&error),
        None => true,
    };
    let verdict = match is_passing {
        true => Verdict::Later(answer.retry_after),
        false => Verdict::Refused,
    };
    (verdict, said)
}

/// A bot and the channel it posts to.
#[derive(Debug)]
pub(super) struct Bot<'a> {
    token: &'a str,
    channel: &'a str,
    api_url: &'a str,
}

impl<'a> Bot<'a> {
    pub(super) fn new(token: &'a str, channel: &'a str, api_url: Option<&'a str>) -> Self {
        Self {
            token,
            channel,
            api_url: api_url.unwrap_or(API_URL).trim_end_matches('/'),
        }
    }

    fn call(&self, method: &str, body: &Value) -> Call {
        Call {
            url: format!("{}/{method}", self.api_url),
            auth: Some(Auth::Bearer(Secret(self.token.to_owned()))),
            body: body.to_string(),
            ..Call::default()
        }
    }

    async fn ask(&self, http: &Http, method: &str, body: &Value) -> (Outcome, Said) {
        match http.send(self.call(method, body)).await {
            Err(error) => (Outcome::no_answer(error), Said::default()),
            Ok(answer) => {
                let (verdict, said) = read(&answer);
                let mut outcome = Outcome::of(&answer, verdict);
                if let Some(error) = &said.error {
                    outcome.detail.clone_from(error);
                } else if said.ok {
                    outcome.detail = "ok".into();
                }
                (outcome, said)
            }
        }
    }

    /// Posts, or updates what was posted and says so in its thread.
    pub(super) async fn deliver(
        &self,
        http: &Http,
        sender: &Sender<'_>,
        message: &Message,
    ) -> Outcome {
        let mut body = body(sender, message);
        let known = message.reference.as_deref();
        let Some((channel, ts)) = known.and_then(|known| known.split_once(' ')) else {
            return self.post(http, body).await;
        };
        body["channel"] = channel.into();
        body["ts"] = ts.into();
        let (updated, said) = self.ask(http, "chat.update", &body).await;
        if said.error.is_some_and(|error| LOST.contains(&&*error)) {
            return self.post(http, body).await;
        }
        let Verdict::Accepted(_) = updated.verdict else {
            return updated;
        };
        let kept = Verdict::Accepted(message.reference.clone());
        let Some((text, is_broadcast)) = reply(message) else {
            return Outcome {
                verdict: kept,
                ..updated
            };
        };
        // The update is done again if this fails, which changes nothing.
        let reply = json!({
            "channel": channel, "thread_ts": ts, "text": text, "reply_broadcast": is_broadcast,
        });
        let (replied, _) = self.ask(http, "chat.postMessage", &reply).await;
        match replied.verdict {
            Verdict::Accepted(_) => Outcome {
                verdict: kept,
                ..replied
            },
            _ => replied,
        }
    }

    async fn post(&self, http: &Http, mut body: Value) -> Outcome {
        if let Some(members) = body.as_object_mut() {
            members.remove("ts");
        }
        body["channel"] = self.channel.into();
        self.ask(http, "chat.postMessage", &body).await.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.into(),
            retry_after: Some(Duration::from_secs(3)),
            ..Answer::default()
        }
    }

    #[test]
    fn a_200_that_is_not_ok_is_a_failure() {
        let verdict = |status, body| read(&answer(status, body)).0;
        let good = verdict(200, r#"{"ok":true,"channel":"C1","ts":"1.2"}"#);
        assert_eq!(good, Verdict::Accepted(Some("C1 1.2".into())));
        let refused = verdict(200, r#"{"ok":false,"error":"channel_not_found"}"#);
        assert_eq!(refused, Verdict::Refused);
        let later = Verdict::Later(Some(Duration::from_secs(3)));
        assert_eq!(verdict(200, r#"{"ok":false,"error":"ratelimited"}"#), later);
        assert_eq!(verdict(429, ""), later);
        assert_eq!(verdict(200, "<html>"), later, "a proxy spoke");
    }

    #[test]
    fn signs_that_mean_something_to_slack_are_text() {
        assert_eq!(escape("<!channel> & a>b"), "&lt;!channel&gt; &amp; a&gt;b");
    }
}
