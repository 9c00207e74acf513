//! Slack, as far as a bot of one channel uses it: messages that are posted and edited, the channel read back in
//! pages, and the addresses to which answers go that only one person sees. Strict where Slack is about blocks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::web::{Mood, Reply, Request, Web, lock};

/// The most blocks of a message.
const BLOCKS_MAX: usize = 50;
/// The most characters of a message's text, and of a text within a rich text.
const TEXT_MAX: usize = 40_000;

#[derive(Debug, Default)]
struct State {
    messages: Vec<Value>,
    posted: usize,
    edited: usize,
    replies: Vec<Value>,
    /// The errors of the next requests to a method.
    errors: Vec<(String, String)>,
}

/// A workspace with one channel and one bot.
#[derive(Debug)]
pub struct SlackDouble {
    web: Web,
    state: Arc<Mutex<State>>,
}

impl SlackDouble {
    /// The token of the bot.
    pub const TOKEN: &'static str = "xoxb-t0ken";
    /// The channel that the bot is in.
    pub const CHANNEL: &'static str = "C0TOCSIN";

    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> anyhow::Result<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let own = state.clone();
        let web = Web::start(move |request| answer(&mut lock(&own), request))?;
        Ok(Self { web, state })
    }

    /// Where its API is.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api", self.web.url())
    }

    /// Where an answer to someone goes.
    #[must_use]
    pub fn response_url(&self) -> String {
        format!("{}/actions/T0TOCSIN/1/x", self.web.url())
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// Has the next request to a method, such as `chat.postMessage`, fail with an error of Slack's.
    pub fn fail_next(&self, method: &str, error: &str) {
        let one = (method.to_owned(), error.to_owned());
        lock(&self.state).errors.push(one);
    }

    /// The messages of the channel as they are now, the oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        lock(&self.state).messages.clone()
    }

    /// How often a message was posted, and one edited.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.posted, state.edited)
    }

    /// The answers that one person saw.
    #[must_use]
    pub fn replies(&self) -> Vec<Value> {
        lock(&self.state).replies.clone()
    }

    /// Someone deletes all messages.
    pub fn delete_messages(&self) {
        lock(&self.state).messages.clear();
    }
}

fn fail(error: &str) -> Reply {
    Reply::json(200, &json!({ "ok": false, "error": error }))
}

fn answer(state: &mut State, request: &Request) -> Reply {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["actions", ..] => {
            let Some(body) = request.json() else {
                return Reply::empty(400);
            };
            state.replies.push(body);
            Reply {
                status: 200,
                body: "ok".into(),
                ..Reply::default()
            }
        }
        ["api", method] => {
            if request.header("authorization") != format!("Bearer {}", SlackDouble::TOKEN) {
                return fail("invalid_auth");
            }
            let at = state.errors.iter().position(|(name, _)| name == method);
            if let Some(at) = at {
                return fail(&state.errors.remove(at).1);
            }
            called(state, method, request)
        }
        _ => Reply::empty(404),
    }
}

fn called(state: &mut State, method: &str, request: &Request) -> Reply {
    let body = request.json();
    match (method, body) {
        ("auth.test", _) => {
            let who =
                json!({ "ok": true, "user_id": "U0BOT", "bot_id": "B0BOT", "team_id": "T0TOCSIN" });
            Reply::json(200, &who)
        }
        ("chat.postMessage", Some(body)) => post(state, body),
        ("chat.update", Some(body)) => edit(state, body),
        ("conversations.history", _) => history(state, request),
        ("chat.postMessage" | "chat.update", None) => fail("invalid_json"),
        _ => fail("unknown_method"),
    }
}

fn post(state: &mut State, mut message: Value) -> Reply {
    if let Err(error) = check(&message) {
        return fail(error);
    }
    state.posted += 1;
    let ts = format!("{}.{:06}", 1_900_000_000 + state.posted, state.posted);
    message["ts"] = ts.as_str().into();
    message["bot_id"] = "B0BOT".into();
    state.messages.push(message.clone());
    let answer =
        json!({ "ok": true, "channel": SlackDouble::CHANNEL, "ts": ts, "message": message });
    Reply::json(200, &answer)
}

fn edit(state: &mut State, mut message: Value) -> Reply {
    if let Err(error) = check(&message) {
        return fail(error);
    }
    let known = state
        .messages
        .iter_mut()
        .find(|one| one["ts"] == message["ts"]);
    let Some(known) = known else {
        return fail("message_not_found");
    };
    message["bot_id"] = "B0BOT".into();
    *known = message.clone();
    state.edited += 1;
    let answer = json!({ "ok": true, "channel": SlackDouble::CHANNEL, "ts": message["ts"], "text": message["text"] });
    Reply::json(200, &answer)
}

