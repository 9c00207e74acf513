//! What every decoder takes and gives: a context in, batches with per-record errors out.
//!
//! Decoders are pure. The time of receipt and randomness are arguments; a record that cannot be
//! taken is an error of its own and never costs the others.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tocsin_domain::{
    BatchBuilder, BatchId, Issues, LogBatch, NewRecord, Severity, SpanId, Timestamp, TraceId,
};

use crate::attributes::Attributes;
use crate::limits::Limits;
use crate::line;
use crate::timestamp::{Learner, Reading};

/// How many errors of single records are kept; the others are only counted.
pub const ERRORS_MAX: usize = 100;

/// What a decoder needs to know beside the bytes.
pub struct Context<'a> {
    /// When the bytes were received.
    pub now: Timestamp,
    /// Gives ten random bytes, for the id of each batch.
    pub random: &'a mut dyn FnMut() -> [u8; 10],
    /// The bounds.
    pub limits: &'a Limits,
    /// The source of records that name none.
    pub source: &'a str,
    /// The host of records that name none; empty if unknown.
    pub host: &'a str,
    /// Where times without a zone are from, in seconds east of UTC.
    pub zone_secs: i32,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("source", &self.source)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl<'a> Context<'a> {
    /// A context with source `http`, no host and UTC; set the fields that differ.
    #[must_use]
    pub fn new(
        now: Timestamp,
        random: &'a mut dyn FnMut() -> [u8; 10],
        limits: &'a Limits,
    ) -> Self {
        Self {
            now,
            random,
            limits,
            source: "http",
            host: "",
            zone_secs: 0,
        }
    }
}

/// Why one record of a body was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemError {
    /// Which record of the body, from 0.
    pub item: usize,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    /// What should have been there.
    pub expected: String,
    /// What was there instead, and where.
    pub detail: String,
}

/// What came out of a body.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// The records, a batch for each source (more than one if it is large).
    pub batches: Vec<LogBatch>,
    /// How many records the batches hold.
    pub accepted: usize,
    /// How many records were not taken.
    pub rejected: usize,
    /// Why, for the first [`ERRORS_MAX`] of them.
    pub errors: Vec<ItemError>,
}

/// One record on its way into a batch.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    /// Empty for the context's.
    pub(crate) source: &'a str,
    /// Empty for the context's.
    pub(crate) host: &'a str,
    pub(crate) body: &'a [u8],
    /// Missing or invalid: looked for in the body.
    pub(crate) time: Reading,
    /// Unspecified: looked for in the body.
    pub(crate) severity: Severity,
    pub(crate) issues: Issues,
    pub(crate) trace: Option<(TraceId, Option<SpanId>)>,
}

impl<'a> Draft<'a> {
    pub(crate) const fn new(body: &'a [u8]) -> Self {
        Self {
            source: "",
            host: "",
            body,
            time: Reading::Missing,
            severity: Severity::UNSPECIFIED,
            issues: Issues::NONE,
            trace: None,
        }
    }
}

/// A source of this body: its open batch and what was learned of its lines.
struct Stream {
    source: Arc<str>,
    builder: BatchBuilder,
    learner: Learner,
}

/// Gathers records into a batch for each source.
pub(crate) struct Collector<'a> {
    now: Timestamp,
    random: &'a mut dyn FnMut() -> [u8; 10],
    pub(crate) limits: &'a Limits,
    source: &'a str,
    host: &'a str,
    zone_secs: i32,
    /// True if the whole body is known to be UTF-8, so that no record needs a look.
    utf8: bool,
    streams: Vec<Stream>,
    by_source: HashMap<Arc<str>, usize>,
    last: usize,
    /// Records and bytes to make room for in the first batch.
    room: (usize, usize),
    decoded: Decoded,
}

impl<'a> Collector<'a> {
    /// `utf8` says that every body is known to be UTF-8.
    pub(crate) fn new(context: &'a mut Context<'_>, utf8: bool) -> Self {
        Self {
            now: context.now,
            random: &mut *context.random,
            limits: context.limits,
            source: context.source,
            host: context.host,
            zone_secs: context.zone_secs,
            utf8,
            streams: Vec::new(),
            by_source: HashMap::new(),
            last: 0,
            room: (0, 0),
            decoded: Decoded::default(),
        }
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) const fn zone_secs(&self) -> i32 {
        self.zone_secs
    }

    /// How many records were seen so far: the number of the next.
    pub(crate) const fn item(&self) -> usize {
        self.decoded.accepted + self.decoded.rejected
    }

    /// Says that about `records` records of `bytes` bytes will come, most of them of one source.
    pub(crate) fn expect(&mut self, records: usize, bytes: usize) {
        let records = records.min(self.limits.batch_records_max);
        self.room = (records, bytes.min(self.limits.batch_bytes_max));
    }

