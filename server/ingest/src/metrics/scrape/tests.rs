//! Scraping: addresses, points of a page, the end of series, and real servers on loopback.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::target::{Outcome, Scraped, Target};
use super::*;
use crate::metrics::kept::{Kept, accept, door};

fn config() -> ScrapeConfig {
    ScrapeConfig {
        job: "node".into(),
        targets: vec!["web-1:9100".into()],
        ..ScrapeConfig::default()
    }
}

fn address(config: &ScrapeConfig) -> Address {
    Address::parse(&config.targets[0], config.scheme, &config.metrics_path).unwrap()
}

/// A target whose scrapes are given as texts.
struct Played {
    target: Target,
    kept: Arc<Kept>,
    door: crate::metrics::MetricDoor,
    at_ms: i64,
}

impl Played {
    fn new(config: &ScrapeConfig) -> Self {
        let kept = Arc::new(Kept::default());
        Self {
            target: Target::new(config, &address(config)),
            door: door(&kept),
            kept,
            at_ms: 1_795_880_000_000,
        }
    }

    fn scrape(&mut self, page: Result<&str, &str>) -> Outcome {
        self.at_ms += 15_000;
        let scraped = Scraped {
            at_ms: self.at_ms,
            duration_secs: 0.25,
            page: page.map(|text| ("text/plain", text.as_bytes())),
            certificate_ends: None,
        };
        let mut outcome = None;
        let decoded = self.door.gather("scrape:node", |collector| {
            outcome = Some(self.target.take(&scraped, collector));
        });
        accept(&self.door, &self.kept, &decoded);
        outcome.unwrap()
    }
}

#[test]
fn addresses_are_completed_and_nonsense_is_none() {
    for (text, expected) in [
        ("web-1:9100", Some("http://web-1:9100/metrics")),
        ("web-1", Some("http://web-1:80/metrics")),
        ("https://web-1", Some("https://web-1:443/metrics")),
        ("http://10.0.0.1:8/p?a=b", Some("http://10.0.0.1:8/p?a=b")),
        ("[::1]:9100", Some("http://[::1]:9100/metrics")),
        ("", None),
        ("web-1:", None),
        ("web-1:0", None),
        ("web-1:http", None),
        ("ftp://web-1", None),
        ("a b:1", None),
        ("http://web-1/a b", None),
    ] {
        let parsed = Address::parse(text, Scheme::Http, "metrics");
        let parsed = parsed.map(|address| address.to_string());
        assert_eq!(parsed.as_deref(), expected, "{text}");
    }
}

