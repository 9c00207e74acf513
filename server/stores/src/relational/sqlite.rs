//! The store in a file of SQLite.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tocsin_domain::ports::StoreError;

use super::sql::Pool;
use super::{RelationalStore, migrate, store_error};

/// One connection writes, the others read meanwhile.
const CONNECTIONS_MAX: u32 = 3;
/// How long a writer waits for another.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages that a connection keeps in memory, as a negative number of KiB.
const CACHE_SIZE: &str = "-1024";

impl RelationalStore {
    /// Opens the store in a file, which is made if it is not there, and brings it to the newest
    /// schema.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be used, [`StoreError::Invalid`] if a newer
    /// version of Tocsin wrote it, [`StoreError::Corrupt`] if it is not a database.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let store = Self::open_sqlite_as_it_is(path).await?;
        migrate::run(&store.pool).await?;
        Ok(store)
    }

    /// The same, with whatever schema is there.
    pub(super) async fn open_sqlite_as_it_is(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::Unavailable(Box::new(e)))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is answered as durable survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", CACHE_SIZE);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .connect_with(options)
            .await
            .map_err(store_error)?;
        Ok(Self::of(Pool::Sqlite(pool)))
    }
}
