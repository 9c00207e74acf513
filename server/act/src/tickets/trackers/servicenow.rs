//! ServiceNow, by its Table API.
//!
//! A misspelt field in a query is ignored there, and the query then matches everything, as a field
//! that a record does not have is dropped without a word. So what comes back is looked at again.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

use super::config::{ServiceNowConfig, TrackerConfigError, base_url, level, secret};
use super::text;
use super::wire::{Aim, Wire, encoded, is_plain};
use crate::http::{Answer, Auth, HttpConfig, Method};
use crate::tickets::tracker::{Draft, Tracker, TrackerError};
use crate::words::cut;

const API: &str = "/api/now/table";
/// The most characters of a short description, and of a description or a note.
const SHORT_MAX: usize = 160;
const TEXT_MAX: usize = 4000;
/// States that are over beside the one that is configured: closed and cancelled.
const OVER: [&str; 2] = ["7", "8"];
/// The most rows of a look-up.
const ROWS_MAX: usize = 50;

/// ServiceNow.
#[derive(Debug)]
pub(crate) struct ServiceNow {
    wire: Wire,
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
        let url = base_url("servicenow.url", &config.url)?;
        let (file, token_file) = (
            config.password_file.as_deref(),
            config.token_file.as_deref(),
        );
        let password = secret("servicenow.password", &config.password, file)?;
        let token = secret("servicenow.token", &config.token, token_file)?;
        let auth = match (config.user.is_empty(), password, token) {
            (true, None, Some(token)) => Auth::Bearer(token),
            (false, Some(password), None) if !config.user.contains(':') => {
                Auth::Basic(config.user.clone(), password)
            }
            _ => {
                let expected = "either `user` and `password`, or `token`";
                return wrong("servicenow.user", expected);
            }
        };
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
            let is_id = |id: &String| id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit());
            if value.as_ref().is_some_and(|id| !is_id(id)) {
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
        let headers = [("Accept", "application/json")];
        Ok(Self {
            wire: Wire::new("ServiceNow", http, (url, auth), &headers),
            config: config.clone(),
        })
    }

    /// What an answer means that is not good. A rule of the instance that wants something else is
    /// answered as if the account were wrong.
    fn failure(&self, aim: Aim, answer: &Answer) -> TrackerError {
        let is_rule = ["Data Policy", "mandatory"]
            .iter()
            .any(|said| answer.body.contains(said));
        match self.wire.failure(aim, answer) {
            TrackerError::Later { detail, .. } if answer.status == 403 && is_rule => {
                TrackerError::Refused(detail)
            }
            error => error,
        }
    }

    /// The rows that a query finds.
    async fn rows(
        &self,
        (table, query): (&str, &str),
        (fields, most): (&str, usize),
    ) -> Result<Vec<Value>, TrackerError> {
        let path = format!(
            "{API}/{table}?sysparm_query={}&sysparm_fields={fields}&sysparm_limit={most}\
             &sysparm_exclude_reference_link=true",
            encoded(query)
        );
        let answer = self.wire.ask(Aim::Read, (Method::Get, &path), None).await?;
        match answer.status {
            200 => {}
            // A table without rows, in old releases.
            404 if answer.body.contains("No Record found") => return Ok(Vec::new()),
            _ => return Err(self.failure(Aim::Read, &answer)),
        }
        let page = self.wire.json(Aim::Read, &answer)?;
        match page["result"].as_array() {
            Some(rows) => Ok(rows.clone()),
            None => Err(self.wire.unreadable(Aim::Read)),
        }
    }

    /// Asks about a record, and gives it.
    async fn record(
        &self,
        aim: Aim,
        (method, ticket, query): (Method, &TicketRef, &str),
        body: Option<&Value>,
    ) -> Result<Value, TrackerError> {
        let table = &self.config.table;
        let path = format!("{API}/{table}/{}?{query}", encoded(&ticket.id));
        let answer = self.wire.ask(aim, (method, &path), body).await?;
        match answer.status {
            200 => Ok(self.wire.json(aim, &answer)?["result"].take()),
            404 => {
                // It may be that the account lost sight of the whole table.
                self.rows((table, ""), ("sys_id", 1)).await?;
                let detail = format!("ServiceNow has no record {} any more", ticket.key);
                Err(TrackerError::Gone(detail))
            }
            _ => Err(self.failure(aim, &answer)),
        }
    }

    fn reference(&self, row: &Value) -> Option<TicketRef> {
        let id = row["sys_id"].as_str().filter(|id| !id.is_empty())?;
        let key = row["number"].as_str().filter(|number| !number.is_empty());
        let to = encoded(&format!("/{}.do?sys_id={id}", self.config.table));
        Some(TicketRef {
            key: key.unwrap_or(id).to_owned(),
            id: id.to_owned(),
            url: format!("{}/nav_to.do?uri={to}", self.wire.base()),
        })
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
            return Err(self.wire.unreadable(Aim::Read));
        };
        let is_resolved = state == self.config.resolved_state.to_string();
        let is_over = is_resolved || OVER.contains(&state) || record["active"] == "false";
        Ok(match is_over {
            true => TicketStatus::Resolved,
            false => TicketStatus::Open,
        })
    }
}

