//! The changes of ServiceNow: its Change Management API, and what the Table API does with them. Normal
//! and emergency changes are assessed and approved by people; standard ones, of a template, are
//! approved from the beginning. A state that the model does not offer is taken back without a word.

use serde_json::{Map, Value, json};

use super::servicenow::{
    FIXED_TIME, ServiceNowDouble, ServiceNowRecord, ServiceNowSettings, State, not_found, refused,
    set, shown,
};
use crate::web::{Reply, Request};

/// States, and what people call them.
const STATES: [(&str, &str); 8] = [
    ("-5", "New"),
    ("-4", "Assess"),
    ("-3", "Authorize"),
    ("-2", "Scheduled"),
    ("-1", "Implement"),
    ("0", "Review"),
    ("3", "Closed"),
    ("4", "Canceled"),
];
/// The name of the template.
const TEMPLATE_NAME: &str = "Clean a disk";
/// What a change is closed with.
const CODES: [&str; 3] = ["successful", "successful_issues", "unsuccessful"];

/// The states that may follow, each with a condition that it has and whether that is met.
fn following(
    settings: ServiceNowSettings,
    change: &ServiceNowRecord,
) -> Vec<(&'static str, Option<(&'static str, bool)>)> {
    let is_approved = change.field("approval") == "approved";
    let is_approved = Some(("Change is approved", is_approved));
    let group = !settings.asks_group || !change.field("assignment_group").is_empty();
    let group = Some(("Assignment group is set", group));
    let is_standard = change.field("type") == "standard";
    let mut all = match (change.field("state"), is_standard) {
        ("-5", true) => vec![("-2", None)],
        ("-5", false) => vec![("-4", group)],
        ("-4", _) => vec![("-3", is_approved)],
        ("-3", _) => vec![("-2", is_approved)],
        ("-2", _) => vec![("-1", is_approved)],
        ("-1", _) => vec![("0", None)],
        ("0", _) => return vec![("3", None)],
        _ => return Vec::new(),
    };
    all.push(("4", None));
    all
}

pub(super) fn answer(state: &mut State, rest: &[&str], request: &Request) -> Reply {
    let settings = state.settings;
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let limit = request.query("sysparm_limit");
            let limit = limit.and_then(|most| most.parse().ok()).unwrap_or(500);
            let all = state.changes.iter().take(limit).map(fields_of);
            Reply::json(200, &json!({ "result": all.collect::<Vec<_>>() }))
        }
        ("POST", [kind @ ("normal" | "emergency")]) => create(state, kind, request),
        ("POST", ["standard", id]) if *id == ServiceNowDouble::TEMPLATE => {
            create(state, "standard", request)
        }
        ("GET", ["standard", "template", id]) if *id == ServiceNowDouble::TEMPLATE => {
            let name = json!({ "value": TEMPLATE_NAME, "display_value": TEMPLATE_NAME });
            let id = json!({ "value": id, "display_value": id });
            Reply::json(
                200,
                &json!({ "result": { "sys_id": id, "sys_name": name } }),
            )
        }
        (_, ["standard", ..]) => not_found(),
        (method, [id, rest @ ..]) => {
            let mut all = state.changes.iter_mut();
            let Some(change) = all.find(|one| one.field("sys_id") == *id) else {
                return not_found();
            };
            match (method, rest) {
                ("GET", []) => whole(change),
                ("PATCH", []) => match self::change(settings, change, request) {
                    Ok(()) => whole(change),
                    Err(reply) => reply,
                },
                ("GET", ["nextstates"]) => next_states(settings, change),
                ("PATCH", ["approvals"]) => approve(settings, change, request),
                _ => refused(405, "Method not supported", ""),
            }
        }
        _ => refused(400, "Requested URI does not represent any resource", ""),
    }
}

/// A change, its fields each with what is shown.
fn whole(change: &ServiceNowRecord) -> Reply {
    Reply::json(200, &json!({ "result": fields_of(change) }))
}

fn fields_of(change: &ServiceNowRecord) -> Value {
    let fields = change.fields.iter().map(|(name, value)| {
        let label = STATES
            .iter()
            .find(|(state, _)| name == "state" && state == value);
        let label = label.map_or(&**value, |(_, label)| *label);
        let pair = json!({ "value": value, "display_value": label });
        (name.clone(), pair)
    });
    Value::Object(fields.collect())
}

fn create(state: &mut State, kind: &str, request: &Request) -> Reply {
    let body = match request.body.is_empty() {
        true => json!({}),
        false => request.json().unwrap_or_default(),
    };
    if !body.is_object() {
        return refused(400, "The payload is not valid JSON.", "");
    }
    add(state, kind, &body);
    state.changes.last().map_or_else(not_found, whole)
}

