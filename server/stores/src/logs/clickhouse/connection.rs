//! One ClickHouse over HTTP: statements, questions whose rows stream, inserts. An engine that is
//! away or refuses is [`StoreError::Unavailable`].

use std::sync::Arc;
use std::time::Duration;

use clickhouse::query::BytesCursor;
use clickhouse::{Client, Compression};
use tocsin_domain::ports::StoreError;

use super::config::{Address, ClickHouseLogsConfig};
use super::failure::{ENGINE, unavailable};
use super::row_binary::{Take, cut_short};
use crate::pulse::{Ping, Pulse};

/// How long an answer may take before it is asked whether the server is there at all.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of an insert that are sent as one piece.
const PIECE_BYTES: usize = 1 << 20;
/// The longest text of SQL: a long query of people, escaped, in several places.
const QUERY_BYTES_MAX: &str = "16777216";

/// One ClickHouse.
#[derive(Clone)]
pub(super) struct Connection {
    reader: Client,
    writer: Client,
    pulse: Arc<Pulse>,
    query_timeout: Duration,
    insert_timeout: Duration,
    mutation_timeout: Duration,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(config: &ClickHouseLogsConfig, address: &Address) -> Self {
        let mut client = Client::default()
            .with_url(&address.server)
            .with_compression(Compression::Lz4)
            .with_setting("max_query_size", QUERY_BYTES_MAX);
        if !address.user.is_empty() {
            client = client.with_user(&address.user);
        }
        if !address.password.is_empty() {
            client = client.with_password(&address.password);
        }
        if config.replicated {
            // Whoever takes a partition must see what its predecessor wrote, on whichever replica.
            client = client.with_setting("select_sequential_consistency", "1");
        }
        let mut writer = client
            .clone()
            .with_setting("mutations_sync", "2")
            .with_setting("async_insert", "0");
        if !config.cluster.is_empty() {
            // What is inserted is on its shard, not on its way, when the answer comes.
            writer = writer.with_setting("distributed_foreground_insert", "1");
        }
        if config.replicated {
            writer = writer
                .with_setting("insert_quorum", "auto")
                .with_setting("insert_quorum_parallel", "0");
        }
        let seconds = config.query_timeout_secs.to_string();
        let reader = client
            .with_setting("max_execution_time", seconds)
            .with_setting("cancel_http_readonly_queries_on_client_close", "1");
        Self {
            reader,
            writer,
            pulse: Arc::new(pulse(&address.server)),
            query_timeout: Duration::from_secs(config.query_timeout_secs),
            insert_timeout: Duration::from_secs(config.insert_timeout_secs),
            mutation_timeout: Duration::from_secs(config.mutation_timeout_secs),
        }
    }

