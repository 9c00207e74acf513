//! Evidence: facts that can be opened. Every claim points at some.

use super::id::{AlertId, IncidentId};
use crate::automation::RunId;
use crate::change::ChangeId;
use crate::id::{RecordId, TemplateId};
use crate::metric::{FindingId, SeriesId};

/// A fact that a claim rests on.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// A log line.
    Record {
        /// Its id.
        id: RecordId,
        /// Its text, cut if it is long.
        body: String,
    },
    /// Lines of one template.
    Template {
        /// The template.
        id: TemplateId,
        /// How many there were.
        count: u64,
        /// The template as text.
        text: String,
    },
    /// Values of a metric within a window.
    Metric {
        /// The PromQL query that shows it.
        query: String,
        /// The first moment, in ms.
        from_ms: i64,
        /// The last moment, in ms.
        to_ms: i64,
        /// The value that mattered.
        value: f64,
    },
    /// An anomaly of a series.
    Anomaly {
        /// Its id.
        id: FindingId,
        /// The series.
        series: SeriesId,
        /// What it says.
        explanation: String,
    },
    /// A prediction of a series.
    Prediction {
        /// Its id.
        id: FindingId,
        /// The series.
        series: SeriesId,
        /// What it says.
        explanation: String,
    },
    /// An alert.
    Alert {
        /// Its id.
        id: AlertId,
        /// The line that says it all.
        title: String,
    },
    /// An incident.
    Incident {
        /// Its id.
        id: IncidentId,
        /// The line that says it all.
        title: String,
    },
    /// Something that was done.
    Change {
        /// Its id.
        id: ChangeId,
        /// The line that says it all.
        title: String,
    },
    /// What automation did, or waits to do.
    Run {
        /// Its id.
        id: RunId,
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

impl Evidence {
    /// The most pieces that an alert keeps: the first half and the newest half.
    pub const MAX: usize = 10;
}
