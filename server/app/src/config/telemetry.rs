//! What the server says of itself: its log, and traces of its own work.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use ureq::http::Uri;

use super::ConfigError;

/// The name under which spans are told of.
const SERVICE_NAME: &str = "tocsin";
/// What OTLP appends to the base of an endpoint, for traces.
const TRACES_PATH: &str = "/v1/traces";

/// What the server says of itself.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Which log lines are written to standard error: a filter such as `info` or
    /// `info,tocsin_bus=debug`. Default info.
    pub log: String,
    /// Write log lines as JSON. Default false: as text for people.
    pub log_json: bool,
    /// How many warnings and errors of one kind are written within a minute, and how many more
    /// there were is told in a line. Default 10; 0 writes all of them.
    pub log_repeats_max: u32,
    /// Where traces of the server's own work go, by OTLP over HTTP: the base of a collector, such as
    /// `http://jaeger:4318`, to which `/v1/traces` is appended. Also the variable
    /// OTEL_EXPORTER_OTLP_ENDPOINT. Default none: nothing is traced, and nothing leaves the machine.
    pub otlp_endpoint: Option<String>,
    /// The same, used as it is. Also OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. Default none.
    pub otlp_traces_endpoint: Option<String>,
    /// Headers for the collector, `name=value,other=value` with values percent-encoded: a key,
    /// mostly. Also OTEL_EXPORTER_OTLP_HEADERS. Default none.
    #[serde(serialize_with = "hidden")]
    pub otlp_headers: String,
    /// The name of the service in traces. Also OTEL_SERVICE_NAME. Default tocsin.
    pub service_name: String,
    /// The share of traces that is kept, 0 to 1. A request that brings a `traceparent` is kept if the
    /// one who sent it keeps it. Also OTEL_TRACES_SAMPLER_ARG. Default 1: there is one trace for each
    /// request or batch, not for each line.
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log: "info".into(),
            log_json: false,
            log_repeats_max: 10,
            otlp_endpoint: None,
            otlp_traces_endpoint: None,
            otlp_headers: String::new(),
            service_name: SERVICE_NAME.into(),
            sample_ratio: 1.0,
        }
    }
}

impl std::fmt::Debug for TelemetryConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TelemetryConfig")
            .field("log", &self.log)
            .field("otlp_endpoint", &self.otlp_endpoint)
            .field("otlp_traces_endpoint", &self.otlp_traces_endpoint)
            .field("service_name", &self.service_name)
            .field("sample_ratio", &self.sample_ratio)
            .finish_non_exhaustive()
    }
}

impl TelemetryConfig {
    /// Takes what the conventional variables of OpenTelemetry say where nothing else does.
    #[must_use]
    pub fn with_conventional(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        if self.endpoint().is_none() {
            self.otlp_traces_endpoint = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
            self.otlp_endpoint = set("OTEL_EXPORTER_OTLP_ENDPOINT");
        }
        if self.otlp_headers.is_empty() {
            let headers = set("OTEL_EXPORTER_OTLP_TRACES_HEADERS");
            let headers = headers.or_else(|| set("OTEL_EXPORTER_OTLP_HEADERS"));
            self.otlp_headers = headers.unwrap_or_default();
        }
        if self.service_name == SERVICE_NAME
            && let Some(name) = set("OTEL_SERVICE_NAME")
        {
            self.service_name = name;
        }
        if self.sample_ratio == 1.0
            && let Some(ratio) = set("OTEL_TRACES_SAMPLER_ARG")
        {
            // What is no number is refused by `check`.
            self.sample_ratio = ratio.trim().parse().unwrap_or(f64::NAN);
        }
        self
    }

