//! One request to the outside and its answer. A small blocking client on the runtime's blocking
//! threads: few messages leave at a time. Redirects are not followed: a message goes where its
//! subscription says or nowhere.

use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tocsin_domain::TraceContext;
use tocsin_domain::subscription::Secret;
use ureq::http::{HeaderMap, Request};
use ureq::{Agent, Timeout};

use crate::spans;

/// The most bytes of an answer that are read, where a call does not say otherwise.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// How requests leave.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// How long a request may take with everything, in ms. Default 10,000: a receiver that is
    /// slower than this would hold back what follows.
    pub timeout_ms: u64,
    /// A proxy, such as `http://proxy:3128`; none: requests leave directly.
    pub proxy: Option<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            timeout_ms: 10_000,
            proxy: None,
        }
    }
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Method {
    Get,
    #[default]
    Post,
    Patch,
}

impl Method {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Auth {
    /// A name and a password.
    Basic(String, Secret),
    /// A token.
    Bearer(Secret),
}

impl Auth {
    fn header(&self) -> String {
        match self {
            Self::Basic(user, password) => {
                format!(
                    "Basic {}",
                    STANDARD.encode(format!("{user}:{}", password.0))
                )
            }
            Self::Bearer(token) => format!("Bearer {}", token.0),
        }
    }
}

/// A request. What it sends is JSON.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) auth: Option<Auth>,
    /// Empty: none is sent.
    pub(crate) body: String,
    /// The most bytes of the answer that are read.
    pub(crate) answer_bytes_max: u64,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            method: Method::default(),
            url: String::new(),
            headers: Vec::new(),
            auth: None,
            body: String::new(),
            answer_bytes_max: ANSWER_BYTES_MAX,
        }
    }
}

impl fmt::Debug for Call {
    /// Without address and headers, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long the receiver asks us to wait.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Whether the body broke off or was longer than what is read; it is empty then.
    pub(crate) is_cut: bool,
    pub(crate) took_ms: u64,
}

impl Answer {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    /// Whether it is worth another attempt: false if the request itself cannot be made.
    pub(crate) is_temporary: bool,
    /// Whether the request may have arrived nevertheless.
    pub(crate) is_unsure: bool,
    /// Without the address, which may be a secret.
    pub(crate) detail: String,
}

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    agent: Agent,
}

impl Http {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        let proxy = config.proxy.as_deref();
        let proxy = proxy.and_then(|proxy| match ureq::Proxy::new(proxy) {
            Ok(proxy) => Some(proxy),
            Err(error) => {
                tracing::error!(%error, "the proxy of notifications cannot be used: none is");
                None
            }
        });
        let timeout = Duration::from_millis(config.timeout_ms.max(2));
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            // Shorter, so that it is told apart from an answer that does not come.
            .timeout_connect(Some(timeout / 2))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .user_agent(concat!("Tocsin/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
        }
    }

    /// Sends a request and waits for the answer. The receiver is told which span it belongs to.
    ///
    /// # Cancel safety
    /// Not safe: a request that left goes on.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, NoAnswer> {
        let agent = self.agent.clone();
        let span = spans::request(&call);
        let trace = tocsin_trace::context(&span);
        let done = tokio::task::spawn_blocking(move || send(&agent, &call, trace)).await;
        let answer = done.unwrap_or_else(|_| {
            Err(NoAnswer {
                is_temporary: true,
                is_unsure: true,
                detail: "the server shuts down".into(),
            })
        });
        spans::answered(&span, &answer);
        answer
    }
}

fn send(agent: &Agent, call: &Call, trace: Option<TraceContext>) -> Result<Answer, NoAnswer> {
    let began = Instant::now();
    let mut response = request(agent, call, trace).map_err(no_answer)?;
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let body = response.body_mut().with_config();
    // The status is what counts; an answer that breaks off has none of the rest.
    let body = body.limit(call.answer_bytes_max).read_to_vec();
    Ok(Answer {
        status,
        retry_after,
        headers,
        is_cut: body.is_err(),
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn request(
    agent: &Agent,
    call: &Call,
    trace: Option<TraceContext>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let mut request = Request::builder().method(call.method.name()).uri(&call.url);
    if let Some(trace) = trace {
        request = request.header("traceparent", trace.to_string());
    }
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    if let Some(auth) = &call.auth {
        request = request.header("Authorization", auth.header());
    }
    if call.body.is_empty() {
        return agent.run(request.body(())?);
    }
    let is_type = |(name, _): &(&str, String)| name.eq_ignore_ascii_case("content-type");
    if !call.headers.iter().any(is_type) {
        request = request.header("Content-Type", "application/json; charset=utf-8");
    }
    agent.run(request.body(call.body.as_str())?)
}

fn no_answer(error: ureq::Error) -> NoAnswer {
    let permanent = |detail: &str| NoAnswer {
        is_temporary: false,
        is_unsure: false,
        detail: detail.to_owned(),
    };
    let temporary = |is_unsure: bool, detail: String| NoAnswer {
        is_temporary: true,
        is_unsure,
        detail,
    };
    match error {
        ureq::Error::BadUri(_) => permanent("the address cannot be read"),
        ureq::Error::Http(_) => permanent("the request cannot be made: a key has odd characters"),
        ureq::Error::Timeout(what) => {
            let is_unsure = !matches!(what, Timeout::Resolve | Timeout::Connect);
            temporary(is_unsure, format!("no answer in time ({what})"))
        }
        ureq::Error::HostNotFound => temporary(false, "the host has no address".into()),
        ureq::Error::Io(error) => {
            let is_unsure = error.kind() != ErrorKind::ConnectionRefused;
            temporary(is_unsure, format!("no connection: {error}"))
        }
        ureq::Error::ConnectionFailed => temporary(false, "no connection".into()),
        ureq::Error::Rustls(error) => temporary(true, format!("no secure connection: {error}")),
        _ => temporary(true, "the answer is not HTTP, or it broke off".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_sent_and_never_shown() {
        let basic = Auth::Basic("Aladdin".into(), Secret("open sesame".into()));
        // The example of RFC 7617.
        assert_eq!(basic.header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let bearer = Auth::Bearer(Secret("t0k3n".into()));
        assert_eq!(bearer.header(), "Bearer t0k3n");
        let call = Call {
            url: "https://a.example/h00k".into(),
            headers: vec![("X-Key", "k3y".into())],
            auth: Some(basic.clone()),
            ..Call::default()
        };
        let shown = format!("{call:?} {basic:?} {bearer:?}");
        for secret in ["sesame", "t0k3n", "h00k", "k3y"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
