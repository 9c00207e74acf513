//! What comes again: jumps upwards that recur (installs, deployments) and drops that recur
//! (rotations, clean-ups, reboots). What flows in are the jumps of a history; what flows out is
//! how they are drawn for the future.

use crate::jumps::Jump;

/// Least drops before they are expected to come again.
const DROPS_MIN: usize = 2;
/// Least jumps upwards before they are expected to come again.
const RISES_MIN: usize = 3;
/// A drop counts when it is at least this share of the largest.
const DROP_MIN_SHARE: f64 = 0.3;
/// A drop of at least this share of the level may be the start of something new.
const ANEW_MIN_SHARE: f64 = 0.1;
/// Intervals that vary by less than this share of their mean are a clock.
const CLOCK: f64 = 0.15;
/// Peaks that vary by less than this share of the height of a tooth are a clean-up by level.
const LEVEL: f64 = 0.15;

/// What makes the level drop.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trigger {
    /// It drops after one of these numbers of steps.
    Clock(Vec<f64>),
    /// It drops about every so many steps, without a clock.
    Chance(f64),
    /// It drops when it reaches one of these levels.
    Level(Vec<f64>),
}

/// Drops that recur.
#[derive(Debug, Clone)]
pub(crate) struct Cycle {
    pub trigger: Trigger,
    /// What makes it drop in half of the futures, where too few drops were seen to tell.
    pub other: Option<Trigger>,
    /// Steps since the last drop.
    pub since: f64,
    /// Level after the next drop, as a line fitted to those of the past.
    pub trough: f64,
    /// Rise of the level after a drop, per step.
    pub slope: f64,
    /// Standard error of `slope`.
    pub slope_error: f64,
    /// Standard deviation of the level after a drop about the line.
    pub spread: f64,
    /// Number of drops seen.
    pub drops: usize,
}

/// Jumps upwards that recur.
#[derive(Debug, Clone)]
pub(crate) struct Rises {
    /// Sizes seen.
    pub sizes: Vec<f64>,
    /// Steps over which they were seen.
    pub steps: f64,
}

/// The drops that recur in a history of `length` steps, if any do.
pub(crate) fn cycle(jumps: &[Jump], length: usize) -> Option<Cycle> {
    let deepest = jumps.iter().map(|jump| -jump.size).fold(0.0, f64::max);
    let drops: Vec<&Jump> = jumps
        .iter()
        .filter(|jump| -jump.size > DROP_MIN_SHARE * deepest)
        .collect();
    let (Some(first), Some(last)) = (drops.first(), drops.last()) else {
        return None;
    };
    if drops.len() < DROPS_MIN || deepest <= 0.0 {
        return None;
    }
    let count = drops.len() as f64;
    let intervals: Vec<f64> = drops
        .windows(2)
        .map(|w| (w[1].at - w[0].at) as f64)
        .collect();
    let peaks: Vec<f64> = drops.iter().map(|jump| jump.peak).collect();
    let height = drops
        .iter()
        .map(|jump| jump.peak - jump.trough)
        .sum::<f64>()
        / count;
    let (mean_interval, interval_spread) = moments(&intervals);
    let (_, peak_spread) = moments(&peaks);
    let other = (drops.len() == DROPS_MIN).then(|| Trigger::Clock(intervals.clone()));
    let regular = intervals.len() >= 2 && interval_spread < CLOCK * mean_interval;
    let trigger = if regular {
        Trigger::Clock(intervals)
    } else if peak_spread < LEVEL * height {
        Trigger::Level(peaks)
    } else {
        Trigger::Chance(length as f64 / count)
    };
    let now = length as f64 - 1.0;
    let (trough, slope, slope_error, spread) = line(&drops, now);
    // Two drops define a line without any error: it may as well be flat.
    let doubt = if drops.len() == 2 { slope.abs() } else { 0.0 };
    let reach = (last.at - first.at).max(1) as f64;
    Some(Cycle {
        trigger,
        other,
        since: now - last.at as f64,
        trough,
        slope,
        slope_error: slope_error.max(doubt).max(spread / reach / count.sqrt()),
        spread,
        drops: drops.len(),
    })
}

