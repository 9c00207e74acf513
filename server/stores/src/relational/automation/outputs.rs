//! What actions printed, in pieces, up to a bound.

use tocsin_domain::automation::RunId;
use tocsin_domain::ports::{OUTPUT_BYTES_MAX, StoreError};

use crate::relational::alerts::{get, id_bytes};
use crate::relational::sql::{self, Area, Pool};
use crate::relational::{RelationalStore, store_error};

const LENGTH: &str = "SELECT coalesce(max(at + octet_length(text)), 0) \
    FROM automation_outputs WHERE run = $1";

const ADD: &str = "INSERT INTO automation_outputs (run, at, text) VALUES ($1, $2, $3)";

const PIECES: &str = "SELECT at, text FROM automation_outputs WHERE run = $1 \
    AND at + octet_length(text) > $2 ORDER BY at";

pub(super) async fn append(
    store: &RelationalStore,
    run: RunId,
    at: u64,
    text: &str,
) -> Result<(), StoreError> {
    let mut transaction = store.write(Area::Automation).await?;
    let length: i64 = sql::query_scalar(LENGTH)
        .bind(id_bytes(run.0))
        .fetch_one(&mut *transaction)
        .await
        .map_err(store_error)?;
    let room = OUTPUT_BYTES_MAX.saturating_sub(at);
    let text = &text[..text.floor_char_boundary(usize::try_from(room).unwrap_or(usize::MAX))];
    // What is there already is not added again.
    if length.cast_unsigned() != at || text.is_empty() {
        return Ok(());
    }
    sql::query(ADD)
        .bind(id_bytes(run.0))
        .bind(length)
        .bind(text)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

pub(super) async fn read(pool: &Pool, run: RunId, from: u64) -> Result<(String, u64), StoreError> {
    let length: i64 = sql::query_scalar(LENGTH)
        .bind(id_bytes(run.0))
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    let length = length.cast_unsigned();
    if from >= length {
        return Ok((String::new(), length));
    }
    let pieces = sql::query(PIECES)
        .bind(id_bytes(run.0))
        .bind(from.cast_signed())
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let mut output = String::new();
    for piece in &pieces {
        let (at, text): (i64, &str) = (get(piece, "at")?, get(piece, "text")?);
        let skipped = from.saturating_sub(at.cast_unsigned());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        output.push_str(&text[text.ceil_char_boundary(skipped.min(text.len()))..]);
    }
    Ok((output, length))
}
