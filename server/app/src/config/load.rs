//! Reads the configuration: the file, then the environment over it. Anything unknown or of the
//! wrong type stops the start with the place, the key and what was expected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use tocsin_stores::relational::RelationalEngine;

use super::{Config, Role};

/// The prefix of environment variables that set a key: `TOCSIN_SERVER__LISTEN`.
const PREFIX: &str = "TOCSIN_";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that is not understood.
    #[error("in the configuration `{}`: {message}", path.display())]
    InFile {
        /// Which file.
        path: PathBuf,
        /// Line, column, key and what was expected.
        message: String,
    },
    /// A variable says something that is not understood.
    #[error("the environment variable `{name}` is not understood: {message}")]
    InVariable {
        /// Which variable.
        name: String,
        /// What was expected.
        message: String,
    },
    /// Two settings do not go together, or one is refused.
    #[error("{0}")]
    Refused(String),
}

/// Reads `path` (the defaults if there is none) and lays `variables` over it.
///
/// # Errors
/// [`ConfigError`] with the place and what was expected.
pub fn load(
    path: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut table = match path {
        Some(path) => read(path)?,
        None => Table::new(),
    };
    let defaults = Table::try_from(Config::default())
        .map_err(|error| ConfigError::Refused(error.to_string()))?;
    let variables: BTreeMap<String, String> = variables.into_iter().collect();
    for (name, text) in variables.iter().filter(|(name, _)| is_setting(name)) {
        set(&mut table, &defaults, name, text)?;
        check_variable(&table, name)?;
    }
    let mut config: Config = table
        .try_into()
        .map_err(|error| ConfigError::Refused(error.to_string()))?;
    let conventional = |name: &str| variables.get(name).cloned();
    config.llm = config.llm.with_conventional(conventional);
    config.bus.redis = config.bus.redis.with_conventional(conventional);
    config.relational = config.relational.with_conventional(conventional);
    config.logs.clickhouse = config.logs.clickhouse.with_conventional(conventional);
    config.metrics.influxdb = config.metrics.influxdb.with_conventional(conventional);
    config.model = config.model.with_conventional(conventional);
    config.vectors.qdrant = config.vectors.qdrant.with_conventional(conventional);
    config.telemetry = config.telemetry.with_conventional(conventional);
    check(&config)?;
    Ok(config)
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.into(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let in_file = |error: toml::de::Error| ConfigError::InFile {
        path: path.into(),
        message: error.to_string(),
    };
    // Read as the real type first: its errors carry line and column, those of a table do not.
    toml::from_str::<Config>(&text).map_err(in_file)?;
    text.parse::<Table>().map_err(in_file)
}

/// `TOCSIN_SERVER__LISTEN` sets a key; `TOCSIN_DATA` is something else.
fn is_setting(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.contains("__"))
}

