//! Facts as evidence for a prompt, and a prompt that fits the model's context.

use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_domain::alert::Evidence as FactEvidence;
use tocsin_domain::copilot::{Fact, Statement};
use tocsin_domain::ports::{ChatRequest, ModelError};
use tocsin_llm::{AskError, Claim, Evidence, Prompt, check};

use super::Wording;
use crate::words::moment;
use tocsin_domain::copilot::Understood;

/// The most characters of a fact within a prompt.
const FACT_CHARS_MAX: usize = 700;
/// The fewest facts that are still worth a question.
const FACTS_MIN: usize = 4;

/// A sentence of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) cites: Vec<String>,
}

/// A fact as prompts take it.
pub(crate) fn input_of(fact: &Fact) -> Value {
    let text: String = fact.text.chars().take(FACT_CHARS_MAX).collect();
    json!({"id": fact.id, "kind": kind(&fact.evidence), "text": text})
}

const fn kind(evidence: &FactEvidence) -> &'static str {
    match evidence {
        FactEvidence::Record { .. } | FactEvidence::Attachment { .. } => "log",
        FactEvidence::Template { .. } => "log_pattern",
        FactEvidence::Metric { .. } => "metric",
        FactEvidence::Anomaly { .. } => "anomaly",
        FactEvidence::Prediction { .. } => "prediction",
        FactEvidence::Alert { .. } => "alert",
        FactEvidence::Incident { .. } => "incident",
        FactEvidence::Change { .. } => "change",
        FactEvidence::Runbook { .. } => "runbook",
        FactEvidence::Run { .. } => "run",
    }
}

/// The facts that rules said something of, then the others.
pub(super) fn in_order<'f>(facts: &'f [Fact], by_rules: &[Statement]) -> Vec<&'f Fact> {
    let is_said = |fact: &&Fact| by_rules.iter().any(|one| one.cites.contains(&fact.id));
    let (said, unsaid): (Vec<&Fact>, Vec<&Fact>) = facts.iter().partition(is_said);
    [said, unsaid].concat()
}

/// The conversation of a prompt with as many of the facts as there is room for.
pub(super) fn fitting(
    wording: Wording<'_>,
    prompt: &Prompt,
    facts: &[&Fact],
    input: impl Fn(&[Value]) -> Value,
) -> Result<ChatRequest, AskError> {
    let mut evidence: Vec<Value> = facts.iter().map(|fact| input_of(fact)).collect();
    loop {
        let request = prompt.request(wording.model, &input(&evidence), wording.asker);
        match request {
            Err(AskError::Model(ModelError::ContextTooLong { .. }))
                if evidence.len() > FACTS_MIN =>
            {
                evidence.truncate(evidence.len() / 2);
            }
            other => return other,
        }
    }
}

/// The sentences of a model that facts bear out, and how many they do not.
pub(crate) fn judge(
    sentences: &[Sentence],
    facts: &[Fact],
    understood: &Understood,
) -> (Vec<Statement>, u32) {
    let mut evidence = Evidence::new();
    facts
        .iter()
        .for_each(|fact| evidence.add(&fact.id, &fact.text));
    if understood.to_ms > 0 {
        evidence.give(&moment(understood.from_ms));
        evidence.give(&moment(understood.to_ms));
    }
    understood
        .entities
        .iter()
        .for_each(|name| evidence.give(name));
    borne_out(sentences, &evidence)
}

/// The sentences of a model that evidence bears out, and how many it does not.
pub(crate) fn borne_out(sentences: &[Sentence], evidence: &Evidence) -> (Vec<Statement>, u32) {
    let claims: Vec<Claim> = sentences
        .iter()
        .map(|one| Claim {
            text: one.text.clone(),
            cites: one.cites.clone(),
        })
        .collect();
    let checked = check(&claims, evidence);
    let kept = checked.kept.into_iter().map(|one| Statement {
        text: one.text,
        cites: one.cites,
    });
    let dropped = u32::try_from(checked.dropped.len()).unwrap_or(u32::MAX);
    (kept.collect(), dropped)
}
