//! One request to the outside and its answer. A small blocking client on the runtime's blocking
//! threads: few messages leave at a time. Redirects are not followed: a message goes where its
//! subscription says or nowhere.

use std::time::{Duration, Instant};

use ureq::Agent;

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

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

/// A request: always a POST with a body of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long the receiver asks us to wait.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: String,
    pub(crate) took_ms: u64,
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    /// Whether it is worth another attempt: false if the request itself cannot be made.
    pub(crate) is_temporary: bool,
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
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(config.timeout_ms.max(1))))
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

    /// Sends a request and waits for the answer.
    ///
    /// # Cancel safety
    /// Not safe: a request that left goes on.
    pub(crate) async fn post(&self, call: Call) -> Result<Answer, NoAnswer> {
        let agent = self.agent.clone();
        let done = tokio::task::spawn_blocking(move || send(&agent, &call)).await;
        done.unwrap_or_else(|_| {
            Err(NoAnswer {
                is_temporary: true,
                detail: "the server shuts down".into(),
            })
        })
    }
}

fn send(agent: &Agent, call: &Call) -> Result<Answer, NoAnswer> {
    let began = Instant::now();
    let mut request = agent
        .post(&call.url)
        .header("Content-Type", "application/json; charset=utf-8");
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    let mut response = request.send(&call.body).map_err(no_answer)?;
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    // The status is what counts; an answer that breaks off has none of the rest.
    let body = body.read_to_vec().unwrap_or_default();
    Ok(Answer {
        status,
        retry_after,
        body: String::from_utf8_lossy(&body).into_owned(),
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn no_answer(error: ureq::Error) -> NoAnswer {
    let permanent = |detail: &str| NoAnswer {
        is_temporary: false,
        detail: detail.to_owned(),
    };
    let temporary = |detail: String| NoAnswer {
        is_temporary: true,
        detail,
    };
    match error {
        ureq::Error::BadUri(_) => permanent("the address cannot be read"),
        ureq::Error::Http(_) => permanent("the request cannot be made: a key has odd characters"),
        ureq::Error::Timeout(what) => temporary(format!("no answer in time ({what})")),
        ureq::Error::HostNotFound => temporary("the host has no address".into()),
        ureq::Error::Io(error) => temporary(format!("no connection: {error}")),
        ureq::Error::ConnectionFailed => temporary("no connection".into()),
        ureq::Error::Rustls(error) => temporary(format!("no secure connection: {error}")),
        _ => temporary("the answer is not HTTP, or it broke off".into()),
    }
}
