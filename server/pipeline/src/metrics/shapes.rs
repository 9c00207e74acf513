//! Does a series take a shape it never had? A bounded number of series, one row a minute each.
//!
//! The detector of a series is trained in the background on the last week in the store, or on what
//! came after the last change of its level, a few series a turn, and then shown one row a minute. It
//! finds odd stretches within the usual range of values, which no point by itself shows. Where the
//! always-on detectors told something of the stretch it stays silent. Its state is not kept: the
//! store has all it needs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tocsin_domain::SeriesId;
use tocsin_domain::metric::{Anomaly, Band, FindingId};
use tocsin_domain::ports::{AnomalyFilter, SeriesInfo, StoreError};
use tocsin_forest::{ShapeJudge, ShapeVerdict};
use tokio_util::sync::CancellationToken;

use super::episode::{Episode, WatchParts, left_open};
use super::rows::{self, ROW_MS};
use super::runner::MetricProgress;
use super::shape_training::{REGIME_MS, ROWS_MAX, Training, train};

/// What the detector is called.
const DETECTOR: &str = "shape";
/// Series that are trained in a turn.
const TRAINED_PER_TURN: usize = 4;
/// Rows back to which a stretch goes: within them whatever another detector told is told.
const STRETCH_ROWS: i64 = 64;
/// Rows without a point after which a series has ended, and its anomaly with it.
const SILENT_ROWS: i64 = 60;
/// How often it is looked for series that are new, in ms.
const DISCOVER_MS: i64 = 10 * ROW_MS;
/// How long a series rests that has too few rows or does not move, in ms.
const REST_MS: i64 = 6 * 3_600_000;
/// Rows in a month (30.4 days).
const ROWS_A_MONTH: f64 = 43_776.0;
/// What tells ids of its findings from those of the always-on detectors at the same time.
const SALT: u64 = 0x5348_4150_4521_7531;

/// What is watched, and when it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShapeConfig {
    /// Series that are watched at most.
    pub series_max: usize,
    /// False alarms that a series may raise in a month.
    pub false_alarms_per_month: f32,
}

/// One series that has a place.
#[derive(Debug)]
struct Watched {
    info: Arc<SeriesInfo>,
    /// None until it is trained.
    judge: Option<Box<ShapeJudge>>,
    /// Where the first row begins that was learnt, in ms.
    since_ms: i64,
    /// The next training, or look whether the regime is another one, in ms.
    train_at_ms: i64,
    episode: Episode,
    /// Where the first row begins that was not judged, in ms.
    next_ms: i64,
    /// Where the last row ended that had a point, in ms.
    seen_ms: i64,
}

/// The watch over shapes.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct ShapeWatch {
    parts: WatchParts,
    config: ShapeConfig,
    progress: Arc<MetricProgress>,
    watched: BTreeMap<SeriesId, Watched>,
    /// Series without a place, in the order in which they get one.
    waiting: Vec<Arc<SeriesInfo>>,
    /// Until when a series rests, in ms.
    resting: HashMap<SeriesId, i64>,
    discover_at_ms: i64,
}

