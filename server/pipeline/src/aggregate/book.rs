//! The book of alerts: signals, actions of people and the time in; alerts and what happened to them
//! out. Pure: one writer steps it and keeps what it gives.
//!
//! An alert lasts from its first signal until what it speaks of ended: because a rule says so, or,
//! for what merely happens, because nothing happened for as long as its rule keeps it firing. If it
//! comes back soon it is the same alert, new again; later it is another. What comes and goes again
//! and again is flapping: its ends are held back until it has been quiet for a while.

use std::collections::{BTreeMap, HashMap};

use tocsin_domain::TraceContext;
use tocsin_domain::alert::{
    Alert, AlertAction, AlertEvent, AlertEventKind, AlertId, AlertStatus, Evidence, Fingerprint,
};

use crate::alert_rules::{Signal, What};

/// An alert that comes back within this time is the same alert, in ms.
const SAME_WITHIN_MS: i64 = 15 * 60_000;
/// So many returns within [`FLAP_WINDOW_MS`] are flapping.
const FLAP_RETURNS: usize = 3;
const FLAP_WINDOW_MS: i64 = 3_600_000;
/// How long a flapping alert has to be quiet before it ends, in ms.
const FLAP_QUIET_MS: i64 = 30 * 60_000;
/// That it fired again is told at most so often, in ms.
const REPEAT_MS: i64 = 1000;
/// The name under which the server itself acts.
pub(super) const SYSTEM: &str = "system";

/// An alert at hand.
#[derive(Debug, Clone)]
struct Entry {
    alert: Alert,
    /// After how long without a signal it ends, in ms; none: its rule says when.
    quiet_ms: Option<i64>,
    /// When an end that is held back comes into force, in ms.
    ends_due_ms: Option<i64>,
    repeated_ms: i64,
    /// When a signal came last, by the clock, in ms.
    heard_ms: i64,
}

/// What a step changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// What happened, each with the alert as it was after it.
    pub events: Vec<(AlertEvent, Alert)>,
    /// Every alert that changed, as it is after the step.
    pub latest: BTreeMap<AlertId, Alert>,
}

impl Changes {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    fn note(&mut self, alert: &Alert, at_ms: i64, actor: &str, kind: AlertEventKind) {
        let event = AlertEvent {
            seq: 0,
            alert: alert.id,
            at_ms,
            actor: actor.to_owned(),
            kind,
        };
        self.events.push((event, alert.clone()));
        self.latest.insert(alert.id, alert.clone());
    }
}

/// Who does something, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// A person, or the server itself.
    pub actor: &'a str,
    /// The time, in ms.
    pub now_ms: i64,
}

/// The alerts that last, and those that ended shortly before.
#[derive(Debug, Default)]
pub struct Book {
    entries: HashMap<Fingerprint, Entry>,
    by_id: HashMap<AlertId, Fingerprint>,
}

impl Book {
    /// A book of alerts that were kept. `quiet_ms` says of each after how long without a signal it
    /// ends.
    #[must_use]
    pub fn restore(
        alerts: Vec<Alert>,
        now_ms: i64,
        quiet_ms: impl Fn(&Alert) -> Option<i64>,
    ) -> Self {
        let mut book = Self::default();
        for alert in alerts {
            let known = book.entries.get(&alert.fingerprint);
            if known.is_none_or(|known| known.alert.starts_ms < alert.starts_ms) {
                let quiet_ms = quiet_ms(&alert);
                book.insert(alert, quiet_ms, now_ms);
            }
        }
        book
    }

    fn insert(&mut self, alert: Alert, quiet_ms: Option<i64>, now_ms: i64) {
        self.by_id.insert(alert.id, alert.fingerprint);
        let entry = Entry {
            quiet_ms,
            ends_due_ms: None,
            repeated_ms: now_ms,
            heard_ms: now_ms,
            alert,
        };
        if let Some(before) = self.entries.insert(entry.alert.fingerprint, entry) {
            self.by_id.remove(&before.alert.id);
            let (id, print) = {
                let now = &self.entries[&before.alert.fingerprint].alert;
                (now.id, now.fingerprint)
            };
            self.by_id.insert(id, print);
        }
    }