/// A text with an end that stays whole, as long as a field may be.
fn bounded(text: &str, end: &str) -> String {
    let most = TEXT_MAX.saturating_sub(end.chars().count());
    cut(&text::clean(text), most) + end
}

#[async_trait]
impl Tracker for ServiceNow {
    fn kind(&self) -> TrackerKind {
        TrackerKind::ServiceNow
    }

    fn target(&self) -> String {
        let host = self.wire.base().split("://").nth(1).unwrap_or_default();
        format!("table {} on {host}", self.config.table)
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let table = &self.config.table;
        self.rows((table, ""), ("sys_id", 1)).await?;
        // A marker that no record has. If rows come, fields are missing and tickets are never found.
        self.find("tocsin-none-has-this").await?;
        Ok(format!(
            "the account may read the table {table}; whether it may write shows with the first ticket"
        ))
    }

    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        if !is_plain(marker) {
            let detail = "ServiceNow: a marker has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
        let names = ["correlation_id", "correlation_display"];
        let query = format!(
            "correlation_id={marker}^ORcorrelation_display={marker}^ORDERBYDESCsys_created_on"
        );
        let fields = "sys_id,number,correlation_id,correlation_display";
        let rows = self
            .rows((&self.config.table, &query), (fields, ROWS_MAX))
            .await?;
        let has_marker = |row: &&Value| names.iter().any(|name| row[*name] == marker);
        match (rows.iter().find(has_marker), rows.is_empty()) {
            (Some(row), _) => Ok(self.reference(row)),
            (None, true) => Ok(None),
            (None, false) => Err(TrackerError::Refused(format!(
                "ServiceNow: the table `{}` cannot be searched by correlation_id and \
                 correlation_display; give it these fields, and the account the right to read them",
                self.config.table
            ))),
        }
    }

    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let path = format!(
            "{API}/{}?sysparm_fields=sys_id,number,correlation_id&sysparm_exclude_reference_link=true",
            self.config.table
        );
        let fields = self.fields(draft);
        let answer = self
            .wire
            .ask(Aim::Write, (Method::Post, &path), Some(&fields))
            .await?;
        if answer.status != 201 {
            return Err(self.failure(Aim::Write, &answer));
        }
        let row = self.wire.json(Aim::Write, &answer)?["result"].take();
        let unreadable = || self.wire.unreadable(Aim::Write);
        let reference = self.reference(&row).ok_or_else(unreadable)?;
        if row["correlation_id"] != draft.markers[1] {
            let number = &reference.key;
            tracing::warn!(
                number,
                "ServiceNow kept no correlation_id: the ticket is not found again"
            );
        }
        Ok(reference)
    }

    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let body = json!({ "work_notes": bounded(text, &format!("\n\n{key}")) });
        let to = (Method::Patch, ticket, "sysparm_fields=sys_id");
        self.record(Aim::Write, to, Some(&body)).await.map(drop)
    }

    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        if !is_plain(key) {
            let detail = "ServiceNow: a key has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
        // Notes are shown as one text only where values are shown as people see them.
        let query = "sysparm_fields=work_notes&sysparm_display_value=true";
        let to = (Method::Get, ticket, query);
        let record = self.record(Aim::Read, to, None).await?;
        let shown = record["work_notes"].as_str();
        if shown.is_some_and(|notes| text::has_key(notes, key)) {
            return Ok(true);
        }
        let id = &ticket.id;
        let query = format!("element_id={id}^element=work_notes^valueLIKE{key}");
        let asked = ("element_id,value", ROWS_MAX);
        let rows = self.rows(("sys_journal_field", &query), asked).await;
        match (rows, shown) {
            (Ok(rows), _) => Ok(rows.iter().any(|row| {
                let note = row["value"].as_str().unwrap_or_default();
                row["element_id"] == **id && text::has_key(note, key)
            })),
            // The journal itself is often closed to such accounts.
            (
                Err(TrackerError::Later {
                    is_unsure: false,
                    wait: Some(_),
                    ..
                }),
                Some(_),
            ) => Ok(false),
            (Err(error), _) => Err(error),
        }
    }

    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        let to = (Method::Get, ticket, "sysparm_fields=state,active");
        self.status_of(&self.record(Aim::Read, to, None).await?)
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
        self.record(Aim::Write, to, Some(&body)).await?;
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
