//! Synthetic hosts: load drives processor, network and requests together, on a daily cycle.

use proptest::prelude::*;

use super::*;
use crate::random::Random;

const CPU: usize = 0;
const LOAD: usize = 1;
const BYTES: usize = 2;
const REQUESTS: usize = 3;
const DISK: usize = 4;
const VERSION_NUMBER: usize = 5;
const RARE: usize = 6;
const COLUMNS: usize = 7;

/// Rows of a host at one minute each from `first` on.
fn host(seed: u64, first: usize, count: usize) -> Vec<Vec<f32>> {
    let mut random = Random::new(seed);
    let mut normal = move || (0..12).map(|_| random.unit()).sum::<f32>() - 6.0;
    let mut wander = 0.0;
    let minute = |t: usize| std::f32::consts::TAU * t as f32 / 1_440.0;
    (first..first + count)
        .map(|t| {
            wander = 0.9 * wander + 0.3 * normal();
            let demand = 1.5 * minute(t).sin() + wander;
            let mut row = vec![0.0; COLUMNS];
            row[CPU] = 100.0 / (1.0 + (1.0 - 0.7 * demand - 0.1 * normal()).exp());
            row[LOAD] = (0.6 * demand + 0.1 * normal()).exp();
            row[BYTES] = 1e6 * (0.9 * demand + 0.15 * normal()).exp();
            row[REQUESTS] = (200.0 * (0.8 * demand + 0.1 * normal()).exp()).floor();
            row[DISK] = 5e10 + 1e5 * t as f32;
            row[VERSION_NUMBER] = 17.0;
            row[RARE] = if t.is_multiple_of(3) {
                f32::NAN
            } else {
                normal()
            };
            row
        })
        .collect()
}

fn matrix(rows: &[Vec<f32>]) -> Matrix {
    Matrix::new(rows.concat(), rows[0].len()).unwrap()
}

fn trained(seed: u64) -> EntityDetector {
    EntityDetector::train(
        &matrix(&host(seed, 0, 1_440)),
        seed,
        &EntityConfig::default(),
    )
}

#[test]
fn normal_rows_of_the_next_hours_are_called_odd_as_often_as_said() {
    let (mut below, mut count, mut certain) = (0, 0, 0);
    for seed in 1..=8 {
        let detector = trained(seed);
        for row in host(seed + 100, 1_440, 360) {
            let verdict = detector.score(&row);
            below += usize::from(verdict.tail_probability < 0.01);
            certain += usize::from(verdict.probability > 0.9);
            count += 1;
        }
    }
    eprintln!("{below} of {count} rows below one in a hundred, {certain} called anomalies");
    assert!(below * 100 < 3 * count, "{below} of {count}");
    assert_eq!(certain, 0);
}

#[test]
fn a_break_of_correlation_within_all_ranges_is_found_and_named() {
    let mut found = 0;
    for seed in 1..=20 {
        let rows = host(seed, 0, 1_440);
        let detector = trained(seed);
        // Requests as in the quietest hours while all else is at its busiest tenth.
        let mut by_requests: Vec<&Vec<f32>> = rows.iter().collect();
        by_requests.sort_by(|a, b| a[REQUESTS].total_cmp(&b[REQUESTS]));
        let mut row = by_requests[1_300].clone();
        row[REQUESTS] = by_requests[200][REQUESTS];
        let verdict = detector.score(&row);
        let first = verdict.contributions[0];
        let named = first.column as usize == REQUESTS && first.deviation < -3.0;
        let expected = (first.expected / by_requests[1_300][REQUESTS] - 1.0).abs() < 0.6;
        found += usize::from(verdict.probability > 0.9 && named && expected);
    }
    eprintln!("{found} of 20 breaks found");
    assert!(found >= 18, "{found} of 20");
}

#[test]
fn hosts_with_a_hundred_series_and_few_rows_are_judged_alike() {
    let mut random = Random::new(11);
    let mut normal = move || (0..12).map(|_| random.unit()).sum::<f32>() - 6.0;
    // Five causes drive a hundred series.
    let mut rows = |count: usize| -> Vec<Vec<f32>> {
        let row = |_| {
            let causes: Vec<f32> = (0..5).map(|_| normal()).collect();
            (0..100).map(|c| causes[c % 5] * 3.0 + normal()).collect()
        };
        (0..count).map(row).collect()
    };
    let detector = EntityDetector::train(&matrix(&rows(400)), 1, &EntityConfig::default());
    let (mut below, mut certain, mut found) = (0, 0, 0);
    for mut row in rows(1_000) {
        let verdict = detector.score(&row);
        below += usize::from(verdict.tail_probability < 0.01);
        certain += usize::from(verdict.probability > 0.9);
        // Against its cause, within its range.
        row[42] = -row[42].signum() * 4.5;
        let broken = detector.score(&row);
        found += usize::from(broken.contributions[0].column == 42);
    }
    eprintln!("{below} below one in a hundred, {certain} certain, {found} named of 1000");
    assert!(below <= 30 && certain == 0, "{below} {certain}");
    assert!(found >= 900, "{found}");
}

