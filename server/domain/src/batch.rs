//! A batch of log records of one source, as it travels: one arena of bytes and columns of spans.
//!
//! Millions of lines a second pass through here, so a record owns no memory of its own. Build one
//! with [`BatchBuilder`]; every span of a finished batch lies inside its arena.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::id::{BATCH_RECORDS_MAX, BatchId, RecordId};
use crate::record::{Issues, SpanId, TraceId};
use crate::severity::Severity;
use crate::time::Timestamp;

/// A range of bytes within an arena or a line: `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte after.
    pub end: u32,
}

impl Span {
    /// The length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// True if it covers no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of `arena` that it covers.
    ///
    /// # Panics
    /// If the span does not lie inside `arena`; a finished batch holds none that does not.
    #[must_use]
    pub fn of(self, arena: &[u8]) -> &[u8] {
        &arena[self.start as usize..self.end as usize]
    }
}

/// The type of an attribute's value; the value itself travels as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// UTF-8 text.
    Text,
    /// A whole number in decimal digits.
    Integer,
    /// A number as Rust's shortest round-trip text.
    Float,
    /// `true` or `false`.
    Bool,
}

/// An attribute of a record: indexes into the batch's keys and arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Index into [`LogBatch::keys`].
    pub key: u32,
    /// The type the value had.
    pub value_type: ValueType,
    /// The value's text.
    pub value: Span,
}

/// One record of a batch. Absent texts are index or span zero-length; see each field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordEntry {
    /// The raw line in the arena, without its line end.
    pub body: Span,
    /// When it happened; the time of receipt if the record does not say.
    pub timestamp: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// What was odd about it.
    pub issues: Issues,
    /// Index into [`LogBatch::hosts`]; entry 0 is the empty name.
    pub host: u32,
    /// Index into [`LogBatch::attribute_sets`]; entry 0 is the empty set.
    pub attributes: u32,
    /// Index into [`LogBatch::traces`] plus one; 0 for none.
    pub trace: u32,
}

/// A batch of log records of one source. Its invariants are held by [`BatchBuilder`] and
/// [`LogBatch::validate`].
#[derive(Debug, Clone, PartialEq)]
pub struct LogBatch {
    /// Who the batch is; record `i` is `id.record(i)`.
    pub id: BatchId,
    /// When it was received.
    pub observed: Timestamp,
    /// The stream it came on, such as `file:/var/log/syslog`.
    pub source: Arc<str>,
    /// The bytes that all spans point into.
    pub arena: Bytes,
    /// The records in the order they came.
    pub records: Vec<RecordEntry>,
    /// Names of hosts; the first is empty.
    pub hosts: Vec<Arc<str>>,
    /// Names of attributes.
    pub keys: Vec<Arc<str>>,
    /// Sets of attributes shared by records; the first is empty.
    pub attribute_sets: Vec<Vec<Attribute>>,
    /// Trace and span ids of the records that have them.
    pub traces: Vec<(TraceId, Option<SpanId>)>,
    /// The place of each record in the batch it came in, ascending, where some of that batch are
    /// not here: it was read back from a store. None: 0, 1, 2 and so on.
    pub ordinals: Option<Vec<u32>>,
}

impl LogBatch {
    /// The id of record `index`.
    #[must_use]
    pub fn record_id(&self, index: usize) -> RecordId {
        let ordinal = match &self.ordinals {
            Some(ordinals) => ordinals.get(index).copied(),
            None => u32::try_from(index).ok(),
        };
        self.id.record(ordinal.unwrap_or(BATCH_RECORDS_MAX - 1))
    }

    /// The raw line of a record of this batch.
    #[must_use]
    pub fn body(&self, record: &RecordEntry) -> &[u8] {
        record.body.of(&self.arena)
    }

    /// The attributes of a record of this batch: key, type and text.
    pub fn attributes<'a>(
        &'a self,
        record: &RecordEntry,
    ) -> impl Iterator<Item = (&'a Arc<str>, ValueType, &'a [u8])> + 'a {
        self.attribute_sets[record.attributes as usize]
            .iter()
            .map(|attribute| {
                (
                    &self.keys[attribute.key as usize],
                    attribute.value_type,
                    attribute.value.of(&self.arena),
                )
            })
    }

    /// Checks every span and index, for batches that came from bytes.
    #[must_use]
    pub fn validate(&self) -> bool {
        let inside = |span: Span| span.start <= span.end && span.end as usize <= self.arena.len();
        let in_order = |ordinals: &Vec<u32>| {
            ordinals.len() == self.records.len() && ordinals.is_sorted_by(|a, b| a < b)
        };
        self.records.len() <= BATCH_RECORDS_MAX as usize
            && self.ordinals.as_ref().is_none_or(in_order)
            && self.hosts.first().is_some_and(|host| host.is_empty())
            && self.attribute_sets.first().is_some_and(Vec::is_empty)
            && self.records.iter().all(|record| {
                inside(record.body)
                    && (record.host as usize) < self.hosts.len()
                    && (record.attributes as usize) < self.attribute_sets.len()
                    && record.trace as usize <= self.traces.len()
            })
            && self.attribute_sets.iter().flatten().all(|attribute| {
                inside(attribute.value) && (attribute.key as usize) < self.keys.len()
            })
    }
}

