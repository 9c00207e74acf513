//! The binary form of what live watchers ask for and see: filters one way, records the other. It
//! passes between processes and is kept nowhere, so there is one version, and another is refused.

use std::sync::Arc;

use tocsin_domain::query::{Expression, FieldTest};
use tocsin_domain::record::LogRecord;
use tocsin_domain::{Issues, RecordId, Severity, SpanId, TemplateId, Timestamp, TraceId, Value};

use super::CodecError;
use super::varint::{Reader, put_i64, put_str, put_u64};

const VERSION: u8 = 1;
/// The deepest filter that is read; a query is nested less.
const DEPTH_MAX: u32 = 200;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown {
    /// A record that satisfies its filter.
    Record(Arc<LogRecord>),
    /// So many more were left out.
    Skipped(u64),
}

/// Writes the filters of a process, each under its watcher's number.
pub(crate) fn encode_filters<'a>(
    filters: impl IntoIterator<Item = (u64, &'a Expression)>,
) -> Vec<u8> {
    let mut out = vec![VERSION];
    for (watcher, filter) in filters {
        put_u64(&mut out, watcher);
        put_expression(&mut out, filter);
    }
    out
}

/// Reads the filters of a process.
pub(crate) fn decode_filters(bytes: &[u8]) -> Result<Vec<(u64, Expression)>, CodecError> {
    let mut reader = versioned(bytes)?;
    let mut filters = Vec::new();
    while reader.remaining() > 0 {
        filters.push((reader.u64()?, expression(&mut reader, 0)?));
    }
    Ok(filters)
}

/// Begins a message to one watcher.
pub(crate) fn begin_message(watcher: u64) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_u64(&mut out, watcher);
    out
}

/// Adds to a message.
pub(crate) fn put_shown(out: &mut Vec<u8>, shown: &Shown) {
    match shown {
        Shown::Record(record) => {
            out.push(0);
            put_record(out, record);
        }
        Shown::Skipped(more) => {
            out.push(1);
            put_u64(out, *more);
        }
    }
}

/// Reads a message: the watcher and what it is told.
pub(crate) fn decode_message(bytes: &[u8]) -> Result<(u64, Vec<Shown>), CodecError> {
    let mut reader = versioned(bytes)?;
    let watcher = reader.u64()?;
    let mut all = Vec::new();
    while reader.remaining() > 0 {
        all.push(match reader.byte()? {
            0 => Shown::Record(Arc::new(record(&mut reader)?)),
            1 => Shown::Skipped(reader.u64()?),
            _ => return Err(CodecError("unknown kind of message")),
        });
    }
    Ok((watcher, all))
}

fn versioned(bytes: &[u8]) -> Result<Reader<'_>, CodecError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        VERSION => Ok(reader),
        _ => Err(CodecError("unknown version of the format")),
    }
}

fn put_expression(out: &mut Vec<u8>, expression: &Expression) {
    let mut put_all = |kind, all: &[Expression]| {
        out.push(kind);
        put_u64(out, all.len() as u64);
        all.iter().for_each(|part| put_expression(out, part));
    };
    match expression {
        Expression::All => out.push(0),
        Expression::And(all) => put_all(1, all),
        Expression::Or(all) => put_all(2, all),
        Expression::Not(inner) => {
            out.push(3);
            put_expression(out, inner);
        }
        Expression::Phrase(words) => {
            out.push(4);
            put_u64(out, words.len() as u64);
            words.iter().for_each(|word| put_str(out, word));
        }
        Expression::Prefix(prefix) => {
            out.push(5);
            put_str(out, prefix);
        }
        Expression::Field { key, test } => {
            out.push(6);
            put_str(out, key);
            put_test(out, test);
        }
    }
}

