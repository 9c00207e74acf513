//! The fence: one that no longer leads cannot write, however long it was asleep.

use tocsin_domain::ports::StoreError;

use super::sql::{self, Connection};
use super::{RelationalStore, store_error};

const HOLDS: &str = "SELECT COUNT(*) FROM leases WHERE name = $1 AND token = $2";

/// The lease under which a store is written.
#[derive(Debug, Clone)]
pub(super) struct Fence {
    name: String,
    token: u64,
}

impl RelationalStore {
    /// The same store, whose transactions are refused once another took the lease of this name.
    #[must_use]
    pub fn fenced(&self, name: &str, token: u64) -> Self {
        let fence = Fence {
            name: name.to_owned(),
            token,
        };
        Self {
            fence: Some(fence),
            ..self.clone()
        }
    }
}

impl Fence {
    /// Refuses if another took the lease. To be asked within the transaction that writes.
    pub(super) async fn check(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let holds: i64 = sql::query_scalar(HOLDS)
            .bind(&self.name)
            .bind(self.token.cast_signed())
            .fetch_one(connection)
            .await
            .map_err(store_error)?;
        if holds == 0 {
            return Err(StoreError::Unavailable(
                "another process leads now, and this one may not write any more".into(),
            ));
        }
        Ok(())
    }
}
