//! Does a series take a shape it never had? A detector of odd stretches, for series that matter
//! enough to spend some microseconds a point on. A point goes in, a score comes out that depends on
//! this point and earlier ones only.
//!
//! Two views of the newest point: the distance of its short window to the nearest earlier one, and
//! the same for a longer window with levels taken off. Each is divided by the 99th percentile of
//! what it was while the detector learned. The mean of both is judged by what is usual lately, a
//! running mean that a single stretch cannot drag along, and the excess is the score. It fades
//! slowly, so that a stretch is odd as a whole and not only where it began.

use crate::discord::Discord;
use crate::recent::Recent;
use crate::snapshot::{Reader, SnapshotError, Writer};

/// Points of the short window.
const SHORT: usize = 32;
/// Points of the long window.
pub(crate) const LONG: usize = 64;
/// Views of a point.
const VIEWS: usize = 2;
/// Fewest points to learn from.
const TRAINING_MIN: usize = 4 * LONG;
/// Most points of history.
const HISTORY_MAX: usize = 1 << 16;
/// Quantile of the scores of training that counts as 1.
const UNIT_QUANTILE: f64 = 0.99;
/// A view that is this many times as large as usual moves what is usual no more than one that is
/// less so.
const USUAL_STEP_MAX: f64 = 3.0;
/// Least usual view, for series that repeat themselves exactly.
const USUAL_MIN: f64 = 1e-6;
/// Largest magnitude of a value in standard deviations of training. Sums of squares stay exact.
const VALUE_MAX: f64 = 1_000.0;
/// Version of the snapshot.
const VERSION: u8 = 1;

/// How much to learn and to remember.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShapeSettings {
    /// Points that are learned from before anything is scored, in `[256, history]`.
    pub training: usize,
    /// Points back to which windows are compared, at most 65,536. Time per point and memory (34
    /// bytes each) are proportional to it.
    pub history: usize,
    /// Points after which a score has faded to `1 / e`, as a share of `training`. After something
    /// odd a series stays suspect for a while.
    pub fade_share: f64,
}

impl Default for ShapeSettings {
    fn default() -> Self {
        Self {
            training: 1_440,
            history: 4_096,
            fade_share: 0.1,
        }
    }
}

/// What is said of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShapeScore {
    /// How odd the point is by itself, at least 0: by how many times the usual distance to the past
    /// it is further off than usual. Below the usual a thousandth of that ratio, to rank by.
    pub raw: f64,
    /// The largest of this and the faded scores before, by which stretches are ranked.
    pub score: f64,
}

/// The newest stretch beside the one in the past that is most like it, where they differ most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closest {
    /// The value of the newest stretch.
    pub observed: f64,
    /// The value of the earlier one at the same place.
    pub expected: f64,
    /// Root mean squared difference that a stretch usually has to the one most like it, at least 0.
    pub spread: f64,
}

/// A detector of odd stretches in one series.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeDetector {
    settings: ShapeSettings,
    /// Values of training, oldest first, until there are enough; then none.
    training: Vec<f64>,
    is_ready: bool,
    /// Median and scale of training.
    origin: f64,
    scale: f64,
    /// Units of the views.
    units: [f64; VIEWS],
    /// Running mean of the views, in their units.
    usual: f64,
    /// Scaled values, newest first.
    recent: Recent,
    short: Discord,
    long: Discord,
    score: f64,
}

impl ShapeDetector {
    /// A detector that has seen nothing. Settings out of range are brought into it.
    #[must_use]
    pub fn new(settings: ShapeSettings) -> Self {
        let history = settings.history.clamp(TRAINING_MIN, HISTORY_MAX);
        let settings = ShapeSettings {
            training: settings.training.clamp(TRAINING_MIN, history),
            history,
            fade_share: settings.fade_share.clamp(1e-6, 1e6),
        };
        Self {
            settings,
            training: Vec::new(),
            is_ready: false,
            origin: 0.0,
            scale: 1.0,
            units: [1.0; VIEWS],
            usual: USUAL_MIN,
            recent: Recent::new(history + LONG),
            short: Discord::new(SHORT, history, false),
            long: Discord::new(LONG, history, true),
            score: 0.0,
        }
    }