fn put_test(out: &mut Vec<u8>, test: &FieldTest) {
    match test {
        FieldTest::Equals(text) => {
            out.push(0);
            put_str(out, text);
        }
        FieldTest::StartsWith(text) => {
            out.push(1);
            put_str(out, text);
        }
        FieldTest::Exists => out.push(2),
        FieldTest::Range { low, high } => {
            out.push(3);
            for end in [low, high] {
                out.push(match end {
                    None => 0,
                    Some((_, false)) => 1,
                    Some((_, true)) => 2,
                });
                let number = end.map_or(0.0, |(number, _)| number);
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}

fn expression(reader: &mut Reader<'_>, depth: u32) -> Result<Expression, CodecError> {
    if depth > DEPTH_MAX {
        return Err(CodecError("the filter is nested too deeply"));
    }
    let parts = |reader: &mut Reader<'_>| {
        let length = reader.length()?;
        (0..length)
            .map(|_| expression(reader, depth + 1))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match reader.byte()? {
        0 => Expression::All,
        1 => Expression::And(parts(reader)?),
        2 => Expression::Or(parts(reader)?),
        3 => Expression::Not(Box::new(expression(reader, depth + 1)?)),
        4 => {
            let length = reader.length()?;
            let words = (0..length).map(|_| Ok(reader.text()?.to_string()));
            Expression::Phrase(words.collect::<Result<_, CodecError>>()?)
        }
        5 => Expression::Prefix(reader.text()?.to_string()),
        6 => Expression::Field {
            key: reader.text()?.to_string(),
            test: test(reader)?,
        },
        _ => return Err(CodecError("unknown kind of filter")),
    })
}

fn test(reader: &mut Reader<'_>) -> Result<FieldTest, CodecError> {
    let end = |reader: &mut Reader<'_>| {
        let kind = reader.byte()?;
        let number = f64::from_le_bytes(reader.array()?);
        Ok::<_, CodecError>((kind > 0).then_some((number, kind == 2)))
    };
    Ok(match reader.byte()? {
        0 => FieldTest::Equals(reader.text()?.to_string()),
        1 => FieldTest::StartsWith(reader.text()?.to_string()),
        2 => FieldTest::Exists,
        3 => FieldTest::Range {
            low: end(reader)?,
            high: end(reader)?,
        },
        _ => return Err(CodecError("unknown kind of comparison")),
    })
}

fn put_record(out: &mut Vec<u8>, record: &LogRecord) {
    out.extend_from_slice(&record.id.bits().to_le_bytes());
    put_i64(out, record.timestamp.0);
    put_i64(out, record.observed.0);
    put_str(out, &record.source);
    put_str(out, &record.host);
    out.push(record.severity.number());
    put_u64(out, record.body.len() as u64);
    out.extend_from_slice(&record.body);
    put_u64(out, record.attributes.len() as u64);
    for (key, value) in &record.attributes {
        put_str(out, key);
        match value {
            Value::Text(text) => {
                out.push(0);
                put_str(out, text);
            }
            Value::Integer(number) => {
                out.push(1);
                put_i64(out, *number);
            }
            Value::Float(number) => {
                out.push(2);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Bool(is) => out.push(3 + u8::from(*is)),
        }
    }
    out.push(u8::from(record.trace_id.is_some()));
    out.extend(record.trace_id.iter().flat_map(|id| id.0));
    out.push(u8::from(record.span_id.is_some()));
    out.extend(record.span_id.iter().flat_map(|id| id.0));
    out.extend_from_slice(&record.template.0.to_le_bytes());
    out.push(record.issues.0);
}

fn record(reader: &mut Reader<'_>) -> Result<LogRecord, CodecError> {
    let id = RecordId::from_bits(u128::from_le_bytes(reader.array()?));
    let timestamp = Timestamp(reader.i64()?);
    let observed = Timestamp(reader.i64()?);
    let (source, host) = (reader.text()?, reader.text()?);
    let severity = Severity::from_number(reader.byte()?);
    let severity = severity.ok_or(CodecError("a severity is out of range"))?;
    let body = reader.bytes()?.to_vec();
    let length = reader.length()?;
    let mut attributes = Vec::with_capacity(length);
    for _ in 0..length {
        let key = reader.text()?;
        let value = match reader.byte()? {
            0 => Value::Text(reader.text()?.to_string()),
            1 => Value::Integer(reader.i64()?),
            2 => Value::Float(f64::from_le_bytes(reader.array()?)),
            is @ 3..=4 => Value::Bool(is == 4),
            _ => return Err(CodecError("unknown kind of value")),
        };
        attributes.push((key, value));
    }
    let trace_id = match reader.byte()? {
        0 => None,
        _ => Some(TraceId(reader.array()?)),
    };
    let span_id = match reader.byte()? {
        0 => None,
        _ => Some(SpanId(reader.array()?)),
    };
    Ok(LogRecord {
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
        template: TemplateId(u64::from_le_bytes(reader.array()?)),
        issues: Issues(reader.byte()?),
    })
}

#[cfg(test)]
mod tests {
    use tocsin_domain::query::parse;

    use super::*;

    pub(crate) fn record(body: &str) -> LogRecord {
        LogRecord {
            id: RecordId::from_bits(u128::MAX / 3),
            timestamp: Timestamp(-5),
            observed: Timestamp(1_700_000_000_000_000_000),
            source: "syslog".into(),
            host: "web-1".into(),
            severity: Severity::ERROR,
            body: body.as_bytes().to_vec(),
            attributes: vec![
                ("text".into(), Value::Text("ä".into())),
                ("integer".into(), Value::Integer(-7)),
                ("float".into(), Value::Float(0.5)),
                ("yes".into(), Value::Bool(true)),
                ("no".into(), Value::Bool(false)),
            ],
            trace_id: Some(TraceId([3; 16])),
            span_id: None,
            template: TemplateId(u64::MAX - 1),
            issues: Issues::TRUNCATED,
        }
    }

    #[test]
    fn filters_come_back_as_they_were() {
        let texts = [
            "",
            "disk full -\"all is well\" err*",
            "(a OR NOT b) host:web-1 source:sys* trace_id:* bytes:>=5 bytes:[1 TO 5]",
        ];
        let filters: Vec<_> = (1..).zip(texts.map(|text| parse(text).unwrap())).collect();
        let bytes = encode_filters(filters.iter().map(|(at, filter)| (*at, filter)));
        assert_eq!(decode_filters(&bytes).unwrap(), filters);
        for length in 1..bytes.len() {
            // Cut anywhere, it is an error or fewer filters.
            if let Ok(fewer) = decode_filters(&bytes[..length]) {
                assert!(filters.starts_with(&fewer));
            }
        }
        assert!(decode_filters(&[]).is_err() && decode_filters(&[9]).is_err());
        let deep = [vec![VERSION, 1], vec![3; 1000]].concat();
        assert!(decode_filters(&deep).is_err());
    }

    #[test]
    fn messages_come_back_as_they_were() {
        let all = vec![
            Shown::Record(Arc::new(record("disk full"))),
            Shown::Skipped(300),
            Shown::Record(Arc::new(record("\u{0}"))),
        ];
        let mut bytes = begin_message(70_000);
        all.iter().for_each(|shown| put_shown(&mut bytes, shown));
        assert_eq!(decode_message(&bytes).unwrap(), (70_000, all));
        for length in 0..bytes.len() {
            let _ = decode_message(&bytes[..length]);
        }
    }
}
