//! Which values the variables of a template take, and how often.

use hashbrown::HashMap;
use tocsin_domain::TemplateId;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, ValueDistribution};
use tocsin_domain::query::number_of;

use super::inner::Inner;
use super::part::column_in;
use super::plan::Plan;
use super::scan;

/// How many of the most frequent values are told.
const TOP: usize = 20;

/// The values of one slot.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: HashMap<Vec<u8>, u64>,
    total: u64,
    missed: bool,
}

impl Tally {
    pub(super) fn add(&mut self, value: &[u8], distinct_max: usize) {
        self.add_times(value, 1, distinct_max);
    }

    /// Adds a value that was seen so often.
    pub(super) fn add_times(&mut self, value: &[u8], times: u64, distinct_max: usize) {
        self.total += times;
        if let Some(count) = self.counts.get_mut(value) {
            *count += times;
        } else if self.counts.len() < distinct_max {
            self.counts.insert(value.to_vec(), times);
        } else {
            self.missed = true;
        }
    }

    /// Says how many records were looked at, if not all of their values were added.
    #[cfg(feature = "clickhouse")]
    pub(super) fn set_total(&mut self, total: u64) {
        self.total = total;
    }

    pub(super) fn finish(self, slot: usize) -> ValueDistribution {
        let mut top: Vec<(String, u64)> = self
            .counts
            .iter()
            .map(|(value, count)| (String::from_utf8_lossy(value).into_owned(), *count))
            .collect();
        top.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        top.truncate(TOP);
        ValueDistribution {
            slot,
            total: self.total,
            distinct: self.counts.len() as u64 + u64::from(self.missed),
            numeric: self.numeric(),
            top,
        }
    }

    fn numeric(&self) -> Option<(f64, f64, f64)> {
        let mut numbers: Vec<(f64, u64)> = self
            .counts
            .iter()
            .map(|(value, count)| Some((number_of(value)?, *count)))
            .collect::<Option<_>>()?;
        numbers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let counted: u64 = numbers.iter().map(|(_, count)| count).sum();
        let mut passed = 0;
        let median = numbers.iter().find(|(_, count)| {
            passed += count;
            passed * 2 >= counted
        })?;
        Some((numbers.first()?.0, median.0, numbers.last()?.0))
    }
}

impl Inner {
    /// The distribution of every variable of a template in what a query selects.
    pub(crate) fn distributions(
        &self,
        template: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        let Some(info) = self.dictionary.read().get(template).cloned() else {
            return Ok(Vec::new());
        };
        let slots = info.template.slots.len();
        let is_wanted = query
            .templates
            .as_ref()
            .is_none_or(|list| list.contains(&template));
        let plan = Plan::new(&LogQuery {
            templates: Some(if is_wanted {
                vec![template]
            } else {
                Vec::new()
            }),
            ..query.clone()
        });
        let distinct_max = self.config.distinct_values_max;
        let tallies = self.with_view(|view| {
            let mut tallies: Vec<Tally> = (0..slots).map(|_| Tally::default()).collect();
            for batch in &view.heads {
                scan::select(&plan, batch).for_each(batch.rows(), |row| {
                    for (tally, value) in tallies.iter_mut().zip(batch.parsed.variables(row)) {
                        tally.add(value, distinct_max);
                    }
                });
            }
            self.each_block(&plan, &view.blocks, |query| {
                for candidate in &query.candidates {
                    let rows = query.template(*candidate).rows as usize;
                    let selection = query.select(*candidate)?;
                    let mut text = Vec::new();
                    for (slot, tally) in tallies.iter_mut().enumerate() {
                        let part = query.reader.column(candidate.template, slot)?;
                        let column = column_in(&part)?;
                        selection.for_each(rows, |at| {
                            text.clear();
                            column.append(at, &mut text);
                            tally.add(&text, distinct_max);
                        });
                    }
                }
                Ok(())
            })?;
            Ok(tallies)
        })?;
        let finish = |(slot, tally): (usize, Tally)| tally.finish(slot);
        Ok(tallies.into_iter().enumerate().map(finish).collect())
    }
}
