//! E-mail: everything that is told of an alert is one conversation, as plain text and as HTML.
//!
//! The Message-ID follows from the idempotency key (RFC 5322), so a message that is there twice can
//! be told; later news refer to the first message. `Auto-Submitted` (RFC 3834) keeps answering
//! machines quiet.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tocsin_domain::subscription::SubscriptionError;

use super::{DETAIL_MAX, Outcome, Verdict};
use crate::mail::{Letter, MailAnswer, MailFailure, Mailer, mailbox};
use crate::message::{Message, Sender};
use crate::words::cut;

/// Whom a subscription writes to, and in whose name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) to: &'a [String],
    /// None: that of the mail server's configuration.
    pub(super) from: Option<&'a str>,
}

/// Whether messages can be sent at all, and all addresses be read.
pub(super) fn check(mailer: &Mailer, post: Post<'_>) -> Result<(), SubscriptionError> {
    let wrong = |field, expected, detail| {
        Err(SubscriptionError {
            field,
            expected,
            detail,
        })
    };
    if mailer.from().is_none() {
        let expected = "a mail server in [notify.smtp] of the server's configuration";
        let detail = "no e-mail can be sent".to_owned();
        return wrong("channel.type", expected, detail);
    }
    for to in post.to {
        if let Err(detail) = address(to) {
            return wrong("channel.to", "addresses such as `db@example.org`", detail);
        }
    }
    match post.from.map(mailbox) {
        Some(Err(detail)) => wrong("channel.from", "an address", detail),
        _ => Ok(()),
    }
}

fn address(text: &str) -> Result<Address, String> {
    mailbox(text).map(|read| read.email)
}

/// Sends a message to those who do not have it yet.
pub(super) async fn deliver(
    mailer: &Mailer,
    post: Post<'_>,
    (sender, message): (&Sender<'_>, &Message),
    now_ms: i64,
) -> Outcome {
    let from = post.from.or(mailer.from()).unwrap_or_default();
    let letter = match letter(post, from, (sender, message), now_ms) {
        Ok(letter) => letter,
        Err(detail) => {
            return Outcome {
                verdict: Verdict::Refused,
                status: None,
                detail: cut(&detail, DETAIL_MAX),
                took_ms: 0,
                progress: None,
            };
        }
    };
    let own = id(&message.key, from);
    let root = message.reference.clone().unwrap_or(own);
    match mailer.send(letter).await {
        Ok(answer) => judged(&answer, message.progress.as_deref(), root),
        Err(failure) => failed(failure, message.progress.clone()),
    }
}

fn failed(failure: MailFailure, progress: Option<String>) -> Outcome {
    Outcome {
        verdict: match failure.is_temporary {
            true => Verdict::Later(None),
            false => Verdict::Refused,
        },
        status: failure.status,
        detail: cut(&failure.detail, DETAIL_MAX),
        took_ms: 0,
        progress,
    }
}

/// What an answer means. Someone who is to come back is tried again without those who have it;
/// someone who was refused for good is named, and the others have it nevertheless.
fn judged(answer: &MailAnswer, had: Option<&str>, root: String) -> Outcome {
    let had = had.into_iter().flat_map(str::split_whitespace);
    let taken = answer.taken.iter().map(String::as_str);
    let have: Vec<&str> = had.chain(taken).collect();
    let waits = answer.refused.iter().any(|one| one.is_temporary);
    let verdict = match (waits, have.is_empty()) {
        (true, _) => Verdict::Later(None),
        (false, true) => Verdict::Refused,
        (false, false) => Verdict::Accepted(Some(root)),
    };
    let mut said = Vec::new();
    if !answer.detail.is_empty() {
        said.push(answer.detail.clone());
    }
    let refused = answer.refused.iter();
    said.extend(refused.map(|one| format!("{} was refused: {}", one.to, one.detail)));
    Outcome {
        verdict,
        status: answer.status,
        detail: cut(&said.join("; "), DETAIL_MAX),
        took_ms: answer.took_ms,
        progress: (!have.is_empty()).then(|| have.join(" ")),
    }
}

/// The message as it leaves, to those who do not have it.
fn letter(
    post: Post<'_>,
    from: &str,
    (sender, message): (&Sender<'_>, &Message),
    now_ms: i64,
) -> Result<Letter, String> {
    let from_box = mailbox(from)?;
    let had: Vec<&str> = match &message.progress {
        Some(had) => had.split_whitespace().collect(),
        None => Vec::new(),
    };
    let all = post.to.iter().map(|to| mailbox(to));
    let all = all.collect::<Result<Vec<Mailbox>, String>>()?;
    let to = all.iter().map(|to| to.email.clone());
    let to = to.filter(|to| !had.contains(&to.as_ref())).collect();
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    let mut mail = lettre::Message::builder()
        .from(from_box.clone())
        .date(at)
        .message_id(Some(id(&message.key, from)))
        .subject(line(&message.title))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".into(),
        ));
    for to in all {
        mail = mail.to(to);
    }
    if let Some(root) = message.reference.as_deref() {
        mail = mail.in_reply_to(root.into()).references(root.into());
    }
    let parts = MultiPart::alternative()
        .boundary(boundary(&message.key))
        .singlepart(SinglePart::plain(text(sender, message)))
        .singlepart(SinglePart::html(html(sender, message)));
    let mail = mail.multipart(parts).map_err(|error| error.to_string())?;
    Ok(Letter {
        from: from_box.email,
        to,
        bytes: mail.formatted(),
    })
}

