//! Templates with their counts in a query.

use std::cmp::Reverse;
use std::collections::HashMap;

use tocsin_domain::ports::TemplateSummary;
use tocsin_domain::ports::log_store::{LogQuery, TemplateCount, dominant_band};
use tocsin_domain::{Severity, TemplateId};

use super::histogram;
use crate::errors::ApiError;
use crate::state::ApiState;
use crate::wire::cursor::PageStart;
use crate::wire::templates::{
    TemplateDetail, TemplateItem, TemplateListAnswer, TemplateSort, VariableItem, VariablesAnswer,
};

/// A template and its counts.
type Counted = (TemplateSummary, TemplateCount);

/// One page of the templates of the records that a query selects.
pub(crate) async fn list(
    state: &ApiState,
    query: &LogQuery,
    sort: TemplateSort,
    (start, limit): (Option<PageStart>, usize),
) -> Result<TemplateListAnswer, ApiError> {
    let offset = match start {
        None => 0,
        Some(PageStart::Offset(offset)) => offset,
        Some(_) => return Err(PageStart::foreign()),
    };
    let mut all = counted(state, query).await?;
    all.sort_by_cached_key(|(summary, counted)| {
        let count = counted.counts.iter().sum::<u64>();
        let first = match sort {
            TemplateSort::Count => 0,
            TemplateSort::Newest => summary.first_seen.min(counted.first_seen).nanos(),
            TemplateSort::Severity => band(counted),
        };
        (Reverse(first), Reverse(count), summary.template.id.0)
    });
    let end = offset.saturating_add(limit);
    let next = (end < all.len()).then(|| PageStart::Offset(end).encode());
    let page = all.iter().skip(offset).take(limit);
    Ok(TemplateListAnswer {
        items: page
            .map(|(summary, counted)| TemplateItem::new(summary, counted))
            .collect(),
        next_cursor: next,
    })
}

/// The templates of the records that a query selects, most frequent first.
pub(crate) async fn counted(state: &ApiState, query: &LogQuery) -> Result<Vec<Counted>, ApiError> {
    let parts = state.parts();
    let counts = parts.logs.template_counts(query);
    let (counts, known) = tokio::try_join!(counts, parts.templates.all())?;
    let mut known: HashMap<TemplateId, TemplateSummary> = known
        .into_iter()
        .map(|summary| (summary.template.id, summary))
        .collect();
    // A template that was minted this moment may not be in the register yet.
    let all = counts.into_iter();
    Ok(all
        .filter_map(|count| Some((known.remove(&count.template)?, count)))
        .collect())
}

/// One template in detail.
pub(crate) async fn detail(
    state: &ApiState,
    id: TemplateId,
    mut query: LogQuery,
) -> Result<TemplateDetail, ApiError> {
    query.templates = Some(vec![id]);
    let parts = state.parts();
    let counts = parts.logs.template_counts(&query);
    let (counts, known) = tokio::try_join!(counts, parts.templates.all())?;
    let summary = known.iter().find(|summary| summary.template.id == id);
    let summary = summary.ok_or_else(|| unknown(id))?;
    let count = counts.into_iter().find(|count| count.template == id);
    let count = count.unwrap_or(TemplateCount {
        template: id,
        counts: [0; 7],
        first_seen: summary.first_seen,
        last_seen: summary.last_seen,
    });
    let children = known
        .iter()
        .filter(|other| other.template.parent == Some(id));
    Ok(TemplateDetail {
        template: TemplateItem::new(summary, &count),
        children: children
            .map(|child| child.template.id.to_string())
            .collect(),
        trend: histogram::trend(state, &query).await?,
    })
}

/// The distributions of the variables of one template.
pub(crate) async fn variables(
    state: &ApiState,
    id: TemplateId,
    query: &LogQuery,
) -> Result<VariablesAnswer, ApiError> {
    let parts = state.parts();
    let summary = parts.templates.get(id).await?.ok_or_else(|| unknown(id))?;
    let found = parts.logs.distributions(id, query).await?.into_iter();
    let items = found.map(|found| VariableItem::new(&summary.template, found));
    Ok(VariablesAnswer {
        items: items.collect(),
    })
}

fn unknown(id: TemplateId) -> ApiError {
    ApiError::not_found(format!("there is no template {id}"))
}

fn band(counted: &TemplateCount) -> i64 {
    let name = dominant_band(&counted.counts);
    let band = Severity::BANDS.iter().position(|band| *band == name);
    band.and_then(|band| i64::try_from(band).ok()).unwrap_or(0)
}
