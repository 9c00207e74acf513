//! Reads the Loghub samples: `NAME/*_structured.csv` (labels of the original authors),
//! `*_structured_corrected.csv` and the raw `*.log` beside it, both optional.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One system's lines and labels.
pub(crate) struct Set {
    pub name: String,
    /// The `Content` column.
    pub contents: Vec<Vec<u8>>,
    /// The `EventTemplate` column.
    pub labels: Vec<String>,
    /// The `EventTemplate` column of the corrected file.
    pub corrected: Option<Vec<String>>,
    /// Raw lines; none when there is no file with as many of them.
    pub raw: Option<Vec<Vec<u8>>>,
}

/// Reads all sets below `data`, by name.
pub(crate) fn read_all(data: &Path) -> Result<Vec<Set>> {
    let entries = fs::read_dir(data).with_context(|| data.display().to_string())?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    folders.sort();
    let mut sets = Vec::new();
    for folder in folders.into_iter().filter(|f| f.is_dir()) {
        if let Some(set) = read(&folder).with_context(|| folder.display().to_string())? {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn read(folder: &Path) -> Result<Option<Set>> {
    let Some(structured) = find(folder, "_structured.csv")? else {
        return Ok(None);
    };
    let contents = column(&structured, "Content")?;
    let labels = text(column(&structured, "EventTemplate")?);
    let corrected = match find(folder, "_structured_corrected.csv")? {
        Some(path) => Some(text(column(&path, "EventTemplate")?)),
        None => None,
    };
    let raw = match find(folder, ".log")? {
        Some(path) => Some(lines(&fs::read(path)?)).filter(|l| l.len() == contents.len()),
        None => None,
    };
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Some(Set {
        name,
        contents,
        labels,
        corrected,
        raw,
    }))
}

fn find(folder: &Path, ending: &str) -> Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    Ok(found.into_iter().next())
}

fn column(path: &Path, name: &str) -> Result<Vec<Vec<u8>>> {
    let bytes = fs::read(path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut records = super::table::records(bytes).into_iter();
    let header = records.next().unwrap_or_default();
    let at = header.iter().position(|h| h == name.as_bytes());
    let at = at.with_context(|| format!("{} has no column {name}", path.display()))?;
    Ok(records
        .map(|mut record| record.get_mut(at).map(std::mem::take).unwrap_or_default())
        .collect())
}

fn text(values: Vec<Vec<u8>>) -> Vec<String> {
    values
        .into_iter()
        .map(|v| String::from_utf8_lossy(&v).into_owned())
        .collect()
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = |l: &[u8]| l.strip_suffix(b"\r").unwrap_or(l).to_vec();
    bytes.split(|b| *b == b'\n').map(line).collect()
}
