//! From ranked prototypes to their records: prototype by prototype, newest first within one.

use tocsin_domain::TemplateId;
use tocsin_domain::ports::log_search::RankedRecord;
use tocsin_domain::ports::log_store::{Cursor, LogQuery, Order};
use tocsin_domain::ports::{LogStore, SearchError};

use crate::cursor::{self, RankedCursor};

/// A page of records and where the next begins.
pub(crate) struct Records {
    pub(crate) records: Vec<RankedRecord>,
    pub(crate) next: Option<RankedCursor>,
}

/// The records of `ranked` prototypes that `query` selects, from `after` on.
///
/// A prototype whose cursor is not among `ranked` (a new one may have changed the ranks) begins
/// the page anew at the first, so that nothing is left out.
pub(crate) async fn of_prototypes(
    logs: &dyn LogStore,
    query: &LogQuery,
    ranked: &[(TemplateId, f32)],
    after: Option<RankedCursor>,
    limit: usize,
) -> Result<Records, SearchError> {
    let place = after.and_then(|after| {
        let template = after.template?;
        let index = ranked.iter().position(|(id, _)| *id == template)?;
        Some((index, after.record))
    });
    let (first, mut within): (usize, Option<Cursor>) =
        place.map_or((0, None), |(index, record)| (index, Some(record)));
    let mut records: Vec<RankedRecord> = Vec::new();
    for (template, score) in &ranked[first.min(ranked.len())..] {
        let narrowed = LogQuery {
            templates: Some(vec![*template]),
            ..query.clone()
        };
        let left = limit - records.len();
        let page = logs
            .search(&narrowed, Order::NewestFirst, within.take(), left)
            .await?;
        let scored = page.records.into_iter().map(|record| RankedRecord {
            record,
            score: *score,
        });
        records.extend(scored);
        if records.len() >= limit {
            let next = records
                .last()
                .map(|last| cursor::after(Some(*template), &last.record));
            return Ok(Records { records, next });
        }
    }
    Ok(Records {
        records,
        next: None,
    })
}
