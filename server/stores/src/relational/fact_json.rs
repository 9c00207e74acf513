//! The JSON of facts, of the statements that cite them, and of who wrote those: what answers and
//! reports of causes have in common.

use serde::{Deserialize, Serialize};
use tocsin_domain::copilot::{Fact, Statement, Writer};
use tocsin_domain::ports::StoreError;

use super::evidence_json::EvidenceRow;

/// A row that says what a type of the domain says, field by field.
macro_rules! mirror {
    ($row:ident, $word:ident { $($field:ident),+ }) => {
        impl From<$word> for $row {
            fn from($word { $($field),+ }: $word) -> Self {
                Self { $($field),+ }
            }
        }

        impl From<$row> for $word {
            fn from($row { $($field),+ }: $row) -> Self {
                Self { $($field),+ }
            }
        }
    };
}
pub(super) use mirror;

/// A fact.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FactRow {
    id: String,
    text: String,
    at_ms: Option<i64>,
    evidence: EvidenceRow,
}

impl From<&Fact> for FactRow {
    fn from(fact: &Fact) -> Self {
        Self {
            id: fact.id.clone(),
            text: fact.text.clone(),
            at_ms: fact.at_ms,
            evidence: EvidenceRow::from(&fact.evidence),
        }
    }
}

impl FactRow {
    fn read(self) -> Result<Fact, StoreError> {
        Ok(Fact {
            id: self.id,
            text: self.text,
            at_ms: self.at_ms,
            evidence: self.evidence.read()?,
        })
    }
}

/// Facts as they are kept.
pub(super) fn fact_rows(facts: &[Fact]) -> Vec<FactRow> {
    facts.iter().map(FactRow::from).collect()
}

/// Facts that were kept.
pub(super) fn facts(rows: Vec<FactRow>) -> Result<Vec<Fact>, StoreError> {
    rows.into_iter().map(FactRow::read).collect()
}

/// A statement.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StatementRow {
    text: String,
    cites: Vec<String>,
}

mirror!(StatementRow, Statement { text, cites });

/// Who wrote the sentences.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WriterRow {
    provider: String,
    model: String,
    prompt_hash: String,
    dropped: u32,
}

mirror!(
    WriterRow,
    Writer {
        provider,
        model,
        prompt_hash,
        dropped
    }
);

/// A list as it is kept, or as it was.
pub(super) fn each<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(B::from).collect()
}
