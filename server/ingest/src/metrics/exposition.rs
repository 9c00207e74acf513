//! The text that Prometheus scrapes: exposition format 0.0.4 and OpenMetrics 1.0.
//!
//! Text in, samples out to a closure, one at a time. A line that cannot be read is an error with
//! its number and costs no other line. Exemplars and help texts are passed over. Names in quotes
//! (`{"http.requests",code="200"}`) are understood as Prometheus 3 writes them.

use std::borrow::Cow;
use std::collections::HashMap;

use tocsin_domain::metric::{MetricKind, NAME_LABEL};

/// How many errors of lines are kept; the others are only counted.
pub const LINE_ERRORS_MAX: usize = 20;

/// Which of the two formats a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `text/plain; version=0.0.4`: times are whole milliseconds.
    Text,
    /// `application/openmetrics-text`: times are seconds, and `# EOF` ends the text.
    OpenMetrics,
}

impl Dialect {
    /// The format that a content type names; anything unknown is read as [`Dialect::Text`], as
    /// Prometheus 2 does.
    #[must_use]
    pub fn from_content_type(value: &str) -> Self {
        let kind = value.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }
}

/// One sample of a text.
#[derive(Debug, Clone, Copy)]
pub struct Exposed<'s> {
    /// Labels with the name as `__name__`, in the order they came; not checked for twins.
    pub labels: &'s [(&'s str, &'s str)],
    /// What the text said of its family.
    pub kind: MetricKind,
    /// Milliseconds since the Unix epoch; none if the line has no time.
    pub at_ms: Option<i64>,
    /// The value, which may be NaN or infinite.
    pub value: f64,
}

/// Why a line was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What should have been there.
    pub expected: &'static str,
    /// What was there instead.
    pub found: String,
}

/// What came out of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exposition {
    /// How many samples were handed over.
    pub samples: usize,
    /// How many lines could not be read.
    pub rejected: usize,
    /// Why, for the first [`LINE_ERRORS_MAX`] of them.
    pub errors: Vec<LineError>,
    /// False for OpenMetrics without `# EOF`: the rest of the text got lost.
    pub is_complete: bool,
}

/// Reads a text and hands each sample to `sink`.
pub fn parse(text: &[u8], dialect: Dialect, sink: &mut dyn FnMut(&Exposed<'_>)) -> Exposition {
    let mut families = Families::default();
    let mut read = Exposition::default();
    let mut ended = false;
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let outcome = match std::str::from_utf8(line) {
            Ok(line) => {
                let line = line.trim_matches([' ', '\t', '\r']);
                if ended && !line.is_empty() {
                    Err(at(line, "nothing after `# EOF`"))
                } else if let Some(comment) = line.strip_prefix('#') {
                    ended |= dialect == Dialect::OpenMetrics && comment.trim() == "EOF";
                    families.comment(comment)
                } else if line.is_empty() {
                    Ok(())
                } else {
                    let taken = sample(line, dialect, &families, sink);
                    read.samples += usize::from(taken.is_ok());
                    taken
                }
            }
            Err(error) => Err((
                "text in UTF-8",
                format!("a byte that is not at {}", error.valid_up_to()),
            )),
        };
        if let Err((expected, found)) = outcome {
            read.rejected += 1;
            if read.errors.len() < LINE_ERRORS_MAX {
                let line = index + 1;
                read.errors.push(LineError {
                    line,
                    expected,
                    found,
                });
            }
        }
    }
    read.is_complete = ended || dialect == Dialect::Text;
    read
}

/// What should have been there, and what was.
type Fault = (&'static str, String);

/// A fault at the begin of `rest`.
fn at(rest: &str, expected: &'static str) -> Fault {
    let mut shown: String = rest.chars().take(24).collect();
    if shown.len() < rest.len() {
        shown.push('…');
    }
    let found = if shown.is_empty() {
        "the end of the line".into()
    } else {
        format!("`{shown}`")
    };
    (expected, found)
}

/// The type of a family, as `# TYPE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    Summary,
    Unknown,
}

#[derive(Debug, Default)]
struct Families(HashMap<String, Family>);

impl Families {
    /// Takes what follows `#`: only `TYPE` matters.
    fn comment(&mut self, comment: &str) -> Result<(), Fault> {
        let Some(rest) = comment.trim_start().strip_prefix("TYPE") else {
            return Ok(());
        };
        if !rest.starts_with([' ', '\t']) {
            return Ok(());
        }
        let rest = rest.trim();
        let (name, word) = if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted_text(quoted)?;
            (name, after.trim_start())
        } else {
            let (name, word) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
            (Cow::Borrowed(name), word.trim_start())
        };
        let family = match word {
            "counter" => Family::Counter,
            "gauge" | "info" | "stateset" => Family::Gauge,
            "histogram" => Family::Histogram,
            "gaugehistogram" => Family::GaugeHistogram,
            "summary" => Family::Summary,
            "untyped" | "unknown" => Family::Unknown,
            other => return Err(at(other, "a type of metric, such as counter or gauge")),
        };
        self.0.insert(name.into_owned(), family);
        Ok(())
    }

    /// What a sample of this name means.
    fn kind(&self, name: &str) -> MetricKind {
        match self.0.get(name) {
            Some(Family::Counter) => return MetricKind::Counter,
            Some(Family::Gauge | Family::Summary | Family::GaugeHistogram) => {
                return MetricKind::Gauge;
            }
            Some(Family::Histogram | Family::Unknown) => return MetricKind::Unknown,
            None => {}
        }
        let Some((stem, suffix)) = name.rsplit_once('_') else {
            return MetricKind::Unknown;
        };
        match (self.0.get(stem), suffix) {
            (Some(Family::Counter), "total")
            | (Some(Family::Histogram), "bucket" | "sum" | "count")
            | (Some(Family::Summary), "sum" | "count") => MetricKind::Counter,
            (Some(Family::Counter | Family::Histogram | Family::Summary), "created")
            | (Some(Family::GaugeHistogram), "bucket" | "gsum" | "gcount")
            | (Some(Family::Gauge), "info") => MetricKind::Gauge,
            _ => MetricKind::Unknown,
        }
    }
}

