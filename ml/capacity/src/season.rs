//! Cycles of a day and of a week in a series on a grid. What flows out are profiles to subtract,
//! or none where the history is too short or does not repeat. No trend, no forecast.

use crate::grid::Grid;
use crate::robust::{median, running_mean};

/// Least days of history before a cycle of a day is looked for.
const DAYS_FOR_DAILY: usize = 3;
/// Least days of history before a cycle of a week is looked for.
const DAYS_FOR_WEEKLY: f64 = 13.5;
/// Largest share of the spread that a profile may leave for it to count as a cycle.
const LEFT_MAX: f64 = 0.7;
/// Least correlation of one week with the next.
const WEEKS_ALIKE_MIN: f64 = 0.6;
/// Harmonics of a week that are fitted.
const HARMONICS: usize = 4;

/// The profile of a day, one value per step of the day, median 0; `None` where days differ.
pub(crate) fn daily(grid: &Grid, values: &[f64]) -> Option<Vec<f64>> {
    let day = grid.day();
    if day < 4 || values.len() < DAYS_FOR_DAILY * day {
        return None;
    }
    let mut by_place: Vec<Vec<f64>> = vec![Vec::new(); day];
    for (at, mean) in running_mean(values, day).into_iter().enumerate() {
        if let Some(mean) = mean {
            by_place[grid.place_in_day(at)].push(values[at] - mean);
        }
    }
    let days = by_place.iter().map(Vec::len).min().unwrap_or(0);
    if days < DAYS_FOR_DAILY - 1 {
        return None;
    }
    let mut profile = Vec::with_capacity(day);
    let centre = median(&mut by_place.concat());
    let (mut raw, mut left) = (0.0, 0.0);
    for place in &mut by_place {
        let middle = median(place);
        profile.push(middle);
        raw += place.iter().map(|v| (v - centre).abs()).sum::<f64>();
        left += place.iter().map(|v| (v - middle).abs()).sum::<f64>();
    }
    // A profile of few days fits them by chance: each day took part in its own median.
    let fair = days as f64 / (days as f64 - 1.0);
    // A line leaves nothing but rounding.
    let size = values
        .iter()
        .fold(0.0, |size: f64, value| size.max(value.abs()));
    if raw <= 1e-9 * size * values.len() as f64 || left * fair > LEFT_MAX * raw {
        return None;
    }
    let middle = median(&mut profile.clone());
    Some(profile.into_iter().map(|value| value - middle).collect())
}

/// A cycle of a week as a sum of sines and cosines.
#[derive(Debug, Clone)]
pub(crate) struct Weekly {
    period: f64,
    factors: Vec<f64>,
}

impl Weekly {
    /// The value at the step `at`, counted from the start of the grid.
    pub(crate) fn at(&self, at: f64) -> f64 {
        waves(at, self.period)
            .iter()
            .zip(&self.factors)
            .map(|(wave, factor)| wave * factor)
            .sum()
    }
}

fn waves(at: f64, period: f64) -> [f64; 2 * HARMONICS] {
    let mut out = [0.0; 2 * HARMONICS];
    for (harmonic, pair) in out.chunks_exact_mut(2).enumerate() {
        let angle = std::f64::consts::TAU * (harmonic + 1) as f64 * at / period;
        (pair[0], pair[1]) = angle.sin_cos();
    }
    out
}

/// The cycle of a week about a line; `None` where there are not two weeks that are alike.
pub(crate) fn weekly(grid: &Grid, values: &[f64]) -> Option<Weekly> {
    let week = 7 * grid.day();
    if grid.day() < 2 || (values.len() as f64) < DAYS_FOR_WEEKLY * grid.day() as f64 {
        return None;
    }
    if !weeks_alike(values, week) {
        return None;
    }
    const SIZE: usize = 2 * HARMONICS + 2;
    let mut normal = [[0.0; SIZE + 1]; SIZE];
    let middle = values.len() as f64 / 2.0;
    for (at, &value) in values.iter().enumerate() {
        let mut row = [0.0; SIZE + 1];
        row[0] = 1.0;
        row[1] = (at as f64 - middle) / middle;
        row[2..SIZE].copy_from_slice(&waves(at as f64, week as f64));
        row[SIZE] = value;
        for (i, line) in normal.iter_mut().enumerate() {
            for (cell, other) in line.iter_mut().zip(row) {
                *cell += row[i] * other;
            }
        }
    }
    let solution = solve(normal)?;
    let weekly = Weekly {
        period: week as f64,
        factors: solution[2..].to_vec(),
    };
    let line = |at: usize| solution[0] + solution[1] * (at as f64 - middle) / middle;
    let (mut raw, mut left) = (0.0, 0.0);
    for (at, &value) in values.iter().enumerate() {
        let rest = value - line(at);
        raw += rest * rest;
        left += (rest - weekly.at(at as f64)).powi(2);
    }
    (left < LEFT_MAX * LEFT_MAX * raw).then_some(weekly)
}

