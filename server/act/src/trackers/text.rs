//! Texts of tickets: paragraphs, and lines that are kept as they are.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// Lines of plain text, none empty.
    Paragraph(Vec<String>),
    /// Lines that are kept as they are, such as those of a log.
    Verbatim(Vec<String>),
}

/// What a line of a verbatim block begins with.
const INDENT: &str = "    ";

/// The parts of a text. They are apart by empty lines; one whose every line begins with four spaces
/// is verbatim. Control characters go, since no tracker takes them all.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let text = clean(text);
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line);
            continue;
        }
        if lines.is_empty() {
            continue;
        }
        let lines = std::mem::take(&mut lines);
        let is_verbatim = lines.iter().all(|line| line.starts_with(INDENT));
        let own = |line: &&str| match is_verbatim {
            true => line
                .strip_prefix(INDENT)
                .unwrap_or(line)
                .trim_end()
                .to_owned(),
            false => line.trim().to_owned(),
        };
        let lines: Vec<String> = lines.iter().map(own).collect();
        match (blocks.last_mut(), is_verbatim) {
            (Some(Block::Verbatim(before)), true) => {
                before.push(String::new());
                before.extend(lines);
            }
            (_, true) => blocks.push(Block::Verbatim(lines)),
            (_, false) => blocks.push(Block::Paragraph(lines)),
        }
    }
    blocks
}

/// A text without control characters but ends of lines and tabs, and without what is no character.
pub(crate) fn clean(text: &str) -> String {
    let is_good = |c: &char| {
        let is_kept = matches!(c, '\n' | '\t') || !c.is_control();
        is_kept && !matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    text.replace("\r\n", "\n").chars().filter(is_good).collect()
}

/// A text on one line, cut to so many characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let words = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    crate::words::cut(&words, most)
}

/// What is an address at the beginning of a word, apart from the signs that end a sentence; none if
/// a tracker might not take it for one.
pub(crate) fn address(word: &str) -> Option<&str> {
    let rest = word
        .strip_prefix("https://")
        .or(word.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    let address = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    let is_host = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host
            .trim_end_matches(['.', ',', ';', ':', '!', ')', '"', '\''])
            .chars()
            .all(is_of_host);
    (is_host && address.chars().all(is_good)).then_some(address)
}

/// A text cut to about so many characters, between two lines if there are such: half a line of a log
/// would make its whole paragraph another.
pub(crate) fn cut_between_lines(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most).collect();
    let end = short.rfind('\n').filter(|end| end * 2 > short.len());
    short.truncate(end.unwrap_or(short.len()));
    short.push_str("\n\n…");
    short
}

/// Whether a key stands in a text by itself, and not as the beginning of a longer one.
pub(crate) fn has_key(text: &str, key: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(key).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + key.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_paragraphs_and_verbatim_lines() {
        let text = "One\r\n two\u{7}\n\n\n    a\tb\n      c\n\n    d\n\n    half\nplain\n \n";
        let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
        assert_eq!(
            blocks(text),
            vec![
                Block::Paragraph(lines(&["One", "two"])),
                Block::Verbatim(lines(&["a\tb", "  c", "", "d"])),
                Block::Paragraph(lines(&["half", "plain"])),
            ]
        );
        assert_eq!(blocks(" \n\u{0}\n"), vec![]);
    }

    #[test]
    fn a_key_is_not_the_beginning_of_a_longer_one() {
        assert!(has_key("(tocsin-a1-1)", "tocsin-a1-1"));
        assert!(has_key("tocsin-a1-17 tocsin-a1-1", "tocsin-a1-1"));
        assert!(!has_key("tocsin-a1-17", "tocsin-a1-1"));
        assert!(!has_key("x-tocsin-a1-1", "tocsin-a1-1"));
    }

    #[test]
    fn a_text_is_cut_between_lines_and_a_long_line_within() {
        assert_eq!(cut_between_lines("    ab\n    cd", 9), "    ab\n\n…");
        assert_eq!(cut_between_lines("a\nbcdefgh", 7), "a\nbcdef\n\n…");
        assert_eq!(cut_between_lines("a\nb", 3), "a\nb");
    }

    #[test]
    fn what_might_not_be_an_address_is_none() {
        let good = "https://a.example:8080/b?c=d#e";
        for end in ["", ".", "),", "\""] {
            assert_eq!(address(&format!("{good}{end}")), Some(good));
        }
        assert_eq!(address("http://a."), Some("http://a"));
        for word in [
            "a",
            "https://",
            "http://.",
            "https://<b>",
            "http://[::1]/",
            "https://a/é",
        ] {
            assert_eq!(address(word), None, "{word}");
        }
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(one_line("a\n\tb\u{1b}[0m  c", 100), "a b[0m c");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }
}
