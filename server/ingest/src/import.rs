//! Reads a file or a stream from begin to end into records: plain, gzip or zstd, told by the
//! first bytes. Memory is constant, however long the lines are.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use crate::lines::{Line, LineSplitter};
use crate::multiline::{Joined, Joiner};

/// How many bytes are read at a time.
const READ_BYTES: usize = 128 << 10;
/// The most bytes of a line; the rest of a longer one is passed over.
const LINE_BYTES_MAX: usize = 1 << 20;

/// A record of one line, or of several that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLine {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl ImportedLine {
    /// Its text, without the last line end.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// True if a line of it was longer than 1 MiB and was cut.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }
}

/// The records of an input, one after another.
pub struct Lines<'r> {
    reader: Box<dyn Read + 'r>,
    buffer: Vec<u8>,
    splitter: LineSplitter,
    joiner: Joiner,
    ready: std::collections::VecDeque<ImportedLine>,
    ended: bool,
}

impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Begins to read the records of an input.
///
/// # Errors
/// What reading its first bytes gives, and [`io::ErrorKind::InvalidData`] if it is binary: a byte of
/// value 0 is among the first 1024.
pub fn lines<'r>(reader: impl Read + 'r) -> io::Result<Lines<'r>> {
    let mut reader: Box<dyn BufRead + 'r> = Box::new(BufReader::with_capacity(READ_BYTES, reader));
    let head = reader.fill_buf()?;
    let mut reader: Box<dyn BufRead + 'r> = if head.starts_with(&[0x1f, 0x8b]) {
        let inflated = flate2::bufread::MultiGzDecoder::new(reader);
        Box::new(BufReader::with_capacity(READ_BYTES, inflated))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let inflated = zstd::stream::read::Decoder::with_buffer(reader)?;
        Box::new(BufReader::with_capacity(READ_BYTES, inflated))
    } else {
        reader
    };
    let head = reader.fill_buf()?;
    if is_binary(&head[..head.len().min(1024)]) {
        let message = "this is not text: a byte of value 0 is among the first 1024";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(Lines {
        reader,
        buffer: vec![0; READ_BYTES],
        splitter: LineSplitter::new(LINE_BYTES_MAX),
        joiner: Joiner::new(true, LINE_BYTES_MAX),
        ready: std::collections::VecDeque::new(),
        ended: false,
    })
}

/// True if the first bytes of a file are not text. A run of zeros at the very start is what
/// `copytruncate` leaves in a file that is not appended to, and is passed over.
pub(crate) fn is_binary(head: &[u8]) -> bool {
    let text = head
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(head.len());
    head[text..].contains(&0)
}

impl Lines<'_> {
    /// The next record; none at the end.
    ///
    /// # Errors
    /// What reading gives, such as a gzip that ends too soon; the records before it were given out.
    pub fn next_line(&mut self) -> io::Result<Option<ImportedLine>> {
        while self.ready.is_empty() && !self.ended {
            let length = match self.reader.read(&mut self.buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            };
            let (joiner, ready) = (&mut self.joiner, &mut self.ready);
            let mut keep = |joined: Joined<'_>| {
                ready.push_back(ImportedLine {
                    bytes: joined.bytes.to_vec(),
                    is_cut: joined.is_cut,
                });
            };
            let mut join = |line: Line<'_>| {
                joiner.push((line.bytes, line.is_cut), &mut keep);
            };
            if length > 0 {
                self.splitter.push(&self.buffer[..length], &mut join);
            } else {
                self.splitter.flush(&mut join);
                self.joiner.flush(&mut keep);
                self.ended = true;
            }
        }
        Ok(self.ready.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn texts(reader: impl Read) -> Vec<String> {
        let mut lines = lines(reader).unwrap();
        let mut texts = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            texts.push(String::from_utf8_lossy(line.bytes()).into_owned());
        }
        texts
    }

    #[test]
    fn plain_gzip_and_zstd_give_the_same() {
        let text = b"one\ntwo\n  more of two\r\nthree";
        let expected = ["one", "two\n  more of two", "three"];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        assert_eq!(texts(text.as_slice()), expected);
        assert_eq!(texts(gzip.finish().unwrap().as_slice()), expected);
        assert_eq!(
            texts(zstd::encode_all(text.as_slice(), 1).unwrap().as_slice()),
            expected
        );
        assert!(texts(b"".as_slice()).is_empty());
    }

    #[test]
    fn a_truncated_gzip_gives_what_it_has_and_then_an_error() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gzip.write_all(&b"a line\n".repeat(100_000)).unwrap();
        let bytes = gzip.finish().unwrap();
        let mut lines = lines(&bytes[..bytes.len() / 2]).unwrap();
        let mut count = 0;
        let error = loop {
            match lines.next_line() {
                Ok(Some(_)) => count += 1,
                Ok(None) => panic!("no error"),
                Err(error) => break error,
            }
        };
        assert!(count > 10_000);
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn binary_input_is_refused() {
        let error = lines(b"\x7fELF\0\0".as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn one_line_of_many_megabytes_needs_one() {
        let line = io::repeat(b'x').take(64 << 20);
        let mut lines = lines(line.chain(b"\nnext".as_slice())).unwrap();
        let first = lines.next_line().unwrap().unwrap();
        assert!(first.is_cut() && first.bytes().len() <= LINE_BYTES_MAX);
        assert_eq!(lines.next_line().unwrap().unwrap().bytes(), b"next");
        assert!(lines.splitter.partial_length() == 0);
    }
}
