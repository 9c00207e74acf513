//! The book of alerts: its rules one by one, and what holds over any course of events.

use std::sync::Arc;

use proptest::prelude::*;
use tocsin_domain::alert::{AlertKind, AlertSeverity, LabelSet};
use tocsin_domain::{SpanId, TraceId};

use super::*;
use crate::alert_rules::{CompiledRule, file};

const MINUTE_MS: i64 = 60_000;

fn rule(on: &str) -> Arc<CompiledRule> {
    let text = format!("alerts:\n  - {{ id: x, on: {on}, keep_firing_for: 5m }}");
    Arc::new(CompiledRule::new(file::parse(&text).unwrap().remove(0)).unwrap())
}

fn signal(on: &str, host: &str, what: What, at_ms: i64) -> Signal {
    Signal {
        rule: rule(on),
        labels: LabelSet::new([("alertname", "x"), ("host", host)]),
        kind: AlertKind::Realtime,
        severity: AlertSeverity::Medium,
        confidence: 0.5,
        failure_type: None,
        title: "it broke".into(),
        annotations: LabelSet::default(),
        evidence: Vec::new(),
        at_ms,
        what,
        trace: None,
    }
}

fn line(host: &str, at_ms: i64) -> Signal {
    signal("log", host, What::Occurred(vec![at_ms]), at_ms)
}

const fn by(now_ms: i64) -> By<'static> {
    By {
        actor: "ana",
        now_ms,
    }
}

fn names(changes: &Changes) -> Vec<&'static str> {
    changes
        .events
        .iter()
        .map(|(event, _)| event.kind.name())
        .collect()
}

fn only(book: &Book) -> Alert {
    let all: Vec<_> = book.iter().cloned().collect();
    assert_eq!(all.len(), 1);
    all[0].clone()
}

#[test]
fn lines_of_the_same_labels_are_counted_on_one_alert_that_ends_when_they_stay_away() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    for second in 0..10 {
        book.signal(&line("a", second * 100), second * 100, &mut out);
    }
    assert_eq!(
        (only(&book).count, names(&out).first()),
        (10, Some(&"fired"))
    );
    assert!(
        names(&out).len() <= 2,
        "told at most once a second: {:?}",
        names(&out)
    );
    let mut out = Changes::default();
    book.tick(4 * MINUTE_MS, &mut out);
    assert!(out.is_empty());
    book.tick(6 * MINUTE_MS, &mut out);
    assert_eq!(names(&out), ["cleared"]);
    assert_eq!(only(&book).status, AlertStatus::Resolved);
}

#[test]
fn an_acknowledgement_holds_until_it_clears_and_it_is_new_if_it_returns() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    book.signal(&signal("anomaly", "a", What::Began, 0), 0, &mut out);
    let acknowledge = AlertAction::Acknowledge;
    book.act(only(&book), &acknowledge, by(1000), &mut out)
        .unwrap();
    book.signal(&signal("anomaly", "a", What::Began, 2000), 2000, &mut out);
    assert_eq!(only(&book).status, AlertStatus::Acknowledged);
    let again = book.act(only(&book), &acknowledge, by(3000), &mut out);
    assert!(again.unwrap_err().contains("already"));
    book.signal(&signal("anomaly", "a", What::Ended, 4000), 4000, &mut out);
    assert_eq!(only(&book).status, AlertStatus::Resolved);
    book.signal(
        &signal("anomaly", "a", What::Began, 60_000),
        60_000,
        &mut out,
    );
    let alert = only(&book);
    assert_eq!(
        (alert.status, alert.acknowledged_ms),
        (AlertStatus::New, Some(1000))
    );
    assert_eq!(names(&out).last(), Some(&"returned"));
}

#[test]
fn after_a_while_it_is_another_alert() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    book.signal(&signal("anomaly", "a", What::Began, 0), 0, &mut out);
    let first = only(&book).id;
    book.signal(&signal("anomaly", "a", What::Ended, 1), 1, &mut out);
    let late = 20 * MINUTE_MS;
    book.signal(&signal("anomaly", "a", What::Began, late), late, &mut out);
    assert_ne!(only(&book).id, first);
    assert!(book.get(first).is_none() && book.get(only(&book).id).is_some());
}

#[test]
fn what_comes_and_goes_is_held_until_it_is_quiet() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    for turn in 0..8 {
        let at = turn * MINUTE_MS;
        book.signal(&signal("anomaly", "a", What::Began, at), at, &mut out);
        book.signal(
            &signal("anomaly", "a", What::Ended, at + 1000),
            at + 1000,
            &mut out,
        );
    }
    let told = names(&out);
    assert_eq!(told.iter().filter(|name| **name == "cleared").count(), 3);
    assert_eq!(told.iter().filter(|name| **name == "flapping").count(), 1);
    assert!(only(&book).is_firing() && only(&book).is_flapping);
    let mut out = Changes::default();
    book.tick(8 * MINUTE_MS, &mut out);
    assert!(out.is_empty());
    book.tick(40 * MINUTE_MS, &mut out);
    assert_eq!(names(&out), ["steadied", "cleared"]);
}

