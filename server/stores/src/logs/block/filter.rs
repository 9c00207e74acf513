//! Which words a block's variables hold: a binary fuse filter over hashes of tokens. It never
//! misses a word that is there, and takes one in 256 for there that is not.

use super::codec::{Damaged, Read, Reader, put_bytes, put_number};

const LISTED: u8 = 0;
const FUSED: u8 = 1;

/// Below this many words the hashes are listed as they are.
const LISTED_COUNT_MAX: usize = 32;

/// The hash of a token, ASCII case aside. Part of the format: filters on disk hold it.
pub(crate) fn token_hash(token: &[u8]) -> u64 {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    let length = token.len();
    if let (Some(head), Some(tail)) = (token.first_chunk::<8>(), token.last_chunk::<8>()) {
        let mut hash = SEED ^ length as u64;
        if length > 16 {
            // The last eight bytes follow below; together they cover every byte.
            for at in (0..length - 8).step_by(8) {
                let word = <[u8; 8]>::try_from(&token[at..at + 8]).unwrap_or_default();
                hash = fold(
                    hash ^ lower(u64::from_le_bytes(word)),
                    0xa076_1d64_78bd_642f,
                );
            }
        } else {
            hash = fold(
                hash ^ lower(u64::from_le_bytes(*head)),
                0xa076_1d64_78bd_642f,
            );
        }
        return fold(
            hash ^ lower(u64::from_le_bytes(*tail)),
            0x8ebc_6af0_9c88_c6e3,
        );
    }
    let word = if let (Some(head), Some(tail)) = (token.first_chunk(), token.last_chunk()) {
        u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << 32
    } else {
        let byte = |at: usize| u64::from(token.get(at).copied().unwrap_or(0));
        byte(0) | byte(length / 2) << 8 | byte(length.saturating_sub(1)) << 16
    };
    fold(lower(word) ^ SEED ^ length as u64, 0x8ebc_6af0_9c88_c6e3)
}

/// The hash of an attribute's value that came beside the body.
pub(crate) fn pair_hash(key: &str, value: &[u8]) -> u64 {
    fold(
        token_hash(key.as_bytes()) ^ token_hash(value).rotate_left(17),
        0x5899_65cc_7537_4cc3,
    )
}

/// The place of a number of up to three digits among all of them: first those of one digit, then
/// those of two. None for other tokens.
pub(crate) fn short_number(token: &[u8]) -> Option<u32> {
    let digit = |byte: &u8| u32::from(byte.wrapping_sub(b'0'));
    let is_short = (1..=3).contains(&token.len()) && token.iter().all(u8::is_ascii_digit);
    let first = [0, 0, 10, 110].get(token.len())?;
    is_short.then(|| first + token.iter().fold(0, |all, byte| all * 10 + digit(byte)))
}

/// The hash of three short numbers that follow one another in one variable, as in addresses: each
/// alone is in every block, and so is nearly every two. None if the first two may be of a clock or
/// a date, which would make many windows that nobody looks for.
pub(crate) fn window_hash(window: [u32; 3]) -> Option<u64> {
    let [first, second, third] = window.map(u64::from);
    if window[..2].iter().all(|number| is_of_clock(*number)) {
        return None;
    }
    let all = first << 32 | second << 16 | third;
    Some(fold(all ^ 0x2d35_8dcc_aa6c_78a5, 0x8bb8_4b93_962e_acc9))
}

