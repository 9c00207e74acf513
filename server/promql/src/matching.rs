//! Two vectors: which series belong together, and what becomes of them.
//!
//! Who belongs together is decided once by labels; what is a conflict is decided per step, since
//! series that are never there at the same time do not conflict.

use std::collections::HashMap;

use tocsin_domain::metric::NAME_LABEL;

use crate::error::QueryError;
use crate::frame::{ABSENT, Budget, Row, SAME_LABELSET, is_absent, merge};
use crate::label_set::LabelSet;
use crate::operator::{apply, drops_name};
use crate::plan::{BinaryOp, Cardinality, LabelChoice, SetOp};

const EXPLICIT: &str =
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
const UNIQUE: &str = "multiple matches for labels: grouping labels must ensure unique matches";

/// How an operator pairs two vectors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pairing<'a> {
    pub(crate) op: BinaryOp,
    pub(crate) matching: &'a LabelChoice,
    pub(crate) cardinality: &'a Cardinality,
}

/// The labels that are compared or grouped by.
pub(crate) fn chosen(labels: &LabelSet, choice: &LabelChoice) -> LabelSet {
    match choice {
        LabelChoice::Only(names) => labels.filter(|name| names.iter().any(|n| n == name)),
        LabelChoice::AllBut(names) => {
            labels.filter(|name| name != NAME_LABEL && !names.iter().any(|n| n == name))
        }
    }
}

/// The set operators.
pub(crate) fn set(
    op: SetOp,
    left: Vec<Row>,
    right: Vec<Row>,
    matching: &LabelChoice,
) -> Result<Vec<Row>, QueryError> {
    if op == SetOp::Or {
        let there = presence(&left, matching);
        let rest = masked(right, matching, &there, false);
        return merge(left.into_iter().chain(rest).collect(), SAME_LABELSET);
    }
    let there = presence(&right, matching);
    merge(
        masked(left, matching, &there, op == SetOp::And),
        SAME_LABELSET,
    )
}

/// For each match group the steps at which any of its series is there.
fn presence(rows: &[Row], matching: &LabelChoice) -> HashMap<LabelSet, Vec<bool>> {
    let mut there: HashMap<LabelSet, Vec<bool>> = HashMap::new();
    for row in rows {
        let steps = there
            .entry(chosen(&row.labels, matching))
            .or_insert_with(|| vec![false; row.values.len()]);
        for (step, value) in steps.iter_mut().zip(&row.values) {
            *step |= !is_absent(*value);
        }
    }
    there
}

/// Rows at the steps at which their group is there, or is not.
fn masked(
    mut rows: Vec<Row>,
    matching: &LabelChoice,
    there: &HashMap<LabelSet, Vec<bool>>,
    wanted: bool,
) -> Vec<Row> {
    for row in &mut rows {
        let steps = there.get(&chosen(&row.labels, matching));
        for (step, value) in row.values.iter_mut().enumerate() {
            if steps.is_some_and(|steps| steps[step]) != wanted {
                *value = ABSENT;
            }
        }
    }
    rows
}

/// The series of a match group: indices into the many and the one side.
#[derive(Default)]
struct Group {
    many: Vec<usize>,
    one: Vec<usize>,
}

/// Arithmetic and comparisons of two vectors.
pub(crate) fn pair(
    pairing: &Pairing<'_>,
    left: Vec<Row>,
    right: Vec<Row>,
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    let swapped = matches!(pairing.cardinality, Cardinality::OneToMany(_));
    let (many, one) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let mut groups: HashMap<LabelSet, Group> = HashMap::new();
    for (at, row) in one.iter().enumerate() {
        groups
            .entry(chosen(&row.labels, pairing.matching))
            .or_default()
            .one
            .push(at);
    }
    for (at, row) in many.iter().enumerate() {
        if let Some(group) = groups.get_mut(&chosen(&row.labels, pairing.matching)) {
            group.many.push(at);
        }
    }
    let steps = many.first().map_or(0, |row| row.values.len());
    budget.afford(many.len(), steps)?;
    let mut out = Vec::new();
    let mut ordered: Vec<(LabelSet, Group)> = groups.into_iter().collect();
    ordered.sort_by_key(|(_, group)| (group.many.first().copied(), group.one.first().copied()));
    for (key, group) in ordered {
        one_of_each(&key, &group, &one, (&many, swapped))?;
        if group.many.is_empty() {
            continue;
        }
        let sides = (many.as_slice(), one.as_slice());
        out.extend(paired(pairing, &group, sides, budget)?);
    }
    merge(out, SAME_LABELSET)
}

