//! InfluxDB's line protocol, as `/write`, `/api/v2/write` and Telegraf send it.
//!
//! A field becomes the series `measurement_field` with the tags as labels, and a label `db` if the
//! request names a database and no tag does: as VictoriaMetrics does. (A field named `value` is no
//! exception, there as here.) Numbers are points, booleans are 1 and 0, text is passed over and
//! counted. A line that cannot be read costs no other line.
//!
//! A line whose measurement, tags and fields came before goes a short way: its beginning is looked
//! up as it is, fields are compared with those of last time in their order.

mod grammar;
mod number;
#[cfg(test)]
mod tests;

use grammar::{Line, Value};
use tocsin_domain::{MetricKind, SeriesId};

use super::collector::{MetricCollector, MetricContext, MetricDecoded};
use super::labels::LabelScratch;
use super::raw::{FIELDS_MAX, Field, RawEntry, hash};
use crate::decoded::readable;

/// The unit of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// By size: nanoseconds from 1973 on, else micro- or milliseconds or seconds.
    #[default]
    BySize,
    /// Nanoseconds.
    Nanos,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Secs,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

impl Precision {
    /// The unit that a query's `precision` names; none if it names no unit.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "" | "auto" => Self::BySize,
            "n" | "ns" | "nanosecond" => Self::Nanos,
            "u" | "us" | "µ" | "µs" | "microsecond" => Self::Micros,
            "ms" | "millisecond" => Self::Millis,
            "s" | "second" => Self::Secs,
            "m" => Self::Minutes,
            "h" => Self::Hours,
            _ => return None,
        })
    }

    /// Milliseconds of a time in this unit; what is beyond the range is its end.
    #[inline]
    #[must_use]
    pub const fn millis(self, time: i64) -> i64 {
        match self {
            Self::Nanos => time.div_euclid(1_000_000),
            Self::Micros => time.div_euclid(1000),
            Self::Millis => time,
            Self::Secs => time.saturating_mul(1000),
            Self::Minutes => time.saturating_mul(60_000),
            Self::Hours => time.saturating_mul(3_600_000),
            Self::BySize => match time.unsigned_abs() {
                100_000_000_000_000_000.. => time.div_euclid(1_000_000),
                100_000_000_000_000.. => time.div_euclid(1000),
                100_000_000_000.. => time,
                _ => time.saturating_mul(1000),
            },
        }
    }
}

/// What a request says of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InfluxOptions {
    /// The unit of times.
    pub precision: Precision,
    /// The database; empty if none is named.
    pub db: String,
}

/// Decodes lines. Errors name the line, from 0, as their item.
#[must_use]
pub fn decode(
    body: &[u8],
    options: &InfluxOptions,
    context: &mut MetricContext<'_>,
) -> MetricDecoded {
    let mut collector = MetricCollector::new(context);
    // A point takes about 15 bytes in lines of many fields.
    let first = memchr::memchr(b'\n', body).unwrap_or(body.len());
    collector.expect(body.len() / 16, body.len() / (first + 1));
    // Lines of different databases are different series.
    let space = if options.db.is_empty() {
        collector.source.index
    } else {
        hash(options.db.as_bytes(), collector.source.index) as u32
    };
    let mut reader = Reader {
        body,
        options,
        space,
        collector,
        line: Line::default(),
        values: Vec::new(),
    };
    let (mut at, mut number) = (0, 0);
    while at < body.len() {
        let (next, may_span) = reader.known(at).unwrap_or_else(|| {
            reader.collector.at_item(number);
            (reader.any(at), true)
        });
        number += 1;
        if may_span {
            // Text may hold line ends.
            let line = &body[at..next.min(body.len())];
            let ends = memchr::memchr_iter(b'\n', line).count();
            number += ends.saturating_sub(1);
        }
        at = next;
    }
    reader.collector.finish()
}

struct Reader<'a> {
    body: &'a [u8],
    options: &'a InfluxOptions,
    /// Keeps the lines of sources and databases apart in the cache.
    space: u32,
    collector: MetricCollector<'a>,
    line: Line<'a>,
    /// The fields of the line in hand, by their place in the entry, and their values.
    values: Vec<(u32, f64)>,
}