#[test]
fn people_act_also_on_what_is_no_longer_at_hand() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    book.signal(&line("a", 0), 0, &mut out);
    let alert = only(&book);
    book.tick(6 * MINUTE_MS, &mut out);
    let ended = only(&book);
    book.tick(60 * MINUTE_MS, &mut out);
    assert_eq!(book.iter().count(), 0);
    let comment = AlertAction::Comment("a cable".into());
    let acted = book
        .act(ended.clone(), &comment, by(61 * MINUTE_MS), &mut out)
        .unwrap();
    assert_eq!(acted.id, alert.id);
    assert!(
        book.act(ended, &AlertAction::Acknowledge, by(1), &mut out)
            .is_err()
    );
}

#[test]
fn evidence_keeps_its_first_and_newest_half_and_sums_templates() {
    let record = |n: u128| Evidence::Record {
        id: tocsin_domain::RecordId::from_bits(n),
        body: n.to_string(),
    };
    let template = |count| Evidence::Template {
        id: tocsin_domain::TemplateId(7),
        count,
        text: "t".into(),
    };
    let mut kept = vec![template(2)];
    for n in 0..30 {
        merge(&mut kept, &[record(n), template(1)]);
    }
    assert_eq!(kept.len(), Evidence::MAX);
    assert_eq!(kept[0], template(32));
    assert_eq!((&kept[1], kept.last()), (&record(0), Some(&record(29))));
}

proptest! {
    /// Whatever comes: an alert fires exactly while it has no end, what is resolved has one, every
    /// event carries the alert as it is, and no signal is lost from the counts.
    #[test]
    fn invariants_hold_over_any_course(steps in proptest::collection::vec((0u8..7, 0u8..3, 0i64..1_200_000), 1..80)) {
        let (mut book, mut out) = (Book::default(), Changes::default());
        let (mut now, mut happened) = (0, 0);
        for (what, host, passed) in steps {
            now += passed;
            let host = ["a", "b", "c"][usize::from(host)];
            match what {
                0 | 1 => { happened += 1; book.signal(&line(host, now), now, &mut out); }
                2 => { happened += 1; book.signal(&signal("anomaly", host, What::Began, now), now, &mut out); }
                3 => book.signal(&signal("anomaly", host, What::Ended, now), now, &mut out),
                4 => book.tick(now, &mut out),
                5 | 6 => {
                    let action = if what == 5 { AlertAction::Acknowledge } else { AlertAction::Resolve };
                    let any = book.iter().next().cloned();
                    if let Some(alert) = any {
                        drop(book.act(alert, &action, by(now), &mut out));
                    }
                }
                _ => unreachable!(),
            }
            for alert in book.iter() {
                prop_assert_eq!(alert.status == AlertStatus::Resolved, alert.ends_ms.is_some());
                prop_assert_eq!(book.get(alert.id).map(|one| one.id), Some(alert.id));
            }
        }
        let mut newest: HashMap<AlertId, u64> = HashMap::new();
        for (event, alert) in &out.events {
            prop_assert_eq!(event.alert, alert.id);
        }
        let all = out.events.iter().map(|(_, alert)| alert).chain(out.latest.values());
        for alert in all {
            let count = newest.entry(alert.id).or_default();
            *count = (*count).max(alert.count);
        }
        prop_assert_eq!(newest.values().sum::<u64>(), happened);
    }
}

#[test]
fn what_is_kept_of_a_step_is_the_last_of_it() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    book.signal(&line("a", 0), 0, &mut out);
    book.signal(&line("a", 1), 1, &mut out);
    let acknowledge = AlertAction::Acknowledge;
    book.act(only(&book), &acknowledge, by(2), &mut out)
        .unwrap();
    let kept: Vec<_> = out
        .latest
        .values()
        .map(|one| (one.count, one.status))
        .collect();
    assert_eq!(kept, [(2, AlertStatus::Acknowledged)]);
}

#[test]
fn an_alert_remembers_what_opened_it_and_not_what_repeats_it() {
    let trace = |span: u8| TraceContext::new(TraceId([1; 16]), SpanId([span; 8]), 1);
    let traced = |span: u8, what: What, at_ms: i64| Signal {
        trace: trace(span),
        ..signal("anomaly", "a", what, at_ms)
    };
    let (mut book, mut out) = (Book::default(), Changes::default());
    book.signal(&traced(1, What::Began, 0), 0, &mut out);
    let id = only(&book).id;
    assert_eq!(only(&book).trace, trace(1));

    // The span that it opens in takes the place of the work that found it, wherever it is told.
    book.follow_from(id, trace(2), &mut out);
    assert_eq!(only(&book).trace, trace(2));
    assert_eq!(out.latest[&id].trace, trace(2));
    assert!(out.events.iter().all(|(_, alert)| alert.trace == trace(2)));

    book.signal(&traced(3, What::Began, 2000), 2000, &mut out);
    book.signal(&traced(4, What::Ended, 3000), 3000, &mut out);
    assert_eq!(only(&book).trace, trace(2));
    book.signal(&traced(5, What::Began, 60_000), 60_000, &mut out);
    assert_eq!(
        only(&book).trace,
        trace(5),
        "it came back for another reason"
    );
}

#[test]
fn silence_counts_only_while_something_could_be_heard() {
    let (mut book, mut out) = (Book::default(), Changes::default());
    book.signal(&line("a", 0), 0, &mut out);
    book.excuse(5000);
    book.tick(5 * MINUTE_MS + 4999, &mut out);
    assert!(only(&book).is_firing());
    book.tick(5 * MINUTE_MS + 5000, &mut out);
    assert!(!only(&book).is_firing());
}
