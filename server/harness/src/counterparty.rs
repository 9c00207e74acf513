//! Real programs that a test talks to: found, started, and gone with the test.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A program that runs beside a test. Killed when dropped.
#[derive(Debug)]
pub struct Counterparty {
    child: Child,
}

impl Counterparty {
    /// Starts a program in the background.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }
}

impl Drop for Counterparty {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The path of an installed program.
///
/// # Errors
/// Says how to install it.
pub fn find_program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    for folder in folders {
        let program = folder.join(name);
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!("`{name}` is not installed: run `make tools`")
}

/// The Python that has the vendors' clients.
///
/// # Errors
/// Says how to install it.
pub fn python() -> anyhow::Result<PathBuf> {
    Ok(tool("python")?.join("python"))
}

/// The folder of programs with the clients of controllers of automation: `awx` and a Python.
///
/// # Errors
/// Says how to install it.
pub fn controller_clients() -> anyhow::Result<PathBuf> {
    tool("controllers")
}

/// The folder of programs of one of the virtual environments of `make tools`.
pub(crate) fn tool(name: &str) -> anyhow::Result<PathBuf> {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let tools = std::env::var_os("TOCSIN_TOOLS")
        .map_or_else(|| home.join(".cache/tocsin/tools"), PathBuf::from);
    let folder = tools.join(name).join("bin");
    if !folder.join("python").is_file() {
        bail!("there is no {}: run `make tools`", folder.display());
    }
    Ok(folder)
}