#[test]
fn a_job_that_cannot_be_is_named() {
    assert_eq!(config().check(), Ok(()));
    let mut unnamed = config();
    unnamed.job.clear();
    let mut nowhere = config();
    nowhere.targets.push("web 1".into());
    let mut labelled = config();
    labelled.labels.insert("a-b".into(), "c".into());
    for (config, expected) in [
        (unnamed, "`job`"),
        (nowhere, "`web 1`"),
        (labelled, "`a-b`"),
    ] {
        let error = config.check().unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn samples_get_our_labels_and_theirs_are_renamed() {
    let mut config = config();
    config.labels.insert("env".into(), "prod".into());
    let page = "a{job=\"own\",x=\"1\"} 1\nb 2 1795880000123\n";
    let mut played = Played::new(&config);
    let outcome = played.scrape(Ok(page));
    assert_eq!((outcome.samples, outcome.is_up), (2, true));
    let own = r#"env="prod",exported_job="own",instance="web-1:9100",job="node",x="1""#;
    assert_eq!(played.kept.values(&format!("a{{{own}}}")), ["1"]);
    let ours = r#"{env="prod",instance="web-1:9100",job="node"}"#;
    assert_eq!(played.kept.values(&format!("up{ours}")), ["1"]);
    assert_eq!(
        played.kept.values(&format!("scrape_samples_scraped{ours}")),
        ["2"]
    );
    assert_eq!(
        played
            .kept
            .values(&format!("scrape_duration_seconds{ours}")),
        ["0.25"]
    );
    let lines = played.kept.lines.lock().unwrap();
    let b = lines.iter().find(|(name, ..)| name.starts_with("b{"));
    assert_eq!(b.unwrap().1, 1_795_880_000_123);
    drop(lines);

    config.honor_labels = true;
    let mut played = Played::new(&config);
    played.scrape(Ok(page));
    let own = r#"a{env="prod",instance="web-1:9100",job="own",x="1"}"#;
    assert_eq!(played.kept.values(own), ["1"]);
}

#[test]
fn series_that_vanish_and_targets_that_are_down_get_an_end() {
    let mut played = Played::new(&config());
    let series = |name: &str| format!(r#"{name}{{instance="web-1:9100",job="node"}}"#);
    played.scrape(Ok("a 1\nb 1\n"));
    played.scrape(Ok("a 2\na 3\n"));
    let down = played.scrape(Err("it does not answer"));
    played.scrape(Err("it does not answer"));
    played.scrape(Ok("a 4\n"));
    assert_eq!(down.detail, "it does not answer");
    assert_eq!(played.kept.values(&series("a")), ["1", "2", "stale", "4"]);
    assert_eq!(played.kept.values(&series("b")), ["1", "stale"]);
    assert_eq!(played.kept.values(&series("up")), ["1", "1", "0", "0", "1"]);
    assert_eq!(played.target.series(), 1);
}

#[test]
fn a_page_with_bad_lines_is_taken_and_one_of_another_kind_is_not() {
    let mut played = Played::new(&config());
    let outcome = played.scrape(Ok("a 1\nb{ 1\n"));
    assert!(
        outcome.is_up && outcome.detail.contains("line 2"),
        "{outcome:?}"
    );
    let outcome = played.scrape(Ok("<html><body>hello</body></html>\n"));
    assert!(!outcome.is_up && outcome.detail.contains("not in Prometheus' format"));
    let mut played = Played::new(&ScrapeConfig {
        samples_max: 1,
        ..config()
    });
    let outcome = played.scrape(Ok("a 1\nb 1\n"));
    assert!(!outcome.is_up && outcome.detail.contains("2 samples, over 1"));
}

/// Serves each request with the next answer, the last one again and again; keeps what was asked.
async fn serve(answers: Vec<Vec<u8>>) -> (String, Arc<std::sync::Mutex<Vec<String>>>, TaskTracker) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (tracker, heard) = (TaskTracker::new(), asked.clone());
    tracker.spawn(async move {
        let mut turn = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else {
                    break;
                };
                head.push(byte);
            }
            heard.lock().unwrap().push(String::from_utf8(head).unwrap());
            let answer = answers.get(turn).or(answers.last()).unwrap();
            turn += 1;
            let _ = stream.write_all(answer).await;
        }
    });
    (at, asked, tracker)
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

struct Running {
    kept: Arc<Kept>,
    board: ScrapeBoard,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl Running {
    fn start(config: ScrapeConfig) -> Self {
        let kept = Arc::new(Kept::default());
        let running = Self {
            board: ScrapeBoard::default(),
            tracker: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            kept: kept.clone(),
        };
        Scraper::new(vec![config], running.board.clone(), door(&kept))
            .spawn(&running.tracker, &running.shutdown);
        running
    }

    async fn until(&self, is_so: impl Fn(&[ScrapeStatus]) -> bool) -> Vec<ScrapeStatus> {
        for _ in 0..400 {
            let all = self.board.snapshot();
            if is_so(&all) {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{:?}", self.board.snapshot());
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(Duration::from_secs(5), self.tracker.wait())
            .await
            .unwrap();
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[tokio::test]
async fn a_target_is_scraped_with_gzip_chunks_redirects_and_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let token: PathBuf = folder.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    let moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n";
    let zipped = answer("Content-Encoding: gzip\r\n", &gzip("a 1\n"));
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 2\n\r\n0\r\n\r\n".to_vec();
    let (at, asked, _server) = serve(vec![moved.to_vec(), zipped, chunked]).await;
    let running = Running::start(ScrapeConfig {
        targets: vec![at.clone()],
        interval_secs: 1,
        bearer_token_file: Some(token),
        ..config()
    });
    let series = format!(r#"a{{instance="{at}",job="node"}}"#);
    running
        .until(|_| running.kept.values(&series).len() >= 2)
        .await;
    assert_eq!(running.kept.values(&series)[..2], ["1", "2"]);
    let status = running.until(|all| all[0].state == ScrapeState::Up).await;
    assert_eq!(status[0].target, format!("http://{at}/metrics"));
    assert_eq!(&*status[0].source, "scrape:node");
    let asked = asked.lock().unwrap().join("").to_ascii_lowercase();
    assert!(asked.starts_with("get /metrics http/1.1\r\n"), "{asked}");
    assert!(asked.contains("get /other http/1.1\r\n"));
    assert!(asked.contains("authorization: bearer s3cret\r\n"));
    assert!(asked.contains(&format!("host: {at}\r\n")));
    running.stop().await;
}

#[tokio::test]
async fn what_goes_wrong_is_said_on_the_board() {
    let many = answer("", "a 1\n".repeat(100).as_bytes());
    let (large, _, _one) = serve(vec![many]).await;
    let (silent, _, _two) = serve(vec![
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec(),
    ])
    .await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = closed.local_addr().unwrap().to_string();
    drop(closed);
    let running = Running::start(ScrapeConfig {
        targets: vec![large, silent, gone, "no address".into()],
        interval_secs: 1,
        body_bytes_max: 100,
        ..config()
    });
    let all = running
        .until(|all| all.len() == 4 && all.iter().all(|one| one.state == ScrapeState::Down))
        .await;
    for expected in [
        "over 100 bytes",
        "answers 503",
        "cannot be reached",
        "no address",
    ] {
        let said = all.iter().any(|one| one.detail.contains(expected));
        assert!(said, "{expected}: {all:?}");
    }
    running.stop().await;
}