/// True for the places of 00 to 59.
pub(crate) fn is_of_clock(short: u32) -> bool {
    (10..70).contains(&short)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Lower-cases eight ASCII bytes at once; bytes from 0x80 up stay.
fn lower(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let seven = word & (LOW * 0x7f);
    let from_a = seven + LOW * (0x80 - b'A' as u64);
    let after_z = seven + LOW * (0x7f - b'Z' as u64);
    let is_upper = from_a & !after_z & !word & (LOW * 0x80);
    word | (is_upper >> 2)
}

/// Writes the filter of a block. `hashes` come sorted and without repeats.
pub(crate) fn encode(hashes: &[u64]) -> Vec<u8> {
    if hashes.len() > LISTED_COUNT_MAX
        && let Ok(filter) = xorf::BinaryFuse8::try_from(hashes)
    {
        let mut out = Vec::with_capacity(filter.fingerprints.len() + 24);
        out.push(FUSED);
        put_number(&mut out, filter.descriptor.seed);
        put_number(&mut out, u64::from(filter.descriptor.segment_length));
        put_number(&mut out, u64::from(filter.descriptor.segment_count_length));
        put_bytes(&mut out, &filter.fingerprints);
        return out;
    }
    let mut out = vec![LISTED];
    put_number(&mut out, hashes.len() as u64);
    for hash in hashes {
        out.extend_from_slice(&hash.to_le_bytes());
    }
    out
}

/// A filter read back.
#[derive(Debug, PartialEq)]
pub(crate) enum Filter {
    Listed(Vec<u64>),
    Fused {
        seed: u64,
        segment_length: u32,
        segment_count_length: u32,
        fingerprints: Box<[u8]>,
    },
}

impl Filter {
    pub(crate) fn decode(bytes: &[u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            LISTED => {
                let count = reader.bounded(bytes.len())?;
                (0..count)
                    .map(|_| reader.array().map(u64::from_le_bytes))
                    .collect::<Read<_>>()
                    .map(Self::Listed)
            }
            FUSED => Ok(Self::Fused {
                seed: reader.number()?,
                segment_length: reader.narrow()?,
                segment_count_length: reader.narrow()?,
                fingerprints: reader.bytes()?.into(),
            }),
            _ => Err(Damaged),
        }
    }

    /// False only if no variable of the block holds the token. A damaged filter holds everything.
    pub(crate) fn contains(&self, hash: u64) -> bool {
        match self {
            Self::Listed(hashes) => hashes.binary_search(&hash).is_ok(),
            Self::Fused {
                seed,
                segment_length,
                segment_count_length,
                fingerprints,
            } => {
                let hash = murmur(hash.wrapping_add(*seed));
                let high = ((u128::from(hash) * u128::from(*segment_count_length)) >> 64) as u32;
                let mask = segment_length.wrapping_sub(1);
                let second = high.wrapping_add(*segment_length);
                let third = second.wrapping_add(*segment_length) ^ (hash as u32 & mask);
                let second = second ^ ((hash >> 18) as u32 & mask);
                let at = |place: u32| fingerprints.get(place as usize).copied();
                match (at(high), at(second), at(third)) {
                    (Some(a), Some(b), Some(c)) => (hash ^ (hash >> 32)) as u8 == a ^ b ^ c,
                    _ => true,
                }
            }
        }
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Listed(hashes) => hashes.len() * 8,
            Self::Fused { fingerprints, .. } => fingerprints.len(),
        }
    }
}

/// The mixing that the filters were built with.
const fn murmur(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_few_others() {
        for count in [0u64, 1, 31, 33, 100, 20_000] {
            let mut hashes: Vec<u64> = (0..count)
                .map(|at| token_hash(format!("token{at}").as_bytes()))
                .collect();
            hashes.sort_unstable();
            let filter = Filter::decode(&encode(&hashes)).unwrap();
            assert!(
                hashes.iter().all(|hash| filter.contains(*hash)),
                "{count} words"
            );
            let wrong = (0..10_000u64)
                .filter(|at| filter.contains(token_hash(format!("other{at}").as_bytes())))
                .count();
            assert!(wrong < 80, "{wrong} of 10,000 wrongly there among {count}");
        }
    }

    #[test]
    fn case_is_put_aside_and_nothing_else_is() {
        assert_eq!(token_hash(b"FAILED_Node-Z"), token_hash(b"failed_node-z"));
        assert_eq!(token_hash(b"Q"), token_hash(b"q"));
        assert_ne!(token_hash(b"@"), token_hash(b"`"));
        assert_ne!(token_hash(b"["), token_hash(b"{"));
        assert_ne!(token_hash(b"a"), token_hash(b"a\0"));
        assert_ne!(token_hash(&[0xc1]), token_hash(&[0xe1]));
        for length in 1..40 {
            let token: Vec<u8> = (0..length).map(|at| b'a' + at).collect();
            for at in 0..token.len() {
                let mut other = token.clone();
                other[at] = b'!';
                assert_ne!(
                    token_hash(&token),
                    token_hash(&other),
                    "byte {at} of {length}"
                );
            }
        }
    }
}
