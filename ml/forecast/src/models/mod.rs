//! The candidates: each answers a [`Problem`] with a table of forecasts, or with nothing when the
//! series does not suit it.

mod direct;
mod double_season;
mod recursive;
mod simple;
mod smooth;

use crate::problem::{Group, Problem, Table, adjust};

/// A candidate's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its name.
    pub name: &'static str,
    /// Its forecasts from every origin.
    pub table: Table,
}

type Ask = fn(&Problem<'_>) -> Option<Table>;
type AskGroups = fn(&Problem<'_>, &[Group]) -> Option<Table>;

/// Asks every candidate.
pub(crate) fn ask_all(problem: &Problem<'_>) -> Vec<Answer> {
    let groups = adjust(problem);
    let plain: [(&'static str, Ask); 6] = [
        ("naive", simple::naive),
        ("seasonal_naive", simple::seasonal_naive),
        ("level_shifted_season", simple::level_shifted_season),
        ("direct_regression", direct::direct_regression),
        ("lag_regression", recursive::lag_regression),
        ("double_seasonal", double_season::double_seasonal),
    ];
    let grouped: [(&'static str, AskGroups); 3] = [
        ("mstl_ets", smooth::ets),
        ("mstl_theta", smooth::theta),
        ("mstl_trend", smooth::trend),
    ];
    let size = problem.origins.len() * problem.horizon;
    plain
        .iter()
        .map(|(name, ask)| (*name, ask(problem)))
        .chain(
            grouped
                .iter()
                .map(|(name, ask)| (*name, ask(problem, &groups))),
        )
        .filter_map(|(name, table)| {
            let table = table?;
            let sound = table.len() == size && table.iter().all(|v| v.is_finite());
            sound.then_some(Answer { name, table })
        })
        .collect()
}
