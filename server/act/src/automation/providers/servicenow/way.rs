//! The way of a change through its states. Until it is approved it is taken no further than to where
//! approval is asked for, and never to where it is implemented; which state may follow is asked before each step, and read after it.

use serde_json::{Value, json};
use tocsin_domain::ticket::TicketRef;

use crate::automation::providers::records::Progress;
use crate::trackers::TrackerError;
use crate::trackers::changes::Change;
use crate::trackers::servicenow::Instance;

/// The state of a change that was called off.
pub(super) const CANCELLED: &str = "4";
/// States in order: new, assess, authorize, scheduled, implement, review, closed.
const WAY: [&str; 7] = ["-5", "-4", "-3", "-2", "-1", "0", "3"];
const AUTHORIZE: usize = 2;
const SCHEDULED: usize = 3;
const IMPLEMENT: usize = 4;
const REVIEW: usize = 5;
const CLOSED: usize = 6;

/// How far a run takes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// It is approved.
    Approved,
    /// Its approval is asked for.
    Requested,
    /// It is being implemented.
    Implement,
    /// It is under review.
    Review,
    /// It is closed.
    Closed,
}

impl Until {
    /// The words of rules, the default first.
    pub(super) const NAMES: [&'static str; 5] =
        ["approved", "requested", "implement", "review", "closed"];
    const ALL: [Self; 5] = [
        Self::Approved,
        Self::Requested,
        Self::Implement,
        Self::Review,
        Self::Closed,
    ];

    /// Reads one of [`Self::NAMES`].
    pub(super) fn read(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|one| one.name() == name);
        found.unwrap_or(Self::Approved)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Requested => "requested",
            Self::Implement => "implement",
            Self::Review => "review",
            Self::Closed => "closed",
        }
    }

    /// The last state that it is taken to.
    const fn rank(self) -> usize {
        match self {
            Self::Requested | Self::Approved => SCHEDULED,
            Self::Implement => IMPLEMENT,
            Self::Review => REVIEW,
            Self::Closed => CLOSED,
        }
    }

    fn is_met(self, change: &Change, rank: usize) -> bool {
        let is_approved = change.approval == "approved";
        match self {
            Self::Requested => is_approved || change.approval == "requested",
            Self::Approved => is_approved,
            Self::Implement | Self::Review => is_approved && rank >= self.rank(),
            Self::Closed => rank == CLOSED,
        }
    }
}

/// The last state that a change is taken to before it is approved. The model of standard changes has
/// none in which they are assessed or authorized.
const fn gate(change: &Change) -> usize {
    match change.is_standard {
        true => SCHEDULED,
        false => AUTHORIZE,
    }
}

fn rank(state: &str) -> Option<usize> {
    WAY.iter().position(|known| *known == state)
}

/// How far a change is.
pub(super) fn progress(change: &Change, until: Until, name: &str) -> Progress {
    if change.state == CANCELLED {
        return Progress::Cancelled(format!("{name} was called off"));
    }
    if change.approval == "rejected" {
        return Progress::Failed(format!("{name} was not approved"));
    }
    let Some(rank) = rank(&change.state) else {
        // A model of their own: that it is approved is seen, but not which state follows.
        if until.is_met(change, 0) {
            return Progress::Done(said(change, 0));
        }
        let state = &change.state;
        return Progress::Failed(format!("{name} is in a state that is not known: {state}"));
    };
    let said = said(change, rank);
    if until.is_met(change, rank) {
        Progress::Done(said)
    } else if change.approval != "approved"
        && (change.approval == "requested" || rank >= gate(change))
    {
        Progress::Waits(said)
    } else {
        Progress::Ready(said)
    }
}

/// What is printed of a change; what is printed later begins with that.
fn said(change: &Change, rank: usize) -> String {
    let is_approved = change.approval == "approved";
    let is_asked = !change.is_standard && (is_approved || change.approval == "requested");
    let lines = [
        (is_asked, "its approval is asked for\n"),
        (is_approved, "it is approved\n"),
        (
            is_approved && rank >= IMPLEMENT,
            "it is being implemented\n",
        ),
        (is_approved && rank >= REVIEW, "it is under review\n"),
        (is_approved && rank >= CLOSED, "it is closed\n"),
    ];
    let lines = lines.iter().filter(|(is_so, _)| *is_so);
    lines.map(|(_, line)| *line).collect()
}

/// The next state on the way, of those that a change offers.
fn next<'a>(change: &Change, until: Until, available: &'a [String]) -> Option<&'a str> {
    let now = rank(&change.state)?;
    let most = match change.approval == "approved" {
        true => until.rank(),
        false => until.rank().min(gate(change)),
    };
    let ranked = available
        .iter()
        .filter_map(|state| Some((rank(state)?, state)));
    let ahead = ranked.filter(|(rank, _)| (now + 1..=most).contains(rank));
    ahead.min().map(|(_, state)| state.as_str())
}

