//! The store in a database of PostgreSQL, which many processes may use at once.

use tocsin_domain::ports::StoreError;

use super::sql::{self, Pool, PostgresPools};
use super::{PostgresConfig, RelationalStore, migrate, partitions, store_error};

/// The oldest version that is supported, as the server writes it.
const VERSION_MIN: u32 = 150_000;

const VERSION: &str = "SELECT current_setting('server_version_num')";
const ENCODING: &str = "SELECT current_setting('server_encoding')";
const COMMITS: &str = "SELECT current_setting('synchronous_commit')";
const FSYNC: &str = "SELECT current_setting('fsync')";

impl RelationalStore {
    /// Opens the store in a database, which has to be there, and brings it to the newest schema. Any
    /// number of processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server cannot be reached or refuses, [`StoreError::Invalid`]
    /// if an address cannot be read, the server is too old, or a newer version of Tocsin wrote the
    /// database.
    pub async fn open_postgres(config: &PostgresConfig) -> Result<Self, StoreError> {
        let store = Self::open_postgres_as_it_is(config).await?;
        migrate::run(&store.pool).await?;
        partitions::prepare(&store.pool).await?;
        Ok(store)
    }

    /// The same, with whatever schema is there.
    pub(super) async fn open_postgres_as_it_is(
        config: &PostgresConfig,
    ) -> Result<Self, StoreError> {
        let options = config.options();
        let options = options.map_err(|error| StoreError::Invalid(error.to_string()))?;
        let pools = sql::connect(config, options).await.map_err(store_error)?;
        check(&pools).await?;
        Ok(Self::of(Pool::Postgres(pools)))
    }
}

/// Refuses a server that cannot keep what is kept here, and warns of one that may lose it.
async fn check(pools: &PostgresPools) -> Result<(), StoreError> {
    let ask = async |sql| pools.ask(sql).await.map_err(store_error);
    let version = ask(VERSION).await?;
    if version.parse::<u32>().unwrap_or(0) < VERSION_MIN {
        return Err(StoreError::Invalid(format!(
            "the server is PostgreSQL {version}: expected 15 or newer (150000)"
        )));
    }
    let encoding = ask(ENCODING).await?;
    if encoding != "UTF8" {
        return Err(StoreError::Invalid(format!(
            "the database is encoded in {encoding}: expected UTF8 (CREATE DATABASE … ENCODING 'UTF8' \
             TEMPLATE template0)"
        )));
    }
    for (name, sql) in [("synchronous_commit", COMMITS), ("fsync", FSYNC)] {
        if ask(sql).await? == "off" {
            tracing::warn!(
                setting = name,
                "PostgreSQL may lose what it said was kept: expected this setting to be on"
            );
        }
    }
    Ok(())
}