    /// Takes a record, or notes why not; says whether it was taken.
    pub(crate) fn push(&mut self, draft: &Draft<'_>, attributes: &Attributes) -> bool {
        let Some(index) = self.stream(draft.source) else {
            let detail = format!("`{}` is one too many", readable(draft.source.as_bytes()));
            let expected = format!("at most {} sources in one body", self.limits.sources_max);
            self.reject(Some("source"), expected, detail);
            return false;
        };
        let (body, mut issues) = cut(draft.body, self.limits.line_bytes_max);
        issues = issues.with(draft.issues);
        if !self.utf8 && std::str::from_utf8(body).is_err() {
            issues = issues.with(Issues::INVALID_UTF8);
        }
        if attributes.dropped() {
            issues = issues.with(Issues::TRUNCATED);
        }
        let stream = &mut self.streams[index];
        let known = (draft.time, draft.severity);
        let (timestamp, severity, found) =
            line::complete(body, known, &mut stream.learner, self.now);
        let list = if attributes.is_empty() {
            Vec::new()
        } else {
            attributes.list()
        };
        let record = NewRecord {
            body,
            timestamp,
            severity,
            issues: issues.with(found),
            host: if draft.host.is_empty() {
                self.host
            } else {
                draft.host
            },
            attributes: &list,
            trace: draft.trace,
        };
        if stream.builder.len() >= self.limits.batch_records_max
            || stream.builder.bytes() + body.len() > self.limits.batch_bytes_max
                && !stream.builder.is_empty()
        {
            self.turn_over(index);
        }
        match self.streams[index].builder.push(record) {
            Ok(()) => {
                self.decoded.accepted += 1;
                true
            }
            Err(full) => {
                self.reject(
                    None,
                    "a record that fits into a batch".into(),
                    full.to_string(),
                );
                false
            }
        }
    }

    /// Notes that a record was not taken.
    pub(crate) fn reject(&mut self, field: Option<&str>, expected: String, detail: String) {
        let item = self.item();
        self.decoded.rejected += 1;
        if self.decoded.errors.len() < ERRORS_MAX {
            self.decoded.errors.push(ItemError {
                item,
                field: field.map(Into::into),
                expected,
                detail,
            });
        }
    }

    pub(crate) fn finish(mut self) -> Decoded {
        let open = self.streams.into_iter().map(|stream| stream.builder);
        self.decoded.batches.extend(
            open.filter(|builder| !builder.is_empty())
                .map(BatchBuilder::finish),
        );
        self.decoded
    }

    /// The stream of a source; none if there are too many.
    fn stream(&mut self, source: &str) -> Option<usize> {
        let source = if source.is_empty() {
            self.source
        } else {
            source
        };
        if let Some(stream) = self.streams.get(self.last)
            && *stream.source == *source
        {
            return Some(self.last);
        }
        if let Some(index) = self.by_source.get(source) {
            self.last = *index;
            return Some(*index);
        }
        if self.streams.len() >= self.limits.sources_max {
            return None;
        }
        let source: Arc<str> = Arc::from(source);
        let mut builder = self.builder(&source);
        let (records, bytes) = std::mem::take(&mut self.room);
        builder.reserve(records, bytes);
        self.streams.push(Stream {
            source: source.clone(),
            builder,
            learner: Learner::new(self.zone_secs),
        });
        self.last = self.streams.len() - 1;
        self.by_source.insert(source, self.last);
        Some(self.last)
    }

    fn builder(&mut self, source: &Arc<str>) -> BatchBuilder {
        let id = BatchId::new(self.now, (self.random)());
        BatchBuilder::new(id, self.now, source.clone())
    }

    fn turn_over(&mut self, index: usize) {
        let source = self.streams[index].source.clone();
        let fresh = self.builder(&source);
        let full = std::mem::replace(&mut self.streams[index].builder, fresh);
        self.decoded.batches.push(full.finish());
    }
}

/// At most `bytes_max` bytes of a body, not within a character, and whether it was cut.
pub(crate) fn cut(body: &[u8], bytes_max: usize) -> (&[u8], Issues) {
    if body.len() <= bytes_max {
        return (body, Issues::NONE);
    }
    let mut end = bytes_max;
    while end > 0 && bytes_max - end < 3 && body[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    (&body[..end], Issues::TRUNCATED)
}

/// The first bytes of something for a message.
pub(crate) fn readable(text: &[u8]) -> String {
    let shown = &text[..text.len().min(64)];
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("{}{more}", String::from_utf8_lossy(shown))
}
