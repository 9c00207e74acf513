//! Reading what is watched, once a second.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use tocsin_domain::Sample;
use tocsin_domain::metric::{Selection, is_stale};
use tocsin_promql::{LabelSet, QueryValue};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::metrics::{Tick, Watched};
use crate::errors::ApiError;
use crate::routes::metrics_series::selector;
use crate::state::ApiState;
use crate::wire::series::finite;

/// How often a selection is read.
const EVERY: Duration = Duration::from_secs(1);
/// How old a point may be to count as the newest of its series, in ms: Prometheus' lookback.
const LOOKBACK_MS: i64 = 300_000;
/// How late a point may come and still be told, in ms.
const LATE_MS: i64 = 60_000;
/// The most series of a selection.
const SERIES_MAX: usize = 1000;
/// The most points that are read at a time.
const SAMPLES_MAX: usize = 1_000_000;

/// Points of one series.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    pub(crate) labels: LabelSet,
    pub(crate) samples: Vec<Sample>,
}

/// What clients receive: `{"type":"points","snapshot":…,"items":[{"labels":{},"at":[],"value":[]}]}`.
#[derive(Debug, Serialize)]
struct Frame<'a> {
    r#type: &'static str,
    /// True if it holds the newest point of every series, and else what is new.
    snapshot: bool,
    items: Vec<Item<'a>>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    /// Milliseconds since the Unix epoch.
    at: Vec<i64>,
    value: Vec<Option<f64>>,
}

fn frame(series: &[Selected], snapshot: bool) -> Arc<str> {
    let item = |one: &'_ Selected| {
        (
            one.samples.iter().map(|s| s.at_ms).collect::<Vec<_>>(),
            one.samples
                .iter()
                .map(|s| finite(s.value))
                .collect::<Vec<_>>(),
        )
    };
    let items = series.iter().map(|one| {
        let (at, value) = item(one);
        Item {
            labels: one.labels.iter().collect(),
            at,
            value,
        }
    });
    let frame = Frame {
        r#type: "points",
        snapshot,
        items: items.collect(),
    };
    serde_json::to_string(&frame).unwrap_or_default().into()
}

impl Tick {
    /// The frame with the newest point of every series.
    pub(crate) fn snapshot(&self) -> &Arc<str> {
        self.snapshot.get_or_init(|| frame(&self.newest, true))
    }
}

/// The reading of a selection, second by second.
#[derive(Debug)]
pub(crate) struct Poll {
    watched: Watched,
    number: u64,
    /// The newest point that was told of each series.
    newest: HashMap<LabelSet, Sample>,
}

impl Poll {
    /// Begins to read.
    pub(crate) fn new(watched: Watched) -> Result<Self, ApiError> {
        if let Watched::Match(text) = &watched {
            selector("match", text)?;
        }
        Ok(Self {
            watched,
            number: 0,
            newest: HashMap::new(),
        })
    }

    /// Reads what is new.
    pub(crate) async fn read(&mut self, state: &ApiState) -> Result<Tick, ApiError> {
        let found = match &self.watched {
            Watched::Match(text) => select(state, text, self.newest.is_empty()).await?,
            Watched::Query(text) => query(state, text).await?,
        };
        let oldest_ms = state.now().millis() - LOOKBACK_MS;
        self.newest.retain(|_, sample| sample.at_ms >= oldest_ms);
        let mut news = Vec::new();
        for mut one in found {
            let told = self.newest.get(&one.labels).map(|sample| sample.at_ms);
            let is_new = |s: &Sample| told.is_none_or(|told| s.at_ms > told) && !is_stale(s.value);
            one.samples.retain(is_new);
            if let Some(last) = one.samples.last() {
                self.newest.insert(one.labels.clone(), *last);
                news.push(one);
            }
        }
        if !news.is_empty() {
            self.number += 1;
        }
        let newest = self.newest.iter().map(|(labels, sample)| Selected {
            labels: labels.clone(),
            samples: vec![*sample],
        });
        let mut newest: Vec<Selected> = newest.collect();
        newest.sort_by(|left, right| left.labels.cmp(&right.labels));
        Ok(Tick {
            number: self.number,
            news: frame(&news, false),
            newest,
            snapshot: OnceLock::new(),
        })
    }
}

async fn select(state: &ApiState, text: &str, is_first: bool) -> Result<Vec<Selected>, ApiError> {
    let now_ms = state.now().millis();
    let back_ms = if is_first { LOOKBACK_MS } else { LATE_MS };
    let selection = Selection {
        matchers: selector("match", text)?,
        from_ms: now_ms - back_ms,
        // Clocks of senders may be ahead.
        to_ms: now_ms + LATE_MS,
        series_max: SERIES_MAX,
        samples_max: SAMPLES_MAX,
    };
    let found = state.parts().metrics.select(&selection).await?;
    let selected = found.into_iter().map(|one| Selected {
        labels: LabelSet::new(one.series.labels.iter()),
        samples: one.samples,
    });
    Ok(selected.collect())
}

async fn query(state: &ApiState, text: &str) -> Result<Vec<Selected>, ApiError> {
    let engine = &state.parts().engine;
    let found = engine.instant(text, state.now().millis()).await;
    let selected = |labels, sample| Selected {
        labels,
        samples: vec![sample],
    };
    match found.map_err(|error| ApiError::query("q", &error))? {
        QueryValue::Vector(series) if series.len() > SERIES_MAX => {
            let expected = format!("a query for at most {SERIES_MAX} series");
            let detail = format!("the query has {} series", series.len());
            Err(ApiError::field("q", &expected, detail))
        }
        QueryValue::Vector(series) => {
            let series = series.into_iter();
            Ok(series.map(|one| selected(one.labels, one.sample)).collect())
        }
        QueryValue::Scalar(sample) => Ok(vec![selected(LabelSet::default(), sample)]),
        QueryValue::Matrix(_) | QueryValue::Str(..) => {
            let expected = "a query whose answer is a vector or a number";
            Err(ApiError::field(
                "q",
                expected,
                "the answer is something else",
            ))
        }
    }
}

/// Reads until nobody watches or the server shuts down. A reading that fails is logged, and tried
/// again with the next.
pub(crate) async fn poll(
    state: ApiState,
    mut reading: Poll,
    sender: Arc<watch::Sender<Arc<Tick>>>,
) {
    let mut clock = interval_at(Instant::now() + EVERY, EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = state.parts().shutdown.cancelled() => {
                state.feeds.close(&reading.watched);
                return;
            }
            _ = clock.tick() => {}
        }
        if state.feeds.close_if_left(&reading.watched, &sender) {
            return;
        }
        let before = reading.number;
        match reading.read(&state).await {
            Ok(tick) if tick.number > before => {
                sender.send_replace(Arc::new(tick));
            }
            Ok(_) => {}
            Err(error) => error.log(),
        }
    }
}
