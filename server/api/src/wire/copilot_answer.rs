//! What the copilot answers.

use serde::Serialize;
use serde_json::Value;
use tocsin_domain::copilot::{Answer, Proposal, Step, Understood};
use utoipa::ToSchema;

use super::facts::{ChartItem, FactItem, StatementItem, WriterItem, all};
use super::jobs::json;
use super::series::at;

/// How a question was understood.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnderstoodItem {
    /// The kind of question, such as why, errors, changes, similar, fill_up or search.
    pub(crate) intent: String,
    /// A sentence for people.
    pub(crate) text: String,
    /// The services, hosts, sources and metrics it speaks of, as they are stored.
    pub(crate) entities: Vec<String>,
    /// The first moment asked about.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The last moment asked about.
    #[schema(format = DateTime)]
    pub(crate) to: String,
    /// The words that said the time; null where a default was taken.
    pub(crate) time_words: Option<String>,
}

impl From<&Understood> for UnderstoodItem {
    fn from(understood: &Understood) -> Self {
        Self {
            intent: understood.intent.clone(),
            text: understood.text.clone(),
            entities: understood.entities.clone(),
            from: at(understood.from_ms),
            to: at(understood.to_ms),
            time_words: understood.time_words.clone(),
        }
    }
}

/// One call of a tool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepItem {
    /// Which tool.
    pub(crate) tool: String,
    /// With what.
    #[schema(value_type = Object)]
    pub(crate) arguments: Value,
    /// What came of it, in a line.
    pub(crate) summary: String,
    /// False if it failed.
    pub(crate) ok: bool,
    /// How long it took, in ms.
    pub(crate) took_ms: u64,
}

impl From<&Step> for StepItem {
    fn from(step: &Step) -> Self {
        Self {
            tool: step.tool.clone(),
            arguments: json(&step.arguments_json),
            summary: step.summary.clone(),
            ok: step.is_ok,
            took_ms: step.took_ms,
        }
    }
}

/// Something that could be done. Nothing is done by it: people decide, rules act.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProposalItem {
    /// The type of failure it is for.
    pub(crate) failure_type: String,
    /// What to do, step by step.
    pub(crate) steps: Vec<String>,
    /// What shows that it helped.
    pub(crate) verify: String,
    /// The ids of the facts that call for it.
    pub(crate) cites: Vec<String>,
}

impl From<&Proposal> for ProposalItem {
    fn from(proposal: &Proposal) -> Self {
        Self {
            failure_type: proposal.failure_type.clone(),
            steps: proposal.steps.clone(),
            verify: proposal.verify.clone(),
            cites: proposal.cites.clone(),
        }
    }
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CopilotAnswer {
    /// How the question was understood.
    pub(crate) understood: UnderstoodItem,
    /// The tools that were asked.
    pub(crate) steps: Vec<StepItem>,
    /// The answer itself.
    pub(crate) statements: Vec<StatementItem>,
    /// What it rests on.
    pub(crate) facts: Vec<FactItem>,
    /// What is drawn beside it.
    pub(crate) charts: Vec<ChartItem>,
    /// What could be done.
    pub(crate) proposals: Vec<ProposalItem>,
    /// Questions that may follow.
    pub(crate) follow_ups: Vec<String>,
    /// What one should know about the answer, such as that the model was away.
    pub(crate) notices: Vec<String>,
    /// Who wrote the sentences.
    pub(crate) writer: WriterItem,
    /// True if it was stopped before its end.
    pub(crate) stopped: bool,
    /// How long it took, in ms.
    pub(crate) took_ms: u64,
}

impl From<&Answer> for CopilotAnswer {
    fn from(answer: &Answer) -> Self {
        Self {
            understood: (&answer.understood).into(),
            steps: all(&answer.steps),
            statements: all(&answer.statements),
            facts: all(&answer.facts),
            charts: all(&answer.charts),
            proposals: all(&answer.proposals),
            follow_ups: answer.follow_ups.clone(),
            notices: answer.notices.clone(),
            writer: (&answer.writer).into(),
            stopped: answer.is_stopped,
            took_ms: answer.took_ms,
        }
    }
}
