//! Why, and what caused it: what code ranked, in words.

use tocsin_domain::copilot::RootCauseVerdict;

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::say_patterns;
use super::{alerts, changes};
use crate::quotes::inert;
use crate::root_cause::Findings;
use crate::tools::{
    AlertArguments, CauseArguments, FindRootCause, ListAlerts, LogPatterns, PatternArguments,
    ProposeArguments, ProposeRemediation, Sort,
};

/// What is told of each kind.
const TOLD_MAX: usize = 3;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let arguments = arguments(asked);
    let found = draft.ask::<FindRootCause>(&arguments).await?;
    let Some(found) = found else {
        return Ok(());
    };
    say(draft, &found.findings, true).await?;
    if found.findings.verdict == RootCauseVerdict::Inconclusive {
        surroundings(draft, asked).await?;
    }
    propose(draft, asked).await?;
    if let Some(first) = found.findings.causes.first() {
        draft.follow_up(format!("What changed on {}?", inert(&first.entity)));
    }
    for question in [
        "What should I do?",
        "Has this happened before?",
        "What changed?",
    ] {
        draft.follow_up(question);
    }
    Ok(())
}

/// The page's alert or incident where nothing else is named, else what is named and when.
fn arguments(asked: Asked<'_>) -> CauseArguments {
    let subject = asked.reading.subjects.first().cloned();
    let is_open = asked.things().is_empty() && !asked.has_time();
    if let Some(page) = asked.page.filter(|_| is_open) {
        if let Some(alert) = page.alert {
            return CauseArguments {
                alert: Some(alert.to_string()),
                subject,
                ..CauseArguments::default()
            };
        }
        if let Some(incident) = page.incident {
            return CauseArguments {
                incident: Some(incident.to_string()),
                subject,
                ..CauseArguments::default()
            };
        }
    }
    CauseArguments {
        entity: asked.thing(),
        subject,
        from: asked.from(),
        to: asked.to(),
        ..CauseArguments::default()
    }
}

/// Says what was found of the cause; `whole`: with what was ruled out.
pub(crate) async fn say(
    draft: &mut Draft<'_>,
    findings: &Findings,
    whole: bool,
) -> Result<(), Stopped> {
    for statement in &findings.what {
        draft.statement(statement.clone()).await?;
    }
    if findings.verdict == RootCauseVerdict::Found
        && let Some(first) = findings.causes.first()
    {
        let cites: Vec<Option<String>> = first
            .statements
            .iter()
            .flat_map(|one| one.cites.iter().cloned().map(Some))
            .take(3)
            .collect();
        let text = format!("The likeliest cause is `{}`.", inert(&first.entity));
        draft.give(&first.entity);
        draft.say(text, &cites).await?;
        for statement in &first.statements {
            draft.statement(statement.clone()).await?;
        }
    }
    for statement in &findings.impact {
        draft.statement(statement.clone()).await?;
    }
    if whole {
        for one in findings.ruled_out.iter().take(TOLD_MAX) {
            draft.statement(one.statement.clone()).await?;
        }
    }
    for statement in &findings.remediation {
        draft.statement(statement.clone()).await?;
    }
    for statement in &findings.would_settle {
        draft.statement(statement.clone()).await?;
    }
    Ok(())
}

/// What there is to see where no cause is named: alerts, errors that rise, changes.
async fn surroundings(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let arguments = AlertArguments {
        entities: asked.things(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(TOLD_MAX),
        ..AlertArguments::default()
    };
    let found = draft.ask::<ListAlerts>(&arguments).await?;
    let found = found.map_or_else(Vec::new, |found| found.alerts);
    alerts::say(draft, &found).await?;
    let arguments = PatternArguments {
        entities: asked.things(),
        severity: Some("warn".into()),
        from: asked.from(),
        to: asked.to(),
        sort: Sort::Rising,
        limit: Some(TOLD_MAX),
        ..PatternArguments::default()
    };
    if let Some(found) = draft.ask::<LogPatterns>(&arguments).await? {
        say_patterns(draft, &found.patterns).await?;
    }
    if let Some(found) = changes::list(draft, asked, None).await? {
        changes::say(draft, found.get(..TOLD_MAX).unwrap_or(&found)).await?;
    }
    Ok(())
}

/// Proposes what runbooks say of the page's alert or incident.
async fn propose(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let Some(page) = asked.page else {
        return Ok(());
    };
    let arguments = match (page.alert, page.incident) {
        (Some(alert), _) => ProposeArguments {
            alert: Some(alert.to_string()),
            ..ProposeArguments::default()
        },
        (None, Some(incident)) => ProposeArguments {
            incident: Some(incident.to_string()),
            ..ProposeArguments::default()
        },
        (None, None) => return Ok(()),
    };
    draft.ask::<ProposeRemediation>(&arguments).await?;
    Ok(())
}
