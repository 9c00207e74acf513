//! Which database keeps what is relational, and how it is reached.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use sqlx::postgres::PgConnectOptions;
use tocsin_domain::ports::StoreError;

use super::RelationalStore;

/// The database of what is small and must not be lost: alerts, tickets, rules, runs, the audit log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelationalConfig {
    /// Address of the database: `postgres://user:password@host:5432/name?sslmode=verify-full`, or
    /// `sqlite:FILE`. `url_file` keeps it out of this file; `DATABASE_URL` is read if neither is set.
    /// Default empty: a file of SQLite in the data folder, which one server uses.
    #[serde(serialize_with = "hidden")]
    pub url: String,
    /// A file with the address in its first line, in place of `url`.
    pub url_file: Option<PathBuf>,
    /// Address of a PostgreSQL that follows the other, from which lists are read while it answers.
    /// Default empty: everything is read where it is written.
    #[serde(serialize_with = "hidden")]
    pub replica_url: String,
    /// A file with the address of the replica in its first line, in place of `replica_url`.
    pub replica_url_file: Option<PathBuf>,
    /// Connections of this process to PostgreSQL, and as many to a replica, `[2, 1000]`. Default 16:
    /// six such processes fit into the 100 that a server allows by default.
    pub connections_max: u32,
    /// Seconds that a request waits for PostgreSQL while it is away, `[1, 300]`. Default 5: a restart
    /// takes less.
    pub wait_secs: u64,
}

impl Default for RelationalConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            url_file: None,
            replica_url: String::new(),
            replica_url_file: None,
            connections_max: 16,
            wait_secs: 5,
        }
    }
}

impl fmt::Debug for RelationalConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelationalConfig")
            .field("connections_max", &self.connections_max)
            .field("wait_secs", &self.wait_secs)
            .finish_non_exhaustive()
    }
}

/// An address may have a password in it, so only that there is one is shown.
fn hidden<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if url.is_empty() { "" } else { "***" })
}

/// A configuration of the relational store that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("`relational.{key}`: {what}")]
pub struct RelationalConfigError {
    /// Which key.
    pub key: &'static str,
    /// What is wrong, and what was expected.
    pub what: String,
}

/// The database that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationalEngine {
    /// SQLite, in this file; none: where it is by default.
    Sqlite(Option<PathBuf>),
    /// PostgreSQL.
    Postgres(PostgresConfig),
}

/// A PostgreSQL, and how it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    /// Its address.
    pub url: String,
    /// The address of one that follows it.
    pub replica_url: Option<String>,
    /// Connections to each, at most.
    pub connections_max: u32,
    /// Seconds that a request waits while it is away.
    pub wait_secs: u64,
}

impl PostgresConfig {
    /// One of an address, otherwise as by default.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let RelationalConfig {
            connections_max,
            wait_secs,
            ..
        } = RelationalConfig::default();
        Self {
            url: url.to_owned(),
            replica_url: None,
            connections_max,
            wait_secs,
        }
    }

    pub(super) fn options(
        &self,
    ) -> Result<(PgConnectOptions, Option<PgConnectOptions>), RelationalConfigError> {
        let replica = self.replica_url.as_deref();
        let replica = replica.map(|url| options("replica_url", url));
        Ok((options("url", &self.url)?, replica.transpose()?))
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("has_replica", &self.replica_url.is_some())
            .field("connections_max", &self.connections_max)
            .field("wait_secs", &self.wait_secs)
            .finish_non_exhaustive()
    }
}

