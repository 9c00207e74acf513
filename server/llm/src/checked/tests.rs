//! Sentences and the evidence they are held to.

use proptest::prelude::*;

use super::*;

const LINE: &str = "2024-05-01T10:11:45.120Z web-1 nginx[4242]: upstream 10.0.0.7:8080 timed out after 30s (110: Connection timed out)";

fn evidence() -> Evidence {
    let mut evidence = Evidence::new();
    evidence.add("E1", LINE);
    evidence.add(
        "E2",
        "disk /var on db-1 is 93.4 % full, 7,421 MB free, growing by 1.2 GB a day",
    );
    evidence.add("E3", "template `connection reset by <*>` seen 12,345 times from 09:00 to 10:15, before 31 per hour");
    evidence.add("E4", "p99 latency_ms=812.4 usage ratio=0.873 rate 120.5 req/s errors=0 replicas 3/5 uptime 2h15m");
    evidence.add(
        "E5",
        "change: deploy v2.14.1 of checkout at May 3 by ci, exit code 137, change -12 %",
    );
    evidence.add(
        "E6",
        "throughput doubled; three hosts down; 1714558272 epoch; size_bytes=1610612736",
    );
    evidence.give("from 2024-05-01 09:00 to 2024-05-01 11:00, 2 hours");
    evidence
}

fn verdict(text: &str) -> Result<(), DropReason> {
    let claim = Claim {
        text: text.to_owned(),
        cites: Vec::new(),
    };
    let checked = check(&[claim], &evidence());
    match checked.dropped.first() {
        Some(dropped) => Err(dropped.reason.clone()),
        None => {
            assert_eq!(checked.kept.len(), 1, "{text}");
            Ok(())
        }
    }
}

#[test]
fn sentences_that_say_what_their_evidence_says_are_kept() {
    for text in [
        "At 10:11 web-1 lost its upstream 10.0.0.7:8080 [E1].",
        "At 10:11:45 UTC the upstream on port 8080 timed out after 30 seconds [E1].",
        "On May 1 it was half a minute of waiting, 30 s [E1].",
        "On 1 May 2024 nginx timed out with error 110 [E1].",
        "In 2024, process 4242 timed out [E1].",
        "The disk of db-1 is 93 % full [E2].",
        "The disk is about 90 percent full [E2].",
        "More than 90% of /var is used [E2].",
        "7.4 GB are free [E2].",
        "It grows by 1.2 GB per day [E2].",
        "It grows by 50 MB per hour [E2].",
        "The reset was seen 12,345 times [E3].",
        "It came 12345 times, roughly 12,000 [E3].",
        "There were over 12 thousand resets [E3].",
        "There were 12.3k resets [E3].",
        "There were thousands of resets, before 31 an hour [E3].",
        "From 9:00 to 10:15 the connection was reset [E3].",
        "The 99th percentile is 812 ms [E4].",
        "Latency at p99 reached 0.81 s [E4].",
        "87 % of it is used [E4].",
        "It serves 120.5 requests per second, about 7,230 requests per minute [E4].",
        "There are zero errors and 3 of 5 replicas are up for 2 hours and 15 minutes [E4].",
        "It is up for 135 minutes [E4].",
        "Version v2.14.1 was deployed on May 3rd [E5].",
        "It fell by 12 % and ended with exit code 137 [E5].",
        "The throughput doubled while 3 hosts were down [E6].",
        "Two hours were looked at, and three hosts were down [E6].",
        "It was 10:11:12 on 2024-05-01 and 1.5 GiB were written [E6].",
        "The last 2 hours show resets [E3].",
        "The disk is full [E2] and resets came [E3].",
    ] {
        assert_eq!(verdict(text), Ok(()), "{text}");
    }
}

#[test]
fn sentences_with_a_number_that_is_not_in_their_evidence_are_dropped() {
    for (text, wrong) in [
        ("The disk is 94 % full [E2].", "94 %"),
        ("The disk is 93.4 GB full [E2].", "93.4 GB"),
        ("The disk is 93.42 % full [E2].", "93.42 %"),
        ("About 80 % is used [E2].", "80 %"),
        ("More than 95 % is used [E2].", "95 %"),
        ("It grows by 1.2 GB per hour [E2].", "1.2 GB per hour"),
        ("It happened at 10:12:45 [E1].", "10:12:45"),
        ("It happened at 10:13 [E1].", "10:13"),
        ("It happened on May 2 [E1].", "May 2"),
        ("It was 2023-05-01 [E1].", "2023-05-01"),
        ("web-2 timed out [E1].", "web-2"),
        ("web-12 timed out [E1].", "web-12"),
        ("10.0.0.70 timed out [E1].", "10.0.0.70"),
        ("It waited 30 ms [E1].", "30 ms"),
        ("It waited 30 minutes [E1].", "30 minutes"),
        ("12,346 resets came [E3].", "12,346"),
        ("12,000 resets came [E3].", "12,000"),
        ("1,234 resets came [E3].", "1,234"),
        ("Millions of resets came [E3].", "Millions"),
        ("Latency is 812 s [E4].", "812 s"),
        ("Latency is 812 % [E4].", "812 %"),
        (
            "It serves 120 requests per minute [E4].",
            "120 requests per minute",
        ),
        ("4 of 5 replicas are up [E4].", "4"),
        (
            "It is up for 2 hours and 20 minutes [E4].",
            "2 hours 20 minutes",
        ),
        ("Version v2.14.2 was deployed [E5].", "v2.14.2"),
        ("It fell by twelve hosts and 13 % [E5].", "twelve"),
        ("The throughput tripled [E6].", "tripled"),
        ("Five hosts were down [E6].", "Five"),
        ("Twenty-five hosts were down [E6].", "Twenty-five"),
        ("１２ hosts were down [E6].", "１２"),
        ("½ of the hosts were down [E6].", "½"),
    ] {
        let got = verdict(text);
        let Err(DropReason::UnsupportedNumber(raw)) = &got else {
            panic!("{text}: {got:?}");
        };
        assert!(
            raw.starts_with(wrong) || wrong.starts_with(raw.as_str()),
            "{text}: {raw}"
        );
    }
}

