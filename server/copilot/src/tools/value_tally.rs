//! Adds up how often values come over the variables of templates, and knows what it does not know. Pure.
//!
//! A store tells the most frequent values of a variable only; where it left some out, a count is a lower bound.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::TemplateId;
use tocsin_domain::ports::log_store::ValueDistribution;

use super::variables::Wanted;

/// The values of one variable of a template.
#[derive(Debug)]
pub(super) struct Column {
    values: Vec<(String, u64)>,
    total: u64,
    distinct: u64,
}

impl Column {
    /// A value that all lines of a template have.
    pub(super) fn fixed(value: &str, lines: u64) -> Self {
        Self {
            values: vec![(value.to_owned(), lines)],
            total: lines,
            distinct: 1,
        }
    }

    /// What a store tells of a slot.
    pub(super) fn of(told: ValueDistribution) -> Self {
        Self {
            values: told.top,
            total: told.total,
            distinct: told.distinct,
        }
    }

    fn is_open(&self) -> bool {
        self.values.iter().map(|(_, lines)| lines).sum::<u64>() < self.total
    }
}

/// A value and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranked {
    pub(super) value: String,
    pub(super) lines: u64,
    /// Whether there can be more lines with it.
    pub(super) is_at_least: bool,
    /// Where it is most often.
    pub(super) template: TemplateId,
}

/// What is known of one template.
#[derive(Debug)]
struct Listed {
    template: TemplateId,
    /// Lines of each value, and whether there can be no more.
    values: BTreeMap<String, (u64, bool)>,
    /// Whether it can have values that are not listed.
    is_open: bool,
}

/// Values over all templates.
#[derive(Debug, Default)]
pub(super) struct Tally {
    listed: Vec<Listed>,
    /// The most values that a single variable was told to have.
    distinct_min: u64,
    is_left_out: bool,
}

impl Tally {
    /// Notes that something was not looked at.
    pub(super) fn leave_out(&mut self) {
        self.is_left_out = true;
    }

    /// Adds the variables of a template. A line that has a value twice counts once: of several variables
    /// the one with most lines of a value is what is sure.
    pub(super) fn add(&mut self, template: TemplateId, columns: &[Column], wanted: &Wanted) {
        let mut values: BTreeMap<String, (u64, bool)> = BTreeMap::new();
        for (place, column) in columns.iter().enumerate() {
            let mut own: BTreeMap<String, u64> = BTreeMap::new();
            for (text, lines) in &column.values {
                if let Some(value) = wanted.value(text) {
                    *own.entry(value).or_default() += lines;
                }
            }
            // What is not told can be the same value in another form.
            let is_told = !column.is_open() || wanted.form.is_none();
            let others = columns.iter().enumerate();
            let others = others.filter(|(at, _)| *at != place);
            let is_exact = is_told && others.clone().all(|(_, other)| !other.is_open());
            for (value, lines) in own {
                values
                    .entry(value)
                    .and_modify(|have| *have = (have.0.max(lines), false))
                    .or_insert((lines, is_exact));
            }
            if wanted.form.is_none() {
                self.distinct_min = self.distinct_min.max(column.distinct);
            }
        }
        self.listed.push(Listed {
            template,
            values,
            is_open: columns.iter().any(Column::is_open),
        });
    }

    /// How many values there are, and whether there can be more.
    pub(super) fn distinct(&self) -> (u64, bool) {
        let all: BTreeSet<&String> = self
            .listed
            .iter()
            .flat_map(|one| one.values.keys())
            .collect();
        let is_open = self.is_left_out || self.listed.iter().any(|one| one.is_open);
        ((all.len() as u64).max(self.distinct_min), is_open)
    }

