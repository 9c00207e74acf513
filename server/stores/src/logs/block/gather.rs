//! One pass over the records that become a block: each goes to the columns of its template, and
//! the tokens of its variables to the filter.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::Span;

use super::super::dictionary::TemplateInfo;
use super::super::head::HeadBatch;
use super::filter::{neighbours_hash, pair_hash, token_hash};
use super::meta::{CLASSES, Field, Shape, Stamp, Stream, code_of};
use super::rows::Run;
use super::times::clock_of;

/// Hashes that were seen lately, so that most repeats cost no sorting; a power of two.
const RECENT: usize = 1 << 12;

/// Rows of a batch that become part of a block.
#[derive(Debug, Clone)]
pub(crate) struct Slice<'a> {
    pub(crate) batch: &'a HeadBatch,
    pub(crate) rows: Range<usize>,
}

/// The columns of one template while they are gathered.
#[derive(Debug)]
pub(crate) struct Gathered<'a> {
    pub(crate) info: Arc<TemplateInfo>,
    pub(crate) rows: u32,
    pub(crate) slots: Vec<Vec<&'a [u8]>>,
    pub(crate) fields: Vec<(Field, Vec<&'a [u8]>)>,
    pub(crate) stamps: Vec<Stamp>,
    /// What stood in each group of the last row: repeats have no new tokens.
    last: Vec<&'a [u8]>,
}

/// Everything that is gathered for a block.
#[derive(Debug)]
pub(crate) struct Gather<'a> {
    pub(crate) templates: Vec<Gathered<'a>>,
    pub(crate) template_of: Vec<u16>,
    pub(crate) stream_of: Vec<u32>,
    pub(crate) times: Vec<i64>,
    pub(crate) runs: Vec<Run>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) sources: Names,
    pub(crate) hosts: Names,
    pub(crate) keys: Names,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) hashes: Vec<u64>,
    pub(crate) has_tokenless: bool,
    pub(crate) raw_bytes: u64,
    stream_numbers: HashMap<Stream, u32>,
    shape_numbers: HashMap<Shape, u32>,
    template_numbers: HashMap<u32, u16>,
    recent: Vec<u64>,
}

/// Names, numbered as they came.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) list: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    fn number(&mut self, name: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(Arc::clone(name));
        self.numbers.insert(Arc::clone(name), number);
        number
    }
}

/// The numbers that a batch's own indexes have in the block.
struct Numbers {
    templates: Vec<Option<u16>>,
    hosts: Vec<u32>,
    /// Shapes by attribute set, without and with trace, without and with span.
    shapes: HashMap<(u32, bool, bool), u32>,
    source: u32,
    last: Option<(Stream, u32)>,
}

