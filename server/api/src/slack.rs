//! People who approve in Slack: whether what arrives was signed by Slack, who pressed, and what comes of it.
//!
//! What is pressed is a vote like any other, through the desk of automation, of someone whose name the
//! configuration gives. Answers leave through a port; nothing is sent from here.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tocsin_domain::automation::{Channel, Verdict, Vote};
use tocsin_domain::ports::{AutomationDesk, Ballot, ChatReplies, RunOutcome};
use tocsin_domain::subscription::Secret;

use crate::wire::slack::Pressed;

/// How old, or how far ahead, what is signed may be, in seconds.
const AGE_SECS_MAX: u64 = 300;
/// How many of the last presses are remembered, so that one that is delivered again counts once.
const REMEMBERED_MAX: usize = 4096;

/// Where people approve in Slack. `app` fills it in.
pub struct SlackInbound {
    secret: Secret,
    users: BTreeMap<String, String>,
    desk: Arc<dyn AutomationDesk>,
    replies: Arc<dyn ChatReplies>,
    /// The last presses, oldest first.
    heard: Mutex<VecDeque<String>>,
}

impl fmt::Debug for SlackInbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackInbound")
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

/// Why what arrived is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// A header is missing, or is not as Slack makes it.
    Unreadable,
    /// It is from another time.
    Old,
    /// Someone else signed it.
    Forged,
}

impl Distrust {
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "expected `X-Slack-Request-Timestamp`, and `X-Slack-Signature` of the form `v0=…`"
            }
            Self::Old => "it was signed more than five minutes away from this server's time",
            Self::Forged => "it was not signed with the signing secret of the configuration",
        }
    }
}

impl SlackInbound {
    /// Takes what is signed with `secret`. `users` are the names of those who may vote, by their ids.
    #[must_use]
    pub fn new(
        secret: Secret,
        users: BTreeMap<String, String>,
        desk: Arc<dyn AutomationDesk>,
        replies: Arc<dyn ChatReplies>,
    ) -> Self {
        Self {
            secret,
            users,
            desk,
            replies,
            heard: Mutex::default(),
        }
    }

    /// Whether Slack signed a body just now.
    ///
    /// # Errors
    /// [`Distrust`].
    pub(crate) fn check(
        &self,
        (timestamp, signature): (&str, &str),
        body: &[u8],
        now_secs: i64,
    ) -> Result<(), Distrust> {
        let secs: i64 = timestamp.parse().map_err(|_| Distrust::Unreadable)?;
        let mac = signature.strip_prefix("v0=").and_then(from_hex);
        let mac = mac.ok_or(Distrust::Unreadable)?;
        if secs.abs_diff(now_secs) > AGE_SECS_MAX {
            return Err(Distrust::Old);
        }
        let keyed = Hmac::<Sha256>::new_from_slice(self.secret.0.as_bytes());
        let mut expected = keyed.map_err(|_| Distrust::Forged)?;
        for part in [b"v0:", timestamp.as_bytes(), b":", body] {
            expected.update(part);
        }
        // Compared in constant time.
        expected.verify_slice(&mac).map_err(|_| Distrust::Forged)
    }

    /// Votes for whoever pressed, and answers them. What is delivered again is passed over.
    pub(crate) async fn hear(&self, pressed: Pressed) {
        if !self.is_new(&pressed.key) {
            return;
        }
        let answer = |text: &str| {
            if let Some(to) = &pressed.answers_to {
                self.replies.reply(to, text);
            }
        };
        let Some(name) = self.users.get(&pressed.user) else {
            tracing::warn!(user = %pressed.user, run = %pressed.press.run, "someone who is not listed pressed in Slack");
            let text = format!(
                "This was not counted: Tocsin does not know who you are. Whoever runs it can add `{}` to \
                 `automation.slack.users`.",
                pressed.user
            );
            return answer(&text);
        };
        let ballot = Ballot {
            run: pressed.press.run,
            plan: pressed.press.plan,
            verdict: pressed.verdict,
            comment: pressed.comment.chars().take(Vote::COMMENT_MAX).collect(),
            actor: name.clone(),
            channel: Channel::Slack,
        };
        let verb = match pressed.verdict {
            Verdict::Approve => "approval",
            Verdict::Reject => "rejection",
        };
        match self.desk.vote(ballot).await {
            Ok(RunOutcome::Done(run)) => {
                answer(&format!("Your {verb} counts, {name}: {}.", run.reason));
            }
            Ok(RunOutcome::Unknown(why) | RunOutcome::Refused(why)) => {
                answer(&format!("Your {verb} was not counted, {name}: {why}."));
            }
            Err(error) => {
                tracing::error!(%error, run = %pressed.press.run, "a vote from Slack could not be kept");
                self.forget(&pressed.key);
                answer(&format!(
                    "Your {verb} could not be kept, {name}: try again soon."
                ));
            }
        }
    }

    fn is_new(&self, key: &str) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.iter().any(|known| known == key) {
            return false;
        }
        if heard.len() >= REMEMBERED_MAX {
            heard.pop_front();
        }
        heard.push_back(key.to_owned());
        true
    }

    fn forget(&self, key: &str) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|known| known != key);
    }
}

/// 32 bytes of 64 hexadecimal digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}
