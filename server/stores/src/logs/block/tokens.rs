//! The tokens of a block's variables, on their way to its filter.

use super::columns::Tokens;
use super::filter::{neighbours_hash, pair_hash, token_hash};
use super::meta::{CLASSES, Stamp};
use super::written::{eight_digits, word_of};

/// Hashes that were seen lately, so that most repeats cost no sorting; a power of two.
const RECENT: usize = 1 << 12;
/// The class of tokens of digits alone.
const DIGITS: u32 = CLASSES[b'0' as usize];
/// Where numbers of each count of digits begin, when all of up to five are counted in a row.
const NUMBERS: [usize; 7] = [0, 0, 10, 110, 1_110, 11_110, 111_110];
/// How many there are.
const NUMBERS_COUNT: usize = NUMBERS[6];
/// How many of them are of up to three digits: those that make neighbours.
const SHORT_COUNT: usize = NUMBERS[4];

/// The hashes of tokens while a block is made. Short numbers are the most frequent tokens by far;
/// a bit for each tells whether it was met before, for less than its hash would take.
#[derive(Debug)]
pub(crate) struct TokenSet {
    hashes: Vec<u64>,
    recent: Vec<u64>,
    numbers: Vec<u64>,
    neighbours: Vec<u64>,
}

impl TokenSet {
    pub(crate) fn new() -> Self {
        Self {
            hashes: Vec::new(),
            recent: vec![0; RECENT],
            numbers: vec![0; NUMBERS_COUNT.div_ceil(64)],
            neighbours: vec![0; (SHORT_COUNT * SHORT_COUNT).div_ceil(64)],
        }
    }

    /// Takes the tokens of a text, and returns false if it has none.
    pub(crate) fn take(&mut self, text: &[u8], stamp: &mut Stamp) -> bool {
        let class_at = |at: usize| text.get(at).map_or(0, |byte| CLASSES[usize::from(*byte)]);
        let mut at = 0;
        let mut all = 0;
        let mut before: Option<(&[u8], usize)> = None;
        while at < text.len() {
            let mut classes = class_at(at);
            if classes == 0 {
                at += 1;
                continue;
            }
            let begin = at;
            loop {
                at += 1;
                let class = class_at(at);
                if class == 0 {
                    break;
                }
                classes |= class;
            }
            all |= classes;
            let token = &text[begin..at];
            let length = u8::try_from(token.len()).unwrap_or(u8::MAX);
            stamp.length_max = stamp.length_max.max(length);
            if classes == DIGITS
                && let Some(number) = number_of(token)
            {
                if is_new(&mut self.numbers, number) {
                    self.remember(token_hash(token));
                }
                if number < SHORT_COUNT {
                    if let Some((first, place)) = before
                        && is_new(&mut self.neighbours, place * SHORT_COUNT + number)
                        && let Some(hash) = neighbours_hash(first, token)
                    {
                        self.remember(hash);
                    }
                    before = Some((token, number));
                    continue;
                }
            } else {
                self.remember(token_hash(token));
            }
            before = None;
        }
        stamp.classes |= all;
        all != 0
    }

    /// Takes texts that were cut into their tokens.
    pub(crate) fn take_fields(&mut self, fields: &[Tokens<'_>], stamp: &mut Stamp) {
        for field in fields {
            match &field.distinct {
                Some(rows) => rows.iter().for_each(|row| {
                    self.take(field.rows[*row as usize], stamp);
                }),
                None => field.rows.iter().for_each(|token| {
                    self.take(token, stamp);
                }),
            }
        }
        for pair in fields.windows(2) {
            let (left, right) = (&pair[0], &pair[1]);
            if !left.has_short() || !right.has_short() {
                continue;
            }
            let mut take = |row: usize| self.take_neighbours(left.rows[row], right.rows[row]);
            match (&left.distinct, &right.distinct) {
                (Some(left), Some(rows)) | (Some(rows), Some(left)) if left.len() == 1 => {
                    rows.iter().for_each(|row| take(*row as usize));
                }
                _ => (0..left.rows.len()).for_each(take),
            }
        }
    }

    fn take_neighbours(&mut self, first: &[u8], second: &[u8]) {
        if let (Some(left), Some(right)) = (short_of(first), short_of(second))
            && is_new(&mut self.neighbours, left * SHORT_COUNT + right)
            && let Some(hash) = neighbours_hash(first, second)
        {
            self.remember(hash);
        }
    }

    /// Takes the value of an attribute that came beside a body.
    pub(crate) fn take_pair(&mut self, key: &str, value: &[u8]) {
        self.remember(pair_hash(key, value));
    }

    /// All hashes, sorted and without repeats.
    pub(crate) fn finish(mut self) -> Vec<u64> {
        sort(&mut self.hashes);
        self.hashes.dedup();
        self.hashes
    }

    /// Adds a hash unless it was seen lately.
    fn remember(&mut self, hash: u64) {
        if let Some(last) = self.recent.get_mut(hash as usize % RECENT)
            && *last != hash
        {
            *last = hash;
            self.hashes.push(hash);
        }
    }
}

impl Tokens<'_> {
    /// False if none is a number of up to three digits; true if one is or that is not known.
    fn has_short(&self) -> bool {
        let is_short = |row: &u32| short_of(self.rows[*row as usize]).is_some();
        self.distinct
            .as_ref()
            .is_none_or(|rows| rows.iter().any(is_short))
    }
}

