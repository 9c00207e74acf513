//! ServiceNow, as far as its Table API is used: the tables of incidents and changes, and the journal
//! of notes. It is as lenient as the real one where that is a trap: a query by a field that is not
//! there matches everything, and such a field of a new record is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::servicenow_changes as changes;
use crate::web::{Mood, Reply, Request, Web, base64, lock};

/// Fields of a record that can be set.
pub(super) const FIELDS: [&str; 17] = [
    "short_description",
    "description",
    "impact",
    "urgency",
    "caller_id",
    "assignment_group",
    "state",
    "close_code",
    "close_notes",
    "correlation_id",
    "correlation_display",
    "work_notes",
    "category",
    "start_date",
    "end_date",
    "implementation_plan",
    "backout_plan",
];
/// Those of them that are kept as entries of the journal.
pub(super) const JOURNAL: &str = "work_notes";
/// The most characters of a short description, which is cut there without a word.
const SHORT_MAX: usize = 160;
pub(super) const FIXED_TIME: &str = "2026-11-29 00:00:00";

/// How the double behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceNowSettings {
    /// Whether a rule of the instance takes back what is set to Resolved, and answers well.
    pub takes_back: bool,
    /// Whether the account may not read the journal.
    pub is_journal_closed: bool,
    /// Whether the table has no field `correlation_id`.
    pub is_without_correlation: bool,
    /// Whether a new change needs an assignment group before it is assessed.
    pub asks_group: bool,
    /// Whether a change that is approved stays where it is, and is not scheduled by itself.
    pub stays: bool,
}

/// An incident, or a change.
#[derive(Debug, Clone, Default)]
pub struct ServiceNowRecord {
    /// Its fields: all text, as ServiceNow has them.
    pub fields: BTreeMap<String, String>,
    /// Its work notes, in order.
    pub notes: Vec<String>,
}

impl ServiceNowRecord {
    /// A field; empty if it has none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) settings: ServiceNowSettings,
    incidents: Vec<ServiceNowRecord>,
    pub(super) changes: Vec<ServiceNowRecord>,
    pub(super) opened: usize,
}

/// A ServiceNow with the account `ops`.
#[derive(Debug)]
pub struct ServiceNowDouble {
    web: Web,
    state: Arc<Mutex<State>>,
}

