//! The tables and how they come about: what is made depends on the configuration, so the statements
//! are built here. Each version of the tables has its own list of statements; what was applied is
//! written down in `tocsin_schema`.

use tocsin_domain::ports::StoreError;

use super::config::ClickHouseLogsConfig;
use super::connection::Connection;

/// The newest version of the tables.
const VERSION: u64 = 1;
/// The oldest version of the engine that is spoken to.
const ENGINE_MIN: (u64, u64) = (24, 3);
/// Nanoseconds of a day: rows are kept together by the day of receipt.
pub(super) const DAY_NANOS: i64 = 86_400_000_000_000;

/// The columns of a row in the order in which rows are written and read.
pub(super) const COLUMNS: [(&str, &str); 21] = [
    ("id", "UInt128"),
    ("timestamp", "Int64"),
    ("observed", "Int64"),
    ("source", "LowCardinality(String)"),
    ("host", "LowCardinality(String)"),
    ("severity", "UInt8"),
    ("issues", "UInt8"),
    ("body", "String"),
    ("template", "UInt64"),
    ("variable_starts", "Array(UInt32)"),
    ("variable_lengths", "Array(UInt32)"),
    ("variable_keys", "Array(LowCardinality(String))"),
    ("variable_types", "Array(UInt8)"),
    ("attribute_keys", "Array(LowCardinality(String))"),
    ("attribute_types", "Array(UInt8)"),
    ("attribute_values", "Array(String)"),
    ("trace_id", "String"),
    ("span_id", "String"),
    ("bus_partition", "UInt16"),
    ("bus_offset", "UInt64"),
    ("writer", "UInt64"),
];

/// How a column is kept. What is the same for all lines of a template costs next to nothing.
fn codec(column: &str) -> &'static str {
    match column {
        "id" => "CODEC(ZSTD(1))",
        "timestamp" | "observed" => "CODEC(Delta(8), ZSTD(1))",
        "bus_partition" | "bus_offset" | "writer" => "CODEC(Delta, ZSTD(1))",
        "body" => "CODEC(ZSTD(3))",
        _ => "CODEC(ZSTD(1))",
    }
}

/// Which tables there are and how they are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tables {
    cluster: String,
    is_replicated: bool,
    ttl_days: u32,
}

impl Tables {
    pub(super) fn new(config: &ClickHouseLogsConfig) -> Self {
        Self {
            cluster: config.cluster.clone(),
            is_replicated: config.replicated,
            ttl_days: config.ttl_days,
        }
    }

    /// `ON CLUSTER` for statements that all servers carry out; empty without a cluster.
    pub(super) fn on_cluster(&self) -> String {
        match &*self.cluster {
            "" => String::new(),
            name => format!(" ON CLUSTER `{name}`"),
        }
    }

    /// The table that holds the rows of a server, under the name that questions use.
    pub(super) fn local(&self, table: &str) -> String {
        match &*self.cluster {
            "" => table.to_owned(),
            _ => format!("{table}_local"),
        }
    }

    /// A table of the system, of one server of every shard.
    pub(super) fn system(&self, table: &str) -> String {
        match &*self.cluster {
            "" => format!("system.{table}"),
            name => format!("cluster(`{name}`, system.{table})"),
        }
    }

    /// A table of the system, of every server.
    pub(super) fn system_everywhere(&self, table: &str) -> String {
        match &*self.cluster {
            "" => format!("system.{table}"),
            name => format!("clusterAllReplicas(`{name}`, system.{table})"),
        }
    }

    fn engine(&self, kind: &str, table: &str) -> String {
        match self.is_replicated {
            false => format!("{kind}MergeTree"),
            true => format!(
                "Replicated{kind}MergeTree('/clickhouse/tables/{{shard}}/{{database}}/{table}', \
                 '{{replica}}')"
            ),
        }
    }

    /// The statements of the first version.
    pub(super) fn version_1(&self) -> Vec<String> {
        let mut statements = vec![self.logs(), self.positions()];
        if !self.cluster.is_empty() {
            for table in ["logs", "positions"] {
                statements.push(self.distributed(table));
            }
        }
        statements
    }

    /// Lines are in the order of time, so that the newest are found without looking at the others;
    /// in the order of sources they would be a seventh smaller, and pages seven times slower.
    /// Variables are places in the body: their texts again would cost as much as the body. Words are
    /// looked up by ClickHouse's own tokens, which ours are made of, in Bloom filters of 4 bytes a
    /// line; the inverted index of newer engines took 48 where lines are full of numbers.
    fn logs(&self) -> String {
        let columns: String = COLUMNS
            .iter()
            .map(|(name, kind)| format!("    `{name}` {kind} {},\n", codec(name)))
            .collect();
        format!(
            "CREATE TABLE IF NOT EXISTS `{table}`{on_cluster} (\n{columns}    \
             `bytes` UInt32 MATERIALIZED length(body) CODEC(T64, ZSTD(1)),\n    \
             `variables` Array(String) ALIAS arrayMap((s, n) -> substring(body, s, n), \
             variable_starts, variable_lengths),\n    \
             `time` DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(timestamp, 'UTC'),\n    \
             INDEX words lower(body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1,\n    \
             INDEX ids id TYPE minmax GRANULARITY 1,\n    \
             INDEX templates template TYPE bloom_filter(0.01) GRANULARITY 1,\n    \
             INDEX sources source TYPE set(256) GRANULARITY 1,\n    \
             INDEX traces trace_id TYPE bloom_filter(0.01) GRANULARITY 1,\n    \
             INDEX offsets (bus_partition, bus_offset) TYPE minmax GRANULARITY 1\n\
             ) ENGINE = {engine}\n\
             PARTITION BY intDiv(observed, {DAY_NANOS})\n\
             ORDER BY (timestamp, id){ttl}\n\
             SETTINGS {window} = 1000, ttl_only_drop_parts = 1",
            table = self.local("logs"),
            on_cluster = self.on_cluster(),
            engine = self.engine("", "logs"),
            ttl = self
                .ttl()
                .map(|ttl| format!("\nTTL {ttl}"))
                .unwrap_or_default(),
            window = match self.is_replicated {
                true => "replicated_deduplication_window",
                false => "non_replicated_deduplication_window",
            },
        )
    }

