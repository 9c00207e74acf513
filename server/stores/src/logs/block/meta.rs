//! What a block says of itself without being decoded: which templates it holds, how often, when
//! and how severe, who sent them, and where its columns lie.

use std::sync::Arc;

use tocsin_domain::batch::ValueType;
use tocsin_domain::{Issues, Severity, TemplateId, Timestamp};

use super::super::dictionary::{Dictionary, TemplateInfo};
use super::codec::{Damaged, Folder, Read, Reader, put_bytes, put_number, put_signed, unfold};
use super::stamp::Stamp;

/// The version of the bytes of blocks. A reader knows this and all before it.
pub(crate) const VERSION: u8 = 1;
/// The most rows, names or columns a block may say it has.
pub(crate) const COUNT_MAX: usize = 1 << 24;

/// Everything in memory about a block that is small.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    /// Its number; never used again.
    pub(crate) id: u64,
    /// The partition its records came on.
    pub(crate) partition: u16,
    /// Its place in the order in which the records of the partition arrived.
    pub(crate) sequence: u64,
    /// How many records.
    pub(crate) rows: u32,
    /// Bytes of the raw lines.
    pub(crate) raw_bytes: u64,
    /// Bytes on disk.
    pub(crate) disk_bytes: u64,
    /// The earliest timestamp.
    pub(crate) first: Timestamp,
    /// The latest timestamp.
    pub(crate) last: Timestamp,
    /// The lowest and highest batch.
    pub(crate) batches: (u128, u128),
    /// What it holds of each source.
    pub(crate) sources: Vec<SourceSummary>,
}

/// What a block holds of one source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SourceSummary {
    pub(crate) name: Arc<str>,
    pub(crate) rows: u32,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) hosts: Vec<Arc<str>>,
}

/// The description of a block, read when a query needs it.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) rows: u32,
    pub(crate) sources: Vec<Arc<str>>,
    pub(crate) hosts: Vec<Arc<str>>,
    pub(crate) keys: Vec<Arc<str>>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) streams: Vec<Stream>,
    /// The width of a bucket of time in nanoseconds.
    pub(crate) bucket_width: i64,
    /// The buckets that hold records: multiples of the width since the epoch, ascending.
    pub(crate) buckets: Vec<i64>,
    pub(crate) templates: Vec<TemplateMeta>,
    /// The numbers of the templates in the dictionary: what a query looks at first, close together.
    pub(crate) numbers: Vec<u32>,
    pub(crate) has_tokenless: bool,
}

/// Which attributes came beside the bodies of some records.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Shape {
    /// Key (index into the block's keys), type, and how many of that key and type came before.
    pub(crate) fields: Vec<Field>,
}

/// A column of values that came beside the bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    /// An attribute: its key, its type and how many of that key and type came before it.
    Attribute {
        key: u32,
        value_type: u8,
        repeat: u32,
    },
    /// The 16 bytes of the trace id.
    Trace,
    /// The 8 bytes of the span id.
    Span,
}

/// What records have in common beyond their template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    pub(crate) source: u32,
    pub(crate) host: u32,
    pub(crate) severity: Severity,
    pub(crate) issues: Issues,
    /// How fine the timestamp is; see [`super::times`].
    pub(crate) clock: u8,
    pub(crate) shape: u32,
}

/// The lines of one template in a block.
#[derive(Debug)]
pub(crate) struct TemplateMeta {
    pub(crate) info: Arc<TemplateInfo>,
    pub(crate) rows: u32,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// Streams (indexes) and how many rows are of each.
    pub(crate) streams: Vec<(u32, u32)>,
    /// Bucket (index), severity band and count, ascending.
    pub(crate) counts: Vec<(u16, u8, u32)>,
    /// True if no row lies in a bucket before that of the row before it.
    pub(crate) is_ascending: bool,
    /// What the tokens of each group are made of.
    pub(crate) stamps: Vec<Stamp>,
    /// The columns beside the bodies.
    pub(crate) fields: Vec<Field>,
    /// Where the columns lie: slots first, then fields.
    pub(crate) columns: Vec<Place>,
}

