//! The incidents at hand: alerts that fired or changed in, incidents that began, grew or ended out.
//! Pure; stepped by the writer beside the book.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tocsin_domain::alert::{
    Alert, AlertEventKind, AlertId, AlertSeverity, Incident, IncidentId, IncidentStatus,
};
use tocsin_domain::ports::IncidentAction;

use super::book::{Book, By, Changes, SYSTEM};
use super::correlate::nearest;

/// Alerts that a new one is compared with, at most.
const RECENT_MAX: usize = 256;

/// The incidents that are not resolved.
#[derive(Debug, Default)]
pub struct Incidents {
    open: BTreeMap<IncidentId, Incident>,
    /// Alerts that fired last, oldest first: with whom a new one is compared.
    recent: VecDeque<AlertId>,
}

impl Incidents {
    /// Takes up the incidents that were kept, beside the alerts at hand.
    #[must_use]
    pub fn restore(incidents: Vec<Incident>, book: &Book) -> Self {
        let mut newest: Vec<&Alert> = book.iter().collect();
        newest.sort_unstable_by_key(|alert| alert.last_ms);
        let begin = newest.len().saturating_sub(RECENT_MAX);
        let recent = newest[begin..].iter().map(|alert| alert.id).collect();
        let open = incidents
            .into_iter()
            .filter(|one| one.status != IncidentStatus::Resolved);
        Self {
            open: open.map(|one| (one.id, one)).collect(),
            recent,
        }
    }

    /// An incident at hand.
    #[must_use]
    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.open.get(&id)
    }

    /// Joins alerts that fired to incidents, and ends incidents whose alerts all ended. Gives the
    /// incidents that changed.
    pub fn follow(&mut self, book: &mut Book, changes: &mut Changes, now_ms: i64) -> Vec<Incident> {
        let mut touched = BTreeSet::new();
        for index in 0..changes.events.len() {
            let (event, then) = changes.events[index].clone();
            // An event before this one may have joined it already.
            let alert = book.get(then.id).cloned().unwrap_or(then);
            if matches!(event.kind, AlertEventKind::Fired | AlertEventKind::Returned) {
                self.note(alert.id);
            }
            match event.kind {
                AlertEventKind::Fired | AlertEventKind::Returned
                    if alert.incident.is_none_or(|id| !self.open.contains_key(&id)) =>
                {
                    touched.extend(self.join(book, &alert, now_ms, changes));
                }
                AlertEventKind::Fired
                | AlertEventKind::Returned
                | AlertEventKind::Cleared
                | AlertEventKind::Resolved
                | AlertEventKind::Escalated { .. } => touched.extend(alert.incident),
                _ => {}
            }
        }
        let settled = touched
            .into_iter()
            .filter_map(|id| self.settle(book, id, now_ms));
        settled.collect()
    }

    fn note(&mut self, fired: AlertId) {
        self.recent.retain(|one| *one != fired);
        self.recent.push_back(fired);
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }

    /// Finds the incident of an alert, or begins one.
    fn join(
        &mut self,
        book: &mut Book,
        alert: &Alert,
        now_ms: i64,
        out: &mut Changes,
    ) -> Option<IncidentId> {
        let by = By {
            actor: SYSTEM,
            now_ms,
        };
        let may_join = |other: &&Alert| {
            let incident = other.incident.and_then(|id| self.open.get(&id));
            other.id != alert.id && incident.map_or(other.is_firing(), |one| !one.is_pinned)
        };
        let recent = self.recent.iter().filter_map(|id| book.get(*id));
        let near = nearest(alert, recent.filter(may_join));
        let near = near.map(|(other, kinship)| (other.clone(), kinship.because));
        let (first, because) = match near {
            Some((other, because)) => {
                match other.incident.filter(|id| self.open.contains_key(id)) {
                    Some(incident) => {
                        book.place(alert.clone(), Some((incident, because)), by, out);
                        return Some(incident);
                    }
                    None => (other, because),
                }
            }
            // What is bad enough is an incident by itself.
            None if alert.severity >= AlertSeverity::High => (alert.clone(), String::new()),
            None => return None,
        };
        let incident = begun(&first, now_ms);
        let id = incident.id;
        self.open.insert(id, incident);
        let began = "it began with this alert".to_owned();
        if first.id != alert.id {
            book.place(first, Some((id, began)), by, out);
            book.place(alert.clone(), Some((id, because)), by, out);
        } else {
            book.place(first, Some((id, began)), by, out);
        }
        Some(id)
    }

    /// Makes an incident say what its alerts say now.
    fn settle(&mut self, book: &Book, id: IncidentId, now_ms: i64) -> Option<Incident> {
        let incident = self.open.get_mut(&id)?;
        let mut own: Vec<&Alert> = book
            .iter()
            .filter(|alert| alert.incident == Some(id))
            .collect();
        own.sort_unstable_by_key(|alert| (alert.starts_ms, alert.id));
        let firing = own.iter().filter(|alert| alert.is_firing()).count();
        incident.alerts = incident.alerts.max(own.len() as u64);
        if let Some(first) = own.first() {
            incident.starts_ms = incident.starts_ms.min(first.starts_ms);
        }
        let worst = own
            .iter()
            .max_by_key(|alert| (alert.severity, std::cmp::Reverse(alert.starts_ms)));
        if let Some(worst) = worst.filter(|worst| worst.severity > incident.severity) {
            incident.severity = worst.severity;
            if !incident.is_titled {
                incident.title.clone_from(&worst.title);
            }
        }
        if firing > 0 {
            incident.ends_ms = None;
        } else {
            incident.ends_ms = Some(now_ms);
            incident.resolved_ms = Some(now_ms);
            incident.status = IncidentStatus::Resolved;
        }
        let settled = incident.clone();
        if settled.status == IncidentStatus::Resolved {
            self.open.remove(&id);
        }
        Some(settled)
    }

    /// Does what a person wants with an incident, whose alerts (those that are no longer at hand
    /// among them) are `own`. Gives the incidents that changed, that one first.
    ///
    /// # Errors
    /// Why it makes no sense.
    pub fn act(
        &mut self,
        (mut incident, own): (Incident, Vec<Alert>),
        action: &IncidentAction,
        others: Vec<Alert>,
        step: &mut Step<'_>,
    ) -> Result<Vec<Incident>, String> {
        let mut also = Vec::new();
        match action {
            IncidentAction::Retitle(title) => {
                if title.trim().is_empty() || title.chars().count() > 240 {
                    return Err("expected a title of 1 to 240 characters".into());
                }
                incident.title = title.trim().to_owned();
                incident.is_titled = true;
            }
            IncidentAction::SetStatus(status) => {
                set_status(&mut incident, &own, *status, step);
            }
            IncidentAction::Add(_) | IncidentAction::Merge(_) => {
                let because = format!("{} put it here", step.by.actor);
                for alert in others {
                    step.place(alert, Some((incident.id, because.clone())));
                    incident.alerts += 1;
                }
                if let IncidentAction::Merge(other) = action {
                    also.extend(
                        self.open
                            .remove(other)
                            .map(|one| merged(one, step.by.now_ms)),
                    );
                }
            }
            IncidentAction::Split(_) => {
                let Some(first) = others.first().cloned() else {
                    return Err("none of these alerts belongs to it".into());
                };
                let mut apart = begun(&first, step.by.now_ms);
                apart.alerts = others.len() as u64;
                incident.alerts = incident.alerts.saturating_sub(apart.alerts);
                let because = format!("{} took it out of another incident", step.by.actor);
                for alert in others {
                    step.place(alert, Some((apart.id, because.clone())));
                }
                self.open.insert(apart.id, apart.clone());
                also.push(apart);
            }
            IncidentAction::Pin(is_pinned) => incident.is_pinned = *is_pinned,
        }
        if incident.status == IncidentStatus::Resolved {
            self.open.remove(&incident.id);
        } else {
            self.open.insert(incident.id, incident.clone());
        }
        also.insert(0, incident);
        Ok(also)
    }
}

