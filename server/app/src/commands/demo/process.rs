//! The shop as a child process, which never outlives this one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, bail};

/// The name of its binary, which lies beside ours.
const BINARY: &str = "tocsin-demo-shop";

/// A running shop. It ends when this is dropped, and also when this process is killed: its standard input
/// ends then.
#[derive(Debug)]
pub(super) struct ShopProcess {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl ShopProcess {
    /// Starts the shop in a folder with a past of so many hours, its doors closed.
    ///
    /// # Errors
    /// If its binary is not there or it does not come up.
    pub(super) fn start(folder: &Path, tags: &str, past_hours: u32) -> anyhow::Result<Self> {
        let binary = std::env::current_exe()
            .context("this program cannot be found")?
            .with_file_name(BINARY);
        if !binary.is_file() {
            bail!(
                "there is no `{}`: build it with `cargo build -p {BINARY}`",
                binary.display()
            );
        }
        let mut child = Command::new(&binary)
            .args(["--listen", "127.0.0.1:0", "--closed", "--until-stdin-ends"])
            .args(["--past-hours", &past_hours.to_string(), "--past-tags", tags])
            .arg("--data-dir")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", binary.display()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.as_mut() {
            BufReader::new(out)
                .read_line(&mut line)
                .context("cannot read what the shop says")?;
        }
        let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let mut shop = Self {
            child,
            address: String::new(),
            folder: folder.into(),
        };
        match said["http"].as_str() {
            Some(address) => shop.address = address.into(),
            None => bail!("the shop did not come up"),
        }
        Ok(shop)
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Its log file.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("shop.log")
    }

    /// Its past in line protocol.
    pub(super) fn past(&self) -> PathBuf {
        self.folder.join("past.lp")
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for ShopProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
