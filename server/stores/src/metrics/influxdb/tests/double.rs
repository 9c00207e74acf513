//! The double of InfluxDB, started for a test and gone with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::super::super::contract::START_MS;
use super::super::{InfluxConfig, InfluxMetricStore, InfluxToken};
use crate::metrics::MetricStoreConfig;

/// A double that is running.
pub(super) struct Double {
    child: Child,
    pub(super) url: String,
}

impl Drop for Double {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn script(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/tests/clients");
    folder.join(name)
}

impl Double {
    /// Starts one; its clock stands at the day after the suite's points begin.
    pub(super) async fn start() -> Self {
        let double = Self::start_at(0, None);
        double.set_clock(START_MS + 86_400_000).await;
        double
    }

    /// Starts one at a port, 0 for any, with what a file holds.
    pub(super) fn start_at(port: u16, file: Option<&Path>) -> Self {
        let mut command = Command::new("python3");
        command.arg("-B").arg(script("influxdb_double.py"));
        command.args(["--port", &port.to_string()]);
        if let Some(file) = file {
            command.arg("--file").arg(file);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        let port = said.trim().strip_prefix("PORT ").unwrap();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
        }
    }

    /// Asks something of the double itself.
    pub(super) async fn ask(&self, path: &str, body: Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}/double/{path}", self.url));
        let response = request.body(body.to_string()).send().await.unwrap();
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    pub(super) async fn set_clock(&self, at_ms: i64) {
        self.ask("clock", json!({"ns": at_ms * 1_000_000})).await;
    }

    pub(super) async fn fault(&self, path: &str, status: u16, more: Value) {
        let mut fault = json!({"path": path, "status": status});
        let more = more.as_object().cloned().unwrap_or_default();
        fault.as_object_mut().unwrap().extend(more);
        self.ask("fault", fault).await;
    }

    pub(super) fn config(&self, prefix: &str) -> InfluxConfig {
        InfluxConfig {
            url: self.url.clone(),
            token: InfluxToken::new("admin".into()),
            bucket_prefix: prefix.into(),
            // What others noted is seen at once.
            catalogue_ms_max: 0,
            ..InfluxConfig::default()
        }
    }

    pub(super) async fn store(&self, prefix: &str) -> InfluxMetricStore {
        let keep = MetricStoreConfig::default();
        let opened = InfluxMetricStore::open(self.config(prefix), keep);
        opened.await.unwrap()
    }
}

/// Runs a script of the official client; false, and said so, where the client is not installed.
pub(super) fn witness(name: &str, arguments: &[&str]) -> bool {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "where the tests' tools are is said by the environment"
    )]
    let tools = std::env::var("TOCSIN_TOOLS");
    let tools = tools.map_or_else(|_| home.join(".cache/tocsin/tools"), PathBuf::from);
    let python = tools.join("python/bin/python");
    if !python.is_file() {
        eprintln!("SKIPPED: the official client of InfluxDB is not installed: run `make tools`");
        return false;
    }
    let mut command = Command::new(python);
    command.arg("-B").arg(script(name)).args(arguments);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    true
}
