//! How a record becomes a row and a row a record. Columns and their order are
//! [`schema::COLUMNS`](super::schema::COLUMNS).

use std::sync::Arc;

use tocsin_domain::batch::ValueType;
use tocsin_domain::query::{AttributeSource, RecordView, slot_text, slot_value, typed_value};
use tocsin_domain::record::Issues;
use tocsin_domain::{
    LogRecord, Offset, ParsedBatch, Partition, RecordId, Severity, Slot, SpanId, TemplateId,
    Timestamp, TraceId, Value,
};

use super::fields::ATTRIBUTE_OF_SLOT;
use super::row_binary::{Put, Take};
use super::schema::COLUMNS;

/// The columns of a record, as questions name them.
pub(super) fn record_columns() -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The columns with their types, as `input` wants them.
pub(super) fn structure() -> String {
    let columns: Vec<String> = COLUMNS
        .iter()
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    columns.join(", ")
}

/// Where rows come from and who writes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) partition: Partition,
    pub(super) offset: Offset,
    pub(super) writer: u64,
}

/// Appends record `index` of a batch as a row.
pub(super) fn put_row(row: &mut Vec<u8>, parsed: &ParsedBatch, index: usize, origin: Origin) {
    let batch = &parsed.batch;
    let entry = &batch.records[index];
    let view = RecordView::of_parsed(parsed, index);
    row.extend_from_slice(&view.id.bits().to_le_bytes());
    row.extend_from_slice(&entry.timestamp.0.to_le_bytes());
    row.extend_from_slice(&batch.observed.0.to_le_bytes());
    row.put_text(view.source.as_bytes());
    row.put_text(view.host.as_bytes());
    row.push(view.severity.number());
    row.push(entry.issues.0);
    row.put_text(view.body);
    row.extend_from_slice(&view.template.0.to_le_bytes());
    put_variables(row, parsed, index);
    put_attributes(row, parsed, index);
    row.put_text(view.trace_id.as_ref().map_or(&[], |trace| &trace.0));
    row.put_text(view.span_id.as_ref().map_or(&[], |span| &span.0));
    row.extend_from_slice(&origin.partition.0.to_le_bytes());
    row.extend_from_slice(&origin.offset.0.to_le_bytes());
    row.extend_from_slice(&origin.writer.to_le_bytes());
}

/// Variables are places in the body, counted from 1 as SQL does.
fn put_variables(row: &mut Vec<u8>, parsed: &ParsedBatch, index: usize) {
    let slots = &parsed.template(index).slots;
    let first = parsed.lines[index].variables as usize;
    let spans = &parsed.variables[first..first + slots.len()];
    row.put_length(slots.len());
    for span in spans {
        row.extend_from_slice(&(span.start + 1).to_le_bytes());
    }
    row.put_length(slots.len());
    for span in spans {
        row.extend_from_slice(&(span.end - span.start).to_le_bytes());
    }
    row.put_length(slots.len());
    for slot in slots {
        row.put_text(slot.key.as_deref().unwrap_or_default().as_bytes());
    }
    row.put_length(slots.len());
    for (slot, variable) in slots.iter().zip(parsed.variables(index)) {
        row.push(slot_type(slot, variable));
    }
}

/// The type of the attribute that a slot makes of a variable, from 1 on; 0 if it makes none.
fn slot_type(slot: &Slot, variable: &[u8]) -> u8 {
    match slot.key {
        None => 0,
        Some(_) => {
            1 + code_of(match slot_value(slot, variable) {
                Value::Text(_) => ValueType::Text,
                Value::Integer(_) => ValueType::Integer,
                Value::Float(_) => ValueType::Float,
                Value::Bool(_) => ValueType::Bool,
            })
        }
    }
}

/// True if the text of a variable is another one than SQL can cut out of it.
fn is_escaped(variable: &[u8]) -> bool {
    matches!(variable, [b'"', inner @ .., b'"'] if inner.contains(&b'\\'))
}

