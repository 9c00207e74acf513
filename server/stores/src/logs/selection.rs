//! Which rows of a template in a block (or of a batch in the head) a query selects.

/// A set of rows `0..length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    pub(crate) fn none(length: usize) -> Self {
        Self {
            words: vec![0; length.div_ceil(64)],
            length,
        }
    }

    pub(crate) fn from_fn(length: usize, mut test: impl FnMut(usize) -> bool) -> Self {
        let mut bits = Self::none(length);
        for at in 0..length {
            bits.words[at / 64] |= u64::from(test(at)) << (at % 64);
        }
        bits
    }

    /// The rows of a list whose values pass.
    pub(crate) fn of_each<T>(length: usize, values: &[T], test: impl Fn(&T) -> bool) -> Self {
        let mut bits = Self::none(length);
        let values = &values[..values.len().min(length)];
        for (word, values) in bits.words.iter_mut().zip(values.chunks(64)) {
            for (at, value) in values.iter().enumerate() {
                *word |= u64::from(test(value)) << at;
            }
        }
        bits
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn contains(&self, at: usize) -> bool {
        self.words
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// The only row, if there is but one.
    pub(crate) fn only(&self) -> Option<usize> {
        let mut rows = self.iter();
        rows.next().filter(|_| rows.next().is_none())
    }

    /// Keeps the rows that pass.
    pub(crate) fn retain(&mut self, mut test: impl FnMut(usize) -> bool) {
        for (at, word) in self.words.iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                if !test(at * 64 + bit) {
                    *word &= !(1 << bit);
                }
                rest &= rest - 1;
            }
        }
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    pub(crate) fn insert(&mut self, at: usize) {
        if at < self.length {
            self.words[at / 64] |= 1 << (at % 64);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// The rows, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    at * 64 + bit
                })
            })
        })
    }

    pub(crate) fn union(&mut self, other: &Self) {
        for (ours, theirs) in self.words.iter_mut().zip(&other.words) {
            *ours |= theirs;
        }
    }

    pub(crate) fn intersect(&mut self, other: &Self) {
        for (ours, theirs) in self.words.iter_mut().zip(&other.words) {
            *ours &= theirs;
        }
    }

    fn invert(&mut self) {
        for word in &mut self.words {
            *word = !*word;
        }
        if let Some(last) = self.words.last_mut()
            && !self.length.is_multiple_of(64)
        {
            *last &= (1 << (self.length % 64)) - 1;
        }
    }
}

/// Which rows are selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    None,
    All,
    Rows(Bits),
}

impl Selection {
    /// A selection from bits, told apart where all or none are set.
    pub(crate) fn of(bits: Bits) -> Self {
        match bits.count() {
            0 => Self::None,
            count if count == bits.length => Self::All,
            _ => Self::Rows(bits),
        }
    }

    pub(crate) const fn all_if(holds: bool) -> Self {
        if holds { Self::All } else { Self::None }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, other) | (other, Self::All) => other,
            (Self::Rows(mut ours), Self::Rows(theirs)) => {
                ours.intersect(&theirs);
                Self::of(ours)
            }
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, other) | (other, Self::None) => other,
            (Self::Rows(mut ours), Self::Rows(theirs)) => {
                ours.union(&theirs);
                Self::of(ours)
            }
        }
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::None => Self::All,
            Self::All => Self::None,
            Self::Rows(mut bits) => {
                bits.invert();
                Self::of(bits)
            }
        }
    }

    /// How much memory it takes beyond itself, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::None | Self::All => 0,
            Self::Rows(bits) => bits.bytes(),
        }
    }

    /// How many of `rows` are selected.
    pub(crate) fn count(&self, rows: usize) -> usize {
        match self {
            Self::None => 0,
            Self::All => rows,
            Self::Rows(bits) => bits.count(),
        }
    }

    /// Calls `each` with every selected row of `rows`, ascending.
    pub(crate) fn for_each(&self, rows: usize, each: impl FnMut(usize)) {
        match self {
            Self::None => {}
            Self::All => (0..rows).for_each(each),
            Self::Rows(bits) => bits.iter().for_each(each),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(selection: &Selection, rows: usize) -> Vec<bool> {
        let mut list = vec![false; rows];
        selection.for_each(rows, |at| list[at] = true);
        list
    }

    proptest! {
        #[test]
        fn selections_are_sets(rows in proptest::collection::vec(any::<(bool, bool)>(), 1..200)) {
            let a = Selection::of(Bits::from_fn(rows.len(), |at| rows[at].0));
            let b = Selection::of(Bits::from_fn(rows.len(), |at| rows[at].1));
            let expect = |join: fn(bool, bool) -> bool| -> Vec<bool> {
                rows.iter().map(|(a, b)| join(*a, *b)).collect()
            };
            prop_assert_eq!(list(&a.clone().and(b.clone()), rows.len()), expect(|a, b| a && b));
            prop_assert_eq!(list(&a.clone().or(b), rows.len()), expect(|a, b| a || b));
            let inverted = a.clone().not();
            prop_assert_eq!(list(&inverted, rows.len()), expect(|a, _| !a));
            prop_assert_eq!(a.count(rows.len()) + inverted.count(rows.len()), rows.len());
        }
    }
}
