//! What can be configured of scraping.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One job: targets that are scraped in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScrapeConfig {
    /// The label `job` of all its series; their source is `scrape:<job>`.
    pub job: String,
    /// Where the targets are: `host:port`, or a whole address such as
    /// `https://host:port/metrics`. `host:port` becomes the label `instance`.
    pub targets: Vec<String>,
    /// Seconds between two scrapes of a target. Default 15, as most do.
    pub interval_secs: u64,
    /// Seconds that a scrape may take, at most the interval. Default 10.
    pub timeout_secs: u64,
    /// The path, with parameters if any. Default /metrics.
    pub metrics_path: String,
    /// How targets without a whole address are asked. Default http.
    pub scheme: Scheme,
    /// Labels that all series of the job get. Default none.
    pub labels: BTreeMap<String, String>,
    /// Keep labels of a target that are also ours, such as `job`, instead of renaming them to
    /// `exported_job`. Default false; true for a Pushgateway or federation.
    pub honor_labels: bool,
    /// Keep times that a target gives. Default true.
    pub honor_timestamps: bool,
    /// A file with a token for `Authorization: Bearer`, read at each scrape. Default none.
    pub bearer_token_file: Option<PathBuf>,
    /// A file of certificates (PEM) that vouch for https targets. Default: those of the system.
    pub ca_file: Option<PathBuf>,
    /// The most bytes of a page, also once it is decompressed. Default 64 MiB: a large Kubernetes
    /// target has 20.
    pub body_bytes_max: usize,
    /// The most samples of a page; a scrape with more fails. Default 200000.
    pub samples_max: usize,
}

impl Default for ScrapeConfig {
    fn default() -> Self {
        Self {
            job: String::new(),
            targets: Vec::new(),
            interval_secs: 15,
            timeout_secs: 10,
            metrics_path: "/metrics".into(),
            scheme: Scheme::Http,
            labels: BTreeMap::new(),
            honor_labels: false,
            honor_timestamps: true,
            bearer_token_file: None,
            ca_file: None,
            body_bytes_max: 64 << 20,
            samples_max: 200_000,
        }
    }
}

impl ScrapeConfig {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// A sentence that names the key, what was there and what was expected.
    pub fn check(&self) -> Result<(), String> {
        if self.job.is_empty() {
            return Err("an `[[ingest.scrape]]` has no `job`: name it".into());
        }
        let job = &self.job;
        for target in &self.targets {
            if Address::parse(target, self.scheme, &self.metrics_path).is_none() {
                return Err(format!(
                    "`{target}` of the scrape job `{job}` is no address: expected `host:port` or \
                     `http://host:port/path`"
                ));
            }
        }
        let is_label = |name: &str| {
            let first = name.bytes().next();
            first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && name != "__name__"
        };
        match self.labels.keys().find(|name| !is_label(name)) {
            Some(name) => Err(format!(
                "`{name}` of the scrape job `{job}` is no label: expected letters, digits and `_`"
            )),
            None => Ok(()),
        }
    }
}

/// How a target is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    #[default]
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// Its name in an address.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of an address that names none.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// How it is asked.
    pub scheme: Scheme,
    /// Name or IP address, without the brackets of IPv6.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and parameters, from `/` on.
    pub path: String,
}

impl Address {
    /// Reads `host`, `host:port` or a whole address; what is missing comes from `scheme` and
    /// `path`. None if it cannot be one.
    #[must_use]
    pub fn parse(text: &str, scheme: Scheme, path: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(_) => return None,
            None => (scheme, text),
        };
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => (&rest[..at], &rest[at..]),
            None => (rest, path),
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{path}");
        let (host, port) = if let Some(inside) = authority.strip_prefix('[') {
            let (host, after) = inside.split_once(']')?;
            (host, after.strip_prefix(':'))
        } else {
            match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            }
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None => scheme.port(),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let is_path = path.bytes().all(|byte| byte.is_ascii_graphic());
        (!host.is_empty() && host.chars().all(is_name) && is_path).then(|| Self {
            scheme,
            host: host.into(),
            port,
            path,
        })
    }

    /// `host:port`, the label `instance`.
    #[must_use]
    pub fn instance(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}://{}{}",
            self.scheme.name(),
            self.instance(),
            self.path
        )
    }
}
