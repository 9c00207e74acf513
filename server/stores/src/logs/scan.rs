//! Which records in memory a query selects: judged by template first, then each by itself.

use tocsin_domain::query::{RecordView, matches};

use super::head::HeadBatch;
use super::plan::{Plan, Verdict};
use super::selection::{Bits, Selection};

/// The rows of a batch in memory that the query selects.
pub(crate) fn select(plan: &Plan, batch: &HeadBatch) -> Selection {
    let signature = plan.open_signature();
    let verdicts = plan.verdicts(&signature);
    let by_template: Vec<Verdict> = batch
        .templates
        .iter()
        .map(|template| verdicts.of(template.index, template))
        .collect();
    let parsed = &batch.parsed;
    Selection::of(Bits::from_fn(batch.rows(), |row| {
        if !plan.range.contains(parsed.batch.records[row].timestamp) {
            return false;
        }
        match by_template[parsed.lines[row].template as usize] {
            Verdict::Never => false,
            Verdict::Always => true,
            Verdict::Depends => matches(
                &plan.question.expression,
                &RecordView::of_parsed(parsed, row),
            ),
        }
    }))
}
