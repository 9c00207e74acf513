//! Lines of logs: when, how bad, and what they say; lines that say the same are one group.

use std::collections::HashMap;

use regex::Regex;
use serde_json::Value;

use crate::document::LineRef;
use crate::moment::{Clock, Moment};
use crate::shape::shape;

/// The most groups of a diagnosis; later ones are not made.
const GROUPS_MAX: usize = 4_000;

/// How bad a line says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// For those who look for faults in a program.
    Debug,
    /// What goes on.
    Info,
    /// The line does not say.
    Unsaid,
    Warning,
    Error,
    Fatal,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogLine {
    pub(crate) place: LineRef,
    pub(crate) level: Level,
    pub(crate) at: Option<Moment>,
    /// What it says, without time and level where they are easily told from it.
    pub(crate) message: String,
    /// True if it belongs to the stack trace of a line before.
    pub(crate) is_trace: bool,
}

/// Lines that say the same.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) level: Level,
    pub(crate) count: usize,
    /// The place of its first line among the lines of the log.
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Reads lines of logs.
#[derive(Debug)]
pub(crate) struct LogReader {
    clock: Clock,
    level: Regex,
    lead: Regex,
    frame: Regex,
    thrown: Regex,
}

impl LogReader {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            clock: Clock::new()?,
            level: Regex::new(
                r#"(?:^|[\s\[<(|="])(?:(?P<upper>TRACE|DEBUG|DBG|INFO|INF|NOTICE|WARN|WRN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|FTL|PANIC|ALERT|EMERG|EMERGENCY)(?:$|[\s\]>):|,"])|(?:\[|<|level[=:]\s?"?|lvl[=:]\s?"?|severity[=:]\s?"?)(?P<lower>trace|debug|info|notice|warn|warning|error|err|severe|critical|crit|fatal|panic|alert|emerg)\b)"#,
            )?,
            lead: Regex::new(
                r"^(?:\s|[\[(<]?(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|(?:[A-Z][a-z]{2},? )?(?:[A-Z][a-z]{2} +\d{1,2}|\d{1,2} [A-Z][a-z]{2}) (?:\d{4} )?\d\d:\d\d:\d\d(?: UTC)?(?: \d{4})?)[\])>]?,?|UTC|[\[<(]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|PANIC)[\]>)]?:?(?:\s|$)|[-|] )+",
            )?,
            frame: Regex::new(
                r#"^\s+(?:at |File "|in |from )|^\s*\.\.\. \d+ (?:more|common)|^Traceback \(most recent|^goroutine \d+|^\s+\^+\s*$|^\s*-->|^\s+\d+:\s+0x|^stack backtrace|^\s*raise |^\s*File ""#,
            )?,
            thrown: Regex::new(
                r"^\s*(?:Caused by:|caused by:|[\w.$]*(?:Error|Exception|Failure|Panic)(?::|\b\()|thread '.*' panicked|panic:)",
            )?,
        })
    }

    /// Reads one line; `before` is the line before it.
    pub(crate) fn read(&self, line: &str, place: LineRef, before: Option<&LogLine>) -> LogLine {
        if let Some(read) = self.json(line, place) {
            return read;
        }
        let at = self.clock.read(line);
        let is_frame = at.is_none() && self.frame.is_match(line);
        let goes_on = at.is_none()
            && line.starts_with([' ', '\t'])
            && before.is_some_and(|before| before.level >= Level::Warning || before.is_trace);
        let is_thrown = at.is_none() && self.thrown.is_match(line);
        let mut level = self.level_of(line);
        if is_thrown && level == Level::Unsaid {
            level = Level::Error;
        }
        LogLine {
            place,
            level,
            at,
            message: self.message(line),
            is_trace: (is_frame || goes_on) && !is_thrown,
        }
    }

    fn level_of(&self, line: &str) -> Level {
        let klog = line.as_bytes();
        if let [letter, a, b, c, d, b' ', ..] = klog
            && [a, b, c, d].iter().all(|byte| byte.is_ascii_digit())
        {
            match letter {
                b'I' => return Level::Info,
                b'W' => return Level::Warning,
                b'E' => return Level::Error,
                b'F' => return Level::Fatal,
                _ => {}
            }
        }
        let Some(found) = self.level.captures(line) else {
            return Level::Unsaid;
        };
        let word = found.name("upper").or_else(|| found.name("lower"));
        word.map_or(Level::Unsaid, |word| named_level(word.as_str()))
    }

    /// The line without the time and level it begins with.
    fn message(&self, line: &str) -> String {
        let start = self.lead.find(line).map_or(0, |lead| lead.end());
        let rest = line[start..].trim();
        if rest.is_empty() { line.trim() } else { rest }.to_owned()
    }

    fn json(&self, line: &str, place: LineRef) -> Option<LogLine> {
        let text = line.trim();
        if !text.starts_with('{') || !text.ends_with('}') {
            return None;
        }
        let Value::Object(object) = serde_json::from_str(text).ok()? else {
            return None;
        };
        let first = |names: &[&str]| names.iter().find_map(|name| object.get(*name));
        let level = match first(&[
            "level",
            "severity",
            "lvl",
            "log.level",
            "levelname",
            "loglevel",
        ]) {
            Some(Value::String(word)) => named_level(word),
            Some(Value::Number(number)) => numbered_level(number.as_f64().unwrap_or_default()),
            _ => Level::Unsaid,
        };
        let said = first(&["msg", "message", "log", "event", "text", "error"]);
        let mut message = said.map(plain).unwrap_or_default();
        for name in ["err", "error", "exception", "cause", "reason"] {
            let Some(more) = object.get(name).map(plain) else {
                continue;
            };
            if !more.is_empty() && more != "null" && !message.contains(&more) {
                message = format!("{message}: {more}")
                    .trim_start_matches(": ")
                    .to_owned();
            }
        }
        Some(LogLine {
            place,
            level,
            at: self.clock.read(text).or_else(|| self.stamp(&object)),
            message: if message.is_empty() {
                text.to_owned()
            } else {
                message
            },
            is_trace: false,
        })
    }

    fn stamp(&self, object: &serde_json::Map<String, Value>) -> Option<Moment> {
        let names = [
            "time",
            "ts",
            "timestamp",
            "@timestamp",
            "date",
            "datetime",
            "asctime",
        ];
        let value = names.iter().find_map(|name| object.get(*name))?;
        self.clock
            .read(&format!("ts={}", plain(value)))
            .or_else(|| self.clock.read(&plain(value)))
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) => ["message", "msg", "type", "name"]
            .iter()
            .find_map(|name| object.get(*name).and_then(Value::as_str))
            .map_or_else(|| value.to_string(), str::to_owned),
        other => other.to_string(),
    }
}

