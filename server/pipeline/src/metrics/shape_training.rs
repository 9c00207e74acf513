//! Training of the detector of one series' shapes: from a week of its rows, or from those after the
//! last change of its level. Points go in, a judge that has seen them comes out; pure.

use tocsin_domain::ports::SeriesSamples;
use tocsin_forest::{ShapeJudge, ShapeSettings};

use super::regime;
use super::rows::{self, ROW_MS};

/// Rows that a detector is trained on at most: a week.
pub(super) const ROWS_MAX: usize = 7 * 1440;
/// How much a detector learns and remembers: a day, and a week and an hour more, so that a weekend is
/// compared with the last one.
const SETTINGS: ShapeSettings = ShapeSettings {
    training: DAY_ROWS,
    history: ROWS_MAX + 160,
    fade_share: 0.1,
};
/// Rows that are left when what was before a change is cut off: those after which a detector speaks.
const ROWS_AFTER_CHANGE_MIN: usize = 4_000;
/// Rows of a day.
const DAY_ROWS: usize = 1440;
/// How often it is looked whether a series is still in the regime that was learnt, in ms.
pub(super) const REGIME_MS: i64 = DAY_ROWS as i64 * ROW_MS;
/// Rows that a series must have to get a place: those of its first training.
const ROWS_MIN: usize = 1440;

/// What comes of a training.
pub(super) enum Training {
    /// Too few rows, or all alike.
    Unfit,
    /// The regime is the one that was learnt.
    Known,
    /// A judge that has seen the rows from `since_ms` on, the last of which ended at `seen_ms`.
    New {
        judge: Box<ShapeJudge>,
        since_ms: i64,
        seen_ms: i64,
    },
}

/// Trains on what was found from `from_ms` on; `known_ms` is where a judge began that there is.
#[must_use]
pub(super) fn train(
    found: &SeriesSamples,
    (from_ms, known_ms): (i64, Option<i64>),
    budget: f64,
) -> Training {
    let values = rows::column(found, from_ms, ROWS_MAX);
    let first = regime::begins_at(&values, Some(DAY_ROWS), ROWS_AFTER_CHANGE_MIN);
    let since_ms = from_ms + first as i64 * ROW_MS;
    // The place of a change is not exact, and the week of the first training wanders on.
    if known_ms.is_some_and(|known| first == 0 || since_ms <= known + REGIME_MS) {
        return Training::Known;
    }
    let known: Vec<f64> = values[first..]
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    let rows = values.iter().rposition(|value| value.is_finite());
    let seen_ms = from_ms + rows.map_or(0, |row| row as i64 + 1) * ROW_MS;
    let is_still = known.windows(2).all(|pair| pair[0] == pair[1]);
    if known.len() < ROWS_MIN || is_still {
        return Training::Unfit;
    }
    let mut judge = Box::new(ShapeJudge::new(SETTINGS, budget));
    for value in known {
        judge.observe(value);
    }
    Training::New {
        judge,
        since_ms,
        seen_ms,
    }
}
