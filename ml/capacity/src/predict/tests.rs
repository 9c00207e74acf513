//! Questions about series whose answer is plain, and properties of every answer.

use proptest::prelude::*;

use super::*;
use crate::{Calibration, Random};

const MINUTES_5: i64 = 300_000;
const DAY: usize = 288;

/// Asks about ten days of points every five minutes, with a little noise, and a limit of 100.
fn ask(value: impl Fn(f64) -> f64) -> Outcome {
    let mut random = Random::new(4);
    let values: Vec<f64> = (0..10 * DAY)
        .map(|at| value(at as f64 / DAY as f64) + 0.05 * random.normal())
        .collect();
    ask_values(&values, 100.0, &[])
}

fn ask_values(values: &[f64], limit: f64, resets_ms: &[i64]) -> Outcome {
    let times: Vec<i64> = (0..values.len() as i64).map(|at| at * MINUTES_5).collect();
    let history = History {
        times_ms: &times,
        values,
        resets_ms,
    };
    let limit = Limit {
        value: limit,
        direction: Direction::Rising,
    };
    predict(
        &history,
        &limit,
        times.last().copied().unwrap_or(0),
        &Config::default(),
    )
}

fn days(outcome: &Outcome) -> [f64; 3] {
    let forecast = outcome.forecast().unwrap();
    let crossing = forecast.crossing;
    [crossing.t10_ms, crossing.t50_ms, crossing.t90_ms].map(|at| {
        at.map_or(f64::INFINITY, |at| {
            (at - forecast.made_at_ms) as f64 / DAY_MS as f64
        })
    })
}

fn burst(day: f64, start: f64, hours: f64) -> bool {
    (start..start + hours / 24.0).contains(&day.fract())
}

#[test]
fn a_steady_fill_is_full_when_the_line_says() {
    let outcome = ask(|day| 40.0 + 4.0 * day);
    let [t10, t50, t90] = days(&outcome);
    assert!(outcome.probability() > 0.95, "{outcome:?}");
    assert!(
        (t50 - 5.0).abs() < 0.3 && t10 <= t50 && t50 <= t90,
        "{t10} {t50} {t90}"
    );
}

#[test]
fn a_slow_fill_is_beyond_the_horizon_and_silent() {
    let outcome = ask(|day| 40.0 + 1.0 * day);
    assert!(matches!(
        outcome,
        Outcome::Silent {
            why: Silence::NotFilling | Silence::TooFar,
            ..
        }
    ));
    assert_eq!(outcome.probability(), 0.0);
}

#[test]
fn nearly_full_but_flat_is_no_alarm() {
    assert!(ask(|_| 98.0).probability() < 0.1);
}

#[test]
fn a_big_copy_is_not_a_slope() {
    for copied in [2.0, 6.0, 9.0] {
        let outcome = ask(|day| 40.0 + 250.0 * (day - copied).clamp(0.0, 0.2));
        assert!(outcome.probability() < 0.1, "{copied}: {outcome:?}");
    }
}

#[test]
fn the_burst_of_each_night_is_masked_and_its_peak_counts() {
    let nightly = |day: f64| if burst(day, 0.125, 2.0) { 20.0 } else { 0.0 };
    assert!(ask(|day| 60.0 + nightly(day)).probability() < 0.1);
    let outcome = ask(|day| 40.0 + 3.0 * day + nightly(day));
    let [_, t50, _] = days(&outcome);
    // The bursts reach 100 on the fourth night, the level only after ten days.
    assert!((3.0..4.5).contains(&t50), "{t50}: {outcome:?}");
}

#[test]
fn a_burst_that_runs_now_is_no_fill() {
    let outcome = ask(|day| {
        50.0 + if day > 9.95 {
            20.0 * (day - 9.95) / 0.05
        } else {
            0.0
        }
    });
    assert!(outcome.probability() < 0.5, "{outcome:?}");
}

#[test]
fn a_saw_that_stays_below_is_no_alarm_and_one_that_climbs_is() {
    let saw = |day: f64| 10.0 * (day % 2.0);
    assert!(ask(|day| 60.0 + saw(day)).probability() < 0.1);
    let outcome = ask(|day| 40.0 + saw(day) + 8.0 * (day / 2.0).floor());
    let [_, t50, _] = days(&outcome);
    // Teeth of 20 climb by 8 every two days from 40: the one from day 12 would end at 108.
    assert!((2.0..5.0).contains(&t50), "{t50}: {outcome:?}");
}

