//! Numbers in logs that only grow, and requests that take long: what no single line says.

use std::collections::HashMap;

use regex::Regex;

use crate::document::excerpt;
use crate::log::Level;
use crate::rules::{Role, Severity};
use crate::shape::shape;

use super::{LogView, Observation, Origin};

/// The fewest values that make a trend.
const VALUES_MIN: usize = 5;
/// By which factor a number grows at least.
const GROWTH_MIN: f64 = 1.5;
/// The share of steps that go up.
const RISING_MIN: f64 = 0.8;
/// From how long on a request is slow, in ms.
const SLOW_MS: f64 = 1_000.0;
/// The most numbers of a line that are read.
const NUMBERS_MAX: usize = 8;
/// The most lines that are told to take long.
const SLOW_MAX: usize = 3;
/// How much of the line before is repeated, in bytes.
const BEFORE_BYTES_MAX: usize = 140;
/// The most trends of a diagnosis.
const TRENDS_MAX: usize = 3;

/// Reads numbers with their units.
#[derive(Debug)]
pub(crate) struct NumberReader {
    number: Regex,
}

/// The values of one place of lines of one shape.
#[derive(Debug, Default)]
struct Series {
    name: String,
    has_unit: bool,
    /// Value, as it is written, and the line among those of the log.
    values: Vec<(f64, String, usize)>,
}

impl NumberReader {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            number: Regex::new(
                r#"(?P<name>[A-Za-z][\w. -]{1,30}?)["']?(?: is| of|:|=|at|in|took)?\s*[=:]?\s*"?(?P<n>\d+(?:\.\d+)?)\s?(?P<u>ms|milliseconds|s\b|sec\w*|seconds|%|percent|[KMG]i?B|bytes|MB|mb)?"#,
            )?,
        })
    }

    /// Numbers that grow from line to line, and the slowest request.
    pub(super) fn observe<'r>(&self, log: &LogView<'_>) -> Vec<Observation<'r>> {
        let mut all: HashMap<(String, usize), Series> = HashMap::new();
        let mut order: Vec<(String, usize)> = Vec::new();
        let mut slowest: HashMap<String, (f64, usize)> = HashMap::new();
        for (at, line) in log
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.is_trace)
        {
            let shape = shape(&line.message);
            for (place, found) in self
                .number
                .captures_iter(&line.message)
                .take(NUMBERS_MAX)
                .enumerate()
            {
                let (Some(name), Some(number)) = (found.name("name"), found.name("n")) else {
                    continue;
                };
                let Ok(value) = number.as_str().parse::<f64>() else {
                    continue;
                };
                let unit = found.name("u").map_or("", |unit| unit.as_str());
                if let Some(ms) = in_ms(value, unit).filter(|ms| *ms >= SLOW_MS) {
                    let known = slowest.entry(shape.clone()).or_insert((ms, at));
                    if ms > known.0 {
                        *known = (ms, at);
                    }
                }
                let key = (shape.clone(), place);
                let series = all.entry(key.clone()).or_insert_with(|| {
                    order.push(key);
                    Series::default()
                });
                if series.values.is_empty() {
                    series.name = last_words(name.as_str());
                    series.has_unit = !unit.is_empty();
                }
                series
                    .values
                    .push((value, format!("{}{unit}", number.as_str()), at));
            }
        }
        let growing = order
            .iter()
            .filter_map(|key| all.get(key))
            .filter(|series| series.is_growing());
        let mut seen: Vec<Observation<'_>> = growing
            .take(TRENDS_MAX)
            .filter_map(|series| trend(series, log))
            .collect();
        let mut slowest: Vec<(f64, usize)> = slowest.into_values().collect();
        slowest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        seen.extend(
            slowest
                .iter()
                .take(SLOW_MAX)
                .filter_map(|(_, at)| slow(*at, log)),
        );
        seen
    }
}

impl Series {
    /// Whether the numbers grow, and are no mere counter.
    fn is_growing(&self) -> bool {
        let values: Vec<f64> = self.values.iter().map(|(value, _, _)| *value).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return false;
        };
        let steps: Vec<f64> = values
            .windows(2)
            .filter_map(|pair| Some(pair.get(1)? - pair.first()?))
            .collect();
        let rising = steps.iter().filter(|step| **step >= 0.0).count() as f64;
        let is_counter = !self.has_unit
            && steps
                .iter()
                .all(|step| (step - steps.first().unwrap_or(step)).abs() < 1e-9);
        values.len() >= VALUES_MIN
            && *first >= 0.0
            && *last >= first.max(1.0) * GROWTH_MIN
            && rising >= steps.len() as f64 * RISING_MIN
            && !is_counter
            && (self.has_unit || names_a_load(&self.name))
    }
}

