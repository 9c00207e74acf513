//! Prometheus' own tools ask us as they ask Prometheus: `promtool` from Debian's package.

use std::process::Command;

use anyhow::ensure;
use tocsin_harness::{TestServer, find_program, wait_for};

fn promtool(arguments: &[&str]) -> anyhow::Result<(bool, String)> {
    let output = Command::new(find_program("promtool")?)
        .args(arguments)
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

#[test]
fn promtool_queries_series_and_labels() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs();
    let lines = format!("cpu,host=web-1 usage=1.5 {now}\ncpu,host=web-2 usage=2.5 {now}\n");
    let (status, answer) =
        server.post("/api/v2/write?bucket=b&precision=s", &[], lines.as_bytes())?;
    ensure!(status == 204, "{answer}");
    let url = server.url("");
    let sum = wait_for("promtool to see the sum", || {
        let (_, text) = promtool(&["query", "instant", &url, "sum(cpu_usage)"]).ok()?;
        text.contains("=> 4 @").then_some(text)
    });
    ensure!(
        sum.is_ok(),
        "{:?}",
        promtool(&["query", "instant", &url, "sum(cpu_usage)"])?
    );

    let (start, end) = (
        format!("--start={}", now - 60),
        format!("--end={}", now + 60),
    );
    let range = [
        "query",
        "range",
        &start,
        &end,
        "--step=30s",
        &url,
        "cpu_usage * 2",
    ];
    let (is_fine, text) = promtool(&range)?;
    ensure!(
        is_fine && text.contains("{host=\"web-2\"} =>") && text.contains("5 @"),
        "{text}"
    );

    let (is_fine, text) = promtool(&["query", "series", "--match=cpu_usage", &url])?;
    ensure!(is_fine && text.contains("host=\"web-1\""), "{text}");
    let (is_fine, text) = promtool(&["query", "labels", &url, "host"])?;
    ensure!(
        is_fine && text.contains("web-1") && text.contains("web-2"),
        "{text}"
    );

    let (is_fine, text) = promtool(&["query", "instant", &url, "first_over_time(cpu_usage[5m])"])?;
    ensure!(!is_fine && text.contains("first_over_time"), "{text}");
    Ok(())
}
