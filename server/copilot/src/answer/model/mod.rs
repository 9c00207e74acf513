//! Answers that a language model words. Code looks for evidence first, as it does without a model; a model that
//! calls tools may look for more. What it says is held to the facts it cites, sentence by sentence. Whenever it fails,
//! the answer by rules is there already.

mod conversation;
mod evidence;
mod follow_ups;
mod plan;
mod sentences;
#[cfg(test)]
pub(crate) mod tests;

use tocsin_domain::copilot::{Statement, Writer};
use tocsin_domain::ports::{LanguageModel, ModelError, ModelInfo, ModelProvider};
use tocsin_llm::{AskError, Asker, Prompts, Task};

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::extractive;
use crate::understand::Intent;

pub(crate) use evidence::{Sentence, borne_out, input_of, judge};

/// The model that words answers, and how it is asked.
#[derive(Clone, Copy)]
pub(crate) struct Wording<'a> {
    pub(crate) model: &'a dyn LanguageModel,
    pub(crate) prompts: &'a Prompts,
    /// Calls of tools that it may make for a question.
    pub(crate) tool_calls_max: usize,
    /// On whose behalf.
    pub(crate) asker: &'a Asker,
}

/// Why a model wrote nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody listens any more.
    Stopped,
    /// It could not be asked, or what it said is no answer.
    Model(ModelError),
}

impl From<Stopped> for Failure {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Model(error) => Self::Model(error),
            AskError::Prompt(error) => Self::Model(ModelError::BadRequest {
                detail: error.to_string(),
            }),
        }
    }
}

/// Whether there is a model that is known well enough to be asked.
pub(crate) fn is_ready(info: &ModelInfo) -> bool {
    info.provider != ModelProvider::Extractive && info.grade.unknown.is_none()
}

/// Who wrote what a model wrote.
pub(crate) fn writer(info: &ModelInfo, prompt_hash: String, dropped: u32) -> Writer {
    Writer {
        provider: info.provider.name().into(),
        model: info.name.clone(),
        prompt_hash,
        dropped,
    }
}

/// Answers a question in a model's words; by rules if it fails. True if it failed.
///
/// # Errors
/// [`Stopped`] if nobody listens any more; what was said stays in the draft.
pub(crate) async fn answer(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    wording: Wording<'_>,
) -> Result<bool, Stopped> {
    let info = wording.model.model();
    if !is_ready(&info) || asked.reading.intent == Intent::Help {
        extractive::answer(draft, asked).await?;
        return Ok(false);
    }
    draft.hold();
    let gathered = extractive::answer(draft, asked).await;
    let by_rules = draft.release();
    gathered?;
    let outcome = worded(draft, asked, &by_rules, wording).await;
    match outcome {
        Ok(()) => {
            follow_ups::suggest(draft, asked, wording).await;
            Ok(false)
        }
        Err(Failure::Stopped) => Err(Stopped),
        Err(Failure::Model(error)) => {
            fall_back(draft, by_rules, &error).await?;
            Ok(true)
        }
    }
}

async fn worded(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    by_rules: &[Statement],
    wording: Wording<'_>,
) -> Result<(), Failure> {
    let info = wording.model.model();
    if info.grade.keeps_json {
        plan::look_further(draft, asked, wording).await?;
    }
    let prompt = wording.prompts.of(Task::Answer);
    draft.answer.writer = writer(&info, prompt.hash(&info), 0);
    conversation::ask(draft, asked, by_rules, wording).await?;
    draft.chart_what_is_cited().await?;
    let dropped = draft.dropped;
    draft.answer.writer.dropped = dropped;
    if draft.answer.statements.is_empty() {
        return Err(Failure::Model(ModelError::Malformed {
            detail: "nothing that it said is borne out by the evidence".into(),
            text: String::new(),
        }));
    }
    if dropped > 0 {
        draft
            .notice("Sentences of the language model were left out, since the evidence does not bear them out.")
            .await?;
    }
    Ok(())
}

/// Says what rules say, and that the model did not. What it said before it broke off stays.
async fn fall_back(
    draft: &mut Draft<'_>,
    by_rules: Vec<Statement>,
    error: &ModelError,
) -> Result<(), Stopped> {
    tracing::warn!(
        kind = error.kind(),
        "the language model did not answer a question"
    );
    let is_begun = !draft.answer.statements.is_empty();
    if !is_begun {
        draft.answer.writer = Writer {
            dropped: draft.dropped,
            ..extractive_writer()
        };
    }
    let what = crate::quotes::inert(&error.to_string());
    draft
        .notice(format!("{what}. The answer was put together by rules."))
        .await?;
    for statement in by_rules {
        draft.statement(statement).await?;
    }
    draft.chart_what_is_cited().await
}

/// Rules wrote it.
pub(crate) fn extractive_writer() -> Writer {
    Writer {
        provider: ModelProvider::Extractive.name().into(),
        ..Writer::default()
    }
}
