//! From a ranking to findings: what happened, who suffers, what to do, and what would settle it.

use tocsin_domain::alert::{Alert, Evidence, Incident};
use tocsin_domain::copilot::{RootCauseVerdict, Runbook, Statement};
use tocsin_rank::{Reason, SignalKind, Verdict};

use super::analysis::Analysis;
use super::causes::{causes, once_each, ruled_out, suspect};
use super::gather::Proof;
use super::sentences::{cite, listed, similar_statement, statement};
use super::{Findings, RootCauseFinder};
use crate::facts::FactBook;
use crate::quotes::inert;
use crate::words::moment;

/// Alerts that are told.
const ALERTS_MAX: usize = 3;
/// Departures of what the alarm names that are told.
const DEPARTURES_MAX: usize = 2;
/// Who suffers, at most.
const SUFFERING_MAX: usize = 5;
/// Runbooks that are told.
const RUNBOOKS_MAX: usize = 2;
/// From this strength on a departure counts as the begin of the trouble.
const BEGIN_STRENGTH_MIN: f64 = 3.0;

/// What is explained, for the sentences about it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Occasion<'a> {
    pub(super) alerts: &'a [Alert],
    pub(super) incident: Option<&'a Incident>,
}

impl RootCauseFinder {
    /// Tells what was found.
    pub(super) fn tell(
        &self,
        analysis: &Analysis,
        occasion: Occasion<'_>,
        book: &mut FactBook,
    ) -> Findings {
        // The occasion first: its facts have the first ids.
        let mut what = told_occasion(occasion, book);
        let causes = causes(analysis, book);
        what.extend(departures(analysis, book));
        let likest = analysis.material.similar.first();
        what.extend(likest.and_then(|likest| similar_statement(likest, book)));
        let impact = impact(analysis, occasion, book);
        let remediation = self.remediation(analysis, occasion, book);
        let ruled_out = ruled_out(analysis, book);
        let is_found = analysis.is_found();
        Findings {
            since_ms: since_ms(analysis),
            verdict: if is_found {
                RootCauseVerdict::Found
            } else {
                RootCauseVerdict::Inconclusive
            },
            what,
            impact,
            causes,
            ruled_out,
            remediation,
            would_settle: if is_found {
                Vec::new()
            } else {
                would_settle(analysis, book)
            },
        }
    }

    /// What the runbooks say, and what to look at if a change is suspected. Nothing of it is done.
    fn remediation(
        &self,
        analysis: &Analysis,
        occasion: Occasion<'_>,
        book: &mut FactBook,
    ) -> Vec<Statement> {
        let mut said = Vec::new();
        let first = analysis
            .ranking
            .candidates
            .first()
            .filter(|_| analysis.is_found());
        if let Some(change) = first.and_then(|first| suspect(analysis, first))
            && let Some(undo) = self.changes.rules().undo(change.kind)
            && let Some(told) = super::sentences::change_statement(change, book)
        {
            said.push(Statement {
                text: undo.to_owned(),
                cites: told.cites,
            });
        }
        let mut failures: Vec<&str> = Vec::new();
        for seen in first
            .map(|first| analysis.shown_by(first))
            .unwrap_or_default()
        {
            if let Proof::Lines(lines) = &seen.proof {
                failures.extend(lines.failure_type.as_deref());
            }
        }
        failures.extend(
            occasion
                .alerts
                .iter()
                .filter_map(|alert| alert.failure_type.as_deref()),
        );
        let mut met: Vec<&str> = Vec::new();
        for failure in failures {
            if met.len() < RUNBOOKS_MAX
                && !met.contains(&failure)
                && let Some(runbook) = self.runbooks.get(failure)
            {
                met.push(failure);
                said.extend(steps(runbook, book));
            }
        }
        said
    }
}

