//! `servicenow`: incidents and change requests. A rule makes an incident, changes it, says something on
//! it, or closes it; it asks for a change, normal or of a template that was agreed to beforehand, and
//! goes on when that is approved; it changes a change, closes or calls it off. It never approves one.
//!
//! What was made is known again by its `correlation_id`, what was written by the key in the work note
//! that is written with it, and a state by reading it.

mod steps;
mod way;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_domain::automation::{Params, ProviderKind};
use tocsin_domain::ticket::TicketRef;

use super::records::{Find, Job, Keys, On, Progress, Reader, Records, Taken};
use crate::http::{HttpConfig, Method};
use crate::trackers::changes::CHANGES;
use crate::trackers::servicenow::{Instance, SHORT_MAX, ServiceNowAccess, is_sys_id};
use crate::trackers::{Aim, ConfigSecret, TrackerConfigError, TrackerError, text};
use steps::{Step, What, steps};

/// The table of incidents.
const INCIDENTS: &str = "incident";
/// By what records are found that were made.
const KEY: &str = "correlation_id";
/// What rules may do, and to which table.
const ACTIONS: [&str; 7] = [
    "create_incident",
    "update_incident",
    "close_incident",
    "create_change",
    "update_change",
    "close_change",
    "cancel_change",
];
/// Incidents and change requests of ServiceNow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceNowActionsConfig {
    /// Address of the instance, such as `https://example.service-now.com`.
    pub url: String,
    /// The account; needs the role `itil`, and `sn_change_write` for changes.
    #[serde(default)]
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: ConfigSecret,
    /// A file with the password, in place of `password`.
    pub password_file: Option<PathBuf>,
    /// An OAuth token, in place of user and password.
    #[serde(default)]
    pub token: ConfigSecret,
    /// A file with the token, in place of `token`.
    pub token_file: Option<PathBuf>,
    /// Close code of an incident where a rule names none. Default Solution provided.
    #[serde(default = "close_code")]
    pub close_code: String,
    /// Seconds after which a record is surely found. Default 60: ServiceNow may work on a request
    /// for so long after we gave up on it.
    #[serde(default = "lag_secs")]
    pub lag_secs: u64,
}

fn close_code() -> String {
    "Solution provided".into()
}

const fn lag_secs() -> u64 {
    60
}

/// The incidents and changes of an instance.
pub(in crate::automation) struct ServiceNowRecords {
    instance: Instance,
    config: ServiceNowActionsConfig,
}

impl ServiceNowRecords {
    pub(in crate::automation) fn new(
        config: ServiceNowActionsConfig,
        http: &HttpConfig,
    ) -> Result<Self, TrackerConfigError> {
        let access = ServiceNowAccess {
            section: "",
            url: &config.url,
            user: &config.user,
            password: &config.password,
            password_file: config.password_file.as_deref(),
            token: &config.token,
            token_file: config.token_file.as_deref(),
        };
        let instance = Instance::new(&access, http)?;
        Ok(Self { instance, config })
    }

    /// Fields of a record as people see them.
    async fn seen(
        &self,
        table: &str,
        record: &TicketRef,
        fields: &str,
    ) -> Result<Value, TrackerError> {
        let query = format!("sysparm_fields={fields}&sysparm_display_value=true");
        let to = (Method::Get, table, record, &*query);
        self.instance.record(Aim::Read, to, None).await
    }

    /// That a table has the fields that a step sets: others are dropped without a word.
    async fn check_fields(
        &self,
        step: &Step,
        record: Option<&TicketRef>,
    ) -> Result<(), TrackerError> {
        let (What::Make { fields, .. } | What::Write(fields)) = &step.what else {
            return Ok(());
        };
        let names: Vec<&str> = fields
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .collect();
        let shown = names.join(",");
        let row = match record {
            Some(record) => self.seen(step.table, record, &shown).await?,
            None => {
                let rows = self.instance.rows((step.table, ""), (&shown, 1)).await?;
                let Some(row) = rows.into_iter().next() else {
                    return Ok(());
                };
                row
            }
        };
        match names.iter().find(|name| row.get(**name).is_none()) {
            None => Ok(()),
            Some(name) => Err(TrackerError::Refused(format!(
                "ServiceNow: the table `{}` has no field `{name}` that the account may read",
                step.table
            ))),
        }
    }

