//! `io.prometheus.write.v2.Request`: names and values of labels are numbers of a table of symbols.
//!
//! Times at which series were created are passed over: resets are told by the points.

use super::{Reader, kind, sample};
use crate::metrics::MetricDecoded;
use crate::protobuf::{Message, Wire, WireError};

/// The most symbols of a request; more is no request anyone sends.
const SYMBOLS_MAX: usize = 4 << 20;

/// `Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5 }`.
pub(super) fn request(body: &[u8], mut reader: Reader<'_>) -> Result<MetricDecoded, WireError> {
    let mut symbols: Vec<&[u8]> = Vec::new();
    let mut all = Vec::new();
    let mut message = Message::new(body);
    while let Some((field, wire)) = message.field()? {
        match field {
            4 if symbols.len() < SYMBOLS_MAX => symbols.push(wire.bytes()),
            5 => all.push(wire.bytes()),
            _ => {}
        }
    }
    let mut labels = Vec::new();
    for (item, bytes) in all.into_iter().enumerate() {
        reader.collector.at_item(item);
        if let Err(error) = series(bytes, &symbols, &mut labels, &mut reader) {
            reader.damaged(error);
        }
    }
    Ok(reader.collector.finish())
}

/// `TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram
/// histograms = 3; repeated Exemplar exemplars = 4; Metadata metadata = 5 }`.
fn series<'b>(
    bytes: &[u8],
    symbols: &[&'b [u8]],
    labels: &mut Vec<&'b [u8]>,
    reader: &mut Reader<'_>,
) -> Result<(), WireError> {
    labels.clear();
    reader.raw.clear();
    reader.samples.clear();
    let (mut skipped, mut code) = (0, 0);
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => references(wire, symbols, labels)?,
            2 => reader.samples.push(sample(wire.bytes())?),
            3 | 4 => skipped += 1,
            5 => code = metadata(wire.bytes())?,
            _ => {}
        }
    }
    reader.collector.skip(skipped);
    if labels.len() % 2 == 1 {
        return Err(error("names and values of labels in pairs"));
    }
    if reader.samples.is_empty() {
        return Ok(());
    }
    for text in &*labels {
        reader.name_by(text);
    }
    let series = reader.collector.series_of_kind(&reader.raw, |scratch| {
        for pair in labels.chunks_exact(2) {
            scratch.label_bytes(pair[0], pair[1]);
        }
        kind(code)
    });
    reader.take(series);
    Ok(())
}

/// Numbers of symbols, packed or not.
fn references<'b>(
    wire: Wire<'_>,
    symbols: &[&'b [u8]],
    labels: &mut Vec<&'b [u8]>,
) -> Result<(), WireError> {
    let mut resolve = |number: u64| {
        let symbol = usize::try_from(number)
            .ok()
            .and_then(|at| symbols.get(at))
            .ok_or(error("symbols that are in the table"))?;
        labels.push(symbol);
        Ok(())
    };
    let Wire::Bytes(packed) = wire else {
        return resolve(wire.number());
    };
    let mut numbers = Message::new(packed);
    while let Some(number) = numbers.next_varint()? {
        resolve(number)?;
    }
    Ok(())
}

/// `Metadata { MetricType type = 1 }`.
fn metadata(bytes: &[u8]) -> Result<u64, WireError> {
    let mut code = 0;
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        if field == 1 {
            code = wire.number();
        }
    }
    Ok(code)
}

const fn error(expected: &'static str) -> WireError {
    WireError { at: 0, expected }
}
