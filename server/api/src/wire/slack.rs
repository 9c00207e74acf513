//! What Slack sends: the handshake of an address, and what people pressed. Whatever else it sends is not for us.
//!
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::automation::{Press, Verdict};
use utoipa::ToSchema;

/// The answer to the handshake of an address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlackChallenge {
    /// What Slack sent.
    pub(crate) challenge: String,
}

/// What arrived.
#[derive(Debug)]
pub(crate) enum Sent {
    /// Slack asks whether we are who we should be.
    Handshake(SlackChallenge),
    /// Someone pressed a button of ours.
    Pressed(Pressed),
    /// It is not for us.
    Other,
}

/// Who pressed what.
#[derive(Debug, Clone)]
pub(crate) struct Pressed {
    /// What is the same if it is delivered again.
    pub(crate) key: String,
    /// The id of the user.
    pub(crate) user: String,
    /// About which run and plan.
    pub(crate) press: Press,
    /// Yes or no.
    pub(crate) verdict: Verdict,
    /// What the person wrote.
    pub(crate) comment: String,
    /// Where an answer goes.
    pub(crate) answers_to: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Form {
    payload: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    r#type: String,
    user: User,
    actions: Vec<Action>,
    state: State,
    response_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action {
    action_id: String,
    value: String,
    action_ts: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    values: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct Event {
    r#type: String,
    challenge: Option<String>,
}

/// What a body says. Events come as JSON, what people press as a form.
pub(crate) fn read(body: &[u8]) -> Sent {
    if let Ok(event) = serde_json::from_slice::<Event>(body) {
        return match event.challenge {
            Some(challenge) if event.r#type == "url_verification" => {
                Sent::Handshake(SlackChallenge { challenge })
            }
            _ => Sent::Other,
        };
    }
    let form: Result<Form, _> = serde_urlencoded::from_bytes(body);
    let payload = form.ok().and_then(|form| form.payload);
    let payload = payload.and_then(|text| serde_json::from_str::<Payload>(&text).ok());
    match payload {
        Some(payload) => pressed(payload).map_or(Sent::Other, Sent::Pressed),
        None => Sent::Other,
    }
}

fn pressed(payload: Payload) -> Option<Pressed> {
    if payload.r#type != "block_actions" || payload.user.id.is_empty() {
        return None;
    }
    let mut actions = payload.actions.into_iter();
    let (action, verdict) = actions.find_map(|action| {
        let verdict = match action.action_id.as_str() {
            Press::APPROVE => Verdict::Approve,
            Press::REJECT => Verdict::Reject,
            _ => return None,
        };
        Some((action, verdict))
    })?;
    let comment = payload.state.values.get(Press::COMMENT);
    let comment = comment.and_then(|fields| fields.get(Press::COMMENT)?.get("value")?.as_str());
    Some(Pressed {
        key: format!("{} {} {}", payload.user.id, action.action_ts, action.value),
        press: action.value.parse().ok()?,
        user: payload.user.id,
        verdict,
        comment: comment.unwrap_or_default().trim().to_owned(),
        answers_to: payload.response_url,
    })
}
