//! The Atlassian Document Format, in which Jira Cloud takes texts.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>. A plain string, or
//! a text node without text, is refused.

use serde_json::{Value, json};

use super::text::{Block, address, blocks, clean, cut_between_lines};

/// The most characters of a document, with what is around its text. Jira counts fewer of them.
pub(crate) const CHARACTERS_MAX: usize = 32_767;

/// The document of a text. `link` is a paragraph that leads to it, unless it is empty or the text
/// has it, and `key` (unless it is empty) one that is there to be found; both stay whole when the
/// text is cut.
pub(crate) fn document(text: &str, link: &str, key: &str) -> Value {
    let whole_length = text.chars().count();
    let mut most = CHARACTERS_MAX.min(whole_length);
    loop {
        let is_told = most == whole_length && text.contains(link);
        let link = if is_told { "" } else { link };
        let whole = build(&cut_between_lines(text, most), link, key);
        let length = whole.to_string().chars().count();
        if length <= CHARACTERS_MAX || most == 0 {
            return whole;
        }
        most = (most * CHARACTERS_MAX / length).min(most - 1);
    }
}

fn build(text: &str, link: &str, key: &str) -> Value {
    let mut content: Vec<Value> = blocks(text).iter().map(block).collect();
    if !link.is_empty() {
        let mark = json!({ "type": "link", "attrs": { "href": clean(link) } });
        content.push(marked("Open it in Tocsin", &mark));
    }
    if !key.is_empty() {
        content.push(marked(key, &json!({ "type": "code" })));
    }
    json!({ "type": "doc", "version": 1, "content": content })
}

fn marked(text: &str, mark: &Value) -> Value {
    let text = json!({ "type": "text", "text": text, "marks": [mark] });
    json!({ "type": "paragraph", "content": [text] })
}

fn block(block: &Block) -> Value {
    match block {
        Block::Verbatim(lines) => {
            json!({ "type": "codeBlock", "content": [plain_text(&lines.join("\n"))] })
        }
        Block::Paragraph(lines) => {
            let mut content = Vec::new();
            for line in lines {
                if !content.is_empty() {
                    content.push(json!({ "type": "hardBreak" }));
                }
                content.extend(with_links(line));
            }
            json!({ "type": "paragraph", "content": content })
        }
    }
}

fn plain_text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// The nodes of a line that is not empty: addresses in it lead where they say.
fn with_links(line: &str) -> Vec<Value> {
    let mut nodes = Vec::new();
    let mut before = String::new();
    for word in line.split_inclusive(char::is_whitespace) {
        let Some(address) = address(word.trim_end()) else {
            before.push_str(word);
            continue;
        };
        if !before.is_empty() {
            nodes.push(plain_text(&std::mem::take(&mut before)));
        }
        let mark = json!({ "type": "link", "attrs": { "href": address } });
        nodes.push(json!({ "type": "text", "text": address, "marks": [mark] }));
        before.push_str(word.strip_prefix(address).unwrap_or_default());
    }
    if !before.is_empty() {
        nodes.push(plain_text(&before));
    }
    nodes
}

/// All the text of a document, its parts apart by spaces.
pub(crate) fn plain(document: &Value) -> String {
    let mut all = String::new();
    let mut left = vec![document];
    while let Some(node) = left.pop() {
        if let Some(text) = node["text"].as_str() {
            all.push_str(text);
            all.push(' ');
        }
        left.extend(node["content"].as_array().into_iter().flatten().rev());
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What Jira refuses: text nodes without text, control characters, documents too long.
    fn check(node: &Value) {
        if node["type"] == "text" {
            let text = node["text"].as_str().unwrap();
            assert!(!text.is_empty(), "{node}");
            let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            assert!(!text.contains(is_odd), "{node}");
        }
        let content = node["content"].as_array().into_iter().flatten();
        content.for_each(check);
    }

    #[test]
    fn a_text_is_paragraphs_code_blocks_a_link_and_a_key() {
        let text = "It broke.\nTwice.\n\n    12:00 ERROR no\n    12:01 ERROR yes\n\nThat is all.";
        let document = document(text, "https://t.example/alerts?id=1", "tocsin-1-2");
        let expected = json!({
            "type": "doc",
            "version": 1,
            "content": [
                { "type": "paragraph", "content": [
                    { "type": "text", "text": "It broke." },
                    { "type": "hardBreak" },
                    { "type": "text", "text": "Twice." },
                ] },
                { "type": "codeBlock", "content": [
                    { "type": "text", "text": "12:00 ERROR no\n12:01 ERROR yes" },
                ] },
                { "type": "paragraph", "content": [{ "type": "text", "text": "That is all." }] },
                { "type": "paragraph", "content": [{
                    "type": "text",
                    "text": "Open it in Tocsin",
                    "marks": [{ "type": "link", "attrs": { "href": "https://t.example/alerts?id=1" } }],
                }] },
                { "type": "paragraph", "content": [{
                    "type": "text", "text": "tocsin-1-2", "marks": [{ "type": "code" }],
                }] },
            ],
        });
        assert_eq!(document, expected);
        let plain = plain(&document);
        assert!(plain.starts_with("It broke. Twice. 12:00") && plain.ends_with("tocsin-1-2 "));
    }

    #[test]
    fn a_long_text_is_cut_and_what_it_is_found_by_stays() {
        for piece in ["a", "a\n", "\"", "a\n\n", "    \"x\"\n\n", "é 😀"] {
            let document = document(&piece.repeat(40_000), "https://t.example", "tocsin-1-2");
            check(&document);
            let length = document.to_string().chars().count();
            assert!(length <= CHARACTERS_MAX && length > 30_000, "{length}");
            assert!(plain(&document).ends_with("tocsin-1-2 "));
        }
    }

    #[test]
    fn addresses_lead_where_they_say_and_are_not_told_twice() {
        let text = "See https://t.example/a?b=1, or (https://t.example).";
        let document = document(text, "https://t.example/a?b=1", "");
        let link = |to: &str| {
            json!({ "type": "text", "text": to,
                "marks": [{ "type": "link", "attrs": { "href": to } }] })
        };
        let content = json!([
            plain_text("See "),
            link("https://t.example/a?b=1"),
            plain_text(", or (https://t.example)."),
        ]);
        assert_eq!(
            document["content"],
            json!([{ "type": "paragraph", "content": content }])
        );
    }

    proptest! {
        #[test]
        fn whatever_the_text_jira_takes_it(text in "(\\PC|[\\x00-\\x20]){0,200}") {
            let document = document(&text, "", "k");
            check(&document);
            prop_assert!(plain(&document).ends_with("k "));
        }
    }
}
