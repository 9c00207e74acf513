//! The tokens of a block's variables, on their way to its filter.

use super::filter::{neighbours_hash, pair_hash, token_hash};
use super::meta::{CLASSES, Stamp};

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
pub(crate) struct Tokens {
    hashes: Vec<u64>,
    recent: Vec<u64>,
    numbers: Vec<u64>,
    neighbours: Vec<u64>,
}

impl Tokens {
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

    /// Takes the value of an attribute that came beside a body.
    pub(crate) fn take_pair(&mut self, key: &str, value: &[u8]) {
        self.remember(pair_hash(key, value));
    }

    /// All hashes, sorted and without repeats.
    pub(crate) fn finish(mut self) -> Vec<u64> {
        self.hashes.sort_unstable();
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
