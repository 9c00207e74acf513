//! What expressions of time mean, and that nothing breaks them.

use proptest::prelude::*;

use super::*;

/// Wednesday, 2026-11-11, 10:30 UTC.
const NOW_MS: i64 = 1_794_393_000_000;

fn asker(offset_minutes: i64) -> Asker {
    Asker {
        now_ms: NOW_MS,
        offset_ms: offset_minutes * MINUTE_MS,
        page_ms: None,
    }
}

fn shown(ms: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
    text.replace(":00Z", "Z").replace(":59.999Z", "~Z")
}

/// First and last moment, and the words, of the only expression of a question.
fn read(question: &str) -> String {
    let found = times(question, asker(0));
    let each: Vec<String> = found
        .iter()
        .map(|span| {
            let (from, to) = (shown(span.from_ms), shown(span.to_ms));
            format!("{from} {to} `{}`", &question[span.bytes.clone()])
        })
        .collect();
    each.join("; ")
}

#[test]
fn the_clock_of_the_tests_is_a_wednesday() {
    assert_eq!(shown(NOW_MS), "2026-11-11T10:30Z");
    assert_eq!(asker::weekday(asker(0).today()), 2);
}

#[test]
fn stretches_before_now() {
    for (question, expected) in [
        (
            "why was it slow in the last 2 days?",
            "2026-11-09T10:30Z 2026-11-11T10:30Z `in the last 2 days`",
        ),
        (
            "errors over the past hour",
            "2026-11-11T09:30Z 2026-11-11T10:30Z `over the past hour`",
        ),
        (
            "errors last 30m",
            "2026-11-11T10:00Z 2026-11-11T10:30Z `last 30m`",
        ),
        (
            "what broke last week?",
            "2026-11-02T00:00Z 2026-11-08T23:59~Z `last week`",
        ),
        (
            "what broke in the last week?",
            "2026-11-04T10:30Z 2026-11-11T10:30Z `in the last week`",
        ),
        (
            "alerts this week",
            "2026-11-09T00:00Z 2026-11-11T10:30Z `this week`",
        ),
        (
            "alerts last month",
            "2026-10-01T00:00Z 2026-10-31T23:59~Z `last month`",
        ),
        (
            "since Monday",
            "2026-11-09T00:00Z 2026-11-11T10:30Z `since Monday`",
        ),
        (
            "what changed since 9am",
            "2026-11-11T09:00Z 2026-11-11T10:30Z `since 9am`",
        ),
        (
            "3 hours ago",
            "2026-11-11T07:00Z 2026-11-11T08:00Z `3 hours ago`",
        ),
        (
            "an hour ago",
            "2026-11-11T09:20Z 2026-11-11T09:40Z `an hour ago`",
        ),
        (
            "half an hour ago",
            "2026-11-11T09:55Z 2026-11-11T10:05Z `half an hour ago`",
        ),
        (
            "a couple of days ago",
            "2026-11-09T00:00Z 2026-11-09T23:59~Z `a couple of days ago`",
        ),
        (
            "last few hours",
            "2026-11-11T07:30Z 2026-11-11T10:30Z `last few hours`",
        ),
        (
            "right now",
            "2026-11-11T10:15Z 2026-11-11T10:30Z `right now`",
        ),
        (
            "last weekend",
            "2026-11-07T00:00Z 2026-11-08T23:59~Z `last weekend`",
        ),
    ] {
        assert_eq!(read(question), expected, "{question}");
    }
}

