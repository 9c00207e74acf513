//! The steps that parameters of a rule ask for, with all that is sent.

use serde_json::{Map, Value, json};

use super::KEY;
use super::way::{self, Until};
use crate::automation::providers::records::{Reader, shown};
use crate::trackers::changes::CHANGES;
use crate::trackers::servicenow::{SHORT_MAX, bounded, is_sys_id, note};
use crate::trackers::text;

/// Fields that are ours, that other parameters set, or that are no rule's business.
const RESERVED: [&str; 8] = [
    "correlation_id",
    "correlation_display",
    "work_notes",
    "comments",
    "approval",
    "number",
    "active",
    "type",
];
/// The same for changes: their states are taken one by one.
const RESERVED_OF_CHANGE: [&str; 4] = ["state", "phase", "close_code", "close_notes"];

/// A step, and the table of its record.
#[derive(Debug)]
pub(in crate::automation) struct Step {
    pub(super) table: &'static str,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Makes a record of the table, or a change of a kind.
    Make { kind: Option<String>, fields: Value },
    /// Writes fields, and a note by which that is known again.
    Write(Value),
    /// Writes fields with a state that is over.
    Close(Value),
    /// Takes a change from state to state.
    Move { until: Until, close: Value },
    /// Calls a change off.
    CallOff,
}

impl Step {
    pub(super) fn shown(&self, base: &str, record: &str) -> String {
        let table = format!("{base}/api/now/table/{}", self.table);
        let change = format!("{base}/api/sn_chg_rest/v1/change");
        match &self.what {
            What::Make { kind: None, fields } => shown(&format!("POST {table}"), fields),
            What::Make {
                kind: Some(kind),
                fields,
            } => shown(&format!("POST {change}/{kind}"), fields),
            What::Write(fields) | What::Close(fields) => {
                shown(&format!("PATCH {table}/{record}"), fields)
            }
            What::Move { until, close } => {
                let to = format!(
                    "PATCH {change}/{record}\nwith each next state that it offers until it is {}; \
                     while its approval is not `approved` none in which it is implemented",
                    until.name()
                );
                match close {
                    Value::Null => to,
                    close => shown(&format!("{to}; to close it with"), close),
                }
            }
            What::CallOff => shown(
                &format!("PATCH {change}/{record}"),
                &json!({ "state": way::CANCELLED }),
            ),
        }
    }
}

/// The steps of an action on a table.
pub(super) fn steps(
    reader: &mut Reader<'_>,
    (action, table): (&str, &'static str),
    (key, close_code): (&str, &str),
) -> Result<Vec<Step>, String> {
    let by = format!("By Tocsin, run {key}.");
    let step = |what: What| Step { table, what };
    Ok(match action {
        "create_incident" => vec![step(What::Make {
            kind: None,
            fields: made(fields(reader, table)?, key)?,
        })],
        "update_incident" | "update_change" => {
            let mut fields = fields(reader, table)?;
            let said = reader.text("work_note")?;
            if fields.is_empty() && said.is_none() {
                return Err("expected `params.fields` or `params.work_note`".into());
            }
            let said = said.unwrap_or(by);
            fields.insert("work_notes".into(), note(&said, key));
            vec![step(What::Write(fields.into()))]
        }
        "close_incident" => {
            let code = reader.text("close_code")?;
            let notes = reader.text("close_notes")?;
            let state = reader.word("state", &["6", "7"])?;
            vec![step(What::Close(json!({
                "state": state,
                "close_code": code.unwrap_or_else(|| close_code.to_owned()),
                "close_notes": bounded(&notes.unwrap_or_else(|| by.clone()), ""),
                "work_notes": note(&by, key),
            })))]
        }
        "create_change" => change_steps(reader, key)?,
        "close_change" => {
            let said = json!({ "work_notes": note(&by, key) });
            let until = Until::Closed;
            let close = closing(reader)?;
            vec![step(What::Write(said)), step(What::Move { until, close })]
        }
        _ => {
            let said = reader.text("work_note")?.unwrap_or(by);
            let said = json!({ "work_notes": note(&said, key) });
            vec![step(What::Write(said)), step(What::CallOff)]
        }
    })
}

/// The fields that parameters give.
fn fields(reader: &mut Reader<'_>, table: &str) -> Result<Map<String, Value>, String> {
    let mut fields = reader.map("fields")?;
    for (name, value) in &mut fields {
        let wrong = |expected: &str| Err(format!("`params.fields.{name}`: expected {expected}"));
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 80 || !name.chars().all(is_name) {
            return wrong("the name of a field");
        }
        let is_reserved = RESERVED.contains(&&**name)
            || name.starts_with("sys_")
            || table == CHANGES && RESERVED_OF_CHANGE.contains(&&**name);
        if is_reserved {
            return wrong("a field that rules may set; see the other parameters");
        }
        let text = match &*value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => return wrong("a text"),
        };
        *value = match name == "short_description" {
            true => text::one_line(&text, SHORT_MAX).into(),
            false => bounded(&text, "").into(),
        };
    }
    Ok(fields)
}

/// The fields of a new record.
fn made(mut fields: Map<String, Value>, key: &str) -> Result<Value, String> {
    let short = fields.get("short_description").and_then(Value::as_str);
    if short.is_none_or(str::is_empty) {
        return Err("`params.fields.short_description`: expected a text".into());
    }
    fields.insert(KEY.into(), key.into());
    fields.insert("correlation_display".into(), "Tocsin".into());
    Ok(fields.into())
}

/// What a change is closed with.
fn closing(reader: &mut Reader<'_>) -> Result<Value, String> {
    let codes = ["successful", "successful_issues", "unsuccessful"];
    let code = reader.word("close_code", &codes)?;
    let notes = bounded(&reader.needed("close_notes")?, "");
    Ok(json!({ "close_code": code, "close_notes": notes }))
}

/// The steps of a new change.
fn change_steps(reader: &mut Reader<'_>, key: &str) -> Result<Vec<Step>, String> {
    let template = reader.text("template")?;
    let kind = match template {
        Some(id) if is_sys_id(&id) => format!("standard/{id}"),
        Some(_) => {
            return Err("`params.template`: expected a `sys_id`: 32 hexadecimal digits".into());
        }
        None => reader.word("type", &["normal", "emergency"])?.to_owned(),
    };
    let mut given = fields(reader, CHANGES)?;
    let fields = match kind.starts_with("standard/") {
        // The template says the rest.
        true => {
            given.insert(KEY.into(), key.into());
            given.insert("correlation_display".into(), "Tocsin".into());
            given.into()
        }
        false => made(given, key)?,
    };
    let until = Until::read(reader.word("until", &Until::NAMES)?);
    let close = match until {
        Until::Closed => closing(reader)?,
        _ => Value::Null,
    };
    let kind = Some(kind);
    let all = [What::Make { kind, fields }, What::Move { until, close }];
    let table = CHANGES;
    Ok(all.map(|what| Step { table, what }).into())
}
