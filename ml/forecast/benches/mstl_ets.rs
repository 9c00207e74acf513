//! MSTL + ETS, ours beside `augurs`, in turn in one run: 46 seeded series of 1,000 points, half of
//! them with one season and half with two. Prints the time of both, their ratio, and the error of
//! both on the 48 points that follow.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its numbers and stops where it cannot measure"
)]

use std::hint::black_box;
use std::time::Duration;

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::{Fit, Predict};
use tocsin_forecast::mstl_ets;

const SERIES: u64 = 46;
const POINTS: usize = 1000;
const HORIZON: usize = 48;
const ROUNDS: usize = 3;

struct Series {
    history: Vec<f64>,
    truth: Vec<f64>,
    periods: Vec<usize>,
}

/// SplitMix64 as a source of normal numbers (sum of twelve uniform ones).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn series(seed: u64) -> Series {
    let mut random = Random(seed);
    let two = seed % 2 == 1;
    let (day, week) = (3.0 + 5.0 * random.uniform(), 2.0 + 3.0 * random.uniform());
    let (slope, noise) = (0.02 * random.normal(), 0.3 + random.uniform());
    let shift = random.uniform() * 24.0;
    let mut level = 100.0;
    let values: Vec<f64> = (0..POINTS + HORIZON)
        .map(|i| {
            let t = i as f64;
            level += slope + 0.1 * random.normal();
            let turn = std::f64::consts::TAU * (t + shift) / 24.0;
            let mut value = level + day * (turn.sin() + 0.3 * (2.0 * turn).cos());
            if two {
                value += week * (std::f64::consts::TAU * t / 168.0).sin();
            }
            value + noise * random.normal()
        })
        .collect();
    Series {
        history: values[..POINTS].to_vec(),
        truth: values[POINTS..].to_vec(),
        periods: if two { vec![24, 168] } else { vec![24] },
    }
}

fn ours(series: &Series) -> Vec<f64> {
    mstl_ets(&series.history, &series.periods, HORIZON).expect("the series is long enough")
}

fn theirs(series: &Series) -> Vec<f64> {
    let trend = AutoETS::non_seasonal().into_trend_model();
    let model = MSTLModel::new(series.periods.clone(), trend);
    let fitted = model.fit(&series.history).expect("augurs fits");
    fitted
        .predict(HORIZON, None)
        .expect("augurs predicts")
        .point
}

/// Time this thread has been on a processor, which other load does not lengthen.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("runs on Linux");
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.expect("schedstat begins with nanoseconds"))
}

/// Time of all series and their mean absolute error.
fn run(all: &[Series], forecast: impl Fn(&Series) -> Vec<f64>) -> (Duration, f64) {
    let start = on_processor();
    let forecasts: Vec<Vec<f64>> = all.iter().map(|s| forecast(black_box(s))).collect();
    let spent = on_processor() - start;
    let error = all.iter().zip(&forecasts).map(|(s, f)| {
        s.truth
            .iter()
            .zip(f)
            .map(|(a, b)| (a - b).abs())
            .sum::<f64>()
            / HORIZON as f64
    });
    (spent, error.sum::<f64>() / all.len() as f64)
}

fn main() {
    let all: Vec<Series> = (0..SERIES).map(series).collect();
    let mut best = [Duration::MAX; 2];
    let mut errors = [0.0; 2];
    for _ in 0..ROUNDS {
        let (spent, error) = run(&all, ours);
        best[0] = best[0].min(spent);
        errors[0] = error;
        let (spent, error) = run(&all, theirs);
        best[1] = best[1].min(spent);
        errors[1] = error;
    }
    println!(
        "mstl_ets: {SERIES} series of {POINTS} points, least processor time of {ROUNDS} rounds in turn"
    );
    println!(
        "  tocsin  {:>9.2?}  mean absolute error {:.4}",
        best[0], errors[0]
    );
    println!(
        "  augurs  {:>9.2?}  mean absolute error {:.4}",
        best[1], errors[1]
    );
    println!(
        "  ratio   {:.2}",
        best[1].as_secs_f64() / best[0].as_secs_f64()
    );
}
