//! How long questions take: until the first words of an answer, and until a report of a cause is there.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{TestServer, wait_for};

/// Questions of each kind that rules answer; asked one after the other.
const QUESTIONS: [&str; 10] = [
    "show errors of bench",
    "how many \"failed password\" lines are there?",
    "what are the most frequent patterns?",
    "why is bench failing?",
    "find lines about a copy of the data that is missing",
    "what is broken?",
    "what changed today?",
    "when was \"parity error\" first seen?",
    "which alerts are firing?",
    "what will fill up?",
];
/// How often each is asked.
const ROUNDS: usize = 20;
/// How often a report is made.
const REPORTS: usize = 10;

/// Prints the times.
///
/// # Errors
/// If a question is not answered.
pub fn measure(server: &TestServer, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "question (first words p50 / p99 / whole p99, ms)")?;
    let mut all = Vec::new();
    for question in QUESTIONS {
        let times: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| ask(server, question))
            .collect::<anyhow::Result<_>>()?;
        let mut first: Vec<f64> = times.iter().map(|one| one.0).collect();
        let mut whole: Vec<f64> = times.iter().map(|one| one.1).collect();
        all.extend(&first);
        writeln!(
            out,
            "  {question:58}{:>8.1}{:>8.1}{:>8.1}",
            quantile(&mut first, 0.5),
            quantile(&mut first, 0.99),
            quantile(&mut whole, 0.99)
        )?;
    }
    let (median, high) = (quantile(&mut all, 0.5), quantile(&mut all, 0.99));
    writeln!(
        out,
        "first words of all          {median:.1} p50, {high:.1} p99 ms"
    )?;
    reports(server, out)
}

/// Milliseconds until the first sentence and until the end of an answer.
fn ask(server: &TestServer, question: &str) -> anyhow::Result<(f64, f64)> {
    let body = json!({ "text": question }).to_string();
    let asked = Instant::now();
    let mut stream = TcpStream::connect(server.address())?;
    write!(
        stream,
        "POST /api/v1/copilot/ask HTTP/1.0\r\nHost: {}\r\nAccept: text/event-stream\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        server.address(),
        body.len()
    )?;
    let mut first = None;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let is_words = line.starts_with("event: statement") || line.starts_with("event:statement");
        if is_words && first.is_none() {
            first = Some(asked.elapsed());
        }
        let is_end = line.starts_with("event: message") || line.starts_with("event:message");
        if is_end {
            break;
        }
        line.clear();
    }
    let whole = asked.elapsed();
    let first = first.with_context(|| format!("nothing was said to `{question}`"))?;
    Ok((ms(first), ms(whole)))
}

/// Times of reports about an alert that the lines raised.
fn reports(server: &TestServer, out: &mut impl Write) -> anyhow::Result<()> {
    let alert = wait_for("an alert", || {
        let alerts: Value = server.get("/api/v1/alerts?limit=1").ok()?.1;
        Some(
            alerts["items"].as_array()?.first()?["id"]
                .as_str()?
                .to_owned(),
        )
    })?;
    let mut times = Vec::with_capacity(REPORTS);
    for _ in 0..REPORTS {
        let asked = Instant::now();
        let (status, report) =
            server.post(&format!("/api/v1/alerts/{alert}/root-cause"), &[], b"")?;
        ensure!(status == 200, "{report}");
        times.push(ms(asked.elapsed()));
    }
    let (median, high) = (quantile(&mut times, 0.5), quantile(&mut times, 1.0));
    writeln!(
        out,
        "report of a cause           {median:.0} p50, {high:.0} max ms"
    )?;
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() - 1) as f64 * q).round() as usize;
    values.get(at).copied().unwrap_or_default()
}
