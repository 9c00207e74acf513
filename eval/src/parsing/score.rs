//! GA, FGA, PA and FTA after Loghub-2.0 (Jiang et al., ISSTA 2024): a group is right when its set
//! of lines is exactly the labelled one, a template when its wording is and all its lines carry
//! that label.

use std::collections::{BTreeMap, BTreeSet};

/// Scores of one prediction, each in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    pub ga: f64,
    pub fga: f64,
    pub pa: f64,
    pub fta: f64,
}

/// Compares labels, predicted wordings and predicted groups of the same lines; linear up to
/// sorting. All zero for no lines.
pub(crate) fn score(labels: &[String], templates: &[String], groups: &[u32]) -> Score {
    let lines = labels.len() as f64;
    let mut groups_of: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut label_count: BTreeMap<&str, usize> = BTreeMap::new();
    let mut group_count: BTreeMap<u32, usize> = BTreeMap::new();
    let mut labels_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut same = 0_usize;
    for ((label, template), group) in labels.iter().zip(templates).zip(groups) {
        groups_of.entry(label).or_default().insert(*group);
        *label_count.entry(label).or_default() += 1;
        *group_count.entry(*group).or_default() += 1;
        labels_of.entry(template).or_default().insert(label);
        same += usize::from(label == template);
    }
    let (mut right_lines, mut right_groups) = (0_usize, 0_usize);
    for (label, groups) in &groups_of {
        let count = label_count.get(label).copied().unwrap_or_default();
        let only = groups.first().filter(|_| groups.len() == 1);
        if only.and_then(|g| group_count.get(g)) == Some(&count) {
            right_lines += count;
            right_groups += 1;
        }
    }
    let right_templates = labels_of
        .iter()
        .filter(|(t, l)| l.len() == 1 && l.contains(*t))
        .count() as f64;
    let right_groups = right_groups as f64;
    let f1 = |right: f64, predicted: usize, labelled: usize| {
        let total = predicted as f64 + labelled as f64;
        if total > 0.0 {
            2.0 * right / total
        } else {
            0.0
        }
    };
    let share = |count: usize| {
        if lines > 0.0 {
            count as f64 / lines
        } else {
            0.0
        }
    };
    Score {
        ga: share(right_lines),
        fga: f1(right_groups, group_count.len(), label_count.len()),
        pa: share(same),
        fta: f1(right_templates, labels_of.len(), label_count.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Score, score};

    fn check(rows: &[(&str, &str, u32)], expect: Score) {
        let labels: Vec<String> = rows.iter().map(|r| r.0.to_owned()).collect();
        let templates: Vec<String> = rows.iter().map(|r| r.1.to_owned()).collect();
        let groups: Vec<u32> = rows.iter().map(|r| r.2).collect();
        assert_eq!(score(&labels, &templates, &groups), expect);
    }

    #[test]
    fn perfect_prediction_scores_one() {
        let one = Score {
            ga: 1.0,
            fga: 1.0,
            pa: 1.0,
            fta: 1.0,
        };
        check(
            &[("a <*>", "a <*>", 0), ("b", "b", 1), ("a <*>", "a <*>", 0)],
            one,
        );
    }

    #[test]
    fn group_with_a_foreign_line_is_wrong_for_both_labels() {
        let expect = Score {
            ga: 0.0,
            fga: 0.0,
            pa: 0.5,
            fta: 0.0,
        };
        check(&[("a", "a", 0), ("b", "a", 0)], expect);
    }

    #[test]
    fn no_lines_score_zero() {
        check(
            &[],
            Score {
                ga: 0.0,
                fga: 0.0,
                pa: 0.0,
                fta: 0.0,
            },
        );
    }
}
