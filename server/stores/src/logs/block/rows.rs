//! The rows of a block in the order they arrived: which template and stream each is of, when it
//! happened, and who it is.

use tocsin_domain::{BatchId, RecordId, Timestamp};

use super::codec::{Damaged, Folder, Read, Reader, put_bytes, put_number, put_signed, unfold};
use super::meta::{Meta, Stream, TemplateMeta, list};
use super::numbers::{Trend, integers, put_integers};
use super::times;

/// Records that followed one another in one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) batch: BatchId,
    pub(crate) observed: Timestamp,
    pub(crate) source: u32,
    /// The first row of the block.
    pub(crate) row: u32,
    /// The place of that row in the batch.
    pub(crate) ordinal: u32,
    pub(crate) count: u32,
}

/// The rows of a block in the order they arrived.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The template (index) of every row.
    pub(crate) template_of: Vec<u16>,
    /// The rows of every template, ascending.
    pub(crate) rows_of: Vec<Vec<u32>>,
    /// The stream (index) of every row of each template.
    pub(crate) streams: Vec<StreamColumn>,
    /// The timestamp of every row.
    pub(crate) times: Vec<i64>,
    /// Who the rows are, ascending by row.
    pub(crate) runs: Vec<Run>,
}

/// The streams of the rows of a template.
#[derive(Debug)]
pub(crate) enum StreamColumn {
    /// All rows are of one.
    One(u32),
    /// Each row's.
    Each(Vec<u32>),
}

impl StreamColumn {
    /// The stream of row `at` of the template.
    pub(crate) fn get(&self, at: usize) -> u32 {
        match self {
            Self::One(stream) => *stream,
            Self::Each(streams) => streams.get(at).copied().unwrap_or_default(),
        }
    }
}

/// What is written of the rows.
#[derive(Debug)]
pub(crate) struct RowsInput<'a> {
    pub(crate) template_of: &'a [u16],
    pub(crate) times: &'a [i64],
    /// The stream of every row of the block.
    pub(crate) stream_of: &'a [u32],
    pub(crate) runs: &'a [Run],
    pub(crate) streams: &'a [Stream],
    /// For each template its streams.
    pub(crate) template_streams: &'a [Vec<(u32, u32)>],
}

/// Writes the rows.
pub(crate) fn encode(input: &RowsInput<'_>, folder: &mut Folder) -> Vec<u8> {
    let mut out = Vec::new();
    let mut part: Vec<u8> = input
        .template_of
        .iter()
        .map(|number| *number as u8)
        .collect();
    if input.template_streams.len() > 256 {
        part.extend(input.template_of.iter().map(|number| (*number >> 8) as u8));
    }
    folder.put(&mut out, &part);
    part.clear();
    put_streams(&mut part, input);
    put_bytes(&mut out, &part);
    part.clear();
    let chained = input
        .stream_of
        .iter()
        .zip(input.times)
        .map(|(stream, time)| {
            let stream = &input.streams[*stream as usize];
            (stream.source, stream.clock, *time)
        });
    times::put_times(&mut part, chained);
    put_bytes(&mut out, &part);
    part.clear();
    put_runs(&mut part, input.runs);
    folder.put(&mut out, &part);
    out
}

fn put_streams(out: &mut Vec<u8>, input: &RowsInput<'_>) {
    let mut each: Vec<Vec<i64>> = vec![Vec::new(); input.template_streams.len()];
    for (template, stream) in input.template_of.iter().zip(input.stream_of) {
        let known = &input.template_streams[usize::from(*template)];
        if known.len() > 1 {
            let code = known.iter().position(|(known, _)| known == stream);
            each[usize::from(*template)].push(code.unwrap_or(0) as i64);
        }
    }
    for codes in each.iter().filter(|codes| !codes.is_empty()) {
        let mut column = Vec::new();
        put_integers(&mut column, codes, Trend::None);
        put_bytes(out, &column);
    }
}

fn put_runs(out: &mut Vec<u8>, runs: &[Run]) {
    put_number(out, runs.len() as u64);
    let mut before = 0u128;
    let mut observed = 0i64;
    for run in runs {
        let same = before == run.batch.bits();
        out.push(u8::from(same));
        if !same {
            before = run.batch.bits();
            // The low 24 bits of a batch are zero.
            out.extend_from_slice(&before.to_le_bytes()[3..]);
        }
        put_signed(out, run.observed.0.wrapping_sub(observed));
        observed = run.observed.0;
        put_number(out, u64::from(run.source));
        put_number(out, u64::from(run.ordinal));
        put_number(out, u64::from(run.count));
    }
}

fn read_runs(reader: &mut Reader<'_>) -> Read<Vec<Run>> {
    let mut batch = 0u128;
    let mut observed = 0i64;
    let mut row = 0u32;
    list(reader, |reader| {
        if reader.byte()? == 0 {
            let mut bytes = [0u8; 16];
            bytes[3..].copy_from_slice(reader.take(13)?);
            batch = u128::from_le_bytes(bytes);
        }
        observed = observed.wrapping_add(reader.signed()?);
        let run = Run {
            batch: BatchId::from_bits(batch),
            observed: Timestamp(observed),
            source: reader.narrow()?,
            row,
            ordinal: reader.narrow()?,
            count: reader.narrow()?,
        };
        row = row.checked_add(run.count).ok_or(Damaged)?;
        Ok(run)
    })
}