/// Days, and what is read of them.
const DAYS: [(&str, &str); 18] = [
    (
        "What happened yesterday?",
        "2026-11-10T00:00Z 2026-11-10T23:59~Z `yesterday`",
    ),
    ("today", "2026-11-11T00:00Z 2026-11-11T10:30Z `today`"),
    (
        "last Tuesday night",
        "2026-11-10T20:00Z 2026-11-11T06:00Z `last Tuesday night`",
    ),
    (
        "on Wednesday",
        "2026-11-11T00:00Z 2026-11-11T10:30Z `on Wednesday`",
    ),
    (
        "last Wednesday",
        "2026-11-04T00:00Z 2026-11-04T23:59~Z `last Wednesday`",
    ),
    (
        "this morning",
        "2026-11-11T04:00Z 2026-11-11T10:30Z `this morning`",
    ),
    (
        "yesterday evening",
        "2026-11-10T17:00Z 2026-11-11T00:00Z `yesterday evening`",
    ),
    (
        "last night",
        "2026-11-10T20:00Z 2026-11-11T06:00Z `last night`",
    ),
    (
        "the day before yesterday",
        "2026-11-09T00:00Z 2026-11-09T23:59~Z `the day before yesterday`",
    ),
    (
        "on 2026-11-03",
        "2026-11-03T00:00Z 2026-11-03T23:59~Z `on 2026-11-03`",
    ),
    (
        "the outage on Nov 3",
        "2026-11-03T00:00Z 2026-11-03T23:59~Z `on Nov 3`",
    ),
    (
        "on November 3rd, 2025",
        "2025-11-03T00:00Z 2025-11-03T23:59~Z `on November 3rd, 2025`",
    ),
    (
        "on 24 Dec",
        "2025-12-24T00:00Z 2025-12-24T23:59~Z `on 24 Dec`",
    ),
    (
        "on Tuesday, Nov 3",
        "2026-11-03T00:00Z 2026-11-03T23:59~Z `on Tuesday, Nov 3`",
    ),
    (
        "on the 3rd",
        "2026-11-03T00:00Z 2026-11-03T23:59~Z `on the 3rd`",
    ),
    (
        "on the 30th",
        "2026-10-30T00:00Z 2026-10-30T23:59~Z `on the 30th`",
    ),
    (
        "the morning of Nov 3",
        "2026-11-03T04:00Z 2026-11-03T12:00Z `the morning of Nov 3`",
    ),
    (
        "since fri",
        "2026-11-06T00:00Z 2026-11-11T10:30Z `since fri`",
    ),
];

#[test]
fn days_and_parts_of_them() {
    for (question, expected) in DAYS {
        assert_eq!(read(question), expected, "{question}");
    }
}

#[test]
fn moments_and_times_of_day() {
    for (question, expected) in [
        (
            "at 3pm yesterday",
            "2026-11-10T14:45Z 2026-11-10T15:15Z `at 3pm yesterday`",
        ),
        (
            "yesterday at 3 pm",
            "2026-11-10T14:45Z 2026-11-10T15:15Z `yesterday at 3 pm`",
        ),
        ("at 9:15", "2026-11-11T09:00Z 2026-11-11T09:30Z `at 9:15`"),
        ("at 23:00", "2026-11-10T22:45Z 2026-11-10T23:15Z `at 23:00`"),
        (
            "around noon",
            "2026-11-10T11:30Z 2026-11-10T12:30Z `around noon`",
        ),
        (
            "yesterday around noon",
            "2026-11-10T11:30Z 2026-11-10T12:30Z `yesterday around noon`",
        ),
        (
            "between 14:00 and 15:30",
            "2026-11-10T14:00Z 2026-11-10T15:30Z `between 14:00 and 15:30`",
        ),
        (
            "between 2 and 3pm on Monday",
            "2026-11-09T14:00Z 2026-11-09T15:00Z `between 2 and 3pm on Monday`",
        ),
        (
            "on Monday between 22:00 and 01:00",
            "2026-11-09T22:00Z 2026-11-10T01:00Z `on Monday between 22:00 and 01:00`",
        ),
        (
            "from 9:00 to 10:00 today",
            "2026-11-11T09:00Z 2026-11-11T10:00Z `from 9:00 to 10:00 today`",
        ),
        (
            "9:00-10:00",
            "2026-11-11T09:00Z 2026-11-11T10:00Z `9:00-10:00`",
        ),
        (
            "from Monday to Tuesday",
            "2026-11-09T00:00Z 2026-11-10T23:59~Z `from Monday to Tuesday`",
        ),
        (
            "after 14:00 yesterday",
            "2026-11-10T14:00Z 2026-11-10T23:59~Z `after 14:00 yesterday`",
        ),
        (
            "after 9:00",
            "2026-11-11T09:00Z 2026-11-11T10:30Z `after 9:00`",
        ),
        (
            "2026-11-03T14:00:00Z",
            "2026-11-03T13:45Z 2026-11-03T14:15Z `2026-11-03T14:00:00Z`",
        ),
        (
            "at 2026-11-03T14:00:00+02:00",
            "2026-11-03T11:45Z 2026-11-03T12:15Z `at 2026-11-03T14:00:00+02:00`",
        ),
        (
            "between 2026-11-03T14:00Z and 2026-11-03T15:00Z",
            "2026-11-03T14:00Z 2026-11-03T15:00Z `between 2026-11-03T14:00Z and 2026-11-03T15:00Z`",
        ),
    ] {
        assert_eq!(read(question), expected, "{question}");
    }
}

