//! Spans in JSON: as Jaeger, OpenTelemetry and Zipkin write them.

use std::collections::HashMap;

use crate::document::LineRef;
use crate::fields::Field;

use super::{SPANS_MAX, Span, in_ms, with_own_time};

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
