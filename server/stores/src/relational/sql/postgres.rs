//! Connections to PostgreSQL, which may go away: what is safe to do again is done again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Error, PgPool, Postgres};

use super::query::{Came, Query, Wanted, query, query_scalar};
use super::transaction::{Area, Transaction};
use super::{Connection, Row};
use crate::pulse::{Ping, Pulse};
use crate::relational::POSTGRES;
use crate::relational::config::PostgresConfig;

/// How long to wait before something is tried again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long it is asked what became of a transaction whose answer was lost.
const SETTLE_FOR: Duration = Duration::from_secs(30);
/// How long a replica that failed is let be.
const REPLICA_REST: Duration = Duration::from_secs(10);
/// How long a connection to a replica is waited for.
const REPLICA_WAIT: Duration = Duration::from_secs(1);
/// How often a read is tried whose connection was lost.
const READS_MAX: usize = 3;

/// How much longer than that a pool tries, so that the pulse has the last word.
const PULSE_WITHIN: Duration = Duration::from_secs(4);
/// What a server says that has no connection left.
const NO_ROOM: &str = "53300";

/// What every connection is told, so that none hangs on to a lock for ever.
const SETTINGS: [(&str, &str); 3] = [
    ("statement_timeout", "120s"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("client_min_messages", "warning"),
];

const LOCK: &str = "SELECT pg_advisory_xact_lock(CAST($1 AS INTEGER), CAST($2 AS INTEGER)), \
    CAST(pg_current_xact_id() AS TEXT)";

const BECAME: &str = "SELECT pg_xact_status(CAST(CAST($1 AS TEXT) AS xid8))";

/// The connections to a server, and perhaps to one that follows it.
#[derive(Debug, Clone)]
pub(in super::super) struct PostgresPools {
    primary: PgPool,
    pulse: Arc<Pulse>,
    replica: Option<Arc<Replica>>,
    /// Whether reads may go to the replica.
    is_for_lists: bool,
    /// How long an answer is waited for while the server is away.
    patience: Duration,
}

#[derive(Debug)]
struct Replica {
    pool: PgPool,
    rests_until: Mutex<Option<Instant>>,
}

impl Replica {
    fn is_resting(&self) -> bool {
        self.rests_until
            .lock()
            .is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self, error: &Error) {
        tracing::warn!(%error, "the replica of the relational store does not answer");
        *self.rests_until.lock() = Some(Instant::now() + REPLICA_REST);
    }
}

/// Connects. A server that is not there is told at once, with the reason.
pub(in super::super) async fn connect(
    config: &PostgresConfig,
    (primary, replica): (PgConnectOptions, Option<PgConnectOptions>),
) -> Result<PostgresPools, Error> {
    let patience = Duration::from_secs(config.wait_secs);
    let pool = |wait| {
        PgPoolOptions::new()
            .max_connections(config.connections_max)
            .acquire_timeout(wait)
    };
    let told = |options: PgConnectOptions| options.application_name("tocsin").options(SETTINGS);
    let primary = told(primary);
    // A pool would try for as long as its patience lasts, and then say that it ran out.
    reach(&primary, patience).await?;
    let pulse = Arc::new(pulse(primary.clone(), patience));
    // The pulse is what ends the waiting for a server that is away.
    let wait = patience + PULSE_WITHIN;
    let primary = pool(wait).connect_with(primary).await?;
    // It need not be there yet.
    let replica = replica.map(|options| Replica {
        pool: pool(REPLICA_WAIT).connect_lazy_with(told(options)),
        rests_until: Mutex::new(None),
    });
    Ok(PostgresPools {
        primary,
        pulse,
        replica: replica.map(Arc::new),
        is_for_lists: false,
        patience,
    })
}

/// Whether there is a server that lets us in.
async fn reach(options: &PgConnectOptions, patience: Duration) -> Result<(), Error> {
    match tokio::time::timeout(patience, options.connect()).await {
        Ok(connected) => connected?.close().await,
        Err(_) => Err(silent(patience)),
    }
}

/// The error of a server that does not answer.
fn silent(waited: Duration) -> Error {
    let why = format!("no answer within {} s", waited.as_secs());
    Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, why))
}

/// Asks for a connection of its own. A server that refuses one has answered.
fn pulse(options: PgConnectOptions, patience: Duration) -> Pulse {
    let ping: Ping = Box::new(move || {
        let options = options.clone();
        Box::pin(async move {
            match options.connect().await {
                Ok(connection) => connection.close().await.is_ok(),
                Err(error) => !is_lost(&error) || code(&error).as_deref() == Some(NO_ROOM),
            }
        })
    });
    Pulse::new(POSTGRES, patience, ping)
}

/// Work on a connection, given up once the server does not answer.
pub(super) async fn attended<T>(
    pulse: &Pulse,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let done = pulse.during(work).await;
    done.unwrap_or_else(|silent| Err(Error::Io(std::io::Error::other(silent))))
}

impl PostgresPools {
    /// The same, whose reads may be a little old.
    pub(super) fn lists(&self) -> Self {
        Self {
            is_for_lists: true,
            ..self.clone()
        }
    }

    fn replica(&self) -> Option<&Replica> {
        let replica = self.replica.as_deref().filter(|_| self.is_for_lists)?;
        (!replica.is_resting()).then_some(replica)
    }

