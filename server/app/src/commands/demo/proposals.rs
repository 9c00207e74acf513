//! What the guide says of proposals: where to approve one, and what became of it.

use serde_json::Value;

/// Characters of a reason that are told.
const LINE_CHARS_MAX: usize = 160;

/// A line about a run of a rule with a name, and where to look at it; none for what passes by.
pub(super) fn line(run: &Value, name: &str, page: &str) -> Option<(String, Option<String>)> {
    let text = |name: &str| run[name].as_str().unwrap_or_default();
    let state = text("state");
    let because = short(text("state_because"));
    match state {
        "awaiting_approval" => {
            let link = format!("{page}/automation/runs/{}", text("id"));
            let ask = "see what would happen, and approve it";
            Some((format!("proposal  {name}: {ask}"), Some(link)))
        }
        // Why it is there is what the undoing said, which nobody asks for.
        "rolled_back" => {
            let why = match run["verified"].as_bool() {
                Some(false) => "it did not help and was undone",
                _ => "it was undone",
            };
            Some((format!("run       {name}: {why}"), None))
        }
        "succeeded" | "failed" | "rejected" | "expired" | "cancelled" => {
            let state = state.replace('_', " ");
            Some((format!("run       {name}: {state}: {because}"), None))
        }
        "executing" | "verifying" | "rolling_back" => {
            let state = state.replace('_', " ");
            Some((format!("run       {name}: {state}"), None))
        }
        _ => None,
    }
}

/// The first line of a text, as far as a terminal shows it at once.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LINE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_says_where_it_waits_and_its_end_says_why() {
        let run = |state: &str| {
            let because = "exit code 1\nand more";
            serde_json::json!({"id": "7f", "state": state, "state_because": because,
                "verified": false})
        };
        let said = |state: &str| line(&run(state), "Clean it", "http://h");
        assert_eq!(
            said("awaiting_approval"),
            Some((
                "proposal  Clean it: see what would happen, and approve it".into(),
                Some("http://h/automation/runs/7f".into())
            ))
        );
        assert_eq!(
            said("rolled_back"),
            Some((
                "run       Clean it: it did not help and was undone".into(),
                None
            ))
        );
        let expected = "run       Clean it: failed: exit code 1".to_owned();
        assert_eq!(said("failed"), Some((expected, None)));
        assert_eq!(short(&"x".repeat(161)), format!("{}…", "x".repeat(160)));
        assert_eq!(said("proposed"), None);
        let expected = "run       Clean it: executing".to_owned();
        assert_eq!(said("executing"), Some((expected, None)));
    }
}
