//! Prototypes that mean the same, with what a filter leaves of them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tocsin_clustering::{Cluster, Settings, cluster};
use tocsin_domain::TemplateId;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_search::{ClusterSummary, SearchError, TREND_BUCKETS};
use tocsin_domain::ports::log_store::{BandCounts, LogQuery, TemplateCount};
use tocsin_domain::time::{TimeRange, Timestamp};

use crate::PrototypeSearch;

/// Clusters whose trend is computed; further ones are rare, and each costs a query.
const TRENDS_MAX: usize = 60;

/// Groups of templates that mean the same.
type Groups = Vec<Vec<TemplateId>>;

/// The grouping of the prototypes, kept until there are others: it costs seconds for ten thousand.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    kept: Mutex<Option<(u64, Arc<Groups>)>>,
}

/// The clusters with records that `query` selects, most records first.
pub(crate) async fn of(
    search: &PrototypeSearch,
    query: &LogQuery,
) -> Result<Vec<ClusterSummary>, SearchError> {
    let counts = search.parts.logs.template_counts(query).await?;
    // A store of vectors that is away leaves each template a cluster of its own.
    let groups = match groups(search).await {
        Err(SearchError::Store(StoreError::Unavailable(_))) => Arc::default(),
        groups => groups?,
    };
    let mut place: HashMap<TemplateId, usize> = HashMap::new();
    for (index, group) in groups.iter().enumerate() {
        place.extend(group.iter().map(|id| (*id, index)));
    }
    let mut by_group: HashMap<Result<usize, TemplateId>, Vec<TemplateCount>> = HashMap::new();
    for count in counts {
        // A template without a vector (none yet, or no model) is a cluster of its own.
        let group = place.get(&count.template).copied().ok_or(count.template);
        by_group.entry(group).or_default().push(count);
    }
    let mut found: Vec<_> = by_group.into_values().collect();
    for members in &mut found {
        members.sort_by_key(|count| (std::cmp::Reverse(records(count)), count.template));
    }
    found.sort_by_key(|members| {
        (
            std::cmp::Reverse(members.iter().map(records).sum::<u64>()),
            members[0].template,
        )
    });
    let labels = labels(search, &found);
    let range = range_of(query, &found);
    let mut clusters = Vec::with_capacity(found.len());
    for (index, (members, label)) in found.iter().zip(labels).enumerate() {
        let mut summary = summarise(search, members, label);
        if index < TRENDS_MAX {
            summary.trend = trend(search, query, (&summary.templates, range)).await?;
        }
        clusters.push(summary);
    }
    Ok(clusters)
}

fn records(count: &TemplateCount) -> u64 {
    count.counts.iter().sum()
}

/// The grouping of all embedded prototypes, from the cache if there are no new ones.
async fn groups(search: &PrototypeSearch) -> Result<Arc<Groups>, SearchError> {
    let points = search.parts.vectors.count().await?;
    if let Some((kept_for, groups)) = &*search.clusters.kept.lock()
        && *kept_for == points
    {
        return Ok(groups.clone());
    }
    let mut all = search.parts.vectors.all(0).await?;
    all.sort_by_key(|point| point.template);
    let grouped = tokio::task::spawn_blocking(move || {
        let vectors: Vec<&[f32]> = all.iter().map(|point| point.vector.as_slice()).collect();
        let name = |cluster: Cluster| {
            cluster
                .members
                .into_iter()
                .map(|member| all[member].template)
                .collect()
        };
        cluster(&vectors, &Settings::default())
            .into_iter()
            .map(name)
            .collect::<Groups>()
    });
    let grouped = grouped
        .await
        .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    let grouped = Arc::new(grouped);
    *search.clusters.kept.lock() = Some((points, grouped.clone()));
    Ok(grouped)
}

/// A few words for each group: those that set it apart from the others.
fn labels(search: &PrototypeSearch, found: &[Vec<TemplateCount>]) -> Vec<String> {
    let prototypes = search.prototypes.read();
    let words = |count: &TemplateCount| {
        let summary = prototypes.summary(count.template);
        summary
            .map(|summary| prototypes.words(summary))
            .unwrap_or_default()
    };
    let mut texts: Vec<String> = Vec::new();
    let mut clusters = Vec::new();
    for members in found {
        let first = texts.len();
        texts.extend(members.iter().map(words));
        clusters.push(Cluster {
            members: (first..texts.len()).collect(),
            centre: first,
        });
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let labels = tocsin_clustering::labels(&clusters, &texts).into_iter();
    labels
        .map(|label| {
            if label.words.is_empty() {
                label.text
            } else {
                label.words.join(" ")
            }
        })
        .collect()
}

fn summarise(search: &PrototypeSearch, members: &[TemplateCount], label: String) -> ClusterSummary {
    let mut counts: BandCounts = BandCounts::default();
    for member in members {
        for (sum, count) in counts.iter_mut().zip(member.counts) {
            *sum += count;
        }
    }
    let first = members[0].template;
    let example = search
        .prototypes
        .read()
        .summary(first)
        .map(|summary| summary.example.clone());
    let (first_seen, last_seen) = span(members);
    ClusterSummary {
        id: first.to_string(),
        label,
        templates: members.iter().map(|member| member.template).collect(),
        counts,
        first_seen,
        last_seen,
        trend: vec![0; TREND_BUCKETS],
        example: example.unwrap_or_default(),
    }
}

fn span(members: &[TemplateCount]) -> (Timestamp, Timestamp) {
    let first = members.iter().map(|member| member.first_seen).min();
    let last = members.iter().map(|member| member.last_seen).max();
    (first.unwrap_or_default(), last.unwrap_or_default())
}

/// The query's range, cut to where the records are.
fn range_of(query: &LogQuery, found: &[Vec<TemplateCount>]) -> TimeRange {
    let spans: Vec<_> = found.iter().map(|members| span(members)).collect();
    let first = spans.iter().map(|span| span.0).min().unwrap_or_default();
    let last = spans.iter().map(|span| span.1).max().unwrap_or_default();
    TimeRange {
        from: query.range.from.max(first),
        to: query.range.to.min(Timestamp(last.0.saturating_add(1))),
    }
}

/// Records of a cluster in each of the equal parts of a range.
async fn trend(
    search: &PrototypeSearch,
    query: &LogQuery,
    (templates, range): (&[TemplateId], TimeRange),
) -> Result<Vec<u64>, StoreError> {
    let width = (range.to.0.saturating_sub(range.from.0) / TREND_BUCKETS as i64 + 1).max(1_000_000);
    let narrowed = LogQuery {
        templates: Some(templates.to_vec()),
        range,
        ..query.clone()
    };
    let histogram = search.parts.logs.histogram(&narrowed, width).await?;
    let mut trend = vec![0; TREND_BUCKETS];
    for (start, counts) in histogram.buckets {
        // Buckets begin at multiples of their width, so the first may begin before the range.
        let at = (start.0.max(range.from.0) - range.from.0) / width;
        let at = usize::try_from(at).unwrap_or(0).min(TREND_BUCKETS - 1);
        trend[at] += counts.iter().sum::<u64>();
    }
    Ok(trend)
}