    /// An alert at hand.
    #[must_use]
    pub fn get(&self, id: AlertId) -> Option<&Alert> {
        self.by_id
            .get(&id)
            .and_then(|print| self.entries.get(print))
            .map(|entry| &entry.alert)
    }

    /// The alerts at hand.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.entries.values().map(|entry| &entry.alert)
    }

    /// Takes a signal.
    pub fn signal(&mut self, signal: &Signal, now_ms: i64, out: &mut Changes) {
        let print = signal.labels.fingerprint();
        if signal.what == What::Ended {
            if let Some(entry) = self.entries.get_mut(&print) {
                entry.end(now_ms, out);
            }
            return;
        }
        let quiet_ms = matches!(signal.what, What::Occurred(_))
            .then(|| i64::from(signal.rule.rule.keep_firing_for_secs).max(1) * 1000);
        let same = self.entries.get_mut(&print).filter(|entry| {
            let ended = entry.alert.ends_ms;
            ended.is_none_or(|ended| now_ms - ended <= SAME_WITHIN_MS)
        });
        match same {
            Some(entry) => {
                entry.quiet_ms = quiet_ms;
                entry.again(signal, now_ms, out);
            }
            None => {
                let alert = begun(signal, print);
                out.note(&alert, now_ms, SYSTEM, AlertEventKind::Fired);
                self.insert(alert, quiet_ms, now_ms);
            }
        }
    }

    /// Has an alert remember the span that it opened in, also in what this step changed.
    pub(super) fn follow_from(
        &mut self,
        id: AlertId,
        trace: Option<TraceContext>,
        out: &mut Changes,
    ) {
        let entry = self
            .by_id
            .get(&id)
            .and_then(|print| self.entries.get_mut(print));
        let at_hand = entry.map(|entry| &mut entry.alert);
        let told = out.events.iter_mut().map(|(_, alert)| alert);
        let changed = told
            .chain(out.latest.values_mut())
            .filter(|one| one.id == id);
        at_hand
            .into_iter()
            .chain(changed)
            .for_each(|alert| alert.trace = trace);
    }

    /// Does not count the last so many ms as silence.
    pub fn excuse(&mut self, ms: i64) {
        self.entries
            .values_mut()
            .for_each(|entry| entry.heard_ms += ms);
    }

    /// Ends what has been quiet for long enough, and forgets what ended long ago.
    pub fn tick(&mut self, now_ms: i64, out: &mut Changes) {
        let entries = self.entries.values_mut();
        for entry in entries.filter(|entry| entry.alert.is_firing()) {
            let is_quiet = entry
                .quiet_ms
                .is_some_and(|quiet_ms| now_ms - entry.heard_ms >= quiet_ms);
            if entry.ends_due_ms.is_some_and(|due_ms| now_ms >= due_ms) {
                entry.clear(now_ms, out);
            } else if is_quiet && entry.ends_due_ms.is_none() {
                entry.end(now_ms, out);
            }
            let alert = &mut entry.alert;
            if alert.snoozed_until_ms.is_some_and(|until| now_ms >= until) {
                alert.snoozed_until_ms = None;
                out.note(alert, now_ms, SYSTEM, AlertEventKind::Snoozed(None));
            }
        }
        let by_id = &mut self.by_id;
        self.entries.retain(|_, entry| {
            let keep = entry
                .alert
                .ends_ms
                .is_none_or(|ended| now_ms - ended <= SAME_WITHIN_MS);
            if !keep {
                by_id.remove(&entry.alert.id);
            }
            keep
        });
    }

    /// Does what a person wants with an alert, which may be one that is no longer at hand.
    ///
    /// # Errors
    /// Why it makes no sense now.
    pub fn act(
        &mut self,
        alert: Alert,
        action: &AlertAction,
        by: By<'_>,
        out: &mut Changes,
    ) -> Result<Alert, String> {
        let at_hand = self.by_id.get(&alert.id).copied();
        let mut acted = match at_hand.and_then(|print| self.entries.get(&print)) {
            Some(entry) => entry.alert.clone(),
            None => alert,
        };
        let kind = act(&mut acted, action, by.now_ms)?;
        out.note(&acted, by.now_ms, by.actor, kind);
        if let Some(entry) = at_hand.and_then(|print| self.entries.get_mut(&print)) {
            entry.alert = acted.clone();
            entry.ends_due_ms = entry.ends_due_ms.filter(|_| entry.alert.is_firing());
        }
        Ok(acted)
    }

    /// Joins an alert to an incident, or takes it out of one.
    pub(super) fn place(
        &mut self,
        mut alert: Alert,
        place: Option<(tocsin_domain::alert::IncidentId, String)>,
        by: By<'_>,
        out: &mut Changes,
    ) {
        let By { actor, now_ms } = by;
        if let Some(entry) = self
            .by_id
            .get(&alert.id)
            .and_then(|print| self.entries.get(print))
        {
            alert = entry.alert.clone();
        }
        let left = alert.incident;
        (alert.incident, alert.joined_because) = match place.clone() {
            Some((incident, because)) => (Some(incident), Some(because)),
            None => (None, None),
        };
        if let Some(left) = left.filter(|left| Some(*left) != alert.incident) {
            out.note(&alert, now_ms, actor, AlertEventKind::Left(left));
        }
        if let Some((incident, because)) = place {
            out.note(
                &alert,
                now_ms,
                actor,
                AlertEventKind::Joined { incident, because },
            );
        }
        if let Some(entry) = self
            .by_id
            .get(&alert.id)
            .and_then(|print| self.entries.get_mut(print))
        {
            entry.alert = alert;
        }
    }
}

