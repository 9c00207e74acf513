//! Tocsin and the real Prometheus answer the same queries over the same points alike.
//!
//! Skipped, loudly, where `prometheus` and `promtool` are not installed (`scripts/test-tools.sh`).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test cannot do ends it"
)]

mod expressions;
mod memory;
mod points;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tocsin_promql::{Engine, EngineConfig, QueryValue, RangeSeries};

/// Ends the server also when the test fails.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed(program: &str) -> bool {
    let mut asked = Command::new(program);
    asked
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// The points in the text format that `promtool` turns into blocks.
fn open_metrics(all: &[points::Series]) -> String {
    let mut text = String::new();
    for one in all {
        let name = &one.labels[0].1;
        let labels: Vec<String> = one.labels[1..]
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let labels = labels.join(",");
        for sample in &one.samples {
            let value = match sample.value {
                f64::INFINITY => "+Inf".into(),
                f64::NEG_INFINITY => "-Inf".into(),
                value => value.to_string(),
            };
            let (secs, ms) = (sample.at_ms / 1_000, sample.at_ms % 1_000);
            writeln!(text, "{name}{{{labels}}} {value} {secs}.{ms:03}").unwrap();
        }
    }
    text + "# EOF\n"
}

impl Server {
    fn start(dir: &Path, all: &[points::Series]) -> Self {
        let (metrics, data) = (dir.join("points.om"), dir.join("data"));
        std::fs::write(&metrics, open_metrics(all)).unwrap();
        std::fs::write(dir.join("prometheus.yml"), "global: {}\n").unwrap();
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&metrics, &data])
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = std::fs::File::create(dir.join("prometheus.log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!(
                "--config.file={}",
                dir.join("prometheus.yml").display()
            ))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--storage.tsdb.retention.time=100y", "--log.level=warn"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { child, port };
        let until = Instant::now() + Duration::from_secs(180);
        while server
            .get("/-/ready", &[])
            .is_none_or(|(status, _)| status != 200)
        {
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "prometheus ended"
            );
            assert!(
                Instant::now() < until,
                "prometheus is not ready after three minutes"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Status and body; none as long as nobody listens.
    fn get(&self, path: &str, query: &[(&str, &str)]) -> Option<(u16, String)> {
        let mut target = path.to_owned();
        for (at, (name, value)) in query.iter().enumerate() {
            target += if at == 0 { "?" } else { "&" };
            target += name;
            target += "=";
            for byte in value.bytes() {
                write!(target, "%{byte:02X}").unwrap();
            }
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .ok()?;
        write!(stream, "GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    fn ask(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, String> {
        let (_, body) = self.get(path, query).expect("prometheus answers");
        let body: Value = serde_json::from_str(&body).unwrap();
        if body["status"] != "success" {
            return Err(body["errorType"].as_str().unwrap().to_owned());
        }
        Ok(Answer::of(&body["data"]))
    }
}

/// What is compared: the type, and the points of each series by its labels.
#[derive(Debug, PartialEq)]
struct Answer {
    kind: String,
    series: BTreeMap<String, Vec<(i64, f64)>>,
    /// The values in the order they came.
    order: Vec<f64>,
    text: String,
}

fn point(pair: &Value) -> (i64, f64) {
    let at_ms = (pair[0].as_f64().unwrap() * 1e3).round() as i64;
    (
        at_ms,
        pair[1]
            .as_str()
            .unwrap()
            .replace("Inf", "inf")
            .parse()
            .unwrap_or(f64::NAN),
    )
}

impl Answer {
    fn new(kind: &str) -> Self {
        let (series, order, text) = (BTreeMap::new(), Vec::new(), String::new());
        Self {
            kind: kind.into(),
            series,
            order,
            text,
        }
    }

    fn of(data: &Value) -> Self {
        let kind = data["resultType"].as_str().unwrap();
        let mut answer = Self::new(kind);
        let result = &data["result"];
        if kind == "scalar" {
            answer.series.insert(String::new(), vec![point(result)]);
        } else if kind == "string" {
            answer.text = result[1].as_str().unwrap().into();
        } else {
            for one in result.as_array().unwrap() {
                let labels: BTreeMap<String, String> =
                    serde_json::from_value(one["metric"].clone()).unwrap();
                let points: Vec<(i64, f64)> = match one.get("value") {
                    Some(value) => vec![point(value)],
                    None => one["values"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(point)
                        .collect(),
                };
                answer.order.push(points[0].1);
                let twice = answer.series.insert(format!("{labels:?}"), points);
                assert!(twice.is_none(), "prometheus has {labels:?} twice");
            }
        }
        answer
    }

    fn ours(value: QueryValue) -> Self {
        match value {
            QueryValue::Scalar(sample) => {
                let mut answer = Self::new("scalar");
                answer
                    .series
                    .insert(String::new(), vec![(sample.at_ms, sample.value)]);
                answer
            }
            QueryValue::Str(_, text) => Self {
                text,
                ..Self::new("string")
            },
            QueryValue::Matrix(series) => Self::matrix("matrix", series),
            QueryValue::Vector(samples) => Self::matrix(
                "vector",
                samples
                    .into_iter()
                    .map(|one| RangeSeries {
                        labels: one.labels,
                        samples: vec![one.sample],
                    })
                    .collect(),
            ),
        }
    }

    fn matrix(kind: &str, series: Vec<RangeSeries>) -> Self {
        let mut answer = Self::new(kind);
        for one in series {
            let labels: BTreeMap<&str, &str> = one.labels.iter().collect();
            let points: Vec<(i64, f64)> = one
                .samples
                .iter()
                .map(|sample| (sample.at_ms, sample.value))
                .collect();
            answer.order.push(points[0].1);
            let twice = answer.series.insert(format!("{labels:?}"), points);
            assert!(twice.is_none(), "tocsin has {labels:?} twice");
        }
        answer
    }
}

fn alike(left: f64, right: f64) -> bool {
    let scale = left.abs().max(right.abs());
    left.to_bits() == right.to_bits()
        || left == right
        || (left.is_nan() && right.is_nan())
        || (left - right).abs() <= 1e-9 * scale
        // What is left of a difference of nearly equal numbers.
        || (left - right).abs() <= 1e-12
}

/// How two answers differ, if they do.
fn difference(theirs: &Result<Answer, String>, ours: &Result<Answer, String>) -> Option<String> {
    let (theirs, ours) = match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(theirs), Err(ours)) => {
            return (theirs != ours).then(|| format!("refused as {ours}, not {theirs}"));
        }
        (Ok(_), Err(error)) => return Some(format!("tocsin refuses: {error}")),
        (Err(error), Ok(_)) => return Some(format!("prometheus refuses: {error}")),
    };
    if (&theirs.kind, &theirs.text) != (&ours.kind, &ours.text) {
        return Some(format!(
            "{} {:?}, not {} {:?}",
            ours.kind, ours.text, theirs.kind, theirs.text
        ));
    }
    if !theirs.series.keys().eq(ours.series.keys()) {
        let theirs: Vec<_> = theirs.series.keys().collect();
        let ours: Vec<_> = ours.series.keys().collect();
        return Some(format!("series\n  {ours:?}, not\n  {theirs:?}"));
    }
    for ((labels, theirs), ours) in theirs.series.iter().zip(ours.series.values()) {
        let times = |points: &[(i64, f64)]| points.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        if times(theirs) != times(ours) {
            return Some(format!(
                "{labels}: {} points, not {}",
                ours.len(),
                theirs.len()
            ));
        }
        for ((at_ms, theirs), (_, ours)) in theirs.iter().zip(ours) {
            if !alike(*theirs, *ours) {
                return Some(format!("{labels} at {at_ms}: {ours}, not {theirs}"));
            }
        }
    }
    None
}

/// Queries of which the order of an instant's series counts.
fn is_ordered(query: &str) -> bool {
    ["sort", "topk(2,", "bottomk(2,"]
        .iter()
        .any(|start| query.starts_with(start))
}

async fn compare(server: &Server, engine: &Engine, query: &str, out: &mut Vec<String>) -> usize {
    let mut asked = 0;
    let (instants_only, query) = match query.strip_prefix("instant: ") {
        Some(query) => (true, query),
        None => (false, query),
    };
    // Prometheus 3 renamed it, and our parser knows the new name.
    let renamed = query.replace("holt_winters", "double_exponential_smoothing");
    for after_ms in [0, 300_000, 1_234_567, 3_600_000, 7_100_000, 7_600_000] {
        let at_ms = points::START_MS + after_ms;
        let at = format!("{}.{:03}", at_ms / 1_000, at_ms % 1_000);
        let theirs = server.ask("/api/v1/query", &[("query", query), ("time", &at)]);
        let ours = engine.instant(&renamed, at_ms).await;
        let ours = ours
            .map(Answer::ours)
            .map_err(|error| error.kind().name().to_owned());
        let mut differs = difference(&theirs, &ours);
        if let (Ok(theirs), Ok(ours), true) = (&theirs, &ours, is_ordered(query)) {
            let same = theirs
                .order
                .iter()
                .zip(&ours.order)
                .all(|(l, r)| alike(*l, *r));
            differs = differs.or((!same).then(|| "another order".into()));
        }
        out.extend(differs.map(|differs| format!("{query} at +{after_ms} ms: {differs}")));
        asked += 1;
    }
    if instants_only {
        return asked;
    }
    for (from_ms, to_ms, step_ms) in [(-600_000, 7_800_000, 37_000), (0, 7_200_000, 300_000)] {
        let (from_ms, to_ms) = (points::START_MS + from_ms, points::START_MS + to_ms);
        let secs = |ms: i64| format!("{}.{:03}", ms / 1_000, ms % 1_000);
        let times = [secs(from_ms), secs(to_ms), secs(step_ms)];
        let params = [
            ("query", query),
            ("start", &times[0]),
            ("end", &times[1]),
            ("step", &times[2]),
        ];
        let theirs = server.ask("/api/v1/query_range", &params);
        let ours = engine.range(&renamed, from_ms, to_ms, step_ms).await;
        let ours = ours.map(|series| Answer::matrix("matrix", series));
        let ours = ours.map_err(|error| error.kind().name().to_owned());
        let differs = difference(&theirs, &ours);
        out.extend(differs.map(|differs| format!("{query} every {step_ms} ms: {differs}")));
        asked += 1;
    }
    asked
}

/// How many queries at random are compared beside those of the list.
const RANDOM: u64 = 150;

#[tokio::test]
async fn tocsin_answers_as_prometheus_does() {
    if !installed("prometheus") || !installed("promtool") {
        eprintln!("SKIPPED: prometheus is not installed (scripts/test-tools.sh)");
        return;
    }
    let all = points::all();
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &all);
    let mut store = memory::MemoryStore::default();
    for one in all {
        let pairs = one.labels.iter();
        let labels: Vec<(&str, &str)> = pairs
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        store.add(&labels, Vec::new(), one.samples);
    }
    let engine = Engine::new(Arc::new(store), EngineConfig::default());
    let listed = include_str!("prometheus_queries.txt").lines();
    let listed = listed.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let random = (0..RANDOM).map(|seed| expressions::Choice(seed).vector(3));
    let (mut differences, mut asked) = (Vec::new(), 0);
    for query in listed.map(str::to_owned).chain(random) {
        asked += compare(&server, &engine, &query, &mut differences).await;
    }
    println!("{asked} questions, {} answers differ", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
