//! Finding the places of a word in many texts at once, ASCII case aside.

/// A word that is looked for, with how far the search may leap by the byte it meets.
#[derive(Debug)]
pub(crate) struct Seeker<'a> {
    word: &'a [u8],
    leaps: [u8; 256],
}

impl<'a> Seeker<'a> {
    /// Makes ready to look for a word, which is lower case and not empty.
    pub(crate) fn new(word: &'a [u8]) -> Self {
        let last = word.len().saturating_sub(1);
        let farthest = word.len().clamp(1, usize::from(u8::MAX));
        let mut leaps = [farthest as u8; 256];
        for (at, byte) in word.iter().enumerate().take(last) {
            let leap = (last - at).min(farthest) as u8;
            leaps[usize::from(*byte)] = leap;
            leaps[usize::from(byte.to_ascii_uppercase())] = leap;
        }
        Self { word, leaps }
    }

    /// The first place of the word at or after `from`.
    pub(crate) fn find(&self, data: &[u8], from: usize) -> Option<usize> {
        let length = self.word.len();
        let last = *self.word.last()?;
        let mut at = from;
        while let Some(byte) = data.get(at + length - 1) {
            if byte.eq_ignore_ascii_case(&last)
                && data[at..at + length].eq_ignore_ascii_case(self.word)
            {
                return Some(at);
            }
            at += usize::from(self.leaps[usize::from(*byte)]);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_place_is_found(
            data in "[abAB_é ]{0,60}", word in "[ab_é]{1,4}", from in 0usize..70,
        ) {
            let (data, word) = (data.as_bytes(), word.as_bytes());
            let mut windows = data.windows(word.len()).enumerate().skip(from);
            let expect = windows.find(|(_, window)| window.eq_ignore_ascii_case(word));
            prop_assert_eq!(Seeker::new(word).find(data, from), expect.map(|(at, _)| at));
        }

        #[test]
        fn long_words_are_found(before in 0usize..700, length in 250usize..300) {
            let word: Vec<u8> = (0..length).map(|at| b'a' + (at * at % 23) as u8).collect();
            let mut data = vec![b'c'; before];
            data.extend_from_slice(&word.to_ascii_uppercase());
            prop_assert_eq!(Seeker::new(&word).find(&data, 0), Some(before));
        }
    }
}
