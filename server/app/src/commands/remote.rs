//! Talks to a running server, for the commands that need one.

use std::fmt::Write as _;

use anyhow::{Context, bail};
use serde_json::Value;

use super::terminal::plain;

/// Where the server is, for every command that talks to one.
#[derive(Debug, clap::Args)]
pub(crate) struct Remote {
    /// Address of the server
    #[arg(
        long,
        alias = "url",
        value_name = "URL",
        env = "TOCSIN_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    server: String,
}

impl Remote {
    /// The URL of a route.
    pub(crate) fn url(&self, route: &str) -> String {
        format!("{}{route}", self.server.trim_end_matches('/'))
    }

    /// The JSON answer to a GET.
    ///
    /// # Errors
    /// If no server answers, or it refuses.
    pub(crate) fn get(&self, route: &str, caller: &Caller) -> anyhow::Result<Value> {
        let mut request = Self::agent().get(self.url(route));
        if let Some((header, name)) = caller.header() {
            request = request.header(header, name);
        }
        Ok(serde_json::from_str(&body(self.reached(request.call())?)?)?)
    }

    /// The JSON answer to a POST of JSON.
    ///
    /// # Errors
    /// If no server answers, or it refuses; a name that it does not believe is an error too.
    pub(crate) fn post(&self, route: &str, caller: &Caller, json: &Value) -> anyhow::Result<Value> {
        caller.check(self)?;
        let mut request = Self::agent()
            .post(self.url(route))
            .header("Content-Type", "application/json");
        if let Some((header, name)) = caller.header() {
            request = request.header(header, name);
        }
        let answer = self.reached(request.send(json.to_string()))?;
        Ok(serde_json::from_str(&body(answer)?)?)
    }

    /// Answers are read also when they are errors: the body says what is wrong.
    pub(crate) fn agent() -> ureq::Agent {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into()
    }

    /// Turns a failure to connect into advice.
    pub(crate) fn reached<T>(&self, answer: Result<T, ureq::Error>) -> anyhow::Result<T> {
        answer.with_context(|| {
            format!(
                "no server answers at {}: start one with `tocsin serve`",
                self.server
            )
        })
    }
}

/// As whom something is done.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Caller {
    /// As whom: the name goes to the server in a header, which it believes if `server.user_header`
    /// names it and we are one of its `server.trusted_proxies`
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// The header that `server.user_header` names
    #[arg(
        long,
        value_name = "HEADER",
        env = "TOCSIN_USER_HEADER",
        default_value = "X-Forwarded-User"
    )]
    user_header: String,
}

impl Caller {
    fn header(&self) -> Option<(&str, &str)> {
        let name = self.name.as_deref()?;
        Some((&self.user_header, name))
    }

    /// Nothing is done under another name than the one that was given.
    fn check(&self, remote: &Remote) -> anyhow::Result<()> {
        let Some(wanted) = self.name.as_deref() else {
            return Ok(());
        };
        let me = remote.get("/api/v1/me", self)?;
        let name = me["name"].as_str().unwrap_or_default();
        if name != wanted.trim() {
            bail!(
                "the server takes you for `{name}`: it believes `--as` only if `server.user_header` \
                 is \"{}\" and your address is one of `server.trusted_proxies`",
                self.user_header
            );
        }
        Ok(())
    }
}

/// The body of a good answer; a problem's own words otherwise.
pub(crate) fn body(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<String> {
    let status = answer.status();
    let text = answer
        .body_mut()
        .read_to_string()
        .context("the answer broke off")?;
    if !status.is_success() {
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or(&text);
        let detail = plain(&detail.into());
        bail!("the server answered {status}: {detail}");
    }
    Ok(text)
}

/// A text as part of a query string.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
