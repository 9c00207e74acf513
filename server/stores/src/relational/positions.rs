//! How far each followed file has been read.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use async_trait::async_trait;
use tocsin_domain::ports::{FilePosition, PositionStore, StoreError};

use super::sql::{self, Area, Row};
use super::{RelationalStore, store_error};

const LOAD: &str = "SELECT device, inode, path, fingerprint, fingerprint_bytes, read_offset \
    FROM file_positions";

const SAVE: &str = "INSERT INTO file_positions (device, inode, path, fingerprint, \
    fingerprint_bytes, read_offset) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (device, inode) DO UPDATE SET path = excluded.path, \
    fingerprint = excluded.fingerprint, fingerprint_bytes = excluded.fingerprint_bytes, \
    read_offset = excluded.read_offset";

const FORGET: &str = "DELETE FROM file_positions WHERE device = $1 AND inode = $2";

#[async_trait]
impl PositionStore for RelationalStore {
    async fn load_positions(&self) -> Result<Vec<FilePosition>, StoreError> {
        let rows = sql::query(LOAD)
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(position).collect()
    }

    async fn save_positions(&self, positions: Vec<FilePosition>) -> Result<(), StoreError> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write(Area::Positions).await?;
        for position in &positions {
            sql::query(SAVE)
                .bind(position.device.cast_signed())
                .bind(position.inode.cast_signed())
                .bind(position.path.as_os_str().as_bytes())
                .bind(position.fingerprint.cast_signed())
                .bind(position.fingerprint_bytes.cast_signed())
                .bind(position.offset.cast_signed())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn forget_positions(&self, files: Vec<(u64, u64)>) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write(Area::Positions).await?;
        for (device, inode) in &files {
            sql::query(FORGET)
                .bind(device.cast_signed())
                .bind(inode.cast_signed())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }
}

fn position(row: &Row) -> Result<FilePosition, StoreError> {
    let number = |column| row.try_get::<i64, _>(column).map_err(store_error);
    let path: Vec<u8> = row.try_get("path").map_err(store_error)?;
    Ok(FilePosition {
        path: PathBuf::from(OsString::from_vec(path)),
        device: number("device")?.cast_unsigned(),
        inode: number("inode")?.cast_unsigned(),
        fingerprint: number("fingerprint")?.cast_unsigned(),
        fingerprint_bytes: number("fingerprint_bytes")?.cast_unsigned(),
        offset: number("read_offset")?.cast_unsigned(),
    })
}
