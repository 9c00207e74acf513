//! Joins lines that are one record: stack traces of Java, Python, Go and Rust, and whatever is
//! indented below its first line.
//!
//! A line that begins with a time always begins a record. A pure state machine: the caller flushes
//! when nothing came for a while.

/// The most lines of one record; more begin another, so that nothing is lost.
const LINES_MAX: usize = 500;

/// What the lines so far are of, and thereby what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anything: only what is indented follows, or names an exception.
    Plain,
    /// A traceback of Python: ends with the first line that is not indented.
    Python,
    /// It has ended, but another may follow after a blank line.
    PythonEnded,
    /// A panic of Go, until a line that is none of its.
    Go,
    /// A panic of Rust: its message follows on a line of its own.
    RustMessage,
    /// Notes and frames of Rust.
    Rust,
}

/// A record of one line or several, joined with `\n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined<'a> {
    pub(crate) bytes: &'a [u8],
    /// True if one of its lines was cut.
    pub(crate) is_cut: bool,
}

/// Takes lines, gives records. Holds at most one record.
#[derive(Debug)]
pub(crate) struct Joiner {
    pending: Vec<u8>,
    is_cut: bool,
    lines: usize,
    kind: Kind,
    /// True if lines that are indented may be joined: the first line was not.
    has_head: bool,
    last_indented: bool,
    /// Blank lines that belong to the record if it goes on.
    blanks: usize,
    /// True once lines of this source were joined, or should have been.
    has_traces: bool,
    enabled: bool,
    record_bytes_max: usize,
}

impl Joiner {
    /// Without `enabled` each line is a record. A record has at most `record_bytes_max` bytes.
    pub(crate) const fn new(enabled: bool, record_bytes_max: usize) -> Self {
        Self {
            pending: Vec::new(),
            is_cut: false,
            lines: 0,
            kind: Kind::Plain,
            has_head: false,
            last_indented: false,
            blanks: 0,
            has_traces: false,
            enabled,
            record_bytes_max,
        }
    }

    /// True if a record waits for more lines.
    pub(crate) const fn is_pending(&self) -> bool {
        self.lines > 0
    }

    /// Whether the record that waits is likely to go on. A source that never wrote a record of
    /// several lines is believed not to, unless the line itself begins one.
    pub(crate) fn may_go_on(&self) -> bool {
        self.is_pending() && (self.has_traces || self.lines > 1 || self.kind != Kind::Plain)
    }

