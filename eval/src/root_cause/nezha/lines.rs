//! Log lines of a case: who said what, within which span.

use super::files::service;

/// Words of a line that make its template; later ones are arguments.
const TEMPLATE_WORDS: usize = 14;

/// A line as read.
pub(super) struct Line {
    pub(super) entity: String,
    pub(super) at_ms: i64,
    pub(super) span: u64,
    pub(super) template: String,
    pub(super) severe: bool,
}

/// Reads a row of a log file. The last column is the container's JSON in quotes, often broken at
/// commas, so it is looked at as text.
pub(super) fn line(row: &str) -> Option<Line> {
    let mut cells = row.splitn(8, ',');
    let at_ns: i64 = cells.nth(1)?.parse().ok()?;
    let pod = cells.nth(1)?;
    let span = cells.nth(2)?;
    let text = cells.next()?;
    let text = text
        .split_once("log\"\":\"\"")
        .map_or(text, |(_, rest)| rest);
    let text = text.split("\\n").next().unwrap_or(text);
    let head: String = text.chars().take(40).collect();
    let severe = ["ERROR", "FATAL", "CRITICAL"]
        .iter()
        .any(|level| head.contains(level));
    let said = text
        .split_once("SpanID: ")
        .map_or(text, |(_, rest)| rest.get(16..).unwrap_or(rest));
    Some(Line {
        entity: service(pod).to_owned(),
        at_ms: at_ns / 1_000_000,
        span: u64::from_str_radix(span, 16).unwrap_or(0),
        template: template(said),
        severe,
    })
}

/// Words with digits are variables, and so are the days and months of dates.
fn template(said: &str) -> String {
    let words = said.split_whitespace().take(TEMPLATE_WORDS);
    let words = words.map(|word| if variable(word) { "<*>" } else { word });
    let mut words: Vec<&str> = words.collect();
    // A list of values may have any length.
    words.dedup_by(|a, b| a == b && *a == "<*>");
    words.join(" ")
}

fn variable(word: &str) -> bool {
    const DATES: &str =
        "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let last = word.rsplit([':', '=', '[', '(']).next().unwrap_or(word);
    word.bytes().any(|b| b.is_ascii_digit()) || DATES.split(' ').any(|date| date == last)
}
