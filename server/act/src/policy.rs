//! What is to be done with a delivery now: send it, wait, or let it be. Pure functions.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tocsin_domain::alert::{Alert, AlertStatus, Silence};
use tocsin_domain::subscription::{Delivery, News, QuietHours, RateLimit, Subscription};

/// How long what is held back waits before it is looked at again, in ms: whoever holds it may let
/// it go at any time.
const HOLD_MS: i64 = 30_000;
/// The longest wait that a receiver may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// What to do with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Tell it.
    Send,
    /// Not before a time, in ms, and why.
    Hold(i64, String),
    /// It is needless, and why.
    Skip(&'static str),
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) subscription: &'a Subscription,
    /// The alert as it is now.
    pub(crate) alert: &'a Alert,
    /// The silences that hold now or held when it happened.
    pub(crate) silences: &'a [Silence],
    /// Whether the subscription was told that the alert is there, and not yet that it is over.
    pub(crate) is_open: bool,
    pub(crate) now_ms: i64,
}

/// What to do with a delivery that is due.
///
/// The end of an alert is told to whom its beginning was, silenced or not: otherwise a page would
/// stay open for ever. Everything else waits while someone holds it, and is let be if that made it
/// needless.
pub(crate) fn decide(delivery: &Delivery, situation: Situation<'_>) -> Decision {
    let Situation {
        subscription,
        alert,
        silences,
        is_open,
        now_ms,
    } = situation;
    if delivery.news.is_end() && !is_open {
        return Decision::Skip("its beginning was not told");
    }
    if delivery.news == News::Noted && !is_open {
        return Decision::Skip("its beginning was not told");
    }
    if !delivery.news.is_end() {
        let silence = silences
            .iter()
            .find(|silence| silence.holds(&alert.labels, now_ms));
        let was_silenced = silences
            .iter()
            .any(|silence| silence.holds(&alert.labels, delivery.at_ms));
        let is_snoozed = alert.snoozed_until_ms.filter(|until| *until > now_ms);
        let was_held = delivery.was_held || was_silenced || silence.is_some();
        if (was_held || is_snoozed.is_some()) && !alert.is_firing() {
            return Decision::Skip("it ended while it was held back");
        }
        let is_taken = matches!(
            alert.status,
            AlertStatus::Acknowledged | AlertStatus::InProgress
        );
        if is_taken && !matches!(delivery.news, News::Escalated | News::Noted) {
            return Decision::Skip("someone has it already");
        }
        if let Some(silence) = silence {
            return Decision::Hold(now_ms + HOLD_MS, format!("held by silence {}", silence.id));
        }
        if let Some(until) = is_snoozed {
            let until = until.min(now_ms + HOLD_MS);
            return Decision::Hold(until, "held: the alert is snoozed".into());
        }
    }
    let quiet = subscription.quiet_hours;
    let quiet = quiet.filter(|_| QuietHours::is_for(alert.severity));
    match quiet.and_then(|quiet| quiet.until(now_ms)) {
        Some(until) => Decision::Hold(until, "held by quiet hours".into()),
        None => Decision::Send,
    }
}

/// How what is to be sent is put into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gathering {
    /// Each in a message of its own.
    Single,
    /// All in one message.
    Together,
    /// Not before a time, in ms.
    Wait(i64),
}

/// How many things that are to be sent now go out, given when messages went out within the window
/// of the rate limit, in ms, oldest first. The last message that the limit allows takes all that
/// is left.
pub(crate) fn gather(
    subscription: &Subscription,
    waiting: usize,
    sent_ms: &[i64],
    now_ms: i64,
) -> Gathering {
    let is_digest = subscription.digest_secs.is_some();
    let plain = match is_digest {
        true => Gathering::Together,
        false => Gathering::Single,
    };
    let Some(RateLimit {
        messages,
        window_secs,
    }) = subscription.rate_limit
    else {
        return plain;
    };
    let room = (messages as usize).saturating_sub(sent_ms.len());
    match room {
        0 => {
            // The window is open again once all but `messages - 1` have left it.
            let freeing = sent_ms.len().saturating_sub(messages as usize);
            let oldest = sent_ms.get(freeing).copied().unwrap_or(now_ms);
            let opens = oldest + i64::from(window_secs) * 1000;
            Gathering::Wait(opens.max(now_ms + 1))
        }
        1 if waiting > 1 => Gathering::Together,
        _ => plain,
    }
}

/// When what happens now is due, in ms: at once, or with the next digest.
pub(crate) fn due_ms(subscription: &Subscription, now_ms: i64) -> i64 {
    match subscription.digest_secs {
        None => now_ms,
        Some(secs) => {
            let period = i64::from(secs).max(1) * 1000;
            (now_ms.div_euclid(period) + 1) * period
        }
    }
}

/// How attempts follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// The wait after the first, in ms.
    pub(crate) first_ms: u64,
    /// The longest wait, in ms.
    pub(crate) most_ms: u64,
}

impl Backoff {
    /// How long to wait after attempt number `attempts`, from 1 on, in ms. Doubles, and is spread
    /// over the upper half, so that many receivers are not asked at once; `key` says where in it.
    /// A receiver that asks for more gets it, up to an hour.
    pub(crate) fn wait_ms(self, attempts: u32, key: &str, asked: Option<Duration>) -> i64 {
        let doubled = self
            .first_ms
            .saturating_mul(1 << attempts.saturating_sub(1).min(20));
        let full = doubled.min(self.most_ms).max(2);
        let mut hasher = DefaultHasher::new();
        (key, attempts).hash(&mut hasher);
        let wait = full / 2 + hasher.finish() % (full - full / 2);
        let asked = asked.unwrap_or_default().min(RETRY_AFTER_MAX).as_millis();
        let asked = u64::try_from(asked).unwrap_or(u64::MAX);
        i64::try_from(wait.max(asked)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
