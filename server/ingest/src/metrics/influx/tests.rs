//! What lines become, and that the short way gives what the long way gives.

use proptest::prelude::*;

use super::super::tests::{NOW, run, texts};
use super::*;
use crate::metrics::{MetricLimits, SeriesRegistry};

fn take(registry: &SeriesRegistry, body: &str, precision: Precision) -> MetricDecoded {
    let options = InfluxOptions {
        precision,
        db: String::new(),
    };
    run(registry, &MetricLimits::default(), |context| {
        decode(body.as_bytes(), &options, context)
    })
}

fn fresh() -> SeriesRegistry {
    SeriesRegistry::new(&MetricLimits::default())
}

#[test]
fn fields_become_series_with_the_tags_as_labels() {
    let body = "# a comment\n\
        cpu,host=a\\ b,path=C:\\\\x usage=1.5,n=3i,u=7u,ok=true,s=\"x \\\"y\\\" \n z\" 1795273100000000000\r\n\
        \n   disk\\,1 value=-2e3\n";
    let decoded = take(&fresh(), body, Precision::Nanos);
    assert_eq!(
        (decoded.rejected, decoded.skipped),
        (0, 1),
        "{:?}",
        decoded.errors
    );
    let labels = r#"{host="a b",path="C:\\\\x"}"#;
    let mut expected: Vec<String> = [("usage", "1.5"), ("n", "3"), ("u", "7"), ("ok", "1")]
        .iter()
        .map(|(field, value)| format!("cpu_{field}{labels} {value}@1795273100000"))
        .collect();
    expected.push(format!("disk_1_value -2000@{}", NOW.millis()));
    expected.sort();
    assert_eq!(texts(&[&decoded]), expected);
}

#[test]
fn a_line_that_cannot_be_read_costs_no_other() {
    let body = "cpu\nok a=1\ncpu,host=x\nm a=\nm a=1,b\nm a=1 x\nm a=\"x\nok b=2\n,a=1\nm,=1 a=1\nm,t a=1\nm a=1x";
    let decoded = take(&fresh(), body, Precision::Nanos);
    let found: Vec<_> = decoded
        .errors
        .iter()
        .map(|error| (error.item, error.detail.as_str()))
        .collect();
    let expected = [
        (0, "unable to parse 'cpu': missing fields"),
        (2, "unable to parse 'cpu,host=x': missing fields"),
        (3, "unable to parse 'm a=': missing field value"),
        (4, "unable to parse 'm a=1,b': invalid field format"),
        (5, "unable to parse 'm a=1 x': bad timestamp"),
        (6, "unable to parse 'm a=\"x': unbalanced quotes"),
        (8, "unable to parse ',a=1': missing measurement"),
        (9, "unable to parse 'm,=1 a=1': missing tag key"),
        (10, "unable to parse 'm,t a=1': missing tag value"),
        (11, "unable to parse 'm a=1x': invalid number"),
    ];
    assert_eq!(found, expected);
    assert_eq!((decoded.accepted, decoded.rejected), (2, 10));
}

#[test]
fn times_are_read_in_their_unit() {
    let at = |text: &str, precision| {
        let decoded = take(&fresh(), &format!("m a=1 {text}"), precision);
        decoded.batches.first().map(|batch| batch.points_at_ms[0])
    };
    let ms = 1_795_273_100_000;
    assert_eq!(at("1795273100", Precision::Secs), Some(ms));
    for text in [
        "1795273100",
        "1795273100000",
        "1795273100000000",
        "1795273100000000000",
    ] {
        assert_eq!(at(text, Precision::BySize), Some(ms), "{text}");
    }
    // Seconds that are taken for nanoseconds are in 1970: refused, not hidden.
    assert_eq!(at("1795273100", Precision::Nanos), None);
    assert_eq!(Precision::from_name("us"), Some(Precision::Micros));
    assert_eq!(Precision::from_name("d"), None);
}

#[test]
fn a_database_is_a_label_unless_a_tag_is() {
    let options = InfluxOptions {
        precision: Precision::Secs,
        db: "telegraf".into(),
    };
    let decoded = run(&fresh(), &MetricLimits::default(), |context| {
        decode(
            b"m a=1 1795273100\nm,db=x a=1 1795273100",
            &options,
            context,
        )
    });
    let expected = [
        r#"m_a{db="telegraf"} 1@1795273100000"#,
        r#"m_a{db="x"} 1@1795273100000"#,
    ];
    assert_eq!(texts(&[&decoded]), expected);
}

/// Lines of few names, so that they come again, now and then damaged.
fn lines() -> impl Strategy<Value = String> {
    let head = "(m|cpu),?(host=[ab]|h\\\\ x=1|b=2,a=1|a=1,b=2)?";
    let field = "[xyz](=|==)(1|-2\\.5|3i|4u|t|\"s,\"|\"|1e3|0\\.1234567890123456789|)";
    let fields = proptest::collection::vec(field, 1..5);
    let time = prop_oneof![
        3 => Just(" 1795273100000000000"),
        1 => Just(""),
        1 => Just(" 5"),
        1 => Just("  1795273100000000000 \r"),
    ];
    let line = (head, fields, time)
        .prop_map(|(head, fields, time)| format!("{head} {}{time}", fields.join(",")));
    proptest::collection::vec(line, 1..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    // Each case decodes five times.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_short_way_gives_what_the_long_way_gives(body in lines(), warm in lines()) {
        let registry = fresh();
        let warmed = take(&registry, &warm, Precision::Nanos);
        registry.confirm(&warmed.claims);
        // The first after confirmation goes the long way and fills the cache.
        take(&registry, &warm, Precision::Nanos);
        let short = take(&registry, &body, Precision::Nanos);
        let long = take(&fresh(), &body, Precision::Nanos);
        prop_assert_eq!(texts(&[&warmed, &short]).len(), texts(&[&warmed]).len() + short.accepted);
        let both = |decoded: &MetricDecoded| {
            let mut points: Vec<_> = decoded.batches.iter().flat_map(|batch| {
                batch.points().map(|(series, at, value)| (batch.series[series].id, at, value.to_bits()))
            }).collect();
            points.sort_unstable();
            points
        };
        prop_assert_eq!(both(&short), both(&long));
        prop_assert_eq!(short.skipped, long.skipped);
        prop_assert_eq!(short.errors, long.errors);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        run(&fresh(), &MetricLimits::default(), |context| {
            decode(&bytes, &InfluxOptions::default(), context)
        });
    }
}
