//! Lines of logs within JSON: what Loki, Elasticsearch and the interfaces of clouds answer.

use std::collections::HashMap;

use crate::fields::Field;
use crate::log::{LogLine, LogReader};

/// Keys under which a line stands.
const LINES: [&str; 9] = [
    "message",
    "msg",
    "log",
    "body",
    "line",
    "text",
    "content",
    "textpayload",
    "logmessage",
];
/// Keys of lists whose items are lines, or pairs of a time and a line.
const LISTS: [&str; 6] = ["values", "logs", "lines", "entries", "output", "loglines"];
/// Keys that say how bad a line is, beside it.
const LEVELS: [&str; 6] = [
    "level",
    "severity",
    "loglevel",
    "detectedlevel",
    "status",
    "lvl",
];
/// Keys that say when, beside a line.
const TIMES: [&str; 6] = ["timestamp", "time", "ts", "date", "datetime", "eventtime"];
/// The fewest lines that make a log.
const LINES_MIN: usize = 2;

/// The lines of logs among the fields of a JSON text.
pub(crate) fn read(fields: &[Field], reader: &LogReader) -> Vec<LogLine> {
    let mut beside: HashMap<&[String], (Option<&str>, Option<&str>)> = HashMap::new();
    for field in fields {
        let Some((_, owner)) = field.path.split_last() else {
            continue;
        };
        let key = field.plain_key();
        if LEVELS.contains(&key.as_str()) {
            beside
                .entry(owner)
                .or_default()
                .0
                .get_or_insert(&field.value);
        } else if TIMES.contains(&key.as_str()) {
            beside
                .entry(owner)
                .or_default()
                .1
                .get_or_insert(&field.value);
        }
    }
    let mut lines: Vec<LogLine> = Vec::new();
    for field in fields.iter().filter(|field| is_line(field)) {
        let owner = field
            .path
            .split_last()
            .map(|(_, owner)| owner)
            .unwrap_or_default();
        let (level, time) = beside.get(owner).copied().unwrap_or_default();
        let text = match (time, level) {
            (None, None) => field.value.clone(),
            (time, level) => {
                let level = level.map(|level| format!("[{}] ", level.to_uppercase()));
                let time = time.map(|time| format!("{time} "));
                format!(
                    "{}{}{}",
                    time.unwrap_or_default(),
                    level.unwrap_or_default(),
                    field.value
                )
            }
        };
        let read = reader.read(text.trim(), field.place, lines.last());
        lines.push(read);
    }
    if lines.len() < LINES_MIN {
        Vec::new()
    } else {
        lines
    }
}

/// Whether a field is a line of a log.
pub(crate) fn is_line(field: &Field) -> bool {
    let has_words = field.value.contains(' ') && field.value.len() >= 8;
    let is_item = field.key().starts_with('[');
    let list = field.path.iter().rev().find(|part| !part.starts_with('['));
    let is_in_list =
        is_item && list.is_some_and(|list| LISTS.contains(&list.to_lowercase().as_str()));
    let is_in_items = field.path.iter().any(|part| part.starts_with('['));
    let is_condition = field.is_under("conditions") || field.is_under("containerstatuses");
    has_words
        && !is_condition
        && (is_in_list || is_in_items && LINES.contains(&field.plain_key().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::log::Level;

    fn lines(text: &str) -> Vec<(Level, String, u32)> {
        let lines = read(&json::read(text, 0, 1), &LogReader::new().unwrap());
        lines
            .into_iter()
            .map(|line| (line.level, line.message, line.place.line))
            .collect()
    }

    #[test]
    fn streams_of_loki_are_lines() {
        let text = "{\"data\":{\"result\":[{\"stream\":{\"app\":\"a\"},\"values\":[\n[\"1749766491000000000\",\"level=error msg=\\\"no route\\\"\"],\n[\"1749766492000000000\",\"level=info all well\"]]}]}}";
        let lines = lines(text);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].0, lines[0].2), (Level::Error, 2));
    }

    #[test]
    fn rows_have_their_level_and_time_beside_them() {
        let text = r#"[{"timestamp":"2025-06-12T22:14:51Z","level":"error","message":"lost the queue"},{"level":"info","message":"found it again"}]"#;
        let lines = lines(text);
        assert_eq!(lines[0], (Level::Error, "lost the queue".into(), 1));
        assert_eq!(lines[1].0, Level::Info);
    }

    #[test]
    fn objects_are_no_logs() {
        assert_eq!(
            lines(
                r#"{"status":{"conditions":[{"message":"it does not hold"},{"message":"nor this one"}]}}"#
            ),
            []
        );
    }
}
