//! The tokens of a block's variables, on their way to its filter.

use super::columns::Tokens;
use super::filter::{is_of_clock, pair_hash, token_hash, window_hash};
use super::stamp::{CLASSES, Stamp, has_short, kind_of};
use super::written::{eight_digits, word_of};

/// Hashes that were seen lately, so that most repeats cost no sorting; a power of two.
const RECENT: usize = 1 << 12;
/// The same for windows of short numbers, of which there are more.
const WINDOWS_RECENT: usize = 1 << 15;
/// The class of tokens of digits alone.
const DIGITS: u32 = CLASSES[b'0' as usize];
/// Where numbers of each count of digits begin, when all of up to five are counted in a row.
const NUMBERS: [usize; 7] = [0, 0, 10, 110, 1_110, 11_110, 111_110];
/// How many there are.
const NUMBERS_COUNT: usize = NUMBERS[6];
/// How many of them are of up to three digits: those that make windows.
const SHORT_COUNT: usize = NUMBERS[4];

/// The hashes of tokens while a block is made. Short numbers are the most frequent tokens by far;
/// a bit for each tells whether it was met before, for less than its hash would take.
#[derive(Debug)]
pub(crate) struct TokenSet {
    hashes: Vec<u64>,
    recent: Vec<u64>,
    numbers: Vec<u64>,
    windows: Vec<u64>,
}

impl TokenSet {
    pub(crate) fn new() -> Self {
        Self {
            hashes: Vec::new(),
            recent: vec![0; RECENT],
            numbers: vec![0; NUMBERS_COUNT.div_ceil(64)],
            windows: vec![0; WINDOWS_RECENT],
        }
    }

