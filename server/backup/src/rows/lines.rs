//! Log lines as rows, a day after the other: for engines that have no snapshot of their own.
//!
//! A day whose counts of each template are those of the last backup is not read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tocsin_domain::batch::ValueType;
use tocsin_domain::ports::log_store::{Cursor, LogQuery, Order};
use tocsin_domain::ports::{
    LogStore, Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError,
    TemplateStore,
};
use tocsin_domain::{
    BatchBuilder, Issues, LogRecord, NewRecord, Offset, ParsedBatch, ParsedLine, Partition,
    RecordId, Severity, SpanId, Template, TemplateId, TimeRange, Timestamp, TraceId, Value,
};

use super::split::split;
use super::{IMPORT_PARTITION, odd};

/// The form of the items.
const FORM: &str = "log-lines/1";
/// Lines of an item.
const LINES_MAX: usize = 10_000;
/// A day in nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// A log store whose lines are the rows.
pub struct LineRows(Arc<dyn LogStore>);

impl std::fmt::Debug for LineRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineRows").finish_non_exhaustive()
    }
}

impl LineRows {
    /// The lines of a store.
    #[must_use]
    pub fn new(store: Arc<dyn LogStore>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl Snapshots for LineRows {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let days = self
            .0
            .histogram(&LogQuery::all(TimeRange::ALL), DAY)
            .await?;
        let days: Vec<Timestamp> = days.buckets.into_iter().map(|(start, _)| start).collect();
        Ok(Box::new(LineSnapshot {
            store: self.0.clone(),
            days: days.into_iter(),
            day: None,
        }))
    }
}

/// The day that is being told.
struct Day {
    query: LogQuery,
    name: String,
    stamp: String,
    items: usize,
    after: Option<Cursor>,
    /// Items of the last backup are told in place of reading.
    is_known: bool,
}

struct LineSnapshot {
    store: Arc<dyn LogStore>,
    days: std::vec::IntoIter<Timestamp>,
    day: Option<Day>,
}

#[async_trait]
impl Snapshot for LineSnapshot {
    async fn next(
        &mut self,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        loop {
            let Some(day) = &mut self.day else {
                let Some(start) = self.days.next() else {
                    return Ok(None);
                };
                self.day = Some(self.begin(start, known).await?);
                continue;
            };
            let name = format!("{}/{:06}", day.name, day.items);
            day.items += 1;
            if day.is_known {
                if known.get(&name) == Some(&day.stamp) {
                    return Ok(Some(SnapshotItem {
                        name,
                        stamp: Some(day.stamp.clone()),
                        entries: None,
                        records: 0,
                    }));
                }
                self.day = None;
                continue;
            }
            let order = Order::OldestFirst;
            let page = self
                .store
                .search(&day.query, order, day.after, LINES_MAX)
                .await?;
            if page.records.is_empty() {
                self.day = None;
                continue;
            }
            let stamp = Some(day.stamp.clone());
            day.after = page.next;
            if page.next.is_none() {
                self.day = None;
            }
            return Ok(Some(SnapshotItem {
                name,
                stamp,
                records: page.records.len() as u64,
                entries: Some(entries(&page.records)?),
            }));
        }
    }
}

impl LineSnapshot {
    async fn begin(
        &self,
        start: Timestamp,
        known: &BTreeMap<String, String>,
    ) -> Result<Day, StoreError> {
        let to = Timestamp(start.0.saturating_add(DAY));
        let query = LogQuery::all(TimeRange { from: start, to });
        let mut counts = self.store.template_counts(&query).await?;
        counts.sort_by_key(|count| count.template);
        let stamp = crate::object::hash(format!("{counts:?}").as_bytes());
        let name = format!("{:08}", start.0.div_euclid(DAY));
        Ok(Day {
            is_known: known.get(&format!("{name}/{:06}", 0)) == Some(&stamp),
            query,
            name,
            stamp,
            items: 0,
            after: None,
        })
    }
}

/// A line as it is written down. Numbers that no JSON number can be are text.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    id: String,
    at: i64,
    observed: i64,
    source: Arc<str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    host: Arc<str>,
    severity: u8,
    /// The line; none if it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The line as bytes, if it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u8>>,
    /// Key, kind and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<(Arc<str>, char, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<[u8; 16]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<[u8; 8]>,
    template: u64,
    #[serde(default)]
    issues: u8,
}

