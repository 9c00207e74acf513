//! Where Qdrant is, and what is asked of it. [`QdrantConfig::settings`] turns what is written into
//! what holds together.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use tocsin_domain::ports::StoreError;

/// Qdrant's usual port for gRPC.
const GRPC_PORT: u16 = 6334;
/// Qdrant's usual port for REST, which is not spoken here.
const REST_PORT: u16 = 6333;
const TIMEOUT_MS_MAX: u64 = 600_000;
const BATCH_MAX: usize = 2000;
const COPIES_MAX: u32 = 100;
const KEEP_HOURS_MAX: u64 = 8760;

/// Where vectors are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VectorsConfig {
    /// A Qdrant that many processes share. Default none: vectors are kept in this process.
    pub qdrant: QdrantConfig,
}

/// A Qdrant that keeps the vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QdrantConfig {
    /// Address of its gRPC interface, such as `http://qdrant:6334`. Default: that of `QDRANT_URL`;
    /// without either, vectors are kept in this process.
    pub url: String,
    /// The key of the server, or the one in `QDRANT_API_KEY`. `api_key_file` keeps it out of this
    /// file. It must be allowed to manage collections.
    pub api_key: QdrantKey,
    /// A file with the key in its first line, in place of `api_key`; also `QDRANT_API_KEY_FILE`.
    pub api_key_file: Option<PathBuf>,
    /// Send the key over `http://` to a machine that is not this one. Default false: it could be
    /// read on the way.
    pub allow_key_over_http: bool,
    /// Name of the alias behind which the current vectors stand; collections have it as their
    /// prefix. 1 to 64 letters, digits, `_` and `-`. Default `tocsin_prototypes`.
    pub prefix: String,
    /// Whether search looks at vectors of a byte a number first. Default `none`.
    pub quantisation: Quantisation,
    /// Points in one request, 1 to 2000. Default 256: half a megabyte with 384 numbers a vector.
    pub batch_points: usize,
    /// Shards of a new collection, 1 to 100. Default none: the server decides.
    pub shards: Option<u32>,
    /// Copies of each shard of a new collection, 1 to 100. Default none: the server decides.
    pub replicas: Option<u32>,
    /// Milliseconds that a connection may take, 1 to 600000. Default 2000.
    pub connect_timeout_ms: u64,
    /// Milliseconds that an answer may take, 1 to 600000. Default 10000.
    pub timeout_ms: u64,
    /// Hours for which the vectors of the model before are kept once those of the new one are
    /// complete, 1 to 8760. Default 24: time for a rolling restart, and for a way back.
    pub keep_hours: u64,
}

/// How vectors are made smaller for the first look of a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quantisation {
    /// They are not.
    #[default]
    None,
    /// A byte a number: a quarter of the memory. What is found is scored again by the whole vectors.
    Int8,
}

/// The key of a server. It is read, and never shown or written.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct QdrantKey(String);

impl QdrantKey {
    /// A key.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for QdrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QdrantKey")
    }
}

impl Serialize for QdrantKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

impl Default for QdrantConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            api_key: QdrantKey::default(),
            api_key_file: None,
            allow_key_over_http: false,
            prefix: "tocsin_prototypes".to_owned(),
            quantisation: Quantisation::None,
            batch_points: 256,
            shards: None,
            replicas: None,
            connect_timeout_ms: 2_000,
            timeout_ms: 10_000,
            keep_hours: 24,
        }
    }
}

/// What holds together.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) url: String,
    pub(super) api_key: Option<String>,
    pub(super) prefix: String,
    pub(super) quantisation: Quantisation,
    pub(super) batch_points: usize,
    pub(super) shards: Option<u32>,
    pub(super) replicas: Option<u32>,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) keep: Duration,
}