#[test]
fn values_out_of_range_are_found_by_name() {
    let detector = trained(3);
    let mut row = host(50, 1_440, 1).remove(0);
    let before = detector.score(&row);
    row[BYTES] *= 1e3;
    let verdict = detector.score(&row);
    assert!(
        before.probability < 0.5 && verdict.probability > 0.9,
        "{verdict:?}"
    );
    assert_eq!(verdict.contributions[0].column as usize, BYTES);
    assert!(verdict.contributions[0].deviation > 3.0);
}

#[test]
fn series_that_vanish_appear_or_stop_being_constant_are_told() {
    let detector = trained(4);
    assert_eq!(
        detector.columns(),
        [0, 1, 2, 3, 5, 6],
        "a disk that fills is not judged"
    );
    let mut row = host(50, 1_440, 1).remove(0);
    row[LOAD] = f32::NAN;
    row.extend([4.0, f32::NAN]);
    let verdict = detector.score(&row);
    assert_eq!(
        (verdict.missing, verdict.unjudged),
        (vec![LOAD as u32], vec![DISK as u32, 7])
    );
    assert!(verdict.probability < 0.5);
    row[VERSION_NUMBER] = 18.0;
    let broken = detector.score(&row);
    assert!(broken.score > verdict.score);
    assert_eq!(broken.contributions[0].column as usize, VERSION_NUMBER);
    let nothing = detector.score(&[]);
    assert_eq!(nothing.tail_probability, 1.0);
    assert_eq!(nothing.missing.len(), COLUMNS - 2);
}

#[test]
fn too_few_rows_judge_nothing() {
    let rows = matrix(&host(1, 0, 40));
    let detector = EntityDetector::train(&rows, 1, &EntityConfig::default());
    assert!(!detector.is_ready());
    let verdict = detector.score(&[1e9; COLUMNS]);
    assert_eq!(
        (verdict.tail_probability, verdict.unjudged.len()),
        (1.0, COLUMNS)
    );
    assert_eq!(EntityDetector::restore(&detector.snapshot()), Ok(detector));
}

#[test]
fn damaged_snapshots_are_refused_or_sound() {
    let bytes = trained(2).snapshot();
    for at in (0..bytes.len()).step_by(997) {
        assert!(EntityDetector::restore(&bytes[..at]).is_err());
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        if let Ok(detector) = EntityDetector::restore(&damaged) {
            let _ = detector.score(&[1.0; COLUMNS]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_rows_give_sound_verdicts_that_survive_a_snapshot(
        seed in any::<u64>(),
        columns in 1usize..6,
        kinds in prop::collection::vec(0u8..6, 6),
        probe in prop::collection::vec(
            prop_oneof![3 => -1e30f32..1e30, 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)], 0..8),
    ) {
        let mut random = Random::new(seed);
        let values = (0..100 * columns).map(|i| match kinds[i % columns] {
            0 => 5.0,
            1 => f32::NAN,
            2 => random.unit() * 1e30 - 5e29,
            3 => (random.unit() * 3.0).floor(),
            4 => if random.unit() < 0.02 { 1e9 } else { 0.0 },
            _ => if random.unit() < 0.4 { f32::NAN } else { random.unit() },
        });
        let rows = Matrix::new(values.collect(), columns).unwrap();
        let config = EntityConfig {
            forest: ForestSettings { trees: 20, sample: 64 },
            ..EntityConfig::default()
        };
        let detector = EntityDetector::train(&rows, seed, &config);
        let restored = EntityDetector::restore(&detector.snapshot()).unwrap();
        prop_assert_eq!(&restored, &detector);
        for row in rows.iter().take(10).chain([&probe[..]]) {
            let verdict = detector.score(row);
            prop_assert!((0.0..1.0).contains(&verdict.probability));
            prop_assert!(verdict.tail_probability > 0.0 && verdict.tail_probability <= 1.0);
            prop_assert!(verdict.score.is_finite());
            let shares: f32 = verdict.contributions.iter().map(|c| c.share).sum();
            prop_assert!(shares <= 1.001);
            prop_assert!(verdict.contributions.windows(2).all(|w| w[0].share >= w[1].share));
        }
    }
}
