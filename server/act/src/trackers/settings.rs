//! Settings that all trackers have: an address, and secrets that are read and never shown.

use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use tocsin_domain::subscription::Secret;

/// A setting of a tracker that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerConfigError {
    /// Which one, below the section of tickets, `jira.url`, or of the provider: `url`.
    pub field: String,
    /// What it should have been.
    pub expected: String,
}

impl TrackerConfigError {
    pub(crate) fn new(field: &str, expected: &str) -> Self {
        Self {
            field: field.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

impl fmt::Display for TrackerConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: expected {}", self.field, self.expected)
    }
}

impl std::error::Error for TrackerConfigError {}

/// A password or a token. It is read, and never shown or written.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ConfigSecret(String);

impl ConfigSecret {
    /// A secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for ConfigSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigSecret")
    }
}

impl Serialize for ConfigSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

/// The secret of a setting `field`, or the one in the file of `field_file`; none if both are empty.
pub(crate) fn secret(
    field: &str,
    value: &ConfigSecret,
    file: Option<&Path>,
) -> Result<Option<Secret>, TrackerConfigError> {
    let text = match (value.0.is_empty(), file) {
        (true, None) => return Ok(None),
        (false, None) => value.0.clone(),
        (false, Some(_)) => {
            let expected = format!("either `{field}` or `{field}_file`, not both");
            return Err(TrackerConfigError::new(field, &expected));
        }
        (true, Some(path)) => std::fs::read_to_string(path).map_err(|error| {
            let expected = format!("a file that can be read ({error})");
            TrackerConfigError::new(&format!("{field}_file"), &expected)
        })?,
    };
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        let expected = "one line of text that is not empty";
        return Err(TrackerConfigError::new(field, expected));
    }
    Ok(Some(Secret(text.to_owned())))
}

/// An address without a slash at its end. What carries a token must not be read on the way, so
/// `http` is for this machine alone.
pub(crate) fn base_url(field: &str, url: &str) -> Result<String, TrackerConfigError> {
    let wrong = || {
        let expected = "an address such as `https://example.org`, without user, `?` and `#`";
        TrackerConfigError::new(field, expected)
    };
    let url = url.trim().trim_end_matches('/');
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_odd = |c: char| matches!(c, '?' | '#' | '@') || c.is_whitespace() || c.is_control();
    if host.is_empty() || rest.contains(is_odd) {
        return Err(wrong());
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    match scheme {
        "https" => {}
        "http" if matches!(name, "127.0.0.1" | "localhost" | "[::1]") => {}
        "http" => {
            let expected = "`https://`: over `http://` the token could be read on the way";
            return Err(TrackerConfigError::new(field, expected));
        }
        _ => return Err(wrong()),
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leaves_over_https_or_not_at_all() {
        let base = |url| base_url("jira.url", url);
        assert_eq!(
            base("https://a.example/jira/").unwrap(),
            "https://a.example/jira"
        );
        assert!(base("http://127.0.0.1:81").is_ok() && base("http://[::1]:81").is_ok());
        for url in [
            "http://a.example",
            "a.example",
            "https://",
            "https://me:pw@a.example",
            "https://a.example/?x",
            "ftp://a.example",
        ] {
            let error = base(url).unwrap_err();
            assert_eq!(error.field, "jira.url", "{url}");
        }
    }

    #[test]
    fn a_secret_is_read_from_a_file_and_never_shown() {
        let value = ConfigSecret::new("s3cr3t".into());
        let shown = format!("{value:?}{}", serde_json::to_string(&value).unwrap());
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert_eq!(
            secret("f", &value, None).unwrap().unwrap().0,
            "s3cr3t".to_owned()
        );
        let file = std::env::temp_dir().join(format!("tocsin-secret-{}", std::process::id()));
        std::fs::write(&file, "t0k3n\n").unwrap();
        let read = secret("f", &ConfigSecret::default(), Some(&file));
        let both = secret("f", &value, Some(&file)).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(read.unwrap().unwrap().0, "t0k3n");
        assert!(both.expected.contains("not both"));
        let gone = secret("f", &ConfigSecret::default(), Some(&file)).unwrap_err();
        assert_eq!(gone.field, "f_file");
    }
}
