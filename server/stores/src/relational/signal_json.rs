//! The JSON that signals are kept as. Floats are text, which comes back to the bit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::TraceContext;
use tocsin_domain::alert::{AlertKind, AlertSeverity, LabelSet};
use tocsin_domain::metric::FindingId;
use tocsin_domain::ports::{SignalRecord, SignalWhat, StoreError};

use super::alerts::{from_text, parse, to_text};
use super::evidence_json::EvidenceRow;

const WHAT: &str = "a signal";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhatRow {
    Occurred(Vec<i64>),
    Began,
    Ended,
}

#[derive(Debug, Serialize, Deserialize)]
struct SignalRow {
    rule: String,
    labels: BTreeMap<String, String>,
    kind: String,
    severity: String,
    confidence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_type: Option<String>,
    title: String,
    annotations: BTreeMap<String, String>,
    evidence: Vec<EvidenceRow>,
    at_ms: i64,
    what: WhatRow,
    /// As the header `traceparent` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

/// Ids alone, or with the work that found them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum IdsRow {
    Ids(Vec<String>),
    Traced { ids: Vec<String>, trace: String },
}

fn map(labels: &LabelSet) -> BTreeMap<String, String> {
    let pairs = labels.iter();
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl From<&SignalRecord> for SignalRow {
    fn from(signal: &SignalRecord) -> Self {
        Self {
            rule: signal.rule.clone(),
            labels: map(&signal.labels),
            kind: signal.kind.name().to_owned(),
            severity: signal.severity.name().to_owned(),
            confidence: signal.confidence.to_string(),
            failure_type: signal.failure_type.clone(),
            title: signal.title.clone(),
            annotations: map(&signal.annotations),
            evidence: signal.evidence.iter().map(EvidenceRow::from).collect(),
            at_ms: signal.at_ms,
            what: match &signal.what {
                SignalWhat::Occurred(times) => WhatRow::Occurred(times.clone()),
                SignalWhat::Began => WhatRow::Began,
                SignalWhat::Ended => WhatRow::Ended,
            },
            trace: signal.trace.map(|trace| trace.to_string()),
        }
    }
}

impl SignalRow {
    fn read(self) -> Result<SignalRecord, StoreError> {
        let corrupt = |name: &str| StoreError::Corrupt(format!("{WHAT}: `{name}`"));
        let evidence = self.evidence.into_iter().map(EvidenceRow::read);
        Ok(SignalRecord {
            kind: AlertKind::from_name(&self.kind).ok_or_else(|| corrupt(&self.kind))?,
            severity: AlertSeverity::from_name(&self.severity)
                .ok_or_else(|| corrupt(&self.severity))?,
            confidence: parse(&self.confidence, WHAT)?,
            evidence: evidence.collect::<Result<_, _>>()?,
            rule: self.rule,
            labels: LabelSet::new(self.labels),
            failure_type: self.failure_type,
            title: self.title,
            annotations: LabelSet::new(self.annotations),
            at_ms: self.at_ms,
            what: match self.what {
                WhatRow::Occurred(times) => SignalWhat::Occurred(times),
                WhatRow::Began => SignalWhat::Began,
                WhatRow::Ended => SignalWhat::Ended,
            },
            // What cannot be read is no reason to lose a signal.
            trace: self.trace.and_then(|trace| trace.parse().ok()),
        })
    }
}

/// Signals as a JSON list.
pub(super) fn signals_text(signals: &[SignalRecord]) -> Result<String, StoreError> {
    to_text(&signals.iter().map(SignalRow::from).collect::<Vec<_>>())
}

/// Signals from a JSON list.
pub(super) fn signals(text: &str) -> Result<Vec<SignalRecord>, StoreError> {
    let rows: Vec<SignalRow> = from_text(text, WHAT)?;
    rows.into_iter().map(SignalRow::read).collect()
}

/// Ids of findings as JSON.
pub(super) fn ids_text(
    ids: &[FindingId],
    trace: Option<TraceContext>,
) -> Result<String, StoreError> {
    let ids = ids.iter().map(ToString::to_string).collect();
    to_text(&match trace {
        None => IdsRow::Ids(ids),
        Some(trace) => IdsRow::Traced {
            ids,
            trace: trace.to_string(),
        },
    })
}

/// Ids of findings from JSON, and the work that found them.
pub(super) fn ids(text: &str) -> Result<(Vec<FindingId>, Option<TraceContext>), StoreError> {
    let (ids, trace) = match from_text(text, "the ids of findings")? {
        IdsRow::Ids(ids) => (ids, None),
        IdsRow::Traced { ids, trace } => (ids, trace.parse().ok()),
    };
    let ids = ids.iter().map(|id| parse(id, "the id of a finding"));
    Ok((ids.collect::<Result<_, _>>()?, trace))
}
