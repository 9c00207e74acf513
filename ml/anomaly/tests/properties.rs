//! What must hold for every series: no panic, bounded state, exact restore, one alarm a departure.

use proptest::prelude::*;
use tocsin_anomaly::{
    Detector, DetectorConfig, Feedback, Phase, SeriesDetector, SeriesKind, Verdict,
};

const MINUTE_MS: i64 = 60_000;

/// A small generator, so that the noise is the same on every machine.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (seed + 1).wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    /// In `[0, 1)`.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn gauss(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn run(
    detector: &mut SeriesDetector,
    from: i64,
    values: impl Iterator<Item = f64>,
) -> Vec<(i64, Verdict)> {
    let config = DetectorConfig::default();
    values
        .enumerate()
        .filter_map(|(at, value)| {
            let at = from + at as i64;
            detector
                .observe(at * MINUTE_MS, value, &config)
                .map(|v| (at, v))
        })
        .collect()
}

fn alarms(verdicts: &[(i64, Verdict)]) -> Vec<i64> {
    verdicts
        .iter()
        .filter(|v| v.1.is_alarm())
        .map(|v| v.0)
        .collect()
}

fn kind() -> impl Strategy<Value = SeriesKind> {
    prop_oneof![
        Just(SeriesKind::Gauge),
        Just(SeriesKind::Counter),
        Just(SeriesKind::Count),
        Just(SeriesKind::Availability)
    ]
}

proptest! {
    #[test]
    fn no_bits_and_no_times_make_it_panic_or_answer_outside_the_unit_interval(
        kind in kind(),
        points in prop::collection::vec((any::<i64>(), any::<u64>()), 0..300),
        ordered in any::<bool>(),
    ) {
        let config = DetectorConfig::default();
        let mut detector = SeriesDetector::new(kind);
        for (at, (at_ms, bits)) in points.into_iter().enumerate() {
            let at_ms = if ordered { at as i64 * 1000 } else { at_ms };
            if let Some(verdict) = detector.observe(at_ms, f64::from_bits(bits), &config) {
                prop_assert!((0.0..=1.0).contains(&verdict.probability));
                prop_assert!((0.0..=1.0).contains(&verdict.onset_probability));
                prop_assert!(verdict.score.is_finite());
                prop_assert!(verdict.band.yhat_lower <= verdict.band.yhat_upper);
                prop_assert!(!verdict.explain("x").to_string().is_empty());
            }
            detector.check_missing(at_ms.wrapping_add(1), &config);
        }
        let mut bytes = Vec::new();
        detector.snapshot(&mut bytes);
        prop_assert!(bytes.len() <= 1228);
        prop_assert!(size_of::<SeriesDetector>() <= 1228);
    }

    #[test]
    fn a_restored_detector_judges_the_same_points_the_same(
        kind in kind(),
        seed in any::<u64>(),
        before in 0..3000_usize,
        step in 1..4_000_000_i64,
    ) {
        let config = DetectorConfig::default();
        let mut noise = Noise::new(seed);
        let mut detector = SeriesDetector::new(kind);
        for at in 0..before {
            detector.observe(at as i64 * step, 10.0 + noise.gauss(), &config);
        }
        detector.feedback(Feedback::NotAnomaly, &config);
        let mut bytes = Vec::new();
        detector.snapshot(&mut bytes);
        let mut restored = SeriesDetector::restore(&bytes).expect("it was just saved");
        let mut again = Vec::new();
        restored.snapshot(&mut again);
        prop_assert_eq!(&bytes, &again);
        for at in before..before + 300 {
            let value = 10.0 + noise.gauss() * if at % 97 == 0 { 20.0 } else { 1.0 };
            let one = detector.observe(at as i64 * step, value, &config);
            let other = restored.observe(at as i64 * step, value, &config);
            prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
    }

    #[test]
    fn bytes_that_are_no_snapshot_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
        if let Ok(detector) = SeriesDetector::restore(&bytes) {
            let mut again = Vec::new();
            detector.snapshot(&mut again);
            prop_assert_eq!(again.len(), bytes.len());
        }
    }
}

#[test]
fn a_level_shift_raises_exactly_one_alarm_and_becomes_the_new_normal() {
    for seed in 0..20 {
        let mut noise = Noise::new(seed);
        let mut detector = SeriesDetector::new(SeriesKind::Gauge);
        let values: Vec<f64> = (0..6000)
            .map(|at| noise.gauss() + if at < 2000 { 50.0 } else { 70.0 })
            .collect();
        let verdicts = run(&mut detector, 0, values.into_iter());
        let late: Vec<i64> = alarms(&verdicts)
            .into_iter()
            .filter(|at| *at >= 1990)
            .collect();
        assert_eq!(late.len(), 1, "alarms at {late:?} with seed {seed}");
        assert!((2000..2005).contains(&late[0]), "alarm at {}", late[0]);
        let ended = verdicts
            .iter()
            .filter(|v| v.0 > 2000 && v.1.phase == Phase::Ended);
        assert_eq!(ended.count(), 1);
        let band = verdicts.last().expect("there were points").1.band;
        assert!(
            band.yhat_lower > 50.0 && band.yhat_upper < 100.0,
            "{band:?}"
        );
    }
}