#[test]
fn what_is_cleaned_up_at_a_level_is_not_said_to_fill() {
    assert!(ask(|day| 30.0 + 20.0 * (day % 2.7)).probability() < 0.1);
}

#[test]
fn a_runaway_of_half_a_day_is_seen() {
    let outcome = ask(|day| 40.0 + 0.2 * day + 40.0 * (day - 9.5).max(0.0));
    assert!(outcome.probability() > 0.8, "{outcome:?}");
    let [_, t50, _] = days(&outcome);
    assert!((0.5..2.0).contains(&t50), "{t50}");
}

#[test]
fn a_fill_that_stopped_is_over() {
    assert!(ask(|day| 40.0 + 6.0 * day.min(8.5)).probability() < 0.2);
}

#[test]
fn a_fill_that_speeds_up_comes_sooner_than_the_line() {
    let outcome = ask(|day| 20.0 + 5.0 * (day * 0.2).exp());
    let [_, t50, _] = days(&outcome);
    // The exponential reaches 100 after 13.9 days, the line of now after 15.8.
    assert!((3.2..4.8).contains(&t50), "{t50}: {outcome:?}");
}

#[test]
fn a_reset_forgets_what_was_before() {
    let values: Vec<f64> = (0..10 * DAY)
        .map(|at| if at < 5 * DAY { at as f64 * 0.06 } else { 30.0 })
        .collect();
    let outcome = ask_values(&values, 100.0, &[5 * DAY as i64 * MINUTES_5]);
    assert!(outcome.probability() < 0.05, "{outcome:?}");
    let outcome = ask_values(&values, 100.0, &[(10 * DAY - 20) as i64 * MINUTES_5]);
    assert!(matches!(
        outcome,
        Outcome::Silent {
            why: Silence::ShortHistory { .. },
            ..
        }
    ));
}

#[test]
fn a_certificate_expires_on_its_day() {
    let times: Vec<i64> = (0..60).map(|day| day * DAY_MS).collect();
    let values: Vec<f64> = (0..60).map(|day| f64::from(64 - day)).collect();
    let history = History {
        times_ms: &times,
        values: &values,
        resets_ms: &[],
    };
    let limit = Limit {
        value: 0.0,
        direction: Direction::Falling,
    };
    let outcome = predict(&history, &limit, 59 * DAY_MS, &Config::default());
    assert!(outcome.probability() > 0.9, "{outcome:?}");
    assert!((days(&outcome)[1] - 5.0).abs() <= 1.0, "{outcome:?}");
}

#[test]
fn full_is_full_and_never_in_the_past() {
    let mut values = vec![50.0; 2 * DAY];
    values.push(100.0);
    let outcome = ask_values(&values, 100.0, &[]);
    let forecast = outcome.forecast().unwrap();
    assert!(forecast.is_full && forecast.probability == 1.0);
    assert_eq!(days(&outcome), [0.0; 3]);
}

#[test]
fn full_is_said_even_right_after_a_reset() {
    let values: Vec<f64> = (0..40).map(|at| 61.0 + f64::from(at)).collect();
    let outcome = ask_values(&values, 100.0, &[]);
    assert_eq!(outcome.probability(), 1.0, "{outcome:?}");
    let outcome = ask_values(&values[..39], 100.0, &[]);
    assert!(matches!(
        outcome,
        Outcome::Silent {
            why: Silence::ShortHistory { .. },
            ..
        }
    ));
}

#[test]
fn old_points_and_distrust_are_silent() {
    let times: Vec<i64> = (0..500).map(|at| at * MINUTES_5).collect();
    let values: Vec<f64> = (0..500).map(|at| f64::from(at) * 0.15).collect();
    let history = History {
        times_ms: &times,
        values: &values,
        resets_ms: &[],
    };
    let limit = Limit {
        value: 100.0,
        direction: Direction::Rising,
    };
    let late = predict(&history, &limit, 600 * MINUTES_5, &Config::default());
    assert!(matches!(
        late,
        Outcome::Silent {
            why: Silence::Stale { .. },
            ..
        }
    ));
    let outcome = predict(&history, &limit, 499 * MINUTES_5, &Config::default());
    assert!(outcome.probability() > 0.9, "{outcome:?}");
    let distrust = Calibration::BandTooNarrow {
        points: 20,
        within: 3,
    };
    let outcome = outcome.judged(&distrust);
    assert_eq!(outcome.probability(), 0.0);
    assert!(
        outcome.forecast().is_some(),
        "what is unsaid is still scored"
    );
    let Outcome::Silent { why, .. } = outcome else {
        panic!("not silent")
    };
    assert_eq!(
        why.to_string(),
        "only 3 of the last 20 values lay within the 80 % band"
    );
}

