//! The exposition formats, from their documents and from what servers really send.

use proptest::prelude::*;

use super::*;

fn read(text: &str, dialect: Dialect) -> (Vec<String>, Exposition) {
    let mut samples = Vec::new();
    let read = parse(text.as_bytes(), dialect, &mut |sample| {
        let labels: Vec<String> = sample
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let time = sample.at_ms.map_or(String::new(), |ms| format!(" @{ms}"));
        samples.push(format!(
            "{} {} {}{time}",
            labels.join(","),
            sample.kind.name(),
            sample.value
        ));
    });
    (samples, read)
}

/// The example of the format's document.
const TEXT: &str = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} NaN
rpc_duration_seconds_sum{} 1.7560473e+07
	temperature { room = "a" , } 20.5
"#;

#[test]
fn the_example_of_the_text_format_is_read() {
    let (samples, read) = read(TEXT, Dialect::Text);
    assert_eq!(read.errors, []);
    assert!(read.is_complete);
    let expected = [
        "__name__=http_requests_total,method=post,code=200 counter 1027 @1395066363000",
        "__name__=http_requests_total,method=post,code=400 counter 3 @1395066363000",
        "__name__=msdos_file_access_time_seconds,path=C:\\DIR\\FILE.TXT,error=Cannot find file:\n\"FILE.TXT\" unknown 1458255915",
        "__name__=metric_without_timestamp_and_labels unknown 12.47",
        "__name__=something_weird,problem=division by zero unknown inf @-3982045",
        "__name__=http_request_duration_seconds_bucket,le=0.05 counter 24054",
        "__name__=http_request_duration_seconds_bucket,le=+Inf counter 144320",
        "__name__=http_request_duration_seconds_sum counter 53423",
        "__name__=http_request_duration_seconds_count counter 144320",
        "__name__=rpc_duration_seconds,quantile=0.01 gauge NaN",
        "__name__=rpc_duration_seconds_sum counter 17560473",
        "__name__=temperature,room=a unknown 20.5",
    ];
    assert_eq!(samples, expected);
}

#[test]
fn openmetrics_has_seconds_exemplars_units_and_an_end() {
    let text = concat!(
        "# TYPE acme_http_router_request_seconds counter\n",
        "# UNIT acme_http_router_request_seconds seconds\n",
        "acme_http_router_request_seconds_total{path=\"/a\"} 17.5 1605281325.5 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n",
        "acme_http_router_request_seconds_created{path=\"/a\"} 1605281325.0\n",
        "# TYPE foo histogram\nfoo_bucket{le=\"1.0\"} 0 # {id=\"x # y\"} 9.8 1520879607.789\n",
        "# TYPE build info\nbuild_info{version=\"1\"} 1\n",
        "{\"my.metric\",\"a.b\"=\"c\"} 5\n",
        "# EOF\n"
    );
    let (samples, whole) = read(text, Dialect::OpenMetrics);
    assert_eq!(whole.errors, []);
    assert!(whole.is_complete);
    let expected = [
        "__name__=acme_http_router_request_seconds_total,path=/a counter 17.5 @1605281325500",
        "__name__=acme_http_router_request_seconds_created,path=/a gauge 1605281325",
        "__name__=foo_bucket,le=1.0 counter 0",
        "__name__=build_info,version=1 gauge 1",
        "__name__=my.metric,a.b=c unknown 5",
    ];
    assert_eq!(samples, expected);
    let (_, cut) = read("a 1\n", Dialect::OpenMetrics);
    assert!(!cut.is_complete);
    let (_, after) = read("# EOF\na 1\n", Dialect::OpenMetrics);
    assert_eq!((after.samples, after.rejected), (0, 1));
}

#[test]
fn a_bad_line_is_told_by_its_number_and_costs_no_other() {
    let text = "good 1\nbad{a=b} 1\nbad\nbad one\n1bad 1\nbad{a=\"b\nbad{a=\"b\"} 1 2 3\n\
                bad-name 1\n# TYPE x table\nbad{} 1 1.5\ngood 2\n";
    let (samples, read) = read(text, Dialect::Text);
    assert_eq!(samples.len(), 2);
    let lines: Vec<_> = read.errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(read.errors[0].expected, "the value of a label in quotes");
    assert_eq!(read.errors[0].found, "`b} 1`");
    let broken = parse(b"a 1\n\xff 1\nb 2\n", Dialect::Text, &mut |_| {});
    assert_eq!((broken.samples, broken.rejected), (2, 1));
}

proptest! {
    #[test]
    fn never_panics(text in "[a-z_{}\"=,# \\\\\n.0-9]{0,120}", bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        for dialect in [Dialect::Text, Dialect::OpenMetrics] {
            parse(text.as_bytes(), dialect, &mut |_| {});
            parse(&bytes, dialect, &mut |_| {});
        }
    }

    #[test]
    fn what_is_written_comes_back(
        name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,20}",
        labels in proptest::collection::vec(("[a-zA-Z_][a-zA-Z0-9_]{0,8}", "\\PC{0,20}|[\\\\\"\n]{1,4}"), 0..5),
        value in any::<f64>(),
        at_ms in proptest::option::of(any::<i64>()),
    ) {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let pairs: Vec<_> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", escape(v))).collect();
        let time = at_ms.map_or(String::new(), |ms| format!(" {ms}"));
        let line = format!("{name}{{{}}} {value}{time}\n", pairs.join(","));
        let mut seen = 0;
        let read = parse(line.as_bytes(), Dialect::Text, &mut |sample| {
            seen += 1;
            assert_eq!(sample.labels[0], (NAME_LABEL, name.as_str()));
            let rest: Vec<_> = labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(&sample.labels[1..], &rest[..]);
            assert_eq!(sample.at_ms, at_ms);
            assert!(sample.value == value || sample.value.is_nan() && value.is_nan());
        });
        prop_assert_eq!((seen, read.errors), (1, vec![]));
    }
}

/// Recorded from Prometheus 2.42 and from the Python client 0.26.
#[test]
fn what_real_servers_expose_is_read_without_an_error() {
    let prometheus = include_str!("../../fuzz/corpus/exposition/prometheus_2_42.txt");
    let python = include_str!("../../fuzz/corpus/exposition/openmetrics_python.txt");
    for (text, dialect) in [(prometheus, Dialect::Text), (python, Dialect::OpenMetrics)] {
        let (samples, read) = read(text, dialect);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!((samples.len(), read.errors), (lines.count(), vec![]));
        assert!(read.is_complete);
        // Both say the type of each family.
        let unknown: Vec<_> = samples.iter().filter(|s| s.contains(" unknown ")).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    let (samples, _) = read(python, Dialect::OpenMetrics);
    for expected in [
        "__name__=http_requests_total,code=200,path=/a\"b\\c\nd counter 3",
        "__name__=temperature_celsius gauge NaN",
        "__name__=inf gauge -inf",
        "__name__=latency_seconds_bucket,le=1.0,op=get counter 1",
        "__name__=build_info,branch=main,version=1.2 gauge 1",
        "__name__=state,state=down gauge 0",
    ] {
        assert!(
            samples.iter().any(|s| s == expected),
            "{expected}\n{samples:#?}"
        );
    }
}