/// Whether a number without a unit is of something that should not grow.
fn names_a_load(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        "memory",
        "heap",
        "queue",
        "pending",
        "backlog",
        "lag",
        "latency",
        "connections",
        "pool",
        "active",
        "depth",
        "usage",
        "duration",
        "time",
    ]
    .iter()
    .any(|load| name.contains(load))
}

/// The last words of what stands before a number.
fn last_words(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words
        .get(words.len().saturating_sub(3)..)
        .unwrap_or_default()
        .join(" ")
}

fn in_ms(value: f64, unit: &str) -> Option<f64> {
    match unit {
        "ms" | "milliseconds" => Some(value),
        "s" | "seconds" => Some(value * 1_000.0),
        unit if unit.starts_with("sec") => Some(value * 1_000.0),
        _ => None,
    }
}

fn trend<'r>(series: &Series, log: &LogView<'_>) -> Option<Observation<'r>> {
    let (_, first, from) = series.values.first()?;
    let (_, last, to) = series.values.last()?;
    let (from, to) = (log.lines.get(*from)?, log.lines.get(*to)?);
    let text = format!(
        "`{}` grows from line to line, from `{first}` to `{last}`",
        series.name.trim()
    );
    let mut seen = Observation::plain(Role::Error, Origin::Usage, &text, &to.message, from.place)
        .about(log.subject(from))
        .rated(Severity::Medium);
    seen.places.push(to.place);
    Some(seen)
}

/// What takes long; the line before often says what that is.
fn slow<'r>(at: usize, log: &LogView<'_>) -> Option<Observation<'r>> {
    let line = log.lines.get(at)?;
    let before = at.checked_sub(1).and_then(|at| log.lines.get(at));
    let before = before.filter(|before| {
        before.place.document == line.place.document && before.level < Level::Warning
    });
    let lower = line.message.to_lowercase();
    let is_database = ["database", "query", "select ", "sql", "db "]
        .iter()
        .any(|word| lower.contains(word));
    let text = if is_database {
        "a call to the database takes long (slow)"
    } else {
        "this takes long (slow)"
    };
    let quote = match before {
        Some(before) => format!(
            "{} → {}",
            excerpt(&before.message, BEFORE_BYTES_MAX),
            line.message
        ),
        None => line.message.clone(),
    };
    let mut seen = Observation::plain(Role::Error, Origin::Time, text, &quote, line.place)
        .about(log.subject(line))
        .rated(Severity::Low);
    seen.places.extend(before.map(|before| before.place));
    Some(seen.with(if is_database { 0.4 } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Page};
    use crate::form::Reader;
    use crate::observe::ErrorWords;
    use crate::window::Window;

    fn texts(text: &str) -> Vec<String> {
        let document = Document {
            name: "x".into(),
            text: text.into(),
        };
        let page = Page::new(&document);
        let reading = Reader::new().unwrap().read(&page, 0, &page.sections[0]);
        let words = ErrorWords::new().unwrap();
        let view = LogView::new(&[reading], Window::default(), &words);
        let seen = NumberReader::new().unwrap().observe(&view);
        seen.into_iter().map(|seen| seen.text).collect()
    }

    #[test]
    fn a_number_that_only_grows_is_told() {
        let log: String = [120, 180, 250, 390, 470, 600]
            .iter()
            .map(|mb| format!("INFO heap usage: {mb} MB\n"))
            .collect();
        let texts = texts(&log);
        assert!(
            texts[0].contains("from `120MB` to `600MB`") && texts[0].contains("heap usage"),
            "{texts:?}"
        );
    }

    #[test]
    fn counters_and_what_goes_up_and_down_are_not_told() {
        let counter: String = (1..9)
            .map(|n| format!("INFO handled request {n}\n"))
            .collect();
        assert_eq!(texts(&counter), Vec::<String>::new());
        let wild: String = [9, 2, 30, 1, 50, 3]
            .iter()
            .map(|n| format!("INFO queue {n}\n"))
            .collect();
        assert_eq!(texts(&wild), Vec::<String>::new());
    }

    #[test]
    fn the_slowest_request_is_told() {
        let texts = texts("INFO GET /a took 12 ms\nINFO query took 5200 ms\n");
        assert_eq!(texts, ["a call to the database takes long (slow)"]);
    }
}