impl Entry {
    /// The signal speaks of the same thing as before.
    fn again(&mut self, signal: &Signal, now_ms: i64, out: &mut Changes) {
        let alert = &mut self.alert;
        self.ends_due_ms = None;
        self.heard_ms = now_ms;
        alert.count += signal.count();
        alert.last_ms = alert.last_ms.max(signal.at_ms);
        alert.confidence = alert.confidence.max(signal.confidence);
        merge(&mut alert.evidence, &signal.evidence);
        let before = alert.severity;
        if alert.is_firing() {
            alert.severity = before.max(signal.severity);
        } else {
            self.come_back(signal, now_ms, out);
            return;
        }
        if before != self.alert.severity {
            let to = self.alert.severity;
            out.note(
                &self.alert,
                now_ms,
                SYSTEM,
                AlertEventKind::Escalated { from: before, to },
            );
        } else if now_ms - self.repeated_ms >= REPEAT_MS {
            self.repeated_ms = now_ms;
            out.note(&self.alert, now_ms, SYSTEM, AlertEventKind::Repeated);
        } else {
            out.latest.insert(self.alert.id, self.alert.clone());
        }
    }

    fn come_back(&mut self, signal: &Signal, now_ms: i64, out: &mut Changes) {
        let alert = &mut self.alert;
        alert.ends_ms = None;
        alert.resolved_ms = None;
        alert.status = AlertStatus::New;
        alert.severity = signal.severity;
        alert.title.clone_from(&signal.title);
        alert.trace = signal.trace;
        alert
            .returns_ms
            .retain(|at_ms| now_ms - at_ms < FLAP_WINDOW_MS);
        alert.returns_ms.push(now_ms);
        self.repeated_ms = now_ms;
        out.note(alert, now_ms, SYSTEM, AlertEventKind::Returned);
        if !alert.is_flapping && alert.returns_ms.len() >= FLAP_RETURNS {
            alert.is_flapping = true;
            out.note(alert, now_ms, SYSTEM, AlertEventKind::Flapping);
        }
    }

    /// What it speaks of is over, unless it flaps: then it has to stay over for a while.
    fn end(&mut self, now_ms: i64, out: &mut Changes) {
        if !self.alert.is_firing() {
            return;
        }
        if self.alert.is_flapping {
            self.ends_due_ms.get_or_insert(now_ms + FLAP_QUIET_MS);
            return;
        }
        self.clear(now_ms, out);
    }

    fn clear(&mut self, now_ms: i64, out: &mut Changes) {
        let alert = &mut self.alert;
        self.ends_due_ms = None;
        if std::mem::take(&mut alert.is_flapping) {
            alert.returns_ms.clear();
            out.note(alert, now_ms, SYSTEM, AlertEventKind::Steadied);
        }
        alert.ends_ms = Some(now_ms);
        alert.resolved_ms = Some(now_ms);
        alert.status = AlertStatus::Resolved;
        alert.snoozed_until_ms = None;
        out.note(alert, now_ms, SYSTEM, AlertEventKind::Cleared);
    }
}

