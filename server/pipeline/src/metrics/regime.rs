//! From where on is a series as it is now? What learns from the past of a series learns from what
//! came after the last change of its level, as rows of two regimes together make whatever lies
//! between them usual. Rows in, a row out.

use tocsin_changepoint::{Settings, Shape, segment};

/// Rows whose mean is one step for the search.
const STEP_ROWS: usize = 5;
/// Steps that a level lasts at least.
const LEVEL_STEPS_MIN: usize = 12;

/// The row at which the last level begins that lasts for `rows_min` rows or more until now; 0 if
/// there is no change. NaN is missing.
///
/// Parts of a wave look like levels. Who knows a season (in rows, a multiple of five) has it taken
/// off first, where there are three of it: the median of each time of it.
#[must_use]
pub fn begins_at(column: &[f64], season: Option<usize>, rows_min: usize) -> usize {
    let mut steps: Vec<f64> = column.chunks(STEP_ROWS).map(mean).collect();
    let period = season.map_or(0, |rows| rows / STEP_ROWS);
    if period > 0 && steps.len() >= 3 * period {
        for phase in 0..period {
            let mut same: Vec<f64> = steps.iter().skip(phase).step_by(period).copied().collect();
            same.retain(|value| value.is_finite());
            same.sort_unstable_by(f64::total_cmp);
            let usual = same.get(same.len() / 2).copied().unwrap_or(0.0);
            let places = steps.iter_mut().skip(phase).step_by(period);
            places.for_each(|value| *value -= usual);
        }
    }
    let settings = Settings {
        segment_min: LEVEL_STEPS_MIN,
        ..Settings::new(Shape::Level)
    };
    let latest = column.len().saturating_sub(rows_min);
    let found = segment(&steps, &settings);
    let changes = found.change_points().map(|step| step * STEP_ROWS);
    changes.filter(|row| *row <= latest).max().unwrap_or(0)
}

/// The mean of what is finite; NaN of nothing.
fn mean(rows: &[f64]) -> f64 {
    let finite = rows.iter().filter(|value| value.is_finite());
    finite.clone().sum::<f64>() / finite.count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(row: usize) -> f64 {
        ((row * row * 7919) % 101) as f64 / 101.0
    }

    #[test]
    fn the_last_change_with_enough_after_it_is_the_beginning() {
        let level = |row: usize| match row {
            0..400 => 0.0,
            400..900 => 5.0,
            _ => 9.0,
        };
        let column: Vec<f64> = (0..1_000).map(|row| level(row) + noise(row)).collect();
        assert_eq!(begins_at(&column, None, 50), 900);
        assert_eq!(begins_at(&column, None, 200), 400);
        assert_eq!(begins_at(&column, None, 700), 0);
        assert_eq!(begins_at(&[f64::NAN; 500], None, 0), 0);
    }

    #[test]
    fn a_wave_whose_length_is_known_is_no_change_and_a_shift_of_it_is() {
        let wave = |row: usize| (row as f64 / 1440.0 * std::f64::consts::TAU).sin();
        let with = |shift: f64| -> Vec<f64> {
            let at = |row: usize| if row >= 6_000 { shift } else { 0.0 };
            (0..10_080)
                .map(|row| 10.0 * wave(row) + noise(row) + at(row))
                .collect()
        };
        assert_eq!(begins_at(&with(0.0), Some(1440), 4_000), 0);
        assert!(begins_at(&with(5.0), Some(1440), 4_000).abs_diff(6_000) <= 10);
    }
}