/// What a decoder says of one record.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRecord<'a> {
    /// The raw line without its line end.
    pub body: &'a [u8],
    /// When it happened, if the record says.
    pub timestamp: Option<Timestamp>,
    /// How bad it is, if the record says.
    pub severity: Severity,
    /// What was odd about it, beyond what the builder finds itself.
    pub issues: Issues,
    /// The machine it came from; empty if unknown.
    pub host: &'a str,
    /// Attributes beside the body, in order.
    pub attributes: &'a [(&'a str, ValueType, &'a [u8])],
    /// The trace and span it belongs to.
    pub trace: Option<(TraceId, Option<SpanId>)>,
}

/// The batch cannot take the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch is full: at most {BATCH_RECORDS_MAX} records and 4 GiB of text")]
pub struct BatchFull;

/// Names beyond this many are found by hash: most batches have a few, and comparing those is
/// quicker, but a sender may make up a new one for every record.
const NAMES_COMPARED_MAX: usize = 16;

/// Builds a [`LogBatch`].
#[derive(Debug)]
pub struct BatchBuilder {
    batch: LogBatch,
    arena: Vec<u8>,
    hosts: HashMap<Arc<str>, u32>,
    keys: HashMap<Arc<str>, u32>,
}

impl BatchBuilder {
    /// Starts an empty batch.
    #[must_use]
    pub fn new(id: BatchId, observed: Timestamp, source: Arc<str>) -> Self {
        let batch = LogBatch {
            id,
            observed,
            source,
            arena: Bytes::new(),
            records: Vec::new(),
            hosts: vec![Arc::from("")],
            keys: Vec::new(),
            attribute_sets: vec![Vec::new()],
            traces: Vec::new(),
            ordinals: None,
        };
        Self {
            batch,
            arena: Vec::new(),
            hosts: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    /// Makes room for `records` records and `bytes` bytes of text.
    pub fn reserve(&mut self, records: usize, bytes: usize) {
        self.batch.records.reserve(records);
        self.arena.reserve(bytes);
    }

    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.records.len()
    }

    /// True if it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.records.is_empty()
    }

    /// How many bytes of text it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.arena.len()
    }

    /// Adds a record. A record without a timestamp takes the time of receipt and is marked.
    ///
    /// # Errors
    /// [`BatchFull`] if there is no room; the batch is unchanged then.
    pub fn push(&mut self, record: NewRecord<'_>) -> Result<(), BatchFull> {
        let text: usize = record
            .attributes
            .iter()
            .map(|(_, _, value)| value.len())
            .sum();
        if self.len() >= BATCH_RECORDS_MAX as usize
            || self.arena.len() + record.body.len() + text > u32::MAX as usize
        {
            return Err(BatchFull);
        }
        let mut issues = record.issues;
        if record.timestamp.is_none() {
            issues = issues.with(Issues::TIMESTAMP_MISSING);
        }
        let body = self.store(record.body);
        let host = self.host(record.host);
        let attributes = self.attribute_set(record.attributes);
        let trace = record.trace.map_or(0, |trace| {
            self.batch.traces.push(trace);
            self.batch.traces.len() as u32
        });
        self.batch.records.push(RecordEntry {
            body,
            timestamp: record.timestamp.unwrap_or(self.batch.observed),
            severity: record.severity,
            issues,
            host,
            attributes,
            trace,
        });
        Ok(())
    }

    /// The finished batch.
    #[must_use]
    pub fn finish(mut self) -> LogBatch {
        self.batch.arena = Bytes::from(self.arena);
        self.batch
    }

    fn store(&mut self, bytes: &[u8]) -> Span {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        Span {
            start,
            end: self.arena.len() as u32,
        }
    }

    fn host(&mut self, host: &str) -> u32 {
        index_of(&mut self.batch.hosts, &mut self.hosts, host)
    }

    fn attribute_set(&mut self, attributes: &[(&str, ValueType, &[u8])]) -> u32 {
        if attributes.is_empty() {
            return 0;
        }
        let last = self.batch.attribute_sets.len() - 1;
        if self.same_as_set(last, attributes) {
            return last as u32;
        }
        let mut set = Vec::with_capacity(attributes.len());
        for (key, value_type, value) in attributes {
            let key = self.key(key);
            let value = self.store(value);
            set.push(Attribute {
                key,
                value_type: *value_type,
                value,
            });
        }
        self.batch.attribute_sets.push(set);
        (self.batch.attribute_sets.len() - 1) as u32
    }

    fn same_as_set(&self, index: usize, attributes: &[(&str, ValueType, &[u8])]) -> bool {
        let set = &self.batch.attribute_sets[index];
        set.len() == attributes.len()
            && set
                .iter()
                .zip(attributes)
                .all(|(have, (key, value_type, value))| {
                    *self.batch.keys[have.key as usize] == **key
                        && have.value_type == *value_type
                        && have.value.of(&self.arena) == *value
                })
    }

    fn key(&mut self, key: &str) -> u32 {
        index_of(&mut self.batch.keys, &mut self.keys, key)
    }
}

