//! What the guide says of proposals: where to approve one, and what became of it.

use serde_json::Value;

/// A line about a run of a rule with a name, and where to look at it; none for what passes by.
pub(super) fn line(run: &Value, name: &str, page: &str) -> Option<(String, Option<String>)> {
    let text = |name: &str| run[name].as_str().unwrap_or_default();
    let state = text("state");
    let because = text("state_because");
    match state {
        "awaiting_approval" => {
            let link = format!("{page}/automation/runs/{}", text("id"));
            let ask = "see what would happen, and approve it";
            Some((format!("proposal  {name}: {ask}"), Some(link)))
        }
        "succeeded" | "failed" | "rolled_back" | "rejected" | "expired" | "cancelled" => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_says_where_it_waits_and_its_end_says_why() {
        let run = |state: &str| serde_json::json!({"id": "7f", "state": state, "state_because": "it did not help"});
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
                "run       Clean it: rolled back: it did not help".into(),
                None
            ))
        );
        assert_eq!(said("proposed"), None);
        let expected = "run       Clean it: executing".to_owned();
        assert_eq!(said("executing"), Some((expected, None)));
    }
}
