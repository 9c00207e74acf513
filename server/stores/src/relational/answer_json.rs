//! The JSON that answers are kept as, and the page that a question was asked from.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tocsin_domain::copilot::{Answer, Chart, PageContext, Proposal, Step, Understood};
use tocsin_domain::ports::StoreError;

use super::alerts::parse;
use super::fact_json::{FactRow, StatementRow, WriterRow, each, fact_rows, facts, mirror};

#[derive(Debug, Serialize, Deserialize)]
struct UnderstoodRow {
    intent: String,
    text: String,
    entities: Vec<String>,
    from_ms: i64,
    to_ms: i64,
    time_words: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StepRow {
    tool: String,
    arguments_json: String,
    summary: String,
    is_ok: bool,
    took_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ChartRow {
    title: String,
    query: String,
    from_ms: i64,
    to_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ProposalRow {
    failure_type: String,
    steps: Vec<String>,
    verify: String,
    cites: Vec<String>,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AnswerRow {
    understood: UnderstoodRow,
    steps: Vec<StepRow>,
    statements: Vec<StatementRow>,
    facts: Vec<FactRow>,
    charts: Vec<ChartRow>,
    proposals: Vec<ProposalRow>,
    follow_ups: Vec<String>,
    notices: Vec<String>,
    writer: WriterRow,
    is_stopped: bool,
    took_ms: u64,
}

impl From<Answer> for AnswerRow {
    fn from(answer: Answer) -> Self {
        Self {
            understood: answer.understood.into(),
            steps: each(answer.steps),
            statements: each(answer.statements),
            facts: fact_rows(&answer.facts),
            charts: each(answer.charts),
            proposals: each(answer.proposals),
            follow_ups: answer.follow_ups,
            notices: answer.notices,
            writer: answer.writer.into(),
            is_stopped: answer.is_stopped,
            took_ms: answer.took_ms,
        }
    }
}

impl AnswerRow {
    /// The answer that was kept.
    pub(super) fn read(self) -> Result<Answer, StoreError> {
        Ok(Answer {
            understood: self.understood.into(),
            steps: each(self.steps),
            statements: each(self.statements),
            facts: facts(self.facts)?,
            charts: each(self.charts),
            proposals: each(self.proposals),
            follow_ups: self.follow_ups,
            notices: self.notices,
            writer: self.writer.into(),
            is_stopped: self.is_stopped,
            took_ms: self.took_ms,
        })
    }
}

mirror!(
    UnderstoodRow,
    Understood {
        intent,
        text,
        entities,
        from_ms,
        to_ms,
        time_words
    }
);
mirror!(
    StepRow,
    Step {
        tool,
        arguments_json,
        summary,
        is_ok,
        took_ms
    }
);
mirror!(
    ChartRow,
    Chart {
        title,
        query,
        from_ms,
        to_ms
    }
);
mirror!(
    ProposalRow,
    Proposal {
        failure_type,
        steps,
        verify,
        cites
    }
);

/// The page a question was asked from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PageRow {
    alert: Option<String>,
    incident: Option<String>,
    record: Option<String>,
    metric: Option<String>,
    query: Option<String>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

impl From<PageContext> for PageRow {
    fn from(page: PageContext) -> Self {
        Self {
            alert: page.alert.map(|id| id.to_string()),
            incident: page.incident.map(|id| id.to_string()),
            record: page.record.map(|id| id.to_string()),
            metric: page.metric,
            query: page.query,
            from_ms: page.from_ms,
            to_ms: page.to_ms,
        }
    }
}

impl PageRow {
    /// The page that was kept.
    pub(super) fn read(self) -> Result<PageContext, StoreError> {
        Ok(PageContext {
            alert: id(self.alert)?,
            incident: id(self.incident)?,
            record: id(self.record)?,
            metric: self.metric,
            query: self.query,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
        })
    }
}

fn id<T: FromStr>(text: Option<String>) -> Result<Option<T>, StoreError> {
    text.map(|text| parse(&text, "the page of a question"))
        .transpose()
}
