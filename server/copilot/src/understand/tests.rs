//! Whole questions, and the examples of the rules.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::catalogue::{BUILT_IN, Need};
use super::directory::Names;
use super::time::{Asker, HOUR_MS};
use super::variable::Counted;
use super::*;

/// Wednesday, 2026-11-11, 10:30 UTC.
const NOW_MS: i64 = 1_794_393_000_000;

fn asker() -> Asker {
    Asker {
        now_ms: NOW_MS,
        offset_ms: 0,
        page_ms: None,
    }
}

fn directory() -> Directory {
    let mut names = Names::default();
    for (name, kind) in [
        ("payment", Kind::Service),
        ("checkout", Kind::Service),
        ("orders", Kind::Service),
        ("pricing", Kind::Service),
        ("web-1", Kind::Host),
        ("db-1", Kind::Host),
        ("b", Kind::Host),
        ("server-03.dc1.example.com", Kind::Host),
        ("file:/var/log/syslog", Kind::Source),
        ("/data", Kind::Mount),
        ("shop_payment_latency_seconds", Kind::Metric),
        ("up", Kind::Metric),
    ] {
        names.add(name, kind, Place::Lines(kind.name().into()));
    }
    names.directory(vec!["disk_full".into(), "replication_lag".into()])
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in().unwrap());
static DIRECTORY: LazyLock<Directory> = LazyLock::new(directory);

fn ask_after(question: &str, has_page: bool, previous: Option<&Reading>) -> Reading {
    let context = Context {
        catalogue: &CATALOGUE,
        directory: &DIRECTORY,
        asker: asker(),
        has_page,
        previous,
    };
    read(question, context)
}

fn ask(question: &str) -> Reading {
    ask_after(question, false, None)
}

fn names(reading: &Reading) -> Vec<&str> {
    let all = reading.entities.iter();
    all.map(|one| one.entity.name.as_str()).collect()
}

#[derive(serde::Deserialize)]
struct Rules {
    intents: Vec<Rule>,
}

#[derive(serde::Deserialize)]
struct Rule {
    intent: Intent,
    needs: Option<Need>,
    examples: Vec<String>,
    #[serde(default)]
    counterexamples: Vec<String>,
}

