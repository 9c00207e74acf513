//! Words from outside within Markdown: they are text, and nothing of them becomes a link, an image,
//! markup or HTML, whatever renders it.

use std::fmt::Write;

/// A text on one line in which nothing is markup. A word that some renderers would make a link of
/// by themselves becomes code.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for word in plain(text).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if is_linked_by_itself(word) {
            out.push_str(&code(word));
        } else {
            escape(word, out.is_empty(), &mut out);
        }
    }
    out
}

/// A text of several lines in which nothing is markup, each a line of a block quote.
pub(crate) fn quote(text: &str) -> String {
    let lines = text.lines().map(line);
    lines.fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "> {line}  ");
        out
    })
}

/// A text on one line as code: as it is, but for characters that cannot be seen.
pub(crate) fn code(text: &str) -> String {
    let text = plain(text)
        .split_whitespace()
        .fold(String::new(), |all, word| {
            if all.is_empty() {
                word.to_owned()
            } else {
                all + " " + word
            }
        });
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // What begins or ends with a backtick needs a space, which is not shown.
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Without characters that cannot be seen, or that change the order in which others are; line ends
/// become spaces.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => Some(' '),
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => None,
        c => Some(c),
    };
    text.chars().filter_map(shown).collect()
}

/// Whether renderers make a link of a word although nothing marks it as one.
fn is_linked_by_itself(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let marks = [
        "://",
        "www.",
        "@",
        "mailto:",
        "xmpp:",
        "javascript:",
        "data:",
    ];
    marks.iter().any(|mark| word.contains(mark))
}

fn escape(word: &str, begins_line: bool, out: &mut String) {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in word.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' | '#' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '-' | '+' | '=' | ':' if begins_line && at == 0 => {
                out.push('\\');
                out.push(c);
            }
            // `1.` and `1)` would begin a list.
            '.' | ')' if begins_line && at > 0 && at == digits => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}
