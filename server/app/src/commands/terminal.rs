//! What others wrote, on a terminal: nothing of it moves the cursor, colours the screen or turns a line
//! around.

use serde_json::Value;

/// The values of a list; none if it is no list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text on one line. What cannot be seen is left out.
pub(super) fn plain(text: &Value) -> String {
    let shown = |c: char| match c {
        c if c.is_control() => Some(' '),
        c if is_invisible(c) => None,
        c => Some(c),
    };
    let text = text.as_str().unwrap_or_default();
    text.chars().filter_map(shown).collect()
}

/// A line of what people are asked to agree to. What cannot be seen is shown as its code, since it is
/// part of what is done.
pub(super) fn exact(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => out.push(c),
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_left_out_or_shown_as_its_code() {
        let text = "a\u{1b}[31mb\u{202e}c\td\u{200b}";
        assert_eq!(plain(&text.into()), "a [31mbc d");
        assert_eq!(exact(text), "a\\u{1b}[31mb\\u{202e}c\td\\u{200b}");
    }
}