#[test]
fn what_lies_ahead_is_marked() {
    let ahead = |question: &str| {
        let found = times(question, asker(0));
        let [span] = found.as_slice() else {
            panic!("{question}: {found:?}");
        };
        assert!(span.is_future, "{question}");
        (span.to_ms - NOW_MS) / HOUR_MS
    };
    assert_eq!(ahead("which disk fills up in the next 3 days?"), 72);
    assert_eq!(ahead("what will fill up within 2 weeks"), 14 * 24);
    assert_eq!(ahead("what is going to break next week"), 7 * 24);
    assert_eq!(ahead("tomorrow"), 37);
}

#[test]
fn two_times_are_two() {
    assert_eq!(
        read("errors today vs yesterday"),
        "2026-11-11T00:00Z 2026-11-11T10:30Z `today`; 2026-11-10T00:00Z 2026-11-10T23:59~Z `yesterday`"
    );
}

#[test]
fn what_is_no_time_is_left_alone() {
    for question in [
        "why is server-03 slow?",
        "which may fail",
        "sun microsystems sat on the disk",
        "3 errors on 2 hosts",
        "the last error of payment",
        "what is the second template",
        "connect to 10.0.0.1:8080",
        "during the incident",
        "before the deploy",
        "9999999999999 hours ago",
        "on 2026-99-99",
        "at 25:00",
    ] {
        assert_eq!(read(question), "", "{question}");
    }
}

#[test]
fn the_asker_has_a_calendar_of_their_own() {
    // In Auckland it is 23:30 of the 11th, in Los Angeles 02:30.
    let yesterday = |offset| {
        let span = time("yesterday", asker(offset)).unwrap();
        (shown(span.from_ms), shown(span.to_ms))
    };
    assert_eq!(
        yesterday(13 * 60),
        ("2026-11-09T11:00Z".into(), "2026-11-10T10:59~Z".into())
    );
    assert_eq!(
        yesterday(-8 * 60),
        ("2026-11-10T08:00Z".into(), "2026-11-11T07:59~Z".into())
    );
    let utc = time("at 9:00 UTC", asker(-480)).unwrap();
    assert_eq!(utc.at_ms.map(shown), Some("2026-11-11T09:00Z".into()));
}

#[test]
fn the_page_gives_the_time_of_the_incident() {
    let asker = Asker {
        page_ms: Some((1_000, 2_000)),
        ..asker(0)
    };
    let span = &times("what changed during the incident?", asker)[0];
    assert_eq!((span.from_ms, span.to_ms), (1_000, 2_000));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_fault(
        parts in proptest::collection::vec(
            prop_oneof![
                "[a-z]{1,8}", "[0-9]{1,7}", "\\PC{0,6}",
                proptest::sample::select(vec![
                    "last", "the", "between", "and", "at", "on", "since", "ago", "next", "in", "of", "week",
                    "hours", "tuesday", "night", "yesterday", "3pm", "14:00", "2026-11-03", "nov", "31st",
                    "weekend", "half", "an", "few", "after", "before", "99999", "day", "utc", "-", "feb", "29",
                ]).prop_map(String::from),
            ],
            0..12,
        ),
        now_ms in 0_i64..4_000_000_000_000,
        offset in -1440_i64..=1440,
    ) {
        let question = parts.join(" ");
        let asker = Asker { now_ms, offset_ms: offset * MINUTE_MS, page_ms: Some((5, 7)) };
        let mut end = 0;
        for span in times(&question, asker) {
            prop_assert!(span.from_ms <= span.to_ms);
            prop_assert!(span.is_future || span.to_ms <= now_ms);
            prop_assert!(span.bytes.start >= end && question.get(span.bytes.clone()).is_some());
            end = span.bytes.end;
        }
    }

    #[test]
    fn so_long_ago_is_so_long_ago(count in 1_i64..500, now_ms in 1_600_000_000_000_i64..2_000_000_000_000) {
        let asker = Asker { now_ms, offset_ms: 0, page_ms: None };
        let last = time(&format!("in the last {count} hours"), asker).unwrap();
        prop_assert_eq!((last.from_ms, last.to_ms), (now_ms - count * HOUR_MS, now_ms));
        let ago = time(&format!("{count} minutes ago"), asker).unwrap();
        let at = now_ms - count * MINUTE_MS;
        prop_assert!(ago.from_ms <= at && at <= ago.to_ms);
    }
}
