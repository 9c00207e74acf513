//! Candidates in words: what speaks for each, and why others are ruled out.

use tocsin_domain::copilot::{Cause, CauseFactor, RuledOutCause, Statement};
use tocsin_rank::{Candidate, Factor, FactorKind, RuledOut, SignalKind, WhyRuledOut};

use super::analysis::Analysis;
use super::gather::Seen;
use super::sentences::{
    change_statement, cite, cite_link, listed, sentence, similar_statement, statement,
};
use crate::facts::FactBook;
use crate::quotes::inert;
use crate::words::moment;

/// Causes that are told.
const CAUSES_MAX: usize = 5;
/// Entities that are ruled out and told.
const RULED_OUT_MAX: usize = 8;
/// Departures that are told of a cause.
const SHOWN_MAX: usize = 3;
/// Departures told of a cause that is not the first.
const SHOWN_OTHERS_MAX: usize = 1;
/// Names in a list.
const NAMES_MAX: usize = 5;
/// A further departure that is weaker may be chance, and is not told.
const SHOWN_STRENGTH_MIN: f64 = 3.0;
/// A further cause that is less likely is not told.
const CONFIDENCE_MIN: f64 = 0.01;
/// A reason that adds less to a score is not worth a sentence.
const MATTERS: f64 = 0.02;

/// The candidates that are not ruled out, the likeliest first.
pub(super) fn causes(analysis: &Analysis, book: &mut FactBook) -> Vec<Cause> {
    let ruled_out = |candidate: &Candidate| {
        let mut all = analysis.ranking.ruled_out.iter();
        all.any(|one| one.entity == candidate.entity)
    };
    let candidates = analysis
        .ranking
        .candidates
        .iter()
        .filter(|one| !ruled_out(one));
    let told = candidates
        .take(CAUSES_MAX)
        .enumerate()
        .filter(|(place, one)| *place == 0 || one.confidence >= CONFIDENCE_MIN)
        .map(|(place, candidate)| Cause {
            entity: candidate.entity.clone(),
            confidence: candidate.confidence,
            statements: statements(analysis, candidate, place == 0, book),
            factors: candidate.factors.iter().map(factor).collect(),
        });
    told.collect()
}

fn factor(factor: &Factor) -> CauseFactor {
    let kind = match factor.kind {
        FactorKind::Strength => "strength",
        FactorKind::TimeOrder => "time_order",
        FactorKind::Specificity => "specificity",
        FactorKind::Topology => "topology",
        FactorKind::ExplainedByCallee => "explained_by_callee",
        FactorKind::ChangeProximity => "change_proximity",
        FactorKind::History => "history",
    };
    CauseFactor {
        kind: kind.to_owned(),
        weight: factor.weight,
        value: factor.value,
    }
}

/// A sentence for each reason that matters.
fn statements(
    analysis: &Analysis,
    candidate: &Candidate,
    is_first: bool,
    book: &mut FactBook,
) -> Vec<Statement> {
    let window = &analysis.material.window;
    let most = if is_first {
        SHOWN_MAX
    } else {
        SHOWN_OTHERS_MAX
    };
    let shown = analysis.shown_by(candidate);
    let mut said: Vec<Statement> = Vec::new();
    let told = shown
        .iter()
        .enumerate()
        .filter(|(place, seen)| *place == 0 || seen.signal.strength >= SHOWN_STRENGTH_MIN);
    for (_, seen) in told.take(most) {
        said.extend(statement(seen, window, book));
    }
    for factor in &candidate.factors {
        if (factor.weight * factor.value).abs() < MATTERS {
            continue;
        }
        said.extend(match factor.kind {
            FactorKind::Strength => None,
            FactorKind::TimeOrder => earlier(analysis, candidate, book),
            FactorKind::Specificity => own(analysis, candidate, book),
            FactorKind::Topology if factor.value < 0.0 => apart(analysis, candidate, book),
            FactorKind::Topology => needed(analysis, candidate, factor, book),
            FactorKind::ExplainedByCallee => explained(analysis, candidate, factor, book),
            FactorKind::ChangeProximity => changed(analysis, candidate, book),
            FactorKind::History => known(analysis, candidate, book),
        });
    }
    said
}

