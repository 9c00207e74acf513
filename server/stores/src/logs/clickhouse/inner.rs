//! What all parts of the store share: the connection, the tables, what waits.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tocsin_domain::ports::StoreError;
use tocsin_domain::{Offset, Partition};

use super::config::ClickHouseLogsConfig;
use super::connection::Connection;
use super::schema::{Tables, prepare};
use super::write::Writing;

/// The writer's side of a partition; locked while rows are on their way.
type SharedWriting = Arc<tokio::sync::Mutex<Writing>>;

/// The store.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) connection: Connection,
    pub(super) tables: Tables,
    pub(super) database: String,
    pub(super) config: ClickHouseLogsConfig,
    writing: Mutex<HashMap<u16, SharedWriting>>,
    pub(super) durable: RwLock<HashMap<u16, Offset>>,
}

impl Inner {
    pub(super) async fn open(config: ClickHouseLogsConfig) -> Result<Self, StoreError> {
        config.check()?;
        let address = config.address()?;
        let tables = Tables::new(&config);
        let connection = Connection::new(&config, &address);
        let connection = prepare(&connection, &tables, &address.database).await?;
        let inner = Self {
            connection,
            tables,
            database: address.database,
            config,
            writing: Mutex::default(),
            durable: RwLock::default(),
        };
        inner.read_positions().await?;
        Ok(inner)
    }

    pub(super) fn writing(&self, partition: Partition) -> SharedWriting {
        Arc::clone(self.writing.lock().entry(partition.0).or_default())
    }

    /// Every partition that something was written to.
    pub(super) fn all_writing(&self) -> Vec<(Partition, SharedWriting)> {
        let writing = self.writing.lock();
        let all = writing
            .iter()
            .map(|(partition, writing)| (Partition(*partition), Arc::clone(writing)));
        all.collect()
    }

    pub(super) fn durable(&self, partition: Partition) -> Offset {
        self.durable
            .read()
            .get(&partition.0)
            .copied()
            .unwrap_or_default()
    }
}
