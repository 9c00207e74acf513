//! The protobuf encoding of `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest`.

use super::damaged;
use super::emit::Emitter;
use super::exponential::{Buckets, Exponential};
use super::point::{Family, Histogram, Point, Shape, Summary, Temporality, Value};
use super::resource::Resource;
use crate::attributes::Attributes;
use crate::error::DecodeError;
use crate::limits::Limits;
use crate::metrics::MetricDecoded;
use crate::otlp::protobuf::attributes_of;
use crate::protobuf::{Message, Wire, WireError};

/// A resource with the bytes of its scopes.
type Scoped<'b> = (Resource, Vec<&'b [u8]>);
/// Reads one kind of data point.
type Read = fn(&[u8]) -> Result<Point, WireError>;

/// `ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1 }`; each resource
/// with the bytes of its scopes.
pub(super) fn resources<'b>(
    body: &'b [u8],
    all: &mut MetricDecoded,
) -> Result<Vec<Scoped<'b>>, DecodeError> {
    let mut resources = Vec::new();
    let mut message = Message::new(body);
    while let Some((field, wire)) = message.field().map_err(|error| {
        let expected = format!("an ExportMetricsServiceRequest with {}", error.expected);
        DecodeError::malformed(body, error.at, expected)
    })? {
        if field == 1 {
            match resource_metrics(wire.bytes()) {
                Ok(resource) => resources.push(resource),
                Err(error) => {
                    let expected = format!("a ResourceMetrics with {}", error.expected);
                    damaged(all, expected, error.at);
                }
            }
        }
    }
    Ok(resources)
}

/// `ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2 }`.
fn resource_metrics(bytes: &[u8]) -> Result<Scoped<'_>, WireError> {
    let limits = Limits::default();
    let mut attributes = Attributes::default();
    let mut scopes = Vec::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => attributes_of(wire.bytes(), 1, &mut attributes, &limits)?,
            2 => scopes.push(wire.bytes()),
            _ => {}
        }
    }
    Ok((Resource::of(&attributes), scopes))
}

pub(super) fn scopes(scopes: &[&[u8]], emitter: &mut Emitter<'_>) {
    for bytes in scopes {
        if let Err(error) = scope_metrics(bytes, emitter) {
            reject(emitter, "ScopeMetrics", error);
        }
    }
}

fn reject(emitter: &mut Emitter<'_>, what: &str, error: WireError) {
    let expected = format!("a {what} with {}", error.expected);
    let detail = format!("it is damaged at its byte {}", error.at);
    emitter.reject(expected, detail);
}

/// `ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2 }`.
fn scope_metrics(bytes: &[u8], emitter: &mut Emitter<'_>) -> Result<(), WireError> {
    emitter.scope(b"");
    let mut metrics = Vec::new();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => {
                let mut scope = Message::new(wire.bytes());
                while let Some((field, wire)) = scope.field()? {
                    if field == 1 {
                        emitter.scope(wire.bytes());
                    }
                }
            }
            2 => metrics.push(wire.bytes()),
            _ => {}
        }
    }
    for bytes in metrics {
        if let Err(error) = metric(bytes, emitter) {
            reject(emitter, "Metric", error);
        }
    }
    Ok(())
}

/// `Metric { name = 1; unit = 3; gauge = 5; sum = 7; histogram = 9; exponential = 10;
/// summary = 11 }`.
fn metric(bytes: &[u8], emitter: &mut Emitter<'_>) -> Result<(), WireError> {
    let mut family = Family {
        name: String::new(),
        unit: String::new(),
        shape: Shape::Gauge,
        temporality: Temporality::Unspecified,
    };
    let mut data: Option<(u32, &[u8])> = None;
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => family.name = String::from_utf8_lossy(wire.bytes()).into_owned(),
            3 => family.unit = String::from_utf8_lossy(wire.bytes()).into_owned(),
            5 | 7 | 9 | 10 | 11 => data = Some((field, wire.bytes())),
            _ => {}
        }
    }
    let Some((kind, data)) = data else {
        return Ok(());
    };
    let mut points = Vec::new();
    let mut is_monotonic = false;
    let mut message = Message::new(data);
    while let Some((field, wire)) = message.field()? {
        match field {
            1 => points.push(wire.bytes()),
            2 => family.temporality = Temporality::from_number(wire.number()),
            3 => is_monotonic = wire.number() != 0,
            _ => {}
        }
    }
    let (shape, read): (Shape, Read) = match kind {
        5 => (Shape::Gauge, number),
        7 => (Shape::Sum { is_monotonic }, number),
        9 => (Shape::Histogram, histogram),
        10 => (Shape::Histogram, exponential),
        _ => (Shape::Summary, summary),
    };
    family.shape = shape;
    emitter.family(&family);
    let attributes_field = match kind {
        9 => 9,
        10 => 1,
        _ => 7,
    };
    let mut attributes = Attributes::default();
    for bytes in points {
        attributes.clear();
        let labelled = attributes_of(bytes, attributes_field, &mut attributes, &emitter.limits);
        match labelled.and_then(|()| read(bytes)) {
            Ok(point) => emitter.point(&family, &attributes, point),
            Err(error) => reject(emitter, "data point", error),
        }
    }
    Ok(())
}

