//! One way to write a value as bytes, so that equal values, and only those, have equal hashes.
//!
//! Every value is a tag and, where it has a length, that length, so that no two rows of values are
//! the same bytes.

/// Bytes that a value is written into.
#[derive(Debug, Default)]
pub(super) struct Canonical(pub(super) Vec<u8>);

impl Canonical {
    pub(super) fn none(&mut self) {
        self.0.push(b'0');
    }

    pub(super) fn truth(&mut self, truth: bool) {
        self.0.push(if truth { b'T' } else { b'F' });
    }

    pub(super) fn integer(&mut self, number: i64) {
        self.0.push(b'i');
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// The same number is the same bits: there is one zero, and one that is no number.
    pub(super) fn number(&mut self, number: f64) {
        let number = match number {
            0.0 => 0.0,
            nan if nan.is_nan() => f64::NAN,
            other => other,
        };
        self.0.push(b'n');
        self.0.extend_from_slice(&number.to_bits().to_be_bytes());
    }

    pub(super) fn wide(&mut self, number: u128) {
        self.0.push(b'w');
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push(b's');
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn optional_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.none(),
        }
    }

    /// Begins a row of so many values.
    pub(super) fn row(&mut self, length: usize) {
        self.0.push(b'[');
        self.length(length);
    }

    pub(super) fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) {
        self.row(texts.len());
        for text in texts {
            self.text(text);
        }
    }

    fn length(&mut self, length: usize) {
        self.0.extend_from_slice(&(length as u64).to_be_bytes());
    }
}
