//! Messages as real senders write them, and the listeners end to end.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use tocsin_domain::metric::{Feedback, MetricBatch};
use tocsin_domain::ports::{BusError, Clock, Intake};
use tocsin_domain::{LogBatch, Severity, Timestamp};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Received, SyslogConfig, SyslogListener, decode};
use crate::door::Door;
use crate::{Context, Decoded, Limits};

/// 2026-11-21T15:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn read(message: &[u8]) -> Decoded {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let received = Received {
        message,
        is_cut: false,
        peer: "10.0.0.9",
    };
    let decoded = decode([received], &mut context);
    assert!(decoded.batches.iter().all(LogBatch::validate));
    decoded
}

/// Source, body, seconds, severity and attributes of one message.
fn check(message: &str, expected: (&str, &str, i64, Severity, &[&str])) {
    let decoded = read(message.as_bytes());
    let batch = &decoded.batches[0];
    let record = &batch.records[0];
    let (source, body, secs, severity, attributes) = expected;
    assert_eq!(&*batch.source, source, "{message}");
    assert_eq!(
        String::from_utf8_lossy(batch.body(record)),
        body,
        "{message}"
    );
    assert_eq!(
        record.timestamp.0.div_euclid(1_000_000_000),
        secs,
        "{message}"
    );
    assert_eq!(record.severity, severity, "{message}");
    let found: Vec<_> = batch
        .attributes(record)
        .map(|(key, _, value)| format!("{key}={}", String::from_utf8_lossy(value)))
        .collect();
    assert_eq!(found, attributes, "{message}");
}

#[test]
fn rfc_3164_keeps_its_header_in_the_body() {
    check(
        "<28>Nov 21 11:50:55 vm root: direct udp rfc3164\n",
        (
            "syslog:vm",
            "Nov 21 11:50:55 vm root: direct udp rfc3164",
            1_795_261_855,
            Severity::WARN,
            &["syslog.facility=daemon", "syslog.appname=root"],
        ),
    );
    check(
        "<34>Dec  1 22:14:15 mymachine su[123]: 'su root' failed",
        (
            "syslog:mymachine",
            "Dec  1 22:14:15 mymachine su[123]: 'su root' failed",
            1_764_627_255,
            Severity::CRITICAL,
            &[
                "syslog.facility=auth",
                "syslog.appname=su",
                "process.pid=123",
            ],
        ),
    );
}

#[test]
fn rfc_5424_has_its_message_as_body() {
    check(
        "<26>1 2026-11-21T11:50:55.074169+00:00 vm root - - [timeQuality tzKnown=\"1\" isSynced=\"0\"] newline framed\n",
        (
            "syslog:vm",
            "newline framed",
            1_795_261_855,
            Severity::CRITICAL,
            &[
                "syslog.facility=daemon",
                "syslog.appname=root",
                "timeQuality.tzKnown=1",
                "timeQuality.isSynced=0",
            ],
        ),
    );
    check(
        "<165>1 2026-11-21T11:50:55Z host app 77 ID47 [a@1 k=\"x\\\"y\\\\z\\]\"][b] \u{feff}text",
        (
            "syslog:host",
            "text",
            1_795_261_855,
            Severity::NOTICE,
            &[
                "syslog.facility=local4",
                "syslog.appname=app",
                "process.pid=77",
                "syslog.msgid=ID47",
                "a@1.k=x\"y\\z]",
            ],
        ),
    );
    check(
        "<13>1 - - - - - -",
        (
            "syslog:10.0.0.9",
            "",
            1_795_273_200,
            Severity::NOTICE,
            &["syslog.facility=user"],
        ),
    );
}

#[test]
fn what_other_senders_write_is_read_as_far_as_it_goes() {
    // Without a priority.
    check(
        "Nov 21 11:50:55 vm app: no priority",
        (
            "syslog:vm",
            "Nov 21 11:50:55 vm app: no priority",
            1_795_261_855,
            Severity::NOTICE,
            &["syslog.appname=app"],
        ),
    );
    // Without a host, as programs write into the local socket.
    check(
        "<13>Nov 21 11:50:55 app[7]: local",
        (
            "syslog:10.0.0.9",
            "Nov 21 11:50:55 app[7]: local",
            1_795_261_855,
            Severity::NOTICE,
            &[
                "syslog.facility=user",
                "syslog.appname=app",
                "process.pid=7",
            ],
        ),
    );
    // RFC 3339 in an RFC 3164 header, as rsyslog forwards.
    check(
        "<13>2026-11-21T11:50:55.5+00:00 vm app: x",
        (
            "syslog:vm",
            "2026-11-21T11:50:55.5+00:00 vm app: x",
            1_795_261_855,
            Severity::NOTICE,
            &["syslog.facility=user", "syslog.appname=app"],
        ),
    );
    // A relay that put a second header before an RFC 5424 message.
    check(
        "<13>Nov 21 11:50:55 vm 1 2026-11-21T11:50:50Z inner app - - - text",
        (
            "syslog:inner",
            "text",
            1_795_261_850,
            Severity::NOTICE,
            &["syslog.facility=user", "syslog.appname=app"],
        ),
    );
    // Nonsense.
    check(
        "<999>x",
        (
            "syslog:10.0.0.9",
            "<999>x",
            1_795_273_200,
            Severity::NOTICE,
            &[],
        ),
    );
    check(
        "just text",
        (
            "syslog:10.0.0.9",
            "just text",
            1_795_273_200,
            Severity::NOTICE,
            &[],
        ),
    );
}

