//! Departures that series show. Which series are read, and what they tell of whom.
//!
//! A store may have a hundred thousand series; those are read first in which a detector saw something, then those of
//! the entities that lines and alerts speak of. Only where there are few all are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tocsin_domain::metric::{Anomaly, MatchOp, Matcher, NAME_LABEL, Selection};
use tocsin_domain::ports::{AnomalyFilter, SeriesInfo, SeriesSamples, StoreError};
use tocsin_domain::{Labels, SeriesId};
use tocsin_rank::{Direction, Signal};

use super::edges::{LIVES_ON, Link, LinkProof, link};
use super::judge::Judge;
use super::{Proof, Seen, read};
use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// Anomalies that are looked at.
const ANOMALIES_MAX: usize = 200;
/// How sure a detector has to be.
const ANOMALY_SCORE_MIN: f64 = 0.9;
/// The strength of an anomaly by its score alone, at most: one in a thousand.
const ANOMALY_STRENGTH_MAX: f64 = 7.0;
/// Entities whose series are read, at most.
const ENTITIES_MAX: usize = 24;
/// Series of an entity, at most.
const OF_ENTITY_MAX: usize = 64;
/// Series of one question to the store beyond those that are wanted.
const SPARE: usize = 64;
/// Points that are read at a time, at most.
const SAMPLES_MAX: usize = 2_000_000;

/// What series show.
#[derive(Debug, Default)]
pub(super) struct SeriesFound {
    pub(super) seen: Vec<Seen>,
    pub(super) links: Vec<Link>,
    /// Of whom there are series.
    pub(super) entities: BTreeSet<String>,
    /// How many were compared with their past.
    pub(super) compared: usize,
    /// There are series, and none has enough values before the window.
    pub(super) has_no_past: bool,
}

impl RootCauseFinder {
    /// Departures of series.
    pub(super) async fn series(
        &self,
        window: Window,
        involved: &BTreeSet<String>,
    ) -> Result<SeriesFound, StoreError> {
        let filter = AnomalyFilter {
            from_ms: Some(window.from_ms),
            to_ms: Some(window.to_ms.saturating_add(1)),
            score_min: ANOMALY_SCORE_MIN,
            ..AnomalyFilter::default()
        };
        let store = &self.parts.anomalies;
        let anomalies = store.anomalies(&filter, None, ANOMALIES_MAX).await?;
        let chosen = self.chosen(window, involved, &anomalies).await?;
        let mut found = SeriesFound::default();
        for info in &chosen {
            let Some(owner) = self.conventions.of_series(&info.labels) else {
                continue;
            };
            if let Some(machine) = self.conventions.machine_of(&info.labels) {
                found.links.extend(link(
                    (&owner.entity, &machine),
                    LIVES_ON,
                    LinkProof::Machine,
                ));
            }
            if let Some(callee) = self.conventions.callee_of(|name| info.labels.get(name)) {
                let proof = LinkProof::Series(info.labels.to_string());
                found
                    .links
                    .extend(link((&owner.entity, &callee), 1.0, proof));
            }
            found.entities.insert(owner.entity);
        }
        let readings = self.read(chosen, window).await?;
        found.compared = readings.len();
        let judge = Judge::new(&self.conventions, &readings, window);
        found.has_no_past = !readings.is_empty() && !judge.has_past();
        found.seen = judge.seen();
        self.add_anomalies(anomalies, window, &mut found.seen);
        Ok(found)
    }

    /// The series that are to be read, those first in which a detector saw something.
    async fn chosen(
        &self,
        window: Window,
        involved: &BTreeSet<String>,
        anomalies: &[Anomaly],
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        let metrics = &self.parts.metrics;
        let range_ms = (window.begin_ms(), window.to_ms);
        let max = self.config.series_max;
        let odd: BTreeSet<SeriesId> = anomalies.iter().map(|one| one.series).collect();
        let odd: Vec<SeriesId> = odd.into_iter().collect();
        let mut chosen: Vec<Arc<SeriesInfo>> = metrics
            .describe(&odd)
            .await?
            .into_iter()
            .flatten()
            .collect();
        if metrics.stats().await?.series <= max as u64 {
            chosen.extend(metrics.series(&[], range_ms, max).await?);
        } else {
            let of_entities = self.matchers(involved);
            let asked = of_entities.iter().map(|matcher| {
                metrics.series(std::slice::from_ref(matcher), range_ms, OF_ENTITY_MAX)
            });
            chosen.extend(read::all(asked).await?.into_iter().flatten());
        }
        let mut met = BTreeSet::new();
        chosen
            .retain(|info| self.conventions.measure(&info.labels).is_some() && met.insert(info.id));
        chosen.truncate(max);
        Ok(chosen)
    }

