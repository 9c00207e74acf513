//! Syslog from the programs that send it: util-linux `logger` and rsyslog.

use std::process::Command;

use tocsin_harness::{Counterparty, TestServer, find_program, wait_for};

#[test]
fn logger_is_heard_over_udp_tcp_and_with_counted_frames() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let logger = find_program("logger")?;
    let [udp, tcp] = ["syslog_udp", "syslog_tcp"].map(|name| server.listener(name));
    let (udp, tcp) = (udp?.port().to_string(), tcp?.port().to_string());
    let send = |arguments: &[&str]| -> anyhow::Result<()> {
        let status = Command::new(&logger)
            .args(["-n", "127.0.0.1"])
            .args(arguments)
            .status()?;
        anyhow::ensure!(status.success(), "logger {arguments:?}");
        Ok(())
    };
    send(&[
        "-d",
        "-P",
        &udp,
        "--rfc3164",
        "-p",
        "user.err",
        "-t",
        "shop",
        "old over udp",
    ])?;
    send(&[
        "-d",
        "-P",
        &udp,
        "--rfc5424",
        "-p",
        "daemon.warning",
        "-t",
        "shop",
        "new over udp",
    ])?;
    send(&[
        "-T",
        "-P",
        &tcp,
        "--rfc5424",
        "-p",
        "user.crit",
        "-t",
        "shop",
        "new over tcp",
    ])?;
    send(&[
        "-T",
        "-P",
        &tcp,
        "--octet-count",
        "--rfc3164",
        "-p",
        "user.info",
        "counted over tcp",
    ])?;
    for (words, severity) in [
        ("\"old over udp\"", "error"),
        ("\"new over udp\"", "warn"),
        ("\"new over tcp\"", "error"),
        ("\"counted over tcp\"", "info"),
    ] {
        let item = &server.wait_for_lines(words, 1)?[0];
        assert_eq!(item["severity"], severity, "{item:#}");
        assert!(
            item["host"].as_str().is_some_and(|host| !host.is_empty()),
            "{item:#}"
        );
    }
    Ok(())
}

#[test]
fn rsyslog_forwards_with_both_framings() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let rsyslogd = find_program("rsyslogd")?;
    let folder = server.folder();
    let input = tocsin_harness::free_port()?;
    let tcp = server.listener("syslog_tcp")?.port();
    let forward = |framing: &str, template: &str| {
        format!(
            "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{tcp}\" protocol=\"tcp\" \
             TCP_Framing=\"{framing}\" template=\"{template}\")\n"
        )
    };
    let config = format!(
        "global(workDirectory=\"{folder}\")\nmodule(load=\"imudp\")\n\
         input(type=\"imudp\" address=\"127.0.0.1\" port=\"{input}\")\n{}{}",
        forward("traditional", "RSYSLOG_TraditionalForwardFormat"),
        forward("octet-counted", "RSYSLOG_SyslogProtocol23Format"),
        folder = folder.display(),
    );
    let file = folder.join("rsyslog.conf");
    std::fs::write(&file, config)?;
    let _rsyslog = Counterparty::start(
        Command::new(rsyslogd)
            .arg("-n")
            .arg("-f")
            .arg(&file)
            .arg("-i")
            .arg(folder.join("pid")),
    )?;
    let logger = find_program("logger")?;
    // UDP to a program that is still starting is lost, so it is said until it is heard.
    wait_for("rsyslog to forward", || {
        let port = input.to_string();
        let told = Command::new(&logger)
            .args([
                "-n",
                "127.0.0.1",
                "-d",
                "-P",
                &port,
                "--rfc3164",
                "-t",
                "relay",
                "by rsyslog",
            ])
            .status();
        told.ok()?;
        let found = server.get("/api/v1/logs/search?q=%22by+rsyslog%22").ok()?.1;
        (found["total"].as_u64()? >= 2).then_some(())
    })?;
    let items = server.get("/api/v1/logs/search?q=%22by+rsyslog%22")?.1;
    let bodies: Vec<&str> = items["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|i| i["body"].as_str())
        .collect();
    assert!(bodies.iter().all(|body| !body.contains('\n')), "{bodies:?}");
    Ok(())
}
