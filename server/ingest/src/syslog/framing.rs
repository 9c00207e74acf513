//! Finds messages in a stream of bytes, however the network cut it: lines (RFC 6587,
//! non-transparent framing) and counted octets, told apart frame by frame.

/// A message found in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its bytes, without length or line end.
    pub message: &'a [u8],
    /// True if it was longer than allowed, or the stream ended within it.
    pub is_cut: bool,
}

/// The stream is not syslog; the connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {length} bytes was announced; the limit is {limit_bytes} bytes")]
pub struct FrameError {
    /// What was announced.
    pub length: usize,
    /// The bound.
    pub limit_bytes: usize,
}

/// How the next message is delimited.
enum Next {
    /// It lies in the buffer: start, end of the message, end of the frame, whether it is cut.
    Whole(usize, usize, usize, bool),
    /// More bytes are needed.
    Partial,
}

/// Takes bytes as they come, gives messages. Holds at most one frame and one read.
#[derive(Debug)]
pub struct Framer {
    buffer: Vec<u8>,
    /// The first byte that was not given out.
    at: usize,
    frame_bytes_max: usize,
    /// True while the rest of an overlong line is passed over.
    skipping: bool,
    /// No more bytes will come.
    ended: bool,
}

impl Framer {
    /// Begins a stream whose frames have at most `frame_bytes_max` bytes.
    #[must_use]
    pub const fn new(frame_bytes_max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            frame_bytes_max,
            skipping: false,
            ended: false,
        }
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that no more bytes will come; what is left is a last message.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The next message, if it is complete. Call it until there is none before the next push.
    ///
    /// # Errors
    /// [`FrameError`] if a length is beyond the bound.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        loop {
            if self.skipping && !self.skip_line() {
                return Ok(None);
            }
            // Line ends between frames: of counted frames, of empty lines.
            while matches!(self.buffer.get(self.at), Some(b'\n' | b'\r' | 0)) {
                self.at += 1;
            }
            if self.at == self.buffer.len() {
                return Ok(None);
            }
            let next = match counted_length(&self.buffer[self.at..], self.ended) {
                Counted::Unknown => Next::Partial,
                Counted::Not => self.line(),
                Counted::Length(digits, length) if length > self.frame_bytes_max => {
                    let _ = digits;
                    return Err(FrameError {
                        length,
                        limit_bytes: self.frame_bytes_max,
                    });
                }
                Counted::Length(digits, length) => self.counted(digits, length),
            };
            let Next::Whole(start, end, frame_end, is_cut) = next else {
                return Ok(None);
            };
            self.at = frame_end;
            if start < end {
                let message = &self.buffer[start..end];
                return Ok(Some(Frame { message, is_cut }));
            }
        }
    }

    /// Passes over the rest of a line; true once its end was found.
    fn skip_line(&mut self) -> bool {
        match memchr::memchr(b'\n', &self.buffer[self.at..]) {
            Some(end) => {
                self.at += end + 1;
                self.skipping = false;
                true
            }
            None => {
                self.at = self.buffer.len();
                false
            }
        }
    }

    fn line(&mut self) -> Next {
        let rest = &self.buffer[self.at..];
        match memchr::memchr(b'\n', rest) {
            Some(end) if end <= self.frame_bytes_max => {
                Next::Whole(self.at, self.at + end, self.at + end + 1, false)
            }
            None if rest.len() <= self.frame_bytes_max => {
                if self.ended {
                    let end = self.buffer.len();
                    Next::Whole(self.at, end, end, false)
                } else {
                    Next::Partial
                }
            }
            _ => {
                self.skipping = true;
                let end = self.at + self.frame_bytes_max;
                Next::Whole(self.at, end, end, true)
            }
        }
    }

    fn counted(&self, digits: usize, length: usize) -> Next {
        let start = self.at + digits + 1;
        let end = start + length;
        if end <= self.buffer.len() {
            // The line end that rsyslog counts is trimmed with the message.
            Next::Whole(start, end, end, false)
        } else if self.ended {
            let end = self.buffer.len();
            Next::Whole(start.min(end), end, end, true)
        } else {
            Next::Partial
        }
    }
}

