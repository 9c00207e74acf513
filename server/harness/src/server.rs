//! The real binary on a free port, with a data folder of its own.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::wait::wait_for;

/// A running server. Killed when dropped, its folder removed.
#[derive(Debug)]
pub struct TestServer {
    folder: TempDir,
    settings: Vec<(String, String)>,
    child: Option<Child>,
    address: String,
    agent: ureq::Agent,
}

impl TestServer {
    /// Starts a server that reads nothing by itself.
    ///
    /// # Errors
    /// If it does not come up; the error holds what it logged.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a server with settings over the quiet default, such as
    /// `("TOCSIN_BUS__BYTES_MAX", "1000000")`.
    ///
    /// # Errors
    /// If it does not come up; the error holds what it logged.
    pub fn start_with(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start_in(TempDir::new()?, settings)
    }

    /// Starts a server whose data lies in `folder`.
    ///
    /// # Errors
    /// If it does not come up; the error holds what it logged.
    pub fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut server = Self::prepare(folder, settings);
        server.resume()?;
        Ok(server)
    }

    /// Starts a server that may lack what it needs: it listens, and is perhaps not up.
    ///
    /// # Errors
    /// If it does not listen; the error holds what it logged.
    pub fn start_lacking(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut server = Self::prepare(TempDir::new()?, settings);
        let listen = ("TOCSIN_SERVER__LISTEN".to_owned(), address.clone());
        server.settings.push(listen);
        server.address = address;
        server.spawn()?;
        let lives = wait_for("the server to live", || {
            if server.ends_within(Duration::ZERO).unwrap_or(true) {
                return Some(false);
            }
            let (status, _) = server.get("/health/live").ok()?;
            (status == 200).then_some(true)
        });
        ensure!(lives?, "the server ended:\n{}", server.log());
        Ok(server)
    }

    fn prepare(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let quiet = [
            ("TOCSIN_SERVER__LISTEN", "127.0.0.1:0"),
            ("TOCSIN_INGEST__HOST__ENABLED", "false"),
            ("TOCSIN_INGEST__OWN_LOG__ENABLED", "false"),
            ("TOCSIN_INGEST__SYSLOG__UDP", "127.0.0.1:0"),
            ("TOCSIN_INGEST__SYSLOG__TCP", "127.0.0.1:0"),
        ];
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let settings = quiet.iter().chain(settings).map(own).collect();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            folder,
            settings,
            child: None,
            address: String::new(),
            agent,
        }
    }

    /// Starts the server again after [`TestServer::kill`] or [`TestServer::stop`].
    ///
    /// # Errors
    /// If it does not come up; the error holds what it logged.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        let announcement = self.data_dir().join("listening.json");
        if announcement.exists() {
            std::fs::remove_file(&announcement)?;
        }
        self.spawn()?;
        let up = wait_for("the server to listen", || {
            let ended = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Some(Err(status));
            }
            let text = std::fs::read_to_string(&announcement).ok()?;
            serde_json::from_str::<Value>(&text).ok().map(Ok)
        });
        match up {
            Ok(Ok(listening)) => {
                self.address = listening["http"].as_str().unwrap_or_default().into();
                Ok(())
            }
            Ok(Err(status)) => bail!("the server ended with {status}:\n{}", self.log()),
            Err(error) => bail!("{error}:\n{}", self.log()),
        }
    }

    fn spawn(&mut self) -> anyhow::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let child = Command::new(binary()?)
            .arg("serve")
            .current_dir(self.folder.path())
            // A model of whoever runs the tests is none of theirs.
            .env_remove("OPENAI_API_KEY")
            .env_remove("OPENAI_BASE_URL")
            .env_remove("OLLAMA_BASE_URL")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("TOCSIN_SERVER__DATA_DIR", self.data_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start the binary")?;
        self.child = Some(child);
        Ok(())
    }

    /// Kills the server at once, as a power cut would.
    ///
    /// # Errors
    /// If it was not running.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the server is not running")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Whether the server ended by itself, or was killed by someone else, within a time.
    ///
    /// # Errors
    /// If it was not running.
    pub fn ends_within(&mut self, most: Duration) -> anyhow::Result<bool> {
        let child = self.child.as_mut().context("the server is not running")?;
        let deadline = Instant::now() + most;
        loop {
            if child.try_wait()?.is_some() {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks the server to stop and waits until it has.
    ///
    /// # Errors
    /// If it was not running, or does not end.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let mut child = self.child.take().context("the server is not running")?;
        let told = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()?;
        ensure!(told.success(), "the server could not be told to stop");
        wait_for("the server to stop", || child.try_wait().ok().flatten())
    }

    /// The process, while it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where the server listens: `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Another address from the server's announcement: `syslog_udp` or `syslog_tcp`.
    ///
    /// # Errors
    /// If the server does not listen there.
    pub fn listener(&self, name: &str) -> anyhow::Result<SocketAddr> {
        let text = std::fs::read_to_string(self.data_dir().join("listening.json"))?;
        let listening: Value = serde_json::from_str(&text)?;
        let address = listening[name]
            .as_str()
            .with_context(|| format!("no {name}: {text}"))?;
        Ok(address.parse()?)
    }

    /// The URL of a route.
    #[must_use]
    pub fn url(&self, route: &str) -> String {
        format!("http://{}{route}", self.address)
    }

    /// A folder that lives as long as the server, beside its data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The JSON answer to a GET, whatever its status.
    ///
    /// # Errors
    /// If the server does not answer or the answer is not JSON.
    pub fn get(&self, route: &str) -> anyhow::Result<(u16, Value)> {
        let mut answer = self.agent.get(self.url(route)).call()?;
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()?;
        let json = serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))?;
        Ok((answer.status().as_u16(), json))
    }

    /// The text of the answer to a GET, whatever its status.
    ///
    /// # Errors
    /// If the server does not answer.
    pub fn get_text(&self, route: &str) -> anyhow::Result<(u16, String)> {
        let mut answer = self.agent.get(self.url(route)).call()?;
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()?;
        Ok((answer.status().as_u16(), text))
    }

    /// The answer to a POST with these headers, whatever its status; an empty or other body than
    /// JSON gives `null`.
    ///
    /// # Errors
    /// If the server does not answer.
    pub fn post(
        &self,
        route: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> anyhow::Result<(u16, Value)> {
        let mut request = self.agent.post(self.url(route));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send(body)?;
        let text = answer.body_mut().read_to_string()?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        ))
    }

    /// Pushes lines as NDJSON strings of one source and checks that all are accepted.
    ///
    /// # Errors
    /// If they are not.
    pub fn push(&self, source: &str, lines: &[&str]) -> anyhow::Result<()> {
        let mut body = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut body, line)?;
            body.push(b'\n');
        }
        let route = format!("/api/v1/logs?source={source}");
        let (status, answer) =
            self.post(&route, &[("Content-Type", "application/x-ndjson")], &body)?;
        ensure!(
            status == 200 && answer["accepted"] == lines.len(),
            "{status}: {answer}"
        );
        Ok(())
    }

    /// Waits until a text search finds exactly `total` lines, and returns the first of them.
    ///
    /// # Errors
    /// If it never does; says what it found last.
    pub fn wait_for_lines(&self, query: &str, total: u64) -> anyhow::Result<Vec<Value>> {
        let route = format!("/api/v1/logs/search?limit=1000&q={}", encode(query));
        let mut last = Value::Null;
        let found = wait_for("lines to be found", || {
            last = self.get(&route).ok()?.1;
            let items = last["items"].as_array()?;
            // The count may be taken a moment after the page.
            let is_whole = items.len() as u64 == total.min(1000);
            (last["total"] == total && is_whole).then(|| items.clone())
        });
        found.with_context(|| format!("`{query}` should find {total}; last answer: {last}"))
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

/// A port that was free a moment ago, for counterparties that cannot take port 0.
///
/// # Errors
/// If the system has none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Percent-encodes a query parameter.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The binary that was built beside this test: `make unit` builds it first.
///
/// # Errors
/// If it was not built.
pub fn binary() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // Tests lie in target/PROFILE/deps, programs in target/PROFILE.
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("tocsin"));
    found
        .into_iter()
        .find(|binary| binary.is_file())
        .with_context(|| format!("no `tocsin` beside {}: run `cargo build`", own.display()))
}
