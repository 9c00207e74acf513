//! The bytes that series and blocks are written in: variable-length integers and lengths before
//! what they measure. Reading checks every length, since bytes may be damaged.

/// What reading gives up with: the bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// The result of reading.
pub(crate) type Read<T> = Result<T, Damaged>;

/// Appends a variable-length integer, 7 bits a byte, low bits first.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a signed integer, small magnitudes short.
pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)) as u64);
}

/// Appends bytes after their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above wrote.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn byte(&mut self) -> Read<u8> {
        let (first, rest) = self.rest.split_first().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn number(&mut self) -> Read<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    pub(crate) fn signed(&mut self) -> Read<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number that must not be above `max`, so that damage never asks for much memory.
    pub(crate) fn bounded(&mut self, max: usize) -> Read<usize> {
        usize::try_from(self.number()?)
            .ok()
            .filter(|number| *number <= max)
            .ok_or(Damaged)
    }

    pub(crate) fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }

    pub(crate) fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.bounded(self.rest.len())?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_come_back() {
        let mut out = Vec::new();
        let numbers = [0u64, 1, 127, 128, u64::MAX];
        let signed = [0i64, -1, 1, i64::MIN, i64::MAX];
        numbers.iter().for_each(|one| put_number(&mut out, *one));
        signed.iter().for_each(|one| put_signed(&mut out, *one));
        put_bytes(&mut out, b"bytes");
        let mut reader = Reader::new(&out);
        assert!(numbers.iter().all(|one| reader.number() == Ok(*one)));
        assert!(signed.iter().all(|one| reader.signed() == Ok(*one)));
        assert_eq!(reader.bytes(), Ok(&b"bytes"[..]));
        assert_eq!(reader.byte(), Err(Damaged));
    }
}
