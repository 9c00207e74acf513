//! Reports of causes.

use serde::{Deserialize, Serialize};
use tocsin_domain::copilot::{Cause, CauseFactor, RootCause, RootCauseSubject, RuledOutCause};
use utoipa::ToSchema;

use super::facts::{FactItem, StatementItem, WriterItem, all};
use super::series::{at, finite};
use crate::errors::ApiError;

/// The most bytes of the name of an entity.
const ENTITY_BYTES_MAX: usize = 256;

/// Reports about one thing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RootCauseAnswer {
    /// The revisions, newest first; the newest hundred.
    pub(crate) items: Vec<RootCauseItem>,
}

/// One revision of a report of a cause. Revisions are added; none is rewritten.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RootCauseItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) subject: SubjectItem,
    /// 1, 2, …
    pub(crate) revision: u32,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
    /// The first moment that was looked at.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The last moment that was looked at.
    #[schema(format = DateTime)]
    pub(crate) to: String,
    /// When the first departure began; null if none did.
    #[schema(format = DateTime)]
    pub(crate) since: Option<String>,
    /// found (the first cause is the likely one) or inconclusive (`would_settle` says what would
    /// tell).
    pub(crate) verdict: &'static str,
    /// What happened, and to what.
    pub(crate) what: Vec<StatementItem>,
    /// Who and what suffers.
    pub(crate) impact: Vec<StatementItem>,
    /// What may be the cause, the likeliest first.
    pub(crate) causes: Vec<CauseItem>,
    /// What departs and is not the cause.
    pub(crate) ruled_out: Vec<RuledOutItem>,
    /// What to do, from the rules. Nothing of it was done.
    pub(crate) remediation: Vec<StatementItem>,
    /// What would settle it, when nothing is named.
    pub(crate) would_settle: Vec<StatementItem>,
    /// What all of it rests on.
    pub(crate) facts: Vec<FactItem>,
    /// Who wrote the sentences.
    pub(crate) writer: WriterItem,
    /// How long it took, in ms.
    pub(crate) took_ms: u64,
    /// The cause that someone confirmed.
    pub(crate) confirmed: Option<String>,
}

/// What a report is about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubjectItem {
    /// alert or incident.
    pub(crate) r#type: &'static str,
    /// Its id.
    pub(crate) id: String,
}

/// Something that may be the cause.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CauseItem {
    /// The service, host or source.
    pub(crate) entity: String,
    /// Probability that it is the cause, 0 to 1; null if there is none.
    pub(crate) confidence: Option<f64>,
    /// What speaks for it.
    pub(crate) statements: Vec<StatementItem>,
    /// The reasons of its score, the greatest first.
    pub(crate) factors: Vec<CauseFactorItem>,
}

/// One reason for a cause's place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CauseFactorItem {
    /// strength, time_order, specificity, topology, explained_by_callee, change_proximity or history.
    pub(crate) kind: String,
    /// How much the reason counts.
    pub(crate) weight: Option<f64>,
    /// How much of it there is, -1 to 1.
    pub(crate) value: Option<f64>,
}

/// Something that departs and is not the cause.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuledOutItem {
    /// The service, host or source.
    pub(crate) entity: String,
    /// Why not.
    pub(crate) statement: StatementItem,
}

impl From<RootCauseSubject> for SubjectItem {
    fn from(subject: RootCauseSubject) -> Self {
        let (r#type, id) = match subject {
            RootCauseSubject::Alert(id) => ("alert", id.to_string()),
            RootCauseSubject::Incident(id) => ("incident", id.to_string()),
        };
        Self { r#type, id }
    }
}

impl From<&CauseFactor> for CauseFactorItem {
    fn from(factor: &CauseFactor) -> Self {
        Self {
            kind: factor.kind.clone(),
            weight: finite(factor.weight),
            value: finite(factor.value),
        }
    }
}

impl From<&Cause> for CauseItem {
    fn from(cause: &Cause) -> Self {
        Self {
            entity: cause.entity.clone(),
            confidence: finite(cause.confidence),
            statements: all(&cause.statements),
            factors: all(&cause.factors),
        }
    }
}

impl From<&RuledOutCause> for RuledOutItem {
    fn from(ruled_out: &RuledOutCause) -> Self {
        Self {
            entity: ruled_out.entity.clone(),
            statement: (&ruled_out.statement).into(),
        }
    }
}

impl From<&RootCause> for RootCauseItem {
    fn from(report: &RootCause) -> Self {
        Self {
            id: report.id.to_string(),
            subject: report.subject.into(),
            revision: report.revision,
            made_at: at(report.made_ms),
            from: at(report.from_ms),
            to: at(report.to_ms),
            since: report.since_ms.map(at),
            verdict: report.verdict.name(),
            what: all(&report.what),
            impact: all(&report.impact),
            causes: all(&report.causes),
            ruled_out: all(&report.ruled_out),
            remediation: all(&report.remediation),
            would_settle: all(&report.would_settle),
            facts: all(&report.facts),
            writer: (&report.writer).into(),
            took_ms: report.took_ms,
            confirmed: report.confirmed.clone(),
        }
    }
}

/// Which entity was the cause.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// The entity, at most 256 bytes; null takes back what was said.
    pub(crate) entity: Option<String>,
}

impl ConfirmRequest {
    pub(crate) fn read(self) -> Result<Option<String>, ApiError> {
        let Some(entity) = self.entity else {
            return Ok(None);
        };
        let entity = entity.trim();
        if (1..=ENTITY_BYTES_MAX).contains(&entity.len()) {
            return Ok(Some(entity.to_owned()));
        }
        let expected = format!("1 to {ENTITY_BYTES_MAX} bytes, or null");
        let detail = format!("the entity has {} bytes", entity.len());
        Err(ApiError::field("entity", &expected, detail))
    }
}
