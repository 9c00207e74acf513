//! What the copilot can do, its tools, and what its model was sent.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use tocsin_domain::ports::language_model::{ModelGrade, ToolSpec};
use tocsin_domain::ports::model_ledger::LedgerEntry;
use tocsin_domain::ports::{CopilotStatus, ToolAnswer};
use utoipa::ToSchema;

use super::facts::{ChartItem, FactItem, all};
use super::jobs::json;
use super::series::at;

/// Who answers questions now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CopilotStatusAnswer {
    /// extractive (no model), openai or ollama.
    pub(crate) provider: &'static str,
    /// The model; empty for `extractive`.
    pub(crate) model: String,
    /// The host that texts are sent to; empty for `extractive`.
    pub(crate) host: String,
    /// What the model can do.
    pub(crate) grade: GradeItem,
    /// What that means for those who ask, in a sentence.
    pub(crate) explanation: String,
    /// How many questions are being answered.
    pub(crate) answering: usize,
}

/// What a model can do, as it was found to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GradeItem {
    /// Why it is not known (yet); null once it is.
    pub(crate) unknown: Option<String>,
    /// Its words come piece by piece.
    pub(crate) streams: bool,
    /// It proposes calls of tools when it should.
    pub(crate) calls_tools: bool,
    /// It keeps to a JSON schema.
    pub(crate) keeps_json: bool,
    /// Tokens of prompt and answer together; 0 if there is no model.
    pub(crate) context_tokens: u32,
}

impl From<ModelGrade> for GradeItem {
    fn from(grade: ModelGrade) -> Self {
        Self {
            unknown: grade.unknown,
            streams: grade.streams,
            calls_tools: grade.calls_tools,
            keeps_json: grade.keeps_json,
            context_tokens: grade.context_tokens,
        }
    }
}

impl From<CopilotStatus> for CopilotStatusAnswer {
    fn from(status: CopilotStatus) -> Self {
        Self {
            provider: status.model.provider.name(),
            model: status.model.name,
            host: status.model.host,
            grade: status.model.grade.into(),
            explanation: status.explanation,
            answering: status.answering,
        }
    }
}

/// The tools that the copilot reads with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolAnswerList {
    /// The tools.
    pub(crate) items: Vec<ToolItem>,
}

/// A tool. All of them only read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolItem {
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: String,
    /// JSON schema of its arguments.
    #[schema(value_type = Object)]
    pub(crate) parameters: Value,
}

impl From<ToolSpec> for ToolItem {
    fn from(tool: ToolSpec) -> Self {
        Self {
            name: tool.name,
            description: tool.description,
            parameters: json(&tool.parameters_json_schema),
        }
    }
}

/// What a tool found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolResult {
    /// What came of it, in a line.
    pub(crate) summary: String,
    /// What it found, to be cited.
    pub(crate) facts: Vec<FactItem>,
    /// What can be drawn of it.
    pub(crate) charts: Vec<ChartItem>,
    /// What it found, whole.
    #[schema(value_type = Object)]
    pub(crate) result: Value,
}

impl From<ToolAnswer> for ToolResult {
    fn from(answer: ToolAnswer) -> Self {
        Self {
            facts: all(&answer.facts),
            charts: all(&answer.charts),
            result: json(&answer.json),
            summary: answer.summary,
        }
    }
}

/// One page of what was sent to models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerAnswer {
    /// The calls, newest first.
    pub(crate) items: Vec<LedgerItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// One call of a model. What was sent is not kept, only what tells that it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// When the text left.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// openai or ollama.
    pub(crate) provider: String,
    /// The model.
    pub(crate) model: String,
    /// The host, and port, it was sent to.
    pub(crate) destination: String,
    /// On whose behalf; `system` for what runs by itself.
    pub(crate) user: String,
    /// The question, or report, it was part of.
    pub(crate) question_id: String,
    /// Name of the prompt.
    pub(crate) task: String,
    /// Hash of prompt, model and settings.
    pub(crate) prompt_hash: String,
    /// Tokens sent; an estimate where the provider did not say.
    pub(crate) tokens_in: u64,
    /// Tokens that came back; an estimate where the provider did not say.
    pub(crate) tokens_out: u64,
    /// What it cost, in US dollars, by the prices of the configuration.
    pub(crate) cost_usd: f64,
    /// How many different values of each kind were cut out before.
    pub(crate) redactions: BTreeMap<String, u32>,
    /// ok, cut (given up by the reader), or the kind of the error.
    pub(crate) outcome: String,
    /// From sending to the end of the answer, in ms.
    pub(crate) took_ms: u64,
    /// SHA-256 of the body that was sent.
    pub(crate) sent_sha256: String,
}

impl From<LedgerEntry> for LedgerItem {
    fn from(entry: LedgerEntry) -> Self {
        // Below 2^53 millionths, nine milliards of dollars, nothing is lost.
        let cost_usd = entry.micro_usd as f64 / 1e6;
        Self {
            id: entry.id.to_string(),
            at: at(entry.at_ms),
            provider: entry.provider,
            model: entry.model,
            destination: entry.destination,
            user: entry.user,
            question_id: uuid::Uuid::from_u128(entry.question_id).to_string(),
            task: entry.task,
            prompt_hash: entry.prompt_hash,
            tokens_in: entry.tokens_in,
            tokens_out: entry.tokens_out,
            cost_usd,
            redactions: entry.redactions.into_iter().collect(),
            outcome: entry.outcome,
            took_ms: entry.took_ms,
            sent_sha256: entry.sent_sha256,
        }
    }
}