fn named_level(word: &str) -> Level {
    match word.to_lowercase().as_str() {
        "trace" | "debug" | "dbg" | "verbose" => Level::Debug,
        "info" | "inf" | "notice" | "information" => Level::Info,
        "warn" | "wrn" | "warning" => Level::Warning,
        "error" | "err" | "severe" => Level::Error,
        "critical" | "crit" | "fatal" | "ftl" | "panic" | "alert" | "emerg" | "emergency" => {
            Level::Fatal
        }
        _ => Level::Unsaid,
    }
}

/// The levels of pino and bunyan: 30 is information, 50 an error.
const fn numbered_level(number: f64) -> Level {
    match number {
        60.0.. => Level::Fatal,
        50.0..60.0 => Level::Error,
        40.0..50.0 => Level::Warning,
        30.0..40.0 => Level::Info,
        10.0..30.0 => Level::Debug,
        _ => Level::Unsaid,
    }
}

/// Takes out lines that stand in another document already with the same time: two fetches of one log.
pub(crate) fn without_repeats(lines: Vec<LogLine>) -> Vec<LogLine> {
    let mut seen: HashMap<(i64, String), usize> = HashMap::new();
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(at) = &line.at else {
            kept.push(line);
            continue;
        };
        let first = *seen
            .entry((at.secs, line.message.clone()))
            .or_insert(line.place.document);
        if first == line.place.document {
            kept.push(line);
        }
    }
    kept
}

