//! One function for each protocol: takes any bytes and must not panic, and what it gives must hold
//! together. Run by `tests/fuzz` with a plain compiler and by cargo-fuzz with nightly.

#![allow(
    dead_code,
    reason = "each target of cargo-fuzz uses one of these functions"
)]

use tocsin_domain::{LogBatch, MetricBatch, Timestamp};
use tocsin_ingest::decompress::{Encoding, decompress};
use tocsin_ingest::loki::LokiEncoding;
use tocsin_ingest::metrics::exposition::{Dialect, parse};
use tocsin_ingest::metrics::influx::{self, InfluxOptions};
use tocsin_ingest::metrics::otlp::{DeltaTotals, accepted, decode};
use tocsin_ingest::metrics::remote_write::{self, RemoteWriteVersion};
use tocsin_ingest::metrics::{
    MetricContext, MetricDecoded, MetricLimits, SeriesRegistry, telegraf,
};
use tocsin_ingest::otlp::OtlpEncoding;
use tocsin_ingest::syslog::{Framer, Received};
use tocsin_ingest::{
    Context, Decoded, Limits, elasticsearch, import, json_lines, loki, otlp, splunk, syslog,
};

const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

/// Small bounds, so that they are reached.
fn limits() -> Limits {
    Limits {
        inflated_bytes_max: 1 << 20,
        line_bytes_max: 200,
        attributes_max: 8,
        attribute_bytes_max: 50,
        sources_max: 4,
        batch_records_max: 5,
        ..Limits::default()
    }
}