fn set(table: &mut Table, defaults: &Table, name: &str, text: &str) -> Result<(), ConfigError> {
    let keys: Vec<String> = name[PREFIX.len()..]
        .split("__")
        .map(str::to_ascii_lowercase)
        .collect();
    let default = keys
        .iter()
        .skip(1)
        .fold(defaults.get(&keys[0]), |value, key| {
            value
                .and_then(Value::as_table)
                .and_then(|table| table.get(key))
        });
    let value = if matches!(default, Some(Value::String(_))) {
        Value::String(text.into())
    } else {
        // Numbers, booleans and arrays are written as in the file; anything else is text.
        format!("value = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(text.into()))
    };
    let (last, sections) = match keys.split_last() {
        Some(split) => split,
        None => return Ok(()),
    };
    let mut at = table;
    for section in sections {
        let entry = at
            .entry(section.clone())
            .or_insert_with(|| Value::Table(Table::new()));
        at = entry
            .as_table_mut()
            .ok_or_else(|| ConfigError::InVariable {
                name: name.into(),
                message: format!("`{section}` is not a section"),
            })?;
    }
    at.insert(last.clone(), value);
    Ok(())
}

/// Checks after each variable, so that the error can name it.
fn check_variable(table: &Table, name: &str) -> Result<(), ConfigError> {
    table
        .clone()
        .try_into::<Config>()
        .map(drop)
        .map_err(|error| ConfigError::InVariable {
            name: name.into(),
            message: error.to_string().trim().replace('\n', " "),
        })
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let listen = config.server.listen;
    if !listen.ip().is_loopback() && !config.server.open_to_network {
        return Err(ConfigError::Refused(format!(
            "`server.listen` is {listen}, which others can reach, and there is no authentication \
             yet. Listen on 127.0.0.1:{port} and put a proxy that authenticates in front of it, or \
             reach it through `ssh -L {port}:127.0.0.1:{port} HOST`; in a network of its own, where \
             everyone may do everything, set `server.open_to_network = true`",
            port = listen.port(),
        )));
    }
    config.server.identity()?;
    check_shared(config)?;
    let redis = config.bus.redis.check();
    redis.map_err(|wrong| ConfigError::Refused(wrong.to_string()))?;
    let relational = config.relational.engine();
    relational.map_err(|error| ConfigError::Refused(error.to_string()))?;
    let clickhouse = config.logs.clickhouse.check();
    clickhouse.map_err(|error| ConfigError::Refused(error.to_string()))?;
    let influxdb = config.metrics.influxdb.check();
    influxdb.map_err(ConfigError::Refused)?;
    config.tickets.check()?;
    config.automation.check()?;
    config.model.check()?;
    let qdrant = config.vectors.qdrant.check();
    qdrant.map_err(ConfigError::Refused)?;
    let mut jobs = config.ingest.scrape.iter();
    jobs.try_for_each(tocsin_ingest::metrics::scrape::ScrapeConfig::check)
        .map_err(ConfigError::Refused)?;
    config.jobs.check().map_err(ConfigError::Refused)?;
    config.backup.check().map_err(ConfigError::Refused)?;
    config.telemetry.check()?;
    let notify = &config.notify;
    let mail = notify.smtp.mail(notify.timeout_ms);
    mail.map(drop).map_err(ConfigError::Refused)
}

/// Whether processes that share one engine share all that must not differ among them.
fn check_shared(config: &Config) -> Result<(), ConfigError> {
    let is_shared = config.bus.redis.is_set();
    let engine = config.relational.engine();
    let engine = engine.map_err(|error| ConfigError::Refused(error.to_string()))?;
    let is_postgres = matches!(engine, RelationalEngine::Postgres(_));
    let missing = [
        ("relational.url", is_postgres),
        ("logs.clickhouse.url", config.logs.clickhouse.is_set()),
        ("metrics.influxdb.url", config.metrics.influxdb.is_chosen()),
    ];
    let missing = missing.iter().find(|(_, is_there)| !is_there);
    if is_shared && let Some((key, _)) = missing {
        return Err(ConfigError::Refused(format!(
            "`bus.redis.url` is for several processes, which have to share the stores as well: \
             set `{key}`, too (see docs/distributed.md)"
        )));
    }
    if !is_shared && config.server.role != Role::All {
        return Err(ConfigError::Refused(
            "`server.role` is one of several processes, which share a bus: set `bus.redis.url`, \
             or let this one do all"
                .into(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn processes_share_all_stores_or_none() {
        let refused =
            |pairs: &[(&str, &str)]| load(None, variables(pairs)).unwrap_err().to_string();
        let redis = ("REDIS_URL", "redis://localhost:6379");
        let postgres = ("DATABASE_URL", "postgres://localhost/tocsin");
        assert!(refused(&[redis]).contains("`relational.url`"));
        assert!(refused(&[redis, postgres]).contains("`logs.clickhouse.url`"));
        assert!(refused(&[("TOCSIN_SERVER__ROLE", "api")]).contains("`bus.redis.url`"));
        let all = [
            redis,
            postgres,
            ("CLICKHOUSE_URL", "http://localhost:8123"),
            ("INFLUXDB_URL", "http://localhost:8086"),
            ("INFLUXDB_TOKEN", "t"),
            ("TOCSIN_SERVER__ROLE", "worker"),
        ];
        assert_eq!(
            load(None, variables(&all)).unwrap().server.role,
            Role::Worker
        );
    }

    #[test]
    fn variables_lie_over_the_file() {
        let file = file("[server]\nlisten = \"127.0.0.1:9000\"\nshutdown_grace_secs = 5\n");
        let set = variables(&[
            ("TOCSIN_SERVER__LISTEN", "127.0.0.1:9001"),
            ("TOCSIN_INGEST__HOST__ENABLED", "false"),
            ("TOCSIN_DATA", "elsewhere"),
            ("HOME", "/"),
        ]);
        let config = load(Some(file.path()), set).unwrap();
        assert_eq!(config.server.listen.port(), 9001);
        assert_eq!(config.server.shutdown_grace_secs, 5);
        assert!(!config.ingest.host.enabled);
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line_and_what_was_expected() {
        let file = file("[server]\n\nlissten = \"127.0.0.1:9000\"\n");
        let message = load(Some(file.path()), []).unwrap_err().to_string();
        assert!(message.contains("line 3"), "{message}");
        assert!(
            message.contains("lissten") && message.contains("`listen`"),
            "{message}"
        );
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let set = variables(&[("TOCSIN_PIPELINE__FLUSH_SECS", "soon")]);
        let message = load(None, set).unwrap_err().to_string();
        assert!(message.contains("TOCSIN_PIPELINE__FLUSH_SECS"), "{message}");
        let set = variables(&[("TOCSIN_PIPELINE__FLUSHSECS", "1")]);
        let message = load(None, set).unwrap_err().to_string();
        assert!(message.contains("TOCSIN_PIPELINE__FLUSHSECS"), "{message}");
    }

    #[test]
    fn scrape_jobs_are_tables_and_checked() {
        let text = "[[ingest.scrape]]\njob = \"node\"\ntargets = [\"web-1:9100\"]\n";
        let config = load(Some(file(text).path()), []).unwrap();
        assert_eq!(config.ingest.scrape[0].interval_secs, 15);
        let wrong = text.replace("web-1:9100", "web 1");
        let message = load(Some(file(&wrong).path()), []).unwrap_err().to_string();
        assert!(message.contains("`web 1`"), "{message}");
    }

    #[test]
    fn tickets_are_configured_by_file_and_variables_and_checked() {
        let text =
            "[tickets]\ntracker = \"jira\"\n[tickets.jira]\nurl = \"https://x.atlassian.net\"\n";
        let set = variables(&[
            ("TOCSIN_TICKETS__JIRA__API_TOKEN", "123"),
            ("TOCSIN_TICKETS__THRESHOLDS__LOW", "2"),
        ]);
        let config = load(Some(file(text).path()), set).unwrap();
        assert_eq!(config.tickets.settings().thresholds.low, 2.0);
        assert!(!format!("{:?}", config.tickets).contains("123"));
        let wrong = text.replace("jira\"\n[", "jirra\"\n[");
        let message = load(Some(file(&wrong).path()), []).unwrap_err().to_string();
        assert!(
            message.contains("line 2") && message.contains("`built_in`"),
            "{message}"
        );
        let set = variables(&[("TOCSIN_TICKETS__THRESHOLDS__HIGH", "60")]);
        let message = load(None, set).unwrap_err().to_string();
        let expected = "`tickets.thresholds.high`: expected 0 to 1, or 2 for never";
        assert_eq!(message, expected);
    }

    #[test]
    fn the_conventional_variables_of_models_are_honoured_and_keys_are_not_shown() {
        let set = variables(&[
            ("OPENAI_API_KEY", "sk-secret"),
            ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
            ("TOCSIN_LLM__MODEL", "small"),
        ]);
        let config = load(None, set).unwrap();
        assert_eq!(config.llm.provider(), tocsin_llm::ProviderChoice::OpenAi);
        assert_eq!(config.llm.base_url, "http://127.0.0.1:9/v1");
        assert_eq!(config.llm.model, "small");
        let shown = serde_json::to_string(&config).unwrap();
        assert!(shown.contains("***") && !shown.contains("sk-secret"));
        let none = load(None, []).unwrap();
        assert_eq!(none.llm.provider(), tocsin_llm::ProviderChoice::Extractive);
    }

    #[test]
    fn backups_need_a_place() {
        let set = variables(&[("TOCSIN_BACKUP__EVERY_MINUTES", "10")]);
        let message = load(None, set).unwrap_err().to_string();
        assert!(message.contains("`backup.destination`"), "{message}");
    }

    #[test]
    fn who_says_who_asks_is_checked() {
        let odd = file("[server]\nuser_header = \"X User\"\n");
        let message = load(Some(odd.path()), []).unwrap_err().to_string();
        assert!(
            message.contains("`server.user_header`") && message.contains("X User"),
            "{message}"
        );
        let named = file("[server]\nuser_header = \"X-User\"\ntrusted_proxies = [\"10.0.0.1\"]\n");
        assert!(load(Some(named.path()), []).is_ok());
    }

    #[test]
    fn listening_beyond_loopback_is_refused_with_a_way_to_proceed() {
        let set = variables(&[("TOCSIN_SERVER__LISTEN", "0.0.0.0:8080")]);
        let message = load(None, set).unwrap_err().to_string();
        assert!(
            message.contains("0.0.0.0:8080") && message.contains("ssh -L"),
            "{message}"
        );
    }
}
