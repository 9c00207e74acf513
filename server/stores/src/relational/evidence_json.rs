//! The JSON that evidence is kept as. Floats are text, which comes back to the bit.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::ports::StoreError;

use super::alerts::{from_text, parse, to_text};

/// Evidence as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum EvidenceRow {
    Record {
        id: String,
        body: String,
    },
    Template {
        id: String,
        count: u64,
        text: String,
    },
    Metric {
        query: String,
        from_ms: i64,
        to_ms: i64,
        value: String,
    },
    Anomaly {
        id: String,
        series: String,
        explanation: String,
    },
    Prediction {
        id: String,
        series: String,
        explanation: String,
    },
    Alert {
        id: String,
        title: String,
    },
    Incident {
        id: String,
        title: String,
    },
    Change {
        id: String,
        title: String,
    },
    Run {
        id: String,
        title: String,
    },
    Runbook {
        failure_type: String,
        title: String,
    },
    Attachment {
        name: String,
        line: u32,
    },
}

impl From<&Evidence> for EvidenceRow {
    fn from(evidence: &Evidence) -> Self {
        let text = |id: &dyn Display| id.to_string();
        match evidence {
            Evidence::Record { id, body } => Self::Record {
                id: text(id),
                body: body.clone(),
            },
            Evidence::Template {
                id,
                count,
                text: pattern,
            } => Self::Template {
                id: text(id),
                count: *count,
                text: pattern.clone(),
            },
            Evidence::Metric {
                query,
                from_ms,
                to_ms,
                value,
            } => Self::Metric {
                query: query.clone(),
                from_ms: *from_ms,
                to_ms: *to_ms,
                value: text(value),
            },
            Evidence::Anomaly {
                id,
                series,
                explanation,
            } => Self::Anomaly {
                id: text(id),
                series: text(series),
                explanation: explanation.clone(),
            },
            Evidence::Prediction {
                id,
                series,
                explanation,
            } => Self::Prediction {
                id: text(id),
                series: text(series),
                explanation: explanation.clone(),
            },
            Evidence::Alert { id, title } => Self::Alert {
                id: text(id),
                title: title.clone(),
            },
            Evidence::Incident { id, title } => Self::Incident {
                id: text(id),
                title: title.clone(),
            },
            Evidence::Change { id, title } => Self::Change {
                id: text(id),
                title: title.clone(),
            },
            Evidence::Run { id, title } => Self::run(text(id), title.clone()),
            Evidence::Runbook {
                failure_type,
                title,
            } => Self::Runbook {
                failure_type: failure_type.clone(),
                title: title.clone(),
            },
            Evidence::Attachment { name, line } => Self::Attachment {
                name: name.clone(),
                line: *line,
            },
        }
    }
}

impl EvidenceRow {
    fn run(id: String, title: String) -> Self {
        Self::Run { id, title }
    }

    /// The evidence that was kept.
    pub(super) fn read(self) -> Result<Evidence, StoreError> {
        const WHAT: &str = "a piece of evidence";
        Ok(match self {
            Self::Record { id, body } => Evidence::Record {
                id: parse(&id, WHAT)?,
                body,
            },
            Self::Template { id, count, text } => Evidence::Template {
                id: parse(&id, WHAT)?,
                count,
                text,
            },
            Self::Metric {
                query,
                from_ms,
                to_ms,
                value,
            } => Evidence::Metric {
                query,
                from_ms,
                to_ms,
                value: parse(&value, WHAT)?,
            },
            Self::Anomaly {
                id,
                series,
                explanation,
            } => Evidence::Anomaly {
                id: parse(&id, WHAT)?,
                series: parse(&series, WHAT)?,
                explanation,
            },
            Self::Prediction {
                id,
                series,
                explanation,
            } => Evidence::Prediction {
                id: parse(&id, WHAT)?,
                series: parse(&series, WHAT)?,
                explanation,
            },
            Self::Alert { id, title } => Evidence::Alert {
                id: parse(&id, WHAT)?,
                title,
            },
            Self::Incident { id, title } => Evidence::Incident {
                id: parse(&id, WHAT)?,
                title,
            },
            Self::Change { id, title } => Evidence::Change {
                id: parse(&id, WHAT)?,
                title,
            },
            Self::Run { id, title } => Evidence::Run {
                id: parse(&id, WHAT)?,
                title,
            },
            Self::Runbook {
                failure_type,
                title,
            } => Evidence::Runbook {
                failure_type,
                title,
            },
            Self::Attachment { name, line } => Evidence::Attachment { name, line },
        })
    }
}

/// Evidence as a JSON list.
pub(super) fn evidence_text(evidence: &[Evidence]) -> Result<String, StoreError> {
    to_text(&evidence.iter().map(EvidenceRow::from).collect::<Vec<_>>())
}

/// Evidence from a JSON list.
pub(super) fn evidence(text: &str) -> Result<Vec<Evidence>, StoreError> {
    let rows: Vec<EvidenceRow> = from_text(text, "a piece of evidence")?;
    rows.into_iter().map(EvidenceRow::read).collect()
}
