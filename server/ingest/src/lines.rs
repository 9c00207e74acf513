//! Cuts bytes into lines. Memory is bounded however long a line is: what is beyond the bound is
//! passed over and the line marked.

use memchr::memchr;

/// A line without its end (`\n` or `\r\n`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) bytes: &'a [u8],
    /// True if it was longer and the rest is missing.
    pub(crate) is_cut: bool,
    /// How many bytes of the input it took, its end included.
    pub(crate) length: u64,
}

/// Takes bytes as they come, gives lines. Holds at most one line.
#[derive(Debug)]
pub(crate) struct LineSplitter {
    /// The begin of a line whose end has not come.
    partial: Vec<u8>,
    /// How many bytes of the input that line has taken so far.
    length: u64,
    /// True if the line is longer than `partial` may be.
    is_cut: bool,
    /// True if the begin of the line was given out already and its rest is to be passed over.
    skipping: bool,
    line_bytes_max: usize,
}

impl LineSplitter {
    pub(crate) const fn new(line_bytes_max: usize) -> Self {
        Self {
            partial: Vec::new(),
            length: 0,
            is_cut: false,
            skipping: false,
            line_bytes_max,
        }
    }

    /// How many bytes of the input lie in a line that has not ended.
    pub(crate) const fn partial_length(&self) -> u64 {
        self.length
    }

    /// Gives out the lines that end within `bytes`.
    pub(crate) fn push(&mut self, mut bytes: &[u8], take: &mut dyn FnMut(Line<'_>)) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            if self.length == 0 && !self.skipping && end <= self.line_bytes_max {
                take(Line {
                    bytes: without_return(&line[..end]),
                    is_cut: false,
                    length: line.len() as u64,
                });
                continue;
            }
            self.keep(&line[..end]);
            self.length += 1;
            self.take_partial(take);
            self.skipping = false;
        }
        self.keep(bytes);
    }

    /// Gives out the line that has not ended, if there is one. What comes until the next line end
    /// is a line of its own, unless this one was cut.
    pub(crate) fn flush(&mut self, take: &mut dyn FnMut(Line<'_>)) {
        if self.length > 0 {
            self.skipping |= self.is_cut;
            self.take_partial(take);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.skipping {
            return;
        }
        let room = self.line_bytes_max - self.partial.len();
        self.is_cut |= bytes.len() > room;
        self.partial
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take_partial(&mut self, take: &mut dyn FnMut(Line<'_>)) {
        let bytes = if self.is_cut {
            whole_characters(&self.partial)
        } else {
            without_return(&self.partial)
        };
        // The rest of a line that was given out is an empty line here, but its bytes count.
        take(Line {
            bytes,
            is_cut: self.is_cut,
            length: self.length,
        });
        self.partial.clear();
        if self.partial.capacity() > 64 << 10 {
            self.partial = Vec::new();
        }
        self.length = 0;
        self.is_cut = false;
    }
}

/// Without the begin of a character that the cut split.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let length = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        if length > back {
            return &bytes[..bytes.len() - back];
        }
        break;
    }
    bytes
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(input: &[u8], piece: usize, max: usize) -> Vec<(Vec<u8>, bool, u64)> {
        let mut splitter = LineSplitter::new(max);
        let mut lines = Vec::new();
        let mut take = |line: Line<'_>| lines.push((line.bytes.to_vec(), line.is_cut, line.length));
        for bytes in input.chunks(piece) {
            splitter.push(bytes, &mut take);
        }
        splitter.flush(&mut take);
        lines
    }

    #[test]
    fn line_ends_of_both_kinds_are_taken_off() {
        let lines = split(b"one\r\ntwo\n\nthree", 4, 100);
        let texts: Vec<_> = lines.iter().map(|(text, ..)| text.as_slice()).collect();
        assert_eq!(texts, [b"one".as_slice(), b"two", b"", b"three"]);
        assert_eq!(lines.iter().map(|(.., length)| length).sum::<u64>(), 15);
    }

    #[test]
    fn a_long_line_is_cut_and_its_rest_passed_over() {
        for piece in [1, 3, 100] {
            let lines = split(b"0123456789abc\nnext\n", piece, 10);
            assert_eq!(
                lines[0],
                (b"0123456789".to_vec(), true, 14),
                "pieces of {piece}"
            );
            assert_eq!(lines[1], (b"next".to_vec(), false, 5));
        }
    }

    #[test]
    fn a_cut_does_not_split_a_character() {
        let lines = split("abcä\n".as_bytes(), 100, 4);
        assert_eq!(lines[0].0, b"abc");
    }

    #[test]
    fn after_a_flush_a_cut_line_is_passed_over_and_another_goes_on() {
        let mut splitter = LineSplitter::new(4);
        let mut lines = Vec::new();
        let mut take = |line: Line<'_>| lines.push((line.bytes.to_vec(), line.is_cut));
        splitter.push(b"abcdefgh", &mut take);
        splitter.flush(&mut take);
        splitter.push(b"ij\nk", &mut take);
        splitter.flush(&mut take);
        splitter.push(b"l\n", &mut take);
        assert_eq!(
            lines,
            [
                (b"abcd".to_vec(), true),
                (b"".to_vec(), false),
                (b"k".to_vec(), false),
                (b"l".to_vec(), false),
            ]
        );
    }

    proptest! {
        #[test]
        fn the_cut_of_the_input_never_matters_and_no_byte_is_uncounted(
            input in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            piece in 1..50usize,
        ) {
            let lines = split(&input, piece, 12);
            prop_assert_eq!(&lines, &split(&input, 1000, 12));
            let counted: u64 = lines.iter().map(|(.., length)| length).sum();
            prop_assert_eq!(counted, input.len() as u64);
        }
    }
}
