//! ClickHouse's real engine behind its HTTP front, for one test; killed and removed with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::ClickHouseLogsConfig;

/// Where the engine's Python is; none, said loudly, if it was not installed.
fn python() -> Option<PathBuf> {
    let tools = std::env::var_os("TOCSIN_TOOLS")
        .map(PathBuf::from)
        .or_else(|| {
            std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/tocsin/tools"))
        });
    let python = tools.map(|tools| tools.join("clickhouse/bin/python"));
    let found = python.filter(|python| python.exists());
    if found.is_none() {
        eprintln!("SKIPPED: chdb is not installed; `scripts/test-tools.sh` does it");
    }
    found
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../harness/tests/clients")
        .join(name)
}

/// The front.
pub(super) struct Front {
    folder: tempfile::TempDir,
    python: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Front {
    /// Starts it on a free port; none if the engine is not installed.
    pub(super) fn start() -> Option<Self> {
        let mut front = Self {
            folder: tempfile::tempdir().unwrap(),
            python: python()?,
            port: 0,
            process: None,
        };
        front.run();
        Some(front)
    }

    /// Starts it (again) on its data, at its port.
    pub(super) fn run(&mut self) {
        let mut process = Command::new(&self.python)
            .arg(script("clickhouse_front.py"))
            .arg(self.folder.path().join("data"))
            .arg(self.port.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening ");
        self.port = port.expect("the front says its port").parse().unwrap();
        self.process = Some(process);
    }

    /// Kills it as a crash would.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(super) fn config(&self, database: &str) -> ClickHouseLogsConfig {
        ClickHouseLogsConfig {
            url: format!("http://127.0.0.1:{}/{database}", self.port),
            insert_secs: 3_600,
            ..ClickHouseLogsConfig::default()
        }
    }

    /// What the official client says after a round trip.
    pub(super) fn witness(&self) -> String {
        let done = Command::new(&self.python)
            .arg(script("clickhouse_witness.py"))
            .arg(self.port.to_string())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{error}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.kill();
    }
}
