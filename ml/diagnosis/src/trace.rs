//! Spans of traces, from trees as text and from JSON (Jaeger, OpenTelemetry, Zipkin): which of them took the time
//! itself, and which failed first.

use std::collections::HashMap;

use regex::Regex;

use crate::document::LineRef;
use crate::fields::Field;

/// The most spans that are read.
const SPANS_MAX: usize = 20_000;

/// A span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) total_ms: f64,
    /// What is left of it without the spans below it.
    pub(crate) own_ms: f64,
    /// How long it took, as it is written, with its unit.
    pub(crate) duration: String,
    pub(crate) is_error: bool,
    /// The statement, address or message that tells most.
    pub(crate) detail: Option<(String, LineRef)>,
    pub(crate) place: LineRef,
    /// The place of the span around it among all spans.
    pub(crate) parent: Option<usize>,
}

/// Reads trees of spans.
#[derive(Debug)]
pub(crate) struct TraceReader {
    span: Regex,
    detail: Regex,
    failed: Regex,
}

impl TraceReader {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            span: Regex::new(
                r"^(?P<lead>[\s│├└─┬|`+\\-]*)(?P<name>[^\s│├└─].*?)\s+\((?P<service>[\w./:@-]+)\)\s*[-–:|]?\s*(?P<n>\d+(?:\.\d+)?)\s?(?P<u>ns|us|µs|μs|ms|s|m)\b",
            )?,
            detail: Regex::new(
                r"(?:db\.statement|db\.query\.text|statement|exception\.message|error\.message|downstream_url|peer\.service|http\.url|url\.full)\s*[:=]\s*(?P<v>\S.*)$",
            )?,
            failed: Regex::new(
                r#"(?i)(?:\berror\s*[:=]\s*"?'?true|status(?:\.code|_code)?\s*[:=]\s*"?'?(?:ERROR|STATUS_CODE_ERROR)|http\.(?:response\.)?status_code\s*[:=]\s*"?'?5\d\d|exception\.(?:type|message)\s*[:=])"#,
            )?,
        })
    }

    /// The spans of a tree as text.
    pub(crate) fn tree<'a>(
        &self,
        lines: impl Iterator<Item = (usize, &'a str)>,
        document: usize,
    ) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (at, line) in lines {
            let place = LineRef {
                document,
                line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            };
            if let Some((indent, mut span)) = self.span_of(line, place) {
                if spans.len() >= SPANS_MAX {
                    break;
                }
                open.retain(|(outer, _)| *outer < indent);
                span.parent = open.last().map(|(_, parent)| *parent);
                open.push((indent, spans.len()));
                spans.push(span);
                continue;
            }
            let Some(span) = spans.last_mut() else {
                continue;
            };
            span.is_error |= self.failed.is_match(line);
            if let Some(detail) = self.detail.captures(line).and_then(|found| found.name("v")) {
                let is_better =
                    span.detail.is_none() || line.contains("db.") || line.contains("exception");
                if is_better {
                    span.detail = Some((detail.as_str().trim().to_owned(), place));
                }
            }
        }
        with_own_time(spans)
    }

    fn span_of(&self, line: &str, place: LineRef) -> Option<(usize, Span)> {
        let found = self.span.captures(line)?;
        let part = |name: &str| found.name(name).map(|m| m.as_str());
        let (number, unit) = (part("n")?, part("u")?);
        let total_ms = in_ms(number.parse().ok()?, unit)?;
        Some((
            part("lead")?.chars().count(),
            Span {
                name: part("name")?.trim().to_owned(),
                service: part("service")?.to_owned(),
                total_ms,
                own_ms: total_ms,
                duration: format!("{number} {unit}"),
                is_error: false,
                detail: None,
                place,
                parent: None,
            },
        ))
    }
}

fn in_ms(value: f64, unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => value / 1e6,
        "us" | "µs" | "μs" => value / 1e3,
        "ms" => value,
        "s" => value * 1e3,
        "m" => value * 6e4,
        _ => return None,
    })
}