/// Makes a change by the Table API.
pub(super) fn create_row(state: &mut State, request: &Request) -> Reply {
    let Some(body) = request.json().filter(Value::is_object) else {
        return refused(400, "The payload is not valid JSON.", "");
    };
    add(state, "normal", &body);
    let Some(change) = state.changes.last() else {
        return not_found();
    };
    let location = format!("/api/now/table/change_request/{}", change.field("sys_id"));
    let reply = json!({ "result": shown(change, request) });
    Reply::json(201, &reply).with("Location", location)
}

fn add(state: &mut State, kind: &str, body: &Value) {
    state.opened += 1;
    let number = state.opened;
    let approval = match kind {
        "standard" => "approved",
        _ => "not requested",
    };
    let mut change = ServiceNowRecord::default();
    let given = [
        ("sys_id", format!("{:032x}", 0xc000 + number)),
        ("number", format!("CHG{:07}", 30_000 + number)),
        ("approval", approval.into()),
        ("type", kind.into()),
        ("active", "true".into()),
        ("sys_created_on", FIXED_TIME.into()),
    ];
    let empty = ["correlation_id", "correlation_display", "description"];
    let empty = empty
        .into_iter()
        .chain(["assignment_group", "short_description"]);
    for (name, value) in empty.map(|name| (name, String::new())).chain(given) {
        change.fields.insert(name.into(), value);
    }
    if kind == "standard" {
        let name = TEMPLATE_NAME.to_owned();
        change.fields.insert("short_description".into(), name);
    }
    set(state.settings, &mut change, body);
    // Whatever is asked for, it begins as a new one.
    change.fields.insert("state".into(), "-5".into());
    state.changes.push(change);
}

/// Changes a change.
pub(super) fn change(
    settings: ServiceNowSettings,
    change: &mut ServiceNowRecord,
    request: &Request,
) -> Result<(), Reply> {
    let Some(body) = request.json().filter(Value::is_object) else {
        return Err(refused(400, "The payload is not valid JSON.", ""));
    };
    let before = change.field("state").to_owned();
    let mut changed = change.clone();
    set(settings, &mut changed, &body);
    let wanted = changed.field("state").to_owned();
    let may = following(settings, change);
    let may = may
        .iter()
        .any(|(state, condition)| *state == wanted && condition.is_none_or(|(_, is_met)| is_met));
    if wanted != before && (!may || settings.takes_back) {
        changed.fields.insert("state".into(), before.clone());
    }
    let is_good = CODES.contains(&changed.field("close_code"));
    if changed.field("state") == "3" && (!is_good || changed.field("close_notes").is_empty()) {
        let said = "Data Policy Exception: The following fields are mandatory: Close code, Close \
            notes";
        return Err(refused(403, "Operation Failed", said));
    }
    if before == "-5" && changed.field("state") == "-4" {
        changed.fields.insert("approval".into(), "requested".into());
    }
    let is_active = !["3", "4"].contains(&changed.field("state"));
    changed
        .fields
        .insert("active".into(), is_active.to_string());
    *change = changed;
    Ok(())
}

/// What people say of a change.
pub(super) fn decide(settings: ServiceNowSettings, change: &mut ServiceNowRecord, approval: &str) {
    change.fields.insert("approval".into(), approval.into());
    // It is authorized and scheduled by itself.
    if approval == "approved" && !settings.stays && change.field("state") == "-4" {
        change.fields.insert("state".into(), "-2".into());
    }
}

fn approve(
    settings: ServiceNowSettings,
    change: &mut ServiceNowRecord,
    request: &Request,
) -> Reply {
    let body = request.json().unwrap_or_default();
    let Some(approval @ ("approved" | "rejected")) = body["state"].as_str() else {
        return refused(400, "Invalid state", "expected approved or rejected");
    };
    if change.field("approval") != "requested" {
        return refused(400, "No approval is requested", "");
    }
    decide(settings, change, approval);
    whole(change)
}

fn next_states(settings: ServiceNowSettings, change: &ServiceNowRecord) -> Reply {
    let now = change.field("state");
    let all = following(settings, change);
    let is_met = |condition: &Option<(&str, bool)>| condition.is_none_or(|(_, is_met)| is_met);
    let available = all.iter().filter(|(_, condition)| is_met(condition));
    let mut available: Vec<&str> = available.map(|(state, _)| *state).collect();
    // The one that it has is one of them.
    available.push(now);
    let labels = STATES.map(|(state, label)| (state.to_owned(), label.into()));
    let labels: Map<String, Value> = labels.into_iter().collect();
    let transitions: Vec<Value> = all
        .iter()
        .map(|(to, condition)| {
            let conditions: Vec<Value> = condition
                .iter()
                .map(|(name, passed)| {
                    json!({ "passed": passed, "condition": { "name": name, "description": name } })
                })
                .collect();
            json!([{
                "from_state": now, "to_state": to, "transition_available": is_met(condition),
                "automatic_transition": false, "conditions": conditions,
            }])
        })
        .collect();
    Reply::json(
        200,
        &json!({ "result": {
            "available_states": available, "state_label": labels, "state_transitions": transitions,
        } }),
    )
}
