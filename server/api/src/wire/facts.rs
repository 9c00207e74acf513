//! Facts, sentences that cite them, and what is drawn and said beside them.

use serde::Serialize;
use tocsin_domain::copilot::{Chart, Fact, Statement, Writer};
use utoipa::ToSchema;

use super::evidence::EvidenceItem;
use super::series::at;

/// Evidence under a short id, as it is cited within one answer, report or summary.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactItem {
    /// `E1`, `E2`, …
    pub(crate) id: String,
    /// What it says, in one line. Words of logs and labels are in it: show it as text only.
    pub(crate) text: String,
    /// When it was so; null for what has no time.
    #[schema(format = DateTime)]
    pub(crate) at: Option<String>,
    /// What opens when it is clicked.
    pub(crate) evidence: EvidenceItem,
}

impl From<&Fact> for FactItem {
    fn from(fact: &Fact) -> Self {
        Self {
            id: fact.id.clone(),
            text: fact.text.clone(),
            at: fact.at_ms.map(at),
            evidence: (&fact.evidence).into(),
        }
    }
}

/// One sentence, with the facts it rests on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementItem {
    /// The sentence; plain text.
    pub(crate) text: String,
    /// Ids of facts.
    pub(crate) cites: Vec<String>,
}

impl From<&Statement> for StatementItem {
    fn from(statement: &Statement) -> Self {
        Self {
            text: statement.text.clone(),
            cites: statement.cites.clone(),
        }
    }
}

/// A chart; its points are at `/api/v1/metrics/query?q=`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChartItem {
    /// What it shows.
    pub(crate) title: String,
    /// The PromQL query.
    pub(crate) query: String,
    /// The first moment.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The last moment.
    #[schema(format = DateTime)]
    pub(crate) to: String,
}

impl From<&Chart> for ChartItem {
    fn from(chart: &Chart) -> Self {
        Self {
            title: chart.title.clone(),
            query: chart.query.clone(),
            from: at(chart.from_ms),
            to: at(chart.to_ms),
        }
    }
}

/// Who wrote the sentences.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WriterItem {
    /// extractive (no model: rules assembled them from evidence), openai or ollama.
    pub(crate) provider: String,
    /// The model; empty for `extractive`.
    pub(crate) model: String,
    /// Hash of prompt, model and settings; empty for `extractive`.
    pub(crate) prompt_hash: String,
    /// How many sentences of the model were dropped, since their evidence does not bear them out.
    pub(crate) dropped: u32,
}

impl From<&Writer> for WriterItem {
    fn from(writer: &Writer) -> Self {
        Self {
            provider: writer.provider.clone(),
            model: writer.model.clone(),
            prompt_hash: writer.prompt_hash.clone(),
            dropped: writer.dropped,
        }
    }
}

/// Each of some things as it is on the wire.
pub(crate) fn all<'a, T, W: From<&'a T>>(things: &'a [T]) -> Vec<W> {
    things.iter().map(W::from).collect()
}