#[test]
fn only_what_is_cited_counts() {
    assert_eq!(
        verdict("The disk is 93 % full [E1]."),
        Err(DropReason::UnsupportedNumber("93 %".into()))
    );
    assert_eq!(verdict("The disk is 93 % full [E1, E2]."), Ok(()));
    assert_eq!(verdict("The disk is full."), Err(DropReason::NoCitation));
    assert_eq!(
        verdict("The disk is full [E9]."),
        Err(DropReason::UnknownCitation("E9".into()))
    );
    assert_eq!(
        verdict("The disk is full [E2][E9]."),
        Err(DropReason::UnknownCitation("E9".into()))
    );
    assert_eq!(verdict("[E2]."), Err(DropReason::Empty));
    let long = format!("The disk is {}full [E2]", "very ".repeat(300));
    assert_eq!(verdict(&long), Err(DropReason::TooLong));
}

#[test]
fn two_sentences_in_one_are_judged_one_by_one() {
    let claim = Claim {
        text: "The disk is 93 % full. Call 555-0199 now. It grows.".into(),
        cites: vec!["[E2]".into(), "E2".into()],
    };
    let checked = check(&[claim], &evidence());
    let kept: Vec<_> = checked.kept.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(kept, ["The disk is 93 % full.", "It grows."]);
    assert_eq!(checked.kept[0].cites, ["E2"]);
    assert_eq!(checked.dropped.len(), 1);
}

#[test]
fn prose_is_cut_and_made_safe() {
    let prose = "The disk is full [E2]. ![x](https://evil.test/?d=93) See [E3].\nNo source here.";
    let checked = check(&claims_of_prose(prose), &evidence());
    let kept: Vec<_> = checked.kept.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(kept, ["The disk is full.", "x See."]);
    assert_eq!(checked.dropped[0].reason, DropReason::NoCitation);
}

#[test]
fn numbers_beside_the_text_count() {
    let mut evidence = Evidence::new();
    evidence.add("E1", "latency of checkout");
    evidence.add_number("E1", 0.25, "s");
    let claims = claims_of_prose("Latency is 250 ms [E1]. Latency is 251 ms [E1].");
    let checked = check(&claims, &evidence);
    assert_eq!((checked.kept.len(), checked.dropped.len()), (1, 1));
}

proptest! {
    #[test]
    fn any_words_are_judged_and_what_is_kept_cites_what_is_there(
        texts in prop::collection::vec("\\PC{0,60}|([0-9.,:%/ -]|E[0-9]|\\[E[0-9]\\]|ms|GB|per|May|two){0,12}", 0..6),
        said in "\\PC{0,80}",
    ) {
        let mut evidence = Evidence::new();
        evidence.add("E1", &said);
        let claims: Vec<Claim> = texts
            .into_iter()
            .map(|text| Claim { text, cites: vec!["E1".into()] })
            .collect();
        let checked = check(&claims, &evidence);
        for sentence in &checked.kept {
            prop_assert!(!sentence.cites.is_empty());
            prop_assert!(sentence.cites.iter().all(|id| id == "E1"));
        }
    }

    #[test]
    fn what_the_evidence_says_may_be_repeated(
        words in prop::collection::vec(
            "[a-z]{1,8}|[0-9]{1,6}|[0-9]{1,3}\\.[0-9]{1,3}|[0-9]{1,4} ?(ms|s|GB|%|requests per second|errors)|[a-z]{1,5}-[0-9]{1,3}|1?[0-9]:[0-5][0-9]:[0-5][0-9]|10\\.[0-9]{1,3}\\.0\\.[0-9]{1,3}",
            1..10,
        ),
    ) {
        let text = words.join(" ");
        let mut evidence = Evidence::new();
        evidence.add("E1", &text);
        let claim = Claim { text: text.clone(), cites: vec!["E1".into()] };
        let checked = check(&[claim], &evidence);
        prop_assert!(checked.dropped.is_empty(), "{:?}", checked.dropped);
    }

    #[test]
    fn another_count_is_never_taken_for_the_true_one(known in 0_u64..10_000_000, said in 0_u64..10_000_000) {
        prop_assume!(known != said);
        let mut evidence = Evidence::new();
        evidence.add("E1", &format!("errors: {known}"));
        for text in [format!("There were {said} errors"), format!("{} errors", grouped(said))] {
            let checked = check(&[Claim { text, cites: vec!["E1".into()] }], &evidence);
            prop_assert!(checked.kept.is_empty());
        }
    }

    #[test]
    fn a_count_may_be_grouped_and_a_length_of_time_converted(count in 0_u64..1_000_000_000, ms in 1_u32..100_000) {
        let mut evidence = Evidence::new();
        evidence.add("E1", &format!("{count} errors, latency {ms} ms"));
        let text = format!("{} errors and {} seconds", grouped(count), f64::from(ms) / 1000.0);
        let checked = check(&[Claim { text, cites: vec!["E1".into()] }], &evidence);
        prop_assert!(checked.dropped.is_empty(), "{:?}", checked.dropped);
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
