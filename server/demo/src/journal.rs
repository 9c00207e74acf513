//! The log file of the shop.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use parking_lot::Mutex;

use crate::clock::{now_ms, rfc3339};

/// How serious a line is, in the words of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// A line without its time: which service says what.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) service: &'static str,
    /// The service that it waits for, where that is the trouble.
    pub(crate) upstream: Option<&'static str>,
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// The log file, open to be appended to.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<File>);

impl Journal {
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self(Mutex::new(file)))
    }

    /// Writes a line as of now.
    pub(crate) fn write(&self, line: &Line) {
        let text = format_line(now_ms(), line);
        // A shop whose log cannot be written goes on selling.
        let _unwritten = self.0.lock().write_all(text.as_bytes());
    }

    /// Writes lines of the past at once.
    pub(crate) fn write_past(&self, lines: &[(i64, Line)]) -> std::io::Result<()> {
        let text: String = lines
            .iter()
            .map(|(at_ms, line)| format_line(*at_ms, line))
            .collect();
        self.0.lock().write_all(text.as_bytes())
    }
}

/// Logfmt, whose quotes no text of the shop has.
fn format_line(at_ms: i64, line: &Line) -> String {
    let (time, level, service) = (rfc3339(at_ms), line.level.word(), line.service);
    let upstream = line
        .upstream
        .map_or(String::new(), |name| format!(" upstream={name}"));
    format!(
        "time={time} level={level} service={service}{upstream} msg=\"{}\"\n",
        line.text
    )
}
