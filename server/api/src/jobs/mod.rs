//! Handlers of the jobs whose subject is ours: deleting what a query selects, and reports.

pub(crate) mod delete;
pub(crate) mod report;

use tocsin_domain::ports::{AuditEntry, AuditId, AuditLog, Clock, StoreError};

use crate::errors::ApiError;
use crate::identity::SYSTEM;
use crate::state::random;

/// Adds an entry on a job to the audit log that nobody asked for.
async fn audit(
    (audit, clock): (&dyn AuditLog, &dyn Clock),
    action: &str,
    job: tocsin_domain::job::JobId,
    details: serde_json::Value,
) -> Result<(), StoreError> {
    let now = clock.now();
    let entry = AuditEntry {
        id: AuditId::new(now, random()),
        at: now,
        actor: SYSTEM.to_owned(),
        action: action.to_owned(),
        subject: format!("job:{job}"),
        details: details.to_string(),
    };
    audit.append(entry).await
}

/// What is wrong with parameters, for people.
fn detail(error: ApiError) -> String {
    let field = error.errors.into_iter().find_map(|item| {
        let (field, expected) = (item.field?, item.expected?);
        Some(format!("`{field}`: expected {expected}; {}", item.detail))
    });
    field.unwrap_or(error.detail)
}

/// Reads the parameters of a job.
fn read<T: serde::de::DeserializeOwned>(parameters: &str) -> Result<T, String> {
    let reader = &mut serde_json::Deserializer::from_str(parameters);
    serde_path_to_error::deserialize(reader).map_err(|error| error.to_string())
}
