//! A receiver of actions (`webhook` of automation): it does what it is told, remembers how often it did
//! what, and says what became of it. It can kill the server at the moment that matters.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::web::{Mood, Reply, Request, Web, lock};

/// When the server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillAt {
    /// Something is asked for, and not done.
    Arrival,
    /// Something is done, and not answered.
    Effect,
    /// The server asks what became of something.
    Question,
}

#[derive(Debug, Default)]
struct Kept {
    /// How often something was done, by its key.
    effects: BTreeMap<String, u32>,
    /// When which process is killed.
    trap: Option<(KillAt, u32)>,
}

impl Kept {
    /// Kills, if it is the moment; true if it was.
    fn springs(&mut self, at: KillAt) -> bool {
        let Some((_, process)) = self.trap.take_if(|(when, _)| *when == at) else {
            return false;
        };
        let mut kill = Command::new("kill");
        let kill = kill.args(["-9", &process.to_string()]);
        // It may have been killed by someone else before.
        let _gone = kill.stderr(Stdio::null()).status();
        true
    }
}

/// A receiver of actions.
#[derive(Debug)]
pub struct ActionReceiver {
    web: Web,
    kept: Arc<Mutex<Kept>>,
}

impl ActionReceiver {
    /// What requests are signed with.
    pub const SECRET: &str = "receivers-secret";

    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> anyhow::Result<Self> {
        let kept = Arc::<Mutex<Kept>>::default();
        let own = kept.clone();
        let web = Web::start(move |request| answer(&mut lock(&own), request))?;
        Ok(Self { web, kept })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Where it is asked what became of something.
    #[must_use]
    pub fn status_url(&self) -> String {
        format!("{}/status", self.web.url())
    }

    /// Kills a process the next time that it is the moment.
    pub fn kill_at(&self, at: KillAt, process: u32) {
        lock(&self.kept).trap = Some((at, process));
    }

    /// Kills nothing any more.
    pub fn disarm(&self) {
        lock(&self.kept).trap = None;
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// How often something was done, by the run.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<String, u32> {
        lock(&self.kept).effects.clone()
    }
}

fn answer(kept: &mut Kept, request: &Request) -> Reply {
    if let ["status", key] = &*request
        .parts()
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
    {
        if kept.springs(KillAt::Question) {
            return Reply::empty(503);
        }
        return match kept.effects.contains_key(*key) {
            true => Reply::json(200, &json!({ "state": "succeeded", "detail": "done" })),
            false => Reply::empty(404),
        };
    }
    let key = request.header("idempotency-key").to_owned();
    let action = request.json().unwrap_or_default();
    if request.method != "POST" || action["action"] == "cancel" || key.is_empty() {
        return Reply::empty(200);
    }
    if kept.springs(KillAt::Arrival) {
        return Reply::empty(503);
    }
    *kept.effects.entry(key).or_default() += 1;
    kept.springs(KillAt::Effect);
    Reply::empty(202)
}
