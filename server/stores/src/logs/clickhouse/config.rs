//! How ClickHouse is reached, and the bounds of what waits for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::ports::StoreError;

/// The log store on ClickHouse. Without a `url`, lines are kept by the embedded store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClickHouseLogsConfig {
    /// Where ClickHouse's HTTP interface is: `http(s)://user:password@host:8123/database`. Default
    /// empty: lines are kept by the embedded store. `CLICKHOUSE_URL` is taken if this is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// A file that holds the `url`, so that its password stands in no configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The cluster's name as in `system.clusters`. Default empty: one server. With a name, tables
    /// are made `ON CLUSTER` and rows go through a `Distributed` table.
    pub cluster: String,
    /// True if the servers of a shard are replicas of each other (`ReplicatedMergeTree`). Default
    /// false. Writes then wait for a quorum.
    pub replicated: bool,
    /// After so many days since they were received lines go by themselves (`TTL`). Default 0: never;
    /// the rules of `retention` hold either way. Taken when the tables are made and at each start.
    pub ttl_days: u32,
    /// Rows of a partition that are put into one `INSERT`. Default 65,536: ClickHouse wants few
    /// and large inserts.
    pub insert_rows: usize,
    /// Seconds after which fewer rows than that are inserted, too. Default 1: so long may other
    /// processes not see a line.
    pub insert_secs: u64,
    /// Bytes of rows that a partition holds in memory while ClickHouse is away; beyond it the bus
    /// keeps them. Default 64 MiB.
    pub buffer_bytes_max: usize,
    /// Seconds that an insert may take. Default 60.
    pub insert_timeout_secs: u64,
    /// Seconds that a question may take. Default 60.
    pub query_timeout_secs: u64,
    /// Seconds that changing or removing rows for good may take. Default 600: ClickHouse writes
    /// whole parts anew for it.
    pub mutation_timeout_secs: u64,
    /// Distinct values that a distribution counts exactly. Default 10,000: some megabytes.
    pub distinct_values_max: usize,
}

impl Default for ClickHouseLogsConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            url_file: None,
            cluster: String::new(),
            replicated: false,
            ttl_days: 0,
            insert_rows: 65_536,
            insert_secs: 1,
            buffer_bytes_max: 64 << 20,
            insert_timeout_secs: 60,
            query_timeout_secs: 60,
            mutation_timeout_secs: 600,
            distinct_values_max: 10_000,
        }
    }
}

/// The address is left out: it holds a password.
impl fmt::Debug for ClickHouseLogsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClickHouseLogsConfig")
            .field("cluster", &self.cluster)
            .field("replicated", &self.replicated)
            .field("ttl_days", &self.ttl_days)
            .finish_non_exhaustive()
    }
}

impl ClickHouseLogsConfig {
    /// Takes `CLICKHOUSE_URL` or `CLICKHOUSE_URL_FILE` where the configuration names no server.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        if !self.is_set() {
            self.url = set("CLICKHOUSE_URL").unwrap_or_default();
            if self.url.is_empty() {
                self.url_file = set("CLICKHOUSE_URL_FILE").map(PathBuf::from);
            }
        }
        self
    }

    /// True if a server is named.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.url.trim().is_empty() || self.url_file.is_some()
    }

    /// Checks everything that can be checked without the server; nothing if none is named.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] names the key and what was expected.
    pub fn check(&self) -> Result<(), StoreError> {
        if !self.is_set() {
            return Ok(());
        }
        self.address().map(drop)?;
        let positive = [
            ("insert_rows", self.insert_rows as u64),
            ("buffer_bytes_max", self.buffer_bytes_max as u64),
            ("insert_timeout_secs", self.insert_timeout_secs),
            ("query_timeout_secs", self.query_timeout_secs),
            ("mutation_timeout_secs", self.mutation_timeout_secs),
            ("distinct_values_max", self.distinct_values_max as u64),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(invalid(key, "a number above 0"));
            }
        }
        if !is_name(&self.cluster) && !self.cluster.is_empty() {
            return Err(invalid("cluster", "letters, digits, `_`, `-` and `.`"));
        }
        if self.replicated && self.cluster.is_empty() {
            return Err(invalid("cluster", "a name, since `replicated` is true"));
        }
        Ok(())
    }

    pub(super) fn address(&self) -> Result<Address, StoreError> {
        let text = match &self.url_file {
            Some(_) if !self.url.is_empty() => {
                return Err(invalid("url", "nothing, since there is `url_file`"));
            }
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                let message = format!("a readable file ({}: {error})", path.display());
                invalid("url_file", &message)
            })?,
            None => self.url.clone(),
        };
        Address::parse(text.trim()).ok_or_else(|| {
            invalid(
                "url",
                "`http(s)://user:password@host:8123/database` (signs of `%`, `@`, `:` and `/` in a \
                 password as `%25`, `%40`, `%3A` and `%2F`)",
            )
        })
    }

    pub(super) fn insert_after(&self) -> Duration {
        Duration::from_secs(self.insert_secs)
    }
}

