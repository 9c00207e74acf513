//! The Change Management API of an instance of ServiceNow: change requests, and the states that each
//! may take next. What a record holds is read by the Table API.
//!
//! Its records come as `field: {value, display_value}`. A state that the model of a change does not
//! offer is answered well and taken back, so it is asked for before each step and read after it.

use serde_json::{Value, json};
use tocsin_domain::ticket::TicketRef;

use super::servicenow::Instance;
use super::{Aim, TrackerError, encoded};
use crate::http::{Answer, Method};

const API: &str = "/api/sn_chg_rest/v1/change";
/// The table of changes.
pub(crate) const CHANGES: &str = "change_request";

/// How a change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) state: String,
    /// `not requested`, `requested`, `approved` or `rejected`.
    pub(crate) approval: String,
    /// Whether it is of a template that was agreed to beforehand.
    pub(crate) is_standard: bool,
}

/// The states that a change may take next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NextStates {
    pub(crate) available: Vec<String>,
    /// What people call states, by number.
    labels: Value,
    /// What is not met for others.
    pub(crate) unmet: Vec<String>,
}

impl NextStates {
    /// What people call a state.
    pub(crate) fn label(&self, state: &str) -> String {
        self.labels[state].as_str().unwrap_or(state).to_owned()
    }
}

impl Instance {
    async fn on_change(
        &self,
        aim: Aim,
        (method, path): (Method, &str),
        body: Option<&Value>,
    ) -> Result<Answer, TrackerError> {
        let path = format!("{API}{path}");
        let answer = self.wire().ask(aim, (method, &path), body).await?;
        match answer.status {
            200 | 201 => Ok(answer),
            404 if aim == Aim::Read => {
                Err(TrackerError::Gone(self.failure(aim, &answer).to_string()))
            }
            _ => Err(self.failure(aim, &answer)),
        }
    }

    /// Whether the account may use the API.
    pub(crate) async fn check_changes(&self) -> Result<(), TrackerError> {
        let path = "?sysparm_limit=1&sysparm_fields=sys_id";
        let answer = self.on_change(Aim::Read, (Method::Get, path), None).await;
        match answer {
            Err(TrackerError::Gone(detail)) => Err(TrackerError::Refused(format!(
                "{detail}; is the Change Management API switched on?"
            ))),
            other => other.map(drop),
        }
    }

    /// Makes a change: `normal`, `emergency` or `standard/ID` of a template.
    pub(crate) async fn create_change(
        &self,
        kind: &str,
        fields: &Value,
    ) -> Result<TicketRef, TrackerError> {
        let path = format!("/{kind}");
        let to = (Method::Post, &*path);
        let answer = self.on_change(Aim::Write, to, Some(fields)).await?;
        let made = self.wire().json(Aim::Write, &answer)?["result"].take();
        let row = json!({ "sys_id": value(&made, "sys_id"), "number": value(&made, "number") });
        let unreadable = || self.wire().unreadable(Aim::Write);
        let reference = self.reference(CHANGES, &row).ok_or_else(unreadable)?;
        if value(&made, "correlation_id") != fields["correlation_id"] {
            let number = &reference.key;
            tracing::warn!(
                number,
                "ServiceNow kept no correlation_id: the change is not found again"
            );
        }
        Ok(reference)
    }

    /// How a change is.
    pub(crate) async fn change(&self, ticket: &TicketRef) -> Result<Change, TrackerError> {
        let query = "sysparm_fields=state,approval,type";
        let to = (Method::Get, CHANGES, ticket, query);
        let record = self.record(Aim::Read, to, None).await?;
        let field = |name: &str| record[name].as_str().map(str::to_owned);
        let unreadable = || self.wire().unreadable(Aim::Read);
        Ok(Change {
            state: field("state").ok_or_else(unreadable)?,
            approval: field("approval").ok_or_else(unreadable)?,
            is_standard: field("type").as_deref() == Some("standard"),
        })
    }

    /// The states that a change may take next.
    pub(crate) async fn next_states(&self, ticket: &TicketRef) -> Result<NextStates, TrackerError> {
        let path = format!("/{}/nextstates", encoded(&ticket.id));
        let to = (Method::Get, &*path);
        let answer = self.on_change(Aim::Read, to, None).await?;
        let mut result = self.wire().json(Aim::Read, &answer)?["result"].take();
        let Some(available) = result["available_states"].as_array() else {
            return Err(self.wire().unreadable(Aim::Read));
        };
        let available = available
            .iter()
            .filter_map(|state| state.as_str().map(str::to_owned))
            .collect();
        let transitions = result["state_transitions"].as_array().into_iter().flatten();
        // They come as lists of lists: one for each state that may follow.
        let transitions = transitions.flat_map(|one| match one.as_array() {
            Some(many) => many.iter().collect::<Vec<_>>(),
            None => vec![one],
        });
        let unmet = transitions
            .filter(|one| one["transition_available"] == false)
            .flat_map(|one| one["conditions"].as_array().into_iter().flatten())
            .filter(|condition| condition["passed"] == false)
            .filter_map(|condition| condition["condition"]["name"].as_str().map(str::to_owned))
            .collect();
        Ok(NextStates {
            available,
            labels: result["state_label"].take(),
            unmet,
        })
    }

    /// Sets fields of a change.
    pub(crate) async fn set_change(
        &self,
        ticket: &TicketRef,
        fields: &Value,
    ) -> Result<(), TrackerError> {
        let path = format!("/{}", encoded(&ticket.id));
        let to = (Method::Patch, &*path);
        self.on_change(Aim::Write, to, Some(fields)).await.map(drop)
    }

    /// The name of a template of standard changes.
    pub(crate) async fn change_template(&self, id: &str) -> Result<String, TrackerError> {
        let path = format!("/standard/template/{}", encoded(id));
        let to = (Method::Get, &*path);
        let answer = self.on_change(Aim::Read, to, None).await?;
        let result = self.wire().json(Aim::Read, &answer)?["result"].take();
        let name = value(&result, "sys_name");
        let name = name.as_str().filter(|name| !name.is_empty());
        Ok(name.unwrap_or(id).to_owned())
    }
}

/// The value of a field, which may come with how it is shown.
fn value(record: &Value, name: &str) -> Value {
    match &record[name] {
        Value::Object(pair) => pair.get("value").cloned().unwrap_or_default(),
        plain => plain.clone(),
    }
}
