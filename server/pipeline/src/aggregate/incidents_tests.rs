//! Incidents over small stories.

use std::sync::Arc;

use tocsin_domain::alert::{AlertKind, LabelSet};

use super::*;
use crate::alert_rules::{CompiledRule, Signal, What, file};

#[derive(Default)]
struct Story {
    book: Book,
    incidents: Incidents,
    changed: Vec<Incident>,
}

fn signal(name: &str, host: &str, severity: AlertSeverity, what: What, now_ms: i64) -> Signal {
    let text = format!("alerts:\n  - {{ id: {name}, on: anomaly }}");
    let rule = file::parse(&text).unwrap().remove(0);
    Signal {
        rule: Arc::new(CompiledRule::new(rule).unwrap()),
        labels: LabelSet::new([("alertname", name), ("host", host)]),
        kind: AlertKind::Realtime,
        severity,
        confidence: 1.0,
        failure_type: None,
        title: format!("{name} broke"),
        annotations: LabelSet::default(),
        evidence: Vec::new(),
        at_ms: now_ms,
        what,
        trace: None,
    }
}

impl Story {
    fn signal(
        &mut self,
        (name, host): (&str, &str),
        severity: AlertSeverity,
        what: What,
        now_ms: i64,
    ) {
        let signal = signal(name, host, severity, what, now_ms);
        let mut changes = Changes::default();
        self.book.signal(&signal, now_ms, &mut changes);
        self.changed = self.incidents.follow(&mut self.book, &mut changes, now_ms);
    }

    fn incident_of(&self, name: &str, host: &str) -> Option<IncidentId> {
        let is_it = |a: &&Alert| a.labels.get("alertname") == name && a.labels.get("host") == host;
        self.book
            .iter()
            .find(is_it)
            .and_then(|alert| alert.incident)
    }
}

#[test]
fn alerts_of_a_host_are_one_incident_that_ends_with_the_last_of_them() {
    let mut story = Story::default();
    story.signal(("disk", "db-1"), AlertSeverity::Medium, What::Began, 0);
    assert_eq!(story.changed, [], "one that is not so bad is no incident");
    story.signal(
        ("queries", "db-1"),
        AlertSeverity::Critical,
        What::Began,
        30_000,
    );
    story.signal(("login", "web-7"), AlertSeverity::High, What::Began, 31_000);
    let incident = story.incident_of("disk", "db-1").unwrap();
    assert_eq!(story.incident_of("queries", "db-1"), Some(incident));
    assert_ne!(story.incident_of("login", "web-7"), Some(incident));
    let now = story.incidents.get(incident).unwrap();
    assert_eq!(
        (now.severity, now.alerts, now.title.as_str()),
        (AlertSeverity::Critical, 2, "queries broke")
    );
    story.signal(("queries", "db-1"), AlertSeverity::Low, What::Ended, 40_000);
    assert_eq!(story.changed[0].status, IncidentStatus::Open);
    story.signal(("disk", "db-1"), AlertSeverity::Low, What::Ended, 50_000);
    assert_eq!(
        (story.changed[0].status, story.changed[0].ends_ms),
        (IncidentStatus::Resolved, Some(50_000))
    );
    assert!(story.incidents.get(incident).is_none());
}

#[test]
fn alerts_that_fire_in_one_step_are_one_incident() {
    let mut story = Story::default();
    let mut changes = Changes::default();
    for name in ["a", "b", "c", "d"] {
        let one = signal(name, "h1", AlertSeverity::Critical, What::Began, 0);
        story.book.signal(&one, 0, &mut changes);
    }
    let changed = story.incidents.follow(&mut story.book, &mut changes, 0);
    assert_eq!((changed.len(), changed[0].alerts), (1, 4));
    let left = changes
        .events
        .iter()
        .filter(|(event, _)| event.kind.name() == "left")
        .count();
    assert_eq!(left, 0);
}

#[test]
fn people_merge_split_pin_and_close() {
    let mut story = Story::default();
    for (name, host) in [("a", "h1"), ("b", "h1"), ("c", "h2")] {
        story.signal((name, host), AlertSeverity::High, What::Began, 0);
    }
    let (one, two) = (
        story.incident_of("a", "h1").unwrap(),
        story.incident_of("c", "h2").unwrap(),
    );
    let own = |book: &Book, id| -> Vec<Alert> {
        book.iter()
            .filter(|alert| alert.incident == Some(id))
            .cloned()
            .collect()
    };
    let act = |story: &mut Story, id, action: IncidentAction, others: Vec<Alert>| {
        let with = (
            story.incidents.get(id).unwrap().clone(),
            own(&story.book, id),
        );
        let mut changes = Changes::default();
        let mut step = Step {
            book: &mut story.book,
            changes: &mut changes,
            by: By {
                actor: "ana",
                now_ms: 1000,
            },
        };
        story
            .incidents
            .act(with, &action, others, &mut step)
            .unwrap()
    };
    let others = own(&story.book, two);
    let changed = act(&mut story, one, IncidentAction::Merge(two), others);
    assert_eq!(
        (changed[0].alerts, changed[1].status),
        (3, IncidentStatus::Resolved)
    );
    assert_eq!(own(&story.book, one).len(), 3);
    let c = own(&story.book, one)
        .into_iter()
        .filter(|a| a.labels.get("host") == "h2")
        .collect();
    let changed = act(&mut story, one, IncidentAction::Split(Vec::new()), c);
    assert_eq!((changed[0].alerts, changed[1].alerts), (2, 1));
    act(&mut story, one, IncidentAction::Pin(true), Vec::new());
    story.signal(("d", "h1"), AlertSeverity::High, What::Began, 2000);
    assert_ne!(
        story.incident_of("d", "h1"),
        Some(one),
        "a pinned incident takes nothing by itself"
    );
    let changed = act(
        &mut story,
        one,
        IncidentAction::SetStatus(IncidentStatus::Resolved),
        Vec::new(),
    );
    assert_eq!(changed[0].status, IncidentStatus::Resolved);
    assert!(own(&story.book, one).iter().all(|alert| !alert.is_firing()));
}