/// The index of a name, which is added if it is new. Those added last are looked at first, because
/// records of one kind come in runs.
fn index_of(names: &mut Vec<Arc<str>>, by_name: &mut HashMap<Arc<str>, u32>, name: &str) -> u32 {
    let recent = names.len().saturating_sub(NAMES_COMPARED_MAX);
    if let Some(found) = names[recent..].iter().rposition(|known| **known == *name) {
        return (recent + found) as u32;
    }
    if let Some(index) = by_name.get(name) {
        return *index;
    }
    let index = names.len() as u32;
    let name: Arc<str> = Arc::from(name);
    names.push(name.clone());
    if by_name.is_empty() {
        let indexed = names.iter().enumerate();
        by_name.extend(indexed.map(|(index, name)| (name.clone(), index as u32)));
    }
    by_name.insert(name, index);
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> BatchBuilder {
        let observed = Timestamp::from_secs(1_700_000_000);
        BatchBuilder::new(BatchId::new(observed, [1; 10]), observed, Arc::from("test"))
    }

    #[test]
    fn records_come_back_as_they_were_put_in() {
        let mut builder = builder();
        let attributes: [(&str, ValueType, &[u8]); 2] = [
            ("user", ValueType::Text, b"root"),
            ("port", ValueType::Integer, b"22"),
        ];
        for host in ["web-01", "", "web-01"] {
            let record = NewRecord {
                body: b"hello",
                host,
                attributes: &attributes,
                ..NewRecord::default()
            };
            builder.push(record).unwrap();
        }
        let batch = builder.finish();
        assert!(batch.validate());
        assert_eq!(batch.body(&batch.records[2]), b"hello");
        assert_eq!(&*batch.hosts[batch.records[2].host as usize], "web-01");
        assert_eq!(
            batch.attribute_sets.len(),
            2,
            "equal sets in a row are kept once"
        );
        let values: Vec<_> = batch
            .attributes(&batch.records[2])
            .map(|(_, _, value)| value)
            .collect();
        assert_eq!(values, [b"root".as_slice(), b"22"]);
        assert_eq!(batch.records[0].issues, Issues::TIMESTAMP_MISSING);
        assert_eq!(batch.records[0].timestamp, batch.observed);
    }

    #[test]
    fn names_are_kept_once_however_many_there_are() {
        let mut builder = builder();
        for round in 0..2 {
            for number in 0..1000 {
                let (host, value) = (format!("host-{number}"), format!("{round}"));
                let key = format!("key-{}", number % 100);
                let record = NewRecord {
                    host: &host,
                    attributes: &[(&key, ValueType::Text, value.as_bytes())],
                    ..NewRecord::default()
                };
                builder.push(record).unwrap();
            }
        }
        let batch = builder.finish();
        assert_eq!((batch.hosts.len(), batch.keys.len()), (1001, 100));
        let last = &batch.records[1003];
        assert_eq!(&*batch.hosts[last.host as usize], "host-3");
        assert_eq!(&**batch.attributes(last).next().unwrap().0, "key-3");
        assert!(batch.validate());
    }

    #[test]
    fn a_span_outside_the_arena_is_found() {
        let mut batch = builder().finish();
        batch.records.push(RecordEntry {
            body: Span { start: 0, end: 1 },
            timestamp: Timestamp(0),
            severity: Severity::UNSPECIFIED,
            issues: Issues::NONE,
            host: 0,
            attributes: 0,
            trace: 0,
        });
        assert!(!batch.validate());
    }
}
