//! Spans of traces, from trees as text and from JSON: which of them took the time itself, and which failed first.

mod objects;

use regex::Regex;

use crate::document::LineRef;

pub(crate) use objects::of_fields;

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
