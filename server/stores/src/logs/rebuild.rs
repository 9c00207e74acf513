//! Turning a block back into batches, to make another of it: without what is deleted, or together
//! with its neighbours.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::batch::ValueType;
use tocsin_domain::{
    BatchBuilder, NewRecord, ParsedBatch, ParsedLine, Span, SpanId, Timestamp, TraceId,
};

use super::block::meta::{Field, type_of};
use super::block::rows::Run;
use super::dictionary::TemplateInfo;
use super::head::HeadBatch;
use super::inner::Trouble;
use super::part::BlockReader;
use super::selection::Selection;

/// A batch while it is put together again.
struct Rebuilt {
    builder: BatchBuilder,
    ordinals: Vec<u32>,
    lines: Vec<ParsedLine>,
    variables: Vec<Span>,
    templates: Vec<Arc<TemplateInfo>>,
    numbers: HashMap<u32, u32>,
    raw_bytes: usize,
}

impl Rebuilt {
    fn new(reader: &BlockReader<'_>, run: &Run) -> Result<Self, Trouble> {
        let source = reader
            .meta
            .sources
            .get(run.source as usize)
            .ok_or(Trouble::Damaged)?;
        Ok(Self {
            builder: BatchBuilder::new(run.batch, run.observed, Arc::clone(source)),
            ordinals: Vec::new(),
            lines: Vec::new(),
            variables: Vec::new(),
            templates: Vec::new(),
            numbers: HashMap::new(),
            raw_bytes: 0,
        })
    }

    fn finish(self) -> HeadBatch {
        HeadBatch {
            parsed: ParsedBatch {
                batch: self.builder.finish(),
                lines: self.lines,
                variables: self.variables,
                templates: self
                    .templates
                    .iter()
                    .map(|info| Arc::clone(&info.template))
                    .collect(),
            },
            templates: self.templates,
            ordinals: Some(self.ordinals),
            raw_bytes: self.raw_bytes,
        }
    }

    fn push(&mut self, reader: &BlockReader<'_>, row: u32, ordinal: u32) -> Result<(), Trouble> {
        let place = reader.place_of(row)?;
        let info = &place.template.info;
        let variables = reader.variables(place)?;
        let mut body = Vec::new();
        let first = self.variables.len() as u32;
        for (at, part) in info.template.parts.iter().enumerate() {
            body.extend_from_slice(part);
            if let Some(variable) = variables.get(at) {
                let start = body.len() as u32;
                body.extend_from_slice(variable);
                let end = body.len() as u32;
                self.variables.push(Span { start, end });
            }
        }
        let beside = reader.beside(place)?;
        let mut attributes: Vec<(&str, ValueType, &[u8])> = Vec::new();
        let mut trace = None;
        let mut span = None;
        for (field, text) in &beside {
            match field {
                Field::Attribute {
                    key, value_type, ..
                } => {
                    let key = reader
                        .meta
                        .keys
                        .get(*key as usize)
                        .ok_or(Trouble::Damaged)?;
                    attributes.push((key, type_of(*value_type), text));
                }
                Field::Trace => trace = text.as_slice().try_into().ok().map(TraceId),
                Field::Span => span = text.as_slice().try_into().ok().map(SpanId),
            }
        }
        let host = reader
            .meta
            .hosts
            .get(place.stream.host as usize)
            .ok_or(Trouble::Damaged)?;
        let record = NewRecord {
            body: &body,
            timestamp: Some(Timestamp(reader.rows()?.times[row as usize])),
            severity: place.stream.severity,
            issues: place.stream.issues,
            host,
            attributes: &attributes,
            trace: trace.map(|trace| (trace, span)),
        };
        self.builder.push(record).map_err(|_| Trouble::Damaged)?;
        let template = *self.numbers.entry(info.index).or_insert_with(|| {
            self.templates.push(Arc::clone(info));
            self.templates.len() as u32 - 1
        });
        self.lines.push(ParsedLine {
            template,
            variables: first,
        });
        self.ordinals.push(ordinal);
        self.raw_bytes += body.len();
        Ok(())
    }
}

/// The rows of a block as batches, without those that are dropped. `dropped` has the selection of
/// each template, by its place in the block.
pub(crate) fn batches_of(
    reader: &BlockReader<'_>,
    dropped: &[Selection],
) -> Result<Vec<HeadBatch>, Trouble> {
    let rows = reader.rows()?;
    let mut is_dropped = vec![false; rows.times.len()];
    for (of, selection) in rows.rows_of.iter().zip(dropped) {
        selection.for_each(of.len(), |at| is_dropped[of[at] as usize] = true);
    }
    let mut batches = Vec::new();
    let mut current: Option<(Run, Rebuilt)> = None;
    for run in &rows.runs {
        let is_same = |(before, _): &(Run, Rebuilt)| {
            before.batch == run.batch
                && before.source == run.source
                && before.observed == run.observed
                && before.ordinal < run.ordinal
        };
        if !current.as_ref().is_some_and(is_same) {
            batches.extend(current.take().map(|(_, rebuilt)| rebuilt.finish()));
            current = Some((*run, Rebuilt::new(reader, run)?));
        }
        if let Some((before, rebuilt)) = &mut current {
            before.ordinal = run.ordinal;
            for at in 0..run.count {
                if !is_dropped[(run.row + at) as usize] {
                    rebuilt.push(reader, run.row + at, run.ordinal + at)?;
                }
            }
        }
    }
    batches.extend(current.map(|(_, rebuilt)| rebuilt.finish()));
    Ok(batches
        .into_iter()
        .filter(|batch| batch.rows() > 0)
        .collect())
}
