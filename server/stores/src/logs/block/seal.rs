//! Turns gathered records into the bytes of a block.

use std::sync::Arc;

use tocsin_domain::Timestamp;

use super::super::dictionary::TemplateInfo;
use super::columns::ColumnWriter;
use super::filter;
use super::gather::{Gather, Slice};
use super::meta::{Meta, SourceSummary, Summary, TemplateMeta};
use super::rows::{self, RowsInput};
use super::sections::Sections;
use super::template::TemplateWriter;
use super::times::buckets_of;

/// A block's bytes and what is to be known of it.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) summary: Summary,
    pub(crate) meta: Vec<u8>,
    pub(crate) filter: Vec<u8>,
    /// The sections; the first holds the rows, the others columns.
    pub(crate) sections: Vec<Vec<u8>>,
    pub(crate) templates: Vec<Arc<TemplateInfo>>,
}

/// Where a block goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) id: u64,
    pub(crate) partition: u16,
    pub(crate) sequence: u64,
}

/// Makes a block of rows, of which there is at least one.
pub(crate) fn seal(address: Address, slices: &[Slice<'_>], writer: &mut ColumnWriter) -> Sealed {
    let gather = Gather::of(slices);
    let (bucket_width, buckets) = buckets_of(&gather.times);
    let mut templates = describe(&gather, bucket_width, &buckets);
    let template_streams: Vec<_> = templates
        .iter_mut()
        .map(|template| std::mem::take(&mut template.streams))
        .collect();
    let input = RowsInput {
        template_of: &gather.template_of,
        times: &gather.times,
        stream_of: &gather.stream_of,
        runs: &gather.runs,
        streams: &gather.streams,
        template_streams: &template_streams,
    };
    let mut sections = Sections::new(rows::encode(&input, &mut writer.folder));
    for (template, streams) in templates.iter_mut().zip(template_streams) {
        template.streams = streams;
    }
    let mut columns = TemplateWriter::new(&gather);
    for (template, gathered) in templates.iter_mut().zip(&gather.templates) {
        columns.put(template, &gathered.lines, &mut sections, writer);
    }
    let (hashes, has_tokenless) = columns.finish();
    let sections = sections.finish(writer);
    let mut summary = summarise(address, &gather, slices);
    let meta = Meta {
        rows: gather.template_of.len() as u32,
        sources: gather.sources.list,
        hosts: gather.hosts.list,
        keys: gather.keys.list,
        shapes: gather.shapes,
        streams: gather.streams,
        bucket_width,
        buckets,
        templates,
        numbers: Vec::new(),
        has_tokenless,
    };
    let encoded = meta.encode(&mut writer.folder);
    let filter = filter::encode(&hashes);
    let sections_bytes: usize = sections.iter().map(Vec::len).sum();
    summary.disk_bytes = (encoded.len() + filter.len() + sections_bytes) as u64;
    Sealed {
        summary,
        meta: encoded,
        filter,
        sections,
        templates: meta
            .templates
            .into_iter()
            .map(|template| template.info)
            .collect(),
    }
}

/// Counts the rows of every template per stream, bucket and severity band.
fn describe(gather: &Gather<'_>, width: i64, buckets: &[i64]) -> Vec<TemplateMeta> {
    let mut templates: Vec<TemplateMeta> = gather
        .templates
        .iter()
        .map(|gathered| TemplateMeta {
            info: Arc::clone(&gathered.info),
            rows: gathered.lines.len() as u32,
            first: Timestamp::MAX,
            last: Timestamp::MIN,
            streams: Vec::new(),
            counts: Vec::new(),
            is_ascending: true,
            stamps: Vec::new(),
            fields: Vec::new(),
            columns: Vec::new(),
        })
        .collect();
    let mut latest = vec![0u16; templates.len()];
    let (mut bucket, mut start, mut end) = (0u16, 0i64, 0i64);
    let rows = gather
        .template_of
        .iter()
        .zip(&gather.stream_of)
        .zip(&gather.times);
    for ((number, stream), time) in rows {
        if *time < start || *time >= end {
            let which = time.div_euclid(width);
            bucket = buckets.binary_search(&which).unwrap_or(0) as u16;
            start = which.saturating_mul(width);
            end = start.saturating_add(width);
        }
        let template = &mut templates[usize::from(*number)];
        template.first = template.first.min(Timestamp(*time));
        template.last = template.last.max(Timestamp(*time));
        template.is_ascending &= latest[usize::from(*number)] <= bucket;
        latest[usize::from(*number)] = bucket;
        match template
            .streams
            .iter_mut()
            .find(|(known, _)| known == stream)
        {
            Some((_, count)) => *count += 1,
            None => template.streams.push((*stream, 1)),
        }
        let band = gather.streams[*stream as usize].severity.band() as u8;
        let place = template
            .counts
            .iter_mut()
            .rev()
            .find(|(at, of, _)| *at == bucket && *of == band);
        match place {
            Some((_, _, count)) => *count += 1,
            None => template.counts.push((bucket, band, 1)),
        }
    }
    for template in &mut templates {
        template.counts.sort_unstable();
    }
    templates
}

fn summarise(address: Address, gather: &Gather<'_>, slices: &[Slice<'_>]) -> Summary {
    let mut sources: Vec<SourceSummary> = gather
        .sources
        .list
        .iter()
        .map(|name| SourceSummary {
            name: Arc::clone(name),
            rows: 0,
            first: Timestamp::MAX,
            last: Timestamp::MIN,
            hosts: Vec::new(),
        })
        .collect();
    for (stream, time) in gather.stream_of.iter().zip(&gather.times) {
        let source = &mut sources[gather.streams[*stream as usize].source as usize];
        source.rows += 1;
        source.first = source.first.min(Timestamp(*time));
        source.last = source.last.max(Timestamp(*time));
    }
    for stream in &gather.streams {
        let host = &gather.hosts.list[stream.host as usize];
        let hosts = &mut sources[stream.source as usize].hosts;
        if !host.is_empty() && !hosts.contains(host) {
            hosts.push(Arc::clone(host));
        }
    }
    let batches = slices
        .iter()
        .map(|slice| slice.batch.parsed.batch.id.bits());
    Summary {
        id: address.id,
        partition: address.partition,
        sequence: address.sequence,
        rows: gather.template_of.len() as u32,
        raw_bytes: gather.raw_bytes,
        disk_bytes: 0,
        first: Timestamp(gather.times.iter().min().copied().unwrap_or(0)),
        last: Timestamp(gather.times.iter().max().copied().unwrap_or(0)),
        batches: (
            batches.clone().min().unwrap_or(0),
            batches.max().unwrap_or(0),
        ),
        sources,
    }
}
