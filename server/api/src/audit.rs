//! Saying in the audit log what someone did, before it is done.

use serde_json::Value;
use tocsin_domain::ports::{AuditEntry, AuditId, StoreError};

use crate::state::{ApiState, random};

/// Who acts while there is no authentication.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// Who acts when nobody asked.
pub(crate) const SYSTEM: &str = "system";

/// Adds an entry of a person's doing; what is to be done must wait for it.
pub(crate) async fn record(
    state: &ApiState,
    action: &str,
    subject: String,
    details: Value,
) -> Result<(), StoreError> {
    let now = state.now();
    let entry = AuditEntry {
        id: AuditId::new(now, random()),
        at: now,
        actor: ANONYMOUS.to_owned(),
        action: action.to_owned(),
        subject,
        details: details.to_string(),
    };
    state.parts().audit.append(entry).await
}
