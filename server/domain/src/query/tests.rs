//! The query language against cases, and against random text.

use proptest::prelude::*;

use super::*;
use crate::id::{RecordId, TemplateId};
use crate::severity::Severity;

fn words(words: &[&str]) -> Expression {
    Expression::Phrase(words.iter().map(ToString::to_string).collect())
}

fn field(key: &str, test: FieldTest) -> Expression {
    Expression::Field {
        key: key.into(),
        test,
    }
}

fn check(text: &str, expect: Expression) {
    assert_eq!(parse(text), Ok(expect), "query: {text}");
}

fn check_error(text: &str, position: usize, expected: &str) {
    let error = parse(text).unwrap_err();
    assert_eq!(
        (error.position, error.expected.as_str()),
        (position, expected),
        "query: {text}"
    );
}

#[test]
fn words_phrases_and_prefixes_are_read() {
    check("", Expression::All);
    check("  Failed ", words(&["failed"]));
    check("\"connection reset\"", words(&["connection", "reset"]));
    check("a b", Expression::And(vec![words(&["a"]), words(&["b"])]));
    check(
        "a AND b",
        Expression::And(vec![words(&["a"]), words(&["b"])]),
    );
    check("time*", Expression::Prefix("time".into()));
    check("10.251.*", words(&["10", "251"]));
    check("-- == a", words(&["a"]));
    check("***", Expression::All);
}

#[test]
fn a_bare_word_with_separators_is_the_phrase_of_its_tokens() {
    check(
        "10.251.73.220:50010",
        words(&["10", "251", "73", "220", "50010"]),
    );
    check("blk_-123", words(&["blk_", "123"]));
    check("/var/log", words(&["var", "log"]));
    check("http://a.b", words(&["http", "a", "b"]));
    check("std::io", words(&["std", "io"]));
    check("error:", words(&["error"]));
}

#[test]
fn negation_alternatives_and_parentheses_are_read() {
    let not_b = Expression::Not(Box::new(words(&["b"])));
    check("a -b", Expression::And(vec![words(&["a"]), not_b.clone()]));
    check("a NOT b", Expression::And(vec![words(&["a"]), not_b]));
    let either = Expression::Or(vec![words(&["b"]), words(&["c"])]);
    check(
        "a (b OR c)",
        Expression::And(vec![words(&["a"]), either.clone()]),
    );
    check("b OR c", either);
}

#[test]
fn fields_and_ranges_are_read() {
    check(
        "host:web-01",
        field("host", FieldTest::Equals("web-01".into())),
    );
    check(
        "source:\"a b\"",
        field("source", FieldTest::Equals("a b".into())),
    );
    check(
        "source:file*",
        field("source", FieldTest::StartsWith("file".into())),
    );
    check("trace_id:*", field("trace_id", FieldTest::Exists));
    let low = |low| FieldTest::Range {
        low: Some(low),
        high: None,
    };
    let high = |high| FieldTest::Range {
        low: None,
        high: Some(high),
    };
    check("ms:>=5", field("ms", low((5.0, true))));
    check("ms:<0.5", field("ms", high((0.5, false))));
    check("severity:>=warn", field("severity", low((13.0, true))));
    check("severity:>warn", field("severity", low((16.0, false))));
    check("severity:<=warn", field("severity", high((16.0, true))));
    let between = FieldTest::Range {
        low: Some((1.0, true)),
        high: Some((5.0, true)),
    };
    check("ms:[1 TO 5]", field("ms", between));
}

#[test]
fn errors_say_where_and_what_was_expected() {
    check_error("a \"b", 2, "a closing `\"`");
    check_error("(a", 0, "a closing `)`");
    check_error("a)", 1, "a word or the end");
    check_error("a OR", 4, "a word");
    check_error("OR a", 0, "a word");
    check_error("ms:>=fast", 5, "a number");
    check_error("é fo*o*o", 2, "a `*` at the end of a word only");
    assert!(parse(&"a".repeat(TEXT_BYTES_MAX)).is_err());
    assert!(parse(&"(".repeat(5000)).is_err());
    assert!(parse(&"NOT ".repeat(2000)).is_err());
}

fn view(body: &[u8]) -> RecordView<'_> {
    RecordView {
        body,
        source: "file:/var/log/auth.log",
        host: "web-01",
        severity: Severity::WARN,
        template: TemplateId(1),
        id: RecordId::from_bits(7),
        trace_id: None,
        span_id: None,
        attributes: AttributeSource::None,
    }
}

fn found(query: &str, body: &str) -> bool {
    matches(&parse(query).unwrap(), &view(body.as_bytes()))
}

#[test]
fn records_are_matched_token_by_token() {
    let body = "Receiving block blk_-38 src: /10.0.0.1:80";
    for query in [
        "BLOCK",
        "\"block blk_ 38\"",
        "10.0.0.1",
        "rec*",
        "severity:warning",
        "-missing",
    ] {
        assert!(found(query, body), "{query}");
    }
    for query in [
        "bloc",
        "\"receiving blk_\"",
        "0.0.0.1:8",
        "host:web",
        "severity:>warn",
    ] {
        assert!(!found(query, body), "{query}");
    }
    assert!(found("host:WEB* source:file*", body));
    assert!(found("severity:>=warn severity:<error", body));
}

#[test]
fn highlights_are_ascending_and_apart() {
    let body = b"user root failed for root";
    let query = parse("root \"user root\" -failed").unwrap();
    assert_eq!(highlight(&query, body), [0..9, 21..25]);
}

proptest! {
    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}") {
        if let Ok(expression) = parse(&text) {
            let _ = matches(&expression, &view(text.as_bytes()));
            let ranges = highlight(&expression, text.as_bytes());
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    #[test]
    fn random_pieces_of_the_language_never_panic(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("("), Just(")"), Just("\""), Just("-"), Just("NOT "), Just(" OR "), Just("*"),
                Just("a"), Just("k:"), Just("[1 TO 2]"), Just(" "), Just(">="), Just("é"), Just("\\"),
            ],
            0..40,
        ),
    ) {
        let _ = parse(&parts.concat());
    }

    #[test]
    fn every_phrase_of_a_line_is_found_in_it(
        body in "[a-zA-Z_é0-9 .:-]{0,60}", from in 0usize..10, count in 1usize..4,
    ) {
        let found = lower_tokens(&body);
        let from = from.min(found.len());
        let to = (from + count).min(found.len());
        prop_assert!(phrase_in(&found[from..to], body.as_bytes()));
    }
}