/// The steps of a runbook, and what shows that they helped.
pub(super) fn steps(runbook: &Runbook, book: &mut FactBook) -> Vec<Statement> {
    let evidence = Evidence::Runbook {
        failure_type: runbook.failure_type.clone(),
        title: runbook.title.clone(),
    };
    let text = format!(
        "{}: {} {}",
        runbook.title,
        runbook.steps.join(" "),
        runbook.verify
    );
    let Some(cite) = book.cite(evidence, None, &text) else {
        return Vec::new();
    };
    let said = runbook.steps.iter().chain([&runbook.verify]);
    let said = said.map(|text| Statement {
        text: text.clone(),
        cites: vec![cite.clone()],
    });
    said.collect()
}

/// The alerts and the incident that are explained.
fn told_occasion(occasion: Occasion<'_>, book: &mut FactBook) -> Vec<Statement> {
    let mut said = Vec::new();
    if let Some(incident) = occasion.incident {
        let (title, at) = (inert(&incident.title), moment(incident.starts_ms));
        let alerts = incident.alerts;
        let text = format!("The incident “{title}” began at {at} and has {alerts} alerts.");
        let evidence = Evidence::Incident {
            id: incident.id,
            title: incident.title.clone(),
        };
        said.extend(
            book.cite(evidence, Some(incident.starts_ms), &text)
                .map(|cite| Statement {
                    text,
                    cites: vec![cite],
                }),
        );
    }
    for alert in occasion.alerts.iter().take(ALERTS_MAX) {
        let (title, at) = (inert(&alert.title), moment(alert.starts_ms));
        let severity = alert.severity.name();
        let text = format!("The {severity} alert “{title}” fires since {at}.");
        let text = if alert.is_firing() {
            text
        } else {
            text.replace("fires since", "fired at")
        };
        let evidence = Evidence::Alert {
            id: alert.id,
            title: alert.title.clone(),
        };
        let fact = format!("{text} {}", alert.labels);
        said.extend(
            book.cite(evidence, Some(alert.starts_ms), &fact)
                .map(|cite| Statement {
                    text,
                    cites: vec![cite],
                }),
        );
    }
    said
}

/// What departs of the entity that the alarm names, where that is not the first cause, which is told there.
fn departures(analysis: &Analysis, book: &mut FactBook) -> Vec<Statement> {
    let Some(named) = analysis.entity.as_deref() else {
        return Vec::new();
    };
    let first = analysis.ranking.candidates.first();
    if first.is_some_and(|first| first.entity == named) {
        return Vec::new();
    }
    let own = analysis
        .ranking
        .candidates
        .iter()
        .find(|one| one.entity == named);
    let shown = own.map(|own| analysis.shown_by(own)).unwrap_or_default();
    let window = &analysis.material.window;
    let shown = shown.into_iter().take(DEPARTURES_MAX);
    shown
        .filter_map(|seen| statement(seen, window, book))
        .collect()
}

/// Who needs the first cause and departs as well, and whom the alerts name.
fn impact(analysis: &Analysis, occasion: Occasion<'_>, book: &mut FactBook) -> Vec<Statement> {
    let window = &analysis.material.window;
    let mut said = Vec::new();
    let first = analysis
        .ranking
        .candidates
        .first()
        .filter(|_| analysis.is_found());
    if let Some(first) = first {
        let upstream = analysis.upstream_of(&first.entity);
        let mut suffering: Vec<_> = upstream
            .iter()
            .filter_map(|entity| analysis.strongest_of(entity))
            .collect();
        suffering.sort_by(|a, b| {
            let by_name = a.signal.entity.cmp(&b.signal.entity);
            b.signal
                .strength
                .total_cmp(&a.signal.strength)
                .then(by_name)
        });
        for seen in suffering.into_iter().take(SUFFERING_MAX) {
            said.extend(statement(seen, window, book));
        }
    }
    if let Some(rest) = occasion
        .alerts
        .get(ALERTS_MAX..)
        .filter(|rest| !rest.is_empty())
    {
        let mut cites = Vec::new();
        let mut titles: Vec<&str> = Vec::new();
        for alert in rest.iter().take(SUFFERING_MAX) {
            let evidence = Evidence::Alert {
                id: alert.id,
                title: alert.title.clone(),
            };
            let text = format!("{} {}", inert(&alert.title), alert.labels);
            cites.extend(book.cite(evidence, Some(alert.starts_ms), &text));
            titles.push(&alert.title);
        }
        if cites.len() == titles.len() {
            said.push(Statement {
                text: format!(
                    "Other alerts of it are: {}.",
                    titles
                        .iter()
                        .map(|t| inert(t))
                        .collect::<Vec<_>>()
                        .join("; ")
                ),
                cites: once_each(cites),
            });
        }
    }
    said
}