/// Takes a change to its next state. `close` is what it is closed with.
pub(super) async fn go_on(
    instance: &Instance,
    record: &TicketRef,
    (until, close): (Until, &Value),
) -> Result<(), TrackerError> {
    let change = instance.change(record).await?;
    if !matches!(progress(&change, until, &record.key), Progress::Ready(_)) {
        return Ok(());
    }
    let offered = instance.next_states(record).await?;
    let Some(next) = next(&change, until, &offered.available) else {
        let from = offered.label(&change.state);
        let unmet = match offered.unmet.as_slice() {
            [] => String::new(),
            unmet => format!("; not met: {}", unmet.join(", ")),
        };
        return Err(TrackerError::Later {
            is_unsure: false,
            wait: None,
            detail: format!(
                "ServiceNow: {} may not go on from {from}{unmet}",
                record.key
            ),
        });
    };
    let mut fields = match next == "3" {
        true => close.clone(),
        false => json!({}),
    };
    fields["state"] = next.into();
    instance.set_change(record, &fields).await?;
    match instance.change(record).await? == change {
        false => Ok(()),
        true => Err(taken_back(&record.key)),
    }
}

/// Calls a change off.
pub(super) async fn call_off(instance: &Instance, record: &TicketRef) -> Result<(), TrackerError> {
    let offered = instance.next_states(record).await?;
    if !offered.available.iter().any(|state| state == CANCELLED) {
        let detail = format!("ServiceNow: {} cannot be called off any more", record.key);
        return Err(TrackerError::Refused(detail));
    }
    instance
        .set_change(record, &json!({ "state": CANCELLED }))
        .await?;
    match instance.change(record).await?.state == CANCELLED {
        true => Ok(()),
        false => Err(taken_back(&record.key)),
    }
}

/// A rule of the instance took it back, and the answer was good nevertheless.
pub(super) fn taken_back(name: &str) -> TrackerError {
    TrackerError::Refused(format!(
        "ServiceNow did not keep the state of {name}; look at the rules of the table"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(state: &str, approval: &str) -> Change {
        Change {
            state: state.into(),
            approval: approval.into(),
            is_standard: false,
        }
    }

    #[test]
    fn nothing_goes_past_authorize_before_it_is_approved() {
        let all: Vec<String> = WAY
            .iter()
            .rev()
            .chain(&[CANCELLED])
            .map(ToString::to_string)
            .collect();
        for until in Until::ALL {
            for (now, state) in WAY.iter().enumerate() {
                for approval in ["not requested", "requested", "rejected", "odd", ""] {
                    let change = change(state, approval);
                    let next = next(&change, until, &all).map(|state| rank(state).unwrap());
                    assert!(next.is_none_or(|next| next <= AUTHORIZE && next == now + 1));
                    let is_done = matches!(progress(&change, until, "C"), Progress::Done(_));
                    let may_be = until == Until::Closed && now == CLOSED
                        || until == Until::Requested && approval == "requested";
                    assert!(!is_done || may_be, "{until:?} {state} {approval}");
                }
            }
        }
    }

    #[test]
    fn a_standard_change_is_scheduled_and_no_more_before_it_is_approved() {
        let all: Vec<String> = ["-2", "4"].map(str::to_owned).to_vec();
        let of = |state, approval| Change {
            is_standard: true,
            ..change(state, approval)
        };
        let until = Until::Implement;
        assert_eq!(next(&of("-5", "not requested"), until, &all), Some("-2"));
        let waits = progress(&of("-2", "not requested"), until, "C");
        assert_eq!(waits, Progress::Waits(String::new()));
        assert_eq!(next(&change("-5", "not requested"), until, &all), None);
    }

    #[test]
    fn an_approved_change_goes_on_one_by_one_and_no_further_than_wanted() {
        let all: Vec<String> = WAY.iter().map(ToString::to_string).collect();
        for until in [Until::Implement, Until::Review, Until::Closed] {
            let mut state = "-4";
            let mut way = Vec::new();
            while let Some(to) = next(&change(state, "approved"), until, &all) {
                assert!(matches!(
                    progress(&change(state, "approved"), until, "C"),
                    Progress::Ready(_)
                ));
                way.push(to);
                state = to;
            }
            assert_eq!(way, &WAY[2..=until.rank()]);
            let end = progress(&change(state, "approved"), until, "C");
            assert!(matches!(end, Progress::Done(_)));
        }
    }

    #[test]
    fn it_waits_for_approval_fails_without_it_and_prints_what_was_before() {
        let until = Until::Closed;
        let of = |state, approval| progress(&change(state, approval), until, "C");
        assert!(matches!(of("-5", "not requested"), Progress::Ready(_)));
        assert!(matches!(of("-4", "requested"), Progress::Waits(_)));
        assert!(matches!(of("-3", "not requested"), Progress::Waits(_)));
        assert!(matches!(of("-2", "not requested"), Progress::Waits(_)));
        assert_eq!(
            of("-4", "rejected"),
            Progress::Failed("C was not approved".into())
        );
        assert_eq!(
            of("4", "approved"),
            Progress::Cancelled("C was called off".into())
        );
        assert!(matches!(of("77", "approved"), Progress::Failed(_)));
        let approved = progress(&change("77", "approved"), Until::Approved, "C");
        assert!(matches!(approved, Progress::Done(_)));
        let mut before = String::new();
        let all = [
            ("-5", "not requested"),
            ("-4", "requested"),
            ("-2", "approved"),
            ("-1", "approved"),
            ("0", "approved"),
            ("3", "approved"),
        ];
        for (state, approval) in all {
            let (Progress::Ready(said) | Progress::Waits(said) | Progress::Done(said)) =
                of(state, approval)
            else {
                panic!("{state}");
            };
            assert!(said.starts_with(&before), "{said}");
            before = said;
        }
        assert!(before.ends_with("it is closed\n"));
    }
}