#[test]
fn every_example_of_the_rules_is_understood_as_it_says() {
    let rules: Rules = serde_yaml_ng::from_str(BUILT_IN).unwrap();
    let mut wrong = Vec::new();
    for rule in &rules.intents {
        let good = rule.examples.iter().map(|question| (question, true));
        let bad = rule
            .counterexamples
            .iter()
            .map(|question| (question, false));
        for (question, holds) in good.chain(bad) {
            let question = question.replace(['{', '}'], "");
            let got = ask_after(&question, rule.needs == Some(Need::Page), None).intent;
            if (got == rule.intent) != holds {
                let (got, wanted) = (got.name(), rule.intent.name());
                wrong.push(format!("{question} -> {got} ({wanted} {holds})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for intent in Intent::ALL.iter().filter(|one| **one != Intent::Search) {
        let own = rules.intents.iter().filter(|rule| rule.intent == *intent);
        let shown: usize = own.map(|rule| rule.examples.len()).sum();
        assert!(shown >= 3, "{}", intent.name());
    }
}

#[test]
fn a_question_is_taken_apart() {
    let reading = ask("Why is server-03 slow since 9am?");
    assert_eq!(reading.intent, Intent::Why);
    assert_eq!(names(&reading), ["server-03.dc1.example.com"]);
    assert_eq!(reading.subjects, ["latency"]);
    assert_eq!(reading.time_words.as_deref(), Some("since 9am"));
    let reading = ask("how many errors about \"connection reset\" did payment have on db-1 today");
    assert_eq!(reading.intent, Intent::Count);
    assert_eq!(names(&reading), ["payment", "db-1"]);
    assert_eq!(reading.topic, ["connection reset"]);
    assert_eq!(reading.severity, Some(tocsin_domain::Severity::ERROR));
    let reading = ask("payment provider paygate timed out");
    assert_eq!(
        (reading.intent, names(&reading)),
        (Intent::Search, vec!["payment"])
    );
    assert_eq!(reading.topic, ["provider", "paygate", "timed"]);
    let reading = ask("number of failed logins in the last hour");
    assert_eq!(
        (reading.severity, reading.topic),
        (None, vec!["failed".into(), "logins".into()])
    );
    let reading = ask("errors on host web-9");
    assert_eq!(reading.unknown, [(Kind::Host, "web-9".into())]);
    let reading = ask("when will /data be full?");
    assert_eq!(
        (reading.intent, names(&reading)),
        (Intent::FillUp, vec!["/data"])
    );
    assert_eq!(ask("what fills up?").entities, []);
    assert_eq!(ask("how do I fix disk full?").failure_types, ["disk_full"]);
    assert_eq!(names(&ask("errors of chekcout")), ["checkout"]);
}

#[test]
fn what_is_counted_is_the_noun_after_which_top_or_most() {
    let values = |of: &str| Some(Counted::Values(of.into()));
    for (question, expected, topic) in [
        (
            "which address has the most \"Failed password\" lines?",
            values("ip"),
            vec!["Failed password"],
        ),
        ("top IPs", values("ip"), vec![]),
        ("top 5 source ip addresses", values("ip"), vec![]),
        ("which user fails most on web-1", values("user"), vec![]),
        (
            "who has the most failed logins",
            values("user"),
            vec!["logins"],
        ),
        ("which path is requested most", values("path"), vec![]),
        (
            "most frequent values of customer",
            values("customer"),
            vec![],
        ),
        ("top 10 customers by errors", values("customers"), vec![]),
        (
            "which port of b is used most often?",
            values("port"),
            vec![],
        ),
        (
            "which address scanned nginx most",
            values("ip"),
            vec!["scanned", "nginx"],
        ),
        (
            "Which host has the most errors?",
            Some(Counted::Entities(Kind::Host)),
            vec![],
        ),
        (
            "top 5 services by errors",
            Some(Counted::Entities(Kind::Service)),
            vec![],
        ),
        ("most frequent errors", None, vec![]),
        ("what is the most common error?", None, vec![]),
    ] {
        let reading = ask(question);
        let got = (reading.intent, &reading.counted, &reading.topic);
        let topic: Vec<String> = topic.into_iter().map(String::from).collect();
        assert_eq!(got, (Intent::Top, &expected, &topic), "{question}");
    }
    assert_eq!(ask("what has the address 10.0.0.1 logged?").counted, None);
    let first = ask("which user fails most?");
    let next = ask_after("and yesterday?", false, Some(&first));
    assert_eq!((next.intent, next.counted), (Intent::Top, values("user")));
    let next = ask_after("and which address?", false, Some(&first));
    assert_eq!((next.intent, next.counted), (Intent::Top, values("ip")));
    let next = ask_after("and which host?", false, Some(&first));
    assert_eq!(next.counted, Some(Counted::Entities(Kind::Host)));
}

#[test]
fn a_question_goes_on_from_the_one_before() {
    let first = ask("show errors of payment on web-1 in the last 2 hours");
    let go_on = |question| ask_after(question, false, Some(&first));
    let reading = go_on("and on host b?");
    assert_eq!(reading.intent, Intent::Errors);
    assert_eq!(names(&reading), ["b", "payment"]);
    assert_eq!(reading.times, first.times);
    let reading = go_on("what about yesterday?");
    assert_eq!(
        (reading.intent, names(&reading)),
        (Intent::Errors, vec!["payment", "web-1"])
    );
    assert_eq!(reading.time_words.as_deref(), Some("yesterday"));
    let reading = go_on("why?");
    assert_eq!(
        (reading.intent, names(&reading)),
        (Intent::Why, vec!["payment", "web-1"])
    );
    assert!(reading.is_follow_up);
    let reading = go_on("what changed there?");
    assert_eq!(
        (reading.intent, names(&reading)),
        (Intent::Changes, vec!["payment", "web-1"])
    );
    let reading = go_on("is everything ok?");
    assert_eq!((reading.intent, names(&reading)), (Intent::Status, vec![]));
    let reading = go_on("show errors of checkout");
    assert_eq!(
        (names(&reading), reading.is_follow_up),
        (vec!["checkout"], false)
    );
    assert_eq!(reading.times, []);
}

#[test]
fn without_a_time_each_intent_has_its_own() {
    let hours = |question| {
        let (from, to) = ask(question).range_ms(asker());
        ((from - NOW_MS) / HOUR_MS, (to - NOW_MS) / HOUR_MS)
    };
    assert_eq!(hours("errors of payment"), (-1, 0));
    assert_eq!(hours("what changed?"), (-24, 0));
    assert_eq!(hours("what will fill up?"), (0, 168));
}

proptest! {
    #[test]
    fn no_question_breaks_the_reader(parts in proptest::collection::vec(
        prop_oneof![
            "\\PC{0,10}",
            proptest::sample::select(vec![
                "why", "host", "payment's", "\"", "`up`", "and", "it", "disk", "full", "on", "b", "yesterday",
                "how many", "errors", "vs", "/data", "shop_payment_latency_seconds", "service", "?",
            ]).prop_map(String::from),
        ], 0..12)
    ) {
        let question = parts.join(" ");
        let first = ask(&question);
        let second = ask_after(&question, true, Some(&first));
        let (from, to) = second.range_ms(asker());
        prop_assert!(from <= to);
    }
}
