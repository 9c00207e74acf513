//! An instance of ServiceNow, by its Table API.
//!
//! A misspelt field in a query is ignored there, and the query then matches everything, as a field
//! that a record does not have is dropped without a word. So what comes back is looked at again.

use std::path::Path;

use serde_json::{Value, json};
use tocsin_domain::ticket::TicketRef;

use super::wire::{Wire, is_plain};
use super::{Aim, ConfigSecret, TrackerConfigError, TrackerError, base_url, encoded, secret, text};
use crate::http::{Answer, Auth, HttpConfig, Method};
use crate::words::cut;

const API: &str = "/api/now/table";
/// The most characters of a short description, and of a description or a note.
pub(crate) const SHORT_MAX: usize = 160;
const TEXT_MAX: usize = 4000;
/// The most rows of a look-up.
const ROWS_MAX: usize = 50;
/// A key that no record has.
const NOBODYS_KEY: &str = "tocsin-none-has-this";

/// Settings of an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceNowAccess<'a> {
    /// What comes before the names of settings in errors: `servicenow.`.
    pub(crate) section: &'a str,
    pub(crate) url: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: &'a ConfigSecret,
    pub(crate) password_file: Option<&'a Path>,
    pub(crate) token: &'a ConfigSecret,
    pub(crate) token_file: Option<&'a Path>,
}

/// An instance.
#[derive(Debug)]
pub(crate) struct Instance {
    wire: Wire,
}

impl Instance {
    /// A client.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(
        access: &ServiceNowAccess<'_>,
        http: &HttpConfig,
    ) -> Result<Self, TrackerConfigError> {
        let field = |name: &str| format!("{}{name}", access.section);
        let url = base_url(&field("url"), access.url)?;
        let password = secret(&field("password"), access.password, access.password_file)?;
        let token = secret(&field("token"), access.token, access.token_file)?;
        let auth = match (access.user.is_empty(), password, token) {
            (true, None, Some(token)) => Auth::Bearer(token),
            (false, Some(password), None) if !access.user.contains(':') => {
                Auth::Basic(access.user.to_owned(), password)
            }
            _ => {
                let expected = "either `user` and `password`, or `token`";
                return Err(TrackerConfigError::new(&field("user"), expected));
            }
        };
        let headers = [("Accept", "application/json")];
        Ok(Self {
            wire: Wire::new("ServiceNow", http, (url, auth), &headers),
        })
    }

    /// What requests leave by.
    pub(crate) const fn wire(&self) -> &Wire {
        &self.wire
    }

    /// What an answer means that is not good. A rule of the instance that wants something else is
    /// answered as if the account were wrong.
    pub(crate) fn failure(&self, aim: Aim, answer: &Answer) -> TrackerError {
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
    pub(crate) async fn rows(
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

    /// The newest record of a table of which one of some fields has a value.
    pub(crate) async fn find(
        &self,
        table: &str,
        fields: &[&str],
        value: &str,
    ) -> Result<Option<TicketRef>, TrackerError> {
        if !is_plain(value) {
            let detail = "ServiceNow: a marker has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
        let terms: Vec<String> = fields
            .iter()
            .map(|name| format!("{name}={value}"))
            .collect();
        let query = format!("{}^ORDERBYDESCsys_created_on", terms.join("^OR"));
        let shown = format!("sys_id,number,{}", fields.join(","));
        let rows = self.rows((table, &query), (&shown, ROWS_MAX)).await?;
        let has_value = |row: &&Value| fields.iter().any(|name| row[*name] == value);
        match (rows.iter().find(has_value), rows.is_empty()) {
            (Some(row), _) => Ok(self.reference(table, row)),
            (None, true) => Ok(None),
            (None, false) => Err(TrackerError::Refused(format!(
                "ServiceNow: the table `{table}` cannot be searched by {}; give it these fields, \
                 and the account the right to read them",
                fields.join(" and ")
            ))),
        }
    }

    /// Whether a table may be read and searched by some fields.
    pub(crate) async fn check(&self, table: &str, fields: &[&str]) -> Result<(), TrackerError> {
        self.rows((table, ""), ("sys_id", 1)).await?;
        // If rows come, fields are missing and records are never found.
        self.find(table, fields, NOBODYS_KEY).await.map(drop)
    }

    /// Asks about a record, and gives it.
    pub(crate) async fn record(
        &self,
        aim: Aim,
        (method, table, ticket, query): (Method, &str, &TicketRef, &str),
        body: Option<&Value>,
    ) -> Result<Value, TrackerError> {
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

    /// Makes a record.
    pub(crate) async fn create(
        &self,
        table: &str,
        fields: &Value,
    ) -> Result<TicketRef, TrackerError> {
        let path = format!(
            "{API}/{table}?sysparm_fields=sys_id,number,correlation_id\
             &sysparm_exclude_reference_link=true"
        );
        let to = (Method::Post, &*path);
        let answer = self.wire.ask(Aim::Write, to, Some(fields)).await?;
        if answer.status != 201 {
            return Err(self.failure(Aim::Write, &answer));
        }
        let row = self.wire.json(Aim::Write, &answer)?["result"].take();
        let unreadable = || self.wire.unreadable(Aim::Write);
        let reference = self.reference(table, &row).ok_or_else(unreadable)?;
        if row["correlation_id"] != fields["correlation_id"] {
            let number = &reference.key;
            tracing::warn!(
                number,
                "ServiceNow kept no correlation_id: the record is not found again"
            );
        }
        Ok(reference)
    }

    /// Whether a work note with a key is on a record.
    pub(crate) async fn has_note(
        &self,
        table: &str,
        ticket: &TicketRef,
        key: &str,
    ) -> Result<bool, TrackerError> {
        if !is_plain(key) {
            let detail = "ServiceNow: a key has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
        // Notes are shown as one text only where values are shown as people see them.
        let query = "sysparm_fields=work_notes&sysparm_display_value=true";
        let to = (Method::Get, table, ticket, query);
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

    /// A record as people and we refer to it.
    pub(crate) fn reference(&self, table: &str, row: &Value) -> Option<TicketRef> {
        let id = row["sys_id"].as_str().filter(|id| !id.is_empty())?;
        let key = row["number"].as_str().filter(|number| !number.is_empty());
        let to = encoded(&format!("/{table}.do?sys_id={id}"));
        Some(TicketRef {
            key: key.unwrap_or(id).to_owned(),
            id: id.to_owned(),
            url: format!("{}/nav_to.do?uri={to}", self.wire.base()),
        })
    }
}

/// Whether a text is the id of a record.
pub(crate) fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// A text with an end that stays whole, as long as a field may be.
pub(crate) fn bounded(text: &str, end: &str) -> String {
    let most = TEXT_MAX.saturating_sub(end.chars().count());
    cut(&text::clean(text), most) + end
}

/// A work note with a key by which it is found. Journals take `[code]` for HTML and `@[…]` for a
/// call to somebody, so neither stays whole.
pub(crate) fn note(text: &str, key: &str) -> Value {
    let text = text.trim_end().replace("[code]", "[\u{200b}code]");
    let text = text.replace("@[", "@\u{200b}[");
    json!(bounded(&text, &format!("\n\n{key}")))
}
