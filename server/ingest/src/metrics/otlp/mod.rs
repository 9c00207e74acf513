//! OTLP/HTTP metrics, `POST /v1/metrics`, in protobuf and JSON.
//!
//! Names, units and labels follow the specification's "Prometheus and OpenMetrics Compatibility":
//! `http.server.duration` in `ms` is `http_server_duration_milliseconds`, a monotonic sum ends in
//! `_total`, histograms become `_bucket`, `_sum` and `_count`. `service.namespace/service.name` is
//! the label `job`, `service.instance.id` is `instance`, `host.name` is `host` on every series, so
//! that metrics and logs of a host meet; all other resource attributes are on `target_info`. The
//! name of the scope is the label `otel_scope_name`; its version is left out, since each release
//! of a library would begin all its series anew. Deltas become running totals ([`DeltaTotals`]).
//! The source is `otlp:<service.name>`.

mod delta;
mod emit;
mod exponential;
mod json;
mod naming;
mod point;
mod protobuf;
mod resource;
#[cfg(test)]
mod tests;

pub use delta::DeltaTotals;

use self::emit::Emitter;
use self::resource::Resource;
use super::{MetricCollector, MetricContext, MetricDecoded};
use crate::decoded::{ERRORS_MAX, ItemError};
use crate::error::DecodeError;
use crate::json::Json;
use crate::otlp::{Answer, OtlpEncoding, answered};

/// Decodes an `ExportMetricsServiceRequest`, decompressed. In what comes out, `rejected` counts
/// data points as OTLP has them, a histogram as one; `accepted` counts points of series.
///
/// # Errors
/// [`DecodeError::Malformed`] if the message as a whole cannot be read.
pub fn decode(
    body: &[u8],
    encoding: OtlpEncoding,
    deltas: &DeltaTotals,
    context: &mut MetricContext<'_>,
) -> Result<MetricDecoded, DecodeError> {
    let mut all = MetricDecoded::default();
    match encoding {
        OtlpEncoding::Protobuf => {
            let resources = protobuf::resources(body, &mut all)?;
            by_source(resources, deltas, context, &mut all, |scopes, emitter| {
                protobuf::scopes(scopes, emitter);
            });
        }
        OtlpEncoding::Json => {
            let request = json::request(body)?;
            let resources = json::resources(&request);
            by_source(resources, deltas, context, &mut all, |resource, emitter| {
                json::scopes(resource, emitter);
            });
        }
    }
    Ok(all)
}

/// The answer to a request whose points, but for those rejected, are durable (200).
#[must_use]
pub fn accepted(decoded: &MetricDecoded, encoding: OtlpEncoding) -> Answer {
    let rejected = ("rejectedDataPoints", decoded.rejected);
    answered(rejected, decoded.errors.first(), encoding)
}

/// Reads resources one after another, those of a source that follow each other together.
fn by_source<R>(
    resources: Vec<(Resource, R)>,
    deltas: &DeltaTotals,
    context: &mut MetricContext<'_>,
    all: &mut MetricDecoded,
    read: impl Fn(&R, &mut Emitter<'_>),
) {
    let mut items = 0;
    for group in resources.chunk_by(|one, two| one.0.source() == two.0.source()) {
        let source = group[0].0.source();
        let mut own = MetricContext {
            now: context.now,
            random: &mut *context.random,
            limits: context.limits,
            registry: context.registry,
            source: &source,
        };
        let mut emitter = Emitter::new(MetricCollector::new(&mut own), deltas, items);
        for (resource, scopes) in group {
            emitter.resource(resource.clone());
            read(scopes, &mut emitter);
            emitter.resource_done();
        }
        items = emitter.items();
        absorb(all, emitter.finish());
    }
}

fn absorb(all: &mut MetricDecoded, part: MetricDecoded) {
    all.batches.extend(part.batches);
    all.accepted += part.accepted;
    all.rejected += part.rejected;
    all.skipped += part.skipped;
    let room = ERRORS_MAX.saturating_sub(all.errors.len());
    all.errors.extend(part.errors.into_iter().take(room));
    all.claims.now_secs = part.claims.now_secs;
    all.claims.series.extend(part.claims.series);
}

/// Notes that a part of the request is damaged; how many points it had cannot be known.
fn damaged(all: &mut MetricDecoded, expected: String, at: usize) {
    all.rejected += 1;
    if all.errors.len() < ERRORS_MAX {
        all.errors.push(ItemError {
            item: 0,
            field: None,
            expected,
            detail: format!("it is damaged at its byte {at}"),
        });
    }
}

/// The members of an array; none if it is missing or another kind.
fn list<'v, 'a>(value: &'v Json<'a>, key: &str) -> &'v [Json<'a>] {
    match value.get(key) {
        Some(Json::Array(items)) => items,
        _ => &[],
    }
}
