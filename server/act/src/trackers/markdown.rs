//! Markdown as GitHub reads it: what an alert says is shown as it is, calls nobody and links nothing.

use super::text::{Block, address, blocks, cut_between_lines};

/// The most characters of a body.
pub(crate) const CHARACTERS_MAX: usize = 65_536;

/// The body of a text, with an end that stays whole when the text is cut.
pub(crate) fn document(text: &str, end: &str) -> String {
    let mut most = CHARACTERS_MAX.min(text.chars().count());
    loop {
        let whole = build(&cut_between_lines(text, most), end);
        let length = whole.chars().count();
        if length <= CHARACTERS_MAX || most == 0 {
            return whole;
        }
        most = (most * CHARACTERS_MAX / length).min(most - 1);
    }
}

/// What is not shown, but found in the source. `text` has letters, digits and dashes, no two dashes
/// in a row.
pub(crate) fn hidden(text: &str) -> String {
    format!("<!-- {text} -->")
}

fn build(text: &str, end: &str) -> String {
    let mut parts: Vec<String> = blocks(text).iter().map(block).collect();
    parts.push(end.to_owned());
    parts.join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
            lines.join("\n")
        }
        Block::Verbatim(lines) => {
            // What is hidden to be found is found in the source, in which this must not stand.
            let text = lines.join("\n").replace("<!--", "<\u{200b}!--");
            let runs = text.split(|c| c != '`').map(str::len);
            let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
            format!("{fence}text\n{text}\n{fence}")
        }
    }
}

/// A line of plain text. Addresses are left alone, since GitHub makes links of them by itself.
fn escaped(line: &str) -> String {
    let words = line.split_inclusive(' ').enumerate();
    let words = words.map(|(at, word)| match address(word.trim_end()) {
        Some(address) => {
            let rest = word.strip_prefix(address).unwrap_or_default();
            format!("{address}{}", escaped_word(rest, false))
        }
        None => escaped_word(word, at == 0),
    });
    words.collect()
}

fn escaped_word(line: &str, is_first: bool) -> String {
    let mut all = String::with_capacity(line.len() + 8);
    let head = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_list = is_first && head.len() < line.len() && head.starts_with(['.', ')']);
    for (at, c) in line.char_indices() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => all.extend(['\\', c]),
            '-' | '+' | '=' if is_first && at == 0 => all.extend(['\\', c]),
            '.' | ')' if is_list && at == line.len() - head.len() => all.extend(['\\', c]),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '&' => all.push_str("&amp;"),
            // With a space of no width behind it nobody is called and no issue is linked.
            '@' | '#' => all.extend([c, '\u{200b}']),
            _ => all.push(c),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_it_is_and_calls_nobody() {
        let text = "Ask @team about #12 at https://a.example/x_y#z: <b>*no*</b> & a_b\n1. one\n- two\n\n    x ``` @y\n    z";
        let expected = "Ask @\u{200b}team about #\u{200b}12 at https://a.example/x_y#z: &lt;b&gt;\\*no\\*&lt;/b&gt; &amp; a\\_b\n\
            1\\. one\n\\- two\n\n````text\nx ``` @y\nz\n````\n\n<!-- k -->";
        assert_eq!(document(text, &hidden("k")), expected);
    }

    #[test]
    fn what_is_hidden_can_only_be_hidden_by_us() {
        let text = "<!-- k -->\n\n    <!-- k -->\n    -->\n\n--> <!-- k";
        let body = document(text, &hidden("own"));
        assert!(!body.contains(&hidden("k")), "{body}");
        assert_eq!(body.matches("<!--").count(), 1, "{body}");
        assert!(body.ends_with("\n\n<!-- own -->"));
    }

    #[test]
    fn a_long_text_is_cut_and_what_it_is_found_by_stays() {
        for piece in ["a", "*", "a\n\n", "    ```` ````\n", "é😀@"] {
            let body = document(&piece.repeat(80_000), "<!-- k -->");
            let length = body.chars().count();
            assert!(length <= CHARACTERS_MAX && length > 40_000, "{length}");
            assert!(body.ends_with("<!-- k -->"));
        }
    }
}