impl ShapeWatch {
    /// A watch that takes up what the last one left open.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(
        parts: WatchParts,
        config: ShapeConfig,
        progress: Arc<MetricProgress>,
    ) -> Result<Self, StoreError> {
        let adopted = left_open(&parts.anomalies, DETECTOR).await?;
        let ids: Vec<SeriesId> = adopted.iter().map(|anomaly| anomaly.series).collect();
        let known = parts.metrics.describe(&ids).await?;
        let now_ms = parts.clock.now().millis();
        let (mut watched, mut orphans) = (BTreeMap::new(), Vec::new());
        for (anomaly, info) in adopted.into_iter().zip(known) {
            let mut episode = Episode::adopted(anomaly);
            match info {
                Some(info) if !watched.contains_key(&info.id) => {
                    watched.insert(info.id, Watched::new(info, episode));
                }
                // Its series is no longer kept, or has another one that lasts.
                _ => orphans.extend(episode.end(now_ms)),
            }
        }
        parts.anomalies.record_anomalies(orphans).await?;
        Ok(Self {
            parts,
            config,
            progress,
            watched,
            waiting: Vec::new(),
            resting: HashMap::new(),
            discover_at_ms: 0,
        })
    }

    /// Watches until it is cancelled.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut every = tokio::time::interval(Duration::from_millis(ROW_MS as u64));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "shapes were not judged this minute");
            }
        }
    }

    /// Judges what came of each series, gives free places away, and trains a few.
    pub(super) async fn turn(&mut self) -> Result<(), StoreError> {
        let now_ms = self.parts.clock.now().millis();
        if self.discover_at_ms <= now_ms {
            self.discover(now_ms).await?;
            self.discover_at_ms = now_ms + DISCOVER_MS;
        }
        let end_ms = rows::newest_end_ms(now_ms);
        let ids: Vec<SeriesId> = self.watched.keys().copied().collect();
        for id in ids {
            self.judge(id, end_ms).await?;
        }
        self.give_places();
        let mut due: Vec<&Watched> = self.watched.values().collect();
        due.retain(|one| one.train_at_ms <= now_ms);
        due.sort_by_key(|one| one.train_at_ms);
        due.truncate(TRAINED_PER_TURN);
        let due: Vec<SeriesId> = due.iter().map(|one| one.info.id).collect();
        for id in due {
            self.train(id, now_ms, end_ms).await?;
        }
        self.count();
        Ok(())
    }

    fn count(&self) {
        let trained = self.watched.values().filter(|one| one.judge.is_some());
        let watched = trained.count();
        let others = self.watched.len() + self.waiting.len() + self.resting.len() - watched;
        let progress = &self.progress;
        let counts = [
            (&progress.shapes_watched, watched),
            (&progress.shapes_unwatched, others),
        ];
        for (count, series) in counts {
            count.store(series as u64, Ordering::Relaxed);
        }
    }

    /// Looks which series send; each host, or source where there is none, in turn, so that one with
    /// many series does not take all places.
    async fn discover(&mut self, now_ms: i64) -> Result<(), StoreError> {
        self.resting.retain(|_, until| *until > now_ms);
        let live = rows::live(&self.parts.metrics, None, now_ms).await?;
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut ranked = Vec::new();
        for info in live {
            if self.watched.contains_key(&info.id) || self.resting.contains_key(&info.id) {
                continue;
            }
            let host = match info.labels.get("host") {
                "" => &*info.source,
                host => host,
            };
            let rank = places.entry(host.to_owned()).or_default();
            ranked.push((*rank, info.clone()));
            *rank += 1;
        }
        // The first is taken from the end.
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        self.waiting = ranked.into_iter().map(|(_, info)| info).collect();
        Ok(())
    }

    fn give_places(&mut self) {
        while self.watched.len() < self.config.series_max
            && let Some(info) = self.waiting.pop()
        {
            let id = info.id;
            let place = Watched::new(info, Episode::default());
            self.watched.insert(id, place);
        }
    }

    /// Trains a series, again where its regime is another one; one that cannot be judged gives its
    /// place to the next.
    async fn train(&mut self, id: SeriesId, now_ms: i64, end_ms: i64) -> Result<(), StoreError> {
        let Some(one) = self.watched.get_mut(&id) else {
            return Ok(());
        };
        one.train_at_ms = now_ms + REGIME_MS;
        let known_ms = one.judge.as_ref().map(|_| one.since_ms);
        let from_ms = end_ms - ROWS_MAX as i64 * ROW_MS;
        let found = rows::read(&self.parts.metrics, &one.info, (from_ms, end_ms)).await?;
        let budget = f64::from(self.config.false_alarms_per_month) / ROWS_A_MONTH;
        let work = tokio::task::spawn_blocking(move || {
            let found = found.as_ref();
            found.map_or(Training::Unfit, |found| {
                train(found, (from_ms, known_ms), budget)
            })
        });
        let training = work
            .await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        match training {
            Training::Unfit => {
                self.resting.insert(id, now_ms + REST_MS);
                self.leave(id, now_ms).await
            }
            Training::Known => Ok(()),
            Training::New {
                judge,
                since_ms,
                seen_ms,
            } => {
                one.judge = Some(judge);
                (one.since_ms, one.next_ms, one.seen_ms) = (since_ms, end_ms, seen_ms);
                Ok(())
            }
        }
    }

    /// Takes the place of a series, and ends its anomaly.
    async fn leave(&mut self, id: SeriesId, at_ms: i64) -> Result<(), StoreError> {
        let ended = self.watched.remove(&id);
        let ended = ended.and_then(|mut one| one.episode.end(at_ms));
        let kept = ended.into_iter().collect();
        self.parts.anomalies.record_anomalies(kept).await
    }

    /// Shows a series the rows that it has not seen, and keeps what comes of it.
    async fn judge(&mut self, id: SeriesId, end_ms: i64) -> Result<(), StoreError> {
        let Some(one) = self.watched.get_mut(&id) else {
            return Ok(());
        };
        if one.judge.is_none() || one.next_ms >= end_ms {
            return Ok(());
        }
        // The row before, from which a counter grew; after a long stop the older rows are lost.
        let from_ms = (one.next_ms - ROW_MS).max(end_ms - ROWS_MAX as i64 * ROW_MS);
        let count = (end_ms - from_ms) / ROW_MS;
        let found = rows::read(&self.parts.metrics, &one.info, (from_ms, end_ms)).await?;
        let values = found.map_or_else(Vec::new, |found| {
            rows::column(&found, from_ms, count as usize)
        });
        one.next_ms = end_ms;
        let mut kept = Vec::new();
        for (row, value) in (1..).zip(values).skip(1) {
            if let Some(anomaly) = one.step(value, from_ms + row * ROW_MS) {
                if anomaly.ended_ms.is_none() && is_told(&self.parts, &anomaly).await? {
                    one.episode.withdraw();
                    continue;
                }
                kept.push(anomaly);
            }
        }
        let is_silent = end_ms - one.seen_ms > SILENT_ROWS * ROW_MS;
        self.parts.anomalies.record_anomalies(kept).await?;
        if is_silent {
            return self.leave(id, end_ms).await;
        }
        Ok(())
    }
}