#[test]
fn a_message_of_the_last_year_is_of_the_last_year() {
    let limits = Limits::default();
    let mut random = || [7; 10];
    // 2026-01-01T00:00:10Z
    let mut context = Context::new(Timestamp::from_secs(1_767_225_610), &mut random, &limits);
    let received = Received {
        message: b"<13>Dec 31 23:59:59 vm app: x",
        is_cut: false,
        peer: "",
    };
    let decoded = decode([received], &mut context);
    assert_eq!(
        decoded.batches[0].records[0].timestamp,
        Timestamp::from_secs(1_767_225_599)
    );
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        read(&bytes);
        read(&[b"<13>1 2026-11-21T11:50:55Z h a p m ".as_slice(), &bytes].concat());
        read(&[b"<13>Nov 21 11:50:55 ".as_slice(), &bytes].concat());
    }

    #[test]
    fn messages_come_back(text in "[!-~][ -~]{0,60}") {
        let message = format!("<13>1 2026-11-21T11:50:55Z h a p m - {text}");
        let decoded = read(message.as_bytes());
        let batch = &decoded.batches[0];
        prop_assert_eq!(batch.body(&batch.records[0]), text.as_bytes());
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Keeps the bodies it accepted; refuses the first calls.
#[derive(Default)]
struct Kept {
    bodies: Mutex<Vec<String>>,
    refusals: Mutex<u32>,
}

#[async_trait]
impl Intake for Kept {
    async fn accept(&self, batches: Vec<LogBatch>) -> Result<(), BusError> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(BusError::Full {
                used_bytes: 1,
                limit_bytes: 1,
                retry_after: Duration::from_millis(1),
            });
        }
        let mut bodies = self.bodies.lock().unwrap();
        for batch in &batches {
            let texts = batch.records.iter().map(|record| batch.body(record));
            bodies.extend(texts.map(|text| String::from_utf8_lossy(text).into_owned()));
        }
        Ok(())
    }

    async fn accept_metrics(&self, _: Vec<MetricBatch>) -> Result<(), BusError> {
        Err(BusError::Closed)
    }

    async fn accept_feedback(&self, _: Feedback) -> Result<(), BusError> {
        Err(BusError::Closed)
    }
}

impl Kept {
    async fn wait_for(&self, count: usize) -> Vec<String> {
        for _ in 0..1000 {
            let bodies = self.bodies.lock().unwrap().clone();
            if bodies.len() >= count {
                return bodies;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {:?} came", self.bodies.lock().unwrap());
    }
}

/// The real `logger` over UDP and both framings of TCP; nothing is tested where it is missing.
#[tokio::test]
async fn the_real_logger_is_understood() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = SyslogConfig {
        udp: any,
        tcp: any,
        ..SyslogConfig::default()
    };
    let listener = SyslogListener::bind(config).await.unwrap();
    let (udp, tcp) = listener.addresses().unwrap();
    let kept = Arc::new(Kept::default());
    let door = Door {
        intake: kept.clone(),
        clock: Arc::new(Fixed),
        random: Arc::new(|| [7; 10]),
    };
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    listener.spawn(door, &tracker, &shutdown);
    let variants: [(u16, &[&str], &str); 4] = [
        (udp.port(), &["-d", "--rfc3164"], "datagram"),
        (udp.port(), &["-d", "--rfc5424"], "datagram 5424"),
        (tcp.port(), &["-T", "--rfc5424"], "line"),
        (tcp.port(), &["-T", "--rfc5424", "--octet-count"], "counted"),
    ];
    for (port, options, message) in variants {
        let port = port.to_string();
        let arguments = [
            "-n",
            "127.0.0.1",
            "-P",
            &port,
            "-p",
            "daemon.warning",
            "-t",
            "shop",
        ];
        let sent = std::process::Command::new("logger")
            .args(arguments)
            .args(options)
            .arg(message)
            .status();
        if sent.is_err() {
            return;
        }
    }
    let mut bodies = kept.wait_for(4).await;
    bodies.sort_by_key(String::len);
    assert_eq!(bodies[..3], ["line", "counted", "datagram 5424"]);
    assert!(bodies[3].ends_with("shop: datagram"), "{bodies:?}");
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
}

#[tokio::test]
async fn the_listeners_take_both_transports_and_deliver_what_waits_at_shutdown() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = SyslogConfig {
        udp: any,
        tcp: any,
        batch_wait_ms: 20,
        frame_bytes_max: 100,
        ..SyslogConfig::default()
    };
    let listener = SyslogListener::bind(config).await.unwrap();
    let (udp, tcp) = listener.addresses().unwrap();
    let status = listener.status();
    let kept = Arc::new(Kept::default());
    *kept.refusals.lock().unwrap() = 2;
    let door = Door {
        intake: kept.clone(),
        clock: Arc::new(Fixed),
        random: Arc::new(|| [7; 10]),
    };
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    listener.spawn(door, &tracker, &shutdown);

    let socket = UdpSocket::bind(any).await.unwrap();
    socket.send_to(b"<13>one", udp).await.unwrap();
    let mut stream = TcpStream::connect(tcp).await.unwrap();
    stream.write_all(b"7 <13").await.unwrap();
    stream.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    stream.write_all(b">two\n<13>three\n").await.unwrap();
    let mut bodies = kept.wait_for(3).await;
    bodies.sort();
    assert_eq!(bodies, ["one", "three", "two"]);

    let mut broken = TcpStream::connect(tcp).await.unwrap();
    broken.write_all(b"99999 <13>x").await.unwrap();
    stream
        .write_all(b"<13>last, without a line end")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.cancel();
    tracker.close();
    tokio::time::timeout(Duration::from_secs(10), tracker.wait())
        .await
        .unwrap();
    assert_eq!(kept.wait_for(4).await[3], "last, without a line end");
    let status = status();
    assert_eq!((status.received, status.dropped, status.lost), (4, 0, 0));
    assert_eq!(status.broken_connections, 1);
}
