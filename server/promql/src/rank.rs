//! `topk`, `bottomk`, `sort` and `sort_desc`: who is first.

use std::cmp::Ordering;

use crate::aggregate::grouped;
use crate::error::QueryError;
use crate::frame::{ABSENT, Budget, Row, is_absent};
use crate::plan::LabelChoice;

/// Which end is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Greatest,
    Least,
}

/// Whether `left` comes before `right`; what is not a number comes last.
fn order(first: First, left: f64, right: f64) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let rising = left.partial_cmp(&right).unwrap_or(Ordering::Equal);
            if first == First::Least {
                rising
            } else {
                rising.reverse()
            }
        }
    }
}

/// Sorts the rows of an instant; at several steps there is no order.
pub(crate) fn sort(mut rows: Vec<Row>, first: First) -> Vec<Row> {
    if rows.first().is_some_and(|row| row.values.len() == 1) {
        rows.sort_by(|left, right| order(first, left.values[0], right.values[0]));
    }
    rows
}

/// The first `count` of each group at each step; `count` is `[steps]`.
pub(crate) fn select(
    first: First,
    count: &[f64],
    (rows, grouping): (Vec<Row>, &LabelChoice),
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    // The range of 64-bit integers, as far as floats have it.
    let is_count = |count: &f64| *count >= i64::MIN as f64 && *count < i64::MAX as f64;
    if let Some(wrong) = count.iter().find(|count| !is_count(count)) {
        return Err(QueryError::execution(format!(
            "Scalar value {wrong} overflows int64"
        )));
    }
    let mut out = Vec::new();
    let mut ranks: Vec<usize> = Vec::new();
    for (_, mut members) in grouped(rows, grouping) {
        for (step, count) in count.iter().enumerate() {
            budget.check()?;
            ranks.clear();
            ranks.extend((0..members.len()).filter(|at| !is_absent(members[*at].values[step])));
            let kept = if *count < 1.0 {
                0
            } else {
                (*count as usize).min(ranks.len())
            };
            if kept == ranks.len() {
                continue;
            }
            let compare = |left: &usize, right: &usize| {
                order(
                    first,
                    members[*left].values[step],
                    members[*right].values[step],
                )
                .then(left.cmp(right))
            };
            ranks.select_nth_unstable_by(kept, compare);
            for at in &ranks[kept..] {
                members[*at].values[step] = ABSENT;
            }
        }
        members.retain(|row| !row.is_empty());
        out.extend(sort(members, first));
    }
    Ok(out)
}
