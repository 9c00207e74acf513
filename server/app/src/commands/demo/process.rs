//! The shop as a child process, which never outlives this one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// The name of its binary, which lies beside ours.
const BINARY: &str = "tocsin-demo-shop";
/// How long it has to put its things away before it is killed, and how often that is looked at.
const END_WITHIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_millis(20));

/// A running shop. It ends when this is dropped, and also when this process is killed: its standard input
/// ends then.
#[derive(Debug)]
pub(super) struct ShopProcess {
    child: Child,
    address: String,
    folder: PathBuf,
    volume: PathBuf,
    volume_in: String,
}

impl ShopProcess {
    /// Starts the shop in a folder with a past of so many hours, its doors closed. Through whom its
    /// payments go is said by a state of Terraform, if there is one.
    ///
    /// # Errors
    /// If its binary is not there or it does not come up.
    pub(super) fn start(
        folder: &Path,
        (tags, past_hours): (&str, u32),
        terraform_state: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let binary = std::env::current_exe()
            .context("this program cannot be found")?
            .with_file_name(BINARY);
        if !binary.is_file() {
            bail!(
                "there is no `{}`: build it with `cargo build -p {BINARY}`",
                binary.display()
            );
        }
        let mut command = Command::new(&binary);
        if let Some(state) = terraform_state {
            command.arg("--terraform-state").arg(state);
        }
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--closed", "--until-stdin-ends"])
            .arg("--tmpfs")
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
            volume: PathBuf::new(),
            volume_in: String::new(),
        };
        let text = |name: &str| said[name].as_str().context("the shop did not come up");
        shop.address = text("http")?.into();
        shop.volume = text("volume")?.into();
        shop.volume_in = text("volume_in")?.into();
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

    /// Its settings, which it follows.
    pub(super) fn settings(&self) -> PathBuf {
        self.folder.join("shop.conf")
    }

    /// Where its volume is.
    pub(super) fn volume(&self) -> &Path {
        &self.volume
    }

    /// What its volume is, for people.
    pub(super) fn volume_in(&self) -> &'static str {
        match self.volume_in.as_str() {
            "tmpfs" => "a tmpfs of its own",
            "shared_memory" => {
                "a folder in memory with a quota of its own: this user may mount no tmpfs"
            }
            _ => "a folder with a quota of its own",
        }
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
        drop(self.child.stdin.take());
        let (within, look_every) = END_WITHIN;
        let asked = Instant::now();
        while asked.elapsed() < within && self.ended().is_none() {
            std::thread::sleep(look_every);
        }
        // It has ended by itself, unless something holds it.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