    /// What selects the series of entities: each label by which they may be named.
    fn matchers(&self, involved: &BTreeSet<String>) -> Vec<Matcher> {
        let labels = self.conventions.entity_labels().iter();
        let labels: Vec<&String> = labels.filter(|label| !label.contains('.')).collect();
        let mut matchers = Vec::new();
        for entity in involved.iter().take(ENTITIES_MAX) {
            for label in &labels {
                let is_address = *label == "instance";
                let with_port = format!("{}(:[0-9]+)?", regex::escape(entity));
                let matcher = if is_address {
                    Matcher::new(MatchOp::Matches, label, &with_port)
                } else {
                    Matcher::new(MatchOp::Equal, label, entity)
                };
                matchers.extend(matcher);
            }
        }
        matchers
    }

    /// The points of series. Those of one name lie together, so each name is one question.
    async fn read(
        &self,
        chosen: Vec<Arc<SeriesInfo>>,
        window: Window,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        let wanted: BTreeSet<SeriesId> = chosen.iter().map(|info| info.id).collect();
        let mut names: BTreeMap<String, Vec<Arc<SeriesInfo>>> = BTreeMap::new();
        for info in chosen {
            names
                .entry(info.labels.name().to_owned())
                .or_default()
                .push(info);
        }
        let groups = names
            .into_values()
            .map(|group| self.read_group(group, window));
        let mut readings: Vec<SeriesSamples> =
            read::all(groups).await?.into_iter().flatten().collect();
        readings.retain(|one| wanted.contains(&one.series.id));
        Ok(readings)
    }

    async fn read_group(
        &self,
        group: Vec<Arc<SeriesInfo>>,
        window: Window,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        let selection = |matchers: Vec<Matcher>, series_max: usize| Selection {
            matchers,
            from_ms: window.begin_ms(),
            to_ms: window.to_ms,
            series_max,
            samples_max: SAMPLES_MAX,
        };
        let together = selection(shared(&group), group.len() + SPARE);
        match self.parts.metrics.select(&together).await {
            // Many others share these labels.
            Err(StoreError::Invalid(_)) if group.len() > 1 => {}
            Err(StoreError::Invalid(_)) => return Ok(Vec::new()),
            other => return other,
        }
        let mut found = Vec::new();
        for info in &group {
            let alone = selection(shared(std::slice::from_ref(info)), SPARE);
            match self.parts.metrics.select(&alone).await {
                Ok(readings) => found.extend(readings),
                Err(StoreError::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Adds what detectors saw and the comparison did not, and makes stronger what both saw.
    /// What began before the time that is compared with began has become the usual.
    fn add_anomalies(&self, anomalies: Vec<Anomaly>, window: Window, seen: &mut Vec<Seen>) {
        let begin_ms = window.from_ms.saturating_sub(window.baseline_ms);
        let anomalies = anomalies.into_iter();
        for anomaly in anomalies.filter(|one| one.started_ms >= begin_ms) {
            let Some(measure) = self.conventions.measure(&anomaly.labels) else {
                continue;
            };
            let strength = -(1.0 - anomaly.score).max(1e-9).ln();
            let strength = strength.min(ANOMALY_STRENGTH_MAX);
            let what = anomaly.series.to_string();
            if let Some(known) = seen.iter_mut().find(|one| one.signal.what == what) {
                known.signal.strength = known.signal.strength.max(strength);
                continue;
            }
            let Some(owner) = self.conventions.of_series(&anomaly.labels) else {
                continue;
            };
            let is_above = anomaly.observed >= anomaly.expected.yhat;
            seen.push(Seen {
                signal: Signal {
                    entity: owner.entity,
                    kind: measure.kind,
                    onset_ms: anomaly.started_ms,
                    strength,
                    direction: if is_above == measure.reads.is_upright() {
                        Direction::Up
                    } else {
                        Direction::Down
                    },
                    what,
                },
                proof: Proof::Anomaly(Box::new(anomaly)),
            });
        }
    }
}

/// What selects series of one name: the labels that all of them share.
fn shared(group: &[Arc<SeriesInfo>]) -> Vec<Matcher> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let is_shared = |(name, value): &(&str, &str)| {
        let has = |labels: &Labels| labels.get(name) == *value;
        *name == NAME_LABEL || group.iter().all(|info| has(&info.labels))
    };
    let pairs = first.labels.iter().filter(is_shared);
    pairs
        .filter_map(|(name, value)| Matcher::new(MatchOp::Equal, name, value).ok())
        .collect()
}
