//! `get_runbook`: what to do about a type of failure.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::Severity;
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::Runbook;

use super::error::ToolError;
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;

/// The most runbooks of an answer.
const RUNBOOKS_MAX: usize = 3;

/// What to do about a type of failure.
pub(crate) struct GetRunbook;

/// About which.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The type of failure, such as `disk_full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure_type: Option<String>,
    /// What is wrong, in words; a log line is understood as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

/// A runbook.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunbookFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) failure_type: String,
    pub(crate) title: String,
    pub(crate) steps: Vec<String>,
    /// The fact of each step, as far as there was room.
    pub(crate) step_facts: Vec<String>,
    pub(crate) verify: String,
    pub(crate) url: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct RunbooksFound {
    pub(crate) runbooks: Vec<RunbookFound>,
    /// The types of failure for which there are runbooks.
    pub(crate) known: Vec<String>,
}

#[async_trait]
impl Tool for GetRunbook {
    const NAME: &'static str = "get_runbook";
    const ABOUT: &'static str = "Gives the steps that people wrote down for a type of failure, and what shows that they helped.";
    type Arguments = Arguments;
    type Found = RunbooksFound;

    async fn ask(
        desk: &mut Desk<'_>,
        given: &Arguments,
    ) -> Result<Found<RunbooksFound>, ToolError> {
        let runbooks = desk.tools.runbooks.clone();
        let mut meant: Vec<&Runbook> = Vec::new();
        if let Some(name) = &given.failure_type {
            meant.extend(runbooks.get(name));
        }
        if let Some(text) = given.text.as_deref().filter(|text| !text.trim().is_empty()) {
            for failure_type in types_in(desk, text) {
                let more = runbooks.get(&failure_type);
                meant.extend(more.filter(|one| {
                    !meant
                        .iter()
                        .any(|have| have.failure_type == one.failure_type)
                }));
            }
        }
        if given.failure_type.is_none() && given.text.is_none() {
            return Err(ToolError::Invalid(
                "expected `failure_type` or `text`".into(),
            ));
        }
        let found: Vec<RunbookFound> = meant
            .into_iter()
            .take(RUNBOOKS_MAX)
            .map(|one| cited(one, desk.book))
            .collect();
        let summary = match found.as_slice() {
            [] => "no runbook".to_owned(),
            some => some
                .iter()
                .map(|one| one.failure_type.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        };
        Ok(Found::new(
            summary,
            RunbooksFound {
                runbooks: found,
                known: runbooks.all().map(|one| one.failure_type.clone()).collect(),
            },
        ))
    }
}

/// Types of failure that a text speaks of: by name, by other words, as the classifier reads it, by the
/// words of titles.
fn types_in(desk: &Desk<'_>, text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let known = desk.tools.runbooks.all().map(|one| &one.failure_type);
    let named = known
        .filter(|name| lower.contains(&name.replace('_', " ")) || lower.contains(name.as_str()));
    let mut types: Vec<String> = named.cloned().collect();
    types.extend(desk.tools.catalogue.failures(&lower).map(str::to_owned));
    let (_, classified) = desk.tools.parts.classifier.test(text, Severity::ERROR);
    types.extend(classified.map(|one| one.failure_type));
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 3 && !desk.tools.catalogue.is_stop_word(word))
        .collect();
    // Two words of a title, or of a type, say enough.
    for runbook in desk.tools.runbooks.all() {
        let title = format!("{} {}", runbook.title, runbook.failure_type).to_lowercase();
        let said = words.iter().filter(|word| title.contains(*word));
        if said.count() >= 2 {
            types.push(runbook.failure_type.clone());
        }
    }
    types
}

/// A runbook, cited as a whole and step by step.
pub(super) fn cited(one: &Runbook, book: &mut FactBook) -> RunbookFound {
    let evidence = Evidence::Runbook {
        failure_type: one.failure_type.clone(),
        title: one.title.clone(),
    };
    let whole = format!(
        "Runbook {}: {}, {} steps. Verify: {}",
        one.failure_type,
        one.title,
        one.steps.len(),
        one.verify
    );
    let fact = book.cite(evidence.clone(), None, &whole);
    let steps = one.steps.iter().zip(1..).filter_map(|(step, number)| {
        let text = format!("Runbook {}, step {number}: {step}", one.failure_type);
        book.cite(evidence.clone(), None, &text)
    });
    RunbookFound {
        step_facts: steps.collect(),
        fact,
        failure_type: one.failure_type.clone(),
        title: one.title.clone(),
        steps: one.steps.clone(),
        verify: one.verify.clone(),
        url: one.url.clone(),
    }
}
