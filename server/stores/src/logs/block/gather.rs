//! One pass over the records that become a block: which template and stream each is of, when it
//! happened, and where it lies, template by template.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::Span;
use tocsin_domain::batch::LogBatch;

use super::super::dictionary::TemplateInfo;
use super::super::head::HeadBatch;
use super::meta::{Field, Shape, Stream, code_of};
use super::rows::Run;
use super::times::clock_of;

/// Rows of a batch that become part of a block.
#[derive(Debug, Clone)]
pub(crate) struct Slice<'a> {
    pub(crate) batch: &'a HeadBatch,
    pub(crate) rows: Range<usize>,
}

/// Where a record lies: a fraction of what slices of its variables would take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// Which slice.
    slice: u32,
    /// Which row of the slice's batch.
    row: u32,
    /// Where the body begins in the batch's arena.
    body: u32,
    /// Where its variables begin among the batch's.
    variables: u32,
}

/// The lines of one template, in the order they came.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) info: Arc<TemplateInfo>,
    pub(crate) lines: Vec<Line>,
}

/// What lines of one slice point into.
#[derive(Debug)]
struct Texts<'a> {
    batch: &'a LogBatch,
    arena: &'a [u8],
    variables: &'a [Span],
    /// The row of the block that the batch's first row is or would be.
    row: i64,
}

/// Everything that is gathered for a block.
#[derive(Debug)]
pub(crate) struct Gather<'a> {
    pub(crate) templates: Vec<Gathered>,
    pub(crate) template_of: Vec<u16>,
    pub(crate) stream_of: Vec<u32>,
    pub(crate) times: Vec<i64>,
    pub(crate) runs: Vec<Run>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) sources: Names,
    pub(crate) hosts: Names,
    pub(crate) keys: Names,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) raw_bytes: u64,
    texts: Vec<Texts<'a>>,
    stream_numbers: HashMap<Stream, u32>,
    shape_numbers: HashMap<Shape, u32>,
    template_numbers: HashMap<u32, u16>,
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
    slice: u32,
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
            raw_bytes: 0,
            texts: Vec::with_capacity(slices.len()),
            stream_numbers: HashMap::new(),
            shape_numbers: HashMap::new(),
            template_numbers: HashMap::new(),
        };
        for slice in slices {
            gather.take(slice);
        }
        gather
    }

    /// The body of a line and where its variables are in it.
    pub(crate) fn variables(&self, line: Line, count: usize) -> (&'a [u8], &'a [Span]) {
        let texts = &self.texts[line.slice as usize];
        let first = line.variables as usize;
        (
            &texts.arena[line.body as usize..],
            &texts.variables[first..first + count],
        )
    }

    /// True if anything came beside the bodies.
    pub(crate) fn has_fields(&self) -> bool {
        self.shapes.iter().any(|shape| !shape.fields.is_empty())
    }

    /// What came beside the bodies of lines: the columns in the order in which they first occur.
    pub(crate) fn fields(&self, lines: &[Line]) -> Vec<(Field, Vec<&'a [u8]>)> {
        let mut columns: Vec<(Field, Vec<&'a [u8]>)> = Vec::new();
        for line in lines {
            let texts = &self.texts[line.slice as usize];
            let entry = &texts.batch.records[line.row as usize];
            let row = (i64::from(line.row) + texts.row) as usize;
            let shape = self.streams[self.stream_of[row] as usize].shape;
            let mut attributes = texts.batch.attributes(entry);
            let trace = (entry.trace as usize)
                .checked_sub(1)
                .and_then(|at| texts.batch.traces.get(at));
            for field in &self.shapes[shape as usize].fields {
                let value: &[u8] = match (field, trace) {
                    (Field::Attribute { .. }, _) => match attributes.next() {
                        Some((_, _, value)) => value,
                        None => continue,
                    },
                    (Field::Trace, Some((trace, _))) => &trace.0,
                    (Field::Span, Some((_, Some(span)))) => &span.0,
                    _ => continue,
                };
                match columns.iter_mut().find(|(known, _)| known == field) {
                    Some((_, column)) => column.push(value),
                    None => columns.push((*field, vec![value])),
                }
            }
        }
        columns
    }

    fn take(&mut self, slice: &Slice<'a>) {
        let batch = &slice.batch.parsed.batch;
        let mut numbers = Numbers {
            slice: self.texts.len() as u32,
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
        self.texts.push(Texts {
            batch,
            arena: &batch.arena,
            variables: &slice.batch.parsed.variables,
            row: self.template_of.len() as i64 - slice.rows.start as i64,
        });
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

        self.templates[usize::from(template)].lines.push(Line {
            slice: numbers.slice,
            row: row as u32,
            body: entry.body.start,
            variables: line.variables,
        });
    }

    fn template_number(&mut self, info: &Arc<TemplateInfo>) -> u16 {
        if let Some(number) = self.template_numbers.get(&info.index) {
            return *number;
        }
        let number = self.templates.len() as u16;
        self.template_numbers.insert(info.index, number);
        self.templates.push(Gathered {
            info: Arc::clone(info),
            lines: Vec::new(),
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
