//! What holds for any traffic: bounds, snapshots, and that an early verdict is kept.

use proptest::prelude::*;
use tocsin_sequence::{Config, Ending, Model, Outcome, SnapshotError, Tracker};

/// `(session key, template, milliseconds since the event before)`.
type Event = (u64, u64, i64);

fn traffic() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0u64..20, 0u64..6, 0i64..400), 0..600)
}

fn small() -> Config {
    Config {
        warmup_sessions: 10,
        max_vectors: 8,
        max_pairs: 24,
        max_open: 7,
        max_events: 9,
        idle_ms: 1_000,
        ..Config::default()
    }
}

fn run(tracker: &mut Tracker, events: &[Event], from_ms: i64) -> (Vec<Outcome>, i64) {
    let (mut out, mut now_ms) = (Vec::new(), from_ms);
    for (key, template, gap_ms) in events {
        now_ms += gap_ms;
        tracker.advance(now_ms, &mut out);
        tracker.observe(*key, *template, now_ms, &mut out);
    }
    (out, now_ms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_restored_tracker_goes_on_as_the_saved_one(events in traffic(), cut in 0usize..600) {
        let cut = cut.min(events.len());
        let mut one = Tracker::new(small());
        let (_, now_ms) = run(&mut one, &events[..cut], 0);
        let bytes = one.snapshot();
        let mut other = Tracker::restore(&bytes, small()).unwrap();
        prop_assert_eq!(&other, &one);
        prop_assert_eq!(other.snapshot(), bytes);
        let rest = &events[cut..];
        prop_assert_eq!(run(&mut one, rest, now_ms), run(&mut other, rest, now_ms));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn bytes_that_are_no_snapshot_are_refused(events in traffic(), cut in 0usize..5_000, noise in any::<Vec<u8>>()) {
        let mut tracker = Tracker::new(small());
        run(&mut tracker, &events, 0);
        let mut bytes = tracker.snapshot();
        let cut = cut % bytes.len();
        prop_assert!(Tracker::restore(&bytes[..cut], small()).is_err());
        bytes[0] = 9;
        prop_assert_eq!(Tracker::restore(&bytes, small()), Err(SnapshotError::Version(9)));
        let _ = Tracker::restore(&noise, small());
    }

    #[test]
    fn memory_is_bounded_and_no_event_is_lost(events in traffic()) {
        let mut tracker = Tracker::new(small());
        let (mut out, now_ms) = run(&mut tracker, &events, 0);
        prop_assert!(tracker.open_sessions() <= 7);
        prop_assert!(tracker.snapshot().len() < 8_000);
        tracker.advance(now_ms + 2_000, &mut out);
        prop_assert_eq!(tracker.open_sessions(), 0);
        let ended = out.iter().filter(|o| o.ending != Ending::Open);
        prop_assert_eq!(ended.clone().map(|o| o.templates.len()).sum::<usize>(), events.len());
        for outcome in ended {
            let verdict = &outcome.verdict;
            prop_assert!((1..=9).contains(&outcome.templates.len()));
            prop_assert!(outcome.first_ms <= outcome.last_ms);
            prop_assert!(verdict.probability > 0.0 && verdict.probability <= 1.0);
            prop_assert!(verdict.score >= 0.0 && verdict.score.is_finite());
        }
    }

    #[test]
    fn what_was_told_early_is_not_taken_back(
        known in prop::collection::vec(prop::collection::vec(0u64..6, 1..6), 30..60),
        session in prop::collection::vec(0u64..9, 1..30),
    ) {
        let model = Model::fit(known.iter().map(Vec::as_slice), Config::default());
        let mut tracker = Tracker::with_model(model);
        let mut out = Vec::new();
        for template in &session {
            tracker.observe(1, *template, 0, &mut out);
        }
        let told: Vec<f64> = out.iter().map(|o| o.verdict.score).collect();
        tracker.close(1, &mut out);
        let last = out.last().unwrap();
        prop_assert_eq!(last.was_told, !told.is_empty());
        for score in told {
            prop_assert!(last.verdict.is_anomalous && last.verdict.score >= score - 1e-9);
        }
    }
}

#[test]
fn a_fault_is_told_before_the_session_ends_and_named() {
    let mut tracker = Tracker::new(Config::default());
    let mut out = Vec::new();
    for key in 0..3_000 {
        for template in [1, 2, 2, 3] {
            tracker.observe(key, template, 0, &mut out);
        }
        tracker.close(key, &mut out);
    }
    assert!(
        out.drain(..)
            .all(|o| !o.verdict.is_anomalous && o.is_learned)
    );
    for template in [1, 2, 99] {
        tracker.observe(7, template, 1, &mut out);
    }
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].ending, Ending::Open);
    assert_eq!(out[0].verdict.differences[0].template, 99);
    assert!(out[0].verdict.differences[0].is_new);
    tracker.close(7, &mut out);
    assert!(out[1].verdict.is_anomalous && out[1].was_told && !out[1].is_learned);
    tracker.accept(&out[1].templates);
    assert!(!tracker.model().judge(&out[1].templates).is_anomalous);
}

#[test]
fn a_change_of_everything_becomes_normal_and_a_fault_does_not() {
    let mut tracker = Tracker::new(Config::default());
    let mut out = Vec::new();
    let mut feed = |key: u64, session: &[u64], tracker: &mut Tracker| {
        for template in session {
            tracker.observe(key, *template, 0, &mut out);
        }
        tracker.close(key, &mut out);
        let verdict = out.pop().unwrap().verdict;
        out.clear();
        verdict.is_anomalous
    };
    for key in 0..3_000 {
        assert!(!feed(key, &[1, 2, 3], &mut tracker));
    }
    let faults = (0..40).filter(|i| {
        let is_told = feed(5_000 + i, &[1, 2, 77], &mut tracker);
        for key in 0..60 {
            feed(key, &[1, 2, 3], &mut tracker);
        }
        is_told
    });
    assert_eq!(faults.count(), 40);
    let told = (0..100).filter(|i| feed(9_000 + i, &[1, 2, 8, 3], &mut tracker));
    assert_eq!(told.count(), 20);
}

#[test]
fn a_fault_of_the_warm_up_is_forgotten_when_it_stays_alone() {
    let mut tracker = Tracker::new(Config::default());
    let mut out = Vec::new();
    let feed = |key: u64, session: &[u64], tracker: &mut Tracker, out: &mut Vec<Outcome>| {
        session
            .iter()
            .for_each(|t| tracker.observe(key, *t, 0, out));
        tracker.close(key, out);
    };
    feed(0, &[1, 66, 3], &mut tracker, &mut out);
    for key in 1..4_000 {
        feed(key, &[1, 2, 3], &mut tracker, &mut out);
    }
    out.clear();
    feed(4_001, &[1, 66, 3], &mut tracker, &mut out);
    assert!(out.iter().any(|o| o.verdict.is_anomalous));
}

#[test]
fn a_session_like_no_other_does_not_hide_lesser_faults() {
    let odd = [1, 50, 51, 52, 53, 54, 55, 56, 3];
    let usual = [1, 2, 3];
    let known = (0..600).map(|i| if i == 300 { &odd[..] } else { &usual[..] });
    let model = Model::fit(known, Config::default());
    assert!(model.judge(&[1, 2, 60, 61, 3]).is_anomalous);
}