    async fn is_in_state(&self, step: &Step, record: &TicketRef) -> Result<bool, TrackerError> {
        let (What::Close(fields), table) = (&step.what, step.table) else {
            return Ok(false);
        };
        let to = (Method::Get, table, record, "sysparm_fields=state");
        let now = self.instance.record(Aim::Read, to, None).await?;
        // What is closed is resolved as well.
        Ok(now["state"] == fields["state"] || now["state"] == "7")
    }
}

/// Whether a text is the number of a record.
fn is_number(name: &str) -> bool {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = name.len() - digits.len();
    (2..=8).contains(&letters)
        && (1..=12).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[async_trait]
impl Records for ServiceNowRecords {
    type Step = Step;

    fn kind(&self) -> ProviderKind {
        ProviderKind::ServiceNow
    }

    fn base(&self) -> &str {
        self.instance.wire().base()
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        for table in [INCIDENTS, CHANGES] {
            self.instance.check(table, &[KEY]).await?;
        }
        self.instance.check_changes().await?;
        Ok("the account may read incidents and changes; whether it may write shows with the first one".into())
    }

    fn job(&self, params: &Params, keys: &Keys) -> Result<Job<Step>, String> {
        let mut reader = Reader::new(params);
        let action = reader.action(&ACTIONS)?;
        let (param, table) = match action.ends_with("_incident") {
            true => ("incident", INCIDENTS),
            false => ("change", CHANGES),
        };
        let (on, short) = match action.starts_with("create_") {
            true => (On::New, format!("(the new {param})")),
            false => {
                let named = reader.text(param)?;
                if named
                    .as_deref()
                    .is_some_and(|name| !is_number(name) && !is_sys_id(name))
                {
                    return Err(format!("`params.{param}`: expected a number or a `sys_id`"));
                }
                let short = named.clone();
                let short = short.unwrap_or_else(|| format!("(the {param} of the run)"));
                (keys.record(param, named)?, short)
            }
        };
        let key = keys.own.clone();
        let steps = steps(
            &mut reader,
            (action, table),
            (&key, &self.config.close_code),
        )?;
        reader.end()?;
        let requests = steps.iter().map(|step| step.shown(self.base(), &short));
        let title = match &on {
            On::New => action.to_owned(),
            _ => format!("{action} {short}"),
        };
        Ok(Job {
            key,
            on,
            title,
            request: requests.collect::<Vec<_>>().join("\n\n"),
            steps,
        })
    }

    async fn describe(
        &self,
        job: &Job<Step>,
        record: Option<&TicketRef>,
    ) -> Result<String, TrackerError> {
        let Some(step) = job.steps.first() else {
            return Ok(String::new());
        };
        if record.is_some() || job.on == On::New {
            self.check_fields(step, record).await?;
        }
        let Some(record) = record else {
            let template = match &step.what {
                What::Make {
                    kind: Some(kind), ..
                } => kind.strip_prefix("standard/"),
                _ => None,
            };
            return Ok(match template {
                Some(id) => {
                    let name = self.instance.change_template(id).await?;
                    format!("By the template `{name}` of standard changes:")
                }
                None => format!("In the table {}:", step.table),
            });
        };
        let asked = "state,short_description,approval";
        let now = self.seen(step.table, record, asked).await?;
        let field = |name: &str| now[name].as_str().unwrap_or_default().to_owned();
        let short = text::one_line(&field("short_description"), SHORT_MAX);
        let state = field("state");
        if step.table == INCIDENTS {
            return Ok(format!("{} is {state} now: {short}", record.key));
        }
        let next = self.instance.next_states(record).await?;
        let next: Vec<String> = next.available.iter().map(|one| next.label(one)).collect();
        Ok(format!(
            "{} is {state} now, its approval is {}, and it may go to {}: {short}",
            record.key,
            field("approval"),
            next.join(", ")
        ))
    }

    async fn find(&self, job: &Job<Step>, on: Find<'_>) -> Result<Option<TicketRef>, TrackerError> {
        let table = job.steps.first().map_or(INCIDENTS, |step| step.table);
        let name = match on {
            Find::Key(key) => return self.instance.find(table, &[KEY], key).await,
            Find::Name(name) => name,
        };
        let field = match (is_sys_id(name), is_number(name)) {
            (true, _) => "sys_id",
            (false, true) => "number",
            (false, false) => return Ok(None),
        };
        let query = format!("{field}={name}");
        let rows = self
            .instance
            .rows((table, &query), ("sys_id,number", 2))
            .await?;
        // A query that was not understood finds everything.
        let found = rows.iter().find(|row| row[field] == name);
        let found = found.and_then(|row| self.instance.reference(table, row));
        match found {
            Some(found) => Ok(Some(found)),
            None => Err(TrackerError::Gone(format!(
                "ServiceNow has no {name} in the table {table}"
            ))),
        }
    }

    async fn progress(
        &self,
        job: &Job<Step>,
        step: &Step,
        record: &TicketRef,
    ) -> Result<Progress, TrackerError> {
        let (is_done, said) = match &step.what {
            What::Make { .. } => (true, String::new()),
            What::Write(_) => {
                let key = &job.key;
                let has = self.instance.has_note(step.table, record, key).await?;
                (has, "noted\n".to_owned())
            }
            What::Close(_) => (self.is_in_state(step, record).await?, "closed\n".to_owned()),
            What::Move { until, .. } => {
                let change = self.instance.change(record).await?;
                return Ok(way::progress(&change, *until, &record.key));
            }
            What::CallOff => {
                let change = self.instance.change(record).await?;
                let is_off = change.state == way::CANCELLED;
                (is_off, "called off\n".to_owned())
            }
        };
        Ok(match is_done {
            true => Progress::Done(said),
            false => Progress::Ready(String::new()),
        })
    }

    async fn take(
        &self,
        _job: &Job<Step>,
        step: &Step,
        record: Option<&TicketRef>,
    ) -> Result<Taken, TrackerError> {
        let gone = || TrackerError::Gone("ServiceNow has no such record".into());
        let on_record = || record.ok_or_else(gone);
        let is_done = !matches!(step.what, What::Move { .. });
        let record = match &step.what {
            What::Make { kind: None, fields } => self.instance.create(step.table, fields).await?,
            What::Make {
                kind: Some(kind),
                fields,
            } => self.instance.create_change(kind, fields).await?,
            What::Write(fields) | What::Close(fields) => {
                let record = on_record()?;
                let to = (Method::Patch, step.table, record, "sysparm_fields=sys_id");
                self.instance.record(Aim::Write, to, Some(fields)).await?;
                if matches!(step.what, What::Close(_)) && !self.is_in_state(step, record).await? {
                    return Err(way::taken_back(&record.key));
                }
                record.clone()
            }
            What::Move { until, close } => {
                let record = on_record()?;
                way::go_on(&self.instance, record, (*until, close)).await?;
                record.clone()
            }
            What::CallOff => {
                let record = on_record()?;
                way::call_off(&self.instance, record).await?;
                record.clone()
            }
        };
        Ok(Taken { record, is_done })
    }

    async fn stop(&self, job: &Job<Step>, record: &TicketRef) -> Result<(), TrackerError> {
        let is_change = job.on == On::New
            && job
                .steps
                .iter()
                .any(|step| matches!(step.what, What::Move { .. }));
        match is_change {
            // What somebody else asked for is left as it is.
            false => Ok(()),
            true => match way::call_off(&self.instance, record).await {
                // It cannot be called off any more; it is not taken further.
                Err(TrackerError::Refused(_)) => Ok(()),
                done => done,
            },
        }
    }
}
