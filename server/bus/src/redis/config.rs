//! How the bus on Redis is set up.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use redis::{Client, TlsCertificates};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// The settings of [`RedisBus`](crate::RedisBus). Without `url` and `url_file` the bus is the
/// embedded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedisBusConfig {
    /// Where Redis (7.0 or later) is: `redis://user:password@host:6379/0`, `rediss://…` with TLS,
    /// or `unix:///path?db=0`. Default none, or what REDIS_URL says. It may hold a password and is
    /// not shown.
    pub url: RedisUrl,
    /// A file whose first line is the address, instead of `url`. Default none, or what
    /// REDIS_URL_FILE says.
    pub url_file: Option<PathBuf>,
    /// Certificates (PEM) of who may vouch for a `rediss://` Redis. Default none: the public ones.
    pub ca_file: Option<PathBuf>,
    /// What the keys begin with, letters, digits, `-`, `_`, `.` and `:`; default `tocsin`. All
    /// processes of one Tocsin have the same, and two Tocsins on one Redis different ones.
    pub key_prefix: String,
    /// Seconds until what a dead process worked on is free, `1..=300`; default 6. A process renews
    /// its leases every third of it; shorter means more churn while a machine is slow, longer
    /// means that lines of a dead process wait longer. All processes have the same.
    pub lease_secs: u64,
    /// Milliseconds for connecting and for an answer, `100..=60000`; default 5000. Redis answers
    /// in less than one; it may take longer while it writes a large file.
    pub timeout_ms: u64,
    /// Seconds that an append whose answer was lost is asked about, before it is given up as not
    /// accepted; default 10. It was accepted or it was not: asking again never doubles it.
    pub settle_secs: u64,
    /// Refuse to start where Redis may lose what it accepted: without `appendonly yes`,
    /// `appendfsync always` and `maxmemory-policy noeviction`, or if that cannot be seen. Default
    /// false: it is only said.
    pub require_durable: bool,
}

impl Default for RedisBusConfig {
    fn default() -> Self {
        Self {
            url: RedisUrl::default(),
            url_file: None,
            ca_file: None,
            key_prefix: "tocsin".into(),
            lease_secs: 6,
            timeout_ms: 5000,
            settle_secs: 10,
            require_durable: false,
        }
    }
}