    /// Runs a statement in a transaction of its own. One that changes nothing is tried again if its
    /// connection was lost.
    pub(super) async fn run(&self, query: &Query, wanted: Wanted) -> Result<Came, Error> {
        if let Some(replica) = self.replica().filter(|_| query.is_read()) {
            match query.on_postgres(&replica.pool, wanted).await {
                Err(error) if is_away(&error) || is_in_the_way(&error) => replica.rest(&error),
                came => return came,
            }
        }
        for _ in 1..READS_MAX {
            let mut connection = self.on_primary().await?;
            match attended(&self.pulse, query.on_postgres(&mut *connection, wanted)).await {
                Err(error) if query.is_read() && is_lost(&error) => {}
                came => return came,
            }
        }
        let mut connection = self.on_primary().await?;
        attended(&self.pulse, query.on_postgres(&mut *connection, wanted)).await
    }

    /// A connection, to the replica if that will do.
    pub(super) async fn acquire(&self) -> Result<Connection, Error> {
        let given = |connection| Connection::Postgres(connection, self.pulse.clone());
        if let Some(replica) = self.replica() {
            match replica.pool.acquire().await {
                Err(error) => replica.rest(&error),
                connection => return connection.map(given),
            }
        }
        self.on_primary().await.map(given)
    }

    /// A connection, waited for while the server restarts.
    async fn on_primary(&self) -> Result<PoolConnection<Postgres>, Error> {
        let until = Instant::now() + self.patience;
        let acquired = async {
            loop {
                match self.primary.acquire().await {
                    Err(error) if is_lost(&error) && Instant::now() < until => {
                        tokio::time::sleep(PAUSE).await;
                    }
                    Err(Error::PoolTimedOut) => return Err(silent(self.patience)),
                    connection => return connection,
                }
            }
        };
        attended(&self.pulse, acquired).await
    }

    /// A transaction that sees the database as it is at its first read.
    pub(super) async fn at_one_moment(&self) -> Result<Connection, Error> {
        let mut begun = attended(&self.pulse, self.primary.begin()).await?;
        let told = query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        told.persistent(false)
            .on_postgres(&mut *begun, Wanted::Nothing)
            .await?;
        Ok(Connection::PostgresTransaction(begun, self.pulse.clone()))
    }

    /// Begins a transaction and takes the lock of its area. Nothing has been done before that, so it is
    /// tried again while the server restarts.
    pub(super) async fn write(&self, area: Area) -> Result<Transaction, Error> {
        let until = Instant::now() + self.patience;
        let begun = async {
            loop {
                match self.begin(area).await {
                    Err(error) if is_lost(&error) && Instant::now() < until => {
                        tokio::time::sleep(PAUSE).await;
                    }
                    begun => return begun,
                }
            }
        };
        attended(&self.pulse, begun).await
    }

    async fn begin(&self, area: Area) -> Result<Transaction, Error> {
        let mut begun = match self.primary.begin().await {
            Err(Error::PoolTimedOut) => return Err(silent(self.patience)),
            begun => begun?,
        };
        let (ours, area) = area.lock();
        let locked = query(LOCK).bind(ours).bind(area);
        let mut locked = locked.on_postgres(&mut *begun, Wanted::First).await?;
        let row: Row = locked.rows.pop().ok_or(Error::RowNotFound)?;
        let number = row.try_get(1)?;
        Ok(Transaction::postgres(begun, self.clone(), number))
    }

    /// Finds out what became of a transaction whose answer was lost.
    pub(super) async fn settle(&self, number: &str, error: Error) -> Result<(), Error> {
        if !is_lost(&error) {
            return Err(error);
        }
        let until = Instant::now() + SETTLE_FOR;
        while Instant::now() < until {
            match self.became(number).await {
                Ok(Some(state)) if state == "committed" => return Ok(()),
                // Its connection may not have been missed yet.
                Ok(Some(state)) if state == "in progress" => {}
                Err(error) if is_away(&error) => {}
                _ => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(error)
    }

    async fn became(&self, number: &str) -> Result<Option<String>, Error> {
        let mut connection = self.on_primary().await?;
        let asked = query(BECAME).bind(number);
        let came = asked.on_postgres(&mut *connection, Wanted::First);
        let came = attended(&self.pulse, came).await?;
        let row = came.rows.into_iter().next().ok_or(Error::RowNotFound)?;
        row.try_get(0)
    }

    /// How it is seen whether the server answers.
    pub(super) fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// One text of the server, such as a setting.
    pub(in super::super) async fn ask(&self, sql: &'static str) -> Result<String, Error> {
        query_scalar(sql)
            .fetch_one(&super::Pool::Postgres(self.clone()))
            .await
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.primary.close().await;
        if let Some(replica) = &self.replica {
            replica.pool.close().await;
        }
    }
}

fn code(error: &Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}

/// Whether a connection was lost, or is about to be: the server ends, crashed, starts, or the network
/// failed. What was asked for was not done, unless it was a commit.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) => true,
        _ => code(error).is_some_and(|code| is_of_one_away(&code)),
    }
}

/// Whether a server says by this code that it is starting up or shutting down, or has no room.
pub(in super::super) fn is_of_one_away(code: &str) -> bool {
    code.starts_with("08") || ["57P01", "57P02", "57P03", NO_ROOM].contains(&code)
}

/// Whether a server says by this code that somebody has to change something: a password that is wrong, a
/// database that is not there, a permission that is lacking.
pub(in super::super) fn is_of_one_refusing(code: &str) -> bool {
    code.starts_with("28") || ["3D000", "3F000", "42501"].contains(&code)
}

/// Whether the server cannot be reached at all.
fn is_away(error: &Error) -> bool {
    is_lost(error) || matches!(error, Error::PoolTimedOut)
}

/// Whether a replica gave a read up for what it has to follow.
fn is_in_the_way(error: &Error) -> bool {
    code(error).is_some_and(|code| code == "40001")
}