    /// Asks whether the server answers, and still lets us in.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let asked = self.one("SELECT toUInt64(1)", |row| row.u64());
        asked.await.map(drop)
    }

    /// Everything after this is about one database.
    pub(super) fn with_database(mut self, database: &str) -> Self {
        self.reader = self.reader.with_database(database);
        self.writer = self.writer.with_database(database);
        self
    }

    /// Carries out a statement that may take long.
    pub(super) async fn execute(&self, sql: &str) -> Result<(), StoreError> {
        let query = self.writer.query_raw(sql);
        within(&self.pulse, self.mutation_timeout, query.execute()).await
    }

    /// Carries out a statement that writes a row or two.
    pub(super) async fn note(&self, sql: &str) -> Result<(), StoreError> {
        let query = self.writer.query_raw(sql);
        within(&self.pulse, self.insert_timeout, query.execute()).await
    }

    /// Asks, and gives rows as they come.
    pub(super) fn ask(&self, sql: &str) -> Result<Rows, StoreError> {
        let query = self.reader.query_raw(sql);
        let cursor = query.fetch_bytes("RowBinary").map_err(unavailable)?;
        Ok(Rows {
            cursor,
            pulse: Arc::clone(&self.pulse),
            timeout: self.query_timeout,
            bytes: Vec::new(),
            at: 0,
            is_whole: false,
        })
    }

    /// Asks, and reads every row by `row`: for answers that are known to be small.
    pub(super) async fn all<T>(
        &self,
        sql: &str,
        row: impl Fn(&mut Take<'_>) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = self.ask(sql)?;
        let mut all = Vec::new();
        while let Some(one) = rows.next(&row).await? {
            all.push(one);
        }
        Ok(all)
    }

    /// Asks for the one row that there is.
    pub(super) async fn one<T>(
        &self,
        sql: &str,
        row: impl Fn(&mut Take<'_>) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.all(sql, row).await?.pop().ok_or_else(cut_short)
    }

    /// Inserts rows in `RowBinary`. The server drops a block whose `token` it has seen. The id of
    /// the query begins with `name`, so that others can see it at work.
    pub(super) async fn insert(
        &self,
        sql: String,
        rows: &[u8],
        (name, token): (&str, &str),
    ) -> Result<(), StoreError> {
        let insert = self
            .writer
            .insert_formatted_with(sql)
            .with_setting("query_id", format!("{name}{token}"))
            .with_setting("insert_deduplication_token", token)
            .with_setting("insert_deduplicate", "1");
        let send = async move {
            let mut insert = insert.buffered_with_capacity(PIECE_BYTES);
            for mut piece in rows.chunks(PIECE_BYTES) {
                while !piece.is_empty() {
                    let written = insert.write(piece).await?;
                    piece = &piece[written..];
                }
            }
            insert.end().await
        };
        within(&self.pulse, self.insert_timeout, send).await
    }
}

async fn within<T>(
    pulse: &Pulse,
    limit: Duration,
    work: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, StoreError> {
    match pulse.during(tokio::time::timeout(limit, work)).await {
        Ok(Ok(done)) => done.map_err(unavailable),
        Ok(Err(_)) => Err(unavailable(clickhouse::error::Error::TimedOut)),
        Err(silent) => Err(silent.of(ENGINE)),
    }
}

/// Asks for `/ping`, which the server answers whatever else it does; whoever stands before it may answer
/// in its place.
fn pulse(server: &str) -> Pulse {
    let url = format!("{server}/ping");
    // What the environment says of proxies is not asked, as for all else.
    let client = reqwest::Client::builder().no_proxy().build();
    let ping: Ping = Box::new(move || {
        let asked = client.as_ref().ok().map(|client| client.get(&url).send());
        Box::pin(async move {
            match asked {
                Some(asked) => asked.await.is_ok(),
                // Without a way to ask, nothing is known against it.
                None => true,
            }
        })
    });
    Pulse::new(ENGINE, PATIENCE, ping)
}

/// The rows of an answer as they come. Dropped, it ends the question.
pub(super) struct Rows {
    cursor: BytesCursor,
    pulse: Arc<Pulse>,
    timeout: Duration,
    bytes: Vec<u8>,
    at: usize,
    is_whole: bool,
}

impl Rows {
    /// The next row as `row` reads it; none at the end.
    pub(super) async fn next<T>(
        &mut self,
        row: impl Fn(&mut Take<'_>) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        loop {
            let mut take = Take::new(&self.bytes[self.at..]);
            if take.left() > 0
                && let Some(read) = row(&mut take)
            {
                self.at = self.bytes.len() - take.left();
                return Ok(Some(read));
            }
            if self.is_whole {
                return match self.bytes.len() - self.at {
                    0 => Ok(None),
                    _ => Err(cut_short()),
                };
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), StoreError> {
        self.bytes.drain(..self.at);
        self.at = 0;
        match within(&self.pulse, self.timeout, self.cursor.next()).await? {
            Some(piece) => self.bytes.extend_from_slice(&piece),
            None => self.is_whole = true,
        }
        Ok(())
    }
}