/// What an action works with.
#[derive(Debug)]
pub struct Step<'a> {
    /// The alerts at hand.
    pub book: &'a mut Book,
    /// What changes.
    pub changes: &'a mut Changes,
    /// Who acts, and when.
    pub by: By<'a>,
}

impl Step<'_> {
    fn place(&mut self, alert: Alert, place: Option<(IncidentId, String)>) {
        self.book.place(alert, place, self.by, self.changes);
    }
}

fn set_status(incident: &mut Incident, own: &[Alert], status: IncidentStatus, step: &mut Step<'_>) {
    use tocsin_domain::alert::AlertAction;
    incident.status = status;
    let action = match status {
        IncidentStatus::Open => {
            incident.resolved_ms = None;
            incident.ends_ms = None;
            return;
        }
        IncidentStatus::Acknowledged => {
            incident.acknowledged_ms.get_or_insert(step.by.now_ms);
            AlertAction::Acknowledge
        }
        IncidentStatus::Resolved => {
            incident.resolved_ms = Some(step.by.now_ms);
            incident.ends_ms.get_or_insert(step.by.now_ms);
            AlertAction::Resolve
        }
    };
    for alert in own {
        // Those that are further than that already stay as they are.
        drop(step.book.act(alert.clone(), &action, step.by, step.changes));
    }
}

fn merged(incident: Incident, now_ms: i64) -> Incident {
    Incident {
        status: IncidentStatus::Resolved,
        resolved_ms: Some(now_ms),
        ends_ms: Some(now_ms),
        alerts: 0,
        ..incident
    }
}

fn begun(first: &Alert, now_ms: i64) -> Incident {
    Incident {
        id: incident_id(first.id, now_ms),
        title: first.title.clone(),
        is_titled: false,
        severity: first.severity,
        status: IncidentStatus::Open,
        starts_ms: first.starts_ms,
        ends_ms: None,
        last_joined_ms: now_ms,
        acknowledged_ms: None,
        resolved_ms: None,
        first: first.id,
        alerts: 1,
        is_pinned: false,
    }
}

fn incident_id(first: AlertId, now_ms: i64) -> IncidentId {
    IncidentId::of(first, now_ms)
}

#[cfg(test)]
#[path = "incidents_tests.rs"]
mod tests;
