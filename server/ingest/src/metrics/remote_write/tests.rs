//! Requests of both versions, built field by field.

use proptest::prelude::*;
use tocsin_domain::metric::STALE_BITS;

use super::super::tests::{NOW, run, texts};
use super::*;
use crate::metrics::{MetricLimits, SeriesRegistry};
use crate::protobuf::{write_bytes, write_varint};

fn message(fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    fill(&mut bytes);
    bytes
}

fn sample_of(at_ms: i64, value: f64) -> Vec<u8> {
    message(|out| {
        out.push(1 << 3 | 1);
        out.extend_from_slice(&value.to_le_bytes());
        write_varint(2, at_ms as u64, out);
    })
}

fn series_v1(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Vec<u8> {
    message(|out| {
        for (name, value) in labels {
            let label = message(|out| {
                write_bytes(1, name.as_bytes(), out);
                write_bytes(2, value.as_bytes(), out);
            });
            write_bytes(1, &label, out);
        }
        for (at, value) in samples {
            write_bytes(2, &sample_of(*at, *value), out);
        }
    })
}

fn take(registry: &SeriesRegistry, body: &[u8], version: RemoteWriteVersion) -> MetricDecoded {
    run(registry, &MetricLimits::default(), |context| {
        decode(body, version, context).unwrap()
    })
}

fn fresh() -> SeriesRegistry {
    SeriesRegistry::new(&MetricLimits::default())
}

#[test]
fn samples_of_1_0_are_taken_and_metadata_says_their_kind() {
    let registry = fresh();
    let metadata = message(|out| {
        let entry = message(|out| {
            write_varint(1, 2, out);
            write_bytes(2, b"up", out);
        });
        write_bytes(3, &entry, out);
    });
    let alone = take(&registry, &metadata, RemoteWriteVersion::V1);
    assert_eq!((alone.accepted, alone.rejected), (0, 0));

    let now = NOW.millis();
    let stale = f64::from_bits(STALE_BITS);
    let labels = [("__name__", "up"), ("instance", "a:9090")];
    let mut one = series_v1(&labels, &[(now - 1000, 1.0), (now, stale)]);
    write_bytes(3, b"exemplar", &mut one);
    write_bytes(4, b"histogram", &mut one);
    let body = message(|out| {
        write_bytes(1, &one, out);
        write_bytes(
            1,
            &series_v1(&[("a", "b")], &[(now, 1.0), (now + 1, 2.0)]),
            out,
        );
        write_bytes(1, b"\x07", out);
    });
    let decoded = take(&registry, &body, RemoteWriteVersion::V1);
    assert_eq!(
        (decoded.accepted, decoded.rejected, decoded.skipped),
        (2, 3, 2)
    );
    let batch = &decoded.batches[0];
    assert_eq!(batch.series[0].kind, MetricKind::Gauge);
    assert_eq!(batch.points_value[1].to_bits(), STALE_BITS);
    let text = format!("up{{instance=\"a:9090\"}} 1@{}", now - 1000);
    assert!(texts(&[&decoded]).contains(&text));

    // Known series go the short way and are of the same kind.
    registry.confirm(&decoded.claims);
    for _ in 0..2 {
        let again = take(&registry, &body, RemoteWriteVersion::V1);
        assert_eq!((again.accepted, again.rejected), (2, 3));
        assert_eq!(again.batches[0].series[0].kind, MetricKind::Gauge);
        assert!(again.batches[0].series[0].labels.is_empty());
    }
}

#[test]
fn samples_of_2_0_have_names_by_number() {
    let now = NOW.millis();
    let one = |refs: &[u8]| {
        message(|out| {
            write_bytes(1, refs, out);
            write_bytes(2, &sample_of(now, 0.5), out);
            write_bytes(5, &message(|out| write_varint(1, 1, out)), out);
            write_varint(6, 1000, out);
        })
    };
    let body = message(|out| {
        write_bytes(5, &one(&[1, 2, 3, 4]), out);
        write_bytes(5, &one(&[1, 2, 3]), out);
        write_bytes(5, &one(&[1, 9]), out);
        // An empty string is a symbol too, and the first.
        out.extend_from_slice(&[4 << 3 | 2, 0]);
        for symbol in ["__name__", "requests", "job", "web"] {
            write_bytes(4, symbol.as_bytes(), out);
        }
    });
    let decoded = take(&fresh(), &body, RemoteWriteVersion::V2);
    assert_eq!((decoded.accepted, decoded.rejected), (1, 2));
    assert_eq!(decoded.batches[0].series[0].kind, MetricKind::Counter);
    assert_eq!(
        texts(&[&decoded]),
        [format!("requests{{job=\"web\"}} 0.5@{now}")]
    );
}

#[test]
fn content_types_name_the_version() {
    let of = RemoteWriteVersion::from_content_type;
    assert_eq!(of("application/x-protobuf"), Some(RemoteWriteVersion::V1));
    let named = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    assert_eq!(of(named), Some(RemoteWriteVersion::V2));
    assert_eq!(
        of("application/x-protobuf; proto=prometheus.WriteRequest"),
        Some(RemoteWriteVersion::V1)
    );
    assert_eq!(
        (of("application/json"), of("application/x-protobuf;proto=x")),
        (None, None)
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
            run(&fresh(), &MetricLimits::default(), |context| {
                decode(&bytes, version, context).unwrap_or_default()
            });
        }
    }
}
