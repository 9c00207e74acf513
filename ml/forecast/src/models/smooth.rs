//! Candidates that forecast the series without its seasons and add the seasons back: exponential
//! smoothing, Theta and the robust trend.

use crate::ets::Ets;
use crate::problem::{Group, Problem, Table};
use crate::theta::DynamicTheta;
use crate::trend::last_piece;

/// Exponential smoothing chosen by AICc.
pub(super) fn ets(problem: &Problem<'_>, groups: &[Group]) -> Option<Table> {
    let head = groups.first()?;
    let early = Ets::auto_plain(&head.adjusted[..head.seen])?;
    each(problem, groups, |group, last, out| {
        let model = if last {
            Ets::auto_plain(&group.adjusted)?
        } else {
            early.clone()
        };
        model.roll(&group.adjusted, &group.origins, (problem.horizon, out));
        Some(())
    })
}

/// Dynamic optimised Theta.
pub(super) fn theta(problem: &Problem<'_>, groups: &[Group]) -> Option<Table> {
    let head = groups.first()?;
    let early = DynamicTheta::fit(&head.adjusted[..head.seen])?;
    each(problem, groups, |group, last, out| {
        let model = if last {
            DynamicTheta::fit(&group.adjusted)?
        } else {
            early
        };
        model.roll(&group.adjusted, &group.origins, (problem.horizon, out));
        Some(())
    })
}

/// The last straight piece carried on.
pub(super) fn trend(problem: &Problem<'_>, groups: &[Group]) -> Option<Table> {
    each(problem, groups, |group, _, out| {
        for origin in &group.origins {
            let piece = last_piece(&group.adjusted[..*origin])?;
            out.extend((1..=problem.horizon).map(|k| piece.at(k as f64)));
        }
        Some(())
    })
}

/// Fills a table group by group and adds the seasons; `fill` is told which group is the last.
fn each(
    problem: &Problem<'_>,
    groups: &[Group],
    mut fill: impl FnMut(&Group, bool, &mut Table) -> Option<()>,
) -> Option<Table> {
    let mut table = Table::with_capacity(problem.origins.len() * problem.horizon);
    for (index, group) in groups.iter().enumerate() {
        let from = table.len();
        fill(group, index + 1 == groups.len(), &mut table)?;
        group.add_season(&mut table[from..], problem.horizon);
    }
    Some(table)
}
