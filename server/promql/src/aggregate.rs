//! Aggregations over labels that make one series of a group.

use std::collections::HashMap;

use crate::error::QueryError;
use crate::frame::{ABSENT, Budget, Row, is_absent};
use crate::label_set::LabelSet;
use crate::matching::chosen;
use crate::math;
use crate::plan::{AggregateOp, LabelChoice};

/// Rows by group, groups in the order in which they first come.
pub(crate) fn grouped(rows: Vec<Row>, grouping: &LabelChoice) -> Vec<(LabelSet, Vec<Row>)> {
    let mut places: HashMap<LabelSet, usize> = HashMap::new();
    let mut groups: Vec<(LabelSet, Vec<Row>)> = Vec::new();
    for row in rows {
        let key = chosen(&row.labels, grouping);
        let place = *places.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row);
    }
    groups
}

/// The aggregations without a parameter, one row a group.
pub(crate) fn simple(
    op: AggregateOp,
    rows: Vec<Row>,
    grouping: &LabelChoice,
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    let mut out = Vec::new();
    for (labels, members) in grouped(rows, grouping) {
        budget.check()?;
        let values = match op {
            AggregateOp::Sum => fold(members, |so_far, value| so_far + value),
            AggregateOp::Min => fold(members, |so_far, value| {
                if so_far > value || so_far.is_nan() {
                    value
                } else {
                    so_far
                }
            }),
            AggregateOp::Max => fold(members, |so_far, value| {
                if so_far < value || so_far.is_nan() {
                    value
                } else {
                    so_far
                }
            }),
            AggregateOp::Group => fold(members, |_, _| 1.0)
                .into_iter()
                .map(|value| if is_absent(value) { ABSENT } else { 1.0 })
                .collect(),
            AggregateOp::Count => moments(&members, |count, _, _| count),
            AggregateOp::StdDev => moments(&members, |count, _, squares| (squares / count).sqrt()),
            AggregateOp::StdVar => moments(&members, |count, _, squares| squares / count),
            _ => averaged(&members),
        };
        out.push(Row { labels, values });
    }
    Ok(out)
}

fn fold(members: Vec<Row>, join: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut members = members.into_iter();
    let mut values = members.next().map(|row| row.values).unwrap_or_default();
    for row in members {
        for (so_far, value) in values.iter_mut().zip(row.values) {
            if is_absent(*so_far) {
                *so_far = value;
            } else if !is_absent(value) {
                *so_far = join(*so_far, value);
            }
        }
    }
    values
}

/// The mean, also where the sum is beyond what a float holds.
fn averaged(members: &[Row]) -> Vec<f64> {
    let steps = members.first().map_or(0, |row| row.values.len());
    let mut sums = vec![0.0; steps];
    let mut counts = vec![0.0; steps];
    for row in members {
        for (step, value) in row
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| !is_absent(**value))
        {
            sums[step] += value;
            counts[step] += 1.0;
        }
    }
    for step in 0..steps {
        let mean: f64 = sums[step] / counts[step];
        sums[step] = if counts[step] == 0.0 {
            ABSENT
        } else if mean.is_finite() {
            mean
        } else {
            let values = members.iter().map(|row| row.values[step]);
            math::mean(values.filter(|value| !is_absent(*value)))
        };
    }
    sums
}

/// Count, mean and squared deviations of each step (Welford 1962), and what is made of them.
fn moments(members: &[Row], read: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    let steps = members.first().map_or(0, |row| row.values.len());
    let mut all = vec![(0.0, 0.0, 0.0); steps];
    for row in members {
        for ((count, mean, squares), value) in all.iter_mut().zip(&row.values) {
            if is_absent(*value) {
                continue;
            }
            *count += 1.0;
            if *count == 1.0 {
                // A single value deviates by 0 also if it is infinite.
                *mean = *value;
            } else {
                let delta = value - *mean;
                *mean += delta / *count;
                *squares += delta * (value - *mean);
            }
        }
    }
    let values = all.into_iter().map(|(count, mean, squares)| {
        if count == 0.0 {
            ABSENT
        } else {
            read(count, mean, squares)
        }
    });
    values.collect()
}

/// `quantile`, `q` at each step.
pub(crate) fn quantile(
    q: &[f64],
    rows: Vec<Row>,
    grouping: &LabelChoice,
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    let mut out = Vec::new();
    let mut scratch = Vec::new();
    for (labels, members) in grouped(rows, grouping) {
        budget.check()?;
        let values = (0..q.len()).map(|step| {
            scratch.clear();
            scratch.extend(
                members
                    .iter()
                    .map(|row| row.values[step])
                    .filter(|v| !is_absent(*v)),
            );
            if scratch.is_empty() {
                ABSENT
            } else {
                math::quantile(q[step], &mut scratch)
            }
        });
        let values = values.collect();
        out.push(Row { labels, values });
    }
    Ok(out)
}

/// `count_values`: one row for each value that occurs in a group.
pub(crate) fn count_values(
    label: &str,
    rows: Vec<Row>,
    grouping: &LabelChoice,
    budget: &Budget,
) -> Result<Vec<Row>, QueryError> {
    if !is_label_name(label) {
        return Err(QueryError::execution(format!(
            "invalid label name {label:?}"
        )));
    }
    let grouping = match grouping {
        LabelChoice::Only(names) => {
            LabelChoice::Only(names.iter().cloned().chain([label.to_owned()]).collect())
        }
        all_but @ LabelChoice::AllBut(_) => all_but.clone(),
    };
    let mut places: HashMap<LabelSet, usize> = HashMap::new();
    let mut out: Vec<Row> = Vec::new();
    for row in rows {
        budget.afford(out.len(), row.values.len())?;
        let mut last: Option<(u64, usize)> = None;
        for (step, value) in row
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| !is_absent(**value))
        {
            // Values repeat from step to step: labels are made when they change.
            let place = match last {
                Some((bits, place)) if bits == value.to_bits() => place,
                _ => {
                    let labels = chosen(&row.labels.with(label, &written(*value)), &grouping);
                    *places.entry(labels.clone()).or_insert_with(|| {
                        out.push(Row {
                            labels,
                            values: vec![ABSENT; row.values.len()],
                        });
                        out.len() - 1
                    })
                }
            };
            budget.afford(out.len(), row.values.len())?;
            last = Some((value.to_bits(), place));
            let slot = &mut out[place].values[step];
            *slot = if is_absent(*slot) { 1.0 } else { *slot + 1.0 };
        }
    }
    Ok(out)
}

/// A value as a label: no exponent, the shortest digits.
fn written(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        value if value.is_nan() => "NaN".into(),
        value => value.to_string(),
    }
}

/// Whether a text can name a label in PromQL.
pub(crate) fn is_label_name(text: &str) -> bool {
    let mut letters = text.chars();
    let starts = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    starts && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_names_are_those_of_promql() {
        assert!(is_label_name("_a1") && is_label_name("__name__"));
        assert!(!is_label_name("1a") && !is_label_name("") && !is_label_name("a-b"));
    }

    #[test]
    fn values_are_written_without_exponents() {
        assert_eq!(written(1e21), "1000000000000000000000");
        assert_eq!(written(0.1), "0.1");
    }
}
