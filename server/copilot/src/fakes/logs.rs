//! The log store and the register of templates. A template is what is left of a line without the words that
//! have digits in them; an address is a variable of its own kind, and `key=` before a word its key.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::log_store::{
    BandCounts, Context, Cursor, Histogram, LogQuery, LogStats, Order, Page, Retention,
    SourceStats, TemplateCount, ValueDistribution,
};
use tocsin_domain::ports::template_store::TemplateSighting;
use tocsin_domain::ports::{LogStore, StoreError, TemplateStore, TemplateSummary};
use tocsin_domain::query::{RecordView, matches};
use tocsin_domain::{
    Issues, LogRecord, Offset, ParsedBatch, Partition, RecordId, Severity, Slot, Template,
    TemplateId, Timestamp, TraceId, Value, VariableKind,
};

use super::World;

/// How many of the most frequent values of a variable are told.
const VALUES_TOLD: usize = 20;

/// A line that was logged; what is not said of it is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewLine<'a> {
    pub(crate) at_ms: i64,
    pub(crate) source: &'a str,
    pub(crate) host: &'a str,
    pub(crate) severity: &'a str,
    pub(crate) body: &'a str,
    pub(crate) attributes: &'a [(&'a str, &'a str)],
    pub(crate) trace: Option<u8>,
}

impl World {
    /// Logs a line.
    pub(crate) fn log(&self, line: &NewLine<'_>) -> RecordId {
        let template = template_of(line.body);
        let severity = Severity::from_word(line.severity).unwrap_or(Severity::INFO);
        let timestamp = Timestamp::from_millis(line.at_ms);
        let id = RecordId::from_bits(u128::from(self.next()) << 32);
        let source: Arc<str> = line.source.into();
        let mut templates = self.templates.lock();
        let known = templates
            .entry(template.id)
            .or_insert_with(|| TemplateSummary {
                template: Arc::new(template.clone()),
                source: source.clone(),
                severity,
                example: line.body.into(),
                first_seen: timestamp,
                last_seen: timestamp,
                count: 0,
            });
        known.count += 1;
        known.first_seen = known.first_seen.min(timestamp);
        known.last_seen = known.last_seen.max(timestamp);
        let attributes = line.attributes.iter();
        self.records.lock().push(LogRecord {
            id,
            timestamp,
            observed: timestamp,
            source,
            host: line.host.into(),
            severity,
            body: line.body.into(),
            attributes: attributes
                .map(|(name, value)| (Arc::from(*name), Value::Text((*value).into())))
                .collect(),
            trace_id: line.trace.map(|id| TraceId([id; 16])),
            span_id: None,
            template: template.id,
            issues: Issues::NONE,
        });
        id
    }

    /// What a query selects, oldest first.
    fn selected(&self, query: &LogQuery) -> Vec<LogRecord> {
        let records = self.records.lock();
        let mut found: Vec<LogRecord> = records
            .iter()
            .filter(|record| query.range.contains(record.timestamp))
            .filter(|record| match &query.templates {
                Some(templates) => templates.contains(&record.template),
                None => true,
            })
            .filter(|record| matches(&query.expression, &RecordView::of_record(record)))
            .cloned()
            .collect();
        found.sort_by_key(|record| (record.timestamp, record.id));
        found
    }
}

/// The variables of a line, in the order of its slots.
fn variables_of(body: &str) -> impl Iterator<Item = &str> {
    let words = body.split(' ').map(|word| split_key(word).1);
    words.filter(|word| word.contains(|c: char| c.is_ascii_digit()))
}

/// `key=` and what is after it; the whole word where there is no key.
fn split_key(word: &str) -> (&str, &str) {
    let at = word.find('=').map_or(0, |at| at + 1);
    word.split_at(at)
}

fn template_of(body: &str) -> Template {
    let mut parts = vec![String::new()];
    let mut slots = Vec::new();
    for (index, word) in body.split(' ').enumerate() {
        let gap = if index > 0 { " " } else { "" };
        let (key, value) = split_key(word);
        let last = parts.last_mut().unwrap();
        last.push_str(gap);
        last.push_str(key);
        if value.contains(|c: char| c.is_ascii_digit()) {
            parts.push(String::new());
            let is_address = value.parse::<std::net::IpAddr>().is_ok();
            slots.push(Slot {
                kind: if is_address {
                    VariableKind::Ip
                } else {
                    VariableKind::Any
                },
                key: key.strip_suffix('=').map(Arc::from),
            });
        } else {
            last.push_str(value);
        }
    }
    let hash = parts
        .join("\u{0}")
        .bytes()
        .fold(14_695_981_039_346_656_037, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
        });
    Template {
        id: TemplateId(hash),
        parent: None,
        slots,
        parts: parts
            .into_iter()
            .map(|part| part.into_bytes().into_boxed_slice())
            .collect(),
    }
}

