//! Is the series changing now? Bayesian online change-point detection (Adams, MacKay, "Bayesian
//! Online Changepoint Detection", arXiv:0710.3742) with a Normal-Gamma model of each run and a
//! bounded number of run lengths. A point goes in; the most probable run, its band and, once, a
//! change come out.
//!
//! Two things differ from the paper. Each run may call a point an outlier at a price, so that a
//! lone spike neither ends a run nor moves its mean. And a run forgets beyond `COUNT_MAX` points,
//! so that a slow drift is followed instead of being a change.

use crate::noise;
use crate::snapshot::{Reader, SnapshotError};
use crate::student;

/// Points from which origin and unit of the axis are learned.
const WARM_UP: usize = 16;
/// Points a run remembers.
const COUNT_MAX: f64 = 1_000.0;
/// Probability that a point is an outlier.
const OUTLIER: f64 = 0.01;
/// Scale of outliers about the mean of a run (Cauchy) and of new levels about the old ones
/// (normal), in standard deviations of the noise.
const SPREAD: f64 = 10.0;
/// Weight of the prior of the level: one over the square of its spread.
const KAPPA: f64 = 1.0 / (SPREAD * SPREAD);
/// Shape of the prior of the noise's precision: as if two points had been seen.
const ALPHA: f64 = 1.0;
/// Runs less probable than this are dropped.
const MASS_MIN: f64 = 1e-7;
/// Largest magnitude of a value; its square is still a number.
const VALUE_MAX: f64 = 1e150;
/// Version of the snapshot.
const VERSION: u8 = 1;
/// Most runs that a snapshot may hold.
const RUNS_LIMIT: usize = 4_096;

/// How to follow a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnlineSettings {
    /// Expected points between changes, above 1. The prior; it costs its logarithm in evidence.
    pub run_expected: f64,
    /// Most run lengths kept, at least 2. Time and memory per series are proportional to it.
    pub runs_max: usize,
    /// Least points a new run must last before it is told, at least 1.
    pub confirm: u32,
    /// Probability from which a change is told, in `(0.5, 1)`.
    pub certainty: f64,
}

impl Default for OnlineSettings {
    fn default() -> Self {
        Self {
            run_expected: 1_000.0,
            runs_max: 48,
            confirm: 5,
            certainty: 0.95,
        }
    }
}

/// A change that has become certain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Points since the new run began, counting the present one.
    pub points_ago: u32,
    /// Mean of the run before.
    pub mean_before: f64,
    /// Mean of the run since.
    pub mean_after: f64,
    /// Standard deviation of the noise in the run before.
    pub sd_before: f64,
    /// Standard deviation of the noise in the run since.
    pub sd_after: f64,
}

/// What is known after a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Points in the most probable run, counting the present one.
    pub run_length: u32,
    /// Mean of that run.
    pub mean: f64,
    /// Standard deviation of the noise in that run.
    pub sd: f64,
    /// Probability in `[0, 1]` that a run has begun since the one last told.
    pub change_probability: f64,
    /// A change, told once, at the point that made it certain.
    pub change: Option<Change>,
}

/// A possible current run on the learned axis. The precision of its mean is `KAPPA + count`, the
/// shape of its noise `ALPHA + count / 2`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    length: u32,
    mass: f64,
    count: f64,
    mean: f64,
    beta: f64,
}

impl Run {
    const NEW: Self = Self {
        length: 0,
        mass: 0.0,
        count: 0.0,
        mean: 0.0,
        beta: ALPHA,
    };

    fn sd(&self) -> f64 {
        (self.beta / (ALPHA + self.count / 2.0)).sqrt()
    }

