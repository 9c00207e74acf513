//! What a decision changes: the ticket, and what its tracker is to be told. Pure functions.

use tocsin_domain::alert::Alert;
use tocsin_domain::ports::TicketCommit;
use tocsin_domain::ticket::{
    DecisionAction, NewDecision, NewTask, TaskKind, Ticket, TicketComment, TicketId, TicketStatus,
    TrackerKind,
};

use super::decide::Occasion;
use super::words::{self, Why};

/// Who changes a ticket, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'a> {
    /// A user, `anonymous`, or `system`.
    pub(super) actor: &'a str,
    /// The number of the event; of what is done by hand, one that no event has.
    pub(super) seq: u64,
    pub(super) now_ms: i64,
}

/// A ticket as it is from now on, and what is to be told about it, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) ticket: Ticket,
    pub(super) told: Vec<(TaskKind, String)>,
}

impl Change {
    /// Adds it to a commit: as tasks for a tracker elsewhere; the built-in one is the store, so
    /// that there what is decided is done.
    pub(super) fn record(self, by: By<'_>, commit: &mut TicketCommit) {
        let Self { ticket, told } = self;
        for (kind, text) in told {
            match (ticket.tracker, kind) {
                (TrackerKind::BuiltIn, TaskKind::Comment) => commit.comments.push(TicketComment {
                    ticket: ticket.id,
                    at_ms: by.now_ms,
                    author: by.actor.to_owned(),
                    text,
                }),
                (TrackerKind::BuiltIn, _) => {}
                _ => commit.tasks.push(NewTask {
                    ticket: ticket.id,
                    event_seq: by.seq,
                    kind,
                    text,
                    due_ms: by.now_ms,
                }),
            }
        }
        commit.tickets.push(ticket);
    }
}

/// What a decision to do something about a ticket rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) alert: &'a Alert,
    /// The newest ticket of the alert's fingerprint.
    pub(super) ticket: Option<&'a Ticket>,
    pub(super) tracker: TrackerKind,
    /// Where the page is, without a slash at the end.
    pub(super) base_url: &'a str,
}

/// What follows from a decision, which is told the ticket that is opened; none if nothing does.
pub(super) fn follow(
    decision: &mut NewDecision,
    occasion: Occasion,
    ground: Ground<'_>,
) -> Option<Change> {
    let Ground { alert, ticket, .. } = ground;
    let now_ms = decision.at_ms;
    let kind = occasion.kind;
    match (decision.action, ticket) {
        (DecisionAction::Create, _) => {
            let ticket = open(decision, occasion, ground);
            decision.ticket = Some(ticket.id);
            let told = vec![(TaskKind::Create, ticket.title.clone())];
            Some(Change { ticket, told })
        }
        (DecisionAction::Update, Some(ticket)) => {
            let news = words::news(alert, kind, ticket.severity, ground.base_url);
            let ticket = told_again(ticket, alert, now_ms);
            let told = vec![(TaskKind::Comment, news)];
            Some(Change { ticket, told })
        }
        (DecisionAction::Reopen, Some(ticket)) => {
            let news = words::news(alert, kind, ticket.severity, ground.base_url);
            let ticket = told_again(ticket, alert, now_ms);
            Some(reopened(ticket, decision.reason.clone(), news))
        }
        (DecisionAction::Resolve, Some(ticket)) => {
            let news = words::ending(alert, kind);
            Some(resolved(
                ticket.clone(),
                now_ms,
                decision.reason.clone(),
                news,
            ))
        }
        _ => None,
    }
}

/// A ticket that is open again, and says why.
pub(super) fn reopened(ticket: Ticket, why: String, news: String) -> Change {
    let ticket = Ticket {
        status: TicketStatus::Open,
        resolved_ms: None,
        ..ticket
    };
    // One that is closed may not take comments.
    let told = vec![(TaskKind::Reopen, why), (TaskKind::Comment, news)];
    Change { ticket, told }
}

/// A ticket that is done, and says why.
pub(super) fn resolved(ticket: Ticket, now_ms: i64, why: String, news: String) -> Change {
    let ticket = Ticket {
        status: TicketStatus::Resolved,
        resolved_ms: Some(now_ms),
        updated_ms: now_ms,
        ..ticket
    };
    let told = vec![(TaskKind::Comment, news), (TaskKind::Resolve, why)];
    Change { ticket, told }
}

/// A new ticket. Its id follows from the event; it is later than the ticket before it whatever the
/// clocks say, so that it is the newest of its fingerprint.
fn open(decision: &NewDecision, occasion: Occasion, ground: Ground<'_>) -> Ticket {
    let Ground {
        alert,
        ticket: before,
        tracker,
        base_url,
    } = ground;
    let earliest_ms = before.map_or(0, |before| before.created_ms + 1);
    let at_ms = occasion.at_ms.max(earliest_ms);
    let why = Why {
        reason: &decision.reason,
        follows: before,
    };
    Ticket {
        id: TicketId::of(alert.id, occasion.seq, at_ms),
        fingerprint: alert.fingerprint,
        alert: alert.id,
        rule: alert.rule.clone(),
        title: words::title(alert),
        description: words::description(alert, why, base_url),
        severity: alert.severity,
        labels: alert.labels.clone(),
        failure_type: alert.failure_type.clone(),
        status: TicketStatus::Open,
        tracker,
        reference: None,
        created_ms: decision.at_ms.max(at_ms),
        updated_ms: decision.at_ms,
        resolved_ms: None,
        occurrences: 1,
    }
}

fn told_again(ticket: &Ticket, alert: &Alert, now_ms: i64) -> Ticket {
    Ticket {
        alert: ticket.alert.max(alert.id),
        severity: alert.severity,
        updated_ms: now_ms,
        occurrences: ticket.occurrences.saturating_add(1),
        ..ticket.clone()
    }
}
