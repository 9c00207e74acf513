//! What is to be done about a ticket now: open, tell, open again, resolve, wait, or let it be.
//! Pure functions.

use tocsin_domain::alert::{Alert, AlertEventKind, Silence};
use tocsin_domain::ticket::{DecisionAction, NewDecision, Ticket, TicketSettings, TicketStatus};

use super::words;

/// How long what is held back waits before it is looked at again, in ms: whoever holds it may let
/// it go at any time.
pub(super) const HOLD_MS: i64 = 30_000;
const HOUR_MS: f64 = 3_600_000.0;

/// What happened to an alert, as far as tickets are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fired,
    Returned,
    Flapping,
    Escalated,
    Cleared,
    Resolved,
    /// Nothing: someone wants a ticket.
    Asked,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Fired,
        Self::Returned,
        Self::Flapping,
        Self::Escalated,
        Self::Cleared,
        Self::Resolved,
    ];

    /// That of an event; none if it does not matter here.
    pub(super) fn of(kind: &AlertEventKind) -> Option<Self> {
        Self::named(kind.name())
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of the event.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Returned => "returned",
            Self::Flapping => "flapping",
            Self::Escalated => "escalated",
            Self::Cleared => "cleared",
            Self::Resolved => "resolved",
            Self::Asked => "by_hand",
        }
    }

    const fn is_end(self) -> bool {
        matches!(self, Self::Cleared | Self::Resolved)
    }
}

/// What is decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occasion {
    /// The number of the event.
    pub(super) seq: u64,
    pub(super) kind: Kind,
    /// When it happened, in ms.
    pub(super) at_ms: i64,
    /// Whether it was held back before.
    pub(super) was_held: bool,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) settings: &'a TicketSettings,
    /// The alert as it is now.
    pub(super) alert: &'a Alert,
    /// The newest ticket of its fingerprint.
    pub(super) ticket: Option<&'a Ticket>,
    /// The silences that hold now.
    pub(super) silences: &'a [Silence],
    pub(super) now_ms: i64,
}

/// What is to be done, and why; none if there is nothing to decide.
///
/// The end of an alert without a ticket needs no decision, and would only hide those that matter.
pub(super) fn decide(occasion: Occasion, situation: Situation<'_>) -> Option<NewDecision> {
    let Situation {
        settings,
        alert,
        ticket,
        now_ms,
        ..
    } = situation;
    let open = ticket.filter(|ticket| ticket.status == TicketStatus::Open);
    if occasion.kind.is_end() && open.is_none() {
        return None;
    }
    let event = (occasion.seq, occasion.kind.name());
    let mut decision = NewDecision::about(alert, event, now_ms);
    decision.threshold = settings.thresholds.of(alert.severity);
    let (action, reason) = match (settings.is_enabled, occasion.kind.is_end(), open) {
        (false, _, _) => skip("tickets are switched off"),
        (true, true, Some(open)) => end(situation, open),
        (true, _, open) => begin(occasion, situation, open),
    };
    decision.ticket = match action {
        DecisionAction::Reopen => ticket.map(|ticket| ticket.id),
        _ => open.map(|ticket| ticket.id),
    };
    (decision.action, decision.reason) = (action, reason);
    if decision.action == DecisionAction::Hold {
        let snoozed = alert.snoozed_until_ms.filter(|until| *until > now_ms);
        let due_ms = snoozed.map_or(now_ms + HOLD_MS, |until| until.min(now_ms + HOLD_MS));
        decision.due_ms = Some(due_ms);
    }
    Some(decision)
}

fn skip(why: &str) -> (DecisionAction, String) {
    (DecisionAction::Skip, why.to_owned())
}

/// The alert is over, and a ticket is open.
///
/// An end is never held back: otherwise a ticket would stay open for ever.
fn end(situation: Situation<'_>, open: &Ticket) -> (DecisionAction, String) {
    let alert = situation.alert;
    if !situation.settings.resolves {
        return skip("tickets are not resolved when their alert is over");
    }
    if open.alert > alert.id {
        return skip("a newer alert about the same has the ticket");
    }
    if alert.is_flapping {
        return skip("the alert comes and goes: its ticket stays open until it is quiet");
    }
    if alert.is_firing() {
        return skip("the alert fires again already");
    }
    let lasted = alert.ends_ms.unwrap_or(situation.now_ms) - alert.starts_ms;
    let key = words::key(open);
    let reason = format!(
        "the alert is over after {}: {key} is resolved",
        words::span(lasted)
    );
    (DecisionAction::Resolve, reason)
}

