//! Cuts the bytes of an answer into messages: events of SSE, lines, or one body as a whole.

use tocsin_domain::ports::ModelError;

use super::failure::malformed;

/// The most bytes of a line.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of a body that is read as a whole, and of the data of an event.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How messages are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Events, or one JSON body: which one shows in the first character.
    Events,
    /// A message a line.
    Lines,
}

/// What was cut out of the bytes so far.
#[derive(Debug)]
pub(super) struct Frames {
    framing: Framing,
    /// Whether it is one body, once that is known.
    is_whole: Option<bool>,
    line: Vec<u8>,
    data: String,
    has_data: bool,
    was_cr: bool,
}

impl Frames {
    pub(super) const fn new(framing: Framing) -> Self {
        let is_whole = match framing {
            Framing::Events => None,
            Framing::Lines => Some(false),
        };
        Self {
            framing,
            is_whole,
            line: Vec::new(),
            data: String::new(),
            has_data: false,
            was_cr: false,
        }
    }

    /// Whether the answer is one body, and not a stream.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole == Some(true)
    }

    /// The messages that are complete with these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, ModelError> {
        let mut messages = Vec::new();
        for byte in bytes {
            self.byte(*byte, &mut messages)?;
        }
        Ok(messages)
    }

    /// The last message, when nothing follows.
    pub(super) fn finish(&mut self) -> Result<Vec<String>, ModelError> {
        let mut messages = Vec::new();
        if self.is_whole() {
            let bytes = std::mem::take(&mut self.line);
            let body = String::from_utf8_lossy(&bytes);
            messages.push(body.trim_start_matches('\u{feff}').to_owned());
            return Ok(messages);
        }
        self.end_of_line(&mut messages)?;
        self.end_of_event(&mut messages);
        Ok(messages)
    }

    fn byte(&mut self, byte: u8, messages: &mut Vec<String>) -> Result<(), ModelError> {
        // A byte order mark, in UTF-8.
        let is_mark = self.line.is_empty() && matches!(byte, 0xEF) || self.line == [0xEF];
        if self.is_whole.is_none() && !byte.is_ascii_whitespace() && !is_mark {
            let is_mark_done = self.line.starts_with(&[0xEF, 0xBB]) && byte == 0xBF;
            if !is_mark_done {
                self.is_whole = Some(matches!(byte, b'{' | b'[' | b'<'));
            }
        }
        if self.is_whole() {
            self.line.push(byte);
            return within(self.line.len(), BODY_BYTES_MAX);
        }
        let was_cr = std::mem::replace(&mut self.was_cr, byte == b'\r');
        match byte {
            b'\n' if was_cr => Ok(()),
            b'\n' | b'\r' => self.end_of_line(messages),
            _ => {
                self.line.push(byte);
                within(self.line.len(), LINE_BYTES_MAX)
            }
        }
    }

    fn end_of_line(&mut self, messages: &mut Vec<String>) -> Result<(), ModelError> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_start_matches('\u{feff}');
        if self.framing == Framing::Lines {
            if !line.trim().is_empty() {
                messages.push(line.to_owned());
            }
            return Ok(());
        }
        if line.is_empty() {
            self.end_of_event(messages);
            return Ok(());
        }
        // Comments begin with a colon; other fields than the data say nothing.
        let Some(data) = line.strip_prefix("data") else {
            return Ok(());
        };
        let data = match data.strip_prefix(':') {
            Some(data) => data.strip_prefix(' ').unwrap_or(data),
            None if data.is_empty() => "",
            None => return Ok(()),
        };
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(data);
        within(self.data.len(), BODY_BYTES_MAX)
    }

    fn end_of_event(&mut self, messages: &mut Vec<String>) {
        if std::mem::take(&mut self.has_data) {
            messages.push(std::mem::take(&mut self.data));
        }
    }
}

fn within(length: usize, max: usize) -> Result<(), ModelError> {
    match length <= max {
        true => Ok(()),
        false => Err(malformed("a message of the answer is too large", "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(framing: Framing, text: &str, size: usize) -> Vec<String> {
        let mut frames = Frames::new(framing);
        let pieces = text.as_bytes().chunks(size);
        let mut messages: Vec<String> = pieces
            .flat_map(|bytes| frames.push(bytes).unwrap())
            .collect();
        messages.extend(frames.finish().unwrap());
        messages
    }

    #[test]
    fn events_are_cut_however_the_bytes_arrive() {
        let text = "\u{feff}: hello\r\n\r\ndata: {\"a\":\"é\"}\r\n\r\nevent: x\nid: 3\ndata:b\ndata: c\n\n\
                    retry: 5\n\ndata\n\ndatum: x\n\rdata: [DONE]";
        for size in [1, 2, 3, 7, 1000] {
            let messages = cut(Framing::Events, text, size);
            assert_eq!(messages, ["{\"a\":\"é\"}", "b\nc", "", "[DONE]"], "{size}");
        }
    }

    #[test]
    fn a_body_is_known_by_its_first_character() {
        for size in [1, 4, 1000] {
            let text = "\n {\"a\":\n\n1}\n";
            let messages = cut(Framing::Events, text, size);
            assert_eq!(messages[0].trim(), "{\"a\":\n\n1}");
        }
        assert_eq!(cut(Framing::Events, "\u{feff}{}", 1), ["{}"]);
        assert!(cut(Framing::Events, "", 1).is_empty());
    }

    #[test]
    fn lines_are_cut_and_empty_ones_passed_over() {
        for size in [1, 3, 1000] {
            let lines = cut(
                Framing::Lines,
                "{\"a\":1}\r\n\r\n{\"b\":\"é\"}\n{\"c\":",
                size,
            );
            assert_eq!(lines, ["{\"a\":1}", "{\"b\":\"é\"}", "{\"c\":"]);
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let mut frames = Frames::new(Framing::Lines);
        assert!(frames.push(&vec![b'a'; LINE_BYTES_MAX]).is_ok());
        assert!(frames.push(b"a").is_err());
        let mut frames = Frames::new(Framing::Events);
        assert!(frames.push(&vec![b'{'; BODY_BYTES_MAX + 1]).is_err());
    }
}