fn entries(records: &[LogRecord]) -> Result<SnapshotEntries, StoreError> {
    let entry = |record: &LogRecord| {
        let text = serde_json::to_vec(&Row::of(record)).map_err(|_| odd("a line"))?;
        Ok((Vec::new(), text))
    };
    records.iter().map(entry).collect()
}

impl Row {
    fn of(record: &LogRecord) -> Self {
        let body = String::from_utf8(record.body.clone());
        let attribute = |(key, value): &(Arc<str>, Value)| {
            let (kind, text) = match value {
                Value::Text(text) => ('t', text.clone()),
                Value::Integer(number) => ('i', number.to_string()),
                Value::Float(number) => ('f', number.to_string()),
                Value::Bool(value) => ('b', value.to_string()),
            };
            (key.clone(), kind, text)
        };
        Self {
            id: record.id.to_string(),
            at: record.timestamp.0,
            observed: record.observed.0,
            source: record.source.clone(),
            host: record.host.clone(),
            severity: record.severity.number(),
            bytes: body.as_ref().err().map(|error| error.as_bytes().to_vec()),
            body: body.ok(),
            attributes: record.attributes.iter().map(attribute).collect(),
            trace: record.trace_id.map(|id| id.0),
            span: record.span_id.map(|id| id.0),
            template: record.template.0,
            issues: record.issues.0,
        }
    }

    fn value(kind: char, text: &str) -> Option<Value> {
        Some(match kind {
            't' => Value::Text(text.to_owned()),
            'i' => Value::Integer(text.parse().ok()?),
            'f' => Value::Float(text.parse().ok()?),
            'b' => Value::Bool(text.parse().ok()?),
            _ => return None,
        })
    }

    fn record(self) -> Option<LogRecord> {
        let value =
            |(key, kind, text): (Arc<str>, char, String)| Some((key, Self::value(kind, &text)?));
        Some(LogRecord {
            id: self.id.parse::<RecordId>().ok()?,
            timestamp: Timestamp(self.at),
            observed: Timestamp(self.observed),
            source: self.source,
            host: self.host,
            severity: Severity::from_number(self.severity)?,
            body: match self.bytes {
                Some(bytes) => bytes,
                None => self.body?.into_bytes(),
            },
            attributes: self
                .attributes
                .into_iter()
                .map(value)
                .collect::<Option<_>>()?,
            trace_id: self.trace.map(TraceId),
            span_id: self.span.map(SpanId),
            template: TemplateId(self.template),
            issues: Issues(self.issues),
        })
    }
}

/// Puts lines into a log store. Their templates are those of the register, which is put back before.
pub struct LineRestoration {
    store: Arc<dyn LogStore>,
    templates: Arc<dyn TemplateStore>,
    known: BTreeMap<TemplateId, Arc<Template>>,
    offset: u64,
}

impl std::fmt::Debug for LineRestoration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LineRestoration({})", self.offset)
    }
}

impl LineRestoration {
    /// Begins with a store and the register of templates.
    #[must_use]
    pub fn new(store: Arc<dyn LogStore>, templates: Arc<dyn TemplateStore>) -> Self {
        Self {
            store,
            templates,
            known: BTreeMap::new(),
            offset: 0,
        }
    }
}