/// It departed before the next one did.
fn earlier(analysis: &Analysis, candidate: &Candidate, book: &mut FactBook) -> Option<Statement> {
    let window = &analysis.material.window;
    let first = analysis.shown_by(candidate).first().copied()?;
    let others = analysis.ranking.candidates.iter();
    let others = others.filter(|other| other.entity != candidate.entity);
    let others = others.filter_map(|other| analysis.shown_by(other).first().copied());
    let later = others.filter(|seen| seen.signal.onset_ms > first.signal.onset_ms);
    let next = later.min_by_key(|seen| (seen.signal.onset_ms, seen.signal.entity.clone()))?;
    let cites = vec![cite(first, window, book)?, cite(next, window, book)?];
    let (entity, other) = (inert(&candidate.entity), inert(&next.signal.entity));
    let (at, after) = (moment(first.signal.onset_ms), moment(next.signal.onset_ms));
    Some(Statement {
        text: format!("{entity} departed at {at}, before {other}, which did at {after}."),
        cites,
    })
}

/// What departs cannot have been passed on by anybody it needs.
fn own(analysis: &Analysis, candidate: &Candidate, book: &mut FactBook) -> Option<Statement> {
    let is_own = |seen: &&&Seen| {
        let kind = seen.signal.kind;
        matches!(
            kind,
            SignalKind::OwnLatency | SignalKind::Resource | SignalKind::BrokenSequence
        )
    };
    let shown = analysis.shown_by(candidate);
    let seen = shown.iter().find(is_own)?;
    let entity = inert(&candidate.entity);
    Some(Statement {
        text: format!(
            "What departs there is of {entity} itself and cannot have come from anything it needs."
        ),
        cites: vec![cite(seen, &analysis.material.window, book)?],
    })
}

/// The alarm is not known to depend on it.
fn apart(analysis: &Analysis, candidate: &Candidate, book: &mut FactBook) -> Option<Statement> {
    let seen = analysis.shown_by(candidate).first().copied()?;
    let (entity, named) = (inert(&candidate.entity), inert(analysis.entity.as_deref()?));
    let mut cites = vec![cite(seen, &analysis.material.window, book)?];
    if let Some(own) = analysis.strongest_of(analysis.entity.as_deref()?) {
        cites.extend(cite(own, &analysis.material.window, book));
    }
    Some(Statement {
        text: format!("Against it speaks that {named} is not known to need {entity}."),
        cites: once_each(cites),
    })
}

