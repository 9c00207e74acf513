//! The states of stages: large, replaced as wholes, in pieces of 1 MB.
//!
//! A state's pieces carry a number that no other state of its name has, and the header that says
//! which pieces hold appears together with them, so a reader sees the old state or the new one.

use tocsin_domain::ports::StoreError;
use tocsin_domain::{Offset, Partition};

use super::bytes::{Damaged, Read, Reader, put_number};
use super::inner::Inner;

/// Bytes of a piece.
const PIECE_BYTES: usize = 1 << 20;
/// How often a state is read again because it was replaced meanwhile.
const ATTEMPTS: usize = 5;

/// What holds of a state.
#[derive(Debug, Clone, Copy)]
struct Header {
    offset: Offset,
    number: u64,
    length: usize,
}

impl Header {
    fn encode(self) -> Vec<u8> {
        let mut out = vec![1];
        put_number(&mut out, self.offset.0);
        put_number(&mut out, self.number);
        put_number(&mut out, self.length as u64);
        out
    }

    fn decode(bytes: &[u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != 1 {
            return Err(Damaged);
        }
        Ok(Self {
            offset: Offset(reader.number()?),
            number: reader.number()?,
            length: reader.bounded(usize::MAX)?,
        })
    }

    fn pieces(self) -> usize {
        self.length.div_ceil(PIECE_BYTES)
    }
}

/// What the key of a header begins with.
pub(crate) const HEADER: u8 = b'h';

/// A header as it is where nothing of the bus was taken yet.
pub(crate) fn at_the_beginning(header: &[u8]) -> Read<Vec<u8>> {
    let header = Header::decode(header)?;
    let offset = Offset(0);
    Ok(Header { offset, ..header }.encode())
}

fn header_key(partition: Partition, name: &str) -> Vec<u8> {
    let mut key = vec![HEADER];
    key.extend_from_slice(&partition.0.to_be_bytes());
    key.extend_from_slice(name.as_bytes());
    key
}

fn piece_key(partition: Partition, name: &str, number: u64, piece: usize) -> Vec<u8> {
    let mut key = header_key(partition, name);
    key[0] = b'p';
    // It is not a byte of UTF-8, so no name is the beginning of another's key.
    key.push(0xff);
    key.extend_from_slice(&number.to_be_bytes());
    key.extend_from_slice(&(piece as u32).to_be_bytes());
    key
}

impl Inner {
    pub(crate) fn save_state(
        &self,
        (partition, name): (Partition, &str),
        offset: Offset,
        state: &[u8],
    ) -> Result<(), StoreError> {
        let states = self.engine.states();
        let old = self.state_header(partition, name)?;
        let header = Header {
            offset,
            number: old.map_or(0, |old| old.number + 1),
            length: state.len(),
        };
        let head = std::iter::once((
            header_key(partition, name),
            Some(fjall::Slice::from(header.encode())),
        ));
        let gone = old.into_iter().flat_map(|old| {
            (0..old.pieces()).map(move |at| (piece_key(partition, name, old.number, at), None))
        });
        let pieces = state.chunks(PIECE_BYTES).enumerate().map(|(at, piece)| {
            let key = piece_key(partition, name, header.number, at);
            (key, Some(fjall::Slice::from(piece)))
        });
        states.ingest(head.chain(gone).chain(pieces))?;
        states.compact()
    }

    pub(crate) fn load_state(
        &self,
        partition: Partition,
        name: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(header) = self.state_header(partition, name)? else {
                return Ok(None);
            };
            let mut state = Vec::with_capacity(header.length.min(1 << 30));
            for piece in 0..header.pieces() {
                let key = piece_key(partition, name, header.number, piece);
                let Some(bytes) = self.engine.states().get(&key)? else {
                    break;
                };
                state.extend_from_slice(&bytes);
            }
            if state.len() == header.length {
                return Ok(Some((header.offset, state)));
            }
        }
        Err(StoreError::Corrupt(format!("the state `{name}`")))
    }

    fn state_header(&self, partition: Partition, name: &str) -> Result<Option<Header>, StoreError> {
        let bytes = self.engine.states().get(&header_key(partition, name))?;
        let header = bytes.map(|bytes| Header::decode(&bytes)).transpose();
        header.map_err(|Damaged| StoreError::Corrupt(format!("the state `{name}`")))
    }
}
