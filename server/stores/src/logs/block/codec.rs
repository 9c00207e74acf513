//! The bytes that blocks are written in: variable-length integers, lengths before texts, and
//! zstd frames. Reading checks every length, since a block may be damaged.

/// What reading gives up with: the bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// The result of reading.
pub(crate) type Read<T> = Result<T, Damaged>;

/// zstd's level for columns: the fastest, since columns are small and already sorted by kind.
const ZSTD_LEVEL: i32 = 1;
/// The most bytes one frame may unfold to: 1 GiB, beyond any block.
const UNFOLDED_BYTES_MAX: usize = 1 << 30;

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

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
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

    pub(crate) fn narrow<T: TryFrom<u64>>(&mut self) -> Read<T> {
        T::try_from(self.number()?).map_err(|_| Damaged)
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

    pub(crate) fn text(&mut self) -> Read<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged)
    }
}

/// Folds bytes with zstd, keeping its working memory between calls.
pub(crate) struct Folder {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    scratch: Vec<u8>,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder").finish_non_exhaustive()
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self {
            compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL).ok(),
            scratch: Vec::new(),
        }
    }

    /// Appends `bytes` as a frame, or as they are where that is shorter.
    pub(crate) fn put(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        self.scratch.clear();
        self.scratch
            .reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        let folded = match &mut self.compressor {
            Some(compressor) if bytes.len() > 32 => compressor
                .compress_to_buffer(bytes, &mut self.scratch)
                .unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        if folded < bytes.len() {
            put_number(out, (bytes.len() as u64) << 1 | 1);
            put_bytes(out, &self.scratch[..folded]);
        } else {
            put_number(out, (bytes.len() as u64) << 1);
            out.extend_from_slice(bytes);
        }
    }
}

/// Reads what [`Folder::put`] wrote.
pub(crate) fn unfold(reader: &mut Reader<'_>) -> Read<Vec<u8>> {
    let header = reader.number()?;
    let length = usize::try_from(header >> 1).map_err(|_| Damaged)?;
    if header & 1 == 0 {
        return Ok(reader.take(length)?.to_vec());
    }
    if length > UNFOLDED_BYTES_MAX {
        return Err(Damaged);
    }
    let bytes = zstd::bulk::decompress(reader.bytes()?, length).map_err(|_| Damaged)?;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_frames_come_back() {
        let mut out = Vec::new();
        let numbers = [0u64, 1, 127, 128, u64::MAX];
        let signed = [0i64, -1, 1, i64::MIN, i64::MAX];
        numbers
            .iter()
            .for_each(|number| put_number(&mut out, *number));
        signed
            .iter()
            .for_each(|number| put_signed(&mut out, *number));
        let mut folder = Folder::new();
        let text = b"again and again ".repeat(20);
        folder.put(&mut out, &text);
        folder.put(&mut out, b"short");
        let mut reader = Reader::new(&out);
        for number in numbers {
            assert_eq!(reader.number(), Ok(number));
        }
        for number in signed {
            assert_eq!(reader.signed(), Ok(number));
        }
        assert_eq!(unfold(&mut reader), Ok(text));
        assert_eq!(unfold(&mut reader), Ok(b"short".to_vec()));
        assert_eq!(reader.left(), 0);
        assert_eq!(reader.byte(), Err(Damaged));
    }
}