/// At no step at which the many side has any series may two of the one side be there.
fn one_of_each(
    key: &LabelSet,
    group: &Group,
    one: &[Row],
    (many, swapped): (&[Row], bool),
) -> Result<(), QueryError> {
    if group.one.len() < 2 {
        return Ok(());
    }
    let steps = one[group.one[0]].values.len();
    let mut owner: Vec<Option<usize>> = vec![None; steps];
    for at in &group.one {
        for (step, value) in one[*at].values.iter().enumerate() {
            if is_absent(*value) {
                continue;
            }
            let Some(first) = owner[step].replace(*at) else {
                continue;
            };
            if many.iter().any(|row| !is_absent(row.values[step])) {
                let side = if swapped { "left" } else { "right" };
                return Err(QueryError::execution(format!(
                    "found duplicate series for the match group {key} on the {side} hand-side of \
                     the operation: [{}, {}];many-to-many matching not allowed: matching labels \
                     must be unique on one side",
                    one[*at].labels, one[first].labels
                )));
            }
        }
    }
    Ok(())
}

/// The results of a match group.
fn paired(
    pairing: &Pairing<'_>,
    group: &Group,
    (many, one): (&[Row], &[Row]),
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    let swapped = matches!(pairing.cardinality, Cardinality::OneToMany(_));
    let conflict = match pairing.cardinality {
        Cardinality::OneToOne => EXPLICIT,
        Cardinality::ManyToOne(_) | Cardinality::OneToMany(_) => UNIQUE,
    };
    let mut out = Vec::new();
    for many_at in &group.many {
        budget.check()?;
        let ours = &many[*many_at];
        for one_at in &group.one {
            let theirs = &one[*one_at];
            let values = ours
                .values
                .iter()
                .zip(&theirs.values)
                .map(|(ours, theirs)| {
                    if is_absent(*ours) || is_absent(*theirs) {
                        return ABSENT;
                    }
                    let (left, right) = if swapped {
                        (*theirs, *ours)
                    } else {
                        (*ours, *theirs)
                    };
                    apply(pairing.op, left, right, left)
                });
            let values: Vec<f64> = values.collect();
            if values.iter().all(|value| is_absent(*value)) {
                continue;
            }
            out.push(Row {
                labels: result_labels(pairing, ours, theirs),
                values,
            });
        }
    }
    if *pairing.cardinality == Cardinality::OneToOne && out.len() > 1 {
        one_at_a_time(&out)?;
    }
    merge(out, conflict)
}

/// Without an explicit grouping a match group has at most one result a step, whatever its labels.
fn one_at_a_time(rows: &[Row]) -> Result<(), QueryError> {
    let mut taken = vec![false; rows[0].values.len()];
    for row in rows {
        for (taken, value) in taken.iter_mut().zip(&row.values) {
            let there = !is_absent(*value);
            if there && std::mem::replace(taken, true) {
                return Err(QueryError::execution(EXPLICIT));
            }
        }
    }
    Ok(())
}

fn result_labels(pairing: &Pairing<'_>, many: &Row, one: &Row) -> LabelSet {
    // A comparison with `bool` loses the name at last, even one that was taken over.
    let as_bool = matches!(pairing.op, BinaryOp::Comparison { as_bool: true, .. });
    let mut labels = many.labels.clone();
    if drops_name(pairing.op) {
        labels = labels.without_name();
    }
    match pairing.cardinality {
        Cardinality::OneToOne => {
            labels = match pairing.matching {
                LabelChoice::Only(_) => chosen(&labels, pairing.matching),
                LabelChoice::AllBut(names) => {
                    labels.filter(|name| !names.iter().any(|other| other == name))
                }
            };
        }
        Cardinality::ManyToOne(taken) | Cardinality::OneToMany(taken) => {
            for name in taken {
                labels = labels.with(name, one.labels.get(name));
            }
        }
    }
    if as_bool {
        labels.without_name()
    } else {
        labels
    }
}
