//! The lines we write are taken by a real VictoriaMetrics and come back equal from it.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tocsin_domain::Labels;

use super::super::line::{ID_TAG, put_point, series_key};
use super::super::wire::Wire;
use super::super::{InfluxConfig, InfluxToken};
use super::{run, series_of};

/// VictoriaMetrics, while a test runs.
struct Victoria {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Victoria {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Victoria {
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = format!("http://127.0.0.1:{port}");
        let child = Command::new("victoria-metrics")
            .arg(format!("-storageDataPath={}", folder.path().display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .args(["-retentionPeriod=100y", "-loggerLevel=ERROR"])
            .args(["-search.latencyOffset=0s", "-influxTrimTimestamp=1ms"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            eprintln!("SKIPPED: VictoriaMetrics is not installed: run `make tools`");
            return None;
        };
        let victoria = Self {
            child,
            url,
            _folder: folder,
        };
        let begun = Instant::now();
        while victoria.get("/health").await.is_none() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "it does not start"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(victoria)
    }

    async fn get(&self, path: &str) -> Option<String> {
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let response = client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .ok()?;
        let bytes = response.bytes().await.ok()?;
        let mut text = String::new();
        (&bytes[..]).read_to_string(&mut text).ok()?;
        Some(text)
    }

    fn wire(&self, gzip: bool) -> Wire {
        let config = InfluxConfig {
            url: self.url.clone(),
            token: InfluxToken::new("x".into()),
            gzip,
            ..InfluxConfig::default()
        };
        Wire::new(&config).unwrap()
    }
}

#[test]
fn victoria_metrics_takes_the_lines_and_gives_them_back() {
    run(async {
        let Some(victoria) = Victoria::start().await else {
            return;
        };
        let mut series = series_of(2, 20);
        let odd = [
            ("__name__", "disk used,=\"x\""),
            ("path", "C:\\a b,c=d"),
            ("q", "say \"é\""),
        ];
        series.push(Labels::new(odd).unwrap());
        let (start_ms, mut lines) = (1_780_272_000_000i64, Vec::new());
        for (number, labels) in series.iter().enumerate() {
            let key = series_key(labels);
            for step in 0..50i64 {
                let value = (number as f64 - 3.0) * 0.25 * step as f64;
                put_point(&mut lines, &key, start_ms + step * 10_001, value);
            }
        }
        for gzip in [false, true] {
            victoria
                .wire(gzip)
                .write("tocsin", "ms", &lines)
                .await
                .unwrap();
        }
        victoria.get("/internal/force_flush").await.unwrap();
        let every = "/api/v1/export?match[]=%7B__name__%3D~%22.%2B%22%7D&reduce_mem_usage=1";
        let mut found = std::collections::BTreeMap::new();
        for line in victoria.get(every).await.unwrap().lines() {
            let one: serde_json::Value = serde_json::from_str(line).unwrap();
            let id = one["metric"][ID_TAG].as_str().unwrap().to_owned();
            let times = one["timestamps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|at| at.as_i64().unwrap());
            let values = one["values"]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_f64().unwrap());
            let points: Vec<(i64, f64)> = times.zip(values).collect();
            let metric = one["metric"].clone();
            let (_, all) = found.entry(id).or_insert_with(|| (metric, Vec::new()));
            all.extend(points);
        }
        assert_eq!(found.len(), series.len());
        for (number, labels) in series.iter().enumerate() {
            let (metric, points) = found.get_mut(&labels.id().to_string()).unwrap();
            points.sort_by_key(|point| point.0);
            points.dedup_by_key(|point| point.0);
            let expect = (0..50i64).map(|step| {
                let value = (number as f64 - 3.0) * 0.25 * step as f64;
                (start_ms + step * 10_001, value)
            });
            assert_eq!(*points, expect.collect::<Vec<_>>());
            assert_eq!(metric["__name__"], format!("{}_value", labels.name()));
            let plain = labels.iter().filter(|(name, _)| *name != "__name__");
            for (name, value) in plain {
                assert_eq!(metric[name], value);
            }
        }
    });
}

/// Processor seconds of this process.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

#[test]
#[ignore = "a measurement: run it by itself, optimised"]
fn what_a_million_points_cost() {
    run(async {
        let Some(victoria) = Victoria::start().await else {
            return;
        };
        let hosts = (0..10_000).map(|host| {
            let (host, zone) = (
                format!("host-{host:05}.example.org"),
                format!("zone-{}", host % 7),
            );
            Labels::new([
                ("__name__", "node_network_receive_bytes_total"),
                ("instance", host.as_str()),
                ("job", "node"),
                ("zone", zone.as_str()),
            ])
            .unwrap()
        });
        let keys: Vec<Vec<u8>> = hosts.map(|labels| series_key(&labels)).collect();
        for gzip in [false, true] {
            let wire = victoria.wire(gzip);
            let (mut encoding, mut bytes, begun, cpu) =
                (Duration::ZERO, 0, Instant::now(), cpu_secs());
            for round in 0..100i64 {
                let start = Instant::now();
                let mut lines = Vec::with_capacity(4 << 20);
                for (number, key) in keys.iter().enumerate() {
                    let value = (round * 1_700 + number as i64 * 31) as f64 * 1.25;
                    put_point(&mut lines, key, 1_780_272_000_000 + round * 10_000, value);
                }
                encoding += start.elapsed();
                bytes += lines.len();
                wire.write("tocsin", "ms", &lines).await.unwrap();
            }
            eprintln!(
                "gzip {gzip}: encoding {:.3} s, all processor time here {:.3} s, wall {:.3} s, {} bytes a point",
                encoding.as_secs_f64(),
                cpu_secs() - cpu,
                begun.elapsed().as_secs_f64(),
                bytes / 1_000_000
            );
        }
    });
}