    /// Whether training is over.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Takes the next point. `None` while the detector learns, and for values that are not finite,
    /// which are passed over.
    pub fn observe(&mut self, value: f64) -> Option<ShapeScore> {
        if !value.is_finite() {
            return None;
        }
        if !self.is_ready {
            self.training.push(value);
            if self.training.len() == self.settings.training {
                self.learn();
                self.is_ready = true;
            }
            return None;
        }
        let views = self.views(value);
        let view = mean(views, &self.units);
        let ratio = view / self.usual;
        let raw = (ratio - 1.0).max(ratio / 1_000.0);
        let step = view.min(USUAL_STEP_MAX * self.usual) - self.usual;
        self.usual = (self.usual + step / self.settings.training as f64).max(USUAL_MIN);
        let fade_points = self.settings.fade_share * self.settings.training as f64;
        self.score = raw.max(self.score * (-1.0 / fade_points).exp());
        Some(ShapeScore {
            raw,
            score: self.score,
        })
    }

    /// Compares the newest stretch with the one in the past that is most like it; `None` while the
    /// detector learns.
    #[must_use]
    pub fn closest(&self) -> Option<Closest> {
        let values = self.recent.as_slice();
        let lag = self.short.nearest(values.len()).filter(|_| self.is_ready)?;
        let pairs = values.iter().zip(values.get(lag..)?).take(SHORT);
        let apart = |(a, b): (&f64, &f64)| (a - b).abs();
        let (observed, expected) = pairs.max_by(|a, b| apart(*a).total_cmp(&apart(*b)))?;
        let value = |x: f64| self.origin + self.scale * x;
        Some(Closest {
            observed: value(*observed),
            expected: value(*expected),
            spread: self.usual * self.units[0] * self.scale,
        })
    }

    /// Learns scale and units from the points of training.
    fn learn(&mut self) {
        let mut sorted = self.training.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len() as f64;
        self.origin = sorted[sorted.len() / 2];
        let squares = sorted.iter().map(|v| (v - self.origin) * (v - self.origin));
        let sd = (squares.sum::<f64>() / n).sqrt();
        // A series that hardly moves has no scale of its own; a thousandth of its level is one.
        self.scale = sd.min(f64::MAX).max(self.origin.abs() * 1e-3).max(1e-9);
        let points = std::mem::take(&mut self.training);
        let mut seen: [Vec<f64>; VIEWS] = Default::default();
        for (i, value) in points.iter().enumerate() {
            let views = self.views(*value);
            // Early windows have few to compare with.
            if i >= points.len() / 4 {
                for (seen, view) in seen.iter_mut().zip(views) {
                    seen.push(view);
                }
            }
        }
        self.units = [0, 1].map(|k| unit(seen[k].clone()));
        // Of the later half, as early windows have few to compare with.
        let late = seen[0].len() / 3..;
        let pairs = seen[0][late.clone()].iter().zip(&seen[1][late]);
        let mut means: Vec<f64> = pairs.map(|(a, b)| mean([*a, *b], &self.units)).collect();
        means.sort_unstable_by(f64::total_cmp);
        self.usual = means
            .get(means.len() / 2)
            .copied()
            .unwrap_or(0.0)
            .max(USUAL_MIN);
    }

    /// The views of the next point.
    fn views(&mut self, value: f64) -> [f64; VIEWS] {
        let x = ((value - self.origin) / self.scale).clamp(-VALUE_MAX, VALUE_MAX);
        self.recent.push(x);
        let values = self.recent.as_slice();
        let short = self.short.observe(values).unwrap_or(0.0);
        let long = self.long.observe(values).unwrap_or(0.0);
        [short, long]
    }