    /// Takes a line. Gives out the record before it if this line begins another; returns whether
    /// it does. Blank lines are no records.
    pub(crate) fn push(
        &mut self,
        (line, is_cut): (&[u8], bool),
        take: &mut dyn FnMut(Joined<'_>),
    ) -> bool {
        if !self.enabled {
            if !line.is_empty() {
                take(Joined {
                    bytes: line,
                    is_cut,
                });
            }
            return true;
        }
        if line.trim_ascii().is_empty() {
            self.blanks += usize::from(self.lines > 0);
            return false;
        }
        let fits = self.lines < LINES_MAX
            && self.pending.len() + self.blanks + line.len() < self.record_bytes_max;
        if self.lines > 0 && self.continues(line) {
            self.has_traces = true;
            if fits {
                self.append(line, is_cut);
                return false;
            }
            // Too much for one record: the next goes on where this one stops.
            let (kind, has_head) = (self.kind, self.has_head);
            self.flush(take);
            self.begin(line, is_cut);
            (self.kind, self.has_head) = (kind, has_head);
            return true;
        }
        // Its head was given out before it came; from now on heads wait.
        self.has_traces |=
            self.lines == 0 && (is_indented(line) || line.starts_with(b"Caused by: "));
        self.flush(take);
        self.begin(line, is_cut);
        true
    }

    /// Gives out the record that waits.
    pub(crate) fn flush(&mut self, take: &mut dyn FnMut(Joined<'_>)) {
        if self.lines > 0 {
            take(Joined {
                bytes: &self.pending,
                is_cut: self.is_cut,
            });
        }
        self.pending.clear();
        if self.pending.capacity() > 64 << 10 {
            self.pending = Vec::new();
        }
        self.lines = 0;
        self.blanks = 0;
        self.is_cut = false;
    }

    fn begin(&mut self, line: &[u8], is_cut: bool) {
        self.pending.extend_from_slice(line);
        self.is_cut = is_cut;
        self.lines = 1;
        self.kind = kind_of(line).unwrap_or(Kind::Plain);
        self.has_head = !is_indented(line);
        self.last_indented = false;
    }

    fn append(&mut self, line: &[u8], is_cut: bool) {
        for _ in 0..=self.blanks {
            self.pending.push(b'\n');
        }
        self.blanks = 0;
        self.pending.extend_from_slice(line);
        self.is_cut |= is_cut;
        self.lines += 1;
        self.last_indented = is_indented(line);
        self.kind = self.kind_after(line);
    }

    fn kind_after(&self, line: &[u8]) -> Kind {
        if let Some(kind) = kind_of(line) {
            return kind;
        }
        match self.kind {
            Kind::Python if !is_indented(line) => Kind::PythonEnded,
            Kind::RustMessage => Kind::Rust,
            same => same,
        }
    }

    fn continues(&self, line: &[u8]) -> bool {
        if is_indented(line) {
            return self.has_head && (self.blanks == 0 || self.kind != Kind::Plain);
        }
        match self.kind {
            Kind::Python => self.blanks == 0 && !begins_with_time(line),
            Kind::PythonEnded => {
                line.starts_with(b"During handling of the above exception")
                    || line.starts_with(b"The above exception was the direct cause")
                    || line.starts_with(b"Traceback (most recent call last)")
            }
            Kind::Go => is_of_go(line),
            Kind::RustMessage => self.blanks == 0 && !begins_with_time(line),
            Kind::Rust => line.starts_with(b"note: ") || line.starts_with(b"stack backtrace:"),
            Kind::Plain => self.blanks == 0 && self.continues_plain(line),
        }
    }

    fn continues_plain(&self, line: &[u8]) -> bool {
        line.starts_with(b"Caused by: ")
            || line.starts_with(b"Suppressed: ")
            || is_exception(line) && begins_with_time(&self.pending)
            || kind_of(line) == Some(Kind::Python) && begins_with_time(&self.pending)
            || self.last_indented && closes(line)
    }
}

fn is_indented(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// What a line begins, if it is told by the line alone.
fn kind_of(line: &[u8]) -> Option<Kind> {
    if line.ends_with(b"Traceback (most recent call last):") {
        return Some(Kind::Python);
    }
    let goes = [
        b"panic: ".as_slice(),
        b"fatal error: ",
        b"SIGSEGV: ",
        b"goroutine ",
    ];
    if goes.iter().any(|begin| line.starts_with(begin)) {
        return Some(Kind::Go);
    }
    if line.starts_with(b"thread '") && memchr::memmem::find(line, b"panicked at").is_some() {
        return Some(if line.ends_with(b":") {
            Kind::RustMessage
        } else {
            Kind::Rust
        });
    }
    None
}

/// Lines of a panic of Go that are not indented.
fn is_of_go(line: &[u8]) -> bool {
    let begins = [
        b"goroutine ".as_slice(),
        b"created by ",
        b"[signal ",
        b"panic: ",
        b"exit status ",
        b"runtime.",
        b"main.",
    ];
    begins.iter().any(|begin| line.starts_with(begin))
        || line.ends_with(b")")
            && memchr::memchr2(b' ', b'=', line)
                .is_none_or(|space| memchr::memchr(b'(', line).is_some_and(|call| call < space))
}

/// `java.lang.IllegalStateException: message`: a dotted name that ends like one of an exception.
fn is_exception(line: &[u8]) -> bool {
    let end = line
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'_' | b'$'))
        .unwrap_or(line.len());
    let name = &line[..end];
    let is_name = memchr::memchr(b'.', name).is_some()
        && [b"Exception".as_slice(), b"Error", b"Throwable", b"Failure"]
            .iter()
            .any(|end| name.ends_with(end));
    is_name && matches!(line.get(end), None | Some(b':'))
}

/// Only brackets that close, as at the end of JSON on several lines.
fn closes(line: &[u8]) -> bool {
    line.iter()
        .all(|byte| matches!(byte, b'}' | b']' | b')' | b',' | b';'))
}

/// A rough look: four of the first ten bytes are digits, or the name of a month or day comes first.
fn begins_with_time(line: &[u8]) -> bool {
    let head = &line[..line.len().min(24)];
    let digits = head.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits >= 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn join(text: &str) -> Vec<String> {
        let mut joiner = Joiner::new(true, 1 << 20);
        let mut records = Vec::new();
        let mut take =
            |joined: Joined<'_>| records.push(String::from_utf8(joined.bytes.into()).unwrap());
        for line in text.lines() {
            joiner.push((line.as_bytes(), false), &mut take);
        }
        joiner.flush(&mut take);
        records
    }

    /// Records are set apart by lines of `--`.
    fn check(text: &str) {
        let expected: Vec<_> = text.split("--\n").map(|record| record.trim_end()).collect();
        assert_eq!(join(&text.replace("--\n", "")), expected);
    }

    #[test]
    fn java_with_causes() {
        check(
            "2026-11-21 10:00:00 ERROR request failed
java.lang.IllegalStateException: no connection
\tat com.example.Pool.get(Pool.java:12)
\t... 12 more
Caused by: java.net.ConnectException: refused
\tat java.net.Socket.connect(Socket.java:1)
--
2026-11-21 10:00:01 INFO next
",
        );
    }

    #[test]
    fn python_with_a_second_exception() {
        check(
            "2026-11-21 10:00:00,123 ERROR failed
Traceback (most recent call last):
  File \"a.py\", line 1, in <module>
    f()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"a.py\", line 3, in <module>
ValueError: y
--
2026-11-21 10:00:01,000 INFO next
",
        );
    }

    #[test]
    fn go_with_goroutines() {
        check(
            "starting up
--
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48a]

goroutine 1 [running]:
main.main()
\t/app/main.go:8 +0x1d
created by main.start in goroutine 1
\t/app/main.go:3 +0x2e
exit status 2
--
starting up
",
        );
    }