#[async_trait]
impl Restoration for LineRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let entries: SnapshotEntries = item.entries.ok_or_else(|| odd(&item.name))?;
        if self.known.is_empty() {
            let all = self.templates.all().await?.into_iter();
            self.known = all.map(|one| (one.template.id, one.template)).collect();
        }
        let record =
            |(_, value): &(Vec<u8>, Vec<u8>)| serde_json::from_slice::<Row>(value).ok()?.record();
        let records: Option<Vec<LogRecord>> = entries.iter().map(record).collect();
        let mut records = records.ok_or_else(|| odd(&item.name))?;
        // Lines of one batch stand together by their ids.
        records.sort_by_key(|record| record.id);
        let is_one = |one: &LogRecord, two: &LogRecord| {
            one.id.batch() == two.id.batch()
                && one.source == two.source
                && one.observed == two.observed
        };
        for batch in records.chunk_by(is_one) {
            let batch = parsed(batch, &self.known)?;
            self.offset += 1;
            let partition = Partition(IMPORT_PARTITION);
            self.store
                .append(partition, Offset(self.offset), batch)
                .await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        self.store.flush(Partition(IMPORT_PARTITION)).await?;
        Ok(())
    }
}

/// A batch of lines that came in one batch, as the parser would give it.
fn parsed(
    records: &[LogRecord],
    known: &BTreeMap<TemplateId, Arc<Template>>,
) -> Result<ParsedBatch, StoreError> {
    let Some(first) = records.first() else {
        return Err(odd("a batch without lines"));
    };
    let mut builder = BatchBuilder::new(first.id.batch(), first.observed, first.source.clone());
    let (mut lines, mut variables) = (Vec::new(), Vec::new());
    let mut templates: Vec<Arc<Template>> = Vec::new();
    for record in records {
        let unknown =
            || StoreError::Corrupt(format!("the template {} is missing", record.template));
        let template = known.get(&record.template).ok_or_else(unknown)?;
        let spans = split(template, &record.body, &record.attributes);
        let spans = spans.ok_or_else(|| odd(&format!("the line {}", record.id)))?;
        push(&mut builder, record, template)?;
        let same = templates.iter().position(|one| one.id == template.id);
        let template = same.unwrap_or_else(|| {
            templates.push(template.clone());
            templates.len() - 1
        });
        lines.push(ParsedLine {
            template: template as u32,
            variables: variables.len() as u32,
        });
        variables.extend(spans);
    }
    let mut batch = builder.finish();
    batch.ordinals = Some(records.iter().map(|record| record.id.ordinal()).collect());
    Ok(ParsedBatch {
        batch,
        lines,
        variables,
        templates,
    })
}

/// Adds a line with the attributes that came beside it; the others are those of its variables.
fn push(
    builder: &mut BatchBuilder,
    record: &LogRecord,
    template: &Template,
) -> Result<(), StoreError> {
    let keyed = template.slots.iter().filter(|slot| slot.key.is_some());
    let beside = record.attributes.len().saturating_sub(keyed.count());
    let text = |value: &Value| match value {
        Value::Text(text) => (ValueType::Text, text.clone()),
        Value::Integer(number) => (ValueType::Integer, number.to_string()),
        Value::Float(number) => (ValueType::Float, number.to_string()),
        Value::Bool(value) => (ValueType::Bool, value.to_string()),
    };
    let texts = record.attributes[..beside].iter();
    let texts: Vec<_> = texts.map(|(key, value)| (key, text(value))).collect();
    let attributes: Vec<(&str, ValueType, &[u8])> = texts
        .iter()
        .map(|(key, (kind, text))| (&***key, *kind, text.as_bytes()))
        .collect();
    let new = NewRecord {
        body: &record.body,
        timestamp: Some(record.timestamp),
        severity: record.severity,
        issues: record.issues,
        host: &record.host,
        attributes: &attributes,
        trace: record.trace_id.map(|trace| (trace, record.span_id)),
    };
    builder
        .push(new)
        .map_err(|_| odd("a batch that is too large"))
}
