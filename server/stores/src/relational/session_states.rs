//! What is known of the sessions of log lines.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::{SessionStates, SessionStore, StoreError};
use tocsin_domain::{Offset, Partition};

use super::sql::{self, Area};
use super::{RelationalStore, store_error};

const LOAD: &str = "SELECT source, state FROM session_states WHERE partition_number = $1 \
    ORDER BY source";
const POSITION: &str = "SELECT position FROM session_positions WHERE partition_number = $1";
const SAVE: &str = "INSERT INTO session_states (partition_number, source, state) \
    VALUES ($1, $2, $3) \
    ON CONFLICT (partition_number, source) DO UPDATE SET state = excluded.state";
const MOVE: &str = "INSERT INTO session_positions (partition_number, position) VALUES ($1, $2) \
    ON CONFLICT (partition_number) DO UPDATE SET position = excluded.position";

#[async_trait]
impl SessionStore for RelationalStore {
    async fn save_sessions(
        &self,
        partition: Partition,
        changed: SessionStates,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Sessions(partition.0)).await?;
        for (source, state) in changed.sources {
            sql::query(SAVE)
                .bind(i64::from(partition.0))
                .bind(&*source)
                .bind(state)
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        sql::query(MOVE)
            .bind(i64::from(partition.0))
            .bind(changed.position.0.cast_signed())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn load_sessions(&self, partition: Partition) -> Result<SessionStates, StoreError> {
        let number = i64::from(partition.0);
        let position: Option<i64> = sql::query_scalar(POSITION)
            .bind(number)
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        let rows = sql::query(LOAD).bind(number).fetch_all(&self.pool).await;
        let mut sources = Vec::new();
        for row in rows.map_err(store_error)? {
            let source: String = row.try_get("source").map_err(store_error)?;
            let state = row.try_get("state").map_err(store_error)?;
            sources.push((Arc::from(source), state));
        }
        Ok(SessionStates {
            position: Offset(position.map_or(0, i64::cast_unsigned)),
            sources,
        })
    }
}
