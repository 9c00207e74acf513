//! Saying in the audit log what someone did, before it is done.

use serde_json::Value;
use tocsin_domain::ports::{AuditEntry, AuditId, StoreError};

use crate::identity::Actor;
use crate::state::{ApiState, random};

/// Adds an entry of someone's doing; what is to be done must wait for it.
pub(crate) async fn record(
    state: &ApiState,
    actor: &Actor,
    action: &str,
    subject: String,
    details: Value,
) -> Result<(), StoreError> {
    let now = state.now();
    let entry = AuditEntry {
        id: AuditId::new(now, random()),
        at: now,
        actor: actor.name().to_owned(),
        action: action.to_owned(),
        subject,
        details: details.to_string(),
    };
    state.parts().audit.append(entry).await
}