    /// The detector as bytes, of which [`ShapeDetector::restore`] makes one that answers alike.
    /// Sums are made anew from the values, so scores may differ in the last digits.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::new(VERSION);
        out.u32(self.settings.training as u32);
        out.u32(self.settings.history as u32);
        let ready = self.is_ready;
        let values = self.recent.as_slice();
        let kept: Vec<f64> = if ready {
            values.iter().rev().copied().collect()
        } else {
            self.training.clone()
        };
        let scalars = [
            self.settings.fade_share,
            self.origin,
            self.scale,
            self.score,
            self.usual,
        ];
        scalars.iter().chain(&self.units).for_each(|n| out.f64(*n));
        out.u16(u16::from(ready));
        kept.iter().for_each(|n| out.f64(*n));
        out.0
    }

    /// Reads what [`ShapeDetector::snapshot`] wrote.
    ///
    /// # Errors
    /// When the version is unknown, bytes are missing or left over, or a number is out of range.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut r = Reader::new(bytes, VERSION)?;
        let (training, history) = (r.u32()? as usize, r.u32()? as usize);
        let fade_share = r.f64()?;
        let (origin, scale, score, usual) = (r.f64()?, r.f64()?, r.f64()?, r.f64()?);
        let units = [r.f64()?, r.f64()?];
        let ready = r.u16()? != 0;
        let sound = origin.is_finite() && score >= 0.0 && fade_share > 0.0;
        if !sound
            || !units.iter().chain([&scale, &usual]).all(|u| *u > 0.0)
            || history > HISTORY_MAX
        {
            return Err(SnapshotError::Range);
        }
        let mut detector = Self::new(ShapeSettings {
            training,
            history,
            fade_share,
        });
        let most = if ready {
            history + LONG
        } else {
            detector.settings.training - 1
        };
        if !r.left().is_multiple_of(8) || r.left() / 8 > most {
            return Err(SnapshotError::Length);
        }
        (detector.origin, detector.scale) = (origin, scale);
        (detector.score, detector.usual) = (score, usual);
        (detector.units, detector.is_ready) = (units, ready);
        while r.left() > 0 {
            let value = r.f64()?;
            if !value.is_finite() {
                return Err(SnapshotError::Range);
            }
            if ready {
                detector.recent.push(value);
                detector.short.observe(detector.recent.as_slice());
                detector.long.observe(detector.recent.as_slice());
            } else {
                detector.training.push(value);
            }
        }
        Ok(detector)
    }
}

/// Mean of the views, each in its unit.
fn mean(views: [f64; VIEWS], units: &[f64; VIEWS]) -> f64 {
    let pairs = views.iter().zip(units);
    pairs.map(|(view, unit)| view / unit).sum::<f64>() / VIEWS as f64
}

