//! A shop that needs a cart that needs a store, and what is said of them.

use proptest::prelude::*;

use super::*;
use crate::{Alarm, Change, Direction, Edge, PastCause, Signal};

const NOW_MS: i64 = 1_700_000_000_000;

fn signal(entity: &str, kind: SignalKind, strength: f64, onset_ms: i64) -> Signal {
    Signal {
        entity: entity.to_owned(),
        kind,
        onset_ms,
        strength,
        direction: Direction::Up,
        what: "latency".to_owned(),
    }
}

fn slow(entity: &str, strength: f64) -> Signal {
    signal(entity, SignalKind::Latency, strength, NOW_MS)
}

fn edge(caller: &str, callee: &str) -> Edge {
    Edge {
        caller: caller.to_owned(),
        callee: callee.to_owned(),
        weight: 1.0,
    }
}

fn alarm() -> Alarm {
    Alarm {
        entity: Some("shop".to_owned()),
        kind: Some(SignalKind::Latency),
        at_ms: NOW_MS,
    }
}

fn ranked(signals: &[Signal], edges: &[Edge], changes: &[Change], past: &[PastCause]) -> Ranking {
    let alarm = alarm();
    let evidence = Evidence {
        alarm: &alarm,
        signals,
        edges,
        changes,
        past,
    };
    rank(&evidence, &Config::default())
}

fn names(ranking: &Ranking) -> Vec<&str> {
    ranking
        .candidates
        .iter()
        .map(|c| c.entity.as_str())
        .collect()
}

#[test]
fn the_deepest_of_a_chain_is_the_cause_and_the_others_are_victims() {
    let edges = [
        edge("shop", "cart"),
        edge("cart", "store"),
        edge("shop", "mail"),
    ];
    let ranking = ranked(
        &[slow("shop", 30.0), slow("cart", 25.0), slow("store", 20.0)],
        &edges,
        &[],
        &[],
    );
    assert_eq!(ranking.candidates[0].entity, "store");
    assert_eq!(ranking.verdict, Verdict::Found);
    let victims: Vec<_> = ranking
        .ruled_out
        .iter()
        .map(|r| (r.entity.as_str(), &r.why))
        .collect();
    assert!(
        victims.contains(&("cart", &WhyRuledOut::Victim("store".to_owned()))),
        "{victims:?}"
    );
    assert!(
        victims.contains(&("shop", &WhyRuledOut::Victim("cart".to_owned()))),
        "{victims:?}"
    );
}

#[test]
fn what_the_alarm_cannot_come_from_ranks_below_what_it_can() {
    let edges = [edge("shop", "cart"), edge("report", "archive")];
    let ranking = ranked(
        &[slow("cart", 15.0), slow("archive", 40.0)],
        &edges,
        &[],
        &[],
    );
    assert_eq!(names(&ranking), ["cart", "archive"]);
}

#[test]
fn a_departure_behind_an_entity_that_is_well_is_not_the_cause() {
    let edges = [
        edge("shop", "cart"),
        edge("shop", "mail"),
        edge("mail", "relay"),
        edge("relay", "dns"),
        edge("cart", "store"),
    ];
    let ranking = ranked(
        &[slow("shop", 12.0), slow("cart", 14.0), slow("relay", 15.0)],
        &edges,
        &[],
        &[],
    );
    assert_eq!(ranking.candidates[0].entity, "cart");
}

#[test]
fn nothing_and_noise_are_inconclusive() {
    assert_eq!(
        ranked(&[], &[], &[], &[]).verdict,
        Verdict::Inconclusive(Reason::NoSignals)
    );
    let noise = ranked(&[slow("shop", 2.0), slow("cart", 1.0)], &[], &[], &[]);
    assert_eq!(noise.verdict, Verdict::Inconclusive(Reason::WithinNormal));
    assert!(noise.candidates[0].confidence < 0.1);
    let tied = ranked(&[slow("a", 20.0), slow("b", 20.0)], &[], &[], &[]);
    assert_eq!(tied.verdict, Verdict::Inconclusive(Reason::Tied));
}

#[test]
fn a_change_and_history_decide_between_equals() {
    let signals = [slow("a", 20.0), slow("b", 20.0)];
    let change = Change {
        entity: "b".to_owned(),
        kind: "deploy".to_owned(),
        at_ms: NOW_MS - 120_000,
    };
    let past = PastCause {
        entity: "b".to_owned(),
        confirmed: 3,
    };
    assert_eq!(names(&ranked(&signals, &[], &[], &[])), ["a", "b"]);
    let changed = ranked(&signals, &[], std::slice::from_ref(&change), &[]);
    assert_eq!(names(&changed), ["b", "a"]);
    assert!(
        changed.candidates[0]
            .factors
            .iter()
            .any(|f| f.kind == FactorKind::ChangeProximity)
    );
    assert_eq!(names(&ranked(&signals, &[], &[], &[past])), ["b", "a"]);
    let later = Change {
        at_ms: NOW_MS + 600_000,
        ..change
    };
    assert_eq!(
        names(&ranked(&signals, &[], &[later], &[])),
        ["a", "b"],
        "a later change is no cause"
    );
}

#[test]
fn who_departs_first_goes_first_between_equals() {
    let late = signal("a", SignalKind::Latency, 20.0, NOW_MS);
    let early = signal("b", SignalKind::Latency, 20.0, NOW_MS - 60_000);
    assert_eq!(names(&ranked(&[late, early], &[], &[], &[])), ["b", "a"]);
}

fn arbitrary_signal() -> impl Strategy<Value = Signal> {
    let kind = prop_oneof![
        Just(SignalKind::Latency),
        Just(SignalKind::Errors),
        Just(SignalKind::Resource),
        Just(SignalKind::Traffic),
    ];
    ("[a-f]", kind, 0.0f64..60.0, 0i64..600_000)
        .prop_map(|(entity, kind, strength, onset)| signal(&entity, kind, strength, NOW_MS - onset))
}

proptest! {
    #[test]
    fn a_ranking_is_whole_and_the_same_in_any_order(
        signals in proptest::collection::vec(arbitrary_signal(), 0..20),
        ends in proptest::collection::vec(("[a-f]", "[a-f]"), 0..15),
    ) {
        let edges: Vec<Edge> = ends.iter().map(|(a, b)| edge(a, b)).collect();
        let ranking = ranked(&signals, &edges, &[], &[]);
        let sum: f64 = ranking.candidates.iter().map(|c| c.confidence).sum();
        prop_assert!(sum <= 1.0 + 1e-9);
        for candidate in &ranking.candidates {
            prop_assert!(candidate.score.is_finite() && (0.0..=1.0).contains(&candidate.confidence));
            for factor in &candidate.factors {
                prop_assert!((-1.0..=1.0 + 1e-9).contains(&factor.value), "{:?}", factor);
                prop_assert!(factor.because.iter().all(|index| *index < signals.len()));
            }
        }
        prop_assert!(ranking.candidates.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let turned: Vec<Signal> = signals.iter().rev().cloned().collect();
        let again = ranked(&turned, &edges, &[], &[]);
        let scores = |r: &Ranking| r.candidates.iter().map(|c| (c.entity.clone(), (c.score * 1e9).round())).collect::<Vec<_>>();
        prop_assert_eq!(scores(&ranking), scores(&again));
    }
}
