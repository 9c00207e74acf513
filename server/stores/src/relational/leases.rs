//! Leases: who of several processes does what only one may do.

use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::{LeaseHolder, LeaseStore, StoreError};

use super::sql;
use super::{RelationalStore, store_error};

#[async_trait]
impl LeaseStore for RelationalStore {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        note: &str,
        ttl: Duration,
    ) -> Result<Option<u64>, StoreError> {
        // The clock that decides is the store's own.
        let now_ms = self.pool.engine().now_ms();
        let sql = format!(
            "INSERT INTO leases (name, holder, note, token, until_ms) \
             VALUES ($1, $2, $3, 1, {now_ms} + $4) ON CONFLICT (name) DO UPDATE SET \
             token = CASE WHEN leases.until_ms > {now_ms} THEN leases.token \
             ELSE leases.token + 1 END, holder = excluded.holder, note = excluded.note, \
             until_ms = excluded.until_ms \
             WHERE leases.holder = excluded.holder OR leases.until_ms <= {now_ms} \
             RETURNING token"
        );
        let token: Option<i64> = sql::query_scalar(sql)
            .bind(name)
            .bind(holder)
            .bind(note)
            .bind(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX / 2))
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(token.map(i64::cast_unsigned))
    }

    async fn release(&self, name: &str, token: u64) -> Result<(), StoreError> {
        // The row stays, so that the token never goes down.
        sql::query("UPDATE leases SET until_ms = 0 WHERE name = $1 AND token = $2")
            .bind(name)
            .bind(token.cast_signed())
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn lease(&self, name: &str) -> Result<Option<LeaseHolder>, StoreError> {
        let now_ms = self.pool.engine().now_ms();
        let sql = format!(
            "SELECT holder, note, token, until_ms FROM leases \
             WHERE name = $1 AND until_ms > {now_ms}"
        );
        let row = sql::query(sql)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let number = |column| row.try_get::<i64, _>(column).map_err(store_error);
        Ok(Some(LeaseHolder {
            holder: row.try_get("holder").map_err(store_error)?,
            note: row.try_get("note").map_err(store_error)?,
            token: number("token")?.cast_unsigned(),
            until: Timestamp::from_millis(number("until_ms")?),
        }))
    }
}