    /// Takes a point in and returns the density the run gave it.
    fn take(&mut self, x: f64) -> f64 {
        let (kappa, alpha) = (KAPPA + self.count, ALPHA + self.count / 2.0);
        let scale = self.beta * (kappa + 1.0) / (alpha * kappa);
        let ratio = student::ln_gamma_half_step(alpha);
        let inside = (1.0 - OUTLIER) * student::ln_density(x, self.mean, scale, alpha, ratio).exp();
        let far = (x - self.mean) / SPREAD;
        let outside = OUTLIER / (std::f64::consts::PI * SPREAD * (1.0 + far * far));
        let weight = inside / (inside + outside);
        let step = x - self.mean;
        self.mean += weight * step / (kappa + weight);
        self.beta += 0.5 * weight * kappa * step * step / (kappa + weight);
        self.count += weight;
        if self.count > COUNT_MAX {
            self.beta *= (ALPHA + COUNT_MAX / 2.0) / (ALPHA + self.count / 2.0);
            self.count = COUNT_MAX;
        }
        self.length = self.length.saturating_add(1);
        inside + outside
    }
}

/// Follows one series. `O(runs_max)` time per point and memory in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Online {
    settings: OnlineSettings,
    warm_up: Vec<f64>,
    origin: f64,
    /// Zero until origin and unit are known.
    unit: f64,
    runs: Vec<Run>,
    /// Points since the change last told.
    age: u32,
    /// Mean and deviation of the run last told.
    settled: (f64, f64),
}

impl Online {
    /// A follower that has seen nothing. Settings out of range are brought into it.
    #[must_use]
    pub fn new(settings: OnlineSettings) -> Self {
        let settings = OnlineSettings {
            run_expected: settings.run_expected.max(2.0),
            runs_max: settings.runs_max.clamp(2, RUNS_LIMIT),
            confirm: settings.confirm.max(1),
            certainty: settings.certainty.clamp(0.5, 1.0 - 1e-9),
        };
        Self {
            settings,
            warm_up: Vec::new(),
            origin: 0.0,
            unit: 0.0,
            runs: vec![Run {
                mass: 1.0,
                ..Run::NEW
            }],
            age: 0,
            settled: (0.0, 1.0),
        }
    }

    /// Takes the next point. `None` while the unit of the series is unknown (the first points, or
    /// as long as all are equal) and for points that are not finite, which are passed over.
    pub fn observe(&mut self, value: f64) -> Option<Observation> {
        if !value.is_finite() {
            return None;
        }
        let value = value.clamp(-VALUE_MAX, VALUE_MAX);
        if self.unit > 0.0 {
            return Some(self.step(value));
        }
        if self.warm_up.len() == WARM_UP {
            self.warm_up.remove(0);
        }
        self.warm_up.push(value);
        let sd = noise::sd_of_differences(&self.warm_up);
        if self.warm_up.len() < WARM_UP || sd <= 0.0 {
            return None;
        }
        self.origin = noise::median(self.warm_up.iter().copied());
        self.unit = sd;
        let points = std::mem::take(&mut self.warm_up);
        points.into_iter().map(|v| self.step(v)).last()
    }

    fn step(&mut self, value: f64) -> Observation {
        let x = ((value - self.origin) / self.unit).clamp(-VALUE_MAX, VALUE_MAX);
        let hazard = 1.0 / self.settings.run_expected;
        // The new run begins with this point: mass flows to it before the point is seen.
        let all: f64 = self.runs.iter().map(|r| r.mass).sum();
        for run in &mut self.runs {
            run.mass *= 1.0 - hazard;
        }
        self.runs.push(Run {
            mass: all * hazard,
            ..Run::NEW
        });
        let mut total = 0.0;
        for run in &mut self.runs {
            let density = run.take(x);
            run.mass *= density;
            total += run.mass;
        }
        // An outlier's density decays with the square of the distance, so the total is zero only
        // for numbers beyond any unit; then the point is passed over.
        if total > 0.0 {
            for run in &mut self.runs {
                run.mass /= total;
            }
        } else {
            let even = 1.0 / self.runs.len() as f64;
            for run in &mut self.runs {
                run.mass = even;
            }
        }
        self.prune();
        self.age = self.age.saturating_add(1);
        self.tell()
    }

    fn prune(&mut self) {
        self.runs.retain(|r| r.mass >= MASS_MIN);
        if self.runs.len() > self.settings.runs_max {
            self.runs.sort_unstable_by(|a, b| b.mass.total_cmp(&a.mass));
            self.runs.truncate(self.settings.runs_max);
            self.runs
                .sort_unstable_by_key(|r| std::cmp::Reverse(r.length));
        }
        let total: f64 = self.runs.iter().map(|r| r.mass).sum();
        for run in &mut self.runs {
            run.mass /= total;
        }
    }