impl Reader<'_> {
    /// Takes a line all of whose fields came before in lines that began the same; says where the
    /// next begins and whether there was text. None, with nothing taken, if it is any other.
    fn known(&mut self, start: usize) -> Option<(usize, bool)> {
        let head_end = grammar::head_end(self.body, start)?;
        let key = hash(&self.body[start..head_end], self.space);
        let registry = self.collector.registry;
        let shard = registry.raw.read(key);
        let entry = shard
            .get(&key)
            .filter(|entry| entry.is_fresh(self.collector.now_secs))?;
        let (at, texts) = self.known_fields(head_end + 1, entry)?;
        let (at_ms, next) = self.known_time(at)?;
        if !self.collector.is_time(at_ms) {
            return None;
        }
        self.collector.skip(texts);
        self.collector.put_fields(key, entry, &self.values, at_ms);
        Some((next, texts > 0))
    }

    /// Reads known fields into `values`; says where they end and how many are text.
    #[inline]
    fn known_fields(&mut self, start: usize, entry: &RawEntry) -> Option<(usize, usize)> {
        let body = self.body;
        let (mut at, mut next, mut texts) = (start, 0, 0);
        self.values.clear();
        loop {
            let rest = body.get(at..)?;
            let is_next = |field: &Field| rest.starts_with(&field.key);
            if !entry.fields.get(next).is_some_and(is_next) {
                next = entry.fields.iter().position(is_next)?;
            }
            let field = &entry.fields[next];
            at += field.key.len();
            if body.get(at) == Some(&b'"') {
                at = grammar::text(body, at)?;
                texts += 1;
            } else {
                if field.is_text {
                    return None;
                }
                let (value, end) = number::plain(body, at)?;
                self.values.push((next as u32, value));
                at = end;
            }
            next += 1;
            if body.get(at) != Some(&b',') {
                return Some((at, texts));
            }
            at += 1;
        }
    }

    /// Reads the time at the end of a line; says what it is in ms and where the next line begins.
    #[inline]
    fn known_time(&self, mut at: usize) -> Option<(i64, usize)> {
        let mut at_ms = self.collector.now_ms;
        if self.body.get(at) == Some(&b' ') {
            at += 1;
            let time = number::integer(self.body, &mut at)?;
            at_ms = self.options.precision.millis(time);
        }
        matches!(self.body.get(at), Some(b'\n') | None).then_some((at_ms, at + 1))
    }

    /// Takes a line of any kind and says where the next begins.
    fn any(&mut self, start: usize) -> usize {
        let body = self.body;
        let mut at = start;
        while matches!(body.get(at), Some(b' ' | b'\t' | b'\r')) {
            at += 1;
        }
        let line_end = |at: usize| {
            let rest = body.get(at..).unwrap_or_default();
            memchr::memchr(b'\n', rest).map_or(body.len(), |length| at + length)
        };
        if matches!(body.get(at), Some(b'#' | b'\n') | None) {
            return line_end(at) + 1;
        }
        if let Err((fault, near)) = grammar::read(body, at, &mut self.line) {
            let line = &body[at..line_end(at)];
            let detail = format!(
                "unable to parse '{}': {fault}",
                readable(line.trim_ascii_end())
            );
            let expected = "measurement[,tag=value…] field=value[,…] [time]".into();
            self.collector.reject(None, expected, detail);
            return line_end(near) + 1;
        }
        self.take_line();
        self.line.end
    }

    /// Takes the points of the line in hand, and remembers its series if all are known.
    fn take_line(&mut self) {
        let (line, collector) = (&self.line, &mut self.collector);
        let at_ms = line.time.map(|time| self.options.precision.millis(time));
        if let Some(at_ms) = at_ms.filter(|at_ms| !collector.is_time(*at_ms)) {
            return collector.reject_time(at_ms);
        }
        let mut known = Vec::with_capacity(line.fields.len());
        let mut due_secs = u32::MAX;
        let texts = line
            .fields
            .iter()
            .filter(|(_, value)| *value == Value::Text);
        collector.skip(texts.count());
        for (name, value) in &line.fields {
            let mut id = SeriesId(0);
            if let Value::Number(value) = value {
                labels(line, name, &self.options.db, &mut collector.scratch);
                let series = collector.series_of_scratch(MetricKind::Unknown);
                let Some((series, due)) = series else {
                    due_secs = 0;
                    continue;
                };
                collector.push(series, at_ms, *value);
                due_secs = due_secs.min(due);
                id = series.id();
            }
            known.push((Field::of_line(name, *value == Value::Text), id));
        }
        if due_secs > collector.now_secs {
            self.remember(known, due_secs);
        }
    }

    /// Adds fields to the entry of the line in hand.
    fn remember(&self, mut known: Vec<(Field, SeriesId)>, due_secs: u32) {
        let (now_secs, registry) = (self.collector.now_secs, self.collector.registry);
        let key = hash(self.line.head, self.space);
        let mut until_secs = due_secs;
        if let Some(old) = registry.raw.read(key).get(&key)
            && old.is_fresh(now_secs)
        {
            until_secs = until_secs.min(old.fresh_until_secs());
            for (index, field) in old.fields.iter().enumerate() {
                if known.iter().all(|(have, _)| have.key != field.key) {
                    known.push((field.clone(), old.id(index)));
                }
            }
        }
        if known.len() <= FIELDS_MAX {
            registry.remember(key, known, now_secs, until_secs);
        }
    }
}

/// The labels of a field's series.
fn labels(line: &Line<'_>, field: &[u8], db: &str, scratch: &mut LabelScratch) {
    let measurement = grammar::unescape(line.measurement);
    let field = grammar::unescape(field);
    scratch.clear();
    scratch.name_of(&[
        &String::from_utf8_lossy(&measurement),
        &String::from_utf8_lossy(&field),
    ]);
    for (name, value) in &line.tags {
        scratch.label_bytes(&grammar::unescape(name), &grammar::unescape(value));
    }
    if !db.is_empty() && line.tags.iter().all(|(name, _)| *name != b"db") {
        scratch.label("db", db);
    }
}