    #[test]
    fn rust_with_its_message_and_notes() {
        check(
            "thread 'main' panicked at src/main.rs:2:5:
index out of bounds: the len is 3 but the index is 99
stack backtrace:
   0: rust_begin_unwind
             at /rustc/std/src/panicking.rs:645:5
note: run with `RUST_BACKTRACE=full` for a verbose backtrace
--
next line
",
        );
    }

    #[test]
    fn json_on_several_lines_and_indented_text() {
        check(
            "{
  \"a\": 1
}
--
usage: x
  -h  help
--
one
--
two
",
        );
    }

    #[test]
    fn indented_lines_without_a_head_stay_apart() {
        assert_eq!(join(" a\n b\n c"), [" a", " b", " c"]);
    }

    #[test]
    fn a_record_that_grows_too_long_goes_on_in_the_next() {
        let text = format!("head\n{}", " indented\n".repeat(1200));
        let records = join(&text);
        assert_eq!(records.len(), 3);
        let lines: usize = records.iter().map(|record| record.lines().count()).sum();
        assert_eq!(lines, 1201);
    }

    proptest! {
        #[test]
        fn no_line_is_lost(lines in proptest::collection::vec("[ \tA-Za-z:().0-9]{1,20}", 0..50)) {
            let text = lines.join("\n");
            let joined = join(&text).join("\n");
            let kept = |text: &str| -> Vec<String> {
                text.lines().filter(|line| !line.trim().is_empty()).map(Into::into).collect()
            };
            prop_assert_eq!(kept(&joined), kept(&text));
        }
    }
}
