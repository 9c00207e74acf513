//! Jira's types of issues, what their fields may hold, and how issues are shown.

use serde_json::{Map, Value, json};

use super::adf;
use super::jira::{JiraDouble, JiraIssue, JiraSettings, STATUSES};
use crate::web::Reply;

const TYPES: [(&str, &str); 2] = [("10001", "Task"), ("10004", "Bug")];
const PRIORITIES: [&str; 5] = ["Highest", "High", "Medium", "Low", "Lowest"];
/// The most characters of a summary, and of a label.
const NAME_MAX: usize = 255;
const FIXED_DATE: &str = "2026-11-29T00:00:00.000+0000";

/// The fields of the site.
pub(super) fn all() -> Reply {
    let field = |name: &str| json!({ "id": name, "name": name, "clauseNames": [name] });
    let all: Vec<Value> = ["summary", "labels", "status", "priority"]
        .iter()
        .map(|name| field(name))
        .collect();
    Reply::json(200, &all.into())
}

/// The types of issues of the project.
pub(super) fn issue_types() -> Reply {
    let all: Vec<Value> = TYPES
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "subtask": false }))
        .collect();
    Reply::json(
        200,
        &json!({
            "issueTypes": all, "maxResults": 50, "startAt": 0, "total": TYPES.len(),
        }),
    )
}

/// The fields of a new issue of a type.
pub(super) fn fields_of(settings: &JiraSettings, id: &str) -> Reply {
    if !TYPES.iter().any(|(known, _)| *known == id) {
        return Reply::json(
            404,
            &json!({ "errorMessages": ["Issue type not found"], "errors": {} }),
        );
    }
    let mut names = vec![
        ("project", true),
        ("issuetype", true),
        ("summary", true),
        ("description", false),
        ("labels", false),
        ("components", false),
        ("reporter", true),
    ];
    if settings.takes_priority {
        names.push(("priority", false));
    }
    if let Some(name) = &settings.required_field {
        names.push((name, true));
    }
    let priorities: Vec<Value> = PRIORITIES
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    let all: Vec<Value> = names
        .iter()
        .map(|(name, required)| {
            let mut field = json!({ "fieldId": name, "key": name, "name": name,
                "required": required, "hasDefaultValue": false, "operations": ["set"] });
            if *name == "priority" {
                field["allowedValues"] = priorities.clone().into();
            }
            field
        })
        .collect();
    Reply::json(
        200,
        &json!({
            "fields": all, "maxResults": 200, "startAt": 0, "total": names.len(),
        }),
    )
}

/// What is wrong with the fields of a new issue, by their names.
pub(super) fn check(settings: &JiraSettings, fields: &Value, version: &str) -> Map<String, Value> {
    let mut errors = Map::new();
    let mut wrong = |name: &str, what: String| {
        errors.insert(name.into(), what.into());
    };
    let known = [
        "project",
        "issuetype",
        "summary",
        "description",
        "labels",
        "components",
        "reporter",
    ];
    let given = fields.as_object().cloned().unwrap_or_default();
    for (name, value) in &given {
        let is_priority = name == "priority" && settings.takes_priority;
        let is_required = Some(name) == settings.required_field.as_ref();
        if !(known.contains(&name.as_str()) || is_priority || is_required) {
            let what = "cannot be set. It is not on the appropriate screen, or unknown.";
            wrong(name, format!("Field '{name}' {what}"));
        }
        match name.as_str() {
            "description" if version == "3" && !adf::is_document(value) => {
                let what = "must be an Atlassian Document (see the Atlassian Document Format)";
                wrong(name, format!("Operation value {what}"));
            }
            "priority" if !PRIORITIES.iter().any(|one| value["name"] == *one) => {
                wrong(name, "The priority selected is invalid.".into());
            }
            "labels" => {
                let labels: Vec<&str> = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let is_odd = |label: &&&str| {
                    label.contains(char::is_whitespace) || label.chars().count() > NAME_MAX
                };
                if let Some(label) = labels.iter().find(is_odd) {
                    wrong(name, format!("The label '{label}' can't contain spaces."));
                }
            }
            _ => {}
        }
    }
    for (name, what) in check_needed(settings, fields) {
        errors.insert(name, what.into());
    }
    errors
}

/// What is wrong with the fields that a new issue must have.
fn check_needed(settings: &JiraSettings, fields: &Value) -> Vec<(String, String)> {
    let mut errors = Vec::new();
    let mut wrong = |name: &str, what: &str| errors.push((name.to_owned(), what.to_owned()));
    let project = &fields["project"];
    if project["key"] != JiraDouble::PROJECT && project["id"] != "10000" {
        wrong("project", "valid project is required");
    }
    let of_type = |(id, name): &(&str, &str)| {
        fields["issuetype"]["id"] == *id || fields["issuetype"]["name"] == *name
    };
    if !TYPES.iter().any(of_type) {
        wrong("issuetype", "Specify a valid issue type");
    }
    let summary = fields["summary"].as_str().unwrap_or_default();
    if summary.trim().is_empty() {
        wrong("summary", "You must specify a summary of the issue.");
    } else if summary.contains('\n') {
        wrong(
            "summary",
            "The summary is invalid because it contains newline characters.",
        );
    } else if summary.chars().count() > NAME_MAX {
        wrong("summary", "Summary must be less than 255 characters.");
    }
    if let Some(name) = settings
        .required_field
        .as_ref()
        .filter(|name| fields.get(name).is_none())
    {
        wrong(name, &format!("{name} is required."));
    }
    errors
}

/// A status with its category.
pub(super) fn status(name: &str) -> Value {
    let found = STATUSES.iter().find(|(_, known, _)| *known == name);
    let (id, name, key) = found.copied().unwrap_or(STATUSES[0]);
    json!({ "id": id, "name": name, "statusCategory": { "key": key } })
}

/// A comment of an issue.
pub(super) fn comment(issue: &JiraIssue, number: usize) -> Value {
    json!({ "id": (20_000 + number).to_string(), "body": issue.comments[number],
        "created": FIXED_DATE, "author": { "displayName": "Ops" } })
}

/// An issue with some of its fields: only its id if none is named.
pub(super) fn shown(issue: &JiraIssue, names: &[String]) -> Value {
    if names.is_empty() {
        return json!({ "id": issue.id });
    }
    let is_all = names
        .iter()
        .any(|name| name == "*all" || name == "*navigable");
    let mut all = issue.fields.clone();
    all["status"] = status(&issue.status);
    all["created"] = FIXED_DATE.into();
    all["resolution"] = match &issue.resolution {
        Some(name) => json!({ "name": name }),
        None => Value::Null,
    };
    if let Some(fields) = all.as_object_mut() {
        fields.retain(|name, _| is_all || names.contains(name));
    }
    json!({ "id": issue.id, "key": issue.key, "fields": all })
}