/// Where a column lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) section: u16,
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Summary {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_number(&mut out, u64::from(self.partition));
        put_number(&mut out, self.sequence);
        put_number(&mut out, u64::from(self.rows));
        put_number(&mut out, self.raw_bytes);
        put_number(&mut out, self.disk_bytes);
        put_signed(&mut out, self.first.0);
        put_signed(&mut out, self.last.0);
        out.extend_from_slice(&self.batches.0.to_le_bytes());
        out.extend_from_slice(&self.batches.1.to_le_bytes());
        put_number(&mut out, self.sources.len() as u64);
        for source in &self.sources {
            put_bytes(&mut out, source.name.as_bytes());
            put_number(&mut out, u64::from(source.rows));
            put_signed(&mut out, source.first.0);
            put_signed(&mut out, source.last.0);
            put_names(&mut out, &source.hosts);
        }
        out
    }

    pub(crate) fn decode(id: u64, bytes: &[u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(Damaged);
        }
        Ok(Self {
            id,
            partition: reader.narrow()?,
            sequence: reader.number()?,
            rows: reader.narrow()?,
            raw_bytes: reader.number()?,
            disk_bytes: reader.number()?,
            first: Timestamp(reader.signed()?),
            last: Timestamp(reader.signed()?),
            batches: (
                u128::from_le_bytes(reader.array()?),
                u128::from_le_bytes(reader.array()?),
            ),
            sources: list(&mut reader, |reader| {
                Ok(SourceSummary {
                    name: reader.text()?.into(),
                    rows: reader.narrow()?,
                    first: Timestamp(reader.signed()?),
                    last: Timestamp(reader.signed()?),
                    hosts: names(reader)?,
                })
            })?,
        })
    }
}

fn put_names(out: &mut Vec<u8>, names: &[Arc<str>]) {
    put_number(out, names.len() as u64);
    for name in names {
        put_bytes(out, name.as_bytes());
    }
}

fn names(reader: &mut Reader<'_>) -> Read<Vec<Arc<str>>> {
    list(reader, |reader| Ok(reader.text()?.into()))
}

/// Reads a count and that many items, each of at least one byte.
pub(super) fn list<'a, T>(
    reader: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    let count = reader.bounded(COUNT_MAX)?;
    (0..count).map(|_| item(reader)).collect()
}

impl Meta {
    pub(crate) fn encode(&self, folder: &mut Folder) -> Vec<u8> {
        let mut body = Vec::new();
        let out = &mut body;
        put_number(out, u64::from(self.rows));
        put_names(out, &self.sources);
        put_names(out, &self.hosts);
        put_names(out, &self.keys);
        put_number(out, self.shapes.len() as u64);
        for shape in &self.shapes {
            put_fields(out, &shape.fields);
        }
        put_number(out, self.streams.len() as u64);
        for stream in &self.streams {
            put_number(out, u64::from(stream.source));
            put_number(out, u64::from(stream.host));
            out.extend([stream.severity.number(), stream.issues.0, stream.clock]);
            put_number(out, u64::from(stream.shape));
        }
        put_number(out, self.bucket_width as u64);
        put_number(out, self.buckets.len() as u64);
        let mut before = 0;
        for bucket in &self.buckets {
            put_signed(out, bucket.wrapping_sub(before));
            before = *bucket;
        }
        out.push(u8::from(self.has_tokenless));
        put_number(out, self.templates.len() as u64);
        for template in &self.templates {
            template.encode(out);
        }
        let mut bytes = vec![VERSION];
        folder.put(&mut bytes, &body);
        bytes
    }

    /// Reads a description; a template that the dictionary does not know is damage.
    pub(crate) fn decode(bytes: &[u8], dictionary: &Dictionary) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(Damaged);
        }
        let body = unfold(&mut reader)?;
        let reader = &mut Reader::new(&body);
        let mut meta = Self {
            numbers: Vec::new(),
            rows: reader.narrow()?,
            sources: names(reader)?,
            hosts: names(reader)?,
            keys: names(reader)?,
            shapes: list(reader, |reader| {
                Ok(Shape {
                    fields: fields(reader)?,
                })
            })?,
            streams: list(reader, |reader| {
                Ok(Stream {
                    source: reader.narrow()?,
                    host: reader.narrow()?,
                    severity: Severity::from_number(reader.byte()?).ok_or(Damaged)?,
                    issues: Issues(reader.byte()?),
                    clock: reader.byte()?,
                    shape: reader.narrow()?,
                })
            })?,
            bucket_width: i64::try_from(reader.number()?).map_err(|_| Damaged)?.max(1),
            buckets: {
                let mut at = 0i64;
                list(reader, |reader| {
                    at = at.wrapping_add(reader.signed()?);
                    Ok(at)
                })?
            },
            has_tokenless: reader.byte()? != 0,
            templates: list(reader, |reader| TemplateMeta::decode(reader, dictionary))?,
        };
        meta.numbers = meta
            .templates
            .iter()
            .map(|template| template.info.index)
            .collect();
        Ok(meta)
    }

    /// How much memory it takes, in bytes; about.
    pub(crate) fn bytes(&self) -> usize {
        let template = |template: &TemplateMeta| {
            size_of::<TemplateMeta>()
                + template.counts.len() * size_of::<(u16, u8, u32)>()
                + template.columns.len() * size_of::<Place>()
                + template.streams.len() * 8
                + template.stamps.len() * size_of::<Stamp>()
        };
        size_of::<Self>()
            + self.streams.len() * size_of::<Stream>()
            + self.templates.iter().map(template).sum::<usize>()
    }
}

