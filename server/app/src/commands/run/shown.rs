//! A run for a terminal: the same facts as on the page, in the same order.

use std::fmt::Write as _;

use serde_json::Value;

use crate::commands::terminal::{exact, list, plain};

/// A line for each run.
pub(super) fn table(runs: &[Value]) -> String {
    if runs.is_empty() {
        return "There is no such run.\n".to_owned();
    }
    let mut text = String::new();
    for run in runs {
        let [at, id, state, rule] =
            ["proposed_at", "id", "state", "rule"].map(|name| plain(&run[name]));
        let (targets, alert) = (texts(&run["targets"]), plain(&run["alert_title"]));
        row(
            &mut text,
            format_args!("{at}  {id}  {state:<17} {rule}  {targets}  {alert}"),
        );
    }
    text
}

/// Everything about a run.
pub(super) fn details(run: &Value) -> String {
    let mut text = String::new();
    let [id, state, because] = ["id", "state", "state_because"].map(|name| plain(&run[name]));
    row(
        &mut text,
        format_args!("Run {id} is {}: {because}", state.replace('_', " ")),
    );
    let named = |name: &str, id: &str| match plain(&run[name]) {
        title if title.is_empty() => plain(&run[id]),
        title => format!("{title} ({})", plain(&run[id])),
    };
    field(&mut text, "rule", &named("rule_name", "rule"));
    field(&mut text, "alert", &named("alert_title", "alert"));
    field(&mut text, "targets", &texts(&run["targets"]));
    let [at, by] = ["proposed_at", "proposer"].map(|name| plain(&run[name]));
    field(&mut text, "proposed", &format!("{at} by {by}"));
    for (name, key) in [("expires", "expires_at"), ("waits for", "waits_for")] {
        field(&mut text, name, &plain(&run[key]));
    }
    if run["dry_run"] == true {
        field(
            &mut text,
            "dry run",
            "it is only planned, and nothing is done",
        );
    }
    match &run["plan_details"] {
        Value::Null => text.push_str("\nIts plan is not made yet.\n"),
        plan => self::plan(&mut text, plan),
    }
    history(&mut text, run);
    text
}

fn plan(text: &mut String, plan: &Value) {
    row(text, format_args!("\nPlan {}", plain(&plan["hash"])));
    action(text, "action", &plan["action"]);
    let preview = &plan["preview"];
    let counts = &preview["counts"];
    if !counts.is_null() {
        let count = |name: &str| counts[name].as_u64().unwrap_or_default();
        let (add, change, destroy) = (count("add"), count("change"), count("destroy"));
        let said = format!("{add} to add, {change} to change, {destroy} to destroy");
        field(text, "changes", &said);
    }
    field(text, "hosts", &texts(&preview["hosts"]));
    for artifact in list(&preview["artifacts"]) {
        let [name, sha256] = ["name", "sha256"].map(|name| plain(&artifact[name]));
        field(text, "bound to", &format!("{name}, sha256 {sha256}"));
    }
    let (level, reasons) = (&plan["risk"]["level"], texts(&plan["risk"]["reasons"]));
    let level = plain(level);
    match reasons.is_empty() {
        true => field(text, "risk", &level),
        false => field(text, "risk", &format!("{level}: {reasons}")),
    }
    for (number, stage) in (1..).zip(list(&plan["stages"])) {
        let approvers = match texts(&stage["approvers"]) {
            names if names.is_empty() => "anyone".to_owned(),
            names => names,
        };
        let said = format!("stage {number}: {} of {approvers}", stage["count"]);
        field(text, "approval", &said);
    }
    if plan["two_person"] == true {
        field(text, "approval", "two people, neither of whom proposed it");
    }
    field(text, "because", &plain(&plan["approval_because"]));
    field(text, "verified", &plain(&plan["verify"]));
    action(text, "undone by", &plan["rollback"]);
    let kind = plain(&preview["kind"]).replace('_', " ");
    row(text, format_args!("\nWhat would happen ({kind}):"));
    let preview = preview["text"].as_str().unwrap_or_default();
    for line in preview.lines() {
        row(text, format_args!("  | {}", exact(line)));
    }
}