impl ServiceNowDouble {
    /// Its account.
    pub const USER: &'static str = "ops";
    /// The template of its standard changes.
    pub const TEMPLATE: &'static str = "5a5d1e0c0a0a0b3e00a1b2c3d4e5f607";
    /// The password of its account.
    pub const PASSWORD: &'static str = "servicenow-passw0rd";

    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> anyhow::Result<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let own = state.clone();
        let web = Web::start(move |request| answer(&mut lock(&own), request))?;
        Ok(Self { web, state })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Changes how it behaves.
    pub fn configure(&self, change: impl FnOnce(&mut ServiceNowSettings)) {
        change(&mut lock(&self.state).settings);
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// All incidents, the oldest first.
    #[must_use]
    pub fn incidents(&self) -> Vec<ServiceNowRecord> {
        lock(&self.state).incidents.clone()
    }

    /// All changes, the oldest first.
    #[must_use]
    pub fn changes(&self) -> Vec<ServiceNowRecord> {
        lock(&self.state).changes.clone()
    }

    /// Has the people who may do so approve a change, `approved`, or not, `rejected`.
    pub fn decide(&self, number: &str, approval: &str) {
        let mut state = lock(&self.state);
        let settings = state.settings;
        let mut all = state.changes.iter_mut();
        if let Some(change) = all.find(|one| one.field("number") == number) {
            changes::decide(settings, change, approval);
        }
    }

    /// How many incidents have a label, as their own or as that of their fingerprint.
    #[must_use]
    pub fn count(&self, label: &str) -> usize {
        let names = ["correlation_id", "correlation_display"];
        let has = |one: &&ServiceNowRecord| names.iter().any(|name| one.field(name) == label);
        lock(&self.state).incidents.iter().filter(has).count()
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.web.seen()
    }

    /// Deletes an incident.
    pub fn delete(&self, number: &str) {
        let mut state = lock(&self.state);
        state.incidents.retain(|one| one.field("number") != number);
    }
}

pub(super) fn refused(status: u16, message: &str, detail: &str) -> Reply {
    let error = json!({ "message": message, "detail": detail });
    Reply::json(status, &json!({ "error": error, "status": "failure" }))
}

fn answer(state: &mut State, request: &Request) -> Reply {
    let account = format!("{}:{}", ServiceNowDouble::USER, ServiceNowDouble::PASSWORD);
    if request.header("authorization") != format!("Basic {}", base64(&account)) {
        let said = "Required to provide Auth information";
        return refused(401, "User Not Authenticated", said);
    }
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (table, rest) = match parts.as_slice() {
        ["api", "now", "table", table, rest @ ..] => (*table, rest),
        // With and without its version.
        ["api", "sn_chg_rest", "v1", "change", rest @ ..]
        | ["api", "sn_chg_rest", "change", rest @ ..] => {
            return changes::answer(state, rest, request);
        }
        _ => {
            let said = "Requested URI does not represent any resource";
            return refused(400, said, &request.path);
        }
    };
    match (request.method.as_str(), table, rest) {
        ("GET", "incident" | "change_request", []) => {
            let rows = state.records(table).iter().map(|one| row(one, request));
            list(state.settings, rows.collect(), request)
        }
        ("GET", "sys_journal_field", []) if state.settings.is_journal_closed => {
            let said = "Failed API level ACL Validation";
            refused(403, "User Not Authorized", said)
        }
        ("GET", "sys_journal_field", []) => list(state.settings, journal(state), request),
        ("POST", "incident", []) => create(state, request),
        ("POST", "change_request", []) => changes::create_row(state, request),
        (method, "incident" | "change_request", [id]) => {
            let settings = state.settings;
            let all = match table {
                "incident" => &mut state.incidents,
                _ => &mut state.changes,
            };
            let Some(record) = all.iter_mut().find(|one| one.field("sys_id") == *id) else {
                return not_found();
            };
            match (method, table) {
                ("GET", _) => Reply::json(200, &json!({ "result": shown(record, request) })),
                ("PATCH" | "PUT", "incident") => change(settings, record, request),
                ("PATCH" | "PUT", _) => match changes::change(settings, record, request) {
                    Ok(()) => Reply::json(200, &json!({ "result": shown(record, request) })),
                    Err(reply) => reply,
                },
                _ => refused(405, "Method not supported", ""),
            }
        }
        _ => refused(400, &format!("Invalid table {table}"), ""),
    }
}

impl State {
    fn records(&self, table: &str) -> &[ServiceNowRecord] {
        match table {
            "incident" => &self.incidents,
            _ => &self.changes,
        }
    }
}

/// What is said of a record that is not there.
pub(super) fn not_found() -> Reply {
    let said = "Record doesn't exist or ACL restricts the record retrieval";
    refused(404, "No Record found", said)
}

/// The entries of the journal as rows.
fn journal(state: &State) -> Vec<BTreeMap<String, String>> {
    let of = |one: &ServiceNowRecord| {
        let id = one.field("sys_id").to_owned();
        let table = match one.field("number").starts_with("CHG") {
            true => "change_request",
            false => "incident",
        };
        let row = move |note: &String| {
            let pairs = [
                ("element_id", &*id),
                ("element", JOURNAL),
                ("name", table),
                ("value", note),
                ("sys_created_on", FIXED_TIME),
            ];
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            pairs.map(own).into_iter().collect()
        };
        one.notes.iter().map(row).collect::<Vec<_>>()
    };
    let all = state.incidents.iter().chain(&state.changes);
    all.flat_map(of).collect()
}

fn list(
    settings: ServiceNowSettings,
    mut rows: Vec<BTreeMap<String, String>>,
    request: &Request,
) -> Reply {
    let query = request.query("sysparm_query").unwrap_or_default();
    let known = |name: &str| {
        let own = ["sys_id", "number", "active", "approval", "type"];
        let is_field = FIELDS.contains(&name) || own.contains(&name);
        let is_gone = settings.is_without_correlation && name.starts_with("correlation");
        (is_field && !is_gone) || ["element_id", "element", "value", "name"].contains(&name)
    };
    // `^` joins by AND, `^OR` binds to the condition before it.
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for term in query.split('^').filter(|term| !term.is_empty()) {
        match (
            term.strip_prefix("ORDERBY"),
            term.strip_prefix("OR"),
            groups.last_mut(),
        ) {
            (Some(order), _, _) => {
                if order.starts_with("DESCsys_created_on") {
                    rows.reverse();
                }
            }
            (None, Some(term), Some(group)) => group.push(term),
            _ => groups.push(vec![term]),
        }
    }
    rows.retain(|row| {
        let is_met = |term: &&str| {
            let (name, wanted, is_part) = match (term.split_once("LIKE"), term.split_once('=')) {
                (Some((name, wanted)), _) if !name.contains('=') => (name, wanted, true),
                (_, Some((name, wanted))) => (name, wanted, false),
                _ => return true,
            };
            let value = row.get(name).map_or("", String::as_str);
            // A field that is not there restricts nothing.
            !known(name)
                || if is_part {
                    value.contains(wanted)
                } else {
                    value == wanted
                }
        };
        groups.iter().all(|group| group.iter().any(is_met))
    });
    let number = |name: &str, default: usize| {
        request
            .query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let total = rows.len();
    let (from, most) = (number("sysparm_offset", 0), number("sysparm_limit", 10_000));
    let page: Vec<Value> = rows
        .iter()
        .skip(from)
        .take(most)
        .map(|row| selected(row, request))
        .collect();
    Reply::json(200, &json!({ "result": page })).with("X-Total-Count", total)
}

/// The fields of a row that were asked for, as they were asked for.
fn selected(row: &BTreeMap<String, String>, request: &Request) -> Value {
    let wanted = request
        .query("sysparm_fields")
        .filter(|names| !names.is_empty());
    let wanted: Option<Vec<&str>> = wanted.map(|names| names.split(',').collect());
    let is_all = request.query("sysparm_display_value") == Some("all");
    let mut fields = Map::new();
    for (name, value) in row {
        if wanted
            .as_ref()
            .is_some_and(|wanted| !wanted.contains(&name.as_str()))
        {
            continue;
        }
        let value = match is_all {
            true => json!({ "value": value, "display_value": value }),
            false => value.as_str().into(),
        };
        fields.insert(name.clone(), value);
    }
    Value::Object(fields)
}

/// An incident with its notes.
fn row(incident: &ServiceNowRecord, request: &Request) -> BTreeMap<String, String> {
    let mut row = incident.fields.clone();
    // Only people see notes as one text, the newest first.
    let is_shown = matches!(request.query("sysparm_display_value"), Some("true" | "all"));
    let notes = incident.notes.iter().rev();
    let notes: String = notes
        .map(|note| format!("{FIXED_TIME} - Ops (Work notes)\n{note}\n\n"))
        .collect();
    // What a record has and nobody set is empty.
    for name in FIELDS {
        row.entry(name.into()).or_default();
    }
    row.insert(JOURNAL.into(), if is_shown { notes } else { String::new() });
    row
}

pub(super) fn shown(incident: &ServiceNowRecord, request: &Request) -> Value {
    selected(&row(incident, request), request)
}

/// Sets what can be set; what a record does not have is dropped without a word.
pub(super) fn set(settings: ServiceNowSettings, incident: &mut ServiceNowRecord, body: &Value) {
    for (name, value) in body.as_object().into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let is_gone = settings.is_without_correlation && name.starts_with("correlation");
        if !FIELDS.contains(&name.as_str()) || is_gone {
            continue;
        }
        if name == JOURNAL {
            if !text.is_empty() {
                incident.notes.push(text);
            }
            continue;
        }
        let most = if name == "short_description" {
            SHORT_MAX
        } else {
            4000
        };
        let text = text.chars().take(most).collect();
        incident.fields.insert(name.clone(), text);
    }
}

fn create(state: &mut State, request: &Request) -> Reply {
    let Some(body) = request.json().filter(Value::is_object) else {
        return refused(400, "The payload is not valid JSON.", "");
    };
    state.opened += 1;
    let number = state.opened;
    let mut incident = ServiceNowRecord::default();
    let given = [
        ("sys_id", format!("{number:032x}")),
        ("number", format!("INC{number:07}")),
        ("state", "1".into()),
        ("active", "true".into()),
        ("sys_created_on", FIXED_TIME.into()),
        ("impact", "3".into()),
        ("urgency", "3".into()),
        ("correlation_id", String::new()),
        ("correlation_display", String::new()),
    ];
    for (name, value) in given {
        incident.fields.insert(name.into(), value);
    }
    set(state.settings, &mut incident, &body);
    let reply = json!({ "result": shown(&incident, request) });
    let location = format!("/api/now/table/incident/{}", incident.field("sys_id"));
    state.incidents.push(incident);
    Reply::json(201, &reply).with("Location", location)
}

fn change(
    settings: ServiceNowSettings,
    incident: &mut ServiceNowRecord,
    request: &Request,
) -> Reply {
    let Some(body) = request.json().filter(Value::is_object) else {
        return refused(400, "The payload is not valid JSON.", "");
    };
    let before = incident.field("state").to_owned();
    let mut changed = incident.clone();
    set(settings, &mut changed, &body);
    let state = changed.field("state").to_owned();
    let is_over = ["6", "7"].contains(&&*state);
    if is_over
        && (changed.field("close_code").is_empty() || changed.field("close_notes").is_empty())
    {
        let said = "Data Policy Exception: The following fields are mandatory: Resolution code, \
            Resolution notes";
        return refused(403, "Operation Failed", said);
    }
    // What is no state, and what is out of the model, is taken back without a word.
    let is_state = ["1", "2", "3", "6", "7", "8"].contains(&&*state);
    if !is_state || (settings.takes_back && is_over) || (before == "7" && state != "7") {
        changed.fields.insert("state".into(), before);
    }
    let is_active = !["7", "8"].contains(&changed.field("state"));
    changed
        .fields
        .insert("active".into(), is_active.to_string());
    *incident = changed;
    Reply::json(200, &json!({ "result": shown(incident, request) }))
}