#[async_trait]
impl LogStore for World {
    async fn append(&self, _: Partition, _: Offset, _: ParsedBatch) -> Result<(), StoreError> {
        Err(StoreError::Invalid("lines are told with `log`".into()))
    }

    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        Ok(Offset(0))
    }

    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }

    async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut found = self.selected(query);
        if order == Order::NewestFirst {
            found.reverse();
        }
        if let Some(after) = after {
            let place = (after.timestamp, after.id);
            found.retain(|record| match order {
                Order::NewestFirst => (record.timestamp, record.id) < place,
                Order::OldestFirst => (record.timestamp, record.id) > place,
            });
        }
        let is_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_more);
        let next = last.map(|record| Cursor {
            timestamp: record.timestamp,
            id: record.id,
        });
        Ok(Page {
            records: found,
            next,
        })
    }

    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        Ok(self.selected(query).len() as u64)
    }

    async fn histogram(&self, query: &LogQuery, interval: i64) -> Result<Histogram, StoreError> {
        let mut buckets: BTreeMap<i64, BandCounts> = BTreeMap::new();
        for record in self.selected(query) {
            let bucket = record.timestamp.0.div_euclid(interval) * interval;
            buckets.entry(bucket).or_default()[record.severity.band()] += 1;
        }
        let buckets = buckets.into_iter();
        Ok(Histogram {
            interval,
            buckets: buckets
                .map(|(at, counts)| (Timestamp(at), counts))
                .collect(),
        })
    }

    async fn template_counts(&self, query: &LogQuery) -> Result<Vec<TemplateCount>, StoreError> {
        let mut counts: BTreeMap<TemplateId, TemplateCount> = BTreeMap::new();
        for record in self.selected(query) {
            let count = counts.entry(record.template).or_insert(TemplateCount {
                template: record.template,
                counts: BandCounts::default(),
                first_seen: record.timestamp,
                last_seen: record.timestamp,
            });
            count.counts[record.severity.band()] += 1;
            count.last_seen = record.timestamp;
        }
        let mut counts: Vec<TemplateCount> = counts.into_values().collect();
        counts.sort_by_key(|one| (Reverse(one.counts.iter().sum::<u64>()), one.template));
        Ok(counts)
    }

    async fn distributions(
        &self,
        template: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        let known = self.templates.lock().get(&template).cloned();
        let slots = known.map_or(0, |known| known.template.slots.len());
        let mut counts: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); slots];
        let selected = self.selected(query);
        for record in selected.iter().filter(|one| one.template == template) {
            let body = String::from_utf8_lossy(&record.body);
            for (own, value) in counts.iter_mut().zip(variables_of(&body)) {
                *own.entry(value.to_owned()).or_default() += 1;
            }
        }
        let told = counts.into_iter().enumerate().map(|(slot, own)| {
            let (total, distinct) = (own.values().sum(), own.len() as u64);
            let mut top: Vec<(String, u64)> = own.into_iter().collect();
            top.sort_by_key(|(value, count)| (Reverse(*count), value.clone()));
            top.truncate(VALUES_TOLD);
            ValueDistribution {
                slot,
                total,
                distinct,
                top,
                numeric: None,
            }
        });
        Ok(told.collect())
    }

    async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        let records = self.records.lock();
        Ok(records.iter().find(|record| record.id == id).cloned())
    }

    async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        let records = self.records.lock();
        let Some(line) = records.iter().find(|record| record.id == id) else {
            return Ok(None);
        };
        let mut own: Vec<&LogRecord> = records.iter().filter(|r| r.source == line.source).collect();
        own.sort_by_key(|record| record.id);
        let at = own.iter().position(|record| record.id == id).unwrap_or(0);
        let cloned = |lines: &[&LogRecord]| lines.iter().map(|line| (*line).clone()).collect();
        Ok(Some(Context {
            before: cloned(&own[at.saturating_sub(before)..at]),
            line: line.clone(),
            after: cloned(&own[at + 1..own.len().min(at + 1 + after)]),
        }))
    }

    async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let gone: Vec<RecordId> = self.selected(query).iter().map(|r| r.id).collect();
        self.records
            .lock()
            .retain(|record| !gone.contains(&record.id));
        Ok(gone.len() as u64)
    }

    async fn retain(&self, _: &[Retention], _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn stats(&self) -> Result<LogStats, StoreError> {
        let records = self.records.lock();
        let mut sources: BTreeMap<Arc<str>, SourceStats> = BTreeMap::new();
        for record in records.iter() {
            let source = sources
                .entry(record.source.clone())
                .or_insert_with(|| SourceStats {
                    source: record.source.clone(),
                    records: 0,
                    first_seen: record.timestamp,
                    last_seen: record.timestamp,
                    hosts: Vec::new(),
                });
            source.records += 1;
            source.first_seen = source.first_seen.min(record.timestamp);
            source.last_seen = source.last_seen.max(record.timestamp);
            if !source.hosts.contains(&record.host) {
                source.hosts.push(record.host.clone());
            }
        }
        Ok(LogStats {
            records: records.len() as u64,
            sources: sources.into_values().collect(),
            ..LogStats::default()
        })
    }
}

#[async_trait]
impl TemplateStore for World {
    async fn register(
        &self,
        templates: Vec<TemplateSummary>,
    ) -> Result<Vec<TemplateId>, StoreError> {
        let mut known = self.templates.lock();
        let mut new = Vec::new();
        for summary in templates {
            let id = summary.template.id;
            if known.insert(id, summary).is_none() {
                new.push(id);
            }
        }
        Ok(new)
    }

    async fn record_sightings(&self, _: Vec<TemplateSighting>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn all(&self) -> Result<Vec<TemplateSummary>, StoreError> {
        let mut all: Vec<TemplateSummary> = self.templates.lock().values().cloned().collect();
        all.sort_by_key(|one| (Reverse(one.count), one.template.id));
        Ok(all)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.templates.lock().len() as u64)
    }

    async fn get(&self, id: TemplateId) -> Result<Option<TemplateSummary>, StoreError> {
        Ok(self.templates.lock().get(&id).cloned())
    }

    async fn save_miner(&self, _: u16, _: Vec<u8>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_miner(&self, _: u16) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}
