//! ClickHouse's `RowBinary`: values without names, one after another. Numbers are little-endian,
//! texts and lists have their length before them as a LEB128.

use tocsin_domain::ports::StoreError;

/// Appends values to a row.
pub(super) trait Put {
    /// The length of a text or list.
    fn put_length(&mut self, length: usize);
    /// A `String`.
    fn put_text(&mut self, text: &[u8]);
}

impl Put for Vec<u8> {
    fn put_length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.push(length as u8);
    }

    fn put_text(&mut self, text: &[u8]) {
        self.put_length(text.len());
        self.extend_from_slice(text);
    }
}

/// Reads values; none at the end of what came so far.
#[derive(Debug)]
pub(super) struct Take<'a> {
    bytes: &'a [u8],
}

macro_rules! numbers {
    ($($name:ident: $number:ty),*) => {
        $(pub(super) fn $name(&mut self) -> Option<$number> {
            let (bytes, rest) = self.bytes.split_first_chunk()?;
            self.bytes = rest;
            Some(<$number>::from_le_bytes(*bytes))
        })*
    };
}

impl<'a> Take<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    numbers!(u8: u8, u16: u16, u32: u32, u64: u64, u128: u128, i64: i64);

    pub(super) fn length(&mut self) -> Option<usize> {
        let mut length = 0usize;
        for shift in (0..63).step_by(7) {
            let byte = self.u8()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(length);
            }
        }
        None
    }

    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(text)
    }

    /// A list whose items are read by `item`.
    pub(super) fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length()?;
        // A length of an answer is not believed before its items came.
        let mut items = Vec::with_capacity(length.min(self.left()));
        for _ in 0..length {
            items.push(item(self)?);
        }
        Some(items)
    }
}

/// What is said of rows that do not end where they should.
pub(super) fn cut_short() -> StoreError {
    StoreError::Unavailable("the answer of ClickHouse ended early".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken() {
        let mut row = Vec::new();
        for length in [0, 1, 127, 128, 300, 1 << 20] {
            row.put_length(length);
        }
        row.put_text(b"\xff'\0");
        row.extend_from_slice(&(-5i64).to_le_bytes());
        row.put_length(2);
        row.extend_from_slice(&[7, 8]);
        let mut take = Take::new(&row);
        for length in [0, 1, 127, 128, 300, 1 << 20] {
            assert_eq!(take.length(), Some(length));
        }
        assert_eq!(take.text(), Some(b"\xff'\0".as_slice()));
        assert_eq!(take.i64(), Some(-5));
        assert_eq!(take.list(Take::u8), Some(vec![7, 8]));
        assert_eq!(take.left(), 0);
        assert_eq!(take.u8(), None);
    }

    #[test]
    fn hostile_lengths_are_not_believed() {
        let mut row = Vec::new();
        row.put_length(usize::MAX >> 2);
        assert_eq!(Take::new(&row).text(), None);
        assert_eq!(Take::new(&row).list(Take::u64), None);
        assert_eq!(Take::new(&[0xff; 20]).length(), None);
    }
}
