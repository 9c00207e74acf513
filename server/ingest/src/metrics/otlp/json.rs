//! The JSON encoding of OTLP metrics: lowerCamelCase names, 64-bit numbers as text or numbers, NaN
//! and infinities as text; unknown members are passed over.

use super::emit::Emitter;
use super::exponential::{Buckets, Exponential};
use super::list;
use super::point::{Family, Histogram, Point, Shape, Summary, Temporality, Value};
use super::resource::Resource;
use crate::attributes::Attributes;
use crate::error::DecodeError;
use crate::json::{Cursor, Json};
use crate::limits::Limits;
use crate::otlp::json::attributes_of;

/// What should have been there instead of a member.
type Fault = (&'static str, &'static str);

const NUMBER: &str = "a number, or one as text";
const WHOLE: &str = "a whole number, or one as text";

pub(super) fn request(body: &[u8]) -> Result<Json<'_>, DecodeError> {
    let mut cursor = Cursor::new(body);
    let request = cursor
        .value()
        .map_err(|error| DecodeError::malformed(body, error.at, error.expected))?;
    if cursor.peek().is_some() {
        let expected = "the end of the request";
        return Err(DecodeError::malformed(body, cursor.at(), expected));
    }
    if !matches!(request, Json::Object(_)) {
        let expected = "an object with `resourceMetrics`";
        return Err(DecodeError::malformed(body, 0, expected));
    }
    Ok(request)
}

pub(super) fn resources<'v, 'a>(request: &'v Json<'a>) -> Vec<(Resource, &'v Json<'a>)> {
    let limits = Limits::default();
    let labelled = |metrics: &'v Json<'a>| {
        let mut attributes = Attributes::default();
        if let Some(resource) = metrics.get("resource") {
            attributes_of(resource, &mut attributes, &limits);
        }
        (Resource::of(&attributes), metrics)
    };
    list(request, "resourceMetrics")
        .iter()
        .map(labelled)
        .collect()
}

pub(super) fn scopes(resource: &Json<'_>, emitter: &mut Emitter<'_>) {
    for scope_metrics in list(resource, "scopeMetrics") {
        let name = scope_metrics
            .get("scope")
            .and_then(|scope| scope.get("name"));
        emitter.scope(name.and_then(Json::text).unwrap_or_default());
        for value in list(scope_metrics, "metrics") {
            metric(value, emitter);
        }
    }
}

