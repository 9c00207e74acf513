//! The way to InfluxDB: requests with limits of time, a token, and answers that are read as they come.

use std::fmt;
use std::io::Write;
use std::ops::Deref;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tocsin_domain::ports::StoreError;

use super::config::InfluxConfig;
use super::csv::{CsvReader, Row};
use super::failure::{ENGINE, InfluxError};
use crate::pulse::{Ping, Pulse, Silent};

/// How long an answer may take before it is asked whether InfluxDB is there at all.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most bytes of an error that are read.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// The most bytes of an answer in JSON: lists of buckets and tasks.
const JSON_BYTES_MAX: usize = 16 << 20;
/// The longest that InfluxDB may ask to be let alone, in s: an hour's wait would be a mistake.
const WAIT_SECS_MAX: u64 = 60;

/// The way to InfluxDB.
pub(crate) struct Wire {
    client: reqwest::Client,
    url: String,
    org: String,
    token: String,
    timeout: Duration,
    is_gzip: bool,
    pulse: Pulse,
    /// Until when it asked to be let alone.
    wait_until: Mutex<Option<Instant>>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Wire {
    pub(crate) fn new(config: &InfluxConfig) -> Result<Self, StoreError> {
        let timeout = Duration::from_millis(config.timeout_ms.max(1));
        // What the environment says of proxies is not asked, and a token follows no redirect.
        let mut builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_millis(config.connect_timeout_ms.max(1)))
            .read_timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Tocsin/", env!("CARGO_PKG_VERSION")))
            .no_proxy();
        if let Some(path) = &config.ca_file {
            let expected = || {
                let path = path.display();
                let words = "expected certificates in PEM";
                StoreError::Invalid(format!("`metrics.influxdb.ca_file` `{path}`: {words}"))
            };
            let pem = std::fs::read(path).map_err(|_| expected())?;
            let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| expected())?;
            if found.is_empty() {
                return Err(expected());
            }
            for authority in found {
                builder = builder.add_root_certificate(authority);
            }
        }
        let client = builder
            .build()
            .map_err(|error| StoreError::Invalid(format!("`metrics.influxdb`: {error}")))?;
        let url = config.url.trim_end_matches('/').to_owned();
        Ok(Self {
            pulse: pulse(&client, &url),
            client,
            url,
            org: config.org.clone(),
            token: config.read_token()?,
            timeout,
            is_gzip: config.gzip,
            wait_until: Mutex::default(),
        })
    }

    pub(crate) fn org(&self) -> &str {
        &self.org
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, InfluxError> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            let header = HeaderValue::from_str(&format!("Token {}", self.token));
            let mut header = header.map_err(|_| {
                InfluxError::Unauthorized("it has characters that no token has".into())
            })?;
            header.set_sensitive(true);
            request = request.header(AUTHORIZATION, header);
        }
        Ok(request)
    }

    /// Sends a request; an answer that is no success is an error. `doing` says in words what it is
    /// for: "write the bucket `tocsin_raw`".
    async fn send(&self, request: RequestBuilder, doing: &str) -> Result<Response, InfluxError> {
        self.is_let()?;
        let response = self.pulse.during(request.send()).await?;
        let response = response.map_err(|error| away(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = retry_after_secs(&response);
        let message = self.message(response).await;
        if status.as_u16() == 429 || (status.as_u16() == 503 && wait.is_some()) {
            let secs = wait.unwrap_or(1).min(WAIT_SECS_MAX);
            *self.wait_until.lock() = Some(Instant::now() + Duration::from_secs(secs));
            return Err(InfluxError::Busy { secs });
        }
        Err(InfluxError::of_status(status.as_u16(), message, doing))
    }

    /// The next bytes of an answer; none at its end.
    async fn piece(
        &self,
        response: &mut Response,
    ) -> Result<Option<impl Deref<Target = [u8]> + use<>>, InfluxError> {
        let piece = self.pulse.during(response.chunk()).await?;
        piece.map_err(|error| away(&error))
    }

    /// Lets nothing through as long as InfluxDB asked to be let alone.
    fn is_let(&self) -> Result<(), InfluxError> {
        let mut until = self.wait_until.lock();
        let left = until.and_then(|until| until.checked_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero()) {
            Some(left) => Err(InfluxError::Busy {
                secs: left.as_secs() + 1,
            }),
            None => {
                *until = None;
                Ok(())
            }
        }
    }

    /// What an answer says is wrong: `{"code":…,"message":…}`.
    async fn message(&self, mut response: Response) -> String {
        let mut body = Vec::new();
        // The status is what counts; a body that breaks off says what it says.
        while let Ok(Some(bytes)) = response.chunk().await {
            let room = ERROR_BYTES_MAX - body.len();
            body.extend(bytes.iter().take(room));
            if body.len() >= ERROR_BYTES_MAX {
                break;
            }
        }
        let read = |value: Value| value.get("message")?.as_str().map(str::to_owned);
        let message = serde_json::from_slice(&body).ok().and_then(read);
        let message = message.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
        let message: String = message.chars().take(500).collect();
        match self.token.is_empty() {
            true => message,
            false => message.replace(&self.token, "***"),
        }
    }

    /// Asks something in JSON.
    pub(crate) async fn ask(
        &self,
        (method, path): (Method, &str),
        query: &[(&str, &str)],
        body: Option<&Value>,
        doing: &str,
    ) -> Result<Value, InfluxError> {
        let mut request = self.request(method, path)?.query(query);
        request = request.timeout(self.timeout);
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut response = self.send(request, doing).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut response).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > JSON_BYTES_MAX {
                return Err(InfluxError::Answer("it has over 16 MiB".into()));
            }
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let read = serde_json::from_slice(&bytes);
        read.map_err(|_| InfluxError::Answer("it is no JSON".into()))
    }

    /// Writes lines to a bucket; times are in the unit `precision`.
    pub(crate) async fn write(
        &self,
        bucket: &str,
        precision: &str,
        lines: &[u8],
    ) -> Result<(), InfluxError> {
        let query = [
            ("org", self.org.as_str()),
            ("bucket", bucket),
            ("precision", precision),
        ];
        let mut request = self
            .request(Method::POST, "/api/v2/write")?
            .query(&query)
            .timeout(self.timeout)
            .header(CONTENT_TYPE, "text/plain; charset=utf-8");
        let body = if self.is_gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
            compressed(lines).map_err(|error| InfluxError::Answer(error.to_string()))?
        } else {
            lines.to_vec()
        };
        let doing = format!("write the bucket `{bucket}`");
        self.send(request.body(body), &doing).await.map(drop)
    }

    /// Asks a query and gives its rows to `take` as they come.
    pub(crate) async fn query(
        &self,
        flux: &str,
        take: &mut (dyn FnMut(&Row<'_>) -> Result<(), InfluxError> + Send),
    ) -> Result<(), InfluxError> {
        let body = serde_json::json!({
            "query": flux,
            "type": "flux",
            "dialect": {"header": true, "annotations": ["datatype"], "delimiter": ","},
        });
        let request = self
            .request(Method::POST, "/api/v2/query")?
            .query(&[("org", self.org.as_str())])
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let mut response = self.send(request, "read the buckets").await?;
        let mut reader = CsvReader::default();
        while let Some(bytes) = self.piece(&mut response).await? {
            reader.feed(&bytes, take)?;
        }
        reader.finish(take)
    }

    /// Reads numbers that it says of itself, as Prometheus' text.
    pub(crate) async fn metrics(&self) -> Result<String, InfluxError> {
        let request = self.request(Method::GET, "/metrics")?.timeout(self.timeout);
        let mut response = self.send(request, "read its metrics").await?;
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut response).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > JSON_BYTES_MAX {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Asks for `/ping`, which it answers to anybody.
fn pulse(client: &reqwest::Client, url: &str) -> Pulse {
    let (client, url) = (client.clone(), format!("{url}/ping"));
    let ping: Ping = Box::new(move || {
        let asked = client.get(&url).send();
        Box::pin(async move { asked.await.is_ok() })
    });
    Pulse::new(ENGINE, PATIENCE, ping)
}

impl From<Silent> for InfluxError {
    fn from(_: Silent) -> Self {
        Self::Silent
    }
}

fn compressed(lines: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::with_capacity(lines.len() / 4),
        flate2::Compression::fast(),
    );
    encoder.write_all(lines)?;
    encoder.finish()
}

fn retry_after_secs(response: &Response) -> Option<u64> {
    let asked = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    // A date is possible too; InfluxDB gives seconds.
    Some(asked.trim().parse().unwrap_or(1))
}

/// Why a request found no way; the address is in the configuration already.
fn away(error: &reqwest::Error) -> InfluxError {
    if error.is_timeout() {
        return InfluxError::Away("it did not answer in time".into());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    InfluxError::Away(innermost.to_string())
}
