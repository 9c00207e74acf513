//! Times as programs write them, and what is learned of them.

use proptest::prelude::*;
use tocsin_domain::{Severity, Timestamp};

use super::*;

/// 2026-11-21T15:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn find(line: &str) -> Found {
    let mut learner = Learner::new(0);
    let first = learner.find(line.as_bytes(), NOW);
    let again = learner.find(line.as_bytes(), NOW);
    assert_eq!(first, again, "what was learned finds the same: {line}");
    first
}

/// The time found, as RFC 3339 without zone; `-` for none, `!` for one that is not believed.
fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        let found = match find(line).time {
            Reading::At(at) => text_of(at),
            Reading::Missing => "-".into(),
            Reading::Invalid => "!".into(),
        };
        assert_eq!(&found, expected, "{line}");
    }
}

fn text_of(at: Timestamp) -> String {
    let days = at.0.div_euclid(DAY);
    // Found by counting, so that the test does not share code with what it tests.
    let (mut year, mut rest) = (1970, days);
    let length = |year: i64| 365 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    while rest >= length(year) {
        rest -= length(year);
        year += 1;
    }
    let february = 28 + length(year) - 365;
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < days {
            break;
        }
        rest -= days;
        month += 1;
    }
    let nanos = at.0.rem_euclid(DAY);
    let (hours, minutes) = (nanos / (3600 * SECOND), nanos / (60 * SECOND) % 60);
    let (seconds, fraction) = (nanos / SECOND % 60, nanos % SECOND);
    let fraction = match fraction {
        0 => String::new(),
        fraction => format!(".{fraction:09}").trim_end_matches('0').to_owned(),
    };
    format!(
        "{year}-{month:02}-{:02}T{hours:02}:{minutes:02}:{seconds:02}{fraction}",
        rest + 1
    )
}

#[test]
fn times_of_the_samples_are_found() {
    check(&[
        (
            "081109 203615 148 INFO dfs.DataNode: x",
            "2008-11-09T20:36:15",
        ),
        (
            "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02 RAS KERNEL INFO x",
            "2005-06-03T22:42:50.675872",
        ),
        (
            "- 1117838570 2005.06.03 R02 something else",
            "2005-06-03T22:42:50",
        ),
        (
            "2015-10-18 18:01:47,978 INFO [main] org.apache",
            "2015-10-18T18:01:47.978",
        ),
        (
            "20171223-22:15:29:606|Step_LSC|30002312|x",
            "2017-12-23T22:15:29.606",
        ),
        (
            "20171224-0:5:9:6|Step_LSC|30002312|x",
            "2017-12-24T00:05:09.006",
        ),
        (
            "Jun 14 15:16:01 combo sshd[19939]: x",
            "2026-06-14T15:16:01",
        ),
        (
            "Dec  1 06:55:46 LabSZ sshd[24200]: x",
            "2025-12-01T06:55:46",
        ),
        ("[10.30 16:49:06] chrome.exe - proxy", "2026-10-30T16:49:06"),
        (
            "17/06/09 20:10:40 INFO executor.Backend: x",
            "2017-06-09T20:10:40",
        ),
        (
            "03-17 16:13:38.811  1702  2395 D WindowManager: x",
            "2026-03-17T16:13:38.811",
        ),
        (
            "[Sun Dec 04 04:47:44 2005] [error] mod_jk",
            "2005-12-04T04:47:44",
        ),
        (
            "[Sun Dec 04 04:47:44.123456 2005] [error] x",
            "2005-12-04T04:47:44.123456",
        ),
        (
            "2016-09-28 04:30:30, Info                  CBS    x",
            "2016-09-28T04:30:30",
        ),
        (
            "nova-api.log.1 2017-05-16 00:00:00.008 25746 INFO nova",
            "2017-05-16T00:00:00.008",
        ),
    ]);
}

#[test]
fn times_of_common_programs_are_found() {
    check(&[
        (
            "2026-11-21T11:50:55.074169+00:00 vm root",
            "2026-11-21T11:50:55.074169",
        ),
        ("2026-11-21T11:50:55+02:00 x", "2026-11-21T09:50:55"),
        (
            "2026-11-21T11:50:55.123456789Z x",
            "2026-11-21T11:50:55.123456789",
        ),
        ("2026-11-21T11:50:55+0000 x", "2026-11-21T11:50:55"),
        (
            "2026-11-21 11:50:55.123 UTC [12] LOG:  x",
            "2026-11-21T11:50:55.123",
        ),
        ("2026-11-21 11:50:55 -0700 x", "2026-11-21T18:50:55"),
        (
            "2015-07-29 17:41:44,747 - INFO  [x]",
            "2015-07-29T17:41:44.747",
        ),
        ("2009/11/10 23:00:00 main.go:12: x", "2009-11-10T23:00:00"),
        ("2009/11/10 23:00:00.123456 x", "2009-11-10T23:00:00.123456"),
        (
            "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326",
            "2000-10-10T20:55:36",
        ),
        (
            "I0102 15:04:05.000123 1 main.go:3] x",
            "2026-01-02T15:04:05.000123",
        ),
        (
            "12:M 21 Nov 2026 11:50:55.123 * Ready",
            "2026-11-21T11:50:55.123",
        ),
        (
            "21-Nov-2026 11:50:55.123 INFO [main] x",
            "2026-11-21T11:50:55.123",
        ),
        ("Sun, 06 Nov 1994 08:49:37 GMT x", "1994-11-06T08:49:37"),
        (
            "1286536309.450 921 192.168.0.1 TCP_MISS/200",
            "2010-10-08T11:11:49.45",
        ),
        ("1795262686 x", "2026-11-21T12:04:46"),
        ("1795262686123 x", "2026-11-21T12:04:46.123"),
        ("1795262686123456 x", "2026-11-21T12:04:46.123456"),
        ("1795262686123456789 x", "2026-11-21T12:04:46.123456789"),
        (
            "level=info ts=2026-11-21T11:50:55.5Z msg=x",
            "2026-11-21T11:50:55.5",
        ),
        (
            "time=\"2026-11-21T11:50:55Z\" level=info",
            "2026-11-21T11:50:55",
        ),
        (
            "type=SYSCALL msg=audit(1364481363.243:24287): x",
            "2013-03-28T14:36:03.243",
        ),
        (
            "Nov 21 2026 11:50:55 asa : %ASA-6-1: x",
            "2026-11-21T11:50:55",
        ),
        (
            "[2026-11-21T11:50:55,123][INFO ][o.e.n.Node] x",
            "2026-11-21T11:50:55.123",
        ),
        ("20261121T115055Z x", "2026-11-21T11:50:55"),
    ]);
}

