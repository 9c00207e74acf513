//! Which of the transitions that Jira offers leads where a ticket is to go. They differ from
//! project to project and from status to status; what they lead to is what counts.

use serde_json::{Value, json};
use tocsin_domain::ticket::TicketStatus;

/// Names of statuses in which work is done; where several are offered, the first of these is taken,
/// so that a ticket is rather done than rejected.
const DONE: [&str; 5] = ["done", "resolved", "closed", "fixed", "complete"];
/// The same for statuses in which there is work to be done.
const OPEN: [&str; 6] = ["reopened", "to do", "open", "backlog", "new", "in progress"];

/// The transition to a status with the name `wanted`, or to one of the right category.
///
/// # Errors
/// Says what was offered.
pub(crate) fn choose<'a>(
    offered: &'a Value,
    status: TicketStatus,
    wanted: Option<&str>,
) -> Result<&'a Value, String> {
    let all = offered["transitions"].as_array().into_iter().flatten();
    let all: Vec<&Value> = all.filter(|one| one["isAvailable"] != false).collect();
    let names = match status {
        TicketStatus::Resolved => DONE.as_slice(),
        TicketStatus::Open => OPEN.as_slice(),
    };
    let rank = |one: &&&Value| {
        let name = to(one).to_lowercase();
        names
            .iter()
            .position(|known| *known == name)
            .unwrap_or(names.len())
    };
    let is_right = |one: &&&Value| match wanted {
        Some(wanted) => to(one).eq_ignore_ascii_case(wanted),
        None => is_done(one) == Some(status == TicketStatus::Resolved),
    };
    // Of several with the same rank the first is taken.
    let found = all.iter().filter(is_right).min_by_key(rank).copied();
    found.ok_or_else(|| {
        let name = |one: &&Value| {
            let name = one["name"].as_str().unwrap_or_default();
            format!("`{name}` to `{}`", to(one))
        };
        let offered: Vec<String> = all.iter().map(name).collect();
        let offered = match offered.is_empty() {
            true => "none".to_owned(),
            false => offered.join(", "),
        };
        let wanted = match (wanted, status) {
            (Some(wanted), _) => format!("`{wanted}`"),
            (None, TicketStatus::Resolved) => "a status that counts as done".to_owned(),
            (None, TicketStatus::Open) => "a status that does not count as done".to_owned(),
        };
        format!("has no transition to {wanted}; it has {offered}")
    })
}

/// The name of the status that a transition leads to.
fn to(transition: &Value) -> &str {
    transition["to"]["name"].as_str().unwrap_or_default()
}

fn is_done(transition: &Value) -> Option<bool> {
    let category = transition["to"]["statusCategory"]["key"].as_str()?;
    Some(category == "done")
}

/// The request of a transition: with a resolution if its screen requires one.
pub(crate) fn body(transition: &Value, status: TicketStatus, resolution: &str) -> Value {
    let mut body = json!({ "transition": { "id": transition["id"] } });
    let asks = transition["fields"]["resolution"]["required"] == true;
    if asks && status == TicketStatus::Resolved {
        body["fields"] = json!({ "resolution": { "name": resolution } });
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered() -> Value {
        let one = |id: &str, to: &str, category: &str| {
            json!({ "id": id, "name": format!("Go {to}"),
                "to": { "name": to, "statusCategory": { "key": category } } })
        };
        let mut rejected = one("5", "Rejected", "done");
        rejected["fields"] = json!({ "resolution": { "required": true } });
        let mut hidden = one("9", "Done", "done");
        hidden["isAvailable"] = false.into();
        json!({ "transitions": [
            rejected, hidden, one("7", "Closed", "done"), one("3", "In Progress", "indeterminate"),
            one("2", "To Do", "new"),
        ] })
    }

    #[test]
    fn a_ticket_is_rather_done_than_rejected_and_rather_to_do_than_in_progress() {
        let offered = offered();
        let id = |status, wanted| choose(&offered, status, wanted).unwrap()["id"].clone();
        assert_eq!(id(TicketStatus::Resolved, None), "7");
        assert_eq!(id(TicketStatus::Open, None), "2");
        assert_eq!(id(TicketStatus::Resolved, Some("rejected")), "5");
        assert_eq!(id(TicketStatus::Open, Some("In progress")), "3");
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        let offered = offered();
        let error = choose(&offered, TicketStatus::Resolved, Some("Verified")).unwrap_err();
        assert!(
            error.contains("`Verified`") && error.contains("`Go To Do` to `To Do`"),
            "{error}"
        );
        let none = json!({ "transitions": [] });
        let error = choose(&none, TicketStatus::Open, None).unwrap_err();
        assert!(error.ends_with("it has none"), "{error}");
    }

    #[test]
    fn a_resolution_is_given_where_it_is_asked_for() {
        let offered = offered();
        let body_of = |wanted| {
            let one = choose(&offered, TicketStatus::Resolved, Some(wanted)).unwrap();
            body(one, TicketStatus::Resolved, "Fixed")
        };
        assert_eq!(body_of("Closed"), json!({ "transition": { "id": "7" } }));
        assert_eq!(body_of("Rejected")["fields"]["resolution"]["name"], "Fixed");
    }
}