    fn tell(&mut self) -> Observation {
        let confirm = self.settings.confirm;
        let age = self.age;
        // Lengths close to that of the run last told are the same run.
        let since = |r: &&Run| r.length.saturating_add(confirm) < age;
        let probable = |a: &&Run, b: &&Run| a.mass.total_cmp(&b.mass);
        let best = self
            .runs
            .iter()
            .max_by(probable)
            .copied()
            .unwrap_or(Run::NEW);
        let change_probability: f64 = self.runs.iter().filter(since).map(|r| r.mass).sum();
        let confirmed = |r: &&Run| since(r) && r.length >= confirm;
        let sure: f64 = self.runs.iter().filter(confirmed).map(|r| r.mass).sum();
        let new = self.runs.iter().filter(confirmed).max_by(probable).copied();
        let mut change = None;
        if let (Some(new), true) = (new, sure >= self.settings.certainty) {
            let (mean, sd) = self.settled;
            change = Some(Change {
                points_ago: new.length,
                mean_before: self.origin + mean * self.unit,
                mean_after: self.origin + new.mean * self.unit,
                sd_before: sd * self.unit,
                sd_after: new.sd() * self.unit,
            });
            self.age = new.length;
            self.settled = (new.mean, new.sd());
        } else if change_probability < 0.5 {
            self.settled = (best.mean, best.sd());
        }
        Observation {
            run_length: best.length,
            mean: self.origin + best.mean * self.unit,
            sd: best.sd() * self.unit,
            change_probability: change_probability.min(1.0),
            change,
        }
    }