impl QdrantConfig {
    /// Fills what was left open from the variables `QDRANT_URL`, `QDRANT_API_KEY` and
    /// `QDRANT_API_KEY_FILE`, as `variable` knows them. An empty one counts as none, and a key of
    /// the environment is not sent to another server than that of the environment.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let url = set("QDRANT_URL");
        let is_its_own = !self.url.is_empty() && url.as_ref().is_some_and(|url| *url != self.url);
        if self.url.is_empty() {
            self.url = url.unwrap_or_default();
        }
        if self.api_key.0.is_empty() && self.api_key_file.is_none() && !is_its_own {
            self.api_key = QdrantKey(set("QDRANT_API_KEY").unwrap_or_default());
            if self.api_key.0.is_empty() {
                self.api_key_file = set("QDRANT_API_KEY_FILE").map(PathBuf::from);
            }
        }
        self
    }

    /// Whether a server is named at all.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.url.trim().is_empty()
    }

    /// Whether everything can be as it is set. Reads the file that is named.
    ///
    /// # Errors
    /// The first setting that cannot be, with what was expected.
    pub fn check(&self) -> Result<(), String> {
        match self.is_set() {
            true => self.settings().map(drop).map_err(|error| error.to_string()),
            false => Ok(()),
        }
    }

    pub(super) fn settings(&self) -> Result<Settings, StoreError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let is_prefix = (1..=64).contains(&self.prefix.len()) && self.prefix.chars().all(is_name);
        hold(is_prefix, "prefix", "1 to 64 letters, digits, `_` and `-`")?;
        let is_batch = (1..=BATCH_MAX).contains(&self.batch_points);
        hold(is_batch, "batch_points", "1 to 2000 points")?;
        for (field, copies) in [("shards", self.shards), ("replicas", self.replicas)] {
            let is_copies = copies.is_none_or(|copies| (1..=COPIES_MAX).contains(&copies));
            hold(is_copies, field, "1 to 100")?;
        }
        for (field, ms) in [
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("timeout_ms", self.timeout_ms),
        ] {
            let is_time = (1..=TIMEOUT_MS_MAX).contains(&ms);
            hold(is_time, field, "1 to 600000 milliseconds")?;
        }
        let is_kept = (1..=KEEP_HOURS_MAX).contains(&self.keep_hours);
        hold(is_kept, "keep_hours", "1 to 8760 hours")?;
        let api_key = self.key()?;
        Ok(Settings {
            url: self.address(api_key.is_some())?,
            api_key,
            prefix: self.prefix.clone(),
            quantisation: self.quantisation,
            batch_points: self.batch_points,
            shards: self.shards,
            replicas: self.replicas,
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            timeout: Duration::from_millis(self.timeout_ms),
            keep: Duration::from_secs(self.keep_hours * 3600),
        })
    }

    fn key(&self) -> Result<Option<String>, StoreError> {
        let text = match (&self.api_key_file, self.api_key.0.is_empty()) {
            (None, _) => self.api_key.0.clone(),
            (Some(_), false) => {
                return Err(wrong(
                    "api_key",
                    "either `api_key` or `api_key_file`, not both",
                ));
            }
            (Some(path), true) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let expected = format!("a file that can be read ({error})");
                    wrong("api_key_file", &expected)
                })?;
                text.lines().next().unwrap_or_default().to_owned()
            }
        };
        let text = text.trim();
        if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
            return Err(wrong("api_key", "one line of plain text"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// The address with its port, which is the one of gRPC if none is named.
    fn address(&self, has_key: bool) -> Result<String, StoreError> {
        let expected = "an address such as `http://qdrant:6334`, without user and path";
        let text = self.url.trim().trim_end_matches('/');
        let Some((scheme, host)) = text.split_once("://") else {
            return Err(wrong("url", expected));
        };
        let is_host =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        let is_plain = matches!(scheme, "http" | "https") && host.chars().all(is_host);
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        let port = match port.map(str::parse::<u16>) {
            None => GRPC_PORT,
            Some(Ok(REST_PORT)) => {
                let expected = "the port of gRPC, 6334 by default; 6333 is that of REST";
                return Err(wrong("url", expected));
            }
            Some(Ok(port)) if port > 0 => port,
            Some(_) => return Err(wrong("url", expected)),
        };
        if !is_plain || name.is_empty() || (name.contains(':') && !name.starts_with('[')) {
            return Err(wrong("url", expected));
        }
        let is_here = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
        if scheme == "http" && has_key && !is_here && !self.allow_key_over_http {
            let expected = "`https://`: over `http://` the key could be read on the way \
                            (`allow_key_over_http` sends it nevertheless)";
            return Err(wrong("url", expected));
        }
        Ok(format!("{scheme}://{name}:{port}"))
    }
}

fn hold(is_fine: bool, field: &str, expected: &str) -> Result<(), StoreError> {
    match is_fine {
        true => Ok(()),
        false => Err(wrong(field, expected)),
    }
}

fn wrong(field: &str, expected: &str) -> StoreError {
    StoreError::Invalid(format!("`vectors.qdrant.{field}`: expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut QdrantConfig)) -> QdrantConfig {
        let mut config = QdrantConfig {
            url: "http://127.0.0.1:6334".into(),
            ..QdrantConfig::default()
        };
        change(&mut config);
        config
    }

    #[test]
    fn an_address_is_completed_or_refused_with_what_was_expected() {
        let address = |url: &str| with(|c| c.url = url.into()).settings().map(|it| it.url);
        for (given, taken) in [
            ("http://qdrant", "http://qdrant:6334"),
            ("https://q.example.org:443/", "https://q.example.org:443"),
            ("http://[::1]:6334", "http://[::1]:6334"),
            ("http://[::1]", "http://[::1]:6334"),
        ] {
            assert_eq!(address(given).unwrap(), taken);
        }
        for wrong in [
            "qdrant:6334",
            "grpc://qdrant:6334",
            "http://",
            "http://a b",
            "http://user@host",
            "http://host:0",
            "http://host:99999",
            "http://::1",
            "http://host/path",
        ] {
            let said = address(wrong).unwrap_err().to_string();
            assert!(said.contains("`vectors.qdrant.url`"), "{wrong}: {said}");
        }
        let rest = address("http://qdrant:6333").unwrap_err().to_string();
        assert!(rest.contains("6334") && rest.contains("REST"), "{rest}");
    }

    #[test]
    fn a_key_is_not_sent_where_it_could_be_read() {
        let key = |c: &mut QdrantConfig| c.api_key = QdrantKey::new("secret".into());
        assert!(with(key).check().is_ok());
        let far = |c: &mut QdrantConfig| {
            key(c);
            c.url = "http://qdrant:6334".into();
        };
        assert!(
            with(far)
                .check()
                .unwrap_err()
                .contains("`allow_key_over_http`")
        );
        assert!(
            with(|c| {
                far(c);
                c.allow_key_over_http = true
            })
            .check()
            .is_ok()
        );
        let shown = serde_json::to_string(&with(key)).unwrap() + &format!("{:?}", with(key));
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn what_cannot_be_is_named() {
        let refused = |change: &dyn Fn(&mut QdrantConfig)| with(change).check().unwrap_err();
        assert!(refused(&|c| c.prefix = "a/b".into()).contains("`vectors.qdrant.prefix`"));
        assert!(refused(&|c| c.prefix.clear()).contains("prefix"));
        assert!(refused(&|c| c.batch_points = 0).contains("batch_points"));
        assert!(refused(&|c| c.shards = Some(0)).contains("shards"));
        assert!(refused(&|c| c.timeout_ms = 0).contains("timeout_ms"));
        assert!(refused(&|c| c.keep_hours = 10_000).contains("keep_hours"));
        assert!(refused(&|c| c.api_key_file = Some("/nowhere".into())).contains("api_key_file"));
        assert!(
            QdrantConfig {
                batch_points: 0,
                ..QdrantConfig::default()
            }
            .check()
            .is_ok()
        );
    }

    #[test]
    fn the_environment_fills_what_is_open() {
        let variable = |name: &str| match name {
            "QDRANT_URL" => Some("http://127.0.0.1:1".to_owned()),
            "QDRANT_API_KEY" => Some("key".to_owned()),
            _ => None,
        };
        let filled = QdrantConfig::default().with_conventional(variable);
        assert_eq!(filled.settings().unwrap().url, "http://127.0.0.1:1");
        assert_eq!(filled.settings().unwrap().api_key.as_deref(), Some("key"));
        let own = with(|c| c.url = "http://127.0.0.1:2".into()).with_conventional(variable);
        assert_eq!(own.settings().unwrap().url, "http://127.0.0.1:2");
        assert_eq!(own.settings().unwrap().api_key, None);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from-file\n").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let filled = with(|_| ())
            .with_conventional(|name| (name == "QDRANT_API_KEY_FILE").then(|| path.clone()));
        assert_eq!(
            filled.settings().unwrap().api_key.as_deref(),
            Some("from-file")
        );
    }
}
