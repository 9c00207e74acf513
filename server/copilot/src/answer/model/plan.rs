//! Where rules did not understand what is wanted, a model that keeps to a schema says what to look for: which tools
//! to ask, and a line like those that are sought. Its choice is checked like anybody's.

use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_domain::copilot::Fact;
use tocsin_llm::{Task, ask};

use super::{Failure, Wording};
use crate::answer::asked::Asked;
use crate::answer::draft::{Draft, Stopped};
use crate::tools::{SearchArguments, SearchLogs, rfc3339, specs};
use crate::understand::Intent;

/// Calls of a plan.
const CALLS_MAX: usize = 4;
/// The most characters of a question within a prompt.
const QUESTION_CHARS_MAX: usize = 3_900;
/// Lines that show a model how lines look here.
const EXAMPLES_MAX: usize = 5;

#[derive(Deserialize)]
struct Plan {
    calls: Vec<PlannedCall>,
}

#[derive(Deserialize)]
struct PlannedCall {
    tool: String,
    arguments: Value,
}

/// Looks for what rules did not find. A model that fails here is no failure: the evidence by rules is there.
pub(super) async fn look_further(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    wording: Wording<'_>,
) -> Result<(), Failure> {
    if asked.reading.intent != Intent::Search {
        return Ok(());
    }
    hypothetical_line(draft, asked, wording).await?;
    // One that calls tools plans as it goes.
    if !wording.model.model().grade.calls_tools {
        planned_calls(draft, asked, wording).await?;
    }
    Ok(())
}

/// Searches for lines like one that a program might have written (HyDE; Gao et al., 2023).
async fn hypothetical_line(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    wording: Wording<'_>,
) -> Result<(), Failure> {
    let examples: Vec<&str> = draft
        .book
        .facts()
        .iter()
        .filter_map(|fact: &Fact| match &fact.evidence {
            tocsin_domain::alert::Evidence::Record { body, .. } => Some(body.as_str()),
            _ => None,
        })
        .take(EXAMPLES_MAX)
        .collect();
    let input = json!({"question": question(asked), "examples": examples});
    let prompt = wording.prompts.of(Task::Hyde);
    let Ok(found) = ask(wording.model, prompt, &input, wording.asker).await else {
        return Ok(());
    };
    let Some(line) = found.get("line").and_then(Value::as_str) else {
        return Ok(());
    };
    let arguments = SearchArguments {
        meaning: Some(line.to_owned()),
        entities: asked.things(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(10),
        ..SearchArguments::default()
    };
    draft.ask::<SearchLogs>(&arguments).await?;
    Ok(())
}

async fn planned_calls(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    wording: Wording<'_>,
) -> Result<(), Stopped> {
    let tools: Vec<Value> = specs()
        .into_iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters_json_schema,
            })
        })
        .collect();
    let input = json!({
        "question": question(asked),
        "now": rfc3339(draft.asker.now_ms),
        "calls_max": CALLS_MAX,
        "tools": tools,
    });
    let prompt = wording.prompts.of(Task::Plan);
    let Ok(found) = ask(wording.model, prompt, &input, wording.asker).await else {
        return Ok(());
    };
    let plan: Plan = serde_json::from_value(found).unwrap_or(Plan { calls: Vec::new() });
    for call in plan.calls.into_iter().take(CALLS_MAX) {
        // What cannot be asked is a step that failed.
        let _refused = draft.call(&call.tool, &call.arguments.to_string()).await?;
    }
    Ok(())
}

fn question(asked: Asked<'_>) -> String {
    asked.question.chars().take(QUESTION_CHARS_MAX).collect()
}