#[test]
fn the_sentence_says_when_and_why() {
    let outcome = ask(|day| 40.0 + 4.0 * day);
    let reason = &outcome.forecast().unwrap().reason;
    assert!(
        reason.starts_with("reaches 100 in ") && reason.contains("rises by"),
        "{reason}"
    );
}

/// Any history: walks, steps, gaps, points out of order and what is no number.
fn any_history() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
    let point = (
        0i64..2_000_000,
        prop_oneof![
            8 => -1e3..1e3f64,
            1 => prop::num::f64::ANY,
        ],
    );
    let wild = prop::collection::vec(point, 0..300);
    let tame = (any::<u64>(), 300usize..1200, -1.0..1.0f64, 0.0..2.0f64).prop_map(
        |(seed, length, slope, noise)| {
            let mut random = Random::new(seed);
            let mut level = 50.0;
            (0..length)
                .map(|at| {
                    level += slope * 0.05 + 0.1 * noise * random.normal();
                    if random.unit() < 0.003 {
                        level += random.between(-30.0, 30.0);
                    }
                    (at as i64 * 600, level + noise * random.normal())
                })
                .collect::<Vec<_>>()
        },
    );
    prop_oneof![wild, tame].prop_map(|points| {
        points
            .into_iter()
            .map(|(seconds, value)| (seconds * 1000, value))
            .unzip()
    })
}

fn settings() -> Config {
    Config {
        paths: 60,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_answer_keeps_its_bounds(
        (times, values) in any_history(),
        limit in -200.0..400.0f64,
        rising in any::<bool>(),
    ) {
        let direction = if rising { Direction::Rising } else { Direction::Falling };
        let history = History { times_ms: &times, values: &values, resets_ms: &[] };
        let now_ms = times.iter().copied().max().unwrap_or(0);
        let outcome = predict(&history, &Limit { value: limit, direction }, now_ms, &settings());
        prop_assert!((0.0..=1.0).contains(&outcome.probability()));
        if let Some(forecast) = outcome.forecast() {
            let far = |at: Option<i64>| at.unwrap_or(i64::MAX);
            let Crossing { t10_ms, t50_ms, t90_ms } = forecast.crossing;
            prop_assert!(now_ms <= far(t10_ms));
            prop_assert!(far(t10_ms) <= far(t50_ms) && far(t50_ms) <= far(t90_ms));
            for point in &forecast.band {
                prop_assert!(point.lower_95 <= point.lower_80 && point.lower_80 <= point.median);
                prop_assert!(point.median <= point.upper_80 && point.upper_80 <= point.upper_95);
            }
        }
    }

    #[test]
    fn a_higher_limit_is_never_reached_earlier(
        (times, values) in any_history(),
        limit in 0.0..200.0f64,
        more in 0.0..100.0f64,
    ) {
        let history = History { times_ms: &times, values: &values, resets_ms: &[] };
        let now_ms = times.iter().copied().max().unwrap_or(0);
        let ask = |value: f64| {
            let limit = Limit { value, direction: Direction::Rising };
            predict(&history, &limit, now_ms, &settings())
        };
        let (low, high) = (ask(limit), ask(limit + more));
        if let (Some(low), Some(high)) = (low.forecast(), high.forecast()) {
            prop_assert!(high.probability <= low.probability);
            let median = |f: &Forecast| f.crossing.t50_ms.unwrap_or(i64::MAX);
            prop_assert!(median(high) >= median(low));
        }
    }

    #[test]
    fn times_and_limits_beyond_reason_do_not_panic(
        times in prop::collection::vec(any::<i64>(), 0..60),
        value in prop::num::f64::ANY,
        now_ms in any::<i64>(),
    ) {
        let values = vec![value; times.len()];
        let history = History { times_ms: &times, values: &values, resets_ms: &times };
        let limit = Limit { value, direction: Direction::Falling };
        let _ = predict(&history, &limit, now_ms, &settings());
        let history = History { resets_ms: &[], ..history };
        let _ = predict(&history, &limit, now_ms, &settings());
    }
}
