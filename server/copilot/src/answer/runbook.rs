//! What to do.

use tocsin_domain::copilot::Proposal;

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{
    AlertArguments, GetRunbook, ListAlerts, ProposeArguments, ProposeRemediation, RunbookArguments,
    RunbookFound,
};

/// Runbooks that are offered where none fits.
const OFFERED_MAX: usize = 12;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let mut types = asked.reading.failure_types.clone();
    if types.is_empty() {
        types = types_of_page(draft, asked).await?;
    }
    let mut found: Vec<RunbookFound> = Vec::new();
    let mut known = Vec::new();
    let asks = types
        .iter()
        .take(3)
        .map(|failure_type| RunbookArguments {
            failure_type: Some(failure_type.clone()),
            text: None,
        })
        .collect::<Vec<_>>();
    let by_text = RunbookArguments {
        failure_type: None,
        text: Some(asked.question.to_owned()),
    };
    let asks = if asks.is_empty() { vec![by_text] } else { asks };
    for arguments in asks {
        if let Some(one) = draft.ask::<GetRunbook>(&arguments).await? {
            found.extend(one.runbooks);
            known = one.known;
        }
    }
    for runbook in &found {
        say(draft, runbook).await?;
    }
    if found.is_empty() {
        return nothing(draft, &types, &known).await;
    }
    draft.follow_up("Why did it happen?");
    draft.follow_up("Has this happened before?");
    Ok(())
}

/// Says what a runbook says, and proposes it.
pub(super) async fn say(draft: &mut Draft<'_>, runbook: &RunbookFound) -> Result<(), Stopped> {
    let url = runbook
        .url
        .as_deref()
        .map_or("", |_| " More stands behind the link of the runbook.");
    let text = format!(
        "For `{}` people wrote down what to do: {}.{url}",
        runbook.failure_type, runbook.title
    );
    draft.say(text, [&runbook.fact]).await?;
    let ordinals = ["First", "Then", "Then", "Then", "Then", "Then"];
    for ((step, fact), lead) in runbook
        .steps
        .iter()
        .zip(&runbook.step_facts)
        .zip(ordinals.into_iter().chain(std::iter::repeat("Then")))
    {
        draft
            .say(format!("{lead}: {step}"), [&Some(fact.clone())])
            .await?;
    }
    let text = format!("What shows that it helped: {}", runbook.verify);
    draft.say(text, [&runbook.fact]).await?;
    draft.propose(Proposal {
        failure_type: runbook.failure_type.clone(),
        steps: runbook.steps.clone(),
        verify: runbook.verify.clone(),
        cites: runbook.fact.clone().into_iter().collect(),
    });
    Ok(())
}

/// The types of failure of the page's alert or incident, or of what fires.
async fn types_of_page(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<Vec<String>, Stopped> {
    let page = asked
        .page
        .filter(|page| page.alert.is_some() || page.incident.is_some());
    if let Some(page) = page {
        let arguments = ProposeArguments {
            alert: page.alert.map(|id| id.to_string()),
            incident: page
                .incident
                .filter(|_| page.alert.is_none())
                .map(|id| id.to_string()),
            failure_type: None,
        };
        let found = draft.ask::<ProposeRemediation>(&arguments).await?;
        let types = found.map_or_else(Vec::new, |found| {
            let with = found.proposals.into_iter().map(|one| one.failure_type);
            with.chain(found.without_runbook).collect()
        });
        return Ok(types);
    }
    if asked.reading.topic.is_empty() {
        let arguments = AlertArguments {
            entities: asked.things(),
            is_firing: Some(true),
            limit: Some(5),
            ..AlertArguments::default()
        };
        let found = draft.ask::<ListAlerts>(&arguments).await?;
        let alerts = found.map_or_else(Vec::new, |found| found.alerts);
        let mut types: Vec<String> = alerts
            .into_iter()
            .filter_map(|one| one.failure_type)
            .collect();
        types.dedup();
        return Ok(types);
    }
    Ok(Vec::new())
}

async fn nothing(draft: &mut Draft<'_>, types: &[String], known: &[String]) -> Result<(), Stopped> {
    let text = match types.first() {
        Some(name) => format!("Nobody wrote a runbook for `{}`.", inert(name)),
        None => "No runbook fits; say which type of failure is meant.".to_owned(),
    };
    draft.remark(text).await?;
    let some: Vec<String> = known
        .iter()
        .take(OFFERED_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    if !some.is_empty() {
        draft
            .remark(format!(
                "There are runbooks for {} and others.",
                some.join(", ")
            ))
            .await?;
    }
    Ok(())
}
