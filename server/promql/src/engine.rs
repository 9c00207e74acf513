//! The engine: takes a query's text and times, asks the store once a selector, and answers.
//!
//! Evaluation is computing and leaves the async threads. It ends when its time is up or when
//! nobody waits any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tocsin_domain::metric::Sample;
use tocsin_domain::ports::metric_store::MetricStore;

use crate::answer::{Parts, QueryValue, RangeSeries, VectorSample};
use crate::error::QueryError;
use crate::eval::{Eval, points};
use crate::frame::{Budget, Grid, SAME_LABELSET, Value, merge};
use crate::label_set::LabelSet;
use crate::load::{Loaded, load, requests};
use crate::plan::{Kind, Plan, Source};
use crate::translate::translate;

/// Bounds of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineConfig {
    /// The most points or buckets that a query holds at once, the most cells (series times steps)
    /// of any part of it, and the most points of its answer. A range that would need more is
    /// evaluated part by part. Default 20 million: some 320 MB.
    pub samples_max: usize,
    /// The most series of a selector.
    pub series_max: usize,
    /// The most steps of a range query; 11,000 as in Prometheus: a point a pixel and some.
    pub steps_max: usize,
    /// How long a query may take; none for as long as it wants.
    pub timeout_secs: Option<u64>,
    /// How long the store surely keeps points one by one, in ms. Older times may be downsampled:
    /// there a selector looks back as far as the longest bucket.
    pub raw_ms: i64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            samples_max: 20_000_000,
            series_max: 100_000,
            steps_max: 11_000,
            timeout_secs: Some(120),
            raw_ms: 2 * 86_400_000,
        }
    }
}

