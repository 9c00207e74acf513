//! What Jira checks of a text: that it is a document of its format, and not too long.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use serde_json::Value;

/// The most characters of a text.
const CHARACTERS_MAX: usize = 32_767;
const BLOCKS: [&str; 6] = [
    "paragraph",
    "codeBlock",
    "bulletList",
    "orderedList",
    "heading",
    "blockquote",
];
const MARKS: [&str; 5] = ["link", "code", "strong", "em", "strike"];

/// Whether it is a document.
pub(super) fn is_document(value: &Value) -> bool {
    let content = value["content"].as_array();
    let is_block = |node: &Value| {
        let kind = node["type"].as_str().unwrap_or_default();
        BLOCKS.contains(&kind) && is_good(node, kind)
    };
    value["type"] == "doc"
        && value["version"] == 1
        && content.is_some_and(|content| content.iter().all(is_block))
        && value.to_string().chars().count() <= CHARACTERS_MAX
}

fn is_good(node: &Value, parent: &str) -> bool {
    let kind = node["type"].as_str().unwrap_or_default();
    let marks = || node["marks"].as_array().into_iter().flatten();
    let mut children = node["content"].as_array().into_iter().flatten();
    match kind {
        "text" => {
            let text = node["text"].as_str().unwrap_or_default();
            let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            let is_mark = |mark: &Value| {
                let kind = mark["type"].as_str().unwrap_or_default();
                let href = mark["attrs"]["href"].as_str();
                MARKS.contains(&kind) && (kind != "link" || href.is_some_and(|to| to.contains(':')))
            };
            let is_bare = parent != "codeBlock" || marks().count() == 0;
            !text.is_empty() && !text.contains(is_odd) && marks().all(is_mark) && is_bare
        }
        "hardBreak" => parent == "paragraph" || parent == "heading",
        "bulletList" | "orderedList" => children.all(|child| child["type"] == "listItem"),
        "codeBlock" => children.all(|child| child["type"] == "text" && is_good(child, kind)),
        "paragraph" | "heading" => children.all(|child| {
            let is_inline = child["type"] == "text" || child["type"] == "hardBreak";
            is_inline && is_good(child, kind)
        }),
        "blockquote" => children.all(|child| is_good(child, kind)),
        _ => false,
    }
}

/// The text of a document.
pub(super) fn plain(node: &Value) -> String {
    let own = node["text"].as_str().unwrap_or_default().to_owned();
    let children = node["content"].as_array().into_iter().flatten();
    let mut texts: Vec<String> = children.map(plain).collect();
    texts.insert(0, own);
    texts.retain(|text| !text.is_empty());
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(content: Value) -> Value {
        json!({ "type": "doc", "version": 1, "content": content })
    }

    #[test]
    fn what_jira_refuses_is_no_document() {
        let paragraph =
            |content: Value| document(json!([{ "type": "paragraph", "content": content }]));
        let text = json!({ "type": "text", "text": "x" });
        assert!(is_document(&paragraph(
            json!([text, { "type": "hardBreak" }, text])
        )));
        assert!(is_document(&document(json!([]))));
        for wrong in [
            json!("a plain string"),
            json!({ "type": "doc", "content": [] }),
            paragraph(json!([{ "type": "text", "text": "" }])),
            paragraph(json!([{ "type": "text", "text": "\u{1b}[0m" }])),
            paragraph(json!([{ "type": "paragraph" }])),
            document(json!([text])),
            document(json!([{ "type": "codeBlock", "content": [{ "type": "hardBreak" }] }])),
            paragraph(json!([{ "type": "text", "text": "x".repeat(CHARACTERS_MAX) }])),
            paragraph(json!([{ "type": "text", "text": "x", "marks": [{ "type": "link" }] }])),
        ] {
            assert!(!is_document(&wrong), "{wrong}");
        }
    }
}
