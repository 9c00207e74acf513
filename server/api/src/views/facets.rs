//! The most frequent sources, hosts and severities of what a query selects.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tocsin_domain::ports::log_store::{LogQuery, LogStats};
use tocsin_domain::{Severity, TimeRange};

use crate::errors::ApiError;
use crate::state::ApiState;
use crate::wire::filter::{both, field_is};
use crate::wire::search::{Field, FieldValue, FieldsAnswer};
use crate::wire::severities::add;

/// The most values shown of one field.
const VALUES_MAX: usize = 20;
/// The most values of one field that are counted, those with most records in the store first.
const CANDIDATES_MAX: usize = 60;
/// How many counts are asked for at a time.
const COUNTS_AT_A_TIME: usize = 4;
/// Wider than all of time within a bucket or two, in nanoseconds: a hundred years.
const ONE_BUCKET: i64 = 100 * 365 * 86_400 * 1_000_000_000;

/// The most frequent values of the common fields.
pub(crate) async fn facets(state: &ApiState, query: &LogQuery) -> Result<FieldsAnswer, ApiError> {
    let stats = state.parts().logs.stats().await?;
    let (sources, hosts) = candidates(&stats, query.range);
    let (sources, hosts, severities) = tokio::try_join!(
        counted(state, query, "source", sources),
        counted(state, query, "host", hosts),
        severities(state, query),
    )?;
    Ok(FieldsAnswer {
        items: vec![sources, hosts, severities],
    })
}

/// The sources and hosts that may have records in the range, those with most records first.
fn candidates(stats: &LogStats, range: TimeRange) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
    let all = stats.sources.iter();
    let mut alive: Vec<_> = all
        .filter(|source| range.overlaps(source.first_seen, source.last_seen))
        .collect();
    alive.sort_by_key(|source| Reverse(source.records));
    let mut seen = BTreeSet::new();
    let hosts = alive.iter().flat_map(|source| source.hosts.iter().cloned());
    let hosts = hosts.filter(|host| !host.is_empty() && seen.insert(host.clone()));
    let hosts = hosts.take(CANDIDATES_MAX).collect();
    let sources = alive.iter().map(|source| source.source.clone());
    (sources.take(CANDIDATES_MAX).collect(), hosts)
}

async fn counted(
    state: &ApiState,
    query: &LogQuery,
    key: &str,
    candidates: Vec<Arc<str>>,
) -> Result<Field, ApiError> {
    let counts = candidates.into_iter().map(|value| {
        let expression = both(query.expression.clone(), field_is(key, &value));
        let query = LogQuery {
            expression,
            ..query.clone()
        };
        async move {
            let count = state.parts().logs.count(&query).await?;
            Ok::<_, ApiError>(FieldValue {
                value: value.to_string(),
                count,
            })
        }
    });
    let values = stream::iter(counts)
        .buffered(COUNTS_AT_A_TIME)
        .try_collect()
        .await?;
    Ok(field(key, values))
}

async fn severities(state: &ApiState, query: &LogQuery) -> Result<Field, ApiError> {
    let counted = state.parts().logs.histogram(query, ONE_BUCKET).await?;
    let mut sums = [0; 7];
    for (_, counts) in &counted.buckets {
        add(&mut sums, counts);
    }
    let named = Severity::BANDS.iter().zip(sums);
    let values = named.map(|(band, count)| FieldValue {
        value: (*band).to_owned(),
        count,
    });
    Ok(field("severity", values.collect()))
}

fn field(key: &str, mut values: Vec<FieldValue>) -> Field {
    values.retain(|value| value.count > 0);
    values.sort_by_key(|value| Reverse(value.count));
    values.truncate(VALUES_MAX);
    Field {
        key: key.to_owned(),
        values,
    }
}
