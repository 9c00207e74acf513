//! The budget of false alarms on noise without anomalies, on every kind of noise and interval.

use tocsin_anomaly::{DetectorConfig, SeriesDetector, SeriesKind};

/// False alarms a series and month that are borne on noise: the budget is one, and what is measured
/// here is the mean over few series that are new, with their first uncertain days.
const BORNE: f64 = 3.0;
const DAY_MS: i64 = 86_400_000;

struct Noise(u64);

impl Noise {
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

/// Alarms a series and month of the series that `next` draws, at one point each `step_ms`.
fn alarms_a_month(step_ms: i64, next: &mut dyn FnMut(&mut Noise, f64) -> f64) -> f64 {
    let config = DetectorConfig::default();
    let days = 60;
    let series = if step_ms >= 3_600_000 { 30 } else { 6 };
    let mut alarms = 0;
    for seed in 0..series {
        let mut noise = Noise(0x9E37_79B9_7F4A_7C15 ^ (seed * 7919 + 13));
        for _ in 0..10 {
            noise.uniform();
        }
        let mut detector = SeriesDetector::new(SeriesKind::Gauge);
        for at in 0..days * DAY_MS / step_ms {
            let at_ms = 1_700_000_000_000 + at * step_ms;
            let day = (at_ms as f64 / DAY_MS as f64 * std::f64::consts::TAU).sin();
            let value = next(&mut noise, day);
            let verdict = detector.observe(at_ms, value, &config);
            alarms += i32::from(verdict.is_some_and(|v| v.is_alarm()));
        }
    }
    f64::from(alarms) / (series as f64 * days as f64 / 30.4)
}

fn holds(name: &str, mut next: impl FnMut(&mut Noise, f64) -> f64) {
    for step_ms in [300_000, 3_600_000] {
        let alarms = alarms_a_month(step_ms, &mut next);
        assert!(
            alarms <= BORNE,
            "{name} each {step_ms} ms: {alarms:.2} alarms a month"
        );
    }
}

#[test]
fn the_budget_holds_on_gaussian_noise() {
    holds("gauss", |noise, _| 50.0 + noise.gauss());
}

#[test]
fn the_budget_holds_on_heavy_tails() {
    holds("student t, 4", |noise, _| {
        let chi: f64 = (0..4).map(|_| noise.gauss().powi(2)).sum();
        noise.gauss() / (chi / 4.0).sqrt()
    });
    holds("lognormal", |noise, _| noise.gauss().exp());
}

#[test]
fn the_budget_holds_on_a_daily_season() {
    holds("season", |noise, day| 50.0 + 10.0 * day + noise.gauss());
}

#[test]
fn the_budget_holds_on_autoregressive_noise() {
    for memory in [0.9, 0.99] {
        let mut level = 0.0;
        holds("autoregressive", move |noise, _| {
            level = memory * level + noise.gauss();
            level
        });
    }
}

#[test]
fn the_budget_holds_on_counts() {
    for mean in [0.3_f64, 5.0] {
        holds("poisson", move |noise, _| {
            let mut product = noise.uniform();
            let mut count = 0.0;
            while product > (-mean).exp() {
                product *= noise.uniform();
                count += 1.0;
            }
            count
        });
    }
}

#[test]
fn the_budget_holds_on_counts_that_idle_and_burst() {
    for (rate, length) in [(0.002, 5.0), (0.003, 15.0)] {
        let (mut left, mut size) = (0.0, 0.0);
        holds("bursts", move |noise, _| {
            if left <= 0.0 && noise.uniform() < rate {
                left = 1.0 - length * (1.0 - noise.uniform()).ln();
                size = 3.0 * noise.gauss().exp();
            }
            left -= 1.0;
            if left < 0.0 {
                return 0.0;
            }
            (size * (0.3 + 1.4 * noise.uniform())).ceil()
        });
    }
}