#[test]
fn what_is_no_time_is_left_alone() {
    check(&[
        ("", "-"),
        ("hello world", "-"),
        ("192.168.10.20 connected", "-"),
        ("3242 bytes in 1234567890 steps", "-"),
        ("version 2026-11-21 released", "-"),
        ("uuid 20171223-2215-2960-aaaa-000000000000", "-"),
        ("id=1117838570", "-"),
        ("May the force be with you", "-"),
        ("Monitor started 12:30:45", "-"),
    ]);
}

#[test]
fn what_cannot_be_is_not_believed() {
    check(&[
        ("2031-01-01 00:00:00 from the future", "!"),
        ("1970-01-01 00:00:00 a clock that was never set", "!"),
        ("2026-13-41 00:00:00 no such day", "!"),
        ("2026-02-29 00:00:00 no such day", "!"),
        (
            "2026-11-22 14:59:59 a clock that runs ahead",
            "2026-11-22T14:59:59",
        ),
        ("1991-01-01 00:00:00 long ago", "1991-01-01T00:00:00"),
    ]);
}

#[test]
fn a_zone_holds_for_times_that_have_none() {
    let mut learner = Learner::new(3600);
    let time = |learner: &mut Learner, line: &str| learner.find(line.as_bytes(), NOW).time;
    let ten = Reading::At(Timestamp::from_secs(1_795_255_200));
    assert_eq!(time(&mut learner, "2026-11-21 11:00:00 x"), ten);
    assert_eq!(time(&mut learner, "2026-11-21T10:00:00Z x"), ten);
}

#[test]
fn glog_and_android_say_their_severity() {
    assert_eq!(
        find("E0102 15:04:05.000000 1 a.go:3] x").severity,
        Some(Severity::ERROR)
    );
    let line = "03-17 16:13:38.811  1702  2395 W WindowManager: x";
    assert_eq!(find(line).severity, Some(Severity::WARN));
}

#[test]
fn a_source_of_many_formats_is_learned_format_by_format() {
    let mut learner = Learner::new(0);
    let lines = [
        "2015-10-18 18:01:47,978 INFO x",
        "Jun 14 15:16:01 combo x",
        "no time at all",
        "[10.30 16:49:06] x",
    ];
    let first: Vec<_> = lines
        .iter()
        .map(|line| learner.find(line.as_bytes(), NOW))
        .collect();
    for _ in 0..3 {
        let again: Vec<_> = lines
            .iter()
            .map(|line| learner.find(line.as_bytes(), NOW))
            .collect();
        assert_eq!(first, again);
    }
}

#[test]
fn fields_are_read_whole() {
    let at = |secs: i64, nanos: i64| Reading::At(Timestamp(secs * SECOND + nanos));
    let text = |text: &str| read_text(text.as_bytes(), NOW, 0);
    assert_eq!(text("2026-11-21T12:04:46Z"), at(1_795_262_686, 0));
    assert_eq!(text(" 1795262686.01 "), at(1_795_262_686, 10_000_000));
    assert_eq!(text("2026-11-21T12:04:46Z and more"), Reading::Invalid);
    assert_eq!(text(""), Reading::Missing);
    assert_eq!(text("yesterday"), Reading::Invalid);
    assert_eq!(
        read_number("1795262686123", NOW),
        at(1_795_262_686, 123_000_000)
    );
    assert_eq!(read_number("1.795262686e9", NOW), at(1_795_262_686, 0));
    assert_eq!(read_number("0", NOW), Reading::Invalid);
    assert_eq!(read_number("99999999999999999999", NOW), Reading::Invalid);
    assert_eq!(read_number("-5", NOW), Reading::Invalid);
}

proptest! {
    #[test]
    fn never_panics(line in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut learner = Learner::new(0);
        let found = learner.find(&line, NOW);
        prop_assert!(found.end <= line.len());
        let _ = read_text(&line, NOW, 0);
    }

    #[test]
    fn never_panics_near_a_time(
        line in "[0-9TZ:.,/ +-]{0,40}|[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8}.{0,9}|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:,]{0,20}",
    ) {
        let mut learner = Learner::new(0);
        let first = learner.find(line.as_bytes(), NOW);
        prop_assert_eq!(first, learner.find(line.as_bytes(), NOW));
        let _ = read_number(&line, NOW);
    }

    #[test]
    fn rfc_3339_comes_back(secs in 631_152_000i64..1_795_273_200, nanos in 0i64..SECOND) {
        let at = Timestamp(secs * SECOND + nanos);
        let text = format!("{}Z", text_of(at));
        prop_assert_eq!(read_text(text.as_bytes(), NOW, 0), Reading::At(at));
    }
}
