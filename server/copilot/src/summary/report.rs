//! The cause within a summary: that of the report that is kept, else what is found now.

use std::collections::HashMap;

use tocsin_domain::copilot::{Fact, RootCause, RootCauseSubject, RootCauseVerdict, Statement};

use crate::answer::{Draft, Stopped, say_findings};
use crate::quotes::inert;
use crate::tools::{CauseArguments, FindRootCause};

/// What is told of a report.
const TOLD_MAX: usize = 4;

/// Says what caused it; whether something could be said.
pub(super) async fn say_cause(
    draft: &mut Draft<'_>,
    subject: RootCauseSubject,
) -> Result<(), Stopped> {
    let kept = draft.tools.parts.root_causes.root_causes(subject, 1).await;
    if let Some(report) = kept.ok().and_then(|reports| reports.into_iter().next()) {
        return say_report(draft, &report).await;
    }
    let arguments = match subject {
        RootCauseSubject::Alert(id) => CauseArguments {
            alert: Some(id.to_string()),
            ..CauseArguments::default()
        },
        RootCauseSubject::Incident(id) => CauseArguments {
            incident: Some(id.to_string()),
            ..CauseArguments::default()
        },
    };
    match draft.ask::<FindRootCause>(&arguments).await? {
        Some(found) => say_findings(draft, &found.findings, false).await,
        None => Ok(()),
    }
}

async fn say_report(draft: &mut Draft<'_>, report: &RootCause) -> Result<(), Stopped> {
    let mut said: Vec<&Statement> = report.what.iter().take(TOLD_MAX).collect();
    if report.verdict == RootCauseVerdict::Found
        && let Some(first) = report.causes.first()
    {
        let statements = first.statements.iter().take(TOLD_MAX);
        let cites: Vec<Option<String>> = statements
            .clone()
            .flat_map(|one| one.cites.iter().cloned().map(Some))
            .collect();
        let cites = again(draft, &report.facts, &cites);
        draft.give(&first.entity);
        let text = format!("The likeliest cause is `{}`.", inert(&first.entity));
        draft.tell_facts().await?;
        draft.say(text, &cites).await?;
        said.extend(statements);
    } else {
        said.extend(report.would_settle.iter().take(TOLD_MAX));
    }
    for statement in said {
        let cites: Vec<Option<String>> = statement.cites.iter().cloned().map(Some).collect();
        let cites = again(draft, &report.facts, &cites);
        draft.tell_facts().await?;
        if statement.cites.is_empty() {
            draft.remark(statement.text.clone()).await?;
        } else {
            draft.say(statement.text.clone(), &cites).await?;
        }
    }
    if let Some(entity) = &report.confirmed {
        let text = format!("A person confirmed the cause: `{}`.", inert(entity));
        draft.remark(text).await?;
    }
    Ok(())
}

/// Facts of a report, cited anew.
fn again(draft: &mut Draft<'_>, facts: &[Fact], cites: &[Option<String>]) -> Vec<Option<String>> {
    let known: HashMap<&str, &Fact> = facts.iter().map(|fact| (fact.id.as_str(), fact)).collect();
    let mut new: Vec<Option<String>> = Vec::new();
    for id in cites.iter().flatten() {
        let Some(fact) = known.get(id.as_str()) else {
            continue;
        };
        let cited = draft
            .book
            .cite(fact.evidence.clone(), fact.at_ms, &fact.text);
        if !new.contains(&cited) {
            new.push(cited);
        }
    }
    new
}