#[test]
fn a_spike_within_the_first_minutes_is_noticed() {
    let mut noise = Noise::new(3);
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let values = (0..30).map(|at| noise.gauss() + if at == 28 { 60.0 } else { 20.0 });
    let verdicts = run(&mut detector, 0, values.collect::<Vec<_>>().into_iter());
    assert_eq!(alarms(&verdicts), [28]);
}

#[test]
fn feedback_moves_the_band_and_the_alarms_in_its_direction() {
    let config = DetectorConfig::default();
    let width = |detector: &SeriesDetector| {
        let band = detector.band(&config);
        band.yhat_upper - band.yhat_lower
    };
    let mut noise = Noise::new(5);
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    run(
        &mut detector,
        0,
        (0..3000)
            .map(|_| noise.gauss())
            .collect::<Vec<_>>()
            .into_iter(),
    );
    let (mut wide, mut narrow) = (detector.clone(), detector.clone());
    wide.feedback(Feedback::NotAnomaly, &config);
    narrow.feedback(Feedback::Missed, &config);
    assert!(width(&wide) > width(&detector) && width(&detector) > width(&narrow));
    let probability = |detector: &mut SeriesDetector| {
        detector
            .observe(3000 * MINUTE_MS, 5.0, &config)
            .expect("it is judged")
            .probability
    };
    let (wide, narrow) = (probability(&mut wide), probability(&mut narrow));
    let plain = probability(&mut detector);
    assert!(wide < plain && plain < narrow, "{wide} {plain} {narrow}");
}

#[test]
fn a_sensor_that_stands_still_is_noticed_and_a_constant_is_not() {
    let mut noise = Noise::new(7);
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let values: Vec<f64> = (0..2000)
        .map(|at| {
            if at < 1500 {
                (noise.gauss() * 10.0).round()
            } else {
                3.0
            }
        })
        .collect();
    let verdicts = run(&mut detector, 0, values.into_iter());
    let flat = verdicts
        .iter()
        .find(|v| v.0 >= 1500 && v.1.is_alarm())
        .expect("an alarm");
    assert!(flat.0 < 1560, "alarm at {}", flat.0);
    assert_eq!(flat.1.detector, Detector::FlatLine);

    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let verdicts = run(&mut detector, 0, std::iter::repeat_n(45.0, 5000));
    assert!(alarms(&verdicts).is_empty());
}

#[test]
fn a_gap_is_noticed_once_and_ends_with_the_next_point() {
    let config = DetectorConfig::default();
    let mut noise = Noise::new(9);
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    run(
        &mut detector,
        0,
        (0..200)
            .map(|_| noise.gauss())
            .collect::<Vec<_>>()
            .into_iter(),
    );
    assert!(detector.check_missing(202 * MINUTE_MS, &config).is_none());
    let verdict = detector
        .check_missing(210 * MINUTE_MS, &config)
        .expect("a gap");
    assert_eq!(
        (verdict.detector, verdict.phase),
        (Detector::Missing, Phase::Started)
    );
    assert!(detector.is_anomalous());
    assert!(detector.check_missing(211 * MINUTE_MS, &config).is_none());
    let verdict = detector
        .observe(220 * MINUTE_MS, 0.0, &config)
        .expect("it is judged");
    assert_eq!(verdict.phase, Phase::Ended);
    assert!(!detector.is_anomalous());
}

#[test]
fn a_counter_is_judged_by_its_rate_and_its_reset_is_no_anomaly() {
    let mut noise = Noise::new(11);
    let mut total = 1e9;
    let mut detector = SeriesDetector::new(SeriesKind::Counter);
    let values: Vec<f64> = (0..3000)
        .map(|at| {
            total += 6000.0 + 60.0 * noise.gauss() + if at >= 2500 { 30_000.0 } else { 0.0 };
            if at == 1000 {
                total = 5900.0;
            }
            total
        })
        .collect();
    let verdicts = run(&mut detector, 0, values.into_iter());
    let at = alarms(&verdicts);
    assert!(at.iter().all(|at| *at >= 2500), "{at:?}");
    assert_eq!(at.first(), Some(&2500));
    assert!(
        (verdicts[500].1.observed - 100.0).abs() < 10.0,
        "a rate per second"
    );
}

