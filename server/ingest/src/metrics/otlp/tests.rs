//! OTLP metrics decoded from both encodings, recorded from the Python SDK and written by hand.

use proptest::prelude::*;
use tocsin_domain::Timestamp;
use tocsin_domain::metric::{MetricBatch, is_stale};

use super::*;
use crate::metrics::{MetricLimits, SeriesRegistry};
use crate::protobuf::{write_bytes, write_varint};

/// Shortly after the samples were recorded.
const NOW: Timestamp = Timestamp::from_secs(1_795_884_510);
const AT: u64 = 1_795_884_500_000_000_000;

struct Decoder {
    limits: MetricLimits,
    registry: SeriesRegistry,
    deltas: DeltaTotals,
}

impl Decoder {
    fn new() -> Self {
        let limits = MetricLimits::default();
        Self {
            registry: SeriesRegistry::new(&limits),
            limits,
            deltas: DeltaTotals::new(100),
        }
    }

    fn read(&self, body: &[u8], encoding: OtlpEncoding) -> Result<MetricDecoded, DecodeError> {
        let mut random = || [7; 10];
        let mut context = MetricContext {
            now: NOW,
            random: &mut random,
            limits: &self.limits,
            registry: &self.registry,
            source: "otlp",
        };
        let decoded = decode(body, encoding, &self.deltas, &mut context)?;
        assert!(decoded.batches.iter().all(MetricBatch::validate));
        let held: usize = decoded.batches.iter().map(MetricBatch::len).sum();
        assert_eq!(held, decoded.accepted);
        Ok(decoded)
    }

    fn lines(&self, body: &[u8], encoding: OtlpEncoding) -> Vec<String> {
        lines(&self.read(body, encoding).unwrap())
    }
}

/// `series kind value`, sorted; the labels of the resource are left out.
fn lines(decoded: &MetricDecoded) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in &decoded.batches {
        for (series, _, value) in batch.points() {
            let entry = &batch.series[series];
            let labels = batch.labels(entry).unwrap().to_string();
            let value = if is_stale(value) {
                "stale".into()
            } else {
                value.to_string()
            };
            lines.push(format!("{labels} {} {value}", entry.kind.name()));
        }
    }
    lines.sort();
    let own = [
        r#"host="web-07","#,
        r#"instance="i-1","#,
        r#"job="shop/checkout","#,
        r#",otel_scope_name="shop.cart""#,
        r#"otel_scope_name="shop.cart""#,
    ];
    let without = |line: &String| {
        own.iter()
            .fold(line.clone(), |line, own| line.replace(own, ""))
    };
    lines.iter().map(without).collect()
}

const CUMULATIVE: &[u8] =
    include_bytes!("../../../fuzz/corpus/otlp_metrics_protobuf/python_cumulative_1.bin");

#[test]
fn the_python_sdk_is_understood_in_all_kinds() {
    let decoder = Decoder::new();
    let decoded = decoder.read(CUMULATIVE, OtlpEncoding::Protobuf).unwrap();
    assert_eq!((decoded.rejected, &decoded.errors), (0, &vec![]));
    assert_eq!(&*decoded.batches[0].source, "otlp:checkout");
    let lines = lines(&decoded);
    for expected in [
        r#"http_server_requests_total{http_route="/pay",ok="true"} counter 3"#,
        r#"http_server_requests_total{http_route="/cart",ok="true"} counter 2"#,
        "queue_depth{} gauge 3",
        r#"system_cpu_utilization_ratio{cpu="1"} gauge 0.25"#,
        "room_temperature_celsius{} gauge 21.5",
        r#"http_server_duration_milliseconds_bucket{le="10"} counter 1"#,
        r#"http_server_duration_milliseconds_bucket{le="100"} counter 2"#,
        r#"http_server_duration_milliseconds_bucket{le="1000"} counter 3"#,
        r#"http_server_duration_milliseconds_bucket{le="+Inf"} counter 4"#,
        "http_server_duration_milliseconds_sum{} counter 5555",
        "http_server_duration_milliseconds_count{} counter 4",
        r#"payload_size_bytes_bucket{le="0"} counter 1"#,
        r#"payload_size_bytes_bucket{le="1"} counter 2"#,
        r#"payload_size_bytes_bucket{le="4"} counter 5"#,
        r#"payload_size_bytes_bucket{le="1024"} counter 6"#,
        r#"payload_size_bytes_bucket{le="+Inf"} counter 6"#,
        "payload_size_bytes_sum{} counter 1010",
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}\n{lines:#?}"
        );
    }
    let info = r#"target_info{deployment_environment_name="prod",host_name="web-07",job="shop/checkout"} gauge 1"#
        .to_string();
    assert!(lines.contains(&info), "{info}\n{lines:#?}");
}

