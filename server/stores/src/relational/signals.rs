//! Signals on their way from workers to the writer of alerts.

use async_trait::async_trait;
use tocsin_domain::ports::{SignalBatch, SignalStore, StoreError};
use tocsin_domain::{Offset, Partition};

use super::sql::{self, Area, Query, Row};
use super::{RelationalStore, limit, signal_json, store_error};

const POSITION: &str = "SELECT position FROM told_positions WHERE partition_number = $1";

const MOVE: &str = "INSERT INTO told_positions (partition_number, position) VALUES ($1, $2) \
    ON CONFLICT (partition_number) DO UPDATE SET position = excluded.position \
    WHERE told_positions.position < excluded.position";

const TELL: &str = "INSERT INTO told_signals (kind, partition_number, position, told) \
    VALUES ($1, $2, $3, $4)";

const AFTER: &str = "SELECT seq, kind, partition_number, position, told FROM told_signals \
    WHERE seq > $1 ORDER BY seq LIMIT $2";

const LINES: &str = "lines";
const ANOMALIES: &str = "anomalies";
const PREDICTIONS: &str = "predictions";

#[async_trait]
impl SignalStore for RelationalStore {
    async fn tell(&self, told: SignalBatch) -> Result<(), StoreError> {
        let (kind, place, text) = match &told {
            SignalBatch::Lines {
                partition,
                offset,
                signals,
            } => {
                let text = (!signals.is_empty()).then(|| signal_json::signals_text(signals));
                (LINES, Some((*partition, *offset)), text)
            }
            SignalBatch::Anomalies { ids, .. } | SignalBatch::Predictions(ids)
                if ids.is_empty() =>
            {
                return Ok(());
            }
            SignalBatch::Anomalies { ids, trace } => {
                (ANOMALIES, None, Some(signal_json::ids_text(ids, *trace)))
            }
            SignalBatch::Predictions(ids) => {
                (PREDICTIONS, None, Some(signal_json::ids_text(ids, None)))
            }
        };
        let text = text.transpose()?;
        let Some(text) = text else {
            // Nothing is numbered, so nobody waits.
            if let Some(place) = place {
                move_to(place)
                    .execute(&self.pool)
                    .await
                    .map_err(store_error)?;
            }
            return Ok(());
        };
        let mut transaction = self.write(Area::Signals).await?;
        if let Some(place) = place {
            let moved = move_to(place).execute(&mut *transaction).await;
            if moved.map_err(store_error)?.rows_affected() == 0 {
                return Ok(());
            }
        }
        sql::query(TELL)
            .bind(kind)
            .bind(place.map(|(partition, _)| i64::from(partition.0)))
            .bind(place.map(|(_, offset)| offset.0.cast_signed()))
            .bind(text)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn told_through(&self, partition: Partition) -> Result<Offset, StoreError> {
        let position: Option<i64> = sql::query_scalar(POSITION)
            .bind(i64::from(partition.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(Offset(position.map_or(0, i64::cast_unsigned)))
    }

    async fn told_after(
        &self,
        seq: u64,
        page: usize,
    ) -> Result<Vec<(u64, SignalBatch)>, StoreError> {
        let rows = sql::query(AFTER)
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(limit(page))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(told).collect()
    }

    async fn forget_told(&self, through: u64) -> Result<(), StoreError> {
        sql::query("DELETE FROM told_signals WHERE seq <= $1")
            .bind(i64::try_from(through).unwrap_or(i64::MAX))
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// Moves the position of a partition, which never goes back.
fn move_to((partition, offset): (Partition, Offset)) -> Query {
    sql::query(MOVE)
        .bind(i64::from(partition.0))
        .bind(offset.0.cast_signed())
}

fn told(row: &Row) -> Result<(u64, SignalBatch), StoreError> {
    let text: &str = row.try_get("told").map_err(store_error)?;
    let seq: i64 = row.try_get("seq").map_err(store_error)?;
    let kind: &str = row.try_get("kind").map_err(store_error)?;
    let told = match kind {
        LINES => {
            let partition: i64 = row.try_get("partition_number").map_err(store_error)?;
            let position: i64 = row.try_get("position").map_err(store_error)?;
            let corrupt = |_| StoreError::Corrupt(format!("the partition {partition}"));
            SignalBatch::Lines {
                partition: Partition(u16::try_from(partition).map_err(corrupt)?),
                offset: Offset(position.cast_unsigned()),
                signals: signal_json::signals(text)?,
            }
        }
        ANOMALIES => {
            let (ids, trace) = signal_json::ids(text)?;
            SignalBatch::Anomalies { ids, trace }
        }
        PREDICTIONS => SignalBatch::Predictions(signal_json::ids(text)?.0),
        other => {
            return Err(StoreError::Corrupt(format!(
                "signals of the kind `{other}`"
            )));
        }
    };
    Ok((seq.cast_unsigned(), told))
}
