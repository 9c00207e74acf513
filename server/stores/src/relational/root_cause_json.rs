//! The JSON that a report of a cause is kept as. Who it is, what it is about, its revision, when it
//! was made and what someone confirmed stand in columns of their own. Floats are text, which comes
//! back to the bit.

use serde::{Deserialize, Serialize};
use tocsin_domain::copilot::{
    Cause, CauseFactor, RootCause, RootCauseId, RootCauseSubject, RootCauseVerdict, RuledOutCause,
};
use tocsin_domain::ports::StoreError;

use super::alerts::parse;
use super::fact_json::{FactRow, StatementRow, WriterRow, each, fact_rows, facts};

const WHAT: &str = "a report of a cause";

#[derive(Debug, Serialize, Deserialize)]
struct FactorRow {
    kind: String,
    weight: String,
    value: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct CauseRow {
    entity: String,
    confidence: String,
    statements: Vec<StatementRow>,
    factors: Vec<FactorRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RuledOutRow {
    entity: String,
    statement: StatementRow,
}

/// A report, but for its columns.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReportRow {
    from_ms: i64,
    to_ms: i64,
    since_ms: Option<i64>,
    verdict: String,
    what: Vec<StatementRow>,
    impact: Vec<StatementRow>,
    causes: Vec<CauseRow>,
    ruled_out: Vec<RuledOutRow>,
    remediation: Vec<StatementRow>,
    would_settle: Vec<StatementRow>,
    facts: Vec<FactRow>,
    writer: WriterRow,
    took_ms: u64,
}

/// The columns of a report.
#[derive(Debug)]
pub(super) struct ReportColumns {
    pub(super) id: RootCauseId,
    pub(super) subject: RootCauseSubject,
    pub(super) revision: u32,
    pub(super) made_ms: i64,
    pub(super) confirmed: Option<String>,
}

impl From<RootCause> for ReportRow {
    fn from(report: RootCause) -> Self {
        Self {
            from_ms: report.from_ms,
            to_ms: report.to_ms,
            since_ms: report.since_ms,
            verdict: report.verdict.name().to_owned(),
            what: each(report.what),
            impact: each(report.impact),
            causes: each(report.causes),
            ruled_out: each(report.ruled_out),
            remediation: each(report.remediation),
            would_settle: each(report.would_settle),
            facts: fact_rows(&report.facts),
            writer: report.writer.into(),
            took_ms: report.took_ms,
        }
    }
}

impl ReportRow {
    /// The report that was kept.
    pub(super) fn read(self, columns: ReportColumns) -> Result<RootCause, StoreError> {
        let verdict = RootCauseVerdict::from_name(&self.verdict);
        let corrupt = || StoreError::Corrupt(format!("{WHAT}: the verdict `{}`", self.verdict));
        Ok(RootCause {
            id: columns.id,
            subject: columns.subject,
            revision: columns.revision,
            made_ms: columns.made_ms,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
            since_ms: self.since_ms,
            verdict: verdict.ok_or_else(corrupt)?,
            what: each(self.what),
            impact: each(self.impact),
            causes: self
                .causes
                .into_iter()
                .map(CauseRow::read)
                .collect::<Result<_, _>>()?,
            ruled_out: each(self.ruled_out),
            remediation: each(self.remediation),
            would_settle: each(self.would_settle),
            facts: facts(self.facts)?,
            writer: self.writer.into(),
            took_ms: self.took_ms,
            confirmed: columns.confirmed,
        })
    }
}

impl From<Cause> for CauseRow {
    fn from(cause: Cause) -> Self {
        Self {
            entity: cause.entity,
            confidence: cause.confidence.to_string(),
            statements: each(cause.statements),
            factors: each(cause.factors),
        }
    }
}

impl CauseRow {
    fn read(self) -> Result<Cause, StoreError> {
        Ok(Cause {
            entity: self.entity,
            confidence: parse(&self.confidence, WHAT)?,
            statements: each(self.statements),
            factors: self
                .factors
                .into_iter()
                .map(FactorRow::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl From<CauseFactor> for FactorRow {
    fn from(factor: CauseFactor) -> Self {
        Self {
            kind: factor.kind,
            weight: factor.weight.to_string(),
            value: factor.value.to_string(),
        }
    }
}

impl FactorRow {
    fn read(self) -> Result<CauseFactor, StoreError> {
        Ok(CauseFactor {
            kind: self.kind,
            weight: parse(&self.weight, WHAT)?,
            value: parse(&self.value, WHAT)?,
        })
    }
}

impl From<RuledOutCause> for RuledOutRow {
    fn from(ruled_out: RuledOutCause) -> Self {
        Self {
            entity: ruled_out.entity,
            statement: ruled_out.statement.into(),
        }
    }
}

impl From<RuledOutRow> for RuledOutCause {
    fn from(row: RuledOutRow) -> Self {
        Self {
            entity: row.entity,
            statement: row.statement.into(),
        }
    }
}
