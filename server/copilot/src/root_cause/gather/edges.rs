//! Who needs whom: by their own word in lines and labels, by the machine they live on, and by who departed after
//! whom in the past.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::alert::{Alert, AlertId, IncidentId};
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::ports::{AlertFilter, StoreError};
use tocsin_domain::query::{Expression, FieldTest};
use tocsin_domain::{LogRecord, RecordId};
use tocsin_rank::{Direction, Edge, Signal, SignalKind, edges_from_onsets};

use super::{Scope, Seen};
use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// Lines that name whom they wait for, at most.
const WAITING_MAX: usize = 100;
/// Alerts around that are looked at, at most.
const ALERTS_MAX: usize = 200;
/// Alerts of the past that order is learned from, at most.
const PAST_ALERTS_MAX: usize = 1_000;
/// How far back it is learned, in ms: 30 days.
const PAST_MS: i64 = 30 * 86_400_000;
/// How sure it is that whoever lives on a machine suffers from it.
pub(super) const LIVES_ON: f64 = 0.7;
/// How sure what was learned is, at most: below what anybody said.
const LEARNED_MAX: f64 = 0.6;
/// Dependencies that are kept, at most.
const LINKS_MAX: usize = 2_000;

/// A dependency, with how it is known.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::root_cause) struct Link {
    pub(in crate::root_cause) edge: Edge,
    pub(in crate::root_cause) proof: LinkProof,
}

/// How a dependency is known.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::root_cause) enum LinkProof {
    /// A line of the caller names it.
    Line(RecordId, String),
    /// An alert of the caller names it.
    Alert(AlertId, String),
    /// Labels of a series name it.
    Series(String),
    /// The caller lives on it.
    Machine,
    /// Lines of one trace go from the caller to it.
    Trace(RecordId, String),
    /// It departed first in past incidents.
    Learned,
}

impl RootCauseFinder {
    /// The alerts that are to be explained, and those that fired around them.
    pub(super) async fn alerts_around(
        &self,
        scope: &Scope<'_>,
        window: Window,
    ) -> Result<Vec<Alert>, StoreError> {
        let filter = AlertFilter {
            from_ms: Some(window.from_ms),
            to_ms: Some(window.to_ms.saturating_add(1)),
            ..AlertFilter::default()
        };
        let mut alerts = scope.alerts.to_vec();
        let around = self.parts.alerts.alerts(&filter, None, ALERTS_MAX).await?;
        let own: BTreeSet<AlertId> = alerts.iter().map(|alert| alert.id).collect();
        alerts.extend(around.into_iter().filter(|alert| !own.contains(&alert.id)));
        Ok(alerts)
    }

    /// Lines of the window that name whom they wait for, newest first.
    pub(super) async fn waiting_lines(&self, window: Window) -> Result<Vec<LogRecord>, StoreError> {
        let named = self
            .conventions
            .callees()
            .iter()
            .map(|key| Expression::Field {
                key: key.clone(),
                test: FieldTest::Exists,
            });
        let query = LogQuery {
            expression: Expression::Or(named.collect()),
            ..LogQuery::all(window.range())
        };
        let logs = &self.parts.logs;
        let page = logs
            .search(&query, Order::NewestFirst, None, WAITING_MAX)
            .await?;
        Ok(page.records)
    }

    /// Dependencies that lines tell of.
    pub(super) fn links_of_lines<'a>(
        &self,
        lines: impl Iterator<Item = &'a LogRecord>,
    ) -> Vec<Link> {
        let mut links = Vec::new();
        for line in lines {
            let Some(owner) = self.conventions.of_line(line) else {
                continue;
            };
            if let Some(callee) = self.conventions.callee_of_line(line) {
                let body = String::from_utf8_lossy(&line.body).into_owned();
                links.extend(link(
                    (&owner.entity, &callee),
                    1.0,
                    LinkProof::Line(line.id, body),
                ));
            }
            if !self.conventions.is_machine(&owner.key) && !line.host.is_empty() {
                links.extend(link(
                    (&owner.entity, &line.host),
                    LIVES_ON,
                    LinkProof::Machine,
                ));
            }
        }
        links
    }

    /// Dependencies that labels of alerts tell of.
    pub(super) fn links_of_alerts(&self, alerts: &[Alert]) -> Vec<Link> {
        let named = alerts.iter().filter_map(|alert| {
            let owner = self.conventions.of_alert(&alert.labels)?;
            let callee = self.conventions.callee_of(|name| alert.labels.get(name))?;
            let proof = LinkProof::Alert(alert.id, alert.title.clone());
            link((&owner.entity, &callee), 1.0, proof)
        });
        named.collect()
    }

    /// Dependencies that the order of alerts in past incidents suggests.
    pub(super) async fn learned_links(&self, window: Window) -> Result<Vec<Link>, StoreError> {
        let filter = AlertFilter {
            from_ms: Some(window.at_ms.saturating_sub(PAST_MS)),
            to_ms: Some(window.from_ms),
            ..AlertFilter::default()
        };
        let past = self
            .parts
            .alerts
            .alerts(&filter, None, PAST_ALERTS_MAX)
            .await?;
        let mut episodes: BTreeMap<IncidentId, Vec<Signal>> = BTreeMap::new();
        for alert in &past {
            if let (Some(incident), Some(owner)) =
                (alert.incident, self.conventions.of_alert(&alert.labels))
            {
                episodes.entry(incident).or_default().push(Signal {
                    entity: owner.entity,
                    kind: SignalKind::Other,
                    onset_ms: alert.starts_ms,
                    strength: 1.0,
                    direction: Direction::Up,
                    what: String::new(),
                });
            }
        }
        let episodes: Vec<Vec<Signal>> = episodes.into_values().collect();
        let edges = edges_from_onsets(&episodes).into_iter();
        let learned = edges.filter_map(|edge| {
            let ends = (edge.caller.as_str(), edge.callee.as_str());
            link(ends, edge.weight.min(LEARNED_MAX), LinkProof::Learned)
        });
        Ok(learned.collect())
    }
}

/// A dependency between two that are not the same.
pub(super) fn link((caller, callee): (&str, &str), weight: f64, proof: LinkProof) -> Option<Link> {
    (caller != callee && !caller.is_empty() && !callee.is_empty()).then(|| Link {
        edge: Edge {
            caller: caller.to_owned(),
            callee: callee.to_owned(),
            weight,
        },
        proof,
    })
}

/// Each dependency once, as it is known best, in the order of names. What was learned holds only where nobody said
/// the opposite; a machine matters only if it departs itself, as it would otherwise join all that live on it.
pub(super) fn settled(links: Vec<Link>, seen: &[Seen]) -> Vec<Link> {
    let departing: BTreeSet<&str> = seen.iter().map(|one| one.signal.entity.as_str()).collect();
    let mut best: BTreeMap<(String, String), Link> = BTreeMap::new();
    for link in links {
        if link.proof == LinkProof::Machine && !departing.contains(link.edge.callee.as_str()) {
            continue;
        }
        let key = (link.edge.caller.clone(), link.edge.callee.clone());
        match best.get(&key) {
            Some(known) if known.edge.weight >= link.edge.weight => {}
            _ => {
                best.insert(key, link);
            }
        }
    }
    let said: BTreeSet<(String, String)> = best
        .iter()
        .filter(|(_, link)| link.proof != LinkProof::Learned)
        .map(|(key, _)| key.clone())
        .collect();
    best.retain(|(caller, callee), link| {
        link.proof != LinkProof::Learned || !said.contains(&(callee.clone(), caller.clone()))
    });
    best.into_values().take(LINKS_MAX).collect()
}
