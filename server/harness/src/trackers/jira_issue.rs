//! An issue of Jira: its comments, its links to other places, and its way through the workflow.

use serde_json::{Value, json};

use super::jira::{JiraIssue, JiraSettings, STATUSES, TRANSITIONS, refused};
use super::{adf, jira_fields};
use crate::web::{Reply, Request};

/// Answers what is asked of an issue.
pub(super) fn answer(
    settings: &JiraSettings,
    issue: &mut JiraIssue,
    (rest, request): (&[&str], &Request),
) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let fields = request.query("fields").unwrap_or("*all");
            let fields: Vec<String> = fields.split(',').map(str::to_owned).collect();
            Reply::json(200, &jira_fields::shown(issue, &fields))
        }
        ("GET", ["comment"]) => comments(settings, issue, request),
        ("POST", ["comment"]) => {
            let body = request.json().unwrap_or_default()["body"].clone();
            // Version 2 takes a plain text, and makes a document of it.
            let body = match (body.as_str(), request.path.contains("/api/3/")) {
                (Some(text), false) => json!({ "type": "doc", "version": 1, "content": [
                    { "type": "paragraph", "content": [{ "type": "text", "text": text }] },
                ] }),
                _ => body,
            };
            if !adf::is_document(&body) {
                return refused(
                    400,
                    &[],
                    &json!({ "comment": "Comment body is not valid!" }),
                );
            }
            issue.comments.push(body);
            let number = issue.comments.len() - 1;
            Reply::json(201, &jira_fields::comment(issue, number))
        }
        ("GET", ["transitions"]) => {
            let is_asked = settings.asks_resolution;
            let offered = STATUSES.iter().zip(TRANSITIONS);
            let offered = offered.filter(|((_, name, _), _)| *name != issue.status);
            let offered: Vec<Value> = offered
                .map(|(status, id)| {
                    let required = is_asked && status.2 == "done";
                    let fields = match required {
                        true => json!({ "resolution": { "required": true, "key": "resolution" } }),
                        false => json!({}),
                    };
                    json!({ "id": id, "name": status.1, "to": jira_fields::status(status.1),
                        "isAvailable": true, "hasScreen": required, "fields": fields })
                })
                .collect();
            Reply::json(
                200,
                &json!({ "expand": "transitions", "transitions": offered }),
            )
        }
        ("POST", ["transitions"]) => transition(settings, issue, request),
        ("GET", ["remotelink"]) => Reply::json(200, &issue.links.clone().into()),
        ("POST", ["remotelink"]) => link(issue, request),
        _ => Reply::empty(405),
    }
}

fn comments(settings: &JiraSettings, issue: &JiraIssue, request: &Request) -> Reply {
    let number = |name: &str, default: usize| {
        request
            .query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (from, most) = (
        number("startAt", 0),
        number("maxResults", 50).min(settings.page_max),
    );
    let mut all: Vec<usize> = (0..issue.comments.len()).collect();
    if request.query("orderBy") == Some("-created") {
        all.reverse();
    }
    let page: Vec<Value> = all
        .into_iter()
        .skip(from)
        .take(most)
        .map(|number| jira_fields::comment(issue, number))
        .collect();
    Reply::json(
        200,
        &json!({
            "comments": page, "startAt": from, "maxResults": most, "total": issue.comments.len(),
        }),
    )
}

/// Links an issue to another place: one with a global id that it has is changed.
fn link(issue: &mut JiraIssue, request: &Request) -> Reply {
    let mut link = request.json().unwrap_or_default();
    let (url, title) = (&link["object"]["url"], &link["object"]["title"]);
    let is_url = url.as_str().is_some_and(|url| url.contains("://"));
    if !is_url || title.as_str().is_none_or(|title| title.trim().is_empty()) {
        let errors = json!({ "url": "'url' and 'title' are required." });
        return refused(400, &[], &errors);
    }
    let is_known =
        |known: &&mut Value| link["globalId"].is_string() && known["globalId"] == link["globalId"];
    let count = issue.links.len();
    let known = issue.links.iter_mut().find(is_known);
    let (status, id) = match &known {
        Some(known) => (200, known["id"].clone()),
        None => (201, (10_000 + count).into()),
    };
    link["id"] = id.clone();
    let of = format!("{}/{id}", request.path);
    let url = format!("http://{}{of}", request.header("host"));
    link["self"] = url.clone().into();
    match known {
        Some(known) => *known = link,
        None => issue.links.push(link),
    }
    Reply::json(status, &json!({ "id": id, "self": url }))
}

fn transition(settings: &JiraSettings, issue: &mut JiraIssue, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    // Jira takes it as a text and as a number.
    let wanted = body["transition"]["id"].to_string();
    let wanted = wanted.trim_matches('"');
    let found = TRANSITIONS.iter().position(|id| *id == wanted);
    let Some((_, name, category)) = found.map(|at| STATUSES[at]) else {
        let said = format!("Transition id '{wanted}' is not valid for this issue.");
        return refused(400, &[&said], &json!({}));
    };
    let resolution = body["fields"]["resolution"]["name"].as_str();
    if settings.asks_resolution && category == "done" && resolution.is_none() {
        return refused(
            400,
            &[],
            &json!({ "resolution": "Resolution is required." }),
        );
    }
    if !settings.asks_resolution && resolution.is_some() {
        let said =
            "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown.";
        return refused(400, &[], &json!({ "resolution": said }));
    }
    issue.status = name.into();
    issue.resolution = match category {
        "done" => resolution.map(str::to_owned),
        _ => None,
    };
    Reply::empty(204)
}