fn action(text: &mut String, name: &str, action: &Value) {
    if action.is_null() {
        return;
    }
    let [provider, template, base_url] =
        ["provider", "template", "base_url"].map(|name| plain(&action[name]));
    let at = match base_url.is_empty() {
        true => String::new(),
        false => format!(" at {base_url}"),
    };
    field(text, name, &format!("{provider}: {template}{at}"));
    for (name, value) in action["params"].as_object().into_iter().flatten() {
        // As JSON, so that it is seen where each value begins and ends.
        let value = exact(&value.to_string());
        row(text, format_args!("      {} = {value}", exact(name)));
    }
}

fn history(text: &mut String, run: &Value) {
    let votes = list(&run["votes"]);
    if !votes.is_empty() {
        text.push_str("\nWhat people said\n");
    }
    for vote in votes {
        let [at, actor, verdict, comment] =
            ["at", "actor", "verdict", "comment"].map(|name| plain(&vote[name]));
        let comment = match comment.is_empty() {
            true => String::new(),
            false => format!(": {comment}"),
        };
        row(text, format_args!("  {at}  {actor} {verdict}{comment}"));
    }
    text.push_str("\nWhat happened\n");
    for event in list(&run["events"]) {
        let [at, actor, to, what, detail] =
            ["at", "actor", "to", "what", "detail"].map(|name| plain(&event[name]));
        row(
            text,
            format_args!("  {at}  {to:<17} {what} ({actor}): {detail}"),
        );
    }
}

fn texts(values: &Value) -> String {
    let texts: Vec<String> = list(values).iter().map(plain).collect();
    texts.join(", ")
}

/// A name and a value, if there is one.
fn field(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        row(text, format_args!("  {name:<10} {value}"));
    }
}

fn row(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a text never fails.
    let _infallible = text.write_fmt(arguments);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_shown_with_everything_that_is_agreed_to() {
        let action = |template: &str| {
            json!({"provider": "scripts", "template": template, "base_url": null,
                "params": {"args": ["a\u{202e}b\n"]}})
        };
        let run = json!({
            "id": "r1", "state": "awaiting_approval", "state_because": "someone is to agree",
            "rule": "clean", "rule_name": "Clean", "alert": "a1", "alert_title": "disk full",
            "targets": ["web-1"], "proposer": "system", "proposed_at": "t0", "expires_at": "t9",
            "waits_for": "1 of: ana", "dry_run": false, "plan": "00ff",
            "plan_details": {"hash": "00ff", "action": action("script clean"),
                "rollback": action("script undo"),
                "preview": {"kind": "dry_run", "text": "- old\n+ n\u{1b}[31mew", "hosts": ["h1", "h2"],
                    "counts": {"add": 1, "change": 0, "destroy": 2},
                    "artifacts": [{"name": "script clean", "sha256": "ab"}]},
                "risk": {"level": "high", "reasons": ["it deletes"]},
                "stages": [{"approvers": ["ana", "ben"], "count": 1}], "two_person": true,
                "approval_because": "always", "verify": "!alert.firing"},
            "votes": [{"at": "t1", "actor": "ana", "verdict": "approve", "comment": "go"}],
            "events": [{"at": "t0", "actor": "system", "to": "proposed", "what": "proposed",
                "detail": "it matches"}],
        });
        let text = details(&run);
        for expected in [
            "Run r1 is awaiting approval: someone is to agree",
            "Clean (clean)",
            "Plan 00ff",
            "scripts: script clean",
            r#"args = ["a\u{202e}b\n"]"#,
            "1 to add, 0 to change, 2 to destroy",
            "h1, h2",
            "script clean, sha256 ab",
            "high: it deletes",
            "stage 1: 1 of ana, ben",
            "two people",
            "!alert.firing",
            "scripts: script undo",
            "What would happen (dry run):",
            "  | - old\n  | + n\\u{1b}[31mew",
            "ana approve: go",
            "proposed (system): it matches",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn a_run_without_a_plan_says_so() {
        let text = details(&json!({"id": "r1", "plan_details": null}));
        assert!(text.contains("not made yet"), "{text}");
        assert!(table(&[]).contains("no such run"));
        assert!(table(&[json!({"id": "r1", "state": "failed"})]).contains("r1  failed"));
    }
}