    /// Where traces go; none: nowhere.
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        let is_there = |text: &&String| !text.trim().is_empty();
        let whole = self.otlp_traces_endpoint.as_ref().filter(is_there);
        let base = self.otlp_endpoint.as_ref().filter(is_there);
        let appended = |base: &String| format!("{}{TRACES_PATH}", base.trim_end_matches('/'));
        whole.cloned().or_else(|| base.map(appended))
    }

    /// The headers for the collector, decoded.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] with what was expected, and never with what is there.
    pub fn headers(&self) -> Result<Vec<(String, String)>, ConfigError> {
        let pairs = self.otlp_headers.split(',');
        let pairs = pairs.map(str::trim).filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let value = decoded(value.trim())?;
            (!name.trim().is_empty()).then(|| (name.trim().to_owned(), value))
        });
        decoded.collect::<Option<_>>().ok_or_else(|| {
            let expected = "`telemetry.otlp_headers` (or OTEL_EXPORTER_OTLP_HEADERS): expected \
                            `name=value`, divided by commas, with values percent-encoded";
            ConfigError::Refused(expected.into())
        })
    }

    /// Whether it can be.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] with the key and what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let expected = "`telemetry.sample_ratio` (or OTEL_TRACES_SAMPLER_ARG): expected 0 to 1";
            return Err(ConfigError::Refused(expected.into()));
        }
        if let Some(endpoint) = self.endpoint() {
            let uri = endpoint.parse::<Uri>().ok();
            let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
            if !uri.is_some_and(|uri| is_http(&uri) && uri.host().is_some()) {
                return Err(ConfigError::Refused(format!(
                    "`telemetry.otlp_endpoint` (or OTEL_EXPORTER_OTLP_ENDPOINT): expected an \
                     address such as `http://jaeger:4318`, found `{endpoint}`"
                )));
            }
        }
        self.headers().map(drop)
    }
}

/// A text without its percent-encoding; none if that is broken.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// A secret is never shown, only that there is one.
fn hidden<S: Serializer>(secret: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match secret.is_empty() {
        true => "",
        false => "***",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conventional(pairs: &[(&str, &str)]) -> TelemetryConfig {
        let find = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        TelemetryConfig::default().with_conventional(find)
    }

    #[test]
    fn nothing_is_traced_unless_someone_says_so() {
        let config = conventional(&[
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", " "),
        ]);
        assert_eq!(config.endpoint(), None);
        assert_eq!(config.service_name, "shop");
        config.check().unwrap();
    }

    #[test]
    fn the_path_is_appended_to_a_base_alone() {
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318/");
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other:4318/in");
        let endpoint = |pairs: &[_]| conventional(pairs).endpoint();
        assert_eq!(
            endpoint(&[base]).as_deref(),
            Some("http://jaeger:4318/v1/traces")
        );
        assert_eq!(
            endpoint(&[base, whole]).as_deref(),
            Some("http://other:4318/in")
        );
    }

    #[test]
    fn headers_are_decoded_and_not_shown() {
        let config = conventional(&[("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s%2Cecret%3D, x=1")]);
        let headers = config.headers().unwrap();
        assert_eq!(
            headers,
            [
                ("api-key".into(), "s,ecret=".into()),
                ("x".into(), "1".into())
            ]
        );
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(shown.contains("***") && !shown.contains("ecret"), "{shown}");
        for wrong in ["alone", "=x", "a=%zz", "a=%2"] {
            let config = conventional(&[("OTEL_EXPORTER_OTLP_HEADERS", wrong)]);
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains("`telemetry.otlp_headers`"), "{message}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        for ratio in ["1.5", "-0.1", "half", "NaN"] {
            let message = conventional(&[("OTEL_TRACES_SAMPLER_ARG", ratio)]).check();
            let message = message.unwrap_err().to_string();
            assert!(message.contains("`telemetry.sample_ratio`"), "{message}");
        }
        for endpoint in ["jaeger:4318", "grpc://jaeger:4317", "http://"] {
            let message = conventional(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]).check();
            let message = message.unwrap_err().to_string();
            assert!(message.contains("`telemetry.otlp_endpoint`"), "{message}");
        }
    }
}
