//! The naive candidates: the last value, the last season, and the last season moved to today's
//! level.

use crate::problem::{Problem, Table};

/// The last value.
pub(super) fn naive(problem: &Problem<'_>) -> Option<Table> {
    let mut table = Table::with_capacity(problem.origins.len() * problem.horizon);
    for origin in problem.origins {
        let last = problem.series[..*origin].last().copied()?;
        table.extend(std::iter::repeat_n(last, problem.horizon));
    }
    Some(table)
}

/// The value one season ago, for the shortest season.
pub(super) fn seasonal_naive(problem: &Problem<'_>) -> Option<Table> {
    let period = problem.periods.first().copied()?;
    let mut table = Table::with_capacity(problem.origins.len() * problem.horizon);
    for origin in problem.origins {
        let season = &problem.series[origin - period..*origin];
        table.extend((0..problem.horizon).map(|k| season[k % period]));
    }
    Some(table)
}

/// The value one longest season ago, moved by how much the newest shortest season (or, with only one
/// season, the newest eighth of it) lies above the same points then.
pub(super) fn level_shifted_season(problem: &Problem<'_>) -> Option<Table> {
    let longest = problem.periods.last().copied()?;
    let shortest = problem.periods.first().copied()?;
    let recent = if shortest < longest {
        shortest
    } else {
        longest.div_ceil(8)
    };
    let mut table = Table::with_capacity(problem.origins.len() * problem.horizon);
    for origin in problem.origins {
        let from = origin.checked_sub(longest + recent)?;
        let known = &problem.series[from..*origin];
        let now: f64 = known[longest..].iter().sum();
        let then: f64 = known[..recent].iter().sum();
        let shift = (now - then) / recent as f64;
        let season = &known[recent..];
        table.extend((0..problem.horizon).map(|k| season[k % longest] + shift));
    }
    Some(table)
}