/// What is known of an object that may be a span.
#[derive(Debug, Default)]
struct Draft<'f> {
    id: &'f str,
    parent: &'f str,
    name: &'f str,
    service: &'f str,
    duration: Option<(f64, &'static str, &'f str)>,
    start: Option<f64>,
    end: Option<f64>,
    is_error: bool,
    detail: Option<(String, LineRef)>,
    place: Option<LineRef>,
}

/// The spans among the fields of a JSON text.
pub(crate) fn of_fields(fields: &[Field]) -> Vec<Span> {
    let is_trace = fields.iter().any(|field| {
        matches!(
            field.plain_key().as_str(),
            "spanid" | "parentspanid" | "traceid" | "parentid"
        )
    });
    if !is_trace {
        return Vec::new();
    }
    let values: HashMap<&[String], &str> = fields
        .iter()
        .map(|field| (field.path.as_slice(), field.value.as_str()))
        .collect();
    let services = services(fields, &values);
    let mut order: Vec<&[String]> = Vec::new();
    let mut drafts: HashMap<&[String], Draft> = HashMap::new();
    for field in fields {
        let Some(owner) = owner(field) else { continue };
        let draft = drafts.entry(owner).or_insert_with(|| {
            order.push(owner);
            Draft::default()
        });
        add(draft, field, &values);
    }
    let mut spans = Vec::new();
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut parents: Vec<&str> = Vec::new();
    for owner in order {
        let Some(draft) = drafts.remove(owner) else {
            continue;
        };
        if let Some(mut span) = finished(&draft)
            && spans.len() < SPANS_MAX
        {
            if span.service.is_empty() {
                span.service = service_around(owner, &services).unwrap_or_default();
            } else if let Some(name) = services
                .iter()
                .find(|(path, _)| path.last().is_some_and(|last| *last == span.service))
            {
                span.service.clone_from(&name.1);
            }
            ids.insert(draft.id, spans.len());
            parents.push(draft.parent);
            spans.push(span);
        }
    }
    for (span, parent) in spans.iter_mut().zip(parents) {
        span.parent = (!parent.is_empty())
            .then(|| ids.get(parent).copied())
            .flatten();
    }
    with_own_time(spans)
}

/// The object that a field speaks of: the one around it, past the lists of tags, references and the like.
fn owner(field: &Field) -> Option<&[String]> {
    let at = field.path.iter().position(|part| {
        matches!(
            part.as_str(),
            "references"
                | "tags"
                | "attributes"
                | "status"
                | "localEndpoint"
                | "process"
                | "logs"
                | "events"
        )
    });
    match at {
        Some(at) => field.path.get(..at),
        None => field.path.split_last().map(|(_, owner)| owner),
    }
}

fn add<'f>(draft: &mut Draft<'f>, field: &'f Field, values: &HashMap<&[String], &'f str>) {
    let value = field.value.as_str();
    let number = || {
        value
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    match field.plain_key().as_str() {
        "spanid" | "id" if field.is_under("references") => draft.parent = value,
        "spanid" | "id" => {
            draft.id = value;
            draft.place.get_or_insert(field.place);
        }
        "parentspanid" | "parentid" | "parent" => draft.parent = value,
        "operationname" | "spanname" | "name" | "operation"
            if !field.is_under("events") && !field.is_under("process") && draft.name.is_empty() =>
        {
            draft.name = value;
            draft.place = Some(field.place);
        }
        "servicename" | "service" | "processid" if draft.service.is_empty() => {
            draft.service = value
        }
        "duration" | "durationmicros" | "durationus" => {
            draft.duration =
                number().map(|n| (n, if value.contains('.') { "ms" } else { "µs" }, value));
        }
        "durationms" | "durationmillis" | "durationmilliseconds" => {
            draft.duration = number().map(|n| (n, "ms", value));
        }
        "durationns" | "durationnanos" | "durationnano" => {
            draft.duration = number().map(|n| (n, "ns", value));
        }
        "starttimeunixnano" => draft.start = number(),
        "endtimeunixnano" => draft.end = number(),
        "code" if field.is_under("status") => {
            draft.is_error |= matches!(value, "2" | "ERROR" | "STATUS_CODE_ERROR");
        }
        "key" => tag(draft, field, values),
        key => plain_tag(draft, key, field),
    }
}

/// A tag that is written as `{"key": …, "value": …}`.
fn tag<'f>(draft: &mut Draft<'f>, field: &'f Field, values: &HashMap<&[String], &'f str>) {
    let Some((_, around)) = field.path.split_last() else {
        return;
    };
    let value = [
        "value",
        "value/stringValue",
        "value/intValue",
        "value/boolValue",
    ]
    .iter()
    .find_map(|name| {
        let path: Vec<String> = around
            .iter()
            .cloned()
            .chain(name.split('/').map(str::to_owned))
            .collect();
        values.get(path.as_slice()).copied()
    });
    let Some(value) = value else { return };
    set_tag(draft, &field.value, value, field.place);
}

