//! Evidence on the wire.

use serde::Serialize;
use tocsin_domain::alert::Evidence;
use utoipa::ToSchema;

use super::series::{at, finite};

/// A fact that a claim rests on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum EvidenceItem {
    /// A log line.
    Record {
        /// Its id.
        id: String,
        /// Its text, cut if it is long.
        body: String,
    },
    /// Lines of one template.
    Template {
        /// The template's id.
        id: String,
        /// How many there were.
        count: u64,
        /// The template as text.
        text: String,
    },
    /// Values of a metric within a window.
    Metric {
        /// The PromQL query that shows it.
        query: String,
        /// The first moment.
        #[schema(format = DateTime)]
        from: String,
        /// The last moment.
        #[schema(format = DateTime)]
        to: String,
        /// The value that mattered.
        value: Option<f64>,
    },
    /// An anomaly of a series.
    Anomaly {
        /// Its id.
        id: String,
        /// The id of the series.
        series: String,
        /// What it says.
        explanation: String,
    },
    /// A prediction of a series.
    Prediction {
        /// Its id.
        id: String,
        /// The id of the series.
        series: String,
        /// What it says.
        explanation: String,
    },
    /// An alert.
    Alert {
        /// Its id.
        id: String,
        /// The line that says it all.
        title: String,
    },
    /// An incident.
    Incident {
        /// Its id.
        id: String,
        /// The line that says it all.
        title: String,
    },
    /// Something that was done.
    Change {
        /// Its id.
        id: String,
        /// The line that says it all.
        title: String,
    },
    /// What automation did, or waits to do.
    Run {
        /// Its id.
        id: String,
        /// The line that says it all.
        title: String,
    },
    /// What a runbook says about a type of failure.
    Runbook {
        /// The type of failure.
        failure_type: String,
        /// Its title.
        title: String,
    },
    /// A line of a text that was attached to a question.
    Attachment {
        /// What the text is called.
        name: String,
        /// Which line, from 1.
        line: u32,
    },
}

impl From<&Evidence> for EvidenceItem {
    fn from(evidence: &Evidence) -> Self {
        match evidence {
            Evidence::Record { id, body } => Self::Record {
                id: id.to_string(),
                body: body.clone(),
            },
            Evidence::Template { id, count, text } => Self::Template {
                id: id.to_string(),
                count: *count,
                text: text.clone(),
            },
            Evidence::Metric {
                query,
                from_ms,
                to_ms,
                value,
            } => Self::Metric {
                query: query.clone(),
                from: at(*from_ms),
                to: at(*to_ms),
                value: finite(*value),
            },
            Evidence::Anomaly {
                id,
                series,
                explanation,
            } => Self::Anomaly {
                id: id.to_string(),
                series: series.to_string(),
                explanation: explanation.clone(),
            },
            Evidence::Prediction {
                id,
                series,
                explanation,
            } => Self::Prediction {
                id: id.to_string(),
                series: series.to_string(),
                explanation: explanation.clone(),
            },
            Evidence::Alert { id, title } => Self::Alert {
                id: id.to_string(),
                title: title.clone(),
            },
            Evidence::Incident { id, title } => Self::Incident {
                id: id.to_string(),
                title: title.clone(),
            },
            Evidence::Change { id, title } => Self::Change {
                id: id.to_string(),
                title: title.clone(),
            },
            Evidence::Run { id, title } => Self::Run {
                id: id.to_string(),
                title: title.clone(),
            },
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
