//! From points as they came to one value per step of a regular grid. What flows out is mirrored
//! for a limit that is reached from above, so that the rest of the crate knows only "up".
//! Points out of order, twice at a time, NaN and infinite are allowed; the last three are dropped.

use crate::{Direction, History, Limit, Silence};

/// Milliseconds in a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Widths of a step that divide a day, in milliseconds.
const STEPS_MS: [i64; 12] = [
    10_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
    43_200_000, DAY_MS,
];
/// Most steps of a grid; older points are forgotten where even steps of a day are more.
const STEPS_MAX: usize = 700;
/// Most steps of a horizon.
const HORIZON_STEPS_MAX: i64 = 336;
/// Largest value, so that squares and sums stay finite.
const VALUE_MAX: f64 = 1e100;
/// Latest time, so that sums of times stay within 64 bits.
const TIME_MAX_MS: u64 = 1 << 54;
/// Fewest points that say anything about a slope and its noise.
const POINTS_MIN: usize = 12;

/// The history on a grid.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// Start of the first step; a multiple of `step_ms`.
    pub start_ms: i64,
    /// Width of a step.
    pub step_ms: i64,
    /// The largest mirrored value within each step, a line across gaps.
    pub values: Vec<f64>,
    /// Time of the newest point.
    pub newest_ms: i64,
    /// Mirrored value of the newest point.
    pub newest: f64,
    /// Time of the oldest point after the last reset.
    pub oldest_ms: i64,
}

impl Grid {
    /// Steps in a day; at least 1.
    pub(crate) fn day(&self) -> usize {
        (DAY_MS / self.step_ms).max(1) as usize
    }

    /// Steps in `duration_ms`, at least `least`.
    pub(crate) fn steps(&self, duration_ms: i64, least: usize) -> usize {
        usize::try_from(duration_ms / self.step_ms).map_or(least, |steps| steps.max(least))
    }

    /// Place in the day of the step `at`, in `[0, day())`.
    pub(crate) fn place_in_day(&self, at: usize) -> usize {
        let start = self.start_ms.rem_euclid(DAY_MS) / self.step_ms;
        (start as usize + at) % self.day()
    }
}

/// Lays the points at or before `now_ms` and after the last reset on a grid.
///
/// A step is at least a part of the `horizon_ms`, so that the future has a bounded number of them.
pub(crate) fn grid(
    history: &History<'_>,
    limit: &Limit,
    now_ms: i64,
    horizon_ms: i64,
) -> Result<Grid, Silence> {
    let reset = history.resets_ms.iter().filter(|&&at| at <= now_ms).max();
    let sign = limit.direction.sign();
    let mut points: Vec<(i64, f64)> = history
        .times_ms
        .iter()
        .zip(history.values)
        .filter(|&(time, value)| {
            value.abs() <= VALUE_MAX
                && time.unsigned_abs() <= TIME_MAX_MS
                && *time <= now_ms
                && reset.is_none_or(|reset| time >= reset)
        })
        .map(|(&time, &value)| (time, value * sign))
        .collect();
    points.sort_by_key(|&(time, _)| time);
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
        return Err(Silence::NoPoints);
    };
    if points.len() < POINTS_MIN {
        return Err(Silence::FewPoints {
            points: points.len(),
            needed: POINTS_MIN,
        });
    }
    let mut gaps: Vec<f64> = points
        .windows(2)
        .map(|pair| pair[1].0.saturating_sub(pair[0].0) as f64)
        .collect();
    let interval = crate::robust::median(&mut gaps);
    let span = last.0.saturating_sub(first.0);
    let fits = |step: i64| {
        step as f64 >= 0.99 * interval
            && span / step < STEPS_MAX as i64
            && horizon_ms / step <= HORIZON_STEPS_MAX
            // A short history keeps enough steps to see its noise.
            || span / step < 4 * POINTS_MIN as i64
    };
    let step_ms = STEPS_MS
        .into_iter()
        .find(|&step| fits(step))
        .unwrap_or(DAY_MS);
    let end = last.0.div_euclid(step_ms);
    let start = first
        .0
        .div_euclid(step_ms)
        .max(end.saturating_sub(STEPS_MAX as i64));
    let mut values = vec![f64::NAN; (end - start + 1) as usize];
    for &(time, value) in &points {
        let place = usize::try_from(time.div_euclid(step_ms) - start);
        if let Some(slot) = place.ok().and_then(|place| values.get_mut(place)) {
            *slot = slot.max(value);
        }
    }
    let missing = values.iter().filter(|value| value.is_nan()).count();
    if missing * 2 > values.len() {
        return Err(Silence::Gaps {
            share: missing as f64 / values.len() as f64,
        });
    }
    bridge(&mut values);
    Ok(Grid {
        start_ms: start * step_ms,
        step_ms,
        values,
        newest_ms: last.0,
        newest: last.1,
        oldest_ms: first.0,
    })
}

/// Draws a line across each run of NaN. The first and the last value are numbers.
fn bridge(values: &mut [f64]) {
    let mut left = 0;
    for at in 1..values.len() {
        if values[at].is_nan() {
            continue;
        }
        let (from, to) = (values[left], values[at]);
        let length = (at - left) as f64;
        for (place, slot) in values[left..at].iter_mut().enumerate().skip(1) {
            *slot = from + (to - from) * place as f64 / length;
        }
        left = at;
    }
}

impl Direction {
    /// What a value is multiplied with, so that the limit is reached from below.
    pub(crate) fn sign(self) -> f64 {
        match self {
            Self::Rising => 1.0,
            Self::Falling => -1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        value: 100.0,
        direction: Direction::Rising,
    };

    #[test]
    fn keeps_peaks_bridges_gaps_and_drops_what_is_no_number() {
        let times: Vec<i64> = (0..40).map(|i| i * 300_000).collect();
        let mut values: Vec<f64> = (0..40).map(f64::from).collect();
        values[7] = f64::NAN;
        values[9] = 50.0;
        let history = History {
            times_ms: &times,
            values: &values,
            resets_ms: &[],
        };
        let grid = grid(&history, &LIMIT, i64::MAX, 0).unwrap();
        assert_eq!(grid.step_ms, 300_000);
        assert_eq!(&grid.values[6..10], &[6.0, 7.0, 8.0, 50.0]);
        assert_eq!(grid.newest, 39.0);
    }

    #[test]
    fn begins_anew_after_a_reset() {
        let times: Vec<i64> = (0..40).map(|i| i * 300_000).collect();
        let values = vec![1.0; 40];
        let history = History {
            times_ms: &times,
            values: &values,
            resets_ms: &[25 * 300_000],
        };
        assert_eq!(
            grid(&history, &LIMIT, i64::MAX, 0).unwrap().values.len(),
            15
        );
        let history = History {
            times_ms: &times,
            values: &values,
            resets_ms: &[35 * 300_000],
        };
        assert_eq!(
            grid(&history, &LIMIT, i64::MAX, 0).unwrap_err(),
            Silence::FewPoints {
                points: 5,
                needed: POINTS_MIN
            }
        );
    }

    #[test]
    fn two_weeks_of_five_minutes_are_half_hours() {
        let times: Vec<i64> = (0..4032).map(|i| i * 300_000).collect();
        let values = vec![1.0; 4032];
        let history = History {
            times_ms: &times,
            values: &values,
            resets_ms: &[],
        };
        let grid = grid(&history, &LIMIT, i64::MAX, 0).unwrap();
        assert_eq!(
            (grid.step_ms, grid.values.len(), grid.day()),
            (1_800_000, 672, 48)
        );
    }
}
