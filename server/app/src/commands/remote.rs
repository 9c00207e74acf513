//! Talks to a running server, for the commands that need one.

use anyhow::{Context, bail};

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

/// The body of a good answer; a problem's own words otherwise.
pub(crate) fn body(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<String> {
    let status = answer.status();
    let text = answer
        .body_mut()
        .read_to_string()
        .context("the answer broke off")?;
    if !status.is_success() {
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or(&text);
        bail!("the server answered {status}: {detail}");
    }
    Ok(text)
}