/// Whether the last week and the one before it, each about its own line, rise and fall together.
fn weeks_alike(values: &[f64], week: usize) -> bool {
    let Some(start) = (values.len() + week / 28).checked_sub(2 * week) else {
        return false;
    };
    let split = (start + week).min(values.len());
    let (first, second) = (
        detrended(&values[start..split]),
        detrended(&values[split..]),
    );
    let (mut cross, mut left, mut right) = (0.0, 0.0, 0.0);
    for (a, b) in first.iter().zip(&second) {
        cross += a * b;
        left += a * a;
        right += b * b;
    }
    left > 0.0 && right > 0.0 && cross > WEEKS_ALIKE_MIN * (left * right).sqrt()
}

fn detrended(values: &[f64]) -> Vec<f64> {
    let length = values.len() as f64;
    let centre = (length - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / length.max(1.0);
    let (mut cross, mut square) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let x = at as f64 - centre;
        cross += x * (value - mean);
        square += x * x;
    }
    let slope = if square > 0.0 { cross / square } else { 0.0 };
    let rest = |(at, value): (usize, &f64)| value - mean - slope * (at as f64 - centre);
    values.iter().enumerate().map(rest).collect()
}

/// Solves a system given as rows of coefficients and right side (Gauss with pivots).
fn solve<const ROWS: usize, const COLUMNS: usize>(
    mut rows: [[f64; COLUMNS]; ROWS],
) -> Option<[f64; ROWS]> {
    for at in 0..ROWS {
        let pivot = (at..ROWS).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs()))?;
        rows.swap(at, pivot);
        let lead = rows[at];
        if lead[at].abs() < 1e-12 {
            return None;
        }
        for (_, row) in rows
            .iter_mut()
            .enumerate()
            .filter(|&(other, _)| other != at)
        {
            let factor = row[at] / lead[at];
            for (cell, above) in row.iter_mut().zip(lead) {
                *cell -= factor * above;
            }
        }
    }
    let mut out = [0.0; ROWS];
    for (at, slot) in out.iter_mut().enumerate() {
        *slot = rows[at][ROWS] / rows[at][at];
    }
    out.iter().all(|value| value.is_finite()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hourly(days: usize, value: impl Fn(usize) -> f64) -> Grid {
        Grid {
            start_ms: 0,
            step_ms: 3_600_000,
            values: (0..days * 24).map(value).collect(),
            newest_ms: 0,
            newest: 0.0,
            oldest_ms: 0,
        }
    }

    #[test]
    fn finds_a_daily_burst_on_a_slope() {
        let grid = hourly(5, |at| {
            at as f64 * 0.1 + if at % 24 == 3 { 20.0 } else { 0.0 }
        });
        let profile = daily(&grid, &grid.values).unwrap();
        assert!((profile[3] - 20.0).abs() < 1.0);
        assert!(profile[12].abs() < 1.5);
    }

    #[test]
    fn finds_no_cycle_in_a_line_or_two_days() {
        let grid = hourly(8, |at| at as f64);
        assert!(daily(&grid, &grid.values).is_none());
        let grid = hourly(2, |at| (at % 24) as f64);
        assert!(daily(&grid, &grid.values).is_none());
    }

    #[test]
    fn finds_a_week_of_which_only_five_days_grow() {
        let grown = |at: usize| ((at / 168) * 120 + (at % 168).min(120)) as f64;
        let grid = hourly(14, grown);
        let weekly = weekly(&grid, &grid.values).unwrap();
        let slope = 120.0 / 168.0;
        for at in 24..312 {
            let line = at as f64 * slope;
            let rest = grown(at) - line - weekly.at(at as f64);
            assert!(rest.abs() < 30.0, "{at}: {rest}");
        }
    }
}
