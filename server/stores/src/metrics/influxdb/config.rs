//! Where InfluxDB is, and within which bounds it is spoken to.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use tocsin_domain::ports::StoreError;

/// A token. It is read, and never shown or written.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct InfluxToken(String);

impl InfluxToken {
    /// A token.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InfluxToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InfluxToken")
    }
}

impl Serialize for InfluxToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

/// InfluxDB 2 in place of the embedded metric store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InfluxConfig {
    /// The address of InfluxDB 2, such as `http://influxdb:8086`. Default: none, and points are
    /// kept by the embedded store. The environment's `INFLUXDB_URL` stands in.
    pub url: String,
    /// The name of the organisation there. Default: `tocsin`. The environment's `INFLUXDB_ORG`
    /// stands in.
    pub org: String,
    /// A token that may read and write the four buckets, and make them unless they are there. The
    /// environment's `INFLUXDB_TOKEN` stands in.
    pub token: InfluxToken,
    /// A file with the token, in place of it. The environment's `INFLUXDB_TOKEN_FILE` stands in.
    pub token_file: Option<PathBuf>,
    /// How the names of the buckets begin: `tocsin` gives `tocsin_raw`, `tocsin_5m`, `tocsin_1h`
    /// and `tocsin_state`. Default `tocsin`.
    pub bucket_prefix: String,
    /// Points of one request to write. Default 10,000, which InfluxDB's makers advise.
    pub batch_lines_max: usize,
    /// Milliseconds after which points are written although there are fewer: until then other
    /// processes do not see them. Default 1,000.
    pub batch_ms_max: u64,
    /// True if what is written is sent compressed. It takes six times less of the network and five times
    /// more of the processor. Default false: engine and server are near each other.
    pub gzip: bool,
    /// True if tasks of InfluxDB keep intervals of 5 minutes and an hour in advance, so that
    /// dashboards there are quick and intervals are left should nobody here make them in time.
    /// Default true; without the permission for tasks there are none.
    pub tasks: bool,
    /// Milliseconds within which a connection has to stand. Default 5,000.
    pub connect_timeout_ms: u64,
    /// Milliseconds within which InfluxDB has to begin with an answer, and to go on with it.
    /// Default 30,000.
    pub timeout_ms: u64,
    /// Milliseconds for which other processes' series may be unknown here. Default 5,000.
    pub catalogue_ms_max: u64,
    /// A file with certificates (PEM) that InfluxDB's is checked against, beside the well-known
    /// ones. Default: none.
    pub ca_file: Option<PathBuf>,
}

impl Default for InfluxConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            org: "tocsin".into(),
            token: InfluxToken::default(),
            token_file: None,
            bucket_prefix: "tocsin".into(),
            batch_lines_max: 10_000,
            batch_ms_max: 1_000,
            gzip: false,
            tasks: true,
            connect_timeout_ms: 5_000,
            timeout_ms: 30_000,
            catalogue_ms_max: 5_000,
            ca_file: None,
        }
    }
}

impl InfluxConfig {
    /// True if InfluxDB is meant to keep the points.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        !self.url.is_empty()
    }

    /// Lays the conventional variables of the environment under what is configured.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        // A token of the environment is for the server of the environment: one that the
        // configuration names must not be sent a token that was meant for another.
        let url = set("INFLUXDB_URL");
        let is_server_its_own = !self.url.is_empty() && url.as_ref() != Some(&self.url);
        if self.url.is_empty() {
            self.url = url.unwrap_or_default();
            if let Some(org) = set("INFLUXDB_ORG") {
                self.org = org;
            }
        }
        let has_token = !self.token.expose().is_empty() || self.token_file.is_some();
        if !has_token && !is_server_its_own {
            self.token = set("INFLUXDB_TOKEN")
                .map(InfluxToken::new)
                .unwrap_or_default();
            self.token_file = set("INFLUXDB_TOKEN_FILE").map(PathBuf::from);
        }
        self
    }

    /// Looks for what cannot be.
    ///
    /// # Errors
    /// Names the key and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let is_address = ["http://", "https://"]
            .iter()
            .any(|scheme| self.url.starts_with(scheme));
        if self.is_chosen() && !is_address {
            return Err(format!(
                "`metrics.influxdb.url` is `{}`: expected an address such as `http://influxdb:8086`",
                self.url
            ));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let prefix = self.bucket_prefix.as_bytes();
        if prefix.is_empty() || prefix[0] == b'_' || !prefix.iter().all(|byte| is_name(*byte)) {
            return Err(format!(
                "`metrics.influxdb.bucket_prefix` is `{}`: expected letters, digits, `-` and `_`, not beginning with `_`",
                self.bucket_prefix
            ));
        }
        if self.batch_lines_max == 0 {
            return Err("`metrics.influxdb.batch_lines_max` is 0: expected at least 1".into());
        }
        if self.org.is_empty() && self.is_chosen() {
            return Err(
                "`metrics.influxdb.org` is empty: expected the name of an organisation".into(),
            );
        }
        Ok(())
    }

    /// The token, from where it is.
    pub(crate) fn read_token(&self) -> Result<String, StoreError> {
        if !self.token.expose().is_empty() {
            return Ok(self.token.expose().to_owned());
        }
        let Some(path) = &self.token_file else {
            return Ok(String::new());
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            StoreError::Invalid(format!("`metrics.influxdb.token_file` `{path}`: {error}"))
        })?;
        Ok(text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_stands_in_for_what_is_not_configured() {
        let variable = |name: &str| {
            let value = match name {
                "INFLUXDB_URL" => "http://influx:8086",
                "INFLUXDB_TOKEN" => "secret",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let config = InfluxConfig::default().with_conventional(variable);
        assert!(config.is_chosen());
        assert_eq!(
            (config.url.as_str(), config.token.expose()),
            ("http://influx:8086", "secret")
        );
        assert!(!format!("{config:?}").contains("secret"));
        assert!(!serde_json::to_string(&config).unwrap().contains("secret"));
        let other = InfluxConfig {
            url: "http://other:8086".into(),
            ..InfluxConfig::default()
        };
        assert_eq!(other.with_conventional(variable).token.expose(), "");
        assert!(!InfluxConfig::default().is_chosen());
    }

    #[test]
    fn what_cannot_be_is_named() {
        let mut config = InfluxConfig {
            url: "influx:8086".into(),
            ..InfluxConfig::default()
        };
        assert!(config.check().unwrap_err().contains("metrics.influxdb.url"));
        config.url = "http://influx:8086".into();
        assert_eq!(config.check(), Ok(()));
        config.bucket_prefix = "a\"b".into();
        assert!(config.check().unwrap_err().contains("bucket_prefix"));
    }
}