fn begun(signal: &Signal, fingerprint: Fingerprint) -> Alert {
    let first_ms = match &signal.what {
        What::Occurred(times) => times.iter().copied().min().unwrap_or(signal.at_ms),
        What::Began | What::Ended => signal.at_ms,
    };
    Alert {
        id: AlertId::of(fingerprint, first_ms),
        fingerprint,
        kind: signal.kind,
        severity: signal.severity,
        status: AlertStatus::New,
        title: signal.title.clone(),
        rule: signal.rule.rule.id.clone(),
        labels: signal.labels.clone(),
        annotations: signal.annotations.clone(),
        starts_ms: first_ms,
        ends_ms: None,
        last_ms: signal.at_ms,
        count: signal.count(),
        confidence: signal.confidence,
        failure_type: signal.failure_type.clone(),
        evidence: signal
            .evidence
            .iter()
            .take(Evidence::MAX)
            .cloned()
            .collect(),
        assignee: None,
        snoozed_until_ms: None,
        is_flapping: false,
        acknowledged_ms: None,
        resolved_ms: None,
        returns_ms: Vec::new(),
        incident: None,
        joined_because: None,
        seq: 0,
        trace: signal.trace,
    }
}

/// Adds evidence: counts of the same template are summed, the first half and the newest half stay.
fn merge(kept: &mut Vec<Evidence>, more: &[Evidence]) {
    for one in more {
        if let Evidence::Template { id, count, .. } = one {
            let same = kept.iter_mut().find_map(|old| match old {
                Evidence::Template { id: of, count, .. } if of == id => Some(count),
                _ => None,
            });
            if let Some(sum) = same {
                *sum += count;
                continue;
            }
        }
        if kept.contains(one) {
            continue;
        }
        if kept.len() >= Evidence::MAX {
            kept.remove(Evidence::MAX / 2);
        }
        kept.push(one.clone());
    }
}

fn act(alert: &mut Alert, action: &AlertAction, now_ms: i64) -> Result<AlertEventKind, String> {
    let is_resolved = alert.status == AlertStatus::Resolved;
    let resolved = || Err("it is resolved; it would be new again if it came back".to_owned());
    Ok(match action {
        AlertAction::Acknowledge | AlertAction::Start if is_resolved => return resolved(),
        AlertAction::Acknowledge | AlertAction::Start => {
            let (status, kind) = if *action == AlertAction::Start {
                (AlertStatus::InProgress, AlertEventKind::Started)
            } else {
                (AlertStatus::Acknowledged, AlertEventKind::Acknowledged)
            };
            if alert.status == status {
                return Err(format!("it is {} already", status.name()));
            }
            alert.status = status;
            alert.acknowledged_ms.get_or_insert(now_ms);
            kind
        }
        AlertAction::Assign(to) => {
            alert.assignee.clone_from(to);
            AlertEventKind::Assigned(to.clone())
        }
        AlertAction::Snooze(_) if is_resolved => return resolved(),
        AlertAction::Snooze(until_ms) => {
            if until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
                return Err("expected a time in the future".into());
            }
            alert.snoozed_until_ms = *until_ms;
            AlertEventKind::Snoozed(*until_ms)
        }
        AlertAction::Escalate(to) => {
            let from = std::mem::replace(&mut alert.severity, *to);
            if from == *to {
                return Err(format!("it is {} already", to.name()));
            }
            AlertEventKind::Escalated { from, to: *to }
        }
        AlertAction::Resolve if is_resolved => return Err("it is resolved already".into()),
        AlertAction::Resolve => {
            alert.status = AlertStatus::Resolved;
            alert.resolved_ms = Some(now_ms);
            alert.ends_ms.get_or_insert(now_ms);
            alert.snoozed_until_ms = None;
            alert.is_flapping = false;
            AlertEventKind::Resolved
        }
        AlertAction::Comment(text) => {
            let length = text.chars().count();
            if text.trim().is_empty() || length > AlertAction::COMMENT_MAX {
                return Err(format!(
                    "expected 1 to {} characters",
                    AlertAction::COMMENT_MAX
                ));
            }
            AlertEventKind::Commented(text.clone())
        }
    })
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
