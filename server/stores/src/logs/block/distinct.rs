//! The distinct texts of a column, if there are few beside its rows.

use hashbrown::HashTable;

/// After this many rows, a column with mostly distinct rows is no dictionary.
const TRIAL_ROWS: usize = 512;
/// The most distinct values of a dictionary: codes are 16 bits.
const DISTINCT_MAX: usize = 1 << 16;
/// Texts up to this long are told apart by their key alone.
const KEYED_BYTES_MAX: usize = 16;

/// The distinct texts of a column.
#[derive(Debug)]
pub(super) struct Distinct {
    /// The first row of each, ascending.
    pub(super) firsts: Vec<u32>,
    /// Which one each row is.
    pub(super) codes: Vec<u16>,
}

/// Short texts as they are and long ones as a hash, so that most are compared without a look at
/// where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    low: u64,
    high: u64,
    length: usize,
}

impl Distinct {
    /// None if more than half of the rows are distinct, or too many.
    pub(super) fn of(rows: &[&[u8]]) -> Option<Self> {
        let mut table: HashTable<(Key, u16)> = HashTable::new();
        let mut firsts: Vec<u32> = Vec::new();
        let mut codes: Vec<u16> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let key = Key::of(row);
            let is_same = |(known, code): &(Key, u16)| {
                *known == key
                    && (row.len() <= KEYED_BYTES_MAX
                        || rows[firsts[usize::from(*code)] as usize] == *row)
            };
            let code = match table.find(key.hash(), is_same) {
                Some((_, code)) => *code,
                None => {
                    let is_poor = at >= TRIAL_ROWS && firsts.len() * 2 > at;
                    if is_poor || firsts.len() == DISTINCT_MAX {
                        return None;
                    }
                    let code = firsts.len() as u16;
                    firsts.push(at as u32);
                    table.insert_unique(key.hash(), (key, code), |(key, _)| key.hash());
                    code
                }
            };
            codes.push(code);
        }
        (firsts.len() * 2 <= rows.len()).then_some(Self { firsts, codes })
    }
}

impl Key {
    fn of(text: &[u8]) -> Self {
        let length = text.len();
        let (low, high) = if let (Some(head), Some(tail)) =
            (text.first_chunk::<8>(), text.last_chunk::<8>())
        {
            let (mut low, high) = (u64::from_le_bytes(*head), u64::from_le_bytes(*tail));
            if length > KEYED_BYTES_MAX {
                let (words, _) = text[8..length - 8].as_chunks::<8>();
                for word in words {
                    low = fold(low ^ u64::from_le_bytes(*word), 0xa076_1d64_78bd_642f);
                }
            }
            (low, high)
        } else if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
            (word(head), word(tail))
        } else {
            let byte = |at: usize| u64::from(text.get(at).copied().unwrap_or(0));
            (byte(0) | byte(1) << 8 | byte(2) << 16, 0)
        };
        Self { low, high, length }
    }

    fn hash(self) -> u64 {
        fold(
            self.low ^ 0x9e37_79b9_7f4a_7c15,
            self.high ^ self.length as u64 ^ 0x8ebc_6af0_9c88_c6e3,
        )
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_has_the_code_of_its_text(
            rows in proptest::collection::vec("[ab]{0,3}|[ab]{7,9}|[ab]{15,34}|c{0,40}", 0..200),
        ) {
            let texts: Vec<&[u8]> = rows.iter().chain(&rows).map(String::as_bytes).collect();
            let Distinct { firsts, codes } = Distinct::of(&texts).unwrap();
            prop_assert_eq!(codes.len(), texts.len());
            for (text, code) in texts.iter().zip(codes) {
                let first = firsts[usize::from(code)] as usize;
                prop_assert_eq!(texts[first], *text);
                prop_assert_eq!(texts.iter().position(|other| other == text), Some(first));
            }
        }
    }
}