/// A page of the channel, the newest first.
fn history(state: &State, request: &Request) -> Reply {
    // The client of Slack sends a form where the page names POST.
    let form = crate::web::form(&request.body);
    let value = |name: &str| {
        let sent = request.query(name).map(str::to_owned);
        sent.or_else(|| {
            form.iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })
    };
    if value("channel").as_deref() != Some(SlackDouble::CHANNEL) {
        return fail("channel_not_found");
    }
    let number = |name: &str, otherwise: f64| {
        value(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let (oldest, limit) = (number("oldest", 0.0), number("limit", 100.0));
    let skipped = value("cursor").and_then(|text| text.strip_prefix("page=")?.parse().ok());
    let skipped: usize = skipped.unwrap_or(0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of a test"
    )]
    let limit = limit.clamp(1.0, 999.0) as usize;
    let is_meant = |one: &&Value| {
        let ts = one["ts"].as_str().and_then(|ts| ts.parse::<f64>().ok());
        ts.is_some_and(|ts| ts > oldest)
    };
    let all: Vec<&Value> = state.messages.iter().rev().filter(is_meant).collect();
    let page: Vec<&Value> = all.iter().skip(skipped).take(limit).copied().collect();
    let end = skipped + page.len();
    let mut answer = json!({ "ok": true, "messages": page, "has_more": end < all.len() });
    if end < all.len() {
        answer["response_metadata"] = json!({ "next_cursor": format!("page={end}") });
    }
    Reply::json(200, &answer)
}

/// Whether Slack would take a message.
fn check(message: &Value) -> Result<(), &'static str> {
    if message["channel"] != SlackDouble::CHANNEL {
        return Err("channel_not_found");
    }
    let blocks = message["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let text = message["text"].as_str().unwrap_or_default();
    if text.is_empty() && blocks.is_empty() {
        return Err("no_text");
    }
    if text.chars().count() > TEXT_MAX || blocks.len() > BLOCKS_MAX {
        return Err("msg_too_long");
    }
    let (mut names, mut actions) = (BTreeSet::new(), BTreeSet::new());
    for block in blocks {
        let name = block["block_id"].as_str();
        if name.is_some_and(|name| name.chars().count() > 255 || !names.insert(name.to_owned())) {
            return Err("invalid_blocks");
        }
        if !is_block(block, &mut actions) {
            return Err("invalid_blocks");
        }
    }
    Ok(())
}

fn is_block(block: &Value, actions: &mut BTreeSet<String>) -> bool {
    let list = |name: &str| block[name].as_array().map_or(&[][..], Vec::as_slice);
    match block["type"].as_str().unwrap_or_default() {
        "header" => is_text(&block["text"], &["plain_text"], 150),
        "section" => {
            let fields = list("fields");
            let has_text = is_text(&block["text"], &["plain_text", "mrkdwn"], 3000);
            let is_field = |one| is_text(one, &["plain_text", "mrkdwn"], 2000);
            fields.len() <= 10
                && fields.iter().all(is_field)
                && (has_text || (block["text"].is_null() && !fields.is_empty()))
        }
        "context" => {
            let is_one = |one| is_text(one, &["plain_text", "mrkdwn"], 2000);
            (1..=10).contains(&list("elements").len()) && list("elements").iter().all(is_one)
        }
        "rich_text" => {
            let pieces = list("elements").iter().flat_map(|one| {
                let inner = one["elements"].as_array();
                inner.map_or(&[][..], Vec::as_slice)
            });
            let is_one =
                |one: &Value| one["type"] == "text" && length(&one["text"]).is_some_and(|n| n > 0);
            !list("elements").is_empty() && pieces.clone().count() > 0 && pieces.clone().all(is_one)
        }
        "input" => {
            is_text(&block["label"], &["plain_text"], 2000)
                && block["element"]["type"] == "plain_text_input"
                && block["element"]["max_length"]
                    .as_u64()
                    .is_none_or(|most| most <= 3000)
        }
        "actions" => {
            let elements = list("elements");
            (1..=25).contains(&elements.len()) && elements.iter().all(|one| is_button(one, actions))
        }
        _ => false,
    }
}

fn is_button(button: &Value, actions: &mut BTreeSet<String>) -> bool {
    let name = button["action_id"].as_str().unwrap_or_default();
    let style = button["style"].as_str();
    let confirm = &button["confirm"];
    button["type"] == "button"
        && is_text(&button["text"], &["plain_text"], 75)
        && actions.insert(name.to_owned())
        && length(&button["value"]).is_none_or(|length| length <= 2000)
        && length(&button["url"]).is_none_or(|length| length <= 3000)
        && style.is_none_or(|style| matches!(style, "primary" | "danger"))
        && (confirm.is_null()
            || is_text(&confirm["title"], &["plain_text"], 100)
                && is_text(&confirm["text"], &["plain_text", "mrkdwn"], 300)
                && is_text(&confirm["confirm"], &["plain_text"], 30)
                && is_text(&confirm["deny"], &["plain_text"], 30))
}

fn is_text(text: &Value, kinds: &[&str], most: usize) -> bool {
    let kind = text["type"].as_str().unwrap_or_default();
    kinds.contains(&kind)
        && length(&text["text"]).is_some_and(|length| (1..=most).contains(&length))
}

/// The characters of a text; none if it is none.
fn length(text: &Value) -> Option<usize> {
    text.as_str().map(|text| text.chars().count())
}
