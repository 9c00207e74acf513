//! `prometheus.WriteRequest`.

use super::{Reader, kind, sample};
use crate::metrics::MetricDecoded;
use crate::protobuf::{Message, WireError};

/// `WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3 }`.
pub(super) fn request(body: &[u8], mut reader: Reader<'_>) -> Result<MetricDecoded, WireError> {
    let mut message = Message::new(body);
    let mut labels = Vec::new();
    let mut item = 0;
    // Nothing leaves before the end, so that a damaged request is refused whole.
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => {
                reader.collector.at_item(item);
                item += 1;
                if let Err(error) = series(wire.bytes(), &mut labels, &mut reader) {
                    reader.damaged(error);
                }
            }
            // What is damaged here costs no point.
            3 => {
                let _ = metadata(wire.bytes(), &reader);
            }
            _ => {}
        }
    }
    Ok(reader.collector.finish())
}

/// `TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar
/// exemplars = 3; repeated Histogram histograms = 4 }`.
fn series<'b>(
    bytes: &'b [u8],
    labels: &mut Vec<(&'b [u8], &'b [u8])>,
    reader: &mut Reader<'_>,
) -> Result<(), WireError> {
    labels.clear();
    reader.raw.clear();
    reader.samples.clear();
    let mut skipped = 0;
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => {
                let (name, value) = pair(wire.bytes())?;
                reader.name_by(name);
                reader.name_by(value);
                labels.push((name, value));
            }
            2 => reader.samples.push(sample(wire.bytes())?),
            3 | 4 => skipped += 1,
            _ => {}
        }
    }
    reader.collector.skip(skipped);
    if reader.samples.is_empty() {
        return Ok(());
    }
    let registry = reader.collector.registry;
    let series = reader.collector.series_of_kind(&reader.raw, |scratch| {
        for (name, value) in &*labels {
            scratch.label_bytes(name, value);
        }
        registry.kind_of(scratch.metric())
    });
    reader.take(series);
    Ok(())
}

/// `Label { string name = 1; string value = 2 }`.
fn pair(bytes: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => name = wire.bytes(),
            2 => value = wire.bytes(),
            _ => {}
        }
    }
    Ok((name, value))
}

/// `MetricMetadata { MetricType type = 1; string metric_family_name = 2 }`.
fn metadata(bytes: &[u8], reader: &Reader<'_>) -> Result<(), WireError> {
    let (mut code, mut name): (u64, &[u8]) = (0, b"");
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => code = wire.number(),
            2 => name = wire.bytes(),
            _ => {}
        }
    }
    if let Ok(name) = std::str::from_utf8(name)
        && name.len() <= 1024
    {
        reader.collector.registry.learn_kind(name, kind(code));
    }
    Ok(())
}
