//! A controller that is asked over HTTP, and what its answers mean for what was asked.
//!
//! Its address is one of the configuration. It gets its token and nobody else does: where it sends us
//! elsewhere, that is asked without one.

use std::time::Duration;

use serde_json::Value;

use crate::automation::provider::{CallError, Certainty, PlanError};
use crate::http::{Answer, Auth, Call, Http, HttpConfig, Method};
use crate::trackers::{TrackerConfigError, base_url, origin};
use crate::words::cut;

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most characters of what it said that are kept.
const DETAIL_MAX: usize = 500;
/// How long we wait at most before we ask again.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The most places that we are sent to one after the other.
const REDIRECTS_MAX: usize = 3;

/// Why something was not answered as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) detail: String,
    /// Whether what was asked for was done.
    pub(super) certainty: Certainty,
    /// The status of the answer; none: there was no answer.
    pub(super) status: Option<u16>,
    /// How long it asks us to wait.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    pub(super) fn never(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            certainty: Certainty::Never,
            status: None,
            wait: None,
        }
    }

    pub(super) fn not_now(detail: impl Into<String>) -> Self {
        Self {
            certainty: Certainty::NotNow,
            ..Self::never(detail)
        }
    }

    /// How long to wait before it is asked again.
    pub(super) fn wait_or(&self, otherwise: Duration) -> Duration {
        self.wait.unwrap_or(otherwise).min(WAIT_MAX)
    }

    /// The failure of a question: it changed nothing, however it ended.
    pub(super) fn of_question(mut self) -> Self {
        if self.certainty == Certainty::Unsure {
            self.certainty = Certainty::NotNow;
        }
        self
    }
}

impl From<Failure> for PlanError {
    fn from(failure: Failure) -> Self {
        Self {
            detail: failure.detail,
            is_temporary: failure.certainty != Certainty::Never,
        }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self {
            detail: failure.detail,
            certainty: failure.certainty,
        }
    }
}

/// Where controllers are, and who we are there.
pub(super) struct Remote {
    /// What people call it.
    name: &'static str,
    http: Http,
    /// The addresses of the configuration, the usual one first.
    bases: Vec<String>,
    auth: Auth,
    headers: Vec<(&'static str, String)>,
}

impl Remote {
    pub(super) fn new(
        name: &'static str,
        http: &HttpConfig,
        (url, also): (&str, &[String]),
        auth: Auth,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, TrackerConfigError> {
        let mut bases = vec![base_url("url", url)?];
        for url in also {
            bases.push(base_url("also", url)?);
        }
        let headers = headers.iter().map(|(name, text)| (*name, (*text).into()));
        Ok(Self {
            name,
            http: Http::new(http),
            bases,
            auth,
            headers: headers.collect(),
        })
    }

    /// One of the addresses of the configuration.
    ///
    /// # Errors
    /// If a rule names another one.
    pub(super) fn at(&self, base_url: Option<&str>) -> Result<At<'_>, String> {
        let wanted = base_url.map(|url| url.trim_end_matches('/'));
        let base = self
            .bases
            .iter()
            .find(|base| wanted.is_none_or(|wanted| wanted == **base));
        let base = base.ok_or("the configuration does not know the `base_url`")?;
        Ok(At { remote: self, base })
    }
}

/// A controller at one of its addresses.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    remote: &'a Remote,
    base: &'a str,
}

