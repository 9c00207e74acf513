//! Providers, one file each. How a program is run, known again after a crash, and stopped, is in
//! [`jobs`]; how steps are taken in a system of records, in [`records`].

pub(super) mod ansible;
pub(super) mod ansible_tower;
pub(super) mod github;
pub(super) mod jira;
pub(super) mod jobs;
pub(super) mod records;
mod remote;
pub(super) mod script;
pub(super) mod servicenow;
pub(super) mod terraform;
pub(super) mod terraform_cloud;
#[cfg(test)]
mod tests;
pub(super) mod webhook;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tocsin_domain::automation::{CallKind, Param, Plan};
use tokio_util::sync::CancellationToken;

/// What comes before the name of an artifact of the action that undoes.
pub(super) const UNDO: &str = "undo: ";

/// The SHA-256 of a file, as hexadecimal digits.
pub(super) fn file_hash(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digits(&hasher.finalize())),
            length => hasher.update(buffer.get(..length).unwrap_or_default()),
        }
    }
}

pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether an artifact is the one that was approved.
///
/// # Errors
/// Which one is not.
pub(super) fn is_approved(
    plan: &Plan,
    kind: CallKind,
    name: &str,
    hash: &str,
) -> Result<(), String> {
    let name = match kind {
        CallKind::Execute => name.to_owned(),
        CallKind::Rollback => format!("{UNDO}{name}"),
    };
    let known = plan.preview.artifacts.iter().find(|(of, _)| *of == name);
    match known {
        Some((_, approved)) if approved == hash => Ok(()),
        Some(_) => Err(format!(
            "{name} is another one than the one that was approved"
        )),
        None => Err(format!("{name} is no part of the plan that was approved")),
    }
}

/// How long the folder of a run is kept: longer than any run may take.
const FOLDER_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How often old folders are looked for.
const SWEEP: Duration = Duration::from_secs(6 * 3600);

/// Removes the folders of old runs, until `shutdown` is cancelled.
pub(super) async fn sweep(folder: PathBuf, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        let folder = folder.clone();
        let swept = tokio::task::spawn_blocking(move || remove_old(&folder, SystemTime::now()));
        if let Ok(Err(error)) = swept.await {
            tracing::warn!(%error, "the folders of old runs cannot be removed");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// Removes the folders below those of providers that nothing was written into for long.
fn remove_old(folder: &Path, now: SystemTime) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for provider in std::fs::read_dir(folder)? {
        let provider = provider?;
        if !provider.file_type()?.is_dir() {
            continue;
        }
        for run in std::fs::read_dir(provider.path())? {
            let run = run?;
            let about = run.metadata()?;
            let since = now.duration_since(about.modified()?);
            if about.is_dir() && since.is_ok_and(|since| since > FOLDER_KEPT) {
                std::fs::remove_dir_all(run.path())?;
            }
        }
    }
    Ok(())
}

/// What of a text comes after so many of its bytes, and how many it has then.
pub(super) fn part_of(text: &str, from: u64) -> (String, u64) {
    let start = usize::try_from(from).unwrap_or(usize::MAX);
    match text.get(start..) {
        Some(rest) => (rest.to_owned(), from + rest.len() as u64),
        // It is shorter by now, or another one.
        None => (String::new(), from),
    }
}

/// A parameter as JSON. Text is text, whatever is in it.
pub(in crate::automation) fn json(param: &Param) -> serde_json::Value {
    match param {
        Param::Null => serde_json::Value::Null,
        Param::Bool(truth) => (*truth).into(),
        Param::Int(number) => (*number).into(),
        Param::Number(number) => (*number).into(),
        Param::Text(text) => text.as_str().into(),
        Param::List(values) => values.iter().map(json).collect(),
        Param::Map(values) => {
            let pairs = values
                .iter()
                .map(|(name, value)| (name.clone(), json(value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}