/// The place of a token among all numbers of up to three digits, if it is one.
fn short_of(token: &[u8]) -> Option<usize> {
    if token.is_empty() || token.len() > 3 {
        return None;
    }
    let number = eight_digits(word_of(token), token.len())?;
    Some(NUMBERS[token.len()] + number as usize)
}

/// Sorts hashes: they are spread evenly, so that those with the same first bits are few and fit
/// the processor's first cache.
fn sort(hashes: &mut Vec<u64>) {
    const PER_BUCKET: usize = 256;
    let bits = (hashes.len() / PER_BUCKET).checked_ilog2().unwrap_or(0);
    if bits == 0 {
        return hashes.sort_unstable();
    }
    let bucket_of = |hash: u64| (hash >> (64 - bits)) as usize;
    let mut ends = vec![0usize; 1 << bits];
    for hash in hashes.iter() {
        ends[bucket_of(*hash)] += 1;
    }
    let mut end = 0;
    for count in &mut ends {
        (*count, end) = (end, end + *count);
    }
    let mut sorted = vec![0; hashes.len()];
    for hash in hashes.iter() {
        let end = &mut ends[bucket_of(*hash)];
        sorted[*end] = *hash;
        *end += 1;
    }
    let mut start = 0;
    for end in ends {
        sorted[start..end].sort_unstable();
        start = end;
    }
    *hashes = sorted;
}

/// The place of digits among all numbers of up to five.
fn number_of(digits: &[u8]) -> Option<usize> {
    let place = |all: usize, digit: &u8| all * 10 + usize::from(digit.wrapping_sub(b'0'));
    (digits.len() <= 5).then(|| NUMBERS[digits.len()] + digits.iter().fold(0, place))
}

/// Sets a bit, and returns true if it was not set.
fn is_new(bits: &mut [u64], at: usize) -> bool {
    let Some(word) = bits.get_mut(at / 64) else {
        return true;
    };
    let bit = 1 << (at % 64);
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hashes_are_sorted(count in 0usize..5_000, bits in 0u32..64) {
            let mut hashes: Vec<u64> =
                (0..count as u64).map(|at| token_hash(&at.to_le_bytes()) >> bits).collect();
            let mut wanted = hashes.clone();
            wanted.sort_unstable();
            sort(&mut hashes);
            prop_assert_eq!(hashes, wanted);
        }

        #[test]
        fn cut_texts_have_the_same_tokens(
            rows in proptest::collection::vec(("[0-9]{1,4}", "[0-9a-z]{1,3}", "[0-9]{1,7}"), 1..50),
        ) {
            let texts: Vec<String> = rows.iter().map(|(a, b, c)| format!("{a}.{b}:{c}")).collect();
            let (mut whole, mut cut) = (TokenSet::new(), TokenSet::new());
            let mut stamps = [Stamp::default(); 2];
            for text in &texts {
                prop_assert!(whole.take(text.as_bytes(), &mut stamps[0]));
            }
            let of = |field: fn(&(String, String, String)) -> &String| Tokens {
                rows: rows.iter().map(|row| field(row).as_bytes()).collect(),
                distinct: None,
            };
            cut.take_fields(&[of(|row| &row.0), of(|row| &row.1), of(|row| &row.2)], &mut stamps[1]);
            prop_assert_eq!(stamps[0], stamps[1]);
            prop_assert_eq!(whole.finish(), cut.finish());
        }
    }
}