/// The address of a Redis. It is read, and shown without what may be secret.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// An address.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    fn shown(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return if self.0.is_empty() { "" } else { "***" }.into();
        };
        // The password of a socket stands behind its question mark.
        let rest = rest.split('?').next().unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://***@{host}"),
            None => format!("{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for RedisUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

/// A setting that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("`bus.redis.{key}`: expected {expected}")]
pub struct RedisConfigError {
    key: &'static str,
    expected: String,
}

impl RedisConfigError {
    fn new(key: &'static str, expected: impl Into<String>) -> Self {
        Self {
            key,
            expected: expected.into(),
        }
    }
}

impl RedisBusConfig {
    /// Fills what was left open from the conventional variables `REDIS_URL` and `REDIS_URL_FILE`,
    /// as `variable` knows them. What the configuration says itself holds; an empty variable
    /// counts as none.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        if !self.is_set() {
            self.url = RedisUrl(set("REDIS_URL").unwrap_or_default());
            if self.url.0.is_empty() {
                self.url_file = set("REDIS_URL_FILE").map(PathBuf::from);
            }
        }
        self
    }

    /// Whether the bus is to be on Redis.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        !self.url.0.is_empty() || self.url_file.is_some()
    }

    /// Checks what can be checked without Redis, and that its files can be read.
    ///
    /// # Errors
    /// [`RedisConfigError`] with the key and what was expected.
    pub fn check(&self) -> Result<(), RedisConfigError> {
        if !(1..=300).contains(&self.lease_secs) {
            return Err(RedisConfigError::new("lease_secs", "1 to 300 seconds"));
        }
        if !(100..=60_000).contains(&self.timeout_ms) {
            let expected = "100 to 60000 milliseconds";
            return Err(RedisConfigError::new("timeout_ms", expected));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if self.key_prefix.is_empty() || !self.key_prefix.chars().all(is_plain) {
            let expected = "letters, digits, `-`, `_`, `.` and `:`";
            return Err(RedisConfigError::new("key_prefix", expected));
        }
        if self.is_set() {
            self.client().map(drop)?;
        }
        Ok(())
    }

    /// A client for the address; it connects to nothing yet.
    pub(super) fn client(&self) -> Result<Client, RedisConfigError> {
        // Whoever else uses TLS may have chosen already.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let key = if self.url_file.is_some() {
            "url_file"
        } else {
            "url"
        };
        let url = self.address()?;
        let wrong = |why: redis::RedisError| {
            // The reason names no part of the address.
            let expected = "an address such as `redis://user:password@host:6379/0`, `rediss://…` \
                            or `unix:///path`";
            RedisConfigError::new(key, format!("{expected} ({why})"))
        };
        let Some(path) = &self.ca_file else {
            return Client::open(url).map_err(wrong);
        };
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(read("ca_file", path)?),
        };
        Client::build_with_tls(url, certificates).map_err(|why| {
            let expected = format!("certificates in PEM, and a `rediss://` address ({why})");
            RedisConfigError::new("ca_file", expected)
        })
    }

    fn address(&self) -> Result<String, RedisConfigError> {
        match (&self.url_file, self.url.0.is_empty()) {
            (Some(_), false) => {
                let expected = "either `url` or `url_file`, not both";
                Err(RedisConfigError::new("url", expected))
            }
            (Some(path), true) => {
                let bytes = read("url_file", path)?;
                let text = String::from_utf8_lossy(&bytes);
                Ok(text.lines().next().unwrap_or_default().trim().to_owned())
            }
            (None, _) => Ok(self.url.0.trim().to_owned()),
        }
    }

    pub(super) const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_secs)
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, RedisConfigError> {
    std::fs::read(path).map_err(|error| {
        let expected = format!("a file that can be read: {} ({error})", path.display());
        RedisConfigError::new(key, expected)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> RedisBusConfig {
        RedisBusConfig {
            url: RedisUrl::new(url.into()),
            ..RedisBusConfig::default()
        }
    }

    fn refused(config: &RedisBusConfig) -> String {
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("", ""),
            ("secret", "***"),
            ("redis://web-1:6379/2", "redis://web-1:6379/2"),
            ("rediss://u:p%40@web-1/2?protocol=3", "rediss://***@web-1/2"),
            (
                "unix:///run/redis.sock?pass=s3cret",
                "unix:///run/redis.sock",
            ),
        ] {
            assert_eq!(format!("{:?}", RedisUrl::new(url.into())), shown);
        }
    }

    #[test]
    fn the_conventional_variables_fill_what_was_left_open() {
        let variables = |name: &str| match name {
            "REDIS_URL" => Some("redis://env".to_owned()),
            "REDIS_URL_FILE" => Some("/env".to_owned()),
            _ => None,
        };
        assert!(
            !RedisBusConfig::default()
                .with_conventional(|_| None)
                .is_set()
        );
        let config = RedisBusConfig::default().with_conventional(variables);
        assert_eq!(
            (config.url.0.as_str(), config.url_file),
            ("redis://env", None)
        );
        let config = at("redis://file").with_conventional(variables);
        assert_eq!(config.url.0, "redis://file");
        let only_file = |name: &str| variables(name).filter(|_| name.ends_with("FILE"));
        let config = RedisBusConfig::default().with_conventional(only_file);
        assert_eq!(config.url_file, Some("/env".into()));
    }

    #[test]
    fn the_address_may_lie_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "redis://:pw@10.0.0.5/3\n").unwrap();
        let mut config = RedisBusConfig {
            url_file: Some(path),
            ..RedisBusConfig::default()
        };
        config.check().unwrap();
        assert_eq!(
            config
                .client()
                .unwrap()
                .get_connection_info()
                .redis_settings()
                .db(),
            3
        );
        config.url = RedisUrl::new("redis://x".into());
        assert!(refused(&config).contains("not both"));
        config.url_file = Some("/nowhere".into());
        config.url = RedisUrl::default();
        assert!(refused(&config).starts_with("`bus.redis.url_file`: expected a file"));
    }

    #[test]
    fn what_cannot_be_is_named_with_what_was_expected() {
        at("redis://web-1").check().unwrap();
        let wrong = refused(&at("http://user:s3cret@web-1"));
        assert!(
            wrong.starts_with("`bus.redis.url`: expected an address"),
            "{wrong}"
        );
        assert!(!wrong.contains("s3cret"), "{wrong}");
        let odd = |change: fn(&mut RedisBusConfig)| {
            let mut config = at("redis://web-1");
            change(&mut config);
            refused(&config)
        };
        assert!(odd(|c| c.lease_secs = 0).contains("`bus.redis.lease_secs`"));
        assert!(odd(|c| c.timeout_ms = 1).contains("`bus.redis.timeout_ms`"));
        assert!(odd(|c| c.key_prefix = "a{b}".into()).contains("`bus.redis.key_prefix`"));
        assert!(odd(|c| c.ca_file = Some("/nowhere".into())).contains("`bus.redis.ca_file`"));
    }
}
