//! What is known around an alarm: departures from what is usual, who needs whom, what was changed, what was the
//! cause before. Read from the stores in bounded portions; the same stores give the same material.

mod departure;
mod edges;
mod history;
mod judge;
mod lines;
mod onset;
mod past;
mod read;
mod series;
mod tally;
mod traces;
mod values;

use std::collections::BTreeSet;

use tocsin_domain::alert::Alert;
use tocsin_domain::change::Change;
use tocsin_domain::copilot::RootCauseSubject;
use tocsin_domain::metric::Anomaly;
use tocsin_domain::ports::{ChangeFilter, SimilarIncident, StoreError};
use tocsin_domain::{RecordId, TemplateId};
use tocsin_rank::{PastCause, Signal};

pub(super) use edges::{Link, LinkProof};

use super::window::Window;
use super::{RootCauseFinder, Target};

/// Changes before the window that may still matter, in ms: an hour.
const CHANGES_BEFORE_MS: i64 = 3_600_000;
/// Changes that are looked at.
const CHANGES_MAX: usize = 50;

/// A departure, with what shows it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) signal: Signal,
    pub(super) proof: Proof,
}

/// What shows a departure.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// Lines of a template.
    Lines(LineProof),
    /// Values of a series.
    Values(ValueProof),
    /// What a detector said of a series.
    Anomaly(Box<Anomaly>),
}

/// How often lines of a template were said.
#[derive(Debug, Clone)]
pub(super) struct LineProof {
    pub(super) template: TemplateId,
    pub(super) pattern: String,
    /// One of them.
    pub(super) record: RecordId,
    /// That one, raw.
    pub(super) body: String,
    pub(super) before: u64,
    pub(super) now: u64,
    pub(super) failure_type: Option<String>,
}

/// What a series was and is.
#[derive(Debug, Clone)]
pub(super) struct ValueProof {
    /// The PromQL query that shows it.
    pub(super) query: String,
    /// The series, for people.
    pub(super) name: String,
    /// The unit that values are said in, such as ` s` or ` per second`; may be empty.
    pub(super) unit: String,
    pub(super) said: ValueSaid,
}

/// What is said of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ValueSaid {
    /// It moved from what was usual to this.
    Moved { usual: f64, worst: f64 },
    /// So many were counted, in the time before and in the window.
    Counted { before: f64, now: f64 },
    /// It has no values any more.
    Stopped { usual: f64 },
}

/// All that was found in a window.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) window: Window,
    pub(super) seen: Vec<Seen>,
    pub(super) links: Vec<Link>,
    /// Newest first.
    pub(super) changes: Vec<Change>,
    pub(super) past: Vec<PastCause>,
    pub(super) similar: Vec<SimilarIncident>,
    pub(super) missing: Missing,
    /// Whom the alarm names, in all its alerts.
    pub(super) named: BTreeSet<String>,
    pub(super) looked_at: LookedAt,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LookedAt {
    /// Series that were compared.
    pub(super) series: usize,
    /// Templates of warnings and errors.
    pub(super) errors: usize,
}

/// What was not there to be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// No line at all in the window.
    pub(super) lines: bool,
    /// Lines in the window, none before.
    pub(super) lines_before: bool,
    /// No series at all.
    pub(super) series: bool,
    /// Nothing was measured of the entity that the alarm names.
    pub(super) series_of_target: bool,
    /// Series in the window, too few values before.
    pub(super) series_before: bool,
    /// Nobody is known to need anybody.
    pub(super) links: bool,
    /// Nobody told of a change.
    pub(super) changes: bool,
}

/// What material is gathered for.
pub(super) struct Scope<'a> {
    pub(super) target: &'a Target,
    pub(super) subject: Option<RootCauseSubject>,
    /// The alerts that are to be explained; empty for a question.
    pub(super) alerts: &'a [Alert],
}

impl<'a> Scope<'a> {
    /// Something that is asked without an alert.
    pub(super) const fn of_question(target: &'a Target) -> Self {
        Self {
            target,
            subject: None,
            alerts: &[],
        }
    }
}

impl RootCauseFinder {
    /// Gathers what a window shows.
    pub(super) async fn gather(
        &self,
        scope: &Scope<'_>,
        window: Window,
    ) -> Result<Material, StoreError> {
        let (lines, alerts, changes) = futures_util::try_join!(
            self.lines(window),
            self.alerts_around(scope, window),
            self.changes_before(window),
        )?;
        let named = self.named(scope);
        let mut involved = named.clone();
        involved.extend(lines.seen.iter().map(|seen| seen.signal.entity.clone()));
        let of_alerts = alerts
            .iter()
            .filter_map(|alert| self.conventions.of_alert(&alert.labels));
        involved.extend(of_alerts.map(|owner| owner.entity));
        let (waiting, traced) = futures_util::try_join!(
            self.waiting_lines(window),
            self.traced_lines(window, &lines.samples),
        )?;
        let mut links = self.links_of_lines(lines.samples.iter().chain(&waiting));
        links.extend(self.links_of_traces(&traced));
        links.extend(self.links_of_alerts(&alerts));
        let ends = links
            .iter()
            .flat_map(|link| [&link.edge.caller, &link.edge.callee]);
        involved.extend(ends.cloned());
        let (series, learned, past) = futures_util::try_join!(
            self.series(window, &involved),
            self.learned_links(window),
            self.past(scope),
        )?;
        let mut seen = lines.seen;
        seen.extend(series.seen);
        links.extend(series.links);
        links.extend(learned);
        let links = edges::settled(links, &seen);
        let is_measured = |entity: &String| series.entities.contains(entity);
        let missing = Missing {
            lines: lines.is_silent,
            lines_before: lines.has_no_past,
            series: series.entities.is_empty(),
            series_of_target: scope
                .target
                .entity
                .as_ref()
                .is_some_and(|e| !is_measured(e)),
            series_before: series.has_no_past,
            links: links.is_empty(),
            changes: changes.is_empty(),
        };
        Ok(Material {
            window,
            seen,
            links,
            changes,
            past: past.causes,
            similar: past.similar,
            missing,
            named,
            looked_at: LookedAt {
                series: series.compared,
                errors: lines.errors,
            },
        })
    }

    /// Whom the alarm names.
    fn named(&self, scope: &Scope<'_>) -> BTreeSet<String> {
        let alerts = scope.alerts.iter();
        let owners = alerts.filter_map(|alert| self.conventions.of_alert(&alert.labels));
        let owners = owners.map(|owner| owner.entity);
        owners.chain(scope.target.entity.clone()).collect()
    }

    async fn changes_before(&self, window: Window) -> Result<Vec<Change>, StoreError> {
        let filter = ChangeFilter {
            from_ms: Some(window.from_ms.saturating_sub(CHANGES_BEFORE_MS)),
            to_ms: Some(window.to_ms.saturating_add(1)),
            ..ChangeFilter::default()
        };
        self.changes.changes(&filter, None, CHANGES_MAX).await
    }
}