fn invalid(key: &str, expected: &str) -> StoreError {
    StoreError::Invalid(format!("`logs.clickhouse.{key}`: expected {expected}"))
}

/// True if a name needs no quoting in SQL but backticks.
fn is_name(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !text.is_empty() && text.bytes().all(is_fine)
}

/// The parts of the address.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme, host and port.
    pub(super) server: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) database: String,
}

impl Address {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (account, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        let database = match path.trim_end_matches('/') {
            "" => "default".to_owned(),
            name => decoded(name)?,
        };
        let is_understood = matches!(scheme, "http" | "https")
            && !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#%'\"".contains(&byte))
            && is_name(&database);
        is_understood.then_some(Self {
            server: format!("{scheme}://{host}"),
            user: decoded(user)?,
            password: decoded(password)?,
            database,
        })
    }
}

/// Undoes `%40`; none if a sign is cut short or the whole is no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut ClickHouseLogsConfig)) -> ClickHouseLogsConfig {
        let mut config = ClickHouseLogsConfig {
            url: "http://u:p%40ss%2F@ch.example:8123/tocsin".into(),
            ..ClickHouseLogsConfig::default()
        };
        change(&mut config);
        config
    }

    #[test]
    fn an_address_is_taken_apart() {
        let address = with(|_| ()).address().unwrap();
        assert_eq!(address.server, "http://ch.example:8123");
        assert_eq!((&*address.user, &*address.password), ("u", "p@ss/"));
        assert_eq!(address.database, "tocsin");
        let short = with(|config| config.url = "https://ch".into())
            .address()
            .unwrap();
        assert_eq!(
            (&*short.server, &*short.database),
            ("https://ch", "default")
        );
        assert!(!format!("{:?}", with(|_| ())).contains("ss"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_key() {
        let refused =
            |change: fn(&mut ClickHouseLogsConfig)| with(change).check().unwrap_err().to_string();
        assert!(with(|_| ()).check().is_ok());
        assert!(with(|config| config.url = String::new()).check().is_ok());
        for url in [
            "ch:8123",
            "ftp://ch/x",
            "http:///x",
            "http://ch/a`b",
            "http://u:%4@ch/x",
        ] {
            let config = with(|config| config.url = url.into());
            assert!(
                config
                    .check()
                    .unwrap_err()
                    .to_string()
                    .contains("`logs.clickhouse.url`")
            );
        }
        assert!(refused(|c| c.insert_rows = 0).contains("insert_rows"));
        assert!(refused(|c| c.cluster = "a'b".into()).contains("cluster"));
        assert!(refused(|c| c.replicated = true).contains("cluster"));
        assert!(refused(|c| c.url_file = Some("/nowhere".into())).contains("url"));
    }

    #[test]
    fn the_conventional_variable_fills_what_was_left_open() {
        let variable = |name: &str| (name == "CLICKHOUSE_URL").then(|| "http://env/x".to_owned());
        let taken = ClickHouseLogsConfig::default().with_conventional(variable);
        assert_eq!(taken.url, "http://env/x");
        let kept = with(|_| ()).with_conventional(variable);
        assert!(kept.url.contains("ch.example"));
        assert!(
            !ClickHouseLogsConfig::default()
                .with_conventional(|_| None)
                .is_set()
        );
    }
}