impl At<'_> {
    /// What is answered to a question, as JSON.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        let answer = self.ask(Method::Get, path, None).await;
        let read = answer.and_then(|answer| self.json(&answer));
        read.map_err(Failure::of_question)
    }

    /// What is answered to a request to do something, whatever it is.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::Post, path, Some(body)).await
    }

    /// What is answered, if the answer is a good one.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let answer = self.send(method, path, body).await?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(self.failure(&answer)),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let call = Call {
            method,
            url: format!("{}{path}", self.base),
            headers: self.remote.headers.clone(),
            auth: Some(self.remote.auth.clone()),
            body: body.map(Value::to_string).unwrap_or_default(),
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        self.sent(call).await
    }

    async fn sent(&self, call: Call) -> Result<Answer, Failure> {
        let name = self.remote.name;
        let answer = self.remote.http.send(call).await.map_err(|error| Failure {
            detail: format!("{name}: {}", error.detail),
            certainty: match (error.is_unsure, error.is_temporary) {
                (true, _) => Certainty::Unsure,
                (false, true) => Certainty::NotNow,
                (false, false) => Certainty::Never,
            },
            status: None,
            wait: None,
        })?;
        match answer.is_cut && answer.status < 300 {
            true => Err(self.unreadable()),
            false => Ok(answer),
        }
    }

    /// What is behind a path, or an address that it gave us, which may send us elsewhere; none: nothing
    /// is, or it has over `bytes_max`. Only the API itself is told who we are.
    pub(super) async fn follow(
        &self,
        path: &str,
        bytes_max: u64,
    ) -> Result<Option<String>, Failure> {
        let of_api = format!("{}/api/", self.base);
        let mut url = match path.starts_with('/') {
            true => format!("{}{path}", self.base),
            false => path.to_owned(),
        };
        for _ in 0..=REDIRECTS_MAX {
            let is_own = url.starts_with(&of_api);
            let call = Call {
                method: Method::Get,
                headers: self.remote.headers.clone(),
                auth: is_own.then(|| self.remote.auth.clone()),
                answer_bytes_max: bytes_max,
                url: self.allowed(&url)?,
                ..Call::default()
            };
            let sent = self.remote.http.send(call).await;
            let answer = sent.map_err(|error| Failure::not_now(error.detail))?;
            match answer.status {
                200 if answer.is_cut => return Ok(None),
                200 => return Ok(Some(answer.body)),
                204 => return Ok(None),
                301 | 302 | 303 | 307 | 308 => {
                    let to = answer.header("location").unwrap_or_default();
                    url = match to.starts_with('/') {
                        true => format!("{}{to}", origin(&url).unwrap_or_default()),
                        false => to.to_owned(),
                    };
                }
                _ => return Err(self.failure(&answer).of_question()),
            }
        }
        Err(Failure::never(format!(
            "{}: it sends us from place to place",
            self.remote.name
        )))
    }

    /// An address that may be asked: a secret one, so that nobody reads on the way, unless this is a
    /// controller on this machine.
    fn allowed(&self, url: &str) -> Result<String, Failure> {
        let is_local = self.base.starts_with("http://");
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let is_local_too = is_local && base_url("url", rest_of(url)).is_ok();
        match scheme {
            "https" if !rest.is_empty() => Ok(url.to_owned()),
            "http" if is_local_too => Ok(url.to_owned()),
            _ => Err(Failure::never(format!(
                "{}: it sends us to an address that is not `https`",
                self.remote.name
            ))),
        }
    }

    /// The JSON of an answer that is good.
    pub(super) fn json(&self, answer: &Answer) -> Result<Value, Failure> {
        serde_json::from_str(&answer.body).map_err(|_| self.unreadable())
    }

    /// An answer that cannot be read may be that of a proxy; whether anything was done is not known.
    fn unreadable(&self) -> Failure {
        Failure {
            detail: format!("{}: the answer cannot be read", self.remote.name),
            certainty: Certainty::Unsure,
            status: None,
            wait: None,
        }
    }

    fn failure(&self, answer: &Answer) -> Failure {
        let said = said(&answer.body);
        let mut detail = format!("{} answered {}", self.remote.name, answer.status);
        if !said.is_empty() {
            detail = format!("{detail}: {said}");
        }
        let mut detail = cut(&detail, DETAIL_MAX);
        let certainty = match answer.status {
            401 | 403 => {
                detail.push_str("; check the account, its token and its permissions");
                Certainty::NotNow
            }
            409 | 423 | 425 | 429 => Certainty::NotNow,
            0..=299 | 408 | 500..=599 => Certainty::Unsure,
            300..=399 => {
                detail.push_str("; set the address it redirects to");
                Certainty::Never
            }
            _ => Certainty::Never,
        };
        Failure {
            detail,
            certainty,
            status: Some(answer.status),
            wait: answer.retry_after,
        }
    }
}

/// An address without what comes after its path.
fn rest_of(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    &url[..end]
}

/// What the JSON of an error says: that of AWX (`detail`, or texts by field), or that of JSON:API.
fn said(body: &str) -> String {
    let Ok(json) = serde_json::from_str::<Value>(body) else {
        return String::new();
    };
    let mut parts = Vec::new();
    for error in json["errors"].as_array().into_iter().flatten() {
        let words = ["title", "detail"];
        let words = words.iter().filter_map(|word| error[word].as_str());
        parts.push(words.collect::<Vec<_>>().join(": "));
    }
    for (field, value) in json.as_object().into_iter().flatten() {
        match value {
            Value::String(text) if field == "detail" => parts.push(text.clone()),
            Value::String(text) => parts.push(format!("{field}: {text}")),
            Value::Array(texts) => {
                let texts = texts.iter().filter_map(Value::as_str);
                parts.extend(texts.map(|text| format!("{field}: {text}")));
            }
            _ => {}
        }
    }
    parts.join("; ")
}