impl Watched {
    fn new(info: Arc<SeriesInfo>, episode: Episode) -> Self {
        Self {
            info,
            judge: None,
            since_ms: 0,
            train_at_ms: 0,
            episode,
            next_ms: 0,
            seen_ms: 0,
        }
    }

    /// Takes the value of a row that ended at `at_ms`; gives what is to be kept.
    fn step(&mut self, value: f64, at_ms: i64) -> Option<Anomaly> {
        let judge = self.judge.as_mut()?;
        if !value.is_finite() {
            return None;
        }
        self.seen_ms = at_ms;
        let verdict = judge.observe(value)?;
        let info = &self.info;
        let begin = || begin(info, judge, &verdict, at_ms);
        self.episode.step(verdict.probability, at_ms, begin)
    }
}

/// Whether another detector told something of the series within the stretch.
async fn is_told(parts: &WatchParts, anomaly: &Anomaly) -> Result<bool, StoreError> {
    let filter = AnomalyFilter {
        series: Some(anomaly.series),
        from_ms: Some(anomaly.started_ms - STRETCH_ROWS * ROW_MS),
        ..AnomalyFilter::default()
    };
    let lately = parts.anomalies.anomalies(&filter, None, 100).await?;
    let mut others = lately.iter().filter(|one| one.detector != DETECTOR);
    Ok(others.next().is_some())
}

/// The anomaly of a series, as it is kept.
fn begin(
    info: &SeriesInfo,
    judge: &ShapeJudge,
    verdict: &ShapeVerdict,
    at_ms: i64,
) -> Option<Anomaly> {
    let closest = judge.closest()?;
    let times = verdict.score + 1.0;
    Some(Anomaly {
        id: FindingId::new(SeriesId(info.id.0 ^ SALT), at_ms),
        series: info.id,
        labels: info.labels.clone(),
        detector: DETECTOR.into(),
        score: verdict.probability,
        observed: closest.observed,
        expected: Band {
            yhat: closest.expected,
            yhat_lower: closest.expected - closest.spread,
            yhat_upper: closest.expected + closest.spread,
        },
        started_ms: at_ms,
        ended_ms: None,
        explanation: format!(
            "{} takes a shape that it did not have before: its last minutes differ {times:.1} times as \
             much as usual from the stretch of the past that is most like them; where they differ most \
             it is {:.3} and was {:.3} then",
            info.labels, closest.observed, closest.expected,
        ),
        feedback: None,
    })
}
