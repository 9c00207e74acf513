//! The JSON of what a run is beyond its columns.

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::automation::{Call, CallKind, Next, Owed, Run};
use tocsin_domain::ports::StoreError;

use super::parts_json::one_of;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunRow {
    pub(super) title: String,
    pub(super) proposer: String,
    pub(super) is_dry_run: bool,
    pub(super) reason: String,
    pub(super) plan: Option<String>,
    next: Option<(String, i64)>,
    call: Option<CallRow>,
    pub(super) tries: u32,
    pub(super) acted_ms: Option<i64>,
    owed: Vec<OwedRow>,
    pub(super) owed_due_ms: i64,
    pub(super) updated_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct CallRow {
    kind: String,
    handle: Option<String>,
    attempts: u32,
    silent: u32,
    began_ms: i64,
    #[serde(default)]
    told_ms: i64,
    deadline_ms: i64,
    cancel: Option<String>,
    is_called_off: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwedRow {
    Awaits,
    Change(String),
    Resolve,
    Discard,
    Escalate { why: String, to: Option<String> },
}

impl RunRow {
    pub(super) fn of(run: &Run) -> Self {
        let call = run.call.as_ref().map(|call| CallRow {
            kind: call.kind.name().to_owned(),
            handle: call.handle.clone(),
            attempts: call.attempts,
            silent: call.silent,
            began_ms: call.began_ms,
            told_ms: call.told_ms,
            deadline_ms: call.deadline_ms,
            cancel: call.cancel.clone(),
            is_called_off: call.is_called_off,
        });
        let owed = run.owed.iter().map(|owed| match owed {
            Owed::Awaits => OwedRow::Awaits,
            Owed::Change(kind) => OwedRow::Change(kind.name().to_owned()),
            Owed::Resolve => OwedRow::Resolve,
            Owed::Discard => OwedRow::Discard,
            Owed::Escalate { why, to } => OwedRow::Escalate {
                why: why.clone(),
                to: to.map(|severity| severity.name().to_owned()),
            },
        });
        Self {
            title: run.title.clone(),
            proposer: run.proposer.clone(),
            is_dry_run: run.is_dry_run,
            reason: run.reason.clone(),
            plan: run.plan.map(|plan| plan.to_string()),
            next: run
                .next
                .map(|(next, due_ms)| (next.name().to_owned(), due_ms)),
            call,
            tries: run.tries,
            acted_ms: run.acted_ms,
            owed: owed.collect(),
            owed_due_ms: run.owed_due_ms,
            updated_ms: run.updated_ms,
        }
    }

    pub(super) fn next(&self) -> Result<Option<(Next, i64)>, StoreError> {
        let Some((name, due_ms)) = &self.next else {
            return Ok(None);
        };
        Ok(Some((one_of("the next", name, Next::from_name)?, *due_ms)))
    }

    pub(super) fn call(&mut self) -> Result<Option<Call>, StoreError> {
        let Some(row) = self.call.take() else {
            return Ok(None);
        };
        Ok(Some(Call {
            kind: one_of("the call", &row.kind, CallKind::from_name)?,
            handle: row.handle,
            attempts: row.attempts,
            silent: row.silent,
            began_ms: row.began_ms,
            told_ms: row.told_ms,
            deadline_ms: row.deadline_ms,
            cancel: row.cancel,
            is_called_off: row.is_called_off,
        }))
    }

    pub(super) fn owed(&mut self) -> Result<Vec<Owed>, StoreError> {
        let owed = std::mem::take(&mut self.owed)
            .into_iter()
            .map(|row| match row {
                OwedRow::Awaits => Ok(Owed::Awaits),
                OwedRow::Change(name) => {
                    one_of("the call", &name, CallKind::from_name).map(Owed::Change)
                }
                OwedRow::Resolve => Ok(Owed::Resolve),
                OwedRow::Discard => Ok(Owed::Discard),
                OwedRow::Escalate { why, to } => {
                    let to = to.map(|name| one_of("the severity", &name, AlertSeverity::from_name));
                    let to = to.transpose()?;
                    Ok(Owed::Escalate { why, to })
                }
            });
        owed.collect()
    }
}