/// When the trouble began, in ms: the first departure of the likeliest cause and of those who need it. None if even
/// that is likely to be chance.
fn since_ms(analysis: &Analysis) -> Option<i64> {
    let first = analysis.ranking.candidates.first()?;
    let mut involved = analysis.upstream_of(&first.entity);
    involved.insert(&first.entity);
    let least = if analysis.is_found() {
        BEGIN_STRENGTH_MIN
    } else {
        2.0 * BEGIN_STRENGTH_MIN
    };
    let seen = analysis.material.seen.iter().filter(|seen| {
        involved.contains(seen.signal.entity.as_str())
            && seen.signal.strength >= least
            // When something was last said is not when the trouble began.
            && seen.signal.kind != SignalKind::Missing
    });
    seen.map(|seen| seen.signal.onset_ms).min()
}

/// Why nothing is named, and which data would tell.
fn would_settle(analysis: &Analysis, book: &mut FactBook) -> Vec<Statement> {
    let plain = |text: &str| Statement {
        text: text.to_owned(),
        cites: Vec::new(),
    };
    let mut said = Vec::new();
    match analysis.ranking.verdict {
        Verdict::Found => {}
        Verdict::Inconclusive(Reason::NoSignals) => {
            said.push(plain(
                "Nothing that was looked at departs from what is usual.",
            ));
        }
        Verdict::Inconclusive(Reason::WithinNormal) => said.push(plain(
            "What departs is no more than what happens without an alarm.",
        )),
        Verdict::Inconclusive(Reason::Tied) => said.extend(tie(analysis, book)),
    }
    let missing = &analysis.material.missing;
    let absent = [
        (
            missing.lines,
            "There is no log line in the time that was looked at; logs of what is involved would tell what it says.",
        ),
        (
            missing.lines_before,
            "There are no log lines before the time that was looked at, so what is usual in them is not known.",
        ),
        (
            missing.series,
            "There are no metrics in the time that was looked at; those of the services and hosts involved would tell how they are.",
        ),
        (
            missing.series_before && !missing.series,
            "There are no metrics before the time that was looked at, so which values are usual is not known.",
        ),
        (
            missing.links,
            "It is not known who needs whom: an attribute or label `upstream`, or trace ids in log lines, would tell.",
        ),
        (
            missing.changes,
            "Nobody told of a change: a deploy that is reported to the API, or a line about it, would be seen.",
        ),
    ];
    said.extend(
        absent
            .iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, text)| plain(text)),
    );
    if missing.series_of_target
        && !missing.series
        && let Some(entity) = &analysis.entity
    {
        said.push(plain(&format!(
            "There are no metrics of {}; they would tell how it is.",
            inert(entity)
        )));
    }
    said
}

/// Two are as likely.
fn tie(analysis: &Analysis, book: &mut FactBook) -> Option<Statement> {
    let window = &analysis.material.window;
    let pair = analysis.ranking.candidates.get(..2)?;
    let names: Vec<&str> = pair.iter().map(|one| one.entity.as_str()).collect();
    let mut cites = Vec::new();
    for one in pair {
        cites.push(cite(analysis.shown_by(one).first()?, window, book)?);
    }
    Some(Statement {
        text: format!(
            "{} are as likely: which of them needs the other, or was changed, would tell.",
            listed(&names, 2)
        ),
        cites: once_each(cites),
    })
}