fn put_fields(out: &mut Vec<u8>, fields: &[Field]) {
    put_number(out, fields.len() as u64);
    for field in fields {
        match *field {
            Field::Attribute {
                key,
                value_type,
                repeat,
            } => {
                out.push(value_type);
                put_number(out, u64::from(key));
                put_number(out, u64::from(repeat));
            }
            Field::Trace => out.push(0xfe),
            Field::Span => out.push(0xff),
        }
    }
}

fn fields(reader: &mut Reader<'_>) -> Read<Vec<Field>> {
    list(reader, |reader| {
        Ok(match reader.byte()? {
            0xfe => Field::Trace,
            0xff => Field::Span,
            value_type => Field::Attribute {
                value_type,
                key: reader.narrow()?,
                repeat: reader.narrow()?,
            },
        })
    })
}

/// The code of an attribute's type on disk.
pub(crate) const fn code_of(value_type: ValueType) -> u8 {
    match value_type {
        ValueType::Text => 0,
        ValueType::Integer => 1,
        ValueType::Float => 2,
        ValueType::Bool => 3,
    }
}

/// The type of a code; unknown ones are text.
pub(crate) const fn type_of(code: u8) -> ValueType {
    match code {
        1 => ValueType::Integer,
        2 => ValueType::Float,
        3 => ValueType::Bool,
        _ => ValueType::Text,
    }
}

impl TemplateMeta {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.info.template.id.0.to_le_bytes());
        put_number(out, u64::from(self.rows));
        put_signed(out, self.first.0);
        put_number(out, self.last.0.wrapping_sub(self.first.0) as u64);
        put_number(out, self.streams.len() as u64);
        for (stream, count) in &self.streams {
            put_number(out, u64::from(*stream));
            put_number(out, u64::from(*count));
        }
        put_number(out, self.counts.len() as u64);
        let mut before = 0;
        for (bucket, band, count) in &self.counts {
            put_number(out, u64::from(bucket - before) << 3 | u64::from(*band));
            put_number(out, u64::from(*count));
            before = *bucket;
        }
        out.push(u8::from(self.is_ascending));
        for stamp in &self.stamps {
            put_number(out, u64::from(stamp.classes));
            out.extend([stamp.length_max, stamp.edges, stamp.inside]);
        }
        put_fields(out, &self.fields);
        for place in &self.columns {
            put_number(out, u64::from(place.section));
            put_number(out, u64::from(place.start));
            put_number(out, u64::from(place.length));
        }
    }

    fn decode(reader: &mut Reader<'_>, dictionary: &Dictionary) -> Read<Self> {
        let id = TemplateId(u64::from_le_bytes(reader.array()?));
        let info = Arc::clone(dictionary.get(id).ok_or(Damaged)?);
        let rows = reader.narrow()?;
        let first = reader.signed()?;
        let last = first.wrapping_add(reader.number()? as i64);
        let streams = list(reader, |reader| Ok((reader.narrow()?, reader.narrow()?)))?;
        let mut bucket = 0u16;
        let counts = list(reader, |reader| {
            let both = reader.number()?;
            let step = u16::try_from(both >> 3).map_err(|_| Damaged)?;
            bucket = bucket.checked_add(step).ok_or(Damaged)?;
            Ok((bucket, (both & 7) as u8, reader.narrow()?))
        })?;
        let is_ascending = reader.byte()? != 0;
        let stamps = (0..info.groups.len())
            .map(|_| {
                Ok(Stamp {
                    classes: reader.narrow()?,
                    length_max: reader.byte()?,
                    edges: reader.byte()?,
                    inside: reader.byte()?,
                })
            })
            .collect::<Read<_>>()?;
        let fields = fields(reader)?;
        let columns = (0..info.template.slots.len() + fields.len())
            .map(|_| {
                Ok(Place {
                    section: reader.narrow()?,
                    start: reader.narrow()?,
                    length: reader.narrow()?,
                })
            })
            .collect::<Read<_>>()?;
        Ok(Self {
            info,
            rows,
            first: Timestamp(first),
            last: Timestamp(last),
            streams,
            counts,
            is_ascending,
            stamps,
            fields,
            columns,
        })
    }
}
