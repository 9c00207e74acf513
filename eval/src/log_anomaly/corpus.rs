//! Reads sessions of event ids, one a line. Knows nothing of what they mean.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

/// The events of a session, in order.
pub(crate) type Session = Vec<u64>;

/// Reads a file of sessions; empty lines are none.
pub(crate) fn read(path: &Path) -> Result<Vec<Session>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(lines.map(session).collect())
}

/// `e1 e2 …`, with an id and a comma before them or not.
fn session(line: &str) -> Session {
    let events = line.split_once(',').map_or(line, |(_, events)| events);
    events.split_whitespace().map(event).collect()
}

/// Ids are numbers in the public data; anything else is as good.
fn event(id: &str) -> u64 {
    id.parse().unwrap_or_else(|_| {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    })
}

/// Whether the folder holds HDFS: by its name, or by its templates.
pub(crate) fn is_hdfs(data: &Path) -> bool {
    let full = fs::canonicalize(data).unwrap_or_else(|_| data.to_path_buf());
    let name = full.file_name().unwrap_or_default().to_string_lossy();
    name.to_lowercase().contains("hdfs")
        || fs::read_to_string(data.join("templates.csv"))
            .is_ok_and(|templates| templates.contains("NameSystem"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_have_an_id_or_none() {
        assert_eq!(session("5 5 22 "), [5, 5, 22]);
        assert_eq!(session("a-1,5 5 22"), [5, 5, 22]);
        assert_eq!(session("a-1,"), [0u64; 0]);
        assert_ne!(event("E1"), event("E2"));
    }
}