    /// The whole state as bytes, of which [`Online::restore`] makes a follower that answers alike.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let s = &self.settings;
        let mut out = vec![VERSION];
        let numbers = [
            s.run_expected,
            s.certainty,
            self.origin,
            self.unit,
            self.settled.0,
            self.settled.1,
        ];
        numbers
            .iter()
            .chain(&self.warm_up)
            .for_each(|n| out.extend(n.to_le_bytes()));
        let counts = [
            s.runs_max as u32,
            s.confirm,
            self.age,
            self.runs.len() as u32,
        ];
        counts.iter().for_each(|n| out.extend(n.to_le_bytes()));
        for run in &self.runs {
            out.extend(run.length.to_le_bytes());
            for n in [run.mass, run.count, run.mean, run.beta] {
                out.extend(n.to_le_bytes());
            }
        }
        // The length of the warm-up stands second, where the reader needs it.
        out.insert(1, self.warm_up.len() as u8);
        out
    }

    /// Reads what [`Online::snapshot`] wrote.
    ///
    /// # Errors
    /// When the version is unknown, bytes are missing or left over, or a number is out of range.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut r = Reader(bytes);
        let version = r.u8()?;
        if version != VERSION {
            return Err(SnapshotError::Version(version));
        }
        let warm = usize::from(r.u8()?);
        let (run_expected, certainty) = (r.f64()?, r.f64()?);
        let (origin, unit) = (r.f64()?, r.f64()?);
        let settled = (r.f64()?, r.f64()?);
        if warm > WARM_UP {
            return Err(SnapshotError::Range);
        }
        let warm_up = (0..warm).map(|_| r.f64()).collect::<Result<Vec<_>, _>>()?;
        let (runs_max, confirm, age) = (r.u32()? as usize, r.u32()?, r.u32()?);
        let count = r.u32()? as usize;
        if !(1..=RUNS_LIMIT).contains(&count) || !origin.is_finite() || !unit.is_finite() {
            return Err(SnapshotError::Range);
        }
        let mut runs = Vec::with_capacity(count);
        for _ in 0..count {
            let length = r.u32()?;
            let (mass, count) = (r.f64()?, r.f64()?);
            let (mean, beta) = (r.f64()?, r.f64()?);
            let sound = (0.0..=2.0).contains(&mass) && count >= 0.0 && beta > 0.0;
            if !sound || !mean.is_finite() {
                return Err(SnapshotError::Range);
            }
            runs.push(Run {
                length,
                mass,
                count,
                mean,
                beta,
            });
        }
        r.end()?;
        let mut online = Self::new(OnlineSettings {
            run_expected,
            runs_max,
            confirm,
            certainty,
        });
        (online.warm_up, online.origin, online.unit) = (warm_up, origin, unit);
        (online.runs, online.age, online.settled) = (runs, age, settled);
        Ok(online)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }

    fn changes(values: impl Iterator<Item = f64>) -> Vec<(usize, Change)> {
        let mut online = Online::new(OnlineSettings::default());
        let told = |(i, v)| Some((i, online.observe(v)?.change?));
        values.enumerate().filter_map(told).collect()
    }

    #[test]
    fn white_noise_of_a_thousand_points_tells_no_change_in_nineteen_of_twenty_series() {
        let alarmed = |seed: &u64| {
            let mut z = noise(*seed);
            !changes((0..1_000).map(|_| 1e6 + 50.0 * z())).is_empty()
        };
        let alarms = (1..=100).filter(alarmed).count();
        eprintln!("{alarms} of 100");
        assert!(alarms <= 5, "{alarms} of 100");
    }

    #[test]
    fn a_shift_of_four_deviations_is_told_once_within_fifteen_points() {
        let mut wrong = 0;
        for seed in 1..=50 {
            let mut z = noise(seed);
            let told = changes((0..600).map(|i| z() + if i < 300 { 0.0 } else { 4.0 }));
            let right = |(at, change): &(usize, Change)| {
                let began = at + 1 - change.points_ago as usize;
                (304..315).contains(at)
                    && began.abs_diff(300) <= 3
                    && change.mean_before.abs() < 0.5
                    && (change.mean_after - 4.0).abs() < 2.0
            };
            if told.len() != 1 || !told.iter().all(right) {
                wrong += 1;
            }
        }
        assert!(wrong <= 2, "{wrong} of 50");
    }

    #[test]
    fn lone_spikes_change_nothing() {
        for seed in 1..=20 {
            let mut z = noise(seed);
            let spiked = |i: usize| if i % 97 == 96 { 80.0 } else { 0.0 };
            let told = changes((0..900).map(|i| z() + spiked(i)));
            assert!(told.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn a_shift_far_beyond_the_prior_is_told_at_once() {
        let mut z = noise(5);
        let told = changes((0..200).map(|i| z() + if i < 100 { 0.0 } else { 1e7 }));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].0 < 112);
    }

    #[test]
    fn a_constant_series_that_steps_is_told() {
        let told = changes((0..200).map(|i| if i < 100 { 5.0 } else { 9.0 }));
        assert_eq!(told.len(), 1, "{told:?}");
    }

    proptest! {
        #[test]
        fn a_restored_follower_answers_alike(
            values in prop::collection::vec(
                prop_oneof![8 => -1e3f64..1e3, 1 => Just(f64::NAN), 1 => -1e300f64..1e300], 0..120),
            cut in 0usize..120,
        ) {
            let mut online = Online::new(OnlineSettings { runs_max: 8, ..Default::default() });
            let cut = cut.min(values.len());
            for v in &values[..cut] {
                online.observe(*v);
            }
            let mut restored = Online::restore(&online.snapshot()).unwrap();
            prop_assert_eq!(&restored, &online);
            for v in &values[cut..] {
                prop_assert_eq!(online.observe(*v), restored.observe(*v));
            }
            prop_assert!(online.runs.len() <= 8);
        }

        #[test]
        fn damaged_snapshots_are_refused_or_sound(at in 0usize..200, byte in any::<u8>()) {
            let mut online = Online::new(OnlineSettings::default());
            for i in 0..40 {
                online.observe(f64::from(i % 7));
            }
            let mut bytes = online.snapshot();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(mut restored) = Online::restore(&bytes) {
                restored.observe(3.0);
            }
            prop_assert!(Online::restore(&bytes[..at]).is_err());
        }
    }
}
