//! Scorecards from the outside.

use proptest::prelude::*;

use super::*;
use crate::Direction;

const DAY: i64 = 86_400_000;

fn said(made_at_day: i64, probability: f64) -> Prediction {
    let at = made_at_day * DAY;
    Prediction {
        made_at_ms: at,
        until_ms: at + 7 * DAY,
        limit: Limit {
            value: 100.0,
            direction: Direction::Rising,
        },
        probability,
        crossing: Crossing {
            t10_ms: Some(at + 2 * DAY),
            t50_ms: Some(at + 3 * DAY),
            t90_ms: Some(at + 4 * DAY),
        },
    }
}

fn seen(crossed_day: Option<i64>, until_day: i64) -> Observed {
    Observed {
        crossed_at_ms: crossed_day.map(|day| day * DAY),
        seen_until_ms: until_day * DAY,
        was_reset: false,
    }
}

#[test]
fn each_end_has_its_verdict() {
    let loud = said(0, 0.9);
    assert_eq!(verdict(&loud, &seen(Some(3), 8)), Verdict::Hit);
    assert_eq!(verdict(&loud, &seen(Some(1), 8)), Verdict::Late);
    assert_eq!(verdict(&loud, &seen(Some(6), 8)), Verdict::Early);
    assert_eq!(verdict(&loud, &seen(None, 8)), Verdict::FalseAlarm);
    assert_eq!(verdict(&loud, &seen(Some(8), 8)), Verdict::FalseAlarm);
    assert_eq!(verdict(&loud, &seen(None, 5)), Verdict::Open);
    let quiet = said(0, 0.1);
    assert_eq!(verdict(&quiet, &seen(Some(3), 8)), Verdict::Miss);
    assert_eq!(verdict(&quiet, &seen(None, 8)), Verdict::CorrectSilence);
    let reset = Observed {
        was_reset: true,
        ..seen(None, 5)
    };
    assert_eq!(verdict(&loud, &reset), Verdict::Void);
}

#[test]
fn a_series_that_cries_wolf_falls_silent_and_recovers() {
    let config = ScorecardConfig::default();
    let mut card = Scorecard::default();
    assert!(card.is_calibrated(&config), "a new series may speak");
    for day in 0..4 {
        card.record(&said(day, 0.9), &seen(None, 100), &config);
    }
    let calibration = card.calibration(&config);
    assert!(
        matches!(calibration, Calibration::CriesWolf { crossed: 0, .. }),
        "{calibration}"
    );
    for day in 4..60 {
        card.record(&said(day, 0.9), &seen(Some(day + 3), 100), &config);
    }
    assert!(card.is_calibrated(&config));
    assert_eq!(card.tally().false_alarms, 4);
    assert_eq!(card.tally().recall(), Some(1.0));
    assert_eq!(card.tally().interval_coverage(), Some(1.0));
}

#[test]
fn a_series_whose_limit_comes_unannounced_falls_silent() {
    let config = ScorecardConfig::default();
    let mut card = Scorecard::default();
    for day in 0..8 {
        card.record(&said(day, 0.0), &seen(Some(day + 3), 100), &config);
    }
    assert!(matches!(
        card.calibration(&config),
        Calibration::TooQuiet { .. }
    ));
}

#[test]
fn predictions_made_at_once_prove_nothing_new() {
    let config = ScorecardConfig::default();
    let mut card = Scorecard::default();
    for _ in 0..50 {
        card.record(&said(0, 0.9), &seen(None, 100), &config);
    }
    assert_eq!(card.tally().judged(), 50);
    assert!(card.is_calibrated(&config));
}

#[test]
fn a_band_that_is_too_narrow_silences() {
    let config = ScorecardConfig::default();
    let mut card = Scorecard::default();
    let point = BandPoint {
        time_ms: 0,
        median: 5.0,
        lower_80: 4.0,
        upper_80: 6.0,
        lower_95: 3.0,
        upper_95: 7.0,
    };
    for day in 0..20 {
        let value = if day % 2 == 0 { 5.5 } else { 6.5 };
        card.record_point(day * DAY, &point, value, &config);
    }
    card.record_point(21 * DAY, &point, f64::NAN, &config);
    let calibration = card.calibration(&config);
    assert_eq!(
        calibration,
        Calibration::BandTooNarrow {
            points: 20,
            within: 10
        }
    );
    assert_eq!(card.tally().band_coverage(), Some((0.5, 1.0)));
    assert_eq!(card.tally().point_error(), Some(1.0));
}

proptest! {
    #[test]
    fn snapshots_bring_back_the_same_scorecard(
        steps in prop::collection::vec((0i64..40, 0.0f64..=1.0, prop::option::of(0i64..60)), 0..80)
    ) {
        let config = ScorecardConfig::default();
        let mut card = Scorecard::default();
        for (day, probability, crossed) in steps {
            let crossed = crossed.map(|after| day + after);
            card.record(&said(day, probability), &seen(crossed, 60), &config);
        }
        let bytes = card.to_bytes();
        prop_assert!(bytes.len() < 256);
        prop_assert_eq!(Scorecard::from_bytes(&bytes), Ok(card));
        prop_assert!(Scorecard::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn decoding_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Scorecard::from_bytes(&bytes);
        let _ = crate::Alarm::from_bytes(&bytes);
    }
}