impl Rows {
    /// Reads the rows of a block.
    pub(crate) fn decode(bytes: &[u8], meta: &Meta) -> Read<Self> {
        let count = meta.rows as usize;
        let reader = &mut Reader::new(bytes);
        let template_of = read_templates(reader, count, meta.templates.len())?;
        let mut rows_of: Vec<Vec<u32>> = meta
            .templates
            .iter()
            .map(|template| Vec::with_capacity((template.rows as usize).min(count)))
            .collect();
        for (row, template) in template_of.iter().enumerate() {
            rows_of[usize::from(*template)].push(row as u32);
        }
        let is_right =
            |(rows, template): (&Vec<u32>, &TemplateMeta)| rows.len() == template.rows as usize;
        if !rows_of.iter().zip(&meta.templates).all(is_right) {
            return Err(Damaged);
        }
        let mut part = Reader::new(reader.bytes()?);
        let streams = meta
            .templates
            .iter()
            .map(|template| read_streams(&mut part, template))
            .collect::<Read<Vec<_>>>()?;
        let mut part = Reader::new(reader.bytes()?);
        let runs = read_runs(&mut Reader::new(&unfold(reader)?))?;
        if runs.last().map_or(0, |run| (run.row + run.count) as usize) != count {
            return Err(Damaged);
        }
        let times = read_times(&mut part, meta, &template_of, &streams, &runs)?;
        Ok(Self {
            template_of,
            rows_of,
            streams,
            times,
            runs,
        })
    }

    /// The run that a row is in.
    pub(crate) fn run_of(&self, row: u32) -> Option<&Run> {
        let at = self.runs.partition_point(|run| run.row <= row);
        self.runs.get(at.checked_sub(1)?)
    }

    /// Who a row is.
    pub(crate) fn id_of(&self, row: u32) -> RecordId {
        match self.run_of(row) {
            Some(run) => run.batch.record(run.ordinal + (row - run.row)),
            None => RecordId::from_bits(0),
        }
    }

    /// The row of a record, if it is here.
    pub(crate) fn row_of(&self, id: RecordId) -> Option<u32> {
        let ordinal = id.ordinal();
        let run = self.runs.iter().find(|run| {
            run.batch == id.batch() && run.ordinal <= ordinal && ordinal - run.ordinal < run.count
        })?;
        Some(run.row + (ordinal - run.ordinal))
    }

    /// How much memory it takes, in bytes; about.
    pub(crate) fn bytes(&self) -> usize {
        let streams = |column: &StreamColumn| match column {
            StreamColumn::One(_) => 32,
            StreamColumn::Each(each) => each.len() * 4,
        };
        self.times.len() * 14
            + self.rows_of.len() * 24
            + self.runs.len() * size_of::<Run>()
            + self.streams.iter().map(streams).sum::<usize>()
    }
}

fn read_templates(reader: &mut Reader<'_>, count: usize, templates: usize) -> Read<Vec<u16>> {
    let planes = unfold(reader)?;
    let (low, high) = planes.split_at_checked(count).ok_or(Damaged)?;
    let mut numbers: Vec<u16> = low.iter().map(|low| u16::from(*low)).collect();
    if templates > 256 {
        if high.len() != count {
            return Err(Damaged);
        }
        for (number, high) in numbers.iter_mut().zip(high) {
            *number |= u16::from(*high) << 8;
        }
    }
    if numbers
        .iter()
        .any(|number| usize::from(*number) >= templates)
    {
        return Err(Damaged);
    }
    Ok(numbers)
}

fn read_streams(reader: &mut Reader<'_>, template: &TemplateMeta) -> Read<StreamColumn> {
    match template.streams.as_slice() {
        [] => Err(Damaged),
        [(stream, _)] => Ok(StreamColumn::One(*stream)),
        known => {
            let codes = integers(&mut Reader::new(reader.bytes()?), template.rows as usize)?;
            codes
                .into_iter()
                .map(|code| {
                    let known = usize::try_from(code).ok().and_then(|code| known.get(code));
                    known.map(|(stream, _)| *stream).ok_or(Damaged)
                })
                .collect::<Read<_>>()
                .map(StreamColumn::Each)
        }
    }
}

fn read_times(
    reader: &mut Reader<'_>,
    meta: &Meta,
    template_of: &[u16],
    streams: &[StreamColumn],
    runs: &[Run],
) -> Read<Vec<i64>> {
    let mut next = vec![0usize; streams.len()];
    let mut chained = Vec::with_capacity(template_of.len());
    let mut rows = template_of.iter();
    for run in runs {
        for template in rows.by_ref().take(run.count as usize) {
            let template = usize::from(*template);
            let stream = streams[template].get(next[template]);
            next[template] += 1;
            let stream = meta.streams.get(stream as usize).ok_or(Damaged)?;
            chained.push((stream.source, stream.clock, run.observed.0));
        }
    }
    times::times(reader, chained.into_iter())
}
