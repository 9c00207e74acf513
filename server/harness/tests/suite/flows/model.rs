//! A language model that obeys all that it reads, for tests.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use tocsin_harness::{Counterparty, TestServer, find_program, free_port, wait_for};

/// The running model. Gone when dropped.
pub(super) struct GullibleModel {
    folder: TempDir,
    port: u16,
    _process: Counterparty,
}

impl GullibleModel {
    pub(super) fn start() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let port = free_port()?;
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/clients/gullible_model.py"
        );
        let mut command = Command::new(find_program("python3")?);
        command
            .arg(script)
            .arg(port.to_string())
            .arg(folder.path().join("requests.ndjson"));
        let process = Counterparty::start(&mut command)?;
        wait_for("the model to listen", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })?;
        Ok(Self {
            folder,
            port,
            _process: process,
        })
    }

    /// What makes a server ask it.
    pub(super) fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("TOCSIN_LLM__PROVIDER", "openai".into()),
            (
                "TOCSIN_LLM__BASE_URL",
                format!("http://127.0.0.1:{}/v1", self.port),
            ),
            ("TOCSIN_LLM__MODEL", "gullible".into()),
            ("TOCSIN_LLM__API_KEY", "sk-of-the-test".into()),
        ]
    }

    /// Where the bodies of all requests are, one a line.
    pub(super) fn record(&self) -> PathBuf {
        self.folder.path().join("requests.ndjson")
    }
}

/// Waits until a server knows what its model can do.
pub(super) fn wait_until_known(server: &TestServer) -> anyhow::Result<()> {
    wait_for("the model to be known", || {
        let status = server.get("/api/v1/copilot/status").ok()?.1;
        (status["grade"]["unknown"].is_null() && status["grade"]["calls_tools"] == true)
            .then_some(())
    })
}
