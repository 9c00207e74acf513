//! Lines per CPU second of the NDJSON decoder, with the time and severity of every line.
//!
//! usage: `cargo bench -p tocsin-ingest -- [CORPUS.log]`: a file grown by `tools/grow_logs.py`;
//! without one, a few lines of several systems are repeated.

use std::hint::black_box;
use std::io::{self, Write};

use tocsin_domain::Timestamp;
use tocsin_ingest::{Context, Limits, json_lines, severity, timestamp::Learner};

/// Lines of one request.
const LINES: usize = 10_000;
/// The corpus begins in June 2026.
const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

const SAMPLE: &str = "\
081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_388 terminating
- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL INFO instruction cache parity error corrected
Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4
17/06/09 20:10:40 INFO executor.CoarseGrainedExecutorBackend: Registered signal handlers for [TERM, HUP, INT]
2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - Notification time out: 3200
";

fn main() -> io::Result<()> {
    let path = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let text = path.map_or_else(|| Ok(SAMPLE.repeat(4000)), std::fs::read_to_string)?;
    let lines: Vec<&str> = text.lines().collect();
    let bodies: Vec<Vec<u8>> = lines.chunks(LINES).map(ndjson).collect();
    let rounds = (2_000_000 / lines.len()).max(1);
    let count = (lines.len() * rounds) as f64;
    report("ndjson", count, || {
        for _ in 0..rounds {
            for body in &bodies {
                decode(body);
            }
        }
    })?;
    let with_fields: Vec<Vec<u8>> = lines.chunks(LINES).map(ndjson_with_fields).collect();
    report("ndjson with fields", count, || {
        for _ in 0..rounds {
            for body in &with_fields {
                decode(body);
            }
        }
    })?;
    report("time only", count, || {
        let mut learner = Learner::new(0);
        for _ in 0..rounds {
            for line in &lines {
                black_box(learner.find(line.as_bytes(), NOW));
            }
        }
    })?;
    report("time and severity", count, || {
        let mut learner = Learner::new(0);
        for _ in 0..rounds {
            for line in &lines {
                let found = learner.find(line.as_bytes(), NOW);
                black_box(severity::find(&line.as_bytes()[found.end..]));
            }
        }
    })
}

fn ndjson(lines: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        let line = serde_json::to_string(line).unwrap_or_default();
        body.extend_from_slice(format!("{{\"body\":{line}}}\n").as_bytes());
    }
    body
}

/// As a shipper sends lines: with a time, a source and a host of its own.
fn ndjson_with_fields(lines: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let line = serde_json::to_string(line).unwrap_or_default();
        let millis = index % 1000;
        let fields = format!(
            "{{\"timestamp\":\"2026-06-01T00:00:00.{millis:03}Z\",\"source\":\"app\",\
             \"host\":\"web-01\",\"body\":{line}}}\n"
        );
        body.extend_from_slice(fields.as_bytes());
    }
    body
}

fn decode(body: &[u8]) {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let decoded = json_lines::decode(black_box(body), &mut context);
    assert_eq!(decoded.rejected, 0);
    black_box(decoded);
}

/// The best of five rounds, by the time that the CPU spent on this thread.
fn report(name: &str, lines: f64, mut run: impl FnMut()) -> io::Result<()> {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = cpu_secs()?;
        run();
        best = best.min(cpu_secs()? - start);
    }
    writeln!(
        io::stdout().lock(),
        "{name}: {:.0} lines per CPU second, {:.0} ns a line",
        lines / best,
        best * 1e9 / lines
    )
}

/// CPU time of this thread: the first number of Linux' `schedstat` is nanoseconds on a CPU.
fn cpu_secs() -> io::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text
        .split(' ')
        .next()
        .and_then(|nanos| nanos.parse::<f64>().ok());
    nanos
        .map(|nanos| nanos / 1e9)
        .ok_or_else(|| io::ErrorKind::Unsupported.into())
}