/// The groups of the lines that are at least as bad as `level`, in the order of their first lines.
pub(crate) fn groups(lines: &[LogLine], is_meant: impl Fn(&LogLine) -> bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_meant(line)) {
        let key = shape(&line.message);
        if let Some(group) = places.get(&key).and_then(|&place| groups.get_mut(place)) {
            group.count += 1;
            group.last = at;
            group.level = group.level.max(line.level);
            continue;
        }
        if groups.len() >= GROUPS_MAX {
            break;
        }
        places.insert(key, groups.len());
        groups.push(Group {
            level: line.level,
            count: 1,
            first: at,
            last: at,
        });
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<LogLine> {
        let reader = LogReader::new().unwrap();
        let mut lines: Vec<LogLine> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let read = reader.read(text, LineRef { document: 0, line }, lines.last());
            lines.push(read);
        }
        lines
    }

    #[test]
    fn levels_and_messages_are_told_apart() {
        for (line, level, message) in [
            (
                "2025-06-12 22:14:51,711 ERROR    Database error",
                Level::Error,
                "Database error",
            ),
            (
                "2025-06-20T10:37:30.113Z [WARN] auth - slow",
                Level::Warning,
                "auth - slow",
            ),
            (
                "Fri Jul 11 13:23:24 UTC 2025 ERROR: lost",
                Level::Error,
                "lost",
            ),
            (
                "E0612 22:14:51.123456 1 x.go:12] oops",
                Level::Error,
                "E0612 22:14:51.123456 1 x.go:12] oops",
            ),
            (
                "ts=1 level=error msg=\"x\"",
                Level::Error,
                "ts=1 level=error msg=\"x\"",
            ),
            (
                "{\"level\":50,\"msg\":\"fetch failed\",\"err\":{\"message\":\"EAI_AGAIN\"}}",
                Level::Error,
                "fetch failed: EAI_AGAIN",
            ),
            (
                "{\"severity\":\"INFO\",\"message\":\"ok\"}",
                Level::Info,
                "ok",
            ),
            ("GET /error?INFORM=1", Level::Unsaid, "GET /error?INFORM=1"),
        ] {
            let read = read(line);
            assert_eq!(
                (read[0].level, read[0].message.as_str()),
                (level, message),
                "{line}"
            );
        }
    }

    #[test]
    fn frames_of_a_stack_are_not_lines_of_their_own_but_what_was_thrown_is() {
        let lines = read(
            "2025-06-19 08:35:17,235 ERROR cannot check\n\
             Traceback (most recent call last):\n  File \"/app/app.py\", line 141, in check\n    raise Expired()\n\
             ExpiredError: Certificate expired\n\
             java.sql.SQLException: refused\n\tat com.x.Y.z(Y.java:1)\nCaused by: java.net.ConnectException: refused",
        );
        let own: Vec<_> = lines
            .iter()
            .filter(|line| !line.is_trace)
            .map(|line| (line.place.line, line.level))
            .collect();
        assert_eq!(
            own,
            [
                (1, Level::Error),
                (5, Level::Error),
                (6, Level::Error),
                (8, Level::Error)
            ]
        );
    }

    #[test]
    fn lines_that_say_the_same_are_one_group() {
        let lines =
            read("ERROR: attempt 1 failed\nINFO: fine\nERROR: attempt 2 failed\nERROR: gone");
        let groups = groups(&lines, |line| line.level >= Level::Error);
        let counts: Vec<_> = groups
            .iter()
            .map(|group| (group.count, group.first, group.last))
            .collect();
        assert_eq!(counts, [(2, 0, 2), (1, 3, 3)]);
    }

    #[test]
    fn a_line_of_two_fetches_counts_once() {
        let mut lines = read("2025-06-12 22:14:51 ERROR a\n2025-06-12 22:14:51 ERROR a");
        assert_eq!(without_repeats(lines.clone()).len(), 2);
        lines[1].place.document = 1;
        assert_eq!(without_repeats(lines).len(), 1);
    }
}
