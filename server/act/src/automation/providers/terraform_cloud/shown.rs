//! A plan for people: what is added, changed and destroyed, attribute by attribute. What Terraform
//! marks as sensitive is not shown.

use serde_json::Value;

use crate::words::cut;

/// The most bytes that are shown.
const BYTES_MAX: usize = 128 * 1024;
/// The most characters of a value that are shown.
const VALUE_MAX: usize = 300;

/// The changes of a plan's JSON.
pub(super) fn shown(plan: &Value) -> String {
    let mut text = String::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        if text.len() > BYTES_MAX {
            text.push_str("… (more)\n");
            return text;
        }
        let Some(sign) = sign_of(&change["change"]["actions"]) else {
            continue;
        };
        let address = change["address"].as_str().unwrap_or("?");
        text.push_str(&format!("{sign} {}\n", cut(address, VALUE_MAX)));
        show_attributes(&change["change"], &mut text);
    }
    for (name, change) in plan["output_changes"].as_object().into_iter().flatten() {
        if let Some(sign) = sign_of(&change["actions"]).filter(|_| text.len() <= BYTES_MAX) {
            let (before, after) = (before(change, None), after(change, None));
            text.push_str(&format!("{sign} output {name}: {before} -> {after}\n"));
        }
    }
    text
}

fn sign_of(actions: &Value) -> Option<&'static str> {
    let actions: Vec<&str> = actions
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    match actions.as_slice() {
        ["create"] => Some("+"),
        ["update"] => Some("~"),
        ["delete"] => Some("-"),
        [_, _] => Some("-/+"),
        _ => None,
    }
}

fn show_attributes(change: &Value, text: &mut String) {
    let mut names: Vec<&String> = Vec::new();
    for side in ["before", "after", "after_unknown"] {
        names.extend(
            change[side]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name),
        );
    }
    names.sort();
    names.dedup();
    for name in names {
        let is_same = change["before"][name] == change["after"][name]
            && !has_true(&change["after_unknown"][name]);
        if is_same || text.len() > BYTES_MAX {
            continue;
        }
        let (before, after) = (before(change, Some(name)), after(change, Some(name)));
        text.push_str(&format!("    {name}: {before} -> {after}\n"));
    }
}

fn before(change: &Value, name: Option<&str>) -> String {
    match is_marked(&change["before_sensitive"], name) {
        true => "(sensitive)".to_owned(),
        false => value_of(&change["before"], name),
    }
}

fn after(change: &Value, name: Option<&str>) -> String {
    if is_marked(&change["after_sensitive"], name) {
        return "(sensitive)".to_owned();
    }
    match is_marked(&change["after_unknown"], name) {
        true => "(known after apply)".to_owned(),
        false => value_of(&change["after"], name),
    }
}

fn value_of(side: &Value, name: Option<&str>) -> String {
    let value = name.map_or(side, |name| &side[name]);
    cut(&value.to_string(), VALUE_MAX)
}

/// Whether anything of it is marked.
fn is_marked(marks: &Value, name: Option<&str>) -> bool {
    *marks == true || has_true(name.map_or(marks, |name| &marks[name]))
}

fn has_true(marks: &Value) -> bool {
    match marks {
        Value::Bool(truth) => *truth,
        Value::Array(all) => all.iter().any(has_true),
        Value::Object(all) => all.values().any(has_true),
        _ => false,
    }
}

/// A log as people read it: that of Terraform's JSON by its messages.
pub(super) fn readable(log: &str) -> String {
    let mut text = String::with_capacity(log.len());
    // The ends of a log are marked, and a line that is not whole yet is read another time.
    let is_whole = log.ends_with('\u{3}');
    let log = log.trim_matches(['\u{2}', '\u{3}']);
    for line in log.split_inclusive('\n') {
        if !is_whole && !line.ends_with('\n') {
            break;
        }
        let json: Option<Value> = serde_json::from_str(line).ok();
        match json.as_ref().and_then(|json| json["@message"].as_str()) {
            Some(message) => {
                text.push_str(message);
                text.push('\n');
            }
            None => text.push_str(line),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_shown_and_secrets_are_not() {
        let plan = json!({
            "resource_changes": [
                { "address": "a.b", "change": { "actions": ["update"],
                    "before": { "size": 1, "password": "old", "same": 1, "tags": { "x": 1 } },
                    "after": { "size": 2, "password": "new", "same": 1, "tags": { "x": "s3cr3t" } },
                    "after_unknown": { "id": true },
                    "before_sensitive": { "password": true },
                    "after_sensitive": { "password": true, "tags": { "x": true } } } },
                { "address": "a.c", "change": { "actions": ["delete", "create"], "before": {}, "after": {} } },
                { "address": "a.d", "change": { "actions": ["no-op"] } },
            ],
            "output_changes": {
                "key": { "actions": ["create"], "before": null, "after": "hidden",
                    "after_unknown": false, "before_sensitive": true, "after_sensitive": true },
                "seen": { "actions": ["create"], "before": null, "after": "x\n- y" },
            },
        });
        let expected = "~ a.b\n    id: null -> (known after apply)\n    \
            password: (sensitive) -> (sensitive)\n    size: 1 -> 2\n    \
            tags: {\"x\":1} -> (sensitive)\n-/+ a.c\n\
            + output key: (sensitive) -> (sensitive)\n+ output seen: null -> \"x\\n- y\"\n";
        assert_eq!(shown(&plan), expected);
    }

    #[test]
    fn a_log_is_read_line_by_line() {
        let log = "\u{2}{\"@message\":\"Apply complete!\",\"type\":\"x\"}\nplain\n{\"@mess";
        assert_eq!(readable(log), "Apply complete!\nplain\n");
        assert_eq!(readable("\u{2}a\nb\u{3}"), "a\nb");
    }
}
