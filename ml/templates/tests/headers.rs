//! Raw lines: the header varies, the message decides. The formats are those of common libraries and
//! of public log samples.

use crate::mine;

/// The message of the line as the miner sees it.
fn check(line: &str, message: &str) {
    let template = &mine(&[line])[0];
    assert_eq!(
        template.message_pattern(),
        message,
        "{}",
        template.pattern()
    );
}

#[test]
fn finds_the_message_behind_common_headers() {
    check(
        "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass; user unknown",
        "check pass; user unknown",
    );
    check(
        "Jun 14 15:16:01 combo kernel: Linux version",
        "Linux version",
    );
    check(
        "Jul  1 09:00:55 host-10-105 kernel[0]: link down",
        "link down",
    );
    check(
        "2015-10-18 18:01:47,978 INFO [main] org.apache.hadoop.App: Executing with tokens:",
        "Executing with tokens:",
    );
    check(
        "2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:Election@774] - Sending DIFF",
        "Sending DIFF",
    );
    check(
        "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder terminating",
        "PacketResponder terminating",
    );
    check(
        "17/06/09 20:10:40 INFO executor.Backend: Registered signal handlers",
        "Registered signal handlers",
    );
    check(
        "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL INFO cache parity error",
        "cache parity error",
    );
    check(
        "- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond(pam_unix)[2915]: session closed",
        "session closed",
    );
    check(
        "03-17 16:13:38.811  1702  2395 D WindowManager: printing display logs",
        "printing display logs",
    );
    check(
        "[Sun Dec 04 04:47:44 2005] [notice] child init done",
        "child init done",
    );
    check(
        "2016-09-28 04:30:30, Info                  CBS    Loaded the stack",
        "Loaded the stack",
    );
    check(
        "[10.30 16:49:06] chrome.exe - open through proxy",
        "open through proxy",
    );
    check(
        "[10.30 16:49:06] chrome.exe *64 - open through proxy",
        "open through proxy",
    );
    check(
        "20171223-22:15:29:606|Step_LSC|30002312|flush sensor data",
        "flush sensor data",
    );
}

#[test]
fn finds_the_message_behind_headers_of_libraries() {
    check(
        "2024-05-01T10:00:00.123Z  INFO server::http: listening",
        "listening",
    );
    check(
        "2024-05-01 10:00:00.123  INFO 4711 --- [main] c.e.App : Started App",
        "Started App",
    );
    check(
        "2024/05/01 10:00:00 [error] 123#123: upstream timed out",
        "upstream timed out",
    );
    check(
        "2024-05-01 10:00:00.000 UTC [123] LOG:  checkpoint complete",
        "checkpoint complete",
    );
    check("2024-05-01T10:00:00Z host app[123]: started", "started");
    check(
        "ERROR 2024-05-01 10:00:00,123 worker failed hard",
        "worker failed hard",
    );
}

#[test]
fn leaves_lines_without_a_header_alone() {
    check(
        "connection from 10.0.0.1 () at Fri Jun 17 07:07:00 2005",
        "connection from <ip> () at <time>",
    );
    check("Failed password for root", "Failed password for root");
}

#[test]
fn host_process_and_level_do_not_split_a_message() {
    let templates = mine(&[
        "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: session closed",
        "Jun 15 15:16:01 other su(pam_unix)[7]: session closed",
        "Jul  5 15:16:01 combo login: session closed",
    ]);
    assert!(
        templates.iter().all(|t| t.id == templates[0].id),
        "{templates:?}"
    );
    let templates = mine(&[
        "2015-10-18 18:01:47,978 INFO [main] a.b.C: disk full",
        "2015-10-18 18:01:48,001 WARN [IPC Server handler 3 on 62270] a.b.D: disk full",
    ]);
    assert_eq!(templates[0].id, templates[1].id);
    assert_eq!(templates[0].message_pattern(), "disk full");
}