#[test]
fn nothing_is_said_of_stale_duplicate_and_late_points() {
    let config = DetectorConfig::default();
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    assert!(detector.observe(1000, 1.0, &config).is_some());
    let before = detector.clone();
    for (at_ms, value) in [
        (1000, 2.0),
        (500, 3.0),
        (2000, f64::NAN),
        (3000, f64::INFINITY),
    ] {
        assert!(detector.observe(at_ms, value, &config).is_none());
    }
    assert!(detector == before || detector.points() == before.points());
}

#[test]
fn the_sentence_names_the_value_and_the_band() {
    let mut noise = Noise::new(13);
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let values = (0..500).map(|at| {
        if at == 499 {
            97.2
        } else {
            20.0 + noise.gauss()
        }
    });
    let verdicts = run(&mut detector, 0, values.collect::<Vec<_>>().into_iter());
    let last = verdicts.last().expect("there were points").1;
    assert!(last.is_alarm());
    let sentence = last.explain("cpu_usage").to_string();
    assert!(
        sentence.starts_with("cpu_usage was 97.2, expected "),
        "{sentence}"
    );
}

#[test]
fn gaps_are_reported_only_of_series_that_sent_regularly_for_an_hour_and_for_minutes() {
    let config = DetectorConfig::default();
    let sent = |points: i64, skip: i64| {
        let mut detector = SeriesDetector::new(SeriesKind::Gauge);
        for at in (0..points).filter(|at| skip == 0 || at % skip < 5) {
            detector.observe(at * 10_000, (at % 7) as f64, &config);
        }
        detector
    };
    let missing = |mut detector: SeriesDetector, after: i64| {
        let last_ms = detector.last_ms().expect("there were points");
        detector.check_missing(last_ms + after, &config).is_some()
    };
    assert!(missing(sent(400, 0), 400_000));
    assert!(!missing(sent(400, 0), 100_000), "a minute or two");
    assert!(!missing(sent(200, 0), 400_000), "half an hour old");
    assert!(!missing(sent(1000, 12), 400_000), "it comes and goes");
}

#[test]
fn a_counter_that_rests_is_not_flat() {
    let mut noise = Noise::new(17);
    let mut detector = SeriesDetector::new(SeriesKind::Counter);
    let mut total = 0.0;
    let values: Vec<f64> = (0..4000)
        .map(|at| {
            let is_at_rest = (3000..3060).contains(&at);
            total += if is_at_rest { 0.0 } else { noise.uniform() };
            total
        })
        .collect();
    let verdicts = run(&mut detector, 0, values.into_iter());
    let mut flat = verdicts
        .iter()
        .filter(|v| v.1.is_alarm() && v.1.detector == Detector::FlatLine);
    assert_eq!(flat.next(), None);
}

#[test]
fn up_that_drops_is_down_after_the_second_point_and_is_up_again_once() {
    let mut detector = SeriesDetector::new(SeriesKind::Availability);
    let values = (0..60).map(|at| f64::from(u8::from(!(10..30).contains(&at))));
    let verdicts = run(&mut detector, 0, values);
    assert_eq!(alarms(&verdicts), [11]);
    let down = verdicts[11].1;
    assert_eq!((down.detector.name(), down.observed), ("down", 0.0));
    assert_eq!(down.band.yhat_lower, 1.0);
    assert_eq!(
        down.explain("up").to_string(),
        "up was 0, 1 is well: it is down"
    );
    let ended: Vec<i64> = verdicts
        .iter()
        .filter(|v| v.1.phase == Phase::Ended)
        .map(|v| v.0)
        .collect();
    assert_eq!(ended, [32]);
}

#[test]
fn a_series_that_is_called_up_but_holds_other_values_is_a_gauge() {
    let mut noise = Noise::new(19);
    let mut detector = SeriesDetector::new(SeriesKind::Availability);
    let values: Vec<f64> = (0..400)
        .map(|at| noise.gauss() + if at == 350 { 90.0 } else { 20.0 })
        .collect();
    let verdicts = run(&mut detector, 0, values.into_iter());
    assert_eq!(detector.kind(), SeriesKind::Gauge);
    assert_eq!(alarms(&verdicts), [350]);
}

#[test]
fn a_snapshot_of_the_version_before_is_still_read() {
    let mut noise = Noise::new(23);
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let values: Vec<f64> = (0..500).map(|_| noise.gauss()).collect();
    run(&mut detector, 0, values.into_iter());
    let mut bytes = Vec::new();
    detector.snapshot(&mut bytes);
    bytes[0] = 2;
    bytes.truncate(bytes.len() - 21);
    let restored = SeriesDetector::restore(&bytes).expect("it is known");
    assert_eq!(format!("{restored:?}"), format!("{detector:?}"));
}