/// What would be sent, without the dress of a mail.
pub(super) fn body(mailer: &Mailer, post: Post<'_>, told: (&Sender<'_>, &Message)) -> Value {
    let (sender, message) = told;
    json!({
        "from": post.from.or(mailer.from()),
        "to": post.to,
        "subject": line(&message.title),
        "text": text(sender, message),
        "html": html(sender, message),
    })
}

/// The Message-ID of a message: the same for every attempt.
fn id(key: &str, from: &str) -> String {
    let domain = mailbox(from).map(|from| from.email.domain().to_owned());
    let local = key.chars().map(|one| match one {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '+' => one,
        _ => '.',
    });
    let local: String = local.collect();
    format!("<{local}@{}>", domain.unwrap_or_default())
}

/// What separates the parts: it follows from the key, so that attempts do not differ.
fn boundary(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("tocsin-{}", digits.collect::<String>())
}

/// A text as a line of a header: nothing that could end it.
fn line(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn footer(sender: &Sender<'_>) -> String {
    let name = line(&sender.subscription.name);
    format!("Sent by Tocsin to the subscription {name}.")
}

fn text(sender: &Sender<'_>, message: &Message) -> String {
    let text = match message.text.is_empty() {
        true => &message.title,
        false => &message.text,
    };
    let place = format!("{}/subscriptions", sender.base_url);
    format!("{text}\n\n-- \n{}\n{place}\n", footer(sender))
}

fn html(sender: &Sender<'_>, message: &Message) -> String {
    let link = match message.items.as_slice() {
        [only] if message.more == 0 => sender.link(&only.alert),
        _ => format!("{}/alerts", sender.base_url),
    };
    let place = format!("{}/subscriptions", sender.base_url);
    format!(
        "<!doctype html>\n<html><body style=\"font-family:sans-serif\">\n\
         <p><strong><a href=\"{}\">{}</a></strong></p>\n\
         <div style=\"white-space:pre-wrap\">{}</div>\n\
         <p style=\"color:#5f676b;font-size:small\"><a href=\"{}\">{}</a></p>\n\
         </body></html>\n",
        escape(&link),
        escape(&message.title),
        escape(&message.text),
        escape(&place),
        escape(&footer(sender)),
    )
}

/// The signs of HTML as text, also within an attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