/// `NumberDataPoint { start = 2; time = 3; as_double = 4; as_int = 6; flags = 8 }`.
fn number(bytes: &[u8]) -> Result<Point, WireError> {
    let mut point = Point::new(Value::None);
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            2 => point.start_nanos = wire.number(),
            3 => point.time_nanos = wire.number(),
            4 => point.value = Value::Number(f64::from_bits(wire.number())),
            6 => point.value = Value::Number(wire.number() as i64 as f64),
            8 => point.flags = wire.number(),
            _ => {}
        }
    }
    Ok(point)
}

/// `HistogramDataPoint { start = 2; time = 3; count = 4; sum = 5; bucket_counts = 6;
/// explicit_bounds = 7; flags = 10 }`.
fn histogram(bytes: &[u8]) -> Result<Point, WireError> {
    let (mut histogram, mut point) = (Histogram::default(), Point::new(Value::None));
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            2 => point.start_nanos = wire.number(),
            3 => point.time_nanos = wire.number(),
            4 => histogram.count = wire.number(),
            5 => histogram.sum = Some(f64::from_bits(wire.number())),
            6 => packed_fixed64(wire, &mut histogram.counts, |bits| bits)?,
            7 => packed_fixed64(wire, &mut histogram.bounds, f64::from_bits)?,
            10 => point.flags = wire.number(),
            _ => {}
        }
    }
    point.value = Value::Histogram(histogram);
    Ok(point)
}

/// `ExponentialHistogramDataPoint { start = 2; time = 3; count = 4; sum = 5; scale = 6;
/// zero_count = 7; positive = 8; negative = 9; flags = 10; zero_threshold = 14 }`.
fn exponential(bytes: &[u8]) -> Result<Point, WireError> {
    let (mut exponential, mut point) = (Exponential::default(), Point::new(Value::None));
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            2 => point.start_nanos = wire.number(),
            3 => point.time_nanos = wire.number(),
            4 => exponential.count = wire.number(),
            5 => exponential.sum = Some(f64::from_bits(wire.number())),
            6 => exponential.scale = zigzag(wire.number()),
            7 => exponential.zero_count = wire.number(),
            8 => exponential.positive = buckets(wire.bytes())?,
            9 => exponential.negative = buckets(wire.bytes())?,
            10 => point.flags = wire.number(),
            14 => exponential.zero_threshold = f64::from_bits(wire.number()),
            _ => {}
        }
    }
    point.value = Value::Exponential(exponential);
    Ok(point)
}

/// `Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2 }`.
fn buckets(bytes: &[u8]) -> Result<Buckets, WireError> {
    let mut buckets = Buckets::default();
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match (field, wire) {
            (1, wire) => buckets.offset = zigzag(wire.number()),
            (2, Wire::Bytes(packed)) => {
                let mut packed = Message::new(packed);
                while let Some(count) = packed.next_varint()? {
                    buckets.counts.push(count);
                }
            }
            (2, wire) => buckets.counts.push(wire.number()),
            _ => {}
        }
    }
    Ok(buckets)
}

/// `SummaryDataPoint { start = 2; time = 3; count = 4; sum = 5; quantile_values = 6; flags = 8 }`.
fn summary(bytes: &[u8]) -> Result<Point, WireError> {
    let (mut summary, mut point) = (Summary::default(), Point::new(Value::None));
    let mut message = Message::new(bytes);
    while let Some((field, wire)) = message.field()? {
        match field {
            2 => point.start_nanos = wire.number(),
            3 => point.time_nanos = wire.number(),
            4 => summary.count = wire.number(),
            5 => summary.sum = f64::from_bits(wire.number()),
            6 => {
                let mut at = (0.0, 0.0);
                let mut message = Message::new(wire.bytes());
                while let Some((field, wire)) = message.field()? {
                    match field {
                        1 => at.0 = f64::from_bits(wire.number()),
                        2 => at.1 = f64::from_bits(wire.number()),
                        _ => {}
                    }
                }
                summary.quantiles.push(at);
            }
            8 => point.flags = wire.number(),
            _ => {}
        }
    }
    point.value = Value::Summary(summary);
    Ok(point)
}

/// Appends one number, or all of a packed field.
fn packed_fixed64<T>(
    wire: Wire<'_>,
    to: &mut Vec<T>,
    of: impl Fn(u64) -> T,
) -> Result<(), WireError> {
    let Wire::Bytes(packed) = wire else {
        to.push(of(wire.number()));
        return Ok(());
    };
    let (numbers, rest) = packed.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(WireError {
            at: 0,
            expected: "packed numbers of eight bytes",
        });
    }
    to.extend(numbers.iter().map(|bytes| of(u64::from_le_bytes(*bytes))));
    Ok(())
}

/// A `sint32`.
const fn zigzag(number: u64) -> i32 {
    let number = number as u32;
    (number >> 1) as i32 ^ -((number & 1) as i32)
}
