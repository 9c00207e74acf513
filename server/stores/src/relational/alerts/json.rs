//! The JSON that alerts, events and silences are kept as, and the ids that are kept as bytes.
//!
//! Fields are named and what is not known is left alone, so that a later version can add some.
//! Floats are text, which comes back to the bit and has words for what is no number.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{AlertEventKind, AlertSeverity, LabelSet};
use tocsin_domain::metric::{MatchOp, Matcher};
use tocsin_domain::ports::StoreError;

/// A value as JSON.
pub(in super::super) fn to_text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Invalid(error.to_string()))
}

/// A value from the JSON of a column; `what` names it if it cannot be read.
pub(in super::super) fn from_text<T: DeserializeOwned>(
    text: &str,
    what: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}

/// An id or a number from its text.
pub(in super::super) fn parse<T: FromStr>(text: &str, what: &str) -> Result<T, StoreError> {
    let corrupt = |_| StoreError::Corrupt(format!("{what}: `{text}`"));
    text.parse().map_err(corrupt)
}

/// The bits of an id as bytes whose order is theirs.
pub(in super::super) fn id_bytes(bits: u128) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

/// The bits of an id from its bytes.
pub(in super::super) fn id_bits(bytes: &[u8], what: &str) -> Result<u128, StoreError> {
    let bytes = <[u8; 16]>::try_from(bytes);
    bytes
        .map(u128::from_be_bytes)
        .map_err(|_| StoreError::Corrupt(format!("the id of {what}")))
}

/// Labels as a JSON object, sorted by name, so that equal sets are equal texts.
pub(in super::super) fn labels_text(labels: &LabelSet) -> Result<String, StoreError> {
    to_text(&labels.iter().collect::<BTreeMap<_, _>>())
}

/// Labels from a JSON object.
pub(in super::super) fn labels(text: &str) -> Result<LabelSet, StoreError> {
    let pairs: BTreeMap<String, String> = from_text(text, "the labels of an alert")?;
    Ok(LabelSet::new(pairs))
}

/// What there is to an event beyond its name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct DetailRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

/// What there is to an event beyond its name, as a JSON object.
pub(super) fn detail_text(kind: &AlertEventKind) -> Result<Option<String>, StoreError> {
    let mut row = DetailRow::default();
    match kind {
        AlertEventKind::Assigned(assignee) => row.assignee.clone_from(assignee),
        AlertEventKind::Snoozed(until_ms) => row.until_ms = *until_ms,
        AlertEventKind::Escalated { from, to } => {
            row.from = Some(from.name().to_owned());
            row.to = Some(to.name().to_owned());
        }
        AlertEventKind::Commented(text) => row.text = Some(text.clone()),
        AlertEventKind::Joined { incident, because } => {
            row.incident = Some(incident.to_string());
            row.because = Some(because.clone());
        }
        AlertEventKind::Left(incident) => row.incident = Some(incident.to_string()),
        _ => return Ok(None),
    }
    to_text(&row).map(Some)
}

/// The kind of an event from its name and the rest.
pub(super) fn event_kind(name: &str, detail: Option<&str>) -> Result<AlertEventKind, StoreError> {
    const WHAT: &str = "what happened to an alert";
    let row: DetailRow = match detail {
        Some(detail) => from_text(detail, WHAT)?,
        None => DetailRow::default(),
    };
    let corrupt = || StoreError::Corrupt(format!("{WHAT}: `{name}`"));
    let severity = |name: Option<String>| {
        AlertSeverity::from_name(name.as_deref().unwrap_or_default()).ok_or_else(corrupt)
    };
    let incident = |id: Option<String>| parse(id.as_deref().unwrap_or_default(), WHAT);
    Ok(match name {
        "fired" => AlertEventKind::Fired,
        "repeated" => AlertEventKind::Repeated,
        "cleared" => AlertEventKind::Cleared,
        "returned" => AlertEventKind::Returned,
        "flapping" => AlertEventKind::Flapping,
        "steadied" => AlertEventKind::Steadied,
        "acknowledged" => AlertEventKind::Acknowledged,
        "started" => AlertEventKind::Started,
        "assigned" => AlertEventKind::Assigned(row.assignee),
        "snoozed" => AlertEventKind::Snoozed(row.until_ms),
        "escalated" => AlertEventKind::Escalated {
            from: severity(row.from)?,
            to: severity(row.to)?,
        },
        "resolved" => AlertEventKind::Resolved,
        "commented" => AlertEventKind::Commented(row.text.ok_or_else(corrupt)?),
        "joined" => AlertEventKind::Joined {
            incident: incident(row.incident)?,
            because: row.because.ok_or_else(corrupt)?,
        },
        "left" => AlertEventKind::Left(incident(row.incident)?),
        _ => return Err(corrupt()),
    })
}

const OPERATORS: [(MatchOp, &str); 4] = [
    (MatchOp::Equal, "="),
    (MatchOp::NotEqual, "!="),
    (MatchOp::Matches, "=~"),
    (MatchOp::MatchesNot, "!~"),
];

/// Matchers as a JSON list of name, operator and value.
pub(in super::super) fn matchers_text(matchers: &[Matcher]) -> Result<String, StoreError> {
    let rows = matchers.iter().map(|matcher| {
        let op = OPERATORS.iter().find(|(op, _)| *op == matcher.op);
        (
            &matcher.name,
            op.map_or("", |(_, text)| text),
            &matcher.value,
        )
    });
    to_text(&rows.collect::<Vec<_>>())
}

/// Matchers from a JSON list.
pub(in super::super) fn matchers(text: &str) -> Result<Vec<Matcher>, StoreError> {
    const WHAT: &str = "the matchers of a silence or a subscription";
    let rows: Vec<(String, String, String)> = from_text(text, WHAT)?;
    let read = |(name, op, value): (String, String, String)| {
        let known = OPERATORS.iter().find(|(_, text)| *text == op);
        let corrupt = || StoreError::Corrupt(format!("{WHAT}: `{op}`"));
        Matcher::new(known.ok_or_else(corrupt)?.0, &name, &value)
            .map_err(|error| StoreError::Corrupt(format!("{WHAT}: {error}")))
    };
    rows.into_iter().map(read).collect()
}