fn plain_tag<'f>(draft: &mut Draft<'f>, key: &str, field: &'f Field) {
    if field.is_under("tags") || field.is_under("attributes") || key == "error" {
        set_tag(draft, field.key(), &field.value, field.place);
    }
}

fn set_tag<'f>(draft: &mut Draft<'f>, key: &str, value: &'f str, place: LineRef) {
    match key {
        "error" => draft.is_error |= !matches!(value, "false" | "null" | "" | "0"),
        "otel.status_code" | "status.code" => draft.is_error |= value == "ERROR",
        "http.status_code" | "http.response.status_code" => {
            draft.is_error |= value.starts_with('5')
        }
        "db.statement" | "db.query.text" | "exception.message" | "error.message" => {
            draft.detail = Some((value.to_owned(), place));
        }
        "http.url" | "peer.service" | "url.full" if draft.detail.is_none() => {
            draft.detail = Some((value.to_owned(), place));
        }
        "service.name" if draft.service.is_empty() => draft.service = value,
        _ => {}
    }
}

fn finished(draft: &Draft<'_>) -> Option<Span> {
    let place = draft.place?;
    if draft.name.is_empty() || (draft.id.is_empty() && draft.parent.is_empty()) {
        return None;
    }
    let (total_ms, duration) = match (draft.duration, draft.start, draft.end) {
        (Some((number, unit, text)), _, _) => (in_ms(number, unit)?, format!("{text} {unit}")),
        (None, Some(start), Some(end)) if end >= start => ((end - start) / 1e6, String::new()),
        _ => return None,
    };
    Some(Span {
        name: draft.name.to_owned(),
        service: draft.service.to_owned(),
        total_ms,
        own_ms: total_ms,
        duration,
        is_error: draft.is_error,
        detail: draft.detail.clone(),
        place,
        parent: None,
    })
}

/// Services by the path they are told for: of processes (Jaeger) and of resources (OpenTelemetry).
fn services<'f>(
    fields: &'f [Field],
    values: &HashMap<&[String], &'f str>,
) -> Vec<(&'f [String], String)> {
    let mut services = Vec::new();
    for field in fields {
        let Some((_, owner)) = field.path.split_last() else {
            continue;
        };
        if field.plain_key() == "servicename" && field.is_under("processes") {
            services.push((owner, field.value.clone()));
        }
        if field.plain_key() == "key" && field.value == "service.name" {
            let path: Vec<String> = owner
                .iter()
                .cloned()
                .chain(["value".to_owned(), "stringValue".to_owned()])
                .collect();
            let at = owner.iter().position(|part| part == "resource");
            if let (Some(at), Some(value)) = (at, values.get(path.as_slice())) {
                services.push((owner.get(..at).unwrap_or_default(), (*value).to_owned()));
            }
        }
    }
    services
}

fn service_around(owner: &[String], services: &[(&[String], String)]) -> Option<String> {
    services
        .iter()
        .filter(|(path, _)| !path.is_empty() && owner.starts_with(path))
        .max_by_key(|(path, _)| path.len())
        .map(|(_, name)| name.clone())
}

/// Takes from each span the time of the spans right below it.
fn with_own_time(mut spans: Vec<Span>) -> Vec<Span> {
    for at in 0..spans.len() {
        let Some((parent, total)) = spans
            .get(at)
            .and_then(|span| Some((span.parent?, span.total_ms)))
        else {
            continue;
        };
        if let Some(parent) = spans.get_mut(parent) {
            parent.own_ms = (parent.own_ms - total).max(0.0);
        }
    }
    spans
}