    fn ttl(&self) -> Option<String> {
        let days = self.ttl_days;
        (days > 0).then(|| {
            format!("toDateTime(intDiv(observed, 1000000000)) + INTERVAL {days} DAY DELETE")
        })
    }

    /// The statement that brings the time to live to what the configuration says.
    pub(super) fn set_ttl(&self) -> Option<String> {
        let table = self.local("logs");
        let on_cluster = self.on_cluster();
        self.ttl()
            .map(|ttl| format!("ALTER TABLE `{table}`{on_cluster} MODIFY TTL {ttl}"))
    }

    /// The statement that has lines live for ever again.
    pub(super) fn remove_ttl(&self) -> String {
        format!(
            "ALTER TABLE `{}`{} REMOVE TTL",
            self.local("logs"),
            self.on_cluster()
        )
    }

    fn positions(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS `{table}`{on_cluster} (\n    \
             `bus_partition` UInt16,\n    \
             `writer` SimpleAggregateFunction(max, UInt64),\n    \
             `bus_offset` SimpleAggregateFunction(max, UInt64)\n\
             ) ENGINE = {engine}\nORDER BY bus_partition",
            table = self.local("positions"),
            on_cluster = self.on_cluster(),
            engine = self.engine("Aggregating", "positions"),
        )
    }

    /// A partition of the bus is on one shard, so that its lines and its position are together.
    fn distributed(&self, table: &str) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS `{table}`{on_cluster} AS `{local}` ENGINE = \
             Distributed(`{cluster}`, currentDatabase(), `{local}`, bus_partition)",
            on_cluster = self.on_cluster(),
            local = self.local(table),
            cluster = self.cluster,
        )
    }
}

/// Makes the tables, or brings them to the newest version.
///
/// # Errors
/// [`StoreError::Unavailable`] if the engine is away or refuses; [`StoreError::Invalid`] if it or
/// the tables are of a version that is not understood.
pub(super) async fn prepare(
    connection: &Connection,
    tables: &Tables,
    database: &str,
) -> Result<Connection, StoreError> {
    let version = connection.one("SELECT version()", |row| row.text().map(<[u8]>::to_vec));
    let engine = engine_version(&version.await?);
    if engine < ENGINE_MIN {
        let ((major, minor), (at_least, and)) = (engine, ENGINE_MIN);
        return Err(StoreError::Invalid(format!(
            "`logs.clickhouse.url`: expected ClickHouse {at_least}.{and} or newer, this is \
             {major}.{minor}"
        )));
    }
    let name = super::literal::literal(database.as_bytes());
    let known = format!("SELECT count() FROM system.databases WHERE name = {name}");
    let on_cluster = tables.on_cluster();
    if connection.one(&known, |row| row.u64()).await? == 0 {
        let create = format!("CREATE DATABASE IF NOT EXISTS `{database}`{on_cluster}");
        connection.execute(&create).await?;
    }
    let connection = connection.clone().with_database(database);
    let create = format!(
        "CREATE TABLE IF NOT EXISTS `tocsin_schema`{on_cluster} (`version` UInt64) \
         ENGINE = MergeTree ORDER BY version"
    );
    connection.execute(&create).await?;
    let applied = "SELECT max(version) FROM tocsin_schema";
    let applied = connection.one(applied, |row| row.u64()).await?;
    if applied > VERSION {
        return Err(StoreError::Invalid(format!(
            "the tables in ClickHouse are of version {applied}, which a newer Tocsin made: expected \
             {VERSION} at most"
        )));
    }
    if applied < 1 {
        for statement in tables.version_1() {
            connection.execute(&statement).await?;
        }
        let note = "INSERT INTO tocsin_schema SELECT 1";
        connection.execute(note).await?;
    }
    keep_ttl(&connection, tables).await?;
    Ok(connection)
}

/// Brings the time to live of the table to what the configuration says.
async fn keep_ttl(connection: &Connection, tables: &Tables) -> Result<(), StoreError> {
    let table = super::literal::literal(tables.local("logs").as_bytes());
    let made = format!(
        "SELECT create_table_query FROM system.tables \
         WHERE database = currentDatabase() AND name = {table}"
    );
    let made = connection.one(&made, |row| {
        row.text()
            .map(|text| String::from_utf8_lossy(text).into_owned())
    });
    let made = made.await?;
    let has_ttl = made.contains("toIntervalDay(");
    let is_as_said = match tables.ttl_days {
        0 => !has_ttl,
        days => made.contains(&format!("toIntervalDay({days})")),
    };
    match tables.set_ttl() {
        _ if is_as_said => Ok(()),
        Some(statement) => connection.execute(&statement).await,
        None => connection.execute(&tables.remove_ttl()).await,
    }
}

/// Major and minor number of a version such as `26.9.2.1`.
fn engine_version(text: &[u8]) -> (u64, u64) {
    let text = String::from_utf8_lossy(text);
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