fn with_context<T>(run: impl FnOnce(&mut Context<'_>) -> T) -> T {
    let limits = limits();
    let mut random = || [7; 10];
    run(&mut Context::new(NOW, &mut random, &limits))
}

fn check(decoded: &Decoded) {
    let held: usize = decoded
        .batches
        .iter()
        .map(|batch| batch.records.len())
        .sum();
    assert_eq!(held, decoded.accepted);
    assert!(decoded.errors.len() <= decoded.rejected);
    for batch in &decoded.batches {
        check_batch(batch);
    }
}

fn check_batch(batch: &LogBatch) {
    assert!(batch.validate());
    for record in &batch.records {
        assert!(batch.body(record).len() <= limits().line_bytes_max);
        assert!(record.timestamp.0 <= NOW.0 + 86_400_000_000_000);
        for (_, _, value) in batch.attributes(record) {
            assert!(std::str::from_utf8(value).is_ok());
        }
    }
}

/// NDJSON and JSON arrays.
pub(crate) fn json_lines(bytes: &[u8]) {
    check(&with_context(|context| json_lines::decode(bytes, context)));
}

/// OTLP in protobuf.
pub(crate) fn otlp_protobuf(bytes: &[u8]) {
    otlp(bytes, OtlpEncoding::Protobuf);
}

/// OTLP in JSON.
pub(crate) fn otlp_json(bytes: &[u8]) {
    otlp(bytes, OtlpEncoding::Json);
}

fn otlp(bytes: &[u8], encoding: OtlpEncoding) {
    if let Ok(decoded) = with_context(|context| otlp::decode(bytes, encoding, context)) {
        check(&decoded);
        let _ = otlp::accepted(&decoded, encoding);
    }
}

/// Loki's push in JSON.
pub(crate) fn loki_json(bytes: &[u8]) {
    if let Ok(decoded) = with_context(|context| loki::decode(bytes, LokiEncoding::Json, context)) {
        check(&decoded);
    }
}

/// Loki's push in protobuf, as sent.
pub(crate) fn loki_protobuf(bytes: &[u8]) {
    let encoding = LokiEncoding::Protobuf;
    if let Ok(decoded) = with_context(|context| loki::decode(bytes, encoding, context)) {
        check(&decoded);
    }
}

/// Elasticsearch's bulk.
pub(crate) fn elasticsearch(bytes: &[u8]) {
    if let Ok(bulk) = with_context(|context| elasticsearch::decode(bytes, "logs", context)) {
        check(&bulk.decoded);
        let taken = bulk
            .items
            .iter()
            .filter(|item| item.error.is_none())
            .count();
        assert!(taken >= bulk.decoded.accepted);
        let _ = elasticsearch::answer(&bulk, 1, &mut || "id".into());
    }
}

/// Splunk's events and raw lines.
pub(crate) fn splunk(bytes: &[u8]) {
    let decoded = with_context(|context| splunk::decode_events(bytes, context));
    check(&decoded.decoded);
    let _ = decoded.answer();
    check(&with_context(|context| splunk::decode_raw(bytes, &[], context)).decoded);
}

/// Syslog over TCP, cut in two places.
pub(crate) fn syslog(bytes: &[u8]) {
    let mut framer = Framer::new(100);
    let mut frames: Vec<(Vec<u8>, bool)> = Vec::new();
    let half = bytes.len() / 2;
    for part in [&bytes[..half], &bytes[half..], b""] {
        if part.is_empty() {
            framer.end();
        }
        framer.push(part);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => frames.push((frame.message.to_vec(), frame.is_cut)),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    let received = frames.iter().map(|(message, is_cut)| Received {
        message,
        is_cut: *is_cut,
        peer: "10.0.0.1",
    });
    check(&with_context(|context| syslog::decode(received, context)));
}

/// Files: lines, records of several lines, times and severities.
pub(crate) fn lines(bytes: &[u8]) {
    let Ok(mut lines) = import::lines(bytes) else {
        return;
    };
    let mut learner = tocsin_ingest::timestamp::Learner::new(0);
    while let Ok(Some(line)) = lines.next_line() {
        let found = learner.find(line.bytes(), NOW);
        let _ = tocsin_ingest::severity::find(&line.bytes()[found.end..]);
    }
}

/// Compressed bodies.
pub(crate) fn decompress_all(bytes: &[u8]) {
    for encoding in [
        Encoding::Gzip,
        Encoding::Deflate,
        Encoding::Zstd,
        Encoding::Snappy,
    ] {
        if let Ok(inflated) = decompress(bytes, encoding, &limits()) {
            assert!(inflated.len() <= limits().inflated_bytes_max);
        }
    }
}

/// Runs a decoder of metrics with small bounds, and checks what it gives.
fn with_metrics<E>(run: impl FnOnce(&mut MetricContext<'_>) -> Result<MetricDecoded, E>) {
    let limits = MetricLimits {
        series_per_source_max: 20,
        batch_points_max: 5,
        ..MetricLimits::default()
    };
    let registry = SeriesRegistry::new(&limits);
    let mut random = || [7; 10];
    let mut context = MetricContext {
        now: NOW,
        random: &mut random,
        limits: &limits,
        registry: &registry,
        source: "fuzz",
    };
    if let Ok(decoded) = run(&mut context) {
        assert!(decoded.batches.iter().all(MetricBatch::validate));
        let held: usize = decoded.batches.iter().map(MetricBatch::len).sum();
        assert_eq!(held, decoded.accepted);
        registry.confirm(&decoded.claims);
    }
}

/// OTLP metrics in protobuf; twice, for the running totals.
pub(crate) fn otlp_metrics_protobuf(bytes: &[u8]) {
    otlp_metrics(bytes, OtlpEncoding::Protobuf);
}

/// OTLP metrics in JSON.
pub(crate) fn otlp_metrics_json(bytes: &[u8]) {
    otlp_metrics(bytes, OtlpEncoding::Json);
}

fn otlp_metrics(bytes: &[u8], encoding: OtlpEncoding) {
    let deltas = DeltaTotals::new(10);
    for _ in 0..2 {
        with_metrics(|context| {
            let decoded = decode(bytes, encoding, &deltas, context);
            decoded.inspect(|decoded| drop(accepted(decoded, encoding)))
        });
    }
}

/// Line protocol; three times, since lines that came before go another way.
pub(crate) fn influx(bytes: &[u8]) {
    thrice(|context| influx::decode(bytes, &InfluxOptions::default(), context));
}

/// Telegraf's JSON.
pub(crate) fn telegraf(bytes: &[u8]) {
    thrice(|context| telegraf::decode(bytes, &InfluxOptions::default(), context));
}

/// Remote write of both versions, decompressed.
pub(crate) fn remote_write(bytes: &[u8]) {
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        thrice(|context| remote_write::decode(bytes, version, context).unwrap_or_default());
    }
}

/// Whether series are known makes no difference to what is taken.
fn thrice(mut run: impl FnMut(&mut MetricContext<'_>) -> MetricDecoded) {
    with_metrics(|context| {
        let mut decoded = run(context);
        for _ in 0..2 {
            context.registry.confirm(&decoded.claims);
            let again = run(context);
            assert_eq!(again.accepted, decoded.accepted);
            assert_eq!(again.rejected, decoded.rejected);
            assert_eq!(again.skipped, decoded.skipped);
            assert_eq!(again.errors, decoded.errors);
            decoded = again;
        }
        Ok::<_, ()>(decoded)
    });
}

/// What targets expose.
pub(crate) fn exposition(bytes: &[u8]) {
    for dialect in [Dialect::Text, Dialect::OpenMetrics] {
        let mut samples = 0;
        let read = parse(bytes, dialect, &mut |sample| {
            samples += 1;
            assert!(!sample.labels[0].1.is_empty());
        });
        assert_eq!(samples, read.samples);
        assert!(read.errors.len() <= read.rejected);
    }
}