    /// The values, those of most lines first.
    pub(super) fn ranked(&self) -> Vec<Ranked> {
        let mut all: BTreeMap<&String, (Ranked, u64)> = BTreeMap::new();
        for one in &self.listed {
            for (value, (lines, _)) in &one.values {
                let (ranked, most) = all.entry(value).or_insert_with(|| {
                    let ranked = Ranked {
                        value: value.clone(),
                        lines: 0,
                        is_at_least: self.is_left_out,
                        template: one.template,
                    };
                    (ranked, 0)
                });
                ranked.lines += lines;
                if lines > most {
                    (ranked.template, *most) = (one.template, *lines);
                }
            }
        }
        let mut all: Vec<Ranked> = all.into_values().map(|(ranked, _)| ranked).collect();
        for ranked in &mut all {
            ranked.is_at_least |=
                self.listed
                    .iter()
                    .any(|one| match one.values.get(&ranked.value) {
                        Some((_, is_exact)) => !is_exact,
                        None => one.is_open,
                    });
        }
        all.sort_by(|a, b| (Reverse(a.lines), &a.value).cmp(&(Reverse(b.lines), &b.value)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::Catalogue;

    fn column(values: &[(&str, u64)], total: u64) -> Column {
        Column::of(ValueDistribution {
            slot: 0,
            total,
            distinct: values.len() as u64 + u64::from(total > 100),
            top: values.iter().map(|(v, n)| ((*v).to_owned(), *n)).collect(),
            numeric: None,
        })
    }

    fn tally(of: &str, templates: &[&[Column]]) -> Tally {
        let wanted = Wanted::of(of, &Catalogue::built_in().unwrap()).unwrap();
        let mut tally = Tally::default();
        for (id, columns) in templates.iter().enumerate() {
            tally.add(TemplateId(id as u64), columns, &wanted);
        }
        tally
    }

    fn ranked(tally: &Tally) -> Vec<(String, u64, bool, u64)> {
        let all = tally.ranked().into_iter();
        all.map(|one| (one.value, one.lines, one.is_at_least, one.template.0))
            .collect()
    }

    fn row(value: &str, lines: u64, is_at_least: bool, template: u64) -> (String, u64, bool, u64) {
        (value.into(), lines, is_at_least, template)
    }

    #[test]
    fn counts_are_added_over_templates_and_named_where_they_are_most() {
        let tally = tally(
            "user",
            &[
                &[column(&[("root", 3), ("bob", 2)], 5)],
                &[Column::fixed("root", 9)],
            ],
        );
        let expected = [row("root", 12, false, 1), row("bob", 2, false, 0)];
        assert_eq!(ranked(&tally), expected);
        assert_eq!(tally.distinct(), (2, false));
    }

    #[test]
    fn what_a_store_left_out_can_be_more_of_what_it_did_not_list() {
        let tally = tally(
            "user",
            &[
                &[column(&[("root", 60), ("bob", 40)], 130)],
                &[column(&[("eve", 5), ("root", 1)], 6)],
            ],
        );
        // Of `root` and `bob` all lines are listed, and `eve` can be among those that are not.
        let expected = [
            row("root", 61, false, 0),
            row("bob", 40, false, 0),
            row("eve", 5, true, 1),
        ];
        assert_eq!(ranked(&tally), expected);
        assert_eq!(tally.distinct(), (3, true));
    }

    #[test]
    fn a_line_with_a_value_twice_is_no_two_lines() {
        let both = [
            column(&[("10.0.0.1", 4), ("10.0.0.2", 1)], 5),
            column(&[("10.0.0.1", 3), ("10.0.0.3", 2)], 5),
        ];
        let tally = tally("ip", &[&both]);
        let expected = [
            row("10.0.0.1", 4, true, 0),
            row("10.0.0.3", 2, false, 0),
            row("10.0.0.2", 1, false, 0),
        ];
        assert_eq!(ranked(&tally), expected);
    }

    #[test]
    fn ports_are_no_part_of_an_address_and_names_are_none() {
        let columns = [column(
            &[("10.0.0.1:22", 4), ("db.example", 3), ("10.0.0.1", 2)],
            109,
        )];
        let tally = tally("ip", &[&columns]);
        assert_eq!(ranked(&tally), [row("10.0.0.1", 6, true, 0)]);
        assert_eq!(tally.distinct(), (1, true));
    }
}
