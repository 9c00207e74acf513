//! The way to a server: a client with limits, a key, and answers that are read within bounds.

use std::fmt;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response};
use serde_json::Value;
use tocsin_domain::ports::{ModelError, TimeoutKind};
use tokio::time::{Instant, timeout_at};

use super::failure::{Failure, malformed, of_body, of_status, shortened};
use super::{Prepared, QUESTION_TIMEOUT};
use crate::config::{Endpoint, ModelConfigError, ModelSecret, TimeLimits};

/// The most bytes of an error that are read.
const ERROR_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of an answer that is read as a whole.
const WHOLE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The way to a server.
pub(super) struct Wire {
    client: reqwest::Client,
    base_url: String,
    key: ModelSecret,
    pub(super) model: String,
    pub(super) limits: TimeLimits,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Wire {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, ModelConfigError> {
        // What the environment says of proxies is not asked, and a key follows no redirect.
        let mut builder = reqwest::Client::builder()
            .connect_timeout(endpoint.limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Tocsin/", env!("CARGO_PKG_VERSION")))
            .no_proxy();
        if let Some(pem) = &endpoint.authority_pem {
            let authorities = reqwest::Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|authorities| !authorities.is_empty());
            let expected = || ModelConfigError::new("ca_file", "certificates in PEM");
            for authority in authorities.ok_or_else(expected)? {
                builder = builder.add_root_certificate(authority);
            }
        }
        if let Some(proxy) = &endpoint.proxy {
            let expected =
                |_| ModelConfigError::new("proxy", "an address such as `http://proxy:3128`");
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(expected)?);
        }
        let expected = |error: reqwest::Error| {
            ModelConfigError::new(
                "base_url",
                format!("a server that can be reached ({error})"),
            )
        };
        Ok(Self {
            client: builder.build().map_err(expected)?,
            base_url: endpoint.base_url.clone(),
            key: endpoint.api_key.clone(),
            model: endpoint.model.clone(),
            limits: endpoint.limits,
        })
    }

    /// Sends a request; an answer that is no success is an error.
    pub(super) async fn post(
        &self,
        prepared: Prepared,
        began: Instant,
    ) -> Result<Response, Failure> {
        let deadline = began + self.limits.first_token.min(self.limits.total);
        self.send(Method::POST, prepared.path, Some(prepared.body), deadline)
            .await
    }

    /// Sends a request with texts and reads the answer as a whole.
    pub(super) async fn post_whole(&self, prepared: Prepared) -> Result<Value, Failure> {
        let began = Instant::now();
        let deadline = began + self.limits.total;
        let response = self.post(prepared, began).await?;
        self.whole(response, deadline).await
    }

    /// Asks something of the server itself.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Value, Failure> {
        let deadline = Instant::now() + QUESTION_TIMEOUT;
        let response = self.send(method, path, body, deadline).await?;
        self.whole(response, deadline).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        deadline: Instant,
    ) -> Result<Response, Failure> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base_url));
        if !self.key.is_empty() {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", self.key.expose()));
            let mut bearer = bearer.map_err(|_| Failure::before(ModelError::Unauthorized))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(on_the_way(&error)),
            Err(_) => {
                let which = TimeoutKind::FirstToken;
                return Err(Failure::after(ModelError::Timeout { which }));
            }
        };
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self.refusal(response, deadline).await),
        }
    }

    async fn refusal(&self, mut response: Response, deadline: Instant) -> Failure {
        let status = response.status().as_u16();
        let retry_after_secs = retry_after_secs(response.headers());
        // The status is what counts; a body that breaks off says what it says.
        let mut body = Vec::new();
        while let Ok(Ok(Some(bytes))) = timeout_at(deadline, response.chunk()).await {
            let room = ERROR_BYTES_MAX - body.len();
            body.extend(bytes.iter().take(room));
            if body.len() >= ERROR_BYTES_MAX {
                break;
            }
        }
        let body = self.without_key(&String::from_utf8_lossy(&body));
        Failure {
            error: of_status(status, retry_after_secs, &body, &self.model),
            has_left: true,
            is_billed: false,
            is_final: false,
        }
    }

    async fn whole(&self, mut response: Response, deadline: Instant) -> Result<Value, Failure> {
        let mut body = Vec::new();
        loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
                Ok(Ok(None)) => break,
                Ok(Err(_)) => return Err(Failure::malformed("the answer broke off", "")),
                Err(_) => {
                    let which = TimeoutKind::Total;
                    return Err(Failure::after(ModelError::Timeout { which }));
                }
            }
            if body.len() > WHOLE_BYTES_MAX {
                return Err(Failure::malformed("the answer is too large", ""));
            }
        }
        let value: Value = serde_json::from_slice(&body)
            .map_err(|_| Failure::after(malformed("the answer is no JSON", "")))?;
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Failure::after(of_body(&value, &self.model)));
        }
        Ok(value)
    }

    /// Servers repeat keys in their errors.
    fn without_key(&self, text: &str) -> String {
        match self.key.is_empty() {
            true => text.to_owned(),
            false => text.replace(self.key.expose(), "***"),
        }
    }
}

/// How long the server asks to wait: seconds, or until a date, by the server's own clock.
fn retry_after_secs(headers: &HeaderMap) -> Option<u64> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    asked.parse().ok().or_else(|| {
        let until = httpdate::parse_http_date(asked).ok()?;
        let now = httpdate::parse_http_date(text(DATE)?).ok()?;
        Some(until.duration_since(now).unwrap_or_default().as_secs())
    })
}

/// Why a request found no way. The address may say who we are, so it is left out.
fn on_the_way(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        return Failure::before(match error.is_timeout() {
            true => ModelError::Timeout {
                which: TimeoutKind::Connect,
            },
            false => unavailable(&innermost(error)),
        });
    }
    if error.is_builder() {
        let detail = "the request cannot be made".to_owned();
        return Failure::before(ModelError::BadRequest { detail });
    }
    Failure::after(unavailable("the server closed the connection"))
}

fn unavailable(detail: &str) -> ModelError {
    ModelError::Unavailable {
        retry_after_secs: None,
        detail: shortened(detail),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("it cannot be reached: {innermost}")
}