impl<'a> Gather<'a> {
    /// Gathers the rows of a block.
    pub(crate) fn of(slices: &[Slice<'a>]) -> Self {
        let rows = slices.iter().map(|slice| slice.rows.len()).sum();
        let mut gather = Self {
            templates: Vec::new(),
            template_of: Vec::with_capacity(rows),
            stream_of: Vec::with_capacity(rows),
            times: Vec::with_capacity(rows),
            runs: Vec::new(),
            streams: Vec::new(),
            sources: Names::default(),
            hosts: Names::default(),
            keys: Names::default(),
            shapes: Vec::new(),
            hashes: Vec::new(),
            has_tokenless: false,
            raw_bytes: 0,
            stream_numbers: HashMap::new(),
            shape_numbers: HashMap::new(),
            template_numbers: HashMap::new(),
            recent: vec![0; RECENT],
        };
        for slice in slices {
            gather.take(slice);
        }
        gather.recent.clear();
        gather.hashes.sort_unstable();
        gather.hashes.dedup();
        gather
    }

    fn take(&mut self, slice: &Slice<'a>) {
        let batch = &slice.batch.parsed.batch;
        let mut numbers = Numbers {
            templates: vec![None; slice.batch.templates.len()],
            hosts: batch
                .hosts
                .iter()
                .map(|host| self.hosts.number(host))
                .collect(),
            shapes: HashMap::new(),
            source: self.sources.number(&batch.source),
            last: None,
        };
        for row in slice.rows.clone() {
            self.take_identity(slice.batch, row, numbers.source);
            self.take_row(slice.batch, row, &mut numbers);
        }
    }

    fn take_identity(&mut self, batch: &HeadBatch, row: usize, source: u32) {
        let ordinal = batch.ordinal(row);
        let id = batch.parsed.batch.id;
        match self.runs.last_mut() {
            Some(run) if run.batch == id && run.ordinal + run.count == ordinal => run.count += 1,
            _ => self.runs.push(Run {
                batch: id,
                observed: batch.parsed.batch.observed,
                source,
                row: self.template_of.len() as u32,
                ordinal,
                count: 1,
            }),
        }
    }

    fn take_row(&mut self, batch: &'a HeadBatch, row: usize, numbers: &mut Numbers) {
        let parsed = &batch.parsed;
        let entry = &parsed.batch.records[row];
        let line = parsed.lines[row];
        let known = &mut numbers.templates[line.template as usize];
        let template = match *known {
            Some(template) => template,
            None => *known.insert(self.template_number(&batch.templates[line.template as usize])),
        };
        let trace = (entry.trace as usize)
            .checked_sub(1)
            .and_then(|at| parsed.batch.traces.get(at));
        let has_span = trace.is_some_and(|(_, span)| span.is_some());
        let shape_key = (entry.attributes, trace.is_some(), has_span);
        let shape = match numbers.shapes.get(&shape_key) {
            Some(shape) => *shape,
            None => {
                let shape = self.shape_number(batch, shape_key);
                numbers.shapes.insert(shape_key, shape);
                shape
            }
        };
        let stream = Stream {
            source: numbers.source,
            host: numbers.hosts[entry.host as usize],
            severity: entry.severity,
            issues: entry.issues,
            clock: clock_of(entry.timestamp, parsed.batch.observed),
            shape,
        };
        let stream = match numbers.last {
            Some((last, number)) if last == stream => number,
            _ => self.stream_number(stream),
        };
        numbers.last = Some((self.streams[stream as usize], stream));
        self.template_of.push(template);
        self.stream_of.push(stream);
        self.times.push(entry.timestamp.0);
        self.raw_bytes += entry.body.len() as u64;

        let body = parsed.batch.body(entry);
        let first = line.variables as usize;
        let gathered = &mut self.templates[usize::from(template)];
        gathered.rows += 1;
        let spans = &parsed.variables[first..first + gathered.slots.len()];
        for (column, span) in gathered.slots.iter_mut().zip(spans) {
            column.push(span.of(body));
        }
        self.take_tokens(template, body, spans);
        if shape != 0 || !self.shapes[0].fields.is_empty() {
            self.take_fields(template, shape, batch, row);
        }
    }

    /// Adds the tokens that variables make or touch to the filter.
    fn take_tokens(&mut self, template: u16, body: &'a [u8], spans: &[Span]) {
        let gathered = &mut self.templates[usize::from(template)];
        let kept = gathered.stamps.iter_mut().zip(&mut gathered.last);
        for (group, (stamp, last)) in gathered.info.groups.iter().zip(kept) {
            let start = spans[group.first].start as usize - group.left;
            let end = spans[group.last].end as usize + group.right;
            let region = &body[start..end];
            if *last == region && !region.is_empty() {
                continue;
            }
            *last = region;
            let class_at = |at: usize| region.get(at).map(|byte| CLASSES[usize::from(*byte)]);
            let mut at = 0;
            let mut before: Option<&[u8]> = None;
            let mut classes = 0;
            while let Some(class) = class_at(at) {
                if class == 0 {
                    at += 1;
                    continue;
                }
                let begin = at;
                while let Some(class @ 1..) = class_at(at) {
                    classes |= class;
                    at += 1;
                }
                let token = &region[begin..at];
                if let Some(hash) = before.and_then(|before| neighbours_hash(before, token)) {
                    remember(&mut self.recent, &mut self.hashes, hash);
                }
                before = Some(token);
                let length = u8::try_from(token.len()).unwrap_or(u8::MAX);
                stamp.length_max = stamp.length_max.max(length);
                remember(&mut self.recent, &mut self.hashes, token_hash(token));
            }
            stamp.classes |= classes;
            self.has_tokenless |= before.is_none();
        }
    }

    fn take_fields(&mut self, template: u16, shape: u32, batch: &'a HeadBatch, row: usize) {
        let parsed = &batch.parsed.batch;
        let entry = &parsed.records[row];
        let mut attributes = parsed.attributes(entry);
        let trace = (entry.trace as usize)
            .checked_sub(1)
            .and_then(|at| parsed.traces.get(at));
        let gathered = &mut self.templates[usize::from(template)];
        for field in &self.shapes[shape as usize].fields {
            let (name, value): (&str, &[u8]) = match (field, trace) {
                (Field::Attribute { .. }, _) => match attributes.next() {
                    Some((key, _, value)) => (key, value),
                    None => continue,
                },
                (Field::Trace, Some((trace, _))) => ("trace_id", &trace.0),
                (Field::Span, Some((_, Some(span)))) => ("span_id", &span.0),
                _ => continue,
            };
            remember(&mut self.recent, &mut self.hashes, pair_hash(name, value));
            match gathered.fields.iter_mut().find(|(known, _)| known == field) {
                Some((_, column)) => column.push(value),
                None => gathered.fields.push((*field, vec![value])),
            }
        }
    }

    fn template_number(&mut self, info: &Arc<TemplateInfo>) -> u16 {
        if let Some(number) = self.template_numbers.get(&info.index) {
            return *number;
        }
        let number = self.templates.len() as u16;
        self.template_numbers.insert(info.index, number);
        self.templates.push(Gathered {
            info: Arc::clone(info),
            rows: 0,
            slots: vec![Vec::new(); info.template.slots.len()],
            fields: Vec::new(),
            stamps: vec![Stamp::default(); info.groups.len()],
            last: vec![&[]; info.groups.len()],
        });
        number
    }

    fn stream_number(&mut self, stream: Stream) -> u32 {
        if let Some(number) = self.stream_numbers.get(&stream) {
            return *number;
        }
        let number = self.streams.len() as u32;
        self.streams.push(stream);
        self.stream_numbers.insert(stream, number);
        number
    }

    fn shape_number(&mut self, batch: &HeadBatch, key: (u32, bool, bool)) -> u32 {
        let (set, has_trace, has_span) = key;
        let parsed = &batch.parsed.batch;
        let mut fields: Vec<Field> = Vec::new();
        for attribute in &parsed.attribute_sets[set as usize] {
            let key = self.keys.number(&parsed.keys[attribute.key as usize]);
            let value_type = code_of(attribute.value_type);
            let repeat = fields
                .iter()
                .filter(|field| {
                    matches!(field, Field::Attribute { key: known, value_type: like, .. }
                        if *known == key && *like == value_type)
                })
                .count() as u32;
            fields.push(Field::Attribute {
                key,
                value_type,
                repeat,
            });
        }
        fields.extend(has_trace.then_some(Field::Trace));
        fields.extend(has_span.then_some(Field::Span));
        let shape = Shape { fields };
        if let Some(number) = self.shape_numbers.get(&shape) {
            return *number;
        }
        let number = self.shapes.len() as u32;
        self.shapes.push(shape.clone());
        self.shape_numbers.insert(shape, number);
        number
    }
}

/// Adds a hash unless it was seen lately.
fn remember(recent: &mut [u64], hashes: &mut Vec<u64>, hash: u64) {
    if let Some(last) = recent.get_mut(hash as usize % RECENT)
        && *last != hash
    {
        *last = hash;
        hashes.push(hash);
    }
}