#[test]
fn both_encodings_give_the_same_points() {
    let json = include_bytes!("../../../fuzz/corpus/otlp_metrics_json/python_cumulative_1.json");
    assert_eq!(
        Decoder::new().lines(json, OtlpEncoding::Json),
        Decoder::new().lines(CUMULATIVE, OtlpEncoding::Protobuf)
    );
}

#[test]
fn deltas_of_the_sdk_add_up_to_what_it_says_cumulatively() {
    let first = include_bytes!("../../../fuzz/corpus/otlp_metrics_protobuf/python_delta_1.bin");
    let second = include_bytes!("../../../fuzz/corpus/otlp_metrics_protobuf/python_delta_2.bin");
    let cumulative =
        include_bytes!("../../../fuzz/corpus/otlp_metrics_protobuf/python_cumulative_2.bin");
    let decoder = Decoder::new();
    decoder.read(first, OtlpEncoding::Protobuf).unwrap();
    let totals = decoder.lines(second, OtlpEncoding::Protobuf);
    let again = decoder.lines(second, OtlpEncoding::Protobuf);
    assert_eq!(totals, again, "a request that comes twice counts once");
    let expected = Decoder::new().lines(cumulative, OtlpEncoding::Protobuf);
    for line in &totals {
        assert!(expected.contains(line), "{line}\n{expected:#?}");
    }
    assert!(totals.contains(
        &r#"http_server_requests_total{http_route="/pay",ok="true"} counter 7"#.to_string()
    ));
    assert!(
        totals.contains(&"payload_size_bytes_sum{} counter 101016".to_string()),
        "{totals:#?}"
    );
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_bytes(number, bytes, &mut out);
    out
}

fn fixed64(number: u32, value: u64) -> Vec<u8> {
    let mut out = vec![(number << 3 | 1) as u8];
    out.extend_from_slice(&value.to_le_bytes());
    out
}

fn varint(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    write_varint(number, value, &mut out);
    out
}

fn attribute(number: u32, key: &str, value: &str) -> Vec<u8> {
    let value = field(2, &field(1, value.as_bytes()));
    field(number, &[field(1, key.as_bytes()), value].concat())
}

/// A request of one metric whose data stand at `kind`.
fn request(name: &str, kind: u32, data: &[u8]) -> Vec<u8> {
    let metric = [field(1, name.as_bytes()), field(kind, data)].concat();
    field(1, &field(2, &field(2, &metric)))
}

#[test]
fn a_summary_has_quantiles_and_a_missing_value_is_the_end_of_a_series() {
    let quantile = [fixed64(1, 0.5f64.to_bits()), fixed64(2, 12.5f64.to_bits())].concat();
    let point = [
        fixed64(3, AT),
        fixed64(4, 7),
        fixed64(5, 70.0f64.to_bits()),
        field(6, &quantile),
    ]
    .concat();
    let decoder = Decoder::new();
    let body = request("rpc.time", 11, &field(1, &point));
    assert_eq!(
        decoder.lines(&body, OtlpEncoding::Protobuf),
        [
            "rpc_time_count counter 7",
            "rpc_time_sum counter 70",
            r#"rpc_time{quantile="0.5"} gauge 12.5"#,
        ]
    );
    let point = [fixed64(3, AT), varint(8, 1)].concat();
    let body = request("temperature", 5, &field(1, &point));
    let lines = decoder.lines(&body, OtlpEncoding::Protobuf);
    assert_eq!(lines, ["temperature gauge stale"]);
}

