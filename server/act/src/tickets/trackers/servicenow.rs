//! Tickets as records of a table of ServiceNow.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

use super::config::{ServiceNowConfig, level};
use crate::http::{HttpConfig, Method};
use crate::tickets::tracker::{Draft, Tracker, TrackerError};
use crate::trackers::servicenow::{
    Instance, SHORT_MAX, ServiceNowAccess, bounded, is_sys_id, note,
};
use crate::trackers::{Aim, TrackerConfigError, text};

/// The most characters of a description.
const TEXT_MAX: usize = 4000;
/// States that are over beside the one that is configured: closed and cancelled.
const OVER: [&str; 2] = ["7", "8"];
/// By what tickets are found.
const MARKERS: [&str; 2] = ["correlation_id", "correlation_display"];

/// ServiceNow.
#[derive(Debug)]
pub(crate) struct ServiceNow {
    instance: Instance,
    config: ServiceNowConfig,
}

impl ServiceNow {
    /// Joins the parts.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(
        config: &ServiceNowConfig,
        http: &HttpConfig,
    ) -> Result<Self, TrackerConfigError> {
        let wrong = |field: &str, expected: &str| Err(TrackerConfigError::new(field, expected));
        let access = ServiceNowAccess {
            section: "servicenow.",
            url: &config.url,
            user: &config.user,
            password: &config.password,
            password_file: config.password_file.as_deref(),
            token: &config.token,
            token_file: config.token_file.as_deref(),
        };
        let instance = Instance::new(&access, http)?;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if config.table.is_empty() || !config.table.chars().all(is_name) {
            return wrong(
                "servicenow.table",
                "the name of a table, such as `incident`",
            );
        }
        let people = [
            ("servicenow.caller", &config.caller),
            ("servicenow.assignment_group", &config.assignment_group),
        ];
        for (field, value) in people {
            if value.as_ref().is_some_and(|id| !is_sys_id(id)) {
                return wrong(field, "a `sys_id`: 32 hexadecimal digits");
            }
        }
        let levels = [
            ("servicenow.impact", config.impact),
            ("servicenow.urgency", config.urgency),
        ];
        for (field, levels) in levels {
            if !levels.iter().all(|level| (1..=3).contains(level)) {
                return wrong(field, "four levels of 1 to 3");
            }
        }
        Ok(Self {
            instance,
            config: config.clone(),
        })
    }

    async fn on_ticket(
        &self,
        aim: Aim,
        (method, ticket, query): (Method, &TicketRef, &str),
        body: Option<&Value>,
    ) -> Result<Value, TrackerError> {
        let to = (method, &*self.config.table, ticket, query);
        self.instance.record(aim, to, body).await
    }

    /// The fields of a new record.
    fn fields(&self, draft: &Draft) -> Value {
        let [fingerprint, own] = &draft.markers;
        let is_whole = draft.description.chars().count() <= TEXT_MAX;
        let link = match is_whole && draft.description.contains(&draft.link) {
            true => String::new(),
            false => format!("\n\nIn Tocsin: {}", draft.link),
        };
        let mut fields = json!({
            "short_description": text::one_line(&draft.title, SHORT_MAX),
            "description": bounded(draft.description.trim_end(), &link),
            "impact": level(self.config.impact, draft.severity).to_string(),
            "urgency": level(self.config.urgency, draft.severity).to_string(),
            "correlation_id": own,
            "correlation_display": fingerprint,
        });
        let people = [
            ("caller_id", &self.config.caller),
            ("assignment_group", &self.config.assignment_group),
        ];
        for (field, id) in people {
            if let Some(id) = id {
                fields[field] = id.as_str().into();
            }
        }
        fields
    }

    /// How far a record is.
    fn status_of(&self, record: &Value) -> Result<TicketStatus, TrackerError> {
        let Some(state) = record["state"].as_str() else {
            return Err(self.instance.wire().unreadable(Aim::Read));
        };
        let is_resolved = state == self.config.resolved_state.to_string();
        let is_over = is_resolved || OVER.contains(&state) || record["active"] == "false";
        Ok(match is_over {
            true => TicketStatus::Resolved,
            false => TicketStatus::Open,
        })
    }
}

#[async_trait]
impl Tracker for ServiceNow {
    fn kind(&self) -> TrackerKind {
        TrackerKind::ServiceNow
    }

    fn target(&self) -> String {
        let host = self.instance.wire().base().split("://").nth(1);
        format!(
            "table {} on {}",
            self.config.table,
            host.unwrap_or_default()
        )
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let table = &self.config.table;
        self.instance.check(table, &MARKERS).await?;
        Ok(format!(
            "the account may read the table {table}; whether it may write shows with the first ticket"
        ))
    }

    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        let table = &self.config.table;
        self.instance.find(table, &MARKERS, marker).await
    }

    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let (table, fields) = (&self.config.table, self.fields(draft));
        self.instance.create(table, &fields).await
    }

    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let body = json!({ "work_notes": note(text, key) });
        let to = (Method::Patch, ticket, "sysparm_fields=sys_id");
        self.on_ticket(Aim::Write, to, Some(&body)).await.map(drop)
    }

    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        self.instance
            .has_note(&self.config.table, ticket, key)
            .await
    }

    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        let to = (Method::Get, ticket, "sysparm_fields=state,active");
        self.status_of(&self.on_ticket(Aim::Read, to, None).await?)
    }

    async fn set_status(
        &self,
        ticket: &TicketRef,
        status: TicketStatus,
        why: &str,
    ) -> Result<(), TrackerError> {
        if self.status(ticket).await? == status {
            return Ok(());
        }
        let body = match status {
            TicketStatus::Resolved => json!({
                "state": self.config.resolved_state.to_string(),
                "close_code": self.config.close_code,
                "close_notes": bounded(why, ""),
            }),
            TicketStatus::Open => json!({ "state": self.config.reopen_state.to_string() }),
        };
        let to = (Method::Patch, ticket, "sysparm_fields=state,active");
        self.on_ticket(Aim::Write, to, Some(&body)).await?;
        // A rule of the instance may have taken it back, and the answer was good nevertheless.
        match self.status(ticket).await? == status {
            true => Ok(()),
            false => Err(TrackerError::Refused(format!(
                "ServiceNow did not keep the state {} of {}; look at the rules of the table",
                body["state"].as_str().unwrap_or_default(),
                ticket.key
            ))),
        }
    }
}