/// Others need it and depart as well.
fn needed(
    analysis: &Analysis,
    candidate: &Candidate,
    factor: &Factor,
    book: &mut FactBook,
) -> Option<Statement> {
    let window = &analysis.material.window;
    let shown: Vec<&Seen> = analysis.seen(&factor.because).collect();
    let mut names: Vec<&str> = shown
        .iter()
        .map(|seen| seen.signal.entity.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let mut cites = Vec::new();
    for name in names.iter().take(NAMES_MAX) {
        let seen = shown.iter().find(|seen| seen.signal.entity == *name)?;
        cites.push(cite(seen, window, book)?);
        let link = analysis.link(name, &candidate.entity);
        cites.extend(link.and_then(|link| cite_link(link, window, book)));
    }
    let entity = inert(&candidate.entity);
    let need = if names.len() == 1 { "needs" } else { "need" };
    let depart = if names.len() == 1 {
        "departs"
    } else {
        "depart"
    };
    let names = listed(&names, NAMES_MAX);
    // The name of the cause stands in its own fact.
    cites.extend(
        analysis
            .strongest_of(&candidate.entity)
            .and_then(|seen| cite(seen, window, book)),
    );
    Some(Statement {
        text: format!("{names} {need} {entity}, directly or through others, and {depart} as well."),
        cites: once_each(cites),
    })
}

/// Someone it needs departs too.
fn explained(
    analysis: &Analysis,
    candidate: &Candidate,
    factor: &Factor,
    book: &mut FactBook,
) -> Option<Statement> {
    let window = &analysis.material.window;
    let seen = analysis.seen(&factor.because).next()?;
    let mut cites = vec![cite(seen, window, book)?];
    let own = analysis.strongest_of(&candidate.entity)?;
    cites.push(cite(own, window, book)?);
    let link = analysis.link(&candidate.entity, &seen.signal.entity);
    cites.extend(link.and_then(|link| cite_link(link, window, book)));
    let (entity, other) = (inert(&candidate.entity), inert(&seen.signal.entity));
    Some(Statement {
        text: format!(
            "A part of it may come from {other}, which {entity} needs and which departs as well."
        ),
        cites: once_each(cites),
    })
}

/// It was changed shortly before.
fn changed(analysis: &Analysis, candidate: &Candidate, book: &mut FactBook) -> Option<Statement> {
    change_statement(suspect(analysis, candidate)?, book)
}

/// The change to a candidate that came last before its departure.
pub(super) fn suspect<'a>(
    analysis: &'a Analysis,
    candidate: &'a Candidate,
) -> Option<&'a tocsin_domain::change::Change> {
    // As the ranking has it: a step is seen up to a minute late.
    let onset_ms = analysis.shown_by(candidate).first()?.signal.onset_ms + 60_000;
    let mut changes = analysis.changes_of(&candidate.entity);
    changes.find(|change| change.at_ms <= onset_ms)
}

/// People said that it was the cause before.
fn known(analysis: &Analysis, candidate: &Candidate, book: &mut FactBook) -> Option<Statement> {
    let similar = analysis.material.similar.iter().take(SHOWN_MAX);
    let told = similar.filter_map(|one| similar_statement(one, book));
    let mut cites: Vec<String> = told.flat_map(|statement| statement.cites).collect();
    let own = analysis.strongest_of(&candidate.entity)?;
    cites.push(cite(own, &analysis.material.window, book)?);
    let entity = inert(&candidate.entity);
    Some(Statement {
        text: format!("People confirmed {entity} as the cause of something like this before."),
        cites: once_each(cites),
    })
}

/// What departs and is not the cause.
pub(super) fn ruled_out(analysis: &Analysis, book: &mut FactBook) -> Vec<RuledOutCause> {
    let all = analysis.ranking.ruled_out.iter().take(RULED_OUT_MAX);
    let told = all.filter_map(|one| {
        Some(RuledOutCause {
            entity: one.entity.clone(),
            statement: why_not(analysis, one, book)?,
        })
    });
    told.collect()
}

fn why_not(analysis: &Analysis, one: &RuledOut, book: &mut FactBook) -> Option<Statement> {
    let window = &analysis.material.window;
    let own = analysis.seen(&one.because).next()?;
    let mut cites = vec![cite(own, window, book)?];
    let entity = inert(&one.entity);
    let text = match &one.why {
        WhyRuledOut::Normal => {
            format!(
                "{entity} shows no more than what happens without an alarm: {}",
                sentence(own, window)
            )
        }
        WhyRuledOut::Victim(callee) => {
            let other = analysis.strongest_of(callee)?;
            cites.push(cite(other, window, book)?);
            let link = analysis.link(&one.entity, callee);
            cites.extend(link.and_then(|link| cite_link(link, window, book)));
            let callee = inert(callee);
            match link {
                Some(_) => format!(
                    "{entity} departs as well, but it needs {callee}, which departs by itself."
                ),
                None => format!(
                    "{entity} departs as well, but may be another name of {callee}, which is known better."
                ),
            }
        }
    };
    Some(Statement {
        text,
        cites: once_each(cites),
    })
}

/// Ids, each once, in their order.
pub(super) fn once_each(cites: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(cites.len());
    for id in cites {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    kept
}
