//! A reader of protobuf's wire format that borrows, and a small writer for answers.
//!
//! Messages here are few and known, so fields are matched by number as they come; what is unknown
//! is passed over, as the format asks for.

/// The bytes do not follow the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WireError {
    /// Where in the message.
    pub(crate) at: usize,
    /// What should have been there.
    pub(crate) expected: &'static str,
}

/// The value of a field by its wire type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Wire<'a> {
    /// The bytes of a string, bytes or message field; empty for another wire type.
    pub(crate) const fn bytes(self) -> &'a [u8] {
        match self {
            Wire::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The number of any numeric field; 0 for another wire type.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Wire::Varint(number) | Wire::Fixed64(number) => number,
            Wire::Fixed32(number) => number as u64,
            Wire::Bytes(_) => 0,
        }
    }
}

/// Reads the fields of one message.
#[derive(Debug, Clone)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Message<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next field's number and value; none at the end.
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Wire<'a>)>, WireError> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let start = self.at;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 {
            return Err(error(start, "a field number"));
        }
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => Wire::Bytes(self.delimited()?),
            5 => Wire::Fixed32(u32::from_le_bytes(self.fixed()?)),
            _ => return Err(error(start, "a wire type of protobuf 3")),
        };
        Ok(Some((number, wire)))
    }

    /// The next number of a packed field of varints; none at the end.
    pub(crate) fn next_varint(&mut self) -> Result<Option<u64>, WireError> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        self.varint().map(Some)
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let Some(byte) = self.bytes.get(self.at) else {
                return Err(error(self.at, "the rest of a number"));
            };
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(error(self.at, "a number of at most ten bytes"))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let bytes = self
            .bytes
            .get(self.at..self.at + N)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(error(self.at, "the rest of a fixed number"))?;
        self.at += N;
        Ok(bytes)
    }

    fn delimited(&mut self) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let end = self.at.saturating_add(length);
        let bytes = self
            .bytes
            .get(self.at..end)
            .ok_or(error(self.at, "as many bytes as the field says it has"))?;
        self.at = end;
        Ok(bytes)
    }
}

const fn error(at: usize, expected: &'static str) -> WireError {
    WireError { at, expected }
}

/// Writes a varint field; zero is left out, as protobuf 3 does.
pub(crate) fn write_varint(field: u32, number: u64, out: &mut Vec<u8>) {
    if number != 0 {
        varint(u64::from(field) << 3, out);
        varint(number, out);
    }
}

/// Writes a string, bytes or message field; an empty one is left out.
pub(crate) fn write_bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        varint(u64::from(field) << 3 | 2, out);
        varint(bytes.len() as u64, out);
        out.extend_from_slice(bytes);
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fields_come_back(number in 1..1000u32, value in 1..u64::MAX, text in "[a-z]{1,300}") {
            let mut bytes = Vec::new();
            write_varint(number, value, &mut bytes);
            write_bytes(number + 1, text.as_bytes(), &mut bytes);
            let mut message = Message::new(&bytes);
            prop_assert_eq!(message.field(), Ok(Some((number, Wire::Varint(value)))));
            prop_assert_eq!(message.field(), Ok(Some((number + 1, Wire::Bytes(text.as_bytes())))));
            prop_assert_eq!(message.field(), Ok(None));
        }

        #[test]
        fn never_panics_and_always_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut message = Message::new(&bytes);
            while let Ok(Some(_)) = message.field() {}
        }
    }
}