fn options(key: &'static str, url: &str) -> Result<PgConnectOptions, RelationalConfigError> {
    // Its words for what is wrong do not repeat the address, which may have a password in it.
    PgConnectOptions::from_str(url).map_err(|error| RelationalConfigError {
        key,
        what: format!("{error}: expected postgres://user:password@host:5432/name?sslmode=require"),
    })
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

impl RelationalConfig {
    /// Takes the address from `DATABASE_URL` if none is configured.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        if self.url.is_empty() && self.url_file.is_none() {
            self.url = variable("DATABASE_URL")
                .unwrap_or_default()
                .trim()
                .to_owned();
        }
        self
    }

    /// The database that is meant. Reads the files that are named.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub fn engine(&self) -> Result<RelationalEngine, RelationalConfigError> {
        let wrong = |key, what: &str| RelationalConfigError {
            key,
            what: what.to_owned(),
        };
        if !(2..=1000).contains(&self.connections_max) {
            return Err(wrong("connections_max", "expected 2 to 1000"));
        }
        if !(1..=300).contains(&self.wait_secs) {
            return Err(wrong("wait_secs", "expected 1 to 300 seconds"));
        }
        let url = address(("url", &self.url), ("url_file", self.url_file.as_deref()))?;
        let replica_url = address(
            ("replica_url", &self.replica_url),
            ("replica_url_file", self.replica_url_file.as_deref()),
        )?;
        let sqlite = url.strip_prefix("sqlite:");
        if url.is_empty() || sqlite.is_some() {
            if !replica_url.is_empty() {
                let what = "SQLite has no replica: expected postgres:// in `relational.url`";
                return Err(wrong("replica_url", what));
            }
            let file = sqlite.map(|rest| rest.strip_prefix("//").unwrap_or(rest));
            if file == Some("") {
                return Err(wrong("url", "it names no file: expected sqlite:FILE"));
            }
            return Ok(RelationalEngine::Sqlite(file.map(PathBuf::from)));
        }
        for (key, url) in [("url", &url), ("replica_url", &replica_url)] {
            if !url.is_empty() && !is_postgres(url) {
                let what = "expected an address that begins with postgres:// or sqlite:";
                return Err(wrong(key, what));
            }
        }
        let config = PostgresConfig {
            url,
            replica_url: Some(replica_url).filter(|url| !url.is_empty()),
            connections_max: self.connections_max,
            wait_secs: self.wait_secs,
        };
        config.options()?;
        Ok(RelationalEngine::Postgres(config))
    }

    /// Opens the store that is meant; `file` is that of SQLite if none is named.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the configuration or the database cannot be used as it is,
    /// [`StoreError::Unavailable`] if the database cannot be reached.
    pub async fn open(&self, file: &Path) -> Result<RelationalStore, StoreError> {
        let engine = self.engine();
        match engine.map_err(|error| StoreError::Invalid(error.to_string()))? {
            RelationalEngine::Sqlite(named) => {
                RelationalStore::open_sqlite(named.as_deref().unwrap_or(file)).await
            }
            RelationalEngine::Postgres(config) => RelationalStore::open_postgres(&config).await,
        }
    }
}

/// An address, from its key or from the first line of a file.
fn address(
    (key, text): (&'static str, &str),
    (file_key, file): (&'static str, Option<&Path>),
) -> Result<String, RelationalConfigError> {
    let Some(file) = file else {
        return Ok(text.trim().to_owned());
    };
    if !text.is_empty() {
        return Err(RelationalConfigError {
            key: file_key,
            what: format!("there is `relational.{key}`, too: expected one of them"),
        });
    }
    let read = std::fs::read_to_string(file).map_err(|error| RelationalConfigError {
        key: file_key,
        what: format!("{} cannot be read: {error}", file.display()),
    })?;
    Ok(read.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> RelationalConfig {
        RelationalConfig {
            url: url.to_owned(),
            ..RelationalConfig::default()
        }
    }

    #[test]
    fn sqlite_is_the_default() {
        let engine = RelationalConfig::default().engine().unwrap();
        assert_eq!(engine, RelationalEngine::Sqlite(None));
        for url in ["sqlite:x/y.db", "sqlite://x/y.db"] {
            let engine = of(url).engine().unwrap();
            assert_eq!(engine, RelationalEngine::Sqlite(Some("x/y.db".into())));
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_key() {
        let refused = |config: RelationalConfig| config.engine().unwrap_err().to_string();
        for url in ["mysql://a/b", "sqlite:", "/var/lib/x.db", "postgres:x"] {
            let error = refused(of(url));
            assert!(error.starts_with("`relational.url`: "), "{error}");
        }
        let secret = refused(of("postgres://ana:s3cret@host:port/x"));
        assert!(secret.contains("expected postgres://"), "{secret}");
        assert!(!secret.contains("s3cret"), "{secret}");
        let mode = refused(of("postgres://host/x?sslmode=perhaps"));
        assert!(mode.contains("relational.url"), "{mode}");
        let config = RelationalConfig {
            connections_max: 1,
            ..of("postgres://host/x")
        };
        assert!(refused(config).contains("`relational.connections_max`: expected 2 to 1000"));
        let config = RelationalConfig {
            replica_url: "postgres://host/x".into(),
            ..RelationalConfig::default()
        };
        assert!(refused(config).contains("`relational.replica_url`"));
        let config = RelationalConfig {
            url_file: Some("/nowhere".into()),
            ..of("postgres://host/x")
        };
        assert!(refused(config).contains("`relational.url_file`: there is `relational.url`"));
    }

    #[test]
    fn addresses_come_from_files_and_the_environment_and_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "postgres://ana:s3cret@host/x\n").unwrap();
        let config = RelationalConfig {
            url_file: Some(file),
            ..RelationalConfig::default()
        };
        let kept = config
            .clone()
            .with_conventional(|_| Some("mysql://x".into()));
        let RelationalEngine::Postgres(postgres) = kept.engine().unwrap() else {
            panic!("it is PostgreSQL");
        };
        assert_eq!(postgres.url, "postgres://ana:s3cret@host/x");
        assert!(!format!("{postgres:?}").contains("s3cret"));
        let named = RelationalConfig::default().with_conventional(|name| {
            (name == "DATABASE_URL").then(|| "postgres://ana:s3cret@host/x".into())
        });
        assert_eq!(named.url, postgres.url);
        assert!(!format!("{named:?}").contains("s3cret"));
        assert!(!serde_json::to_string(&named).unwrap().contains("s3cret"));
    }
}