/// Answers queries from a store.
#[derive(Clone)]
pub struct Engine {
    store: Arc<dyn MetricStore>,
    config: EngineConfig,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Says that nobody waits any more when the waiting future is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Engine {
    /// An engine over a store.
    #[must_use]
    pub fn new(store: Arc<dyn MetricStore>, config: EngineConfig) -> Self {
        Self { store, config }
    }

    /// Evaluates a query at one time. Has to run within a Tokio runtime with its clock.
    ///
    /// # Errors
    /// [`QueryError`]; its kind says whose fault it is.
    ///
    /// # Cancel safety
    /// Dropping the future ends the evaluation.
    pub async fn instant(&self, query: &str, at_ms: i64) -> Result<QueryValue, QueryError> {
        let plan = Arc::new(translate(query)?);
        let grid = Grid {
            start_ms: at_ms,
            step_ms: 1,
            steps: 1,
            query_ms: (at_ms, at_ms),
        };
        self.evaluate(&plan, grid, self.deadline(), moment).await
    }

    /// Evaluates a query at `start_ms` and every `step_ms` after it, through `end_ms`. Series are
    /// in the order of their labels.
    ///
    /// # Errors
    /// [`QueryError`]; bad data if the times make no sense or are too many, or the query is a
    /// range vector or a string.
    ///
    /// # Cancel safety
    /// Dropping the future ends the evaluation.
    pub async fn range(
        &self,
        query: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<RangeSeries>, QueryError> {
        let grid = self.grid(start_ms, end_ms, step_ms)?;
        let plan = Arc::new(translate(query)?);
        if !matches!(plan.kind(), Kind::Scalar | Kind::Vector) {
            return Err(QueryError::BadData(format!(
                "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
                plan.kind().documented()
            )));
        }
        let deadline = self.deadline();
        let mut parts = Parts::default();
        let mut left = vec![grid];
        let mut steps_max = grid.steps;
        while let Some(grid) = left.pop() {
            let evaluated = if grid.steps > steps_max {
                None
            } else {
                match self.evaluate(&plan, grid, deadline, part).await {
                    Err(QueryError::TooMuch(_)) if grid.steps > 1 => None,
                    evaluated => Some(evaluated?),
                }
            };
            if let Some(series) = evaluated {
                parts.add(series, self.config.samples_max)?;
                continue;
            }
            let (first, rest) = grid.halves();
            steps_max = first.steps;
            left.extend([rest, first]);
        }
        Ok(parts.whole())
    }

    fn grid(&self, start_ms: i64, end_ms: i64, step_ms: i64) -> Result<Grid, QueryError> {
        if end_ms < start_ms {
            return Err(QueryError::BadData(
                "end timestamp must not be before start time".into(),
            ));
        }
        if step_ms <= 0 {
            return Err(QueryError::BadData(
                "zero or negative query resolution step widths are not accepted. Try a positive \
                 integer"
                    .into(),
            ));
        }
        let steps = end_ms.saturating_sub(start_ms) / step_ms;
        match usize::try_from(steps) {
            Ok(steps) if steps <= self.config.steps_max => {
                let query_ms = (start_ms, end_ms);
                Ok(Grid {
                    start_ms,
                    step_ms,
                    steps: steps + 1,
                    query_ms,
                })
            }
            _ => Err(QueryError::BadData(format!(
                "exceeded maximum resolution of {} points per timeseries. Try decreasing the \
                 query resolution (?step=XX)",
                self.config.steps_max
            ))),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let secs = self.config.timeout_secs?;
        Instant::now().checked_add(Duration::from_secs(secs))
    }

    /// Loads what a plan reads and hands it to `answer`, off the async threads.
    async fn evaluate<T, F>(
        &self,
        plan: &Arc<Plan>,
        grid: Grid,
        deadline: Option<Instant>,
        answer: F,
    ) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: FnOnce(&Plan, &Grid, &Eval<'_>) -> Result<T, QueryError> + Send + 'static,
    {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now_ms = since_epoch.map_or(0, |since| since.as_millis() as i64);
        let mut asked = Vec::new();
        requests(plan, &grid, &mut asked);
        let loading = load(&self.store, asked, &self.config, now_ms);
        let loaded: Loaded = match deadline {
            None => loading.await?,
            Some(deadline) => tokio::time::timeout_at(deadline.into(), loading)
                .await
                .map_err(|_| QueryError::Timeout)??,
        };
        let canceled = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(Arc::clone(&canceled));
        let samples_max = self.config.samples_max;
        let plan = Arc::clone(plan);
        tokio::task::spawn_blocking(move || {
            let budget = Budget {
                samples_max,
                deadline,
                canceled,
            };
            answer(
                &plan,
                &grid,
                &Eval {
                    loaded: &loaded,
                    budget: &budget,
                },
            )
        })
        .await
        .map_err(|_| QueryError::execution("the evaluation ended unexpectedly"))?
    }
}

/// The answer of a range query for the steps of a grid.
fn part(plan: &Plan, grid: &Grid, eval: &Eval<'_>) -> Result<Vec<RangeSeries>, QueryError> {
    let rows = match eval.value(plan, grid)? {
        Value::Scalar(values) => {
            let samples = values.iter().enumerate();
            let samples = samples.map(|(step, value)| Sample {
                at_ms: grid.time_ms(step),
                value: *value,
            });
            return Ok(vec![RangeSeries {
                labels: LabelSet::default(),
                samples: samples.collect(),
            }]);
        }
        value => merge(value.vector()?, SAME_LABELSET)?,
    };
    let series = rows.into_iter().map(|row| RangeSeries {
        samples: points(&row.values, grid),
        labels: row.labels,
    });
    Ok(series.collect())
}

/// The answer of an instant query.
fn moment(plan: &Plan, grid: &Grid, eval: &Eval<'_>) -> Result<QueryValue, QueryError> {
    let at_ms = grid.start_ms;
    if let Plan::Window(source) = plan {
        return window(source, eval, grid).map(QueryValue::Matrix);
    }
    Ok(match eval.value(plan, grid)? {
        Value::Scalar(values) => QueryValue::Scalar(Sample {
            at_ms,
            value: values[0],
        }),
        Value::Text(text) => QueryValue::Str(at_ms, text),
        Value::Vector(rows) => {
            let rows = merge(rows, SAME_LABELSET)?.into_iter();
            let samples = rows.map(|row| VectorSample {
                sample: Sample {
                    at_ms,
                    value: row.values[0],
                },
                labels: row.labels,
            });
            QueryValue::Vector(samples.collect())
        }
    })
}

/// The points of a range selector by itself.
fn window(source: &Source, eval: &Eval<'_>, grid: &Grid) -> Result<Vec<RangeSeries>, QueryError> {
    let found: Vec<(LabelSet, Vec<Sample>)> = match source {
        Source::Subquery(subquery) => eval.subquery(subquery, grid)?,
        Source::Selector(selector) => {
            let end_ms = grid.seen_ms(selector.when, 0);
            let start_ms = end_ms.saturating_sub(selector.range_ms.unwrap_or_default());
            let inside = start_ms..=end_ms;
            let series = eval.loaded.series(selector, grid).iter();
            series
                .map(|one| {
                    let old = one.buckets.iter().map(crate::select::last_point);
                    let all = old.chain(one.points().iter().copied());
                    let samples = all.filter(|sample| inside.contains(&sample.at_ms));
                    (one.labels.clone(), samples.collect())
                })
                .collect()
        }
    };
    let mut series: Vec<RangeSeries> = found
        .into_iter()
        .filter(|(_, samples)| !samples.is_empty())
        .map(|(labels, samples)| RangeSeries { labels, samples })
        .collect();
    series.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(series)
}
