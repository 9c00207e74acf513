//! An item's entries as the bytes of an object: lengths and bytes one after the other, compressed.
//! It is named by the hash of the bytes before they are compressed.

use sha2::{Digest, Sha256};
use tocsin_domain::ports::SnapshotEntries;

/// What the first byte of an object's content says.
const VERSION: u8 = 1;
/// Blocks are compressed already, and rows are text: more would cost much and bring little.
const LEVEL: i32 = 1;
/// The most bytes of an object before it is compressed: what is more is not one of ours.
const BYTES_MAX: usize = 2 << 30;

/// An object that is to be written.
#[derive(Debug)]
pub(crate) struct Object {
    /// The hash of the content, 64 hexadecimal digits.
    pub(crate) hash: String,
    /// The content, compressed.
    pub(crate) bytes: Vec<u8>,
}

/// Makes an object of entries.
pub(crate) fn pack(entries: &SnapshotEntries) -> std::io::Result<Object> {
    let length: usize = entries
        .iter()
        .map(|(key, value)| key.len() + value.len() + 16)
        .sum();
    let mut content = Vec::with_capacity(length + 1);
    content.push(VERSION);
    for (key, value) in entries {
        for part in [key, value] {
            content.extend_from_slice(&(part.len() as u64).to_le_bytes());
            content.extend_from_slice(part);
        }
    }
    Ok(Object {
        hash: hash(&content),
        bytes: zstd::bulk::compress(&content, LEVEL)?,
    })
}

/// The entries of an object; says what is wrong if it is not what its name says.
pub(crate) fn unpack(bytes: &[u8], expected: &str) -> Result<SnapshotEntries, &'static str> {
    let content = zstd::stream::decode_all(std::io::Cursor::new(bytes));
    let content = content.map_err(|_| "it cannot be decompressed")?;
    if content.len() > BYTES_MAX {
        return Err("it is too large");
    }
    if hash(&content) != expected {
        return Err("its checksum is wrong");
    }
    let Some((&VERSION, mut rest)) = content.split_first() else {
        return Err("it is of a version that is not known");
    };
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let key = take(&mut rest).ok_or("it ends too soon")?;
        let value = take(&mut rest).ok_or("it ends too soon")?;
        entries.push((key, value));
    }
    Ok(entries)
}

fn take(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, after) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (part, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(part.to_vec())
}

/// A hash as hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first half of a hash, as a number.
pub(crate) fn number(bytes: &[u8]) -> u128 {
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .take(16)
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_back_and_a_changed_byte_is_noticed(
            entries in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..9), proptest::collection::vec(any::<u8>(), 0..99)),
                0..9,
            ),
            at in any::<proptest::sample::Index>(),
        ) {
            let object = pack(&entries).unwrap();
            prop_assert_eq!(unpack(&object.bytes, &object.hash), Ok(entries));
            let mut changed = object.bytes.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1;
            // A bit of the frame's own checksum or flags may mean nothing; the content never does.
            if let Ok(again) = unpack(&changed, &object.hash) {
                prop_assert_eq!(pack(&again).unwrap().hash, object.hash);
            }
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(unpack(b"no", "00").is_err());
        let empty = zstd::bulk::compress(&[], 1).unwrap();
        assert!(unpack(&empty, &hash(&[])).is_err());
        let short = zstd::bulk::compress(&[VERSION, 9, 0, 0, 0, 0, 0, 0, 0, 1], 1).unwrap();
        let content = [VERSION, 9, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(unpack(&short, &hash(&content)), Err("it ends too soon"));
    }
}