/// The span of the longest own time of all, if there is one that matters: its own time is most of its trace, or at
/// least a fifth of it and more than that of any other.
pub(crate) fn slowest(spans: &[Span]) -> Option<(&Span, &Span)> {
    let slow = spans.iter().max_by(|a, b| a.own_ms.total_cmp(&b.own_ms))?;
    let mut root = slow;
    let mut hops = 0;
    while let Some(parent) = root.parent.and_then(|parent| spans.get(parent)) {
        root = parent;
        hops += 1;
        if hops > spans.len() {
            break;
        }
    }
    (slow.own_ms >= root.total_ms * 0.2 && slow.own_ms > 0.0).then_some((slow, root))
}

/// The deepest spans that failed: none of the spans below them did.
pub(crate) fn first_failed(spans: &[Span]) -> Vec<&Span> {
    let has_failed_below: Vec<usize> = spans
        .iter()
        .filter(|span| span.is_error)
        .filter_map(|span| span.parent)
        .collect();
    spans
        .iter()
        .enumerate()
        .filter(|(at, span)| span.is_error && !has_failed_below.contains(at))
        .map(|(_, span)| span)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn the_slow_span_of_a_tree_is_the_one_whose_time_is_its_own() {
        let text = "├─ GET /pay (shop) - 900.5ms (span_id=1)\n  │  Attributes:\n  ├─ call (shop) - 880ms\n    ├─ select (bank) - 850ms\n    │    db.statement: SELECT 1\n  ├─ log (shop) - 10ms\n";
        let spans = TraceReader::new()
            .unwrap()
            .tree(text.lines().enumerate(), 0);
        assert_eq!(spans.len(), 4);
        let (slow, root) = slowest(&spans).unwrap();
        assert_eq!(
            (
                slow.name.as_str(),
                slow.service.as_str(),
                slow.duration.as_str()
            ),
            ("select", "bank", "850 ms")
        );
        assert_eq!(root.name, "GET /pay");
        assert_eq!(slow.detail.as_ref().unwrap().0, "SELECT 1");
        assert!((spans[0].own_ms - 10.5).abs() < 1e-9);
    }

    #[test]
    fn spans_of_jaeger_have_services_parents_and_failures() {
        let text = r#"{"data":[{"traceID":"t","spans":[
            {"spanID":"a","operationName":"GET /","duration":900000,"processID":"p1","references":[],"tags":[{"key":"error","value":true}]},
            {"spanID":"b","operationName":"query","duration":850000,"processID":"p2","references":[{"refType":"CHILD_OF","spanID":"a"}],
             "tags":[{"key":"db.statement","value":"SELECT 1"},{"key":"error","value":true}]}],
            "processes":{"p1":{"serviceName":"shop"},"p2":{"serviceName":"bank"}}}]}"#;
        let spans = of_fields(&json::read(text, 0, 1));
        let (slow, root) = slowest(&spans).unwrap();
        assert_eq!(
            (
                slow.service.as_str(),
                slow.duration.as_str(),
                root.service.as_str()
            ),
            ("bank", "850000 µs", "shop")
        );
        let failed: Vec<_> = first_failed(&spans)
            .iter()
            .map(|span| span.name.as_str())
            .collect();
        assert_eq!(failed, ["query"]);
    }

    #[test]
    fn spans_of_opentelemetry_have_the_service_of_their_resource() {
        let text = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bank"}}]},
            "scopeSpans":[{"spans":[{"traceId":"t","spanId":"x","parentSpanId":"","name":"q","startTimeUnixNano":"1000000000","endTimeUnixNano":"3000000000","status":{"code":2}}]}]}]}"#;
        let spans = of_fields(&json::read(text, 0, 1));
        assert_eq!(spans.len(), 1);
        assert_eq!(
            (
                spans[0].service.as_str(),
                spans[0].total_ms,
                spans[0].is_error
            ),
            ("bank", 2000.0, true)
        );
    }

    #[test]
    fn json_without_spans_has_none() {
        assert_eq!(
            of_fields(&json::read(r#"{"name":"x","id":1,"duration":5}"#, 0, 1)),
            []
        );
    }
}
