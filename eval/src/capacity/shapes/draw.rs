//! The paths of the shapes, point by point.

use tocsin_capacity::Random;

use super::{DAY, FUTURE_DAYS, HOUR, Shape};

/// A path without its limit.
pub(super) struct Path {
    /// All points, up to the last day of the future.
    pub values: Vec<f64>,
    /// Indexes at which the series is known to have begun anew.
    pub resets: Vec<usize>,
}

/// What is drawn once per case.
struct Maker<'a> {
    random: &'a mut Random,
    length: usize,
    now: usize,
    resets: Vec<usize>,
}

impl Path {
    /// Draws a path of which the points up to `now` are the past.
    pub(super) fn draw(shape: Shape, now: usize, random: &mut Random) -> Self {
        let length = now + FUTURE_DAYS * DAY + 1;
        let mut maker = Maker {
            random,
            length,
            now,
            resets: Vec::new(),
        };
        let mut values = maker.path(shape);
        let noise = maker.random.between(0.01, 0.15);
        for value in &mut values {
            *value += noise * maker.random.normal();
        }
        Self {
            values,
            resets: maker.resets,
        }
    }
}

impl Maker<'_> {
    fn path(&mut self, shape: Shape) -> Vec<f64> {
        let base = self.random.between(15.0, 60.0);
        let rate = self.random.between(0.5, 6.0);
        let mut path = match shape {
            Shape::SteadyFill => self.growth(rate),
            Shape::SlowFill => self.growth(1.0),
            Shape::BurstsFill => sum(self.growth(rate), self.daily_bursts()),
            Shape::WeeklyFill => self.weekly(rate),
            Shape::RotationFill => self.rotations(rate),
            Shape::RotationFlat => self.rotations(0.0),
            Shape::ResizeFill => return self.resized(base, rate),
            Shape::Leak => self.leak(rate),
            Shape::Accelerating => self.accelerating(rate),
            Shape::StepsFill => sum(self.growth(rate), self.past_steps()),
            Shape::InstallsFill => self.installs(),
            Shape::Runaway => self.runaway(),
            Shape::Noise => self.wander(2.0),
            Shape::NearlyFull => self.wander(0.3),
            Shape::StepFlat => sum(self.wander(0.3), self.step()),
            Shape::Cleaned => self.cleaned(),
            Shape::BurstsFlat => sum(self.wander(0.5), self.daily_bursts()),
            Shape::BurstsSporadic => sum(self.wander(0.3), self.sporadic_bursts()),
            Shape::Reboots => self.reboots(),
            Shape::Stopped => self.stopped(rate),
        };
        path.iter_mut().for_each(|value| *value += base);
        path
    }

    /// Growth by `rate` a day; the rate of an hour varies by a factor, more by day than by night.
    fn growth(&mut self, rate: f64) -> Vec<f64> {
        let spread = self.random.between(0.1, 0.7);
        let swing = self.random.between(0.0, 0.8);
        let phase = self.random.unit();
        let mut factor = 1.0;
        let mut level = 0.0;
        (0..self.length)
            .map(|at| {
                if at % HOUR == 0 {
                    factor = (spread * self.random.normal() - spread * spread / 2.0).exp();
                }
                let angle = std::f64::consts::TAU * (at as f64 / DAY as f64 + phase);
                level += rate / DAY as f64 * factor * (1.0 + swing * angle.sin());
                level
            })
            .collect()
    }

    /// Noise about nothing that forgets within hours, and a swing by day.
    fn wander(&mut self, size: f64) -> Vec<f64> {
        let size = size * self.random.between(0.3, 1.0);
        let memory: f64 = 1.0 - 1.0 / self.random.between(3.0, 60.0);
        let swing = size * self.random.between(0.0, 2.0);
        let mut level = 0.0;
        (0..self.length)
            .map(|at| {
                let fresh = size * (1.0 - memory * memory).sqrt();
                level = memory * level + fresh * self.random.normal();
                level + swing * (std::f64::consts::TAU * at as f64 / DAY as f64).sin()
            })
            .collect()
    }

    /// A burst at about the same time of each day, of 20 minutes to 4 hours.
    fn daily_bursts(&mut self) -> Vec<f64> {
        let mut path = vec![0.0; self.length];
        let (height, start) = (self.random.between(2.0, 15.0), self.random.below(DAY));
        let length = 4 + self.random.below(4 * HOUR - 4);
        for day in 0..self.length / DAY {
            let at = day * DAY + start + self.random.below(4);
            let height = height * self.random.between(0.8, 1.2);
            self.burst(&mut path, at, (length, height));
        }
        path
    }

    /// Bursts at any time, on average every half day to three days.
    fn sporadic_bursts(&mut self) -> Vec<f64> {
        let mut path = vec![0.0; self.length];
        let mean = DAY as f64 * self.random.between(0.5, 3.0);
        let mut at = 0;
        loop {
            at += 1 + (mean * self.random.exponential()) as usize;
            if at >= self.length {
                return path;
            }
            let shape = (
                6 + self.random.below(3 * HOUR),
                self.random.between(2.0, 15.0),
            );
            self.burst(&mut path, at, shape);
        }
    }

    /// Up within a third of its length, then flat, then back at once.
    fn burst(&mut self, path: &mut [f64], start: usize, (length, height): (usize, f64)) {
        for at in 0..length {
            if let Some(value) = path.get_mut(start + at) {
                *value += height * (3.0 * (at + 1) as f64 / length as f64).min(1.0);
            }
        }
    }

    fn weekly(&mut self, rate: f64) -> Vec<f64> {
        let rest = self.random.between(0.05, 0.4);
        let steady = self.growth(rate);
        let mut level = 0.0;
        let mut before = 0.0;
        steady
            .into_iter()
            .enumerate()
            .map(|(at, value)| {
                // Day 0 is a Thursday, so that days 2 and 3 are the weekend.
                let weekend = matches!(at / DAY % 7, 2 | 3);
                level += (value - before) * if weekend { rest } else { 1.0 };
                before = value;
                level
            })
            .collect()
    }

    /// Growth that is taken back every one to four days, save for `kept` a day.
    fn rotations(&mut self, kept: f64) -> Vec<f64> {
        let period = DAY * [1, 2, 3, 4][self.random.below(4)];
        let kept = kept * 0.5;
        let rise = kept + self.random.between(3.0, 15.0);
        let start = self.random.below(period);
        let mut path = self.growth(rise);
        let (mut taken, mut last) = (0.0, path[0]);
        let days = period as f64 / DAY as f64;
        for (at, value) in path.iter_mut().enumerate() {
            if at % period == start {
                let grown = *value - last;
                last = *value;
                taken += (grown - kept * days).max(0.0).min(grown);
            }
            *value -= taken;
        }
        path
    }

    /// In percent of a capacity that was enlarged; only the limit of 100 matters afterwards.
    fn resized(&mut self, base: f64, rate: f64) -> Vec<f64> {
        let back = (self.random.between(1.5, 6.0) * DAY as f64) as usize;
        let at = self.now.saturating_sub(back).max(DAY);
        let factor = self.random.between(1.2, 2.5);
        if self.random.unit() < 0.5 {
            self.resets.push(at);
        }
        let mut path = self.growth(rate);
        for (index, value) in path.iter_mut().enumerate() {
            *value = (*value + base) / if index < at { 1.0 } else { factor };
        }
        path
    }

    /// Boots in the past; memory warms up for some hours, then leaks.
    fn leak(&mut self, rate: f64) -> Vec<f64> {
        let known = self.random.unit() < 0.7;
        let mut boots = vec![0];
        let last = self.now - (self.random.between(1.0, 3.5) * DAY as f64) as usize;
        boots.push(last);
        let growth = self.growth(2.0 * rate);
        if known {
            self.resets.push(last);
        }
        self.since_boots(&boots, |maker, at, boot| growth[at] - growth[boot] + maker)
    }

    /// Boots at any time, a plateau after each.
    fn reboots(&mut self) -> Vec<f64> {
        let mean = DAY as f64 * self.random.between(2.0, 6.0);
        let known = self.random.unit() < 0.7;
        let mut boots = vec![0];
        let mut at = 0;
        loop {
            at += (mean * self.random.exponential()) as usize + HOUR;
            if at >= self.length {
                break;
            }
            boots.push(at);
        }
        if known {
            self.resets = boots.clone();
        }
        let wander = self.wander(1.0);
        self.since_boots(&boots, |warm, at, _| warm + wander[at])
    }

    /// A path made of what `value` gives for the warmth, the point and the last boot.
    fn since_boots(
        &mut self,
        boots: &[usize],
        value: impl Fn(f64, usize, usize) -> f64,
    ) -> Vec<f64> {
        let warmth = self.random.between(5.0, 25.0);
        let hours = self.random.between(0.2, 3.0);
        (0..self.length)
            .map(|at| {
                let boot = boots
                    .iter()
                    .rev()
                    .find(|&&boot| boot <= at)
                    .copied()
                    .unwrap_or(0);
                let age = (at - boot) as f64 / HOUR as f64;
                value(warmth * (1.0 - (-age / hours).exp()), at, boot)
            })
            .collect()
    }

    /// The rate doubles every four to ten days.
    fn accelerating(&mut self, rate: f64) -> Vec<f64> {
        let doubling = self.random.between(4.0, 10.0) * DAY as f64;
        let steady = self.growth(rate);
        let (mut level, mut before) = (0.0, 0.0);
        steady
            .into_iter()
            .enumerate()
            .map(|(at, value)| {
                level += (value - before) * ((at as f64 - self.now as f64) / doubling).exp2();
                before = value;
                level
            })
            .collect()
    }

    /// One to three copies or deletions at least three hours before now.
    fn past_steps(&mut self) -> Vec<f64> {
        let mut path = vec![0.0; self.length];
        for _ in 0..=self.random.below(3) {
            let at = self.random.below(self.now - 3 * HOUR);
            let size = self.random.between(-15.0, 25.0);
            self.copy(&mut path, at, size);
        }
        path
    }

    /// One copy at any time of the past or of the future.
    fn step(&mut self) -> Vec<f64> {
        let mut path = vec![0.0; self.length];
        let at = self.random.below(self.now + 2 * DAY);
        let size = self.random.between(10.0, 40.0);
        self.copy(&mut path, at, size);
        path
    }

    /// A copy that takes ten minutes to six hours.
    fn copy(&mut self, path: &mut [f64], start: usize, size: f64) {
        let length = 2 + self.random.below(6 * HOUR - 2);
        for (at, value) in path.iter_mut().enumerate().skip(start) {
            *value += size * (((at - start) as f64 + 1.0) / length as f64).min(1.0);
        }
    }

    /// Installs that stay, one to five a day, of a size that varies.
    fn installs(&mut self) -> Vec<f64> {
        let mean = DAY as f64 / self.random.between(1.0, 5.0);
        let size = self.random.between(0.3, 1.5);
        let mut next = mean * self.random.exponential();
        let mut level = 0.0;
        (0..self.length)
            .map(|at| {
                while at as f64 >= next {
                    level += size * self.random.between(0.3, 1.7);
                    next += mean * self.random.exponential();
                }
                level
            })
            .collect()
    }

    fn runaway(&mut self) -> Vec<f64> {
        let hours = self.random.between(8.0, 36.0);
        let start = self.now - (hours * HOUR as f64) as usize;
        let slow = self.random.between(0.0, 1.0);
        let slow = self.growth(slow);
        let fast = self.random.between(8.0, 40.0);
        let fast = self.growth(fast);
        (0..self.length)
            .map(|at| slow[at] + fast[at.max(start)] - fast[start])
            .collect()
    }

    fn cleaned(&mut self) -> Vec<f64> {
        let rate = self.random.between(5.0, 15.0);
        let growth = self.growth(rate);
        let (high, low) = (
            self.random.between(20.0, 35.0),
            self.random.between(0.0, 8.0),
        );
        let mut taken = 0.0;
        let mut next = high;
        let mut path = Vec::with_capacity(growth.len());
        for value in growth {
            if value - taken >= next {
                taken = value - low * self.random.between(0.7, 1.3);
                next = high * self.random.between(0.95, 1.05);
            }
            path.push(value - taken);
        }
        path
    }

    fn stopped(&mut self, rate: f64) -> Vec<f64> {
        let hours = self.random.between(12.0, 72.0);
        let stop = self.now - (hours * HOUR as f64) as usize;
        let growth = self.growth(rate);
        let wander = self.wander(0.2);
        (0..self.length)
            .map(|at| growth[at.min(stop)] + wander[at])
            .collect()
    }
}

fn sum(mut left: Vec<f64>, right: Vec<f64>) -> Vec<f64> {
    left.iter_mut()
        .zip(right)
        .for_each(|(value, more)| *value += more);
    left
}
