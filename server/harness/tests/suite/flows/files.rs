//! Files that are followed, rotated by the real logrotate, and imported by `tocsin ingest`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use tocsin_harness::{TestServer, binary, find_program};

/// A server that follows `*.log` in a folder of its own.
fn following() -> anyhow::Result<(TestServer, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let paths = format!("[\"{}/*.log\"]", folder.path().display());
    let server = TestServer::start_with(&[
        ("TOCSIN_INGEST__FILES__PATHS", paths.as_str()),
        ("TOCSIN_INGEST__FILES__POLL_MS", "50"),
        ("TOCSIN_INGEST__FILES__DISCOVER_MS", "100"),
        ("TOCSIN_INGEST__FILES__FLUSH_MS", "200"),
    ])?;
    Ok((server, folder))
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn rotate(folder: &Path, rules: &str) -> anyhow::Result<()> {
    let config = folder.join("logrotate.conf");
    // logrotate refuses folders that others may write unless it is told as whom to work.
    fs::write(
        &config,
        format!("{}/*.log {{\nsu root root\n{rules}\n}}\n", folder.display()),
    )?;
    let done = Command::new(find_program("logrotate")?)
        .arg("-f")
        .arg("-s")
        .arg(folder.join("state"))
        .arg(&config)
        .output()?;
    anyhow::ensure!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

#[test]
fn every_line_survives_logrotate_in_all_its_ways_once() -> anyhow::Result<()> {
    let (server, folder) = following()?;
    let log = folder.path().join("app.log");
    for (round, rules) in [
        "rotate 9\nnocompress\ncreate",
        "rotate 9\nnocompress\ncopytruncate",
        "rotate 9\ncompress\ncreate",
        "rotate 9\nnocompress\nnocreate",
    ]
    .into_iter()
    .enumerate()
    {
        append(&log, &format!("rotation {round} before\n"))?;
        // copytruncate loses what was not read when it copies, in any reader: so read it first.
        server.wait_for_lines(&format!("\"rotation {round} before\""), 1)?;
        rotate(folder.path(), rules)?;
        append(&log, &format!("rotation {round} after\n"))?;
        server.wait_for_lines(&format!("\"rotation {round} after\""), 1)?;
    }
    server.wait_for_lines("rotation", 8)?;
    Ok(())
}

#[test]
fn offsets_survive_a_restart_and_a_kill() -> anyhow::Result<()> {
    let (mut server, folder) = following()?;
    let log = folder.path().join("app.log");
    append(&log, "offset first\n")?;
    server.wait_for_lines("offset", 1)?;
    server.stop()?;
    append(&log, "offset second\n")?;
    server.resume()?;
    server
        .wait_for_lines("offset", 2)
        .with_context(|| server.log())?;
    server.kill()?;
    append(&log, "offset third\n")?;
    server.resume()?;
    server.wait_for_lines("\"offset third\"", 1)?;
    Ok(())
}

#[test]
fn odd_files_are_reported_and_cost_the_others_nothing() -> anyhow::Result<()> {
    let (server, folder) = following()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder.log"))?;
    File::create(at("empty.log"))?;
    fs::write(at("binary.log"), [0u8, 255, 254, 10, 1, 2, 3, 10])?;
    std::os::unix::fs::symlink(at("nowhere"), at("dangling.log"))?;
    fs::write(at("real.txt"), "odd through a link\n")?;
    std::os::unix::fs::symlink(at("real.txt"), at("link.log"))?;
    let mut long = vec![b'x'; 3 << 20];
    long.extend_from_slice(b" odd end\nodd after the long line\n");
    // Moved there whole: one that is met half written is given in pieces if its writer is slow.
    fs::write(at("long.part"), long)?;
    fs::rename(at("long.part"), at("long.log"))?;
    append(&at("good.log"), "odd but good\n")?;
    append(
        &at("trace.log"),
        "ERROR a trace follows\njava.lang.IllegalStateException: no\n\tat shop.Cart.add(Cart.java:7)\n\
         \tat shop.Main.main(Main.java:3)\nINFO odd next\n",
    )?;
    server.wait_for_lines("\"odd through a link\"", 1)?;
    server.wait_for_lines("\"odd but good\"", 1)?;
    server.wait_for_lines("\"odd after the long line\"", 1)?;
    let trace = &server.wait_for_lines("IllegalStateException", 1)?[0];
    assert!(
        trace["body"]
            .as_str()
            .is_some_and(|body| body.contains("Main.java:3")),
        "{trace:#}"
    );
    server.wait_for_lines("\"odd next\"", 1)?;
    let sources = server.get("/api/v1/data-sources")?.1;
    assert!(sources.to_string().contains("good.log"), "{sources:#}");
    let cut = server
        .get("/api/v1/logs/search?q=source:file*+-odd&limit=1000")?
        .1;
    assert!(
        cut.to_string().contains("truncated"),
        "the long line is marked"
    );
    Ok(())
}

fn ingest(server: &TestServer, files: &[PathBuf], input: &[u8]) -> anyhow::Result<(bool, String)> {
    let mut child = Command::new(binary()?)
        .arg("ingest")
        .args(files)
        .args(["--server", &server.url("")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    let output = child.wait_with_output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn ingest_takes_files_compressed_files_and_standard_input() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let plain = server.folder().join("plain.log");
    fs::write(&plain, "import plain 1\nimport plain 2\n")?;
    let gz = server.folder().join("old.log.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(File::create(&gz)?, flate2::Compression::fast());
    encoder.write_all(b"import gz 1\nimport gz 2\nimport gz 3\n")?;
    encoder.finish()?;
    let (ok, said) = ingest(&server, &[plain, gz, "-".into()], b"import stdin\n")?;
    assert!(ok && said.contains("6 lines"), "{said}");
    server.wait_for_lines("import", 6)?;

    let missing = server.folder().join("missing.log");
    let good = server.folder().join("good.log");
    fs::write(&good, "import good\n")?;
    let (ok, said) = ingest(&server, &[missing, good, server.folder().into()], b"")?;
    assert!(!ok, "a missing file is a failure: {said}");
    assert!(
        said.contains("missing.log") && said.contains("1 lines"),
        "{said}"
    );
    server.wait_for_lines("import", 7)?;
    Ok(())
}
