//! The judge of shapes over simulated months: it stays near its budget of false alarms on series
//! without anomalies, of every kind, and raises odd stretches within the usual range of values.

use std::f64::consts::TAU;

use tocsin_forest::{ShapeJudge, ShapeSettings};

const DAY: usize = 1440;
/// Rows of a month (30.4 days).
const MONTH: f64 = 43_776.0;
/// False alarms a series and month that are borne: the budget is one, and what is measured is the
/// mean over few series.
const BORNE: f64 = 3.0;
/// The same where a weekend comes every week and is unlike the days before: some are told until
/// there were enough of them.
const BORNE_WEEKENDS: f64 = 4.0;
/// A week is learnt before anything counts, as the server learns it from its store.
const LEARNT: usize = 7 * DAY;

struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        let mut noise = Self(0x9E37_79B9_7F4A_7C15 ^ (seed * 7919 + 13));
        for _ in 0..10 {
            noise.uniform();
        }
        noise
    }

    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn gauss(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut product, mut count) = (self.uniform(), 0.0);
        while product > (-mean).exp() {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

fn day(t: usize) -> f64 {
    (t as f64 / DAY as f64 * TAU).sin()
}

/// A job of 5 minutes each hour and one of 20 minutes each night, over noise.
fn jobs(noise: &mut Noise, t: usize) -> f64 {
    let hourly = if t % 60 < 5 { 20.0 } else { 0.0 };
    let nightly = if (180..200).contains(&(t % DAY)) {
        40.0
    } else {
        0.0
    };
    5.0 + hourly + nightly + noise.gauss()
}

/// The rows at which an anomaly begins: three rows in turn at 0.9 or more, until five below 0.5.
fn begun(values: impl IntoIterator<Item = f64>) -> Vec<usize> {
    let settings = ShapeSettings {
        history: LEARNT + 160,
        ..ShapeSettings::default()
    };
    let mut judge = ShapeJudge::new(settings, 1.0 / MONTH);
    let (mut begun, mut is_open, mut turning) = (Vec::new(), false, 0);
    for (t, value) in values.into_iter().enumerate() {
        let probability = judge.observe(value).map_or(0.0, |seen| seen.probability);
        let turns = if is_open {
            probability < 0.5
        } else {
            probability >= 0.9
        };
        turning = if turns { turning + 1 } else { 0 };
        if turning >= if is_open { 5 } else { 3 } {
            (is_open, turning) = (!is_open, 0);
            if is_open {
                begun.push(t);
            }
        }
    }
    begun
}

fn holds(name: &str, borne: f64, mut next: impl FnMut(&mut Noise, usize) -> f64) {
    let (rows, series) = (30 * DAY, 2);
    let mut alarms = 0;
    for seed in 0..series {
        let mut noise = Noise::new(seed);
        let found = begun((0..rows).map(|t| next(&mut noise, t)));
        alarms += found.iter().filter(|t| **t >= LEARNT).count();
    }
    let months = series as f64 * (rows - LEARNT) as f64 / MONTH;
    let rate = alarms as f64 / months;
    assert!(rate <= borne, "{name}: {rate:.2} alarms a month");
}

#[test]
fn the_budget_holds_on_noise_and_counts() {
    holds("gauss", BORNE, |noise, _| 50.0 + noise.gauss());
    holds("counts", BORNE, |noise, _| noise.poisson(0.3));
}

#[test]
fn the_budget_holds_on_heavy_tails() {
    holds("student t, 3", BORNE, |noise, _| {
        let chi: f64 = (0..3).map(|_| noise.gauss().powi(2)).sum();
        noise.gauss() / (chi / 3.0).sqrt()
    });
    holds("lognormal", BORNE, |noise, _| noise.gauss().exp());
}

#[test]
fn the_budget_holds_on_what_wanders() {
    for memory in [0.99, 1.0] {
        let mut level = 0.0;
        holds("autoregressive", BORNE, move |noise, _| {
            level = memory * level + noise.gauss();
            level
        });
    }
}

#[test]
fn the_budget_holds_on_days_and_weeks() {
    holds("days", BORNE, |noise, t| {
        50.0 + 10.0 * day(t) + noise.gauss()
    });
    holds("weeks", BORNE_WEEKENDS, |noise, t| {
        let is_weekend = t / DAY % 7 >= 5;
        let level = if is_weekend {
            2.0 * day(t) - 5.0
        } else {
            10.0 * day(t)
        };
        50.0 + level + noise.gauss()
    });
}

#[test]
fn the_budget_holds_on_what_idles_and_bursts_and_on_jobs() {
    let (mut left, mut size) = (0.0, 0.0);
    holds("bursts", BORNE, move |noise, _| {
        if left <= 0.0 && noise.uniform() < 0.003 {
            left = 1.0 - 15.0 * (1.0 - noise.uniform()).ln();
            size = 3.0 * noise.gauss().exp();
        }
        left -= 1.0;
        if left < 0.0 {
            return 0.0;
        }
        (size * (0.3 + 1.4 * noise.uniform())).ceil()
    });
    holds("jobs", BORNE, jobs);
}

/// `usual` with 100 rows from `at` on that only hold values that it had a moment before or after:
/// the first one, the same in reverse, or a third of them slowed down.
fn odd(usual: &[f64], at: usize, how: usize) -> Vec<f64> {
    let mut values = usual.to_vec();
    for i in 0..100 {
        values[at + i] = match how {
            0 => usual[at],
            1 => usual[at + 99 - i],
            _ => usual[at + i / 3],
        };
    }
    values
}

#[test]
fn an_odd_stretch_within_the_usual_range_is_raised_and_the_next_one_as_well() {
    let (first, second) = (8 * DAY + 700, 9 * DAY + 300);
    let mut raised = [0, 0];
    for how in 0..3 {
        for seed in 0..2 {
            let mut noise = Noise::new(seed);
            let usual: Vec<f64> = (0..10 * DAY).map(|t| jobs(&mut noise, t)).collect();
            let values = odd(&odd(&usual, first, (how + 1) % 3), second, how);
            let found = begun(values);
            for (count, at) in raised.iter_mut().zip([first, second]) {
                let within = found.iter().filter(|t| (at..at + 164).contains(*t));
                *count += usize::from(within.count() > 0);
            }
        }
    }
    assert_eq!(raised, [6, 6]);
}