/// The alert fires.
fn begin(
    occasion: Occasion,
    situation: Situation<'_>,
    open: Option<&Ticket>,
) -> (DecisionAction, String) {
    let Situation { alert, now_ms, .. } = situation;
    let (action, reason) = wanted(occasion, situation, open);
    if action == DecisionAction::Skip {
        return (action, reason);
    }
    let mut silences = situation.silences.iter();
    let silence = silences.find(|silence| silence.holds(&alert.labels, now_ms));
    let is_snoozed = alert.snoozed_until_ms.is_some_and(|until| until > now_ms);
    let is_held = silence.is_some() || is_snoozed;
    if (is_held || occasion.was_held) && !alert.is_firing() {
        return skip("it ended while it was held back");
    }
    match silence {
        Some(silence) => {
            let why = format!("held by silence {}", silence.id);
            (DecisionAction::Hold, why)
        }
        None if is_snoozed => (DecisionAction::Hold, "held: the alert is snoozed".into()),
        None => (action, reason),
    }
}

/// What would be done about an alert that fires if nobody held it back.
fn wanted(
    occasion: Occasion,
    situation: Situation<'_>,
    open: Option<&Ticket>,
) -> (DecisionAction, String) {
    let Situation {
        settings,
        alert,
        ticket,
        now_ms,
        ..
    } = situation;
    if let Some(open) = open {
        let what = words::happened(occasion.kind);
        let reason = format!("{} is open, and is told that {what}", words::key(open));
        return (DecisionAction::Update, reason);
    }
    let (is_sure, reason) = is_sure(alert, settings.thresholds.of(alert.severity));
    let resolved = ticket.filter(|ticket| !ticket.is_gone());
    match resolved {
        _ if !is_sure => (DecisionAction::Skip, reason),
        None => (DecisionAction::Create, reason),
        Some(before) => {
            let key = words::key(before);
            let ago_ms = now_ms - before.resolved_ms.unwrap_or(now_ms);
            let hours = settings.reopen_hours;
            let ago = words::span(ago_ms);
            match is_soon(ago_ms, hours) {
                true => {
                    let why = format!("{reason}; {key} was resolved {ago} ago, within {hours} h");
                    (DecisionAction::Reopen, why)
                }
                false => {
                    let why =
                        format!("{reason}; {key} was resolved {ago} ago, longer than {hours} h");
                    (DecisionAction::Create, why)
                }
            }
        }
    }
}

/// What opening a ticket by hand comes to, whatever thresholds and silences say, and what an event
/// would have been decided on.
pub(super) fn by_hand(
    settings: &TicketSettings,
    alert: &Alert,
    ticket: Option<&Ticket>,
    now_ms: i64,
) -> (DecisionAction, String) {
    let (_, reason) = is_sure(alert, settings.thresholds.of(alert.severity));
    let resolved_ms = ticket.map(|ticket| ticket.resolved_ms.unwrap_or(now_ms));
    let action = match (ticket, resolved_ms) {
        (Some(ticket), _) if ticket.status == TicketStatus::Open => DecisionAction::Update,
        (Some(ticket), Some(resolved_ms))
            if !ticket.is_gone() && is_soon(now_ms - resolved_ms, settings.reopen_hours) =>
        {
            DecisionAction::Reopen
        }
        _ => DecisionAction::Create,
    };
    (action, reason)
}

/// Whether something so long ago, in ms, is within a window of hours; of none at all nothing is.
fn is_soon(ago_ms: i64, hours: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "ages are far below 2^52 ms")]
    let ago = ago_ms as f64 / HOUR_MS;
    hours > 0.0 && ago <= hours
}

/// Whether an alert is sure enough for a threshold, as a sentence with the numbers. A confidence
/// that is no number is none at all.
pub(super) fn is_sure(alert: &Alert, threshold: f64) -> (bool, String) {
    let severity = alert.severity.name();
    if threshold > 1.0 {
        return (
            false,
            format!("alerts of severity {severity} get no ticket"),
        );
    }
    let confidence = match alert.confidence.is_nan() {
        true => 0.0,
        false => alert.confidence,
    };
    let is_sure = confidence >= threshold;
    // As many digits as it takes to tell them apart.
    let shown = (2..7)
        .map(|digits| {
            (
                format!("{confidence:.digits$}"),
                format!("{threshold:.digits$}"),
            )
        })
        .find(|(confidence, threshold)| is_sure || confidence != threshold);
    let (confidence, threshold) =
        shown.unwrap_or_else(|| (confidence.to_string(), threshold.to_string()));
    let relation = match is_sure {
        true => "at least",
        false => "below",
    };
    let reason =
        format!("confidence {confidence} is {relation} {threshold}, the threshold of {severity}");
    (is_sure, reason)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