/// Reads `name{label="value"} value time # exemplar`.
fn sample(
    line: &str,
    dialect: Dialect,
    families: &Families,
    sink: &mut dyn FnMut(&Exposed<'_>),
) -> Result<(), Fault> {
    let end = word_end(line, true);
    let (mut name, mut rest) = (Cow::Borrowed(&line[..end]), line[end..].trim_start());
    let mut labels: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = braces(inside, &mut name, &mut labels)?;
    } else if name.is_empty() {
        return Err(at(line, "a name of letters, digits, `_` and `:`"));
    } else if !line[end..].starts_with([' ', '\t']) {
        return Err(at(&line[end..], "a space or `{` after the name"));
    }
    if name.is_empty() {
        return Err(at(line, "the name of the metric"));
    }
    let (value, after) = token(rest);
    let value: f64 = value
        .parse()
        .map_err(|_| at(value, "a number, NaN, +Inf or -Inf"))?;
    let (time, after) = match token(after) {
        (first, _) if first.starts_with('#') => ("", after),
        found => found,
    };
    let at_ms = if time.is_empty() {
        None
    } else {
        Some(milliseconds(time, dialect)?)
    };
    let is_exemplar = dialect == Dialect::OpenMetrics && after.starts_with('#');
    if !after.is_empty() && !is_exemplar {
        return Err(at(after, "the end of the line"));
    }
    let kind = families.kind(&name);
    let named = std::iter::once((NAME_LABEL, name.as_ref()));
    let others = labels.iter().map(|(name, value)| (&**name, &**value));
    let labels: Vec<(&str, &str)> = named.chain(others).collect();
    sink(&Exposed {
        labels: &labels,
        kind,
        at_ms,
        value,
    });
    Ok(())
}

/// The next word and what follows it without spaces at its begin.
fn token(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn milliseconds(time: &str, dialect: Dialect) -> Result<i64, Fault> {
    match dialect {
        Dialect::Text => time
            .parse()
            .map_err(|_| at(time, "a time in whole milliseconds")),
        Dialect::OpenMetrics => time
            .parse::<f64>()
            .ok()
            .map(|seconds| (seconds * 1000.0).round())
            .filter(|ms| ms.abs() < 9e18)
            .map(|ms| ms as i64)
            .ok_or_else(|| at(time, "a time in seconds")),
    }
}

/// Where a name without quotes ends.
fn word_end(text: &str, has_colons: bool) -> usize {
    let is_part = |index: usize, byte: u8| {
        byte.is_ascii_alphabetic()
            || byte == b'_'
            || has_colons && byte == b':'
            || index > 0 && byte.is_ascii_digit()
    };
    let mut bytes = text.bytes().enumerate();
    bytes
        .find(|(index, byte)| !is_part(*index, *byte))
        .map_or(text.len(), |(index, _)| index)
}

/// Reads what stands between `{` and `}`, and returns what follows.
fn braces<'a>(
    mut rest: &'a str,
    name: &mut Cow<'a, str>,
    labels: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
) -> Result<&'a str, Fault> {
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let key;
        let is_quoted = rest.starts_with('"');
        if let Some(quoted) = rest.strip_prefix('"') {
            (key, rest) = quoted_text(quoted)?;
        } else {
            let end = word_end(rest, false);
            if end == 0 {
                return Err(at(rest, "the name of a label, or `}`"));
            }
            (key, rest) = (Cow::Borrowed(&rest[..end]), &rest[end..]);
        }
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('=') {
            let Some(quoted) = after.trim_start().strip_prefix('"') else {
                return Err(at(after, "the value of a label in quotes"));
            };
            let (value, after) = quoted_text(quoted)?;
            labels.push((key, value));
            rest = after.trim_start();
        } else if is_quoted && name.is_empty() && labels.is_empty() {
            *name = key;
        } else {
            return Err(at(rest, "`=` after the name of a label"));
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err(at(rest, "`,` or `}` after a label")),
        }
    }
}

/// Reads text whose opening quote was taken, and returns it with what follows the closing one.
fn quoted_text(text: &str) -> Result<(Cow<'_, str>, &str), Fault> {
    let mut owned: Option<String> = None;
    let mut start = 0;
    let bytes = text.as_bytes();
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'"' => {
                let tail = &text[start..index];
                let value = match owned {
                    Some(head) => Cow::Owned(head + tail),
                    None => Cow::Borrowed(tail),
                };
                return Ok((value, &text[index + 1..]));
            }
            b'\\' => {
                let plain = match bytes.get(index + 1) {
                    Some(b'n') => "\n",
                    Some(b'"') => "\"",
                    Some(b'\\') => "\\",
                    // As in Prometheus, any other pair stands for itself.
                    _ => {
                        index += 1;
                        continue;
                    }
                };
                let whole = owned.get_or_insert_with(String::new);
                whole.push_str(&text[start..index]);
                whole.push_str(plain);
                index += 2;
                start = index;
            }
            _ => index += 1,
        }
    }
    Err(at("", "`\"` that ends the text"))
}

#[cfg(test)]
#[path = "exposition_tests.rs"]
mod tests;