enum Counted {
    /// `LENGTH <`: how many digits, and the number.
    Length(usize, usize),
    Not,
    /// It may become one.
    Unknown,
}

/// A frame is counted if it begins with a number, a space and the `<` of a priority. A line that
/// begins with a number (a date, say) is not.
fn counted_length(text: &[u8], ended: bool) -> Counted {
    if !matches!(text.first(), Some(b'1'..=b'9')) {
        return Counted::Not;
    }
    let digits = text
        .iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match (text.get(digits), text.get(digits + 1)) {
        (Some(b' '), Some(b'<')) => {
            let number = text[..digits].iter().fold(0usize, |number, digit| {
                number * 10 + usize::from(digit - b'0')
            });
            Counted::Length(digits, number)
        }
        (None, _) | (Some(b' '), None) if !ended => Counted::Unknown,
        _ => Counted::Not,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All messages of a stream that arrives in pieces of `piece` bytes.
    fn frames(stream: &[u8], piece: usize, max: usize) -> Result<Vec<(Vec<u8>, bool)>, FrameError> {
        let mut framer = Framer::new(max);
        let mut found = Vec::new();
        let mut take = |framer: &mut Framer| {
            while let Some(frame) = framer.next_frame()? {
                found.push((frame.message.to_vec(), frame.is_cut));
            }
            Ok(())
        };
        for bytes in stream.chunks(piece) {
            framer.push(bytes);
            take(&mut framer)?;
        }
        framer.end();
        take(&mut framer)?;
        Ok(found)
    }

    fn texts(stream: &str, piece: usize) -> Vec<String> {
        let found = frames(stream.as_bytes(), piece, 1000).unwrap();
        found
            .into_iter()
            .map(|(text, _)| String::from_utf8(text).unwrap())
            .collect()
    }

    #[test]
    fn both_framings_on_one_stream_however_it_is_cut() {
        let stream = "<13>one\n9 <13>two\n\n10 <13>thr\nee2026 is a line\n\n<13>last";
        for piece in 1..=stream.len() {
            assert_eq!(
                texts(stream, piece),
                [
                    "<13>one",
                    "<13>two\n\n",
                    "<13>thr\nee",
                    "2026 is a line",
                    "<13>last"
                ],
                "pieces of {piece}"
            );
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_an_error() {
        let error = frames(b"99999 <13>x", 3, 1000).unwrap_err();
        assert_eq!(error.length, 99_999);
    }

    #[test]
    fn an_overlong_line_is_cut_and_its_rest_passed_over() {
        let stream = [b"<1>".as_slice(), &[b'a'; 50], b"\n<13>next\n"].concat();
        for piece in [1, 7, 100] {
            let found = frames(&stream, piece, 10).unwrap();
            assert_eq!(
                found[0],
                (b"<1>aaaaaaa".to_vec(), true),
                "pieces of {piece}"
            );
            assert_eq!(found[1], (b"<13>next".to_vec(), false));
        }
    }

    #[test]
    fn a_counted_frame_that_never_ends_is_given_out_as_cut() {
        let found = frames(b"80 <13>abc", 4, 1000).unwrap();
        assert_eq!(found, [(b"<13>abc".to_vec(), true)]);
    }

    proptest! {
        #[test]
        fn the_cut_of_the_stream_never_matters(
            bytes in proptest::collection::vec(prop_oneof![
                Just(b'\n'), Just(b' '), Just(b'<'), b'0'..=b'9', any::<u8>()
            ], 0..200),
            piece in 1..50usize,
        ) {
            prop_assert_eq!(frames(&bytes, piece, 20), frames(&bytes, 1000, 20));
        }

        #[test]
        fn counted_messages_come_back(texts in proptest::collection::vec("<13>[^\0]{0,40}", 0..10)) {
            let stream: String =
                texts.iter().map(|text| format!("{} {text}", text.len())).collect();
            let found = frames(stream.as_bytes(), 7, 1000).unwrap();
            let found: Vec<_> = found.into_iter().map(|(text, _)| text).collect();
            let expected: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
