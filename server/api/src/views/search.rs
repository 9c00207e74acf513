//! Search in its three modes.

use tocsin_domain::ports::SearchError;
use tocsin_domain::ports::log_search::RankedPage;
use tocsin_domain::ports::log_store::{Cursor, LogQuery, Order, Page};
use tocsin_domain::query::{Expression, TEXT_BYTES_MAX};
use tokio::time::Instant;

use super::took_ms;
use crate::errors::ApiError;
use crate::extract::count;
use crate::state::ApiState;
use crate::wire::cursor::PageStart;
use crate::wire::filter::{Asked, FilterParams};
use crate::wire::record::Record;
use crate::wire::search::{SearchAnswer, SearchMode, SearchOrder, SearchParams};

/// How much of the answer, and from where.
struct Slice {
    start: Option<PageStart>,
    limit: usize,
}

/// One page of what the parameters ask for.
pub(crate) async fn search(
    state: &ApiState,
    filter: &FilterParams,
    params: &SearchParams,
) -> Result<SearchAnswer, ApiError> {
    let begun = Instant::now();
    let least = usize::from(params.mode != SearchMode::Text);
    let slice = Slice {
        start: PageStart::decode(params.cursor.as_deref())?,
        limit: count("limit", params.limit, 100, least..=1000)?,
    };
    let asks_nothing = filter.q.as_deref().unwrap_or_default().trim().is_empty();
    let mut answer = match params.mode {
        SearchMode::Text => text(state, &filter.read(state.now())?, params, slice).await?,
        SearchMode::Semantic if asks_nothing => {
            return Err(ApiError::field(
                "q",
                "a question or a few words",
                "`q` is empty",
            ));
        }
        SearchMode::Semantic => semantic(state, filter, slice).await?,
        SearchMode::Hybrid if asks_nothing => {
            text(state, &filter.read(state.now())?, params, slice).await?
        }
        SearchMode::Hybrid => hybrid(state, filter, params, slice).await?,
    };
    answer.mode = params.mode;
    answer.took_ms = took_ms(begun);
    Ok(answer)
}

async fn text(
    state: &ApiState,
    asked: &Asked,
    params: &SearchParams,
    slice: Slice,
) -> Result<SearchAnswer, ApiError> {
    let after = match slice.start {
        None => None,
        Some(PageStart::Record(cursor)) => Some(cursor),
        Some(_) => return Err(PageStart::foreign()),
    };
    let order = match params.order {
        SearchOrder::Newest => Order::NewestFirst,
        SearchOrder::Oldest => Order::OldestFirst,
    };
    let page = page(state, &asked.query, order, (after, slice.limit));
    let (page, total) = tokio::join!(page, total(state, &asked.query, params));
    let page = page?;
    let found = page.records.into_iter();
    Ok(SearchAnswer {
        items: found
            .map(|record| Record::found(record, &asked.words, None))
            .collect(),
        next_cursor: page.next.map(|cursor| PageStart::Record(cursor).encode()),
        total: total?,
        took_ms: 0.0,
        mode: SearchMode::Text,
        prototypes: None,
        notice: None,
    })
}

async fn page(
    state: &ApiState,
    query: &LogQuery,
    order: Order,
    (after, limit): (Option<Cursor>, usize),
) -> Result<Page, ApiError> {
    if limit == 0 {
        return Ok(Page {
            records: Vec::new(),
            next: None,
        });
    }
    Ok(state
        .parts()
        .logs
        .search(query, order, after, limit)
        .await?)
}

async fn total(
    state: &ApiState,
    query: &LogQuery,
    params: &SearchParams,
) -> Result<Option<u64>, ApiError> {
    if params.count == Some(false) {
        return Ok(None);
    }
    Ok(Some(state.parts().logs.count(query).await?))
}

async fn semantic(
    state: &ApiState,
    filter: &FilterParams,
    slice: Slice,
) -> Result<SearchAnswer, ApiError> {
    let question = filter.q.as_deref().unwrap_or_default();
    if question.len() >= TEXT_BYTES_MAX {
        let expected = format!("less than {TEXT_BYTES_MAX} bytes");
        let detail = format!("the question is {} bytes long", question.len());
        return Err(ApiError::field("q", &expected, detail));
    }
    let query = filter.filters(state.now())?;
    let after = ranked_start(slice.start)?;
    let search = &state.parts().search;
    let page = search
        .semantic(question, &query, after.as_deref(), slice.limit)
        .await?;
    Ok(ranked(page, &Expression::All))
}

async fn hybrid(
    state: &ApiState,
    filter: &FilterParams,
    params: &SearchParams,
    slice: Slice,
) -> Result<SearchAnswer, ApiError> {
    let asked = filter.read(state.now())?;
    if matches!(slice.start, Some(PageStart::Record(_))) {
        // A page after one that the words alone answered.
        return text(state, &asked, params, slice).await;
    }
    let question = filter.q.as_deref().unwrap_or_default();
    let after = ranked_start(slice.start)?;
    let search = &state.parts().search;
    match search
        .hybrid(question, &asked.filters, after.as_deref(), slice.limit)
        .await
    {
        Ok(page) => Ok(ranked(page, &asked.words)),
        Err(error) => {
            let Some(notice) = error.fallback() else {
                return Err(error.into());
            };
            if !matches!(error, SearchError::ModelMissing { .. }) {
                tracing::warn!(?error, "a search goes by words alone");
            }
            let slice = Slice {
                start: None,
                limit: slice.limit,
            };
            let mut answer = text(state, &asked, params, slice).await?;
            answer.notice = Some(notice);
            Ok(answer)
        }
    }
}

fn ranked_start(start: Option<PageStart>) -> Result<Option<String>, ApiError> {
    match start {
        None => Ok(None),
        Some(PageStart::Ranked(after)) => Ok(Some(after)),
        Some(_) => Err(PageStart::foreign()),
    }
}

fn ranked(page: RankedPage, words: &Expression) -> SearchAnswer {
    let found = page.records.into_iter();
    SearchAnswer {
        items: found
            .map(|found| Record::found(found.record, words, Some(found.score)))
            .collect(),
        next_cursor: page.next.map(|after| PageStart::Ranked(after).encode()),
        total: Some(page.total),
        took_ms: 0.0,
        mode: SearchMode::Semantic,
        prototypes: Some(page.prototypes.into_iter().map(Into::into).collect()),
        notice: page.notice,
    }
}