fn put_attributes(row: &mut Vec<u8>, parsed: &ParsedBatch, index: usize) {
    let batch = &parsed.batch;
    let mut all: Vec<(&str, u8, std::borrow::Cow<'_, [u8]>)> = batch
        .attributes(&batch.records[index])
        .map(|(key, value_type, text)| (&**key, code_of(value_type), text.into()))
        .collect();
    let slots = parsed.template(index).slots.iter();
    all.extend(
        slots
            .zip(parsed.variables(index))
            .filter_map(|(slot, variable)| {
                let key = slot.key.as_deref().filter(|_| is_escaped(variable))?;
                Some((key, ATTRIBUTE_OF_SLOT, slot_text(variable)))
            }),
    );
    row.put_length(all.len());
    for (key, ..) in &all {
        row.put_text(key.as_bytes());
    }
    row.put_length(all.len());
    row.extend(all.iter().map(|(_, code, _)| *code));
    row.put_length(all.len());
    for (.., text) in &all {
        row.put_text(text);
    }
}

const fn code_of(value_type: ValueType) -> u8 {
    match value_type {
        ValueType::Text => 0,
        ValueType::Integer => 1,
        ValueType::Float => 2,
        ValueType::Bool => 3,
    }
}

const fn type_of(code: u8) -> ValueType {
    match code {
        1 => ValueType::Integer,
        2 => ValueType::Float,
        3 => ValueType::Bool,
        _ => ValueType::Text,
    }
}

/// A row as it was read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) record: LogRecord,
    /// The texts of its attributes byte for byte, which its record has only as readable text.
    texts: Vec<(Arc<str>, Vec<u8>)>,
    pub(super) variables: Vec<Vec<u8>>,
    pub(super) partition: u16,
    pub(super) offset: u64,
}

impl Row {
    /// Reads the columns of [`record_columns`].
    pub(super) fn take(take: &mut Take<'_>) -> Option<Self> {
        let id = RecordId::from_bits(take.u128()?);
        let timestamp = Timestamp(take.i64()?);
        let observed = Timestamp(take.i64()?);
        let source = name(take.text()?);
        let host = name(take.text()?);
        let severity = Severity::from_number(take.u8()?).unwrap_or(Severity::UNSPECIFIED);
        let issues = Issues(take.u8()?);
        let body = take.text()?.to_vec();
        let template = TemplateId(take.u64()?);
        let starts = take.list(Take::u32)?;
        let lengths = take.list(Take::u32)?;
        let variables: Vec<Vec<u8>> = starts
            .iter()
            .zip(&lengths)
            .map(|(start, length)| {
                let rest = body
                    .get((*start as usize).saturating_sub(1)..)
                    .unwrap_or_default();
                rest[..rest.len().min(*length as usize)].to_vec()
            })
            .collect();
        let keys = take.list(|take| take.text().map(name))?;
        let types = take.list(Take::u8)?;
        let (mut attributes, mut texts) = beside(take)?;
        for ((key, code), variable) in keys.iter().zip(&types).zip(&variables) {
            if let Some(code) = code.checked_sub(1) {
                let text = slot_text(variable);
                attributes.push((Arc::clone(key), typed_value(type_of(code), &text)));
                texts.push((Arc::clone(key), text.into_owned()));
            }
        }
        let trace_id = take.text()?.try_into().ok().map(TraceId);
        let span_id = take.text()?.try_into().ok().map(SpanId);
        let partition = take.u16()?;
        let offset = take.u64()?;
        let _writer = take.u64()?;
        let record = LogRecord {
            id,
            timestamp,
            observed,
            source,
            host,
            severity,
            body,
            attributes,
            trace_id,
            span_id,
            template,
            issues,
        };
        Some(Self {
            record,
            texts,
            variables,
            partition,
            offset,
        })
    }

    /// The record as the query language sees it.
    pub(super) fn view(&self) -> RecordView<'_> {
        RecordView {
            attributes: AttributeSource::Texts(&self.texts),
            ..RecordView::of_record(&self.record)
        }
    }
}

/// Attributes as people see them, and their texts byte for byte.
type Attributes = (Vec<(Arc<str>, Value)>, Vec<(Arc<str>, Vec<u8>)>);

/// What came beside the body.
fn beside(take: &mut Take<'_>) -> Option<Attributes> {
    let keys = take.list(|take| take.text().map(name))?;
    let types = take.list(Take::u8)?;
    let values = take.list(|take| take.text().map(<[u8]>::to_vec))?;
    let own = keys
        .into_iter()
        .zip(types)
        .zip(values)
        .filter(|((_, code), _)| *code < ATTRIBUTE_OF_SLOT);
    let (mut attributes, mut texts) = (Vec::new(), Vec::new());
    for ((key, code), text) in own {
        attributes.push((Arc::clone(&key), typed_value(type_of(code), &text)));
        texts.push((key, text));
    }
    Some((attributes, texts))
}

fn name(text: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(text).into()
}
