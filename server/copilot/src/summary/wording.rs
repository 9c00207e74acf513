//! A summary in the words of a language model: held to the same facts. If it fails, that of the rules stands.

use serde_json::{Value, json};
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::{Fact, Understood};
use tocsin_domain::ports::{Summary, SummarySection, SummarySubject};
use tocsin_llm::{AskError, Task, ask};

use crate::answer::{Sentence, Wording, input_of, is_ready, judge, writer};
use crate::words::moment;

/// Facts that a model is shown.
const FACTS_MAX: usize = 40;
/// The most characters of a title within a prompt.
const TITLE_CHARS_MAX: usize = 900;

/// The summary with what a model says of it.
pub(crate) async fn worded(
    summary: Summary,
    subject: &SummarySubject,
    wording: Wording<'_>,
) -> Summary {
    if !is_ready(&wording.model.model()) || summary.facts.is_empty() {
        return summary;
    }
    let outcome = match subject {
        SummarySubject::Alert(_) => in_short(&summary, "alert", wording).await,
        SummarySubject::Cluster(..) => in_short(&summary, "cluster", wording).await,
        SummarySubject::Incident(_) => in_short(&summary, "incident", wording).await,
        SummarySubject::PostMortem(_) => post_mortem(&summary, wording).await,
        // A list of what happened says itself.
        SummarySubject::Digest(_) => return summary,
    };
    match outcome {
        Ok((sections, task, dropped)) if !sections.is_empty() => {
            let info = wording.model.model();
            let hash = wording.prompts.of(task).hash(&info);
            Summary {
                sections: merged(summary.sections, sections),
                writer: writer(&info, hash, dropped),
                ..summary
            }
        }
        Ok(_) => summary,
        Err(error) => {
            tracing::warn!(error = %error, "the language model did not word a summary");
            summary
        }
    }
}

type Worded = (Vec<SummarySection>, Task, u32);

/// Three sentences at most, before what the rules say.
async fn in_short(summary: &Summary, kind: &str, wording: Wording<'_>) -> Result<Worded, AskError> {
    let input = json!({
        "kind": kind,
        "title": title(summary),
        "evidence": evidence(summary.facts.iter()),
    });
    let prompt = wording.prompts.of(Task::Summary);
    let said = ask(wording.model, prompt, &input, wording.asker).await?;
    let (statements, dropped) = judge(&sentences(&said), &summary.facts, &Understood::default());
    let section = SummarySection {
        title: "In short".into(),
        statements,
    };
    let sections = if section.statements.is_empty() {
        Vec::new()
    } else {
        vec![section]
    };
    Ok((sections, Task::Summary, dropped))
}

/// The parts of a post-mortem, each under its heading.
async fn post_mortem(summary: &Summary, wording: Wording<'_>) -> Result<Worded, AskError> {
    let is_timed = |fact: &&Fact| {
        matches!(
            fact.evidence,
            Evidence::Alert { .. } | Evidence::Change { .. }
        ) && fact.at_ms.is_some()
    };
    let (mut timed, untimed): (Vec<&Fact>, Vec<&Fact>) = summary.facts.iter().partition(is_timed);
    timed.sort_by_key(|fact| fact.at_ms);
    let incident = summary
        .facts
        .iter()
        .find(|fact| matches!(fact.evidence, Evidence::Incident { .. }));
    let began = incident.and_then(|fact| fact.at_ms);
    let severity = incident.and_then(|fact| fact.text.split(['(', ',']).nth(1));
    let input = json!({
        "title": title(summary),
        "severity": severity.unwrap_or("unknown"),
        "began": began.map_or_else(|| "unknown".into(), moment),
        "ended": "see the facts",
        "facts": evidence(untimed.into_iter()),
        "timeline": evidence(timed.into_iter()),
    });
    let prompt = wording.prompts.of(Task::PostMortem);
    let said = ask(wording.model, prompt, &input, wording.asker).await?;
    let parts = said.get("sections").and_then(Value::as_array);
    let mut sections = Vec::new();
    let mut dropped = 0;
    for part in parts.into_iter().flatten() {
        let (statements, more) = judge(&sentences(part), &summary.facts, &Understood::default());
        dropped += more;
        let heading = part
            .get("heading")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !statements.is_empty() {
            sections.push(SummarySection {
                title: named(heading).into(),
                statements,
            });
        }
    }
    Ok((sections, Task::PostMortem, dropped))
}

/// The headings of the prompt as those of the page.
fn named(heading: &str) -> &'static str {
    match heading {
        "impact" => "Impact",
        "timeline" => "Timeline",
        "root_cause" => "Root cause",
        "resolution" => "Resolution",
        "lessons" => "Lessons and actions",
        _ => "Summary",
    }
}

/// Sections of a model take the place of those of the rules with their heading; new ones come first.
fn merged(by_rules: Vec<SummarySection>, by_model: Vec<SummarySection>) -> Vec<SummarySection> {
    let (mut known, mut all): (Vec<SummarySection>, Vec<SummarySection>) = by_model
        .into_iter()
        .partition(|one| by_rules.iter().any(|have| have.title == one.title));
    for section in by_rules {
        let at = known.iter().position(|one| one.title == section.title);
        all.push(match at {
            Some(at) => known.swap_remove(at),
            None => section,
        });
    }
    all
}

fn sentences(said: &Value) -> Vec<Sentence> {
    let all = said.get("sentences").cloned().unwrap_or_default();
    serde_json::from_value(all).unwrap_or_default()
}

fn evidence<'f>(facts: impl Iterator<Item = &'f Fact>) -> Vec<Value> {
    facts.take(FACTS_MAX).map(input_of).collect()
}

fn title(summary: &Summary) -> String {
    let title: String = summary.title.chars().take(TITLE_CHARS_MAX).collect();
    if title.is_empty() {
        "untitled".into()
    } else {
        title
    }
}
