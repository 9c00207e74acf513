//! What the copilot answers.

use super::fact::{Fact, Statement};

/// How a question was understood; shown before the answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Understood {
    /// The kind of question, such as `why`, `errors`, `changes`, `similar`, `fill_up`, `search`.
    pub intent: String,
    /// A sentence for people.
    pub text: String,
    /// The services, hosts, sources, metrics it speaks of, as they are stored.
    pub entities: Vec<String>,
    /// The first moment asked about, in ms since the epoch.
    pub from_ms: i64,
    /// The last moment asked about, in ms.
    pub to_ms: i64,
    /// The words that said the time; none where a default was taken.
    pub time_words: Option<String>,
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which tool.
    pub tool: String,
    /// With what: a JSON object.
    pub arguments_json: String,
    /// What came of it, in a line.
    pub summary: String,
    /// False if it failed.
    pub is_ok: bool,
    /// How long it took, in ms.
    pub took_ms: u64,
}

/// A chart within an answer; who shows it asks for its points.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The PromQL query.
    pub query: String,
    /// The first moment, in ms since the epoch.
    pub from_ms: i64,
    /// The last moment, in ms.
    pub to_ms: i64,
}

/// Something that could be done. Nothing is done by it: people decide, rules act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The type of failure it is for.
    pub failure_type: String,
    /// What to do, step by step.
    pub steps: Vec<String>,
    /// What shows that it helped.
    pub verify: String,
    /// The facts that call for it.
    pub cites: Vec<String>,
}

/// What to do about a type of failure, as people wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runbook {
    /// The type of failure.
    pub failure_type: String,
    /// What it is about, in a line.
    pub title: String,
    /// What to do, step by step.
    pub steps: Vec<String>,
    /// What shows that it helped.
    pub verify: String,
    /// Where to read more: `http` or `https`.
    pub url: Option<String>,
}

/// Who wrote the sentences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Writer {
    /// `extractive`, `openai` or `ollama`.
    pub provider: String,
    /// The model; empty for `extractive`.
    pub model: String,
    /// Hash of prompt, model and settings; empty for `extractive`.
    pub prompt_hash: String,
    /// Sentences of the model that were dropped, since their evidence does not bear them out.
    pub dropped: u32,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// How the question was understood.
    pub understood: Understood,
    /// The tools that were asked.
    pub steps: Vec<Step>,
    /// The answer itself.
    pub statements: Vec<Statement>,
    /// What it rests on.
    pub facts: Vec<Fact>,
    /// What is drawn beside it.
    pub charts: Vec<Chart>,
    /// What could be done.
    pub proposals: Vec<Proposal>,
    /// Questions that may follow.
    pub follow_ups: Vec<String>,
    /// What one should know about the answer, such as that the model was away.
    pub notices: Vec<String>,
    /// Who wrote the sentences.
    pub writer: Writer,
    /// True if it was stopped before its end.
    pub is_stopped: bool,
    /// How long it took, in ms.
    pub took_ms: u64,
}