fn metric(value: &Json<'_>, emitter: &mut Emitter<'_>) {
    let text = |key: &str| {
        let bytes = value.get(key).and_then(Json::text).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    type Read = fn(&Json<'_>) -> Result<Point, Fault>;
    let kinds: [(&str, Shape, Read); 5] = [
        ("gauge", Shape::Gauge, number),
        (
            "sum",
            Shape::Sum {
                is_monotonic: false,
            },
            number,
        ),
        ("histogram", Shape::Histogram, histogram),
        ("exponentialHistogram", Shape::Histogram, exponential),
        ("summary", Shape::Summary, summary),
    ];
    for (key, mut shape, read) in kinds {
        let Some(data) = value.get(key) else {
            continue;
        };
        if let Shape::Sum { is_monotonic } = &mut shape {
            *is_monotonic = data.get("isMonotonic") == Some(&Json::Bool(true));
        }
        let family = Family {
            name: text("name"),
            unit: text("unit"),
            shape,
            temporality: temporality(data),
        };
        emitter.family(&family);
        let mut attributes = Attributes::default();
        for value in list(data, "dataPoints") {
            attributes.clear();
            attributes_of(value, &mut attributes, &emitter.limits);
            match read(value) {
                Ok(point) => emitter.point(&family, &attributes, point),
                Err((field, expected)) => {
                    let detail = format!("`{field}` of the data point cannot be read");
                    emitter.reject(expected.into(), detail);
                }
            }
        }
    }
}

/// A number by the protocol; some write the name.
fn temporality(data: &Json<'_>) -> Temporality {
    match data.get("aggregationTemporality") {
        Some(Json::Number(digits)) => Temporality::from_number(digits.parse().unwrap_or(0)),
        Some(Json::Text(name)) if name.ends_with(b"DELTA") => Temporality::Delta,
        Some(Json::Text(name)) if name.ends_with(b"CUMULATIVE") => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    }
}

/// The digits or text of a value that is a number.
fn digits<'v>(value: &'v Json<'_>) -> Option<&'v str> {
    match value {
        Json::Number(digits) => Some(digits),
        Json::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

/// A whole number; the default if it is missing.
fn whole<T: std::str::FromStr + Default>(value: &Json<'_>, key: &'static str) -> Result<T, Fault> {
    match value.get(key) {
        None | Some(Json::Null) => Ok(T::default()),
        Some(value) => digits(value)
            .and_then(|digits| digits.parse().ok())
            .ok_or((key, WHOLE)),
    }
}

/// A number, with `NaN`, `Infinity` and `-Infinity` as text.
fn float(value: &Json<'_>) -> Option<f64> {
    digits(value)?.parse().ok()
}

/// A member that is a number; none if it is missing.
fn member(value: &Json<'_>, key: &'static str) -> Result<Option<f64>, Fault> {
    match value.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => float(value).map(Some).ok_or((key, NUMBER)),
    }
}

/// Times and flags, which all points have.
fn timed(value: &Json<'_>, of: Value) -> Result<Point, Fault> {
    Ok(Point {
        start_nanos: whole(value, "startTimeUnixNano")?,
        time_nanos: whole(value, "timeUnixNano")?,
        flags: whole(value, "flags")?,
        value: of,
    })
}

fn number(value: &Json<'_>) -> Result<Point, Fault> {
    let double = member(value, "asDouble")?;
    let int = member(value, "asInt")?;
    let number = double.or(int).map_or(Value::None, Value::Number);
    timed(value, number)
}

/// Whole numbers of an array.
fn counts(value: &Json<'_>, key: &'static str) -> Result<Vec<u64>, Fault> {
    let count = |item: &Json<'_>| digits(item)?.parse().ok();
    let counts = list(value, key).iter().map(count);
    counts.collect::<Option<_>>().ok_or((key, WHOLE))
}

fn histogram(value: &Json<'_>) -> Result<Point, Fault> {
    let bounds = list(value, "explicitBounds").iter().map(float);
    let bounds = bounds.collect::<Option<_>>();
    let histogram = Histogram {
        count: whole(value, "count")?,
        sum: member(value, "sum")?,
        bounds: bounds.ok_or(("explicitBounds", NUMBER))?,
        counts: counts(value, "bucketCounts")?,
    };
    timed(value, Value::Histogram(histogram))
}

fn exponential(value: &Json<'_>) -> Result<Point, Fault> {
    let buckets = |key: &str| -> Result<Buckets, Fault> {
        let Some(buckets) = value.get(key) else {
            return Ok(Buckets::default());
        };
        Ok(Buckets {
            offset: whole(buckets, "offset")?,
            counts: counts(buckets, "bucketCounts")?,
        })
    };
    let exponential = Exponential {
        count: whole(value, "count")?,
        sum: member(value, "sum")?,
        scale: whole(value, "scale")?,
        zero_count: whole(value, "zeroCount")?,
        zero_threshold: member(value, "zeroThreshold")?.unwrap_or(0.0),
        positive: buckets("positive")?,
        negative: buckets("negative")?,
    };
    timed(value, Value::Exponential(exponential))
}

fn summary(value: &Json<'_>) -> Result<Point, Fault> {
    let mut summary = Summary {
        count: whole(value, "count")?,
        sum: member(value, "sum")?.unwrap_or(0.0),
        quantiles: Vec::new(),
    };
    for item in list(value, "quantileValues") {
        let quantile = member(item, "quantile")?.unwrap_or(0.0);
        let value = member(item, "value")?.unwrap_or(0.0);
        summary.quantiles.push((quantile, value));
    }
    timed(value, Value::Summary(summary))
}