#[test]
fn labels_that_become_the_same_are_joined_and_reserved_ones_are_ours() {
    let point = [
        fixed64(3, AT),
        attribute(7, "a.b", "1"),
        attribute(7, "a_b", "2"),
        attribute(7, "empty", ""),
        fixed64(4, 1.0f64.to_bits()),
    ]
    .concat();
    let decoder = Decoder::new();
    let lines = decoder.lines(&request("m", 5, &field(1, &point)), OtlpEncoding::Protobuf);
    assert_eq!(lines, [r#"m{a_b="1;2"} gauge 1"#]);
}

#[test]
fn each_service_is_a_source_of_its_own() {
    let point = [fixed64(3, AT), fixed64(4, 1.0f64.to_bits())].concat();
    let valueless = fixed64(3, AT);
    let of = |service: &str| {
        let resource = field(1, &attribute(1, "service.name", service));
        let points = [field(1, &point), field(1, &valueless)].concat();
        let metric = [field(1, b"m"), field(5, &points)].concat();
        let scope = field(2, &field(2, &metric));
        field(1, &[resource, scope].concat())
    };
    let decoder = Decoder::new();
    let body = [of("a"), of("a"), of("b")].concat();
    let decoded = decoder.read(&body, OtlpEncoding::Protobuf).unwrap();
    let sources: std::collections::BTreeSet<_> =
        decoded.batches.iter().map(|batch| &*batch.source).collect();
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        ["otlp:a", "otlp:b"]
    );
    assert_eq!((decoded.accepted, decoded.rejected), (3, 3));
    let items: Vec<_> = decoded.errors.iter().map(|error| error.item).collect();
    assert_eq!(items, [1, 3, 5]);
    assert_eq!(decoder.registry.series_by_source().len(), 2);
    decoder.registry.confirm(&decoded.claims);
    let again = decoder.read(&body, OtlpEncoding::Protobuf).unwrap();
    let labels = again.batches.iter().flat_map(|batch| &batch.series);
    assert!(labels.into_iter().all(|entry| entry.labels.is_empty()));
}

#[test]
fn a_bad_point_costs_only_itself_and_is_told() {
    let good = [fixed64(3, AT), fixed64(4, 1.0f64.to_bits())].concat();
    let valueless = fixed64(3, AT);
    let damaged = vec![0x19, 1, 2];
    let late = [fixed64(3, 1_000), fixed64(4, 1.0f64.to_bits())].concat();
    let data: Vec<u8> = [&good, &valueless, &damaged, &late]
        .iter()
        .flat_map(|point| field(1, point))
        .collect();
    let decoder = Decoder::new();
    let decoded = decoder
        .read(&request("m", 5, &data), OtlpEncoding::Protobuf)
        .unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (1, 3));
    let items: Vec<_> = decoded.errors.iter().map(|error| error.item).collect();
    assert_eq!(items, [1, 2, 3]);
    let answer = accepted(&decoded, OtlpEncoding::Json);
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["partialSuccess"]["rejectedDataPoints"], "3");
    // A sum without a temporality, and a histogram whose counts and bounds do not fit.
    let sum = request("m", 7, &field(1, &good));
    assert_eq!(
        decoder.read(&sum, OtlpEncoding::Protobuf).unwrap().rejected,
        1
    );
    let histogram = [fixed64(3, AT), field(6, &[0; 8]), field(7, &[0; 8])].concat();
    let histogram = request("m", 9, &[field(1, &histogram), varint(2, 2)].concat());
    let decoded = decoder.read(&histogram, OtlpEncoding::Protobuf).unwrap();
    assert!(decoded.errors[0].expected.contains("one more bucket count"));
}

#[test]
fn what_is_no_request_is_refused_and_an_empty_one_is_taken() {
    let decoder = Decoder::new();
    for body in [b"\x0a\xff\xff".as_slice(), b"hello world", &[0x0f]] {
        assert!(
            decoder.read(body, OtlpEncoding::Protobuf).is_err(),
            "{body:?}"
        );
    }
    for body in [b"".as_slice(), b"[]", b"{\"resourceMetrics\":", b"{} x"] {
        assert!(decoder.read(body, OtlpEncoding::Json).is_err(), "{body:?}");
    }
    assert_eq!(
        decoder.read(b"", OtlpEncoding::Protobuf).unwrap().accepted,
        0
    );
    assert_eq!(decoder.read(b"{}", OtlpEncoding::Json).unwrap().accepted, 0);
}

proptest! {
    #[test]
    fn never_panics_on_damaged_requests(at in 0usize..2000, byte in any::<u8>(), cut in 0usize..2000) {
        let delta = include_bytes!("../../../fuzz/corpus/otlp_metrics_protobuf/python_delta_1.bin");
        let json = include_bytes!("../../../fuzz/corpus/otlp_metrics_json/python_cumulative_1.json");
        let decoder = Decoder::new();
        for (whole, encoding) in [
            (CUMULATIVE, OtlpEncoding::Protobuf),
            (delta, OtlpEncoding::Protobuf),
            (json, OtlpEncoding::Json),
        ] {
            let mut body = whole.to_vec();
            let length = body.len();
            body[at % length] = byte;
            let _ = decoder.read(&body, encoding);
            let _ = decoder.read(&body[..cut % length], encoding);
        }
    }
}