/// The 99th percentile, or the largest score where that is zero, or 1 where all are.
fn unit(mut scores: Vec<f64>) -> f64 {
    scores.sort_unstable_by(f64::total_cmp);
    let at = |q: f64| {
        scores
            .get((q * scores.len() as f64) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    let largest = scores.last().copied().unwrap_or(0.0);
    [at(UNIT_QUANTILE), largest]
        .into_iter()
        .find(|u| *u > 0.0)
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Random;

    const SETTINGS: ShapeSettings = ShapeSettings {
        training: 600,
        history: 1_000,
        fade_share: 0.15,
    };

    /// A wave of 50 points with noise, scored from point 600 on.
    fn scores(change: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        let mut random = Random::new(4);
        let mut detector = ShapeDetector::new(SETTINGS);
        let wave = |t: usize| (std::f64::consts::TAU * t as f64 / 50.0).sin();
        (0..1_400)
            .map(|t| change(t, wave(t) + 0.1 * f64::from(random.unit())))
            .filter_map(|value| detector.observe(value).map(|s| s.raw))
            .collect()
    }

    fn peak(scores: &[f64]) -> (usize, f64) {
        let most = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        most.map(|(i, s)| (600 + i, *s)).unwrap()
    }

    #[test]
    fn a_wave_that_goes_on_is_usual() {
        assert!(peak(&scores(|_, x| x)).1 < 1.0);
    }

    #[test]
    fn a_missing_beat_within_the_range_is_odd_where_it_is() {
        let (at, score) = peak(&scores(
            |t, x| if (1_000..1_050).contains(&t) { 0.0 } else { x },
        ));
        assert!((1_000..1_110).contains(&at) && score > 3.0, "{at} {score}");
    }

    #[test]
    fn a_spike_is_odd_and_what_follows_stays_suspect() {
        let mut detector = ShapeDetector::new(SETTINGS);
        let mut random = Random::new(4);
        let mut seen = Vec::new();
        for t in 0..900 {
            let value = if t == 800 {
                9.0
            } else {
                f64::from(random.unit())
            };
            seen.extend(detector.observe(value));
        }
        assert!(seen[..200].iter().all(|s| s.score < 1.0));
        assert!(seen[200].raw > 2.0);
        assert!(seen[280].raw < 1.0 && seen[280].score > 0.2 * seen[200].score);
    }

    #[test]
    fn nothing_is_known_before_it_comes() {
        let whole = scores(|_, x| x);
        let cut = scores(|t, x| if t >= 1_200 { 5.0 } else { x });
        assert_eq!(whole[..600], cut[..600]);
    }

    #[test]
    fn the_closest_stretch_tells_what_was_expected_where_it_differs_most() {
        let mut detector = ShapeDetector::new(SETTINGS);
        let wave = |t: usize| 5.0 + (std::f64::consts::TAU * t as f64 / 50.0).sin();
        for t in 0..800 {
            detector.observe(if t == 790 { 9.0 } else { wave(t) });
        }
        let closest = detector.closest().unwrap();
        assert!((closest.observed - 9.0).abs() < 1e-9, "{closest:?}");
        // The odd value itself draws the closest stretch a little aside.
        assert!((closest.expected - wave(790)).abs() < 0.1, "{closest:?}");
        assert!(closest.spread < 0.1);
    }

    #[test]
    fn a_constant_series_has_no_scores_until_it_moves() {
        let mut detector = ShapeDetector::new(SETTINGS);
        let seen: Vec<ShapeScore> = (0..900)
            .filter_map(|t| detector.observe(if t < 850 { 7.0 } else { 7.5 }))
            .collect();
        assert!(seen[..250].iter().all(|s| s.raw == 0.0));
        assert!(seen[260].raw > 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_restored_detector_answers_alike(
            values in prop::collection::vec(
                prop_oneof![9 => -1e3f64..1e3, 1 => Just(f64::NAN), 1 => -1e300f64..1e300], 200..500),
            cut in 0usize..500,
        ) {
            let settings = ShapeSettings { training: 256, history: 300, fade_share: 0.1 };
            let mut detector = ShapeDetector::new(settings);
            let cut = cut.min(values.len());
            for value in &values[..cut] {
                detector.observe(*value);
            }
            let bytes = detector.snapshot();
            let mut restored = ShapeDetector::restore(&bytes).unwrap();
            prop_assert!(ShapeDetector::restore(&bytes[..bytes.len() - 1]).is_err());
            for value in &values[cut..] {
                match (detector.observe(*value), restored.observe(*value)) {
                    (Some(a), Some(b)) => {
                        prop_assert!((a.score - b.score).abs() <= 1e-6 * a.score.max(1.0));
                        prop_assert!(a.raw.is_finite() && a.raw >= 0.0);
                    }
                    (a, b) => prop_assert_eq!(a, b),
                }
            }
        }
    }
}