/// The step at which a history of `length` steps begins anew: after the last drop, which may have
/// been a larger capacity or a reboot that nobody announced. What was before says little about
/// the slope since. 0 where there is none, or too little came after it.
pub(crate) fn anew(jumps: &[Jump], length: usize, day: usize) -> usize {
    let drop = jumps
        .iter()
        .rev()
        .find(|jump| -jump.size > ANEW_MIN_SHARE * jump.peak.abs());
    drop.map_or(0, |drop| drop.at + 1).min(length)
        * usize::from(drop.is_some_and(|drop| length - drop.at > day + day / 2))
}

/// The line through the levels after the drops: value at `now`, slope, its error, and the spread.
fn line(drops: &[&Jump], now: f64) -> (f64, f64, f64, f64) {
    let count = drops.len() as f64;
    let mean_at = drops.iter().map(|jump| jump.at as f64).sum::<f64>() / count;
    let mean = drops.iter().map(|jump| jump.trough).sum::<f64>() / count;
    let (mut square, mut cross) = (0.0, 0.0);
    for jump in drops {
        square += (jump.at as f64 - mean_at).powi(2);
        cross += (jump.at as f64 - mean_at) * (jump.trough - mean);
    }
    let slope = if square > 0.0 { cross / square } else { 0.0 };
    let rest: f64 = drops
        .iter()
        .map(|jump| (jump.trough - mean - slope * (jump.at as f64 - mean_at)).powi(2))
        .sum();
    let spread = (rest / (count - 2.0).max(1.0)).sqrt();
    let error = if square > 0.0 {
        spread / square.sqrt()
    } else {
        0.0
    };
    (mean + slope * (now - mean_at), slope, error, spread)
}

/// The jumps upwards that recur in a history of `length` steps, if any do.
pub(crate) fn rises(jumps: &[Jump], length: usize) -> Option<Rises> {
    let rises: Vec<&Jump> = jumps.iter().filter(|jump| jump.size > 0.0).collect();
    let (first, last) = (rises.first()?, rises.last()?);
    // All within a short time are one event.
    let spread_out = (last.at - first.at) * 5 >= length * 2;
    (rises.len() >= RISES_MIN && spread_out).then(|| Rises {
        sizes: rises.iter().map(|jump| jump.size).collect(),
        steps: length as f64,
    })
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = (values.len() as f64).max(1.0);
    let mean = values.iter().sum::<f64>() / count;
    let square = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    (mean, (square / (count - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_at(at: usize, peak: f64, trough: f64) -> Jump {
        Jump {
            at,
            size: trough - peak,
            peak,
            trough,
        }
    }

    #[test]
    fn regular_drops_are_a_clock_and_their_troughs_a_line() {
        let jumps: Vec<Jump> = (1..5)
            .map(|i| drop_at(i * 100, 50.0 + i as f64, 10.0 + i as f64))
            .collect();
        let found = cycle(&jumps, 450).unwrap();
        assert_eq!(found.trigger, Trigger::Clock(vec![100.0; 3]));
        assert!((found.slope - 0.01).abs() < 1e-9 && (found.trough - 14.49).abs() < 1e-6);
        assert_eq!(found.since, 49.0);
    }

    #[test]
    fn drops_from_one_level_are_a_clean_up_and_others_chance() {
        let jumps = [
            drop_at(50, 80.0, 10.0),
            drop_at(200, 81.0, 12.0),
            drop_at(240, 80.0, 9.0),
        ];
        assert!(matches!(
            cycle(&jumps, 300).unwrap().trigger,
            Trigger::Level(_)
        ));
        let jumps = [
            drop_at(50, 80.0, 10.0),
            drop_at(200, 41.0, 12.0),
            drop_at(240, 60.0, 9.0),
        ];
        assert_eq!(cycle(&jumps, 300).unwrap().trigger, Trigger::Chance(100.0));
        assert!(cycle(&jumps[..1], 300).is_none());
    }

    #[test]
    fn rises_at_one_time_do_not_recur() {
        let rise = |at| Jump {
            at,
            size: 5.0,
            peak: 0.0,
            trough: 0.0,
        };
        assert!(rises(&[rise(10), rise(20), rise(30)], 300).is_none());
        assert_eq!(
            rises(&[rise(10), rise(100), rise(200)], 300)
                .unwrap()
                .sizes
                .len(),
            3
        );
    }
}
