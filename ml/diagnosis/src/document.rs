//! Texts that people attach, as lines that can be cited, in sections by the command that printed them.

use std::borrow::Cow;

/// The most bytes of a line that are read; what is behind stands in no finding.
const LINE_BYTES_MAX: usize = 16 << 10;

/// A text with a name: a pasted output, a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What people call it: a file's name, or the command that printed it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A line of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineRef {
    /// Which document, by its place.
    pub document: usize,
    /// Which line, from 1.
    pub line: u32,
}

/// A document as lines.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) name: &'a str,
    /// Without escape sequences and line ends; the line numbered 1 is the first.
    pub(crate) lines: Vec<Cow<'a, str>>,
    pub(crate) sections: Vec<Section>,
}

/// What one command printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// The command, or the name of the document where none is written.
    pub(crate) about: String,
    /// The first line, from 0.
    pub(crate) start: usize,
    /// The line after the last, from 0.
    pub(crate) end: usize,
}

impl<'a> Page<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        let lines: Vec<Cow<'a, str>> = document.text.lines().map(|line| plain(cut(line))).collect();
        let mut sections = vec![Section {
            about: document.name.clone(),
            start: 0,
            end: lines.len(),
        }];
        for (at, line) in lines.iter().enumerate() {
            let Some(command) = command(line) else {
                continue;
            };
            if let Some(last) = sections.last_mut() {
                last.end = at;
            }
            sections.push(Section {
                about: command.to_owned(),
                start: at + 1,
                end: lines.len(),
            });
        }
        sections.retain(|section| section.start < section.end);
        Self {
            name: &document.name,
            lines,
            sections,
        }
    }

    /// The lines of a section, with their places from 0.
    pub(crate) fn of(&self, section: &Section) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.lines.get(section.start..section.end);
        lines
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(move |(at, line)| (section.start + at, line.as_ref()))
    }
}

/// The command after a prompt: `$ df -h`, `root@web-1:~# free -m`, `PS> kubectl …`.
fn command(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let after = line.strip_prefix("$ ").or_else(|| {
        let at = line.find("# ").or_else(|| line.find("$ "))?;
        let (prompt, after) = line.split_at(at);
        let is_prompt =
            prompt.contains('@') && prompt.contains([':', '~']) && !prompt.contains(' ');
        is_prompt.then(|| &after[2..])
    })?;
    let is_command = after.starts_with(|c: char| c.is_ascii_lowercase() || matches!(c, '.' | '/'));
    is_command.then_some(after)
}

fn cut(line: &str) -> &str {
    if line.len() <= LINE_BYTES_MAX {
        return line;
    }
    let end = (0..=LINE_BYTES_MAX)
        .rev()
        .find(|&at| line.is_char_boundary(at));
    &line[..end.unwrap_or(0)]
}

/// The line without the colours of a terminal.
fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
            continue;
        }
        // What a colour parts are no digits of one number.
        if out.ends_with(|c: char| c.is_ascii_digit()) {
            out.push(' ');
        }
        if chars.next_if_eq(&'[').is_some() {
            while chars.next_if(|c| c.is_ascii_digit() || *c == ';').is_some() {}
            chars.next_if(char::is_ascii_alphabetic);
        }
    }
    Cow::Owned(out)
}

/// At most `bytes` of a text, cut between words where it is too long, and marked so.
pub(crate) fn excerpt(text: &str, bytes: usize) -> String {
    let text = text.trim();
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes).rev().find(|&at| text.is_char_boundary(at));
    let head = &text[..end.unwrap_or(0)];
    let end = head.rfind(char::is_whitespace).filter(|&at| at > bytes / 2);
    format!("{} …", head[..end.unwrap_or(head.len())].trim_end())
}

/// A text with each run of white space as one space.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document {
            name: "paste.txt".into(),
            text: text.into(),
        }
    }

    #[test]
    fn prompts_part_a_paste_into_what_each_command_printed() {
        let document =
            document("before\n$ df -h\nx\ny\nroot@web-1:~# free -m\nz\n# kubectl is nice\n");
        let page = Page::new(&document);
        let about: Vec<_> = page
            .sections
            .iter()
            .map(|s| (s.about.as_str(), s.start, s.end))
            .collect();
        assert_eq!(
            about,
            [("paste.txt", 0, 1), ("df -h", 2, 4), ("free -m", 5, 7)]
        );
    }

    #[test]
    fn colours_of_a_terminal_are_not_read() {
        let document = document("\u{1b}[31mERROR\u{1b}[0m down 1\u{1b}[0m2");
        assert_eq!(Page::new(&document).lines, ["ERROR down 1 2"]);
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(excerpt("  short  ", 10), "short");
        assert_eq!(excerpt("alpha beta gamma", 12), "alpha beta …");
        assert_eq!(excerpt("ääääääää", 5), "ää …");
    }
}
