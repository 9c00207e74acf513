//! What a plan needs from the store, and the points once they are here.
//!
//! Each selector is asked for once for all steps; equal selectors over overlapping times share.

use std::sync::Arc;

use tocsin_domain::metric::{Matcher, Sample, Selection, is_stale};
use tocsin_domain::ports::metric_store::{Bucket, MetricStore, SeriesSamples};

use crate::engine::EngineConfig;
use crate::error::QueryError;
use crate::frame::Grid;
use crate::label_set::LabelSet;
use crate::plan::{Plan, Selector, Source, Subquery};
use crate::select::LOOKBACK_MS;

/// The longest bucket of downsampled points, in ms: so far back an old value is looked for.
pub(crate) const BUCKET_MS_MAX: i64 = 3_600_000;

/// Series of a selector over `[from_ms, to_ms]`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
}

/// A series with its points.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) labels: LabelSet,
    /// In order of time, stale markers among them.
    pub(crate) samples: Vec<Sample>,
    /// The same without stale markers, where there are any.
    unmarked: Option<Vec<Sample>>,
    /// Older times.
    pub(crate) buckets: Vec<Bucket>,
}

impl Series {
    /// Points that are values.
    pub(crate) fn points(&self) -> &[Sample] {
        self.unmarked.as_ref().unwrap_or(&self.samples)
    }
}

impl From<SeriesSamples> for Series {
    fn from(found: SeriesSamples) -> Self {
        let marked = found.samples.iter().any(|sample| is_stale(sample.value));
        let unmarked = marked.then(|| {
            let values = found
                .samples
                .iter()
                .filter(|sample| !is_stale(sample.value));
            values.copied().collect()
        });
        Self {
            labels: LabelSet::from(&found.series.labels),
            samples: found.samples,
            unmarked,
            buckets: found.buckets,
        }
    }
}

/// Everything a query reads.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    answers: Vec<(Request, Vec<Series>)>,
}

impl Loaded {
    /// The series of a selector at the steps of a grid.
    pub(crate) fn series(&self, selector: &Selector, grid: &Grid) -> &[Series] {
        let (from_ms, to_ms) = bounds(selector, grid);
        self.answers
            .iter()
            .find(|(asked, _)| {
                asked.from_ms <= from_ms
                    && asked.to_ms >= to_ms
                    && asked.matchers == selector.matchers
            })
            .map_or(&[], |(_, series)| series)
    }
}

/// The first and last moment a selector reads, seen from all steps of a grid.
fn bounds(selector: &Selector, grid: &Grid) -> (i64, i64) {
    let behind = selector.range_ms.unwrap_or(LOOKBACK_MS);
    let first = grid.seen_ms(selector.when, 0);
    let last = grid.seen_ms(selector.when, grid.steps - 1);
    (first.saturating_sub(behind), last)
}

/// The grid a subquery's inner query is evaluated at: multiples of its step.
pub(crate) fn inner_grid(subquery: &Subquery, grid: &Grid) -> Option<Grid> {
    let first = grid
        .seen_ms(subquery.when, 0)
        .saturating_sub(subquery.range_ms);
    let last = grid.seen_ms(subquery.when, grid.steps - 1);
    let step_ms = subquery.step_ms;
    let start_ms = first.div_euclid(step_ms).saturating_mul(step_ms);
    let start_ms = if start_ms < first {
        start_ms.saturating_add(step_ms)
    } else {
        start_ms
    };
    let steps = usize::try_from(last.checked_sub(start_ms)?.div_euclid(step_ms) + 1).ok()?;
    (steps > 0).then_some(Grid {
        start_ms,
        step_ms,
        steps,
        query_ms: grid.query_ms,
    })
}

/// What a plan reads at a grid.
pub(crate) fn requests(plan: &Plan, grid: &Grid, out: &mut Vec<Request>) {
    match plan {
        Plan::Number(_) | Plan::Text(_) => {}
        Plan::Instant(selector) => add(selector, grid, out),
        Plan::Window(source) => source_requests(source, grid, out),
        Plan::Negate(inner) => requests(inner, grid, out),
        Plan::Binary(binary) => {
            requests(&binary.left, grid, out);
            requests(&binary.right, grid, out);
        }
        Plan::Aggregate(aggregate) => {
            if let Some(param) = &aggregate.param {
                requests(param, grid, out);
            }
            requests(&aggregate.inner, grid, out);
        }
        Plan::OverTime(over) => {
            source_requests(&over.source, grid, out);
            over.args.iter().for_each(|arg| requests(arg, grid, out));
        }
        Plan::Call(call) => call.args.iter().for_each(|arg| requests(arg, grid, out)),
    }
}

fn source_requests(source: &Source, grid: &Grid, out: &mut Vec<Request>) {
    match source {
        Source::Selector(selector) => add(selector, grid, out),
        Source::Subquery(subquery) => {
            if let Some(inner) = inner_grid(subquery, grid) {
                requests(&subquery.plan, &inner, out);
            }
        }
    }
}

fn add(selector: &Selector, grid: &Grid, out: &mut Vec<Request>) {
    let (from_ms, to_ms) = bounds(selector, grid);
    let overlapping = out.iter_mut().find(|asked| {
        asked.matchers == selector.matchers && asked.from_ms <= to_ms && from_ms <= asked.to_ms
    });
    match overlapping {
        Some(asked) => {
            asked.from_ms = asked.from_ms.min(from_ms);
            asked.to_ms = asked.to_ms.max(to_ms);
        }
        None => out.push(Request {
            matchers: selector.matchers.clone(),
            from_ms,
            to_ms,
        }),
    }
}

/// Asks the store for everything; `now_ms` tells what is old enough to be downsampled.
pub(crate) async fn load(
    store: &Arc<dyn MetricStore>,
    requests: Vec<Request>,
    config: &EngineConfig,
    now_ms: i64,
) -> Result<Loaded, QueryError> {
    let mut loaded = Loaded::default();
    let mut left = config.samples_max;
    for request in requests {
        // Where points are downsampled, the value of a moment is that of the bucket before it.
        let is_old = request.from_ms < now_ms.saturating_sub(config.raw_ms);
        let widened = if is_old { BUCKET_MS_MAX } else { 0 };
        let selection = Selection {
            matchers: request.matchers.clone(),
            from_ms: request.from_ms.saturating_sub(widened),
            to_ms: request.to_ms,
            series_max: config.series_max,
            samples_max: left,
        };
        let found = store.select(&selection).await?;
        let series: Vec<Series> = found.into_iter().map(Series::from).collect();
        let read: usize = series
            .iter()
            .map(|one| one.samples.len() + one.buckets.len())
            .sum();
        left = left
            .checked_sub(read)
            .ok_or_else(QueryError::too_many_samples)?;
        loaded.answers.push((request, series));
    }
    Ok(loaded)
}