    /// Takes the tokens of a text, and returns false if it has none.
    pub(crate) fn take(&mut self, text: &[u8], stamp: &mut Stamp) -> bool {
        let class_at = |at: usize| text.get(at).map_or(0, |byte| CLASSES[usize::from(*byte)]);
        let mut at = 0;
        let mut all = 0;
        // The short numbers before this token, the nearest last.
        let mut before = [None; 2];
        let (mut first, mut last) = (None, 0);
        let (mut kinds, mut run, mut run_max) = (0, 0, 0);
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
            last = kind_of(token);
            first = first.or(Some(last));
            kinds |= last;
            let length = u8::try_from(token.len()).unwrap_or(u8::MAX);
            stamp.length_max = stamp.length_max.max(length);
            if classes == DIGITS
                && let Some(number) = number_of(token)
            {
                if is_new(&mut self.numbers, number) {
                    self.remember(token_hash(token));
                }
                if number < SHORT_COUNT {
                    let number = number as u32;
                    if let [Some(first), Some(second)] = before {
                        self.take_window([first, second, number]);
                    }
                    before = [before[1], Some(number)];
                    run += 1;
                    run_max = run_max.max(run);
                    continue;
                }
            } else {
                self.remember(token_hash(token));
            }
            before = [None; 2];
            run = 0;
        }
        stamp.classes |= all;
        stamp.take_edges(first.unwrap_or(0), last);
        stamp.take_inside(kinds, run_max);
        all != 0
    }

    /// Takes texts that were cut into their tokens.
    pub(crate) fn take_fields(&mut self, fields: &[Tokens<'_>], stamp: &mut Stamp) {
        let mut run = 0;
        for (at, field) in fields.iter().enumerate() {
            let edges = stamp.edges;
            stamp.edges = 0;
            match &field.distinct {
                Some(rows) => rows.iter().for_each(|row| {
                    self.take(field.rows[*row as usize], stamp);
                }),
                None => field.rows.iter().for_each(|token| {
                    self.take(token, stamp);
                }),
            }
            let kinds = stamp.edges & 15;
            stamp.edges = edges;
            let edge = |is_one: bool| if is_one { kinds } else { 0 };
            stamp.take_edges(edge(at == 0), edge(at + 1 == fields.len()));
            // Not all of them need be short in the same row.
            run = if has_short(kinds) { run + 1 } else { 0 };
            stamp.take_inside(kinds, run);
        }
        let numbers: Vec<Numbers> = fields.iter().map(Tokens::numbers).collect();
        for (three, numbers) in fields.windows(3).zip(numbers.windows(3)) {
            let is_clock = numbers[..2].iter().all(|all| *all == Numbers::OfClock);
            if is_clock || numbers.contains(&Numbers::None) {
                continue;
            }
            let mut take = |row: usize| {
                if let Some(first) = short_of(three[0].rows[row])
                    && let Some(second) = short_of(three[1].rows[row])
                    && let Some(third) = short_of(three[2].rows[row])
                {
                    self.take_window([first, second, third]);
                }
            };
            let mut varying = three.iter().filter(|field| !field.is_constant());
            match (varying.next().map(|field| &field.distinct), varying.next()) {
                (Some(Some(rows)), None) => rows.iter().map(|row| *row as usize).for_each(take),
                (None, _) => take(0),
                _ => (0..three[0].rows.len()).for_each(take),
            }
        }
    }

    fn take_window(&mut self, window: [u32; 3]) {
        if let Some(hash) = window_hash(window)
            && let Some(last) = self.windows.get_mut(hash as usize % WINDOWS_RECENT)
            && *last != hash
        {
            *last = hash;
            self.hashes.push(hash);
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
    fn numbers(&self) -> Numbers {
        let Some(rows) = &self.distinct else {
            return Numbers::Any;
        };
        let mut numbers = Numbers::None;
        for short in rows
            .iter()
            .filter_map(|row| short_of(self.rows[*row as usize]))
        {
            if !is_of_clock(short) {
                return Numbers::Any;
            }
            numbers = Numbers::OfClock;
        }
        numbers
    }

    fn is_constant(&self) -> bool {
        self.distinct.as_ref().is_some_and(|rows| rows.len() == 1)
    }
}

/// Which short numbers are among tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    None,
    /// Only such as clocks have.
    OfClock,
    /// Others too, or that is not known.
    Any,
}

/// The place of a token among all numbers of up to three digits, if it is one.
fn short_of(token: &[u8]) -> Option<u32> {
    if token.is_empty() || token.len() > 3 {
        return None;
    }
    let number = eight_digits(word_of(token), token.len())?;
    Some(NUMBERS[token.len()] as u32 + number as u32)
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
            rows in proptest::collection::vec(
                ("[0-9]{1,4}", "([0-5][0-9]|[0-9a]{1,3})", "[0-9]{1,4}", "[0-9]{1,7}"), 1..50,
            ),
            is_known in any::<bool>(),
        ) {
            let texts: Vec<String> = rows.iter().map(|(a, b, c, d)| format!("{a}.{b}.{c}:{d}")).collect();
            let (mut whole, mut cut) = (TokenSet::new(), TokenSet::new());
            let mut stamps = [Stamp::default(); 2];
            for text in &texts {
                prop_assert!(whole.take(text.as_bytes(), &mut stamps[0]));
            }
            let of = |field: fn(&(String, String, String, String)) -> &String| {
                let rows: Vec<&[u8]> = rows.iter().map(|row| field(row).as_bytes()).collect();
                let is_first = |row: &u32| !rows[..*row as usize].contains(&rows[*row as usize]);
                let firsts = (0..rows.len() as u32).filter(is_first).collect();
                Tokens { distinct: is_known.then_some(firsts), rows }
            };
            let fields = [of(|row| &row.0), of(|row| &row.1), of(|row| &row.2), of(|row| &row.3)];
            cut.take_fields(&fields, &mut stamps[1]);
            // How many may be in a row is but a bound.
            prop_assert!(stamps[0].inside >> 4 <= stamps[1].inside >> 4);
            stamps[0].inside |= stamps[1].inside & 0xf0;
            stamps[1].inside |= stamps[0].inside & 0xf0;
            prop_assert_eq!(stamps[0], stamps[1]);
            prop_assert_eq!(whole.finish(), cut.finish());
        }
    }
}
