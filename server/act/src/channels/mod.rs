//! The channels: each turns a message into requests and says what an answer means. A file each.

mod email;
mod pagerduty;
mod slack;
mod webhook;

use std::time::Duration;

use serde_json::Value;
use tocsin_domain::subscription::{Channel, Subscription, SubscriptionError};

use crate::http::{Answer, Http, NoAnswer};
use crate::mail::Mailer;
use crate::message::{Message, Sender};
use crate::words::cut;
pub(crate) use slack::escape;
pub(crate) use webhook::sign;

/// The most characters of what a channel said that are kept.
const DETAIL_MAX: usize = 500;

/// The ways out of the server.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) http: Http,
    pub(crate) mailer: Mailer,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The channel took it; what it calls the message, if it can be updated.
    Accepted(Option<String>),
    /// Later, perhaps; how long the channel asks us to wait.
    Later(Option<Duration>),
    /// Never.
    Refused,
}

/// What a channel said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) status: Option<u16>,
    pub(crate) detail: String,
    pub(crate) took_ms: u64,
    /// Who of several has it, if it is to be tried again for the others; a channel's own words.
    pub(crate) progress: Option<String>,
}

impl Outcome {
    fn no_answer(error: NoAnswer) -> Self {
        Self {
            verdict: match error.is_temporary {
                true => Verdict::Later(None),
                false => Verdict::Refused,
            },
            status: None,
            detail: cut(&error.detail, DETAIL_MAX),
            took_ms: 0,
            progress: None,
        }
    }

    fn of(answer: &Answer, verdict: Verdict) -> Self {
        let body = answer.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let detail = match body.is_empty() {
            true => answer.status.to_string(),
            false => format!("{}: {body}", answer.status),
        };
        Self {
            verdict,
            status: Some(answer.status),
            detail: cut(&detail, DETAIL_MAX),
            took_ms: answer.took_ms,
            progress: None,
        }
    }
}

/// What the status of an answer means, for channels that mean it.
fn by_status(answer: &Answer) -> Verdict {
    match answer.status {
        200..=299 => Verdict::Accepted(None),
        408 | 425 | 429 | 500..=599 => Verdict::Later(answer.retry_after),
        _ => Verdict::Refused,
    }
}

/// Sends a message and says what became of it.
pub(crate) async fn deliver(
    outgoing: &Outgoing,
    sender: &Sender<'_>,
    message: &Message,
    now_ms: i64,
) -> Outcome {
    let http = &outgoing.http;
    match &sender.subscription.channel {
        Channel::Webhook { url, secret } => {
            let call = webhook::call(sender, message, (url, secret.as_ref()), now_ms);
            plain(http, call).await
        }
        Channel::Email { to, from } => {
            let post = post(to, from.as_deref());
            email::deliver(&outgoing.mailer, post, (sender, message), now_ms).await
        }
        Channel::PagerDuty { routing_key, url } => {
            let key = routing_key.as_ref().map_or("", |key| key.0.as_str());
            let call = pagerduty::call(sender, message, (key, url.as_deref()));
            plain(http, call).await
        }
        Channel::Slack {
            webhook_url,
            token,
            channel,
            api_url,
        } => match (webhook_url, token, channel) {
            (Some(url), None, _) => plain(http, slack::hook_call(sender, message, &url.0)).await,
            (_, Some(token), Some(channel)) => {
                let bot = slack::Bot::new(&token.0, channel, api_url.as_deref());
                bot.deliver(http, sender, message).await
            }
            _ => Outcome {
                verdict: Verdict::Refused,
                status: None,
                detail: "the subscription has neither a webhook nor a bot".into(),
                took_ms: 0,
                progress: None,
            },
        },
    }
}

const fn post<'a>(to: &'a [String], from: Option<&'a str>) -> email::Post<'a> {
    email::Post { to, from }
}

/// Whether what the channel of a subscription needs is there.
pub(crate) fn check(
    outgoing: &Outgoing,
    subscription: &Subscription,
) -> Result<(), SubscriptionError> {
    match &subscription.channel {
        Channel::Email { to, from } => email::check(&outgoing.mailer, post(to, from.as_deref())),
        _ => Ok(()),
    }
}

async fn plain(http: &Http, call: crate::http::Call) -> Outcome {
    match http.send(call).await {
        Ok(answer) => Outcome::of(&answer, by_status(&answer)),
        Err(error) => Outcome::no_answer(error),
    }
}

/// What would be sent, without anything secret.
pub(crate) fn body(outgoing: &Outgoing, sender: &Sender<'_>, message: &Message) -> Value {
    match &sender.subscription.channel {
        Channel::Webhook { .. } => webhook::body(sender, message),
        Channel::Email { to, from } => {
            let post = post(to, from.as_deref());
            email::body(&outgoing.mailer, post, (sender, message))
        }
        Channel::PagerDuty { .. } => pagerduty::body(sender, message, "set"),
        Channel::Slack { .. } => slack::body(sender, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_means_follows_from_its_status() {
        let verdict = |status| {
            by_status(&Answer {
                status,
                retry_after: Some(Duration::from_secs(7)),
                ..Answer::default()
            })
        };
        for status in [200, 202, 204] {
            assert_eq!(verdict(status), Verdict::Accepted(None));
        }
        for status in [408, 425, 429, 500, 503] {
            assert_eq!(
                verdict(status),
                Verdict::Later(Some(Duration::from_secs(7)))
            );
        }
        for status in [301, 400, 401, 404, 410] {
            assert_eq!(verdict(status), Verdict::Refused);
        }
    }
}
