//! Answers to people who pressed something in Slack. They are sent in background: what was pressed counts whether
//! its answer arrives or not.

use serde_json::json;
use tocsin_domain::ports::ChatReplies;
use tokio::sync::mpsc;

use crate::channels::escape;
use crate::http::{Call, Http};
use crate::words::cut;

/// The most answers that wait; what comes on top is not sent.
pub(super) const WAITING_MAX: usize = 64;
/// The most characters of an answer.
const CHARS_MAX: usize = 1000;

/// An answer, and where it goes.
#[derive(Debug)]
pub(super) struct Reply {
    to: String,
    text: String,
}

/// Takes answers, and has them sent.
#[derive(Debug, Clone)]
pub struct SlackReplies {
    queue: mpsc::Sender<Reply>,
    /// Where answers may go: their addresses begin with one of these.
    origins: Vec<String>,
}

impl SlackReplies {
    pub(super) fn new(api_url: &str) -> (Self, mpsc::Receiver<Reply>) {
        let (queue, receiver) = mpsc::channel(WAITING_MAX);
        let (scheme, rest) = api_url.split_once("://").unwrap_or(("https", api_url));
        let host = rest.split('/').next().unwrap_or_default();
        let origins = vec![
            format!("{scheme}://{host}/"),
            format!("{scheme}://hooks.{host}/"),
        ];
        (Self { queue, origins }, receiver)
    }
}

impl ChatReplies for SlackReplies {
    fn reply(&self, to: &str, text: &str) {
        let is_known = self
            .origins
            .iter()
            .any(|origin| to.starts_with(origin.as_str()));
        if !is_known {
            tracing::warn!("an answer to Slack is not sent: it would go to another server");
            return;
        }
        let reply = Reply {
            to: to.to_owned(),
            text: text.to_owned(),
        };
        if self.queue.try_send(reply).is_err() {
            tracing::warn!("an answer to Slack is not sent: too many wait");
        }
    }
}

/// Sends one answer, to the person who pressed alone.
pub(super) async fn send(http: &Http, reply: Reply) {
    let body = json!({
        "response_type": "ephemeral",
        "replace_original": false,
        "text": escape(&cut(&reply.text, CHARS_MAX)),
    });
    let call = Call {
        url: reply.to,
        body: body.to_string(),
        ..Call::default()
    };
    match http.send(call).await {
        Ok(answer) if (200..300).contains(&answer.status) => {}
        Ok(answer) => tracing::warn!(status = answer.status, "Slack did not take an answer"),
        Err(error) => tracing::warn!(why = %error.detail, "an answer did not reach Slack"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_go_to_slack_alone_and_no_more_than_wait() {
        let (replies, mut queue) = SlackReplies::new("https://slack.com/api");
        for elsewhere in [
            "https://slack.com.evil.example/x",
            "https://hooks.slack.com@evil.example/",
            "http://hooks.slack.com/x",
            "https://127.0.0.1/",
        ] {
            replies.reply(elsewhere, "no");
        }
        assert!(queue.try_recv().is_err());
        for _ in 0..WAITING_MAX + 5 {
            replies.reply("https://hooks.slack.com/actions/T1/2/x", "yes");
        }
        let mut sent = 0;
        while queue.try_recv().is_ok() {
            sent += 1;
        }
        assert_eq!(sent, WAITING_MAX);
    }
}
