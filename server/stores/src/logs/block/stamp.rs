//! What the tokens of a group's variables are made of, so that most words need not be looked for.

/// What the tokens of a group's rows are made of, so that most words need not be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    /// The classes of bytes, see [`CLASSES`].
    pub(crate) classes: u32,
    /// The longest token; 255 for longer ones.
    pub(crate) length_max: u8,
    /// The kinds of the rows' first tokens in the low four bits, of the last ones in the others;
    /// see [`kind_of`].
    pub(crate) edges: u8,
    /// The kinds of all tokens in the low four bits; in the others how many short numbers follow
    /// one another in a row, at most, and 15 for more.
    pub(crate) inside: u8,
}

const fn class(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 1 << (byte - b'a' + 1),
        b'A'..=b'Z' => 1 << (byte - b'A' + 1),
        b'_' => 1 << 27,
        0x80.. => 1 << 28,
        _ => 0,
    }
}

/// The class of every byte: digits are one, each letter is one whatever its case, `_` is one and
/// bytes from 0x80 up are one; 0 for separators.
pub(crate) const CLASSES: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class(byte as u8);
        byte += 1;
    }
    table
};

impl Stamp {
    /// False only if no token of the group can be this one (or begin with it, if it is open).
    pub(crate) fn admits(self, token: &[u8], is_open: bool) -> bool {
        let classes = token
            .iter()
            .fold(0, |all, byte| all | CLASSES[usize::from(*byte)]);
        self.inside & kinds_of(token, is_open) != 0
            && classes & !self.classes == 0
            && (self.length_max == u8::MAX || token.len() <= usize::from(self.length_max))
    }

    /// Notes what a row's tokens are: their kinds and how many short numbers are in a row.
    pub(crate) fn take_inside(&mut self, kinds: u8, run: usize) {
        let run = run.min(15).max(usize::from(self.inside >> 4)) as u8;
        self.inside = self.inside & 15 | kinds | run << 4;
    }

    /// False only if no row of the group has that many short numbers one after the other.
    pub(crate) fn has_run(self, length: u8) -> bool {
        self.inside >> 4 >= length
    }

    /// Notes the first and the last token of a row by their kinds.
    pub(crate) fn take_edges(&mut self, first: u8, last: u8) {
        self.edges |= first | last << 4;
    }

    /// False only if no row of the group begins with this token (or a longer one, if it is open).
    pub(crate) fn can_open(self, token: &[u8], is_open: bool) -> bool {
        self.edges & kinds_of(token, is_open) != 0
    }

    /// False only if no row of the group ends with this token.
    pub(crate) fn can_close(self, token: &[u8]) -> bool {
        self.edges >> 4 & kind_of(token) != 0
    }
}

/// The kind of all tokens but numbers of up to three digits.
const OTHER: u8 = 8;

/// The kinds that a token may be of, if it goes on where it is open.
fn kinds_of(token: &[u8], is_open: bool) -> u8 {
    match (is_open, kind_of(token)) {
        (true, _) if token.is_empty() => 15,
        // Digits go on as more digits or as anything else, other tokens as others only.
        (true, kind) => 16 - kind,
        (false, kind) => kind,
    }
}

/// True if numbers of up to three digits are among the kinds.
pub(crate) fn has_short(kinds: u8) -> bool {
    kinds & (OTHER - 1) != 0
}

/// The kind of a token: a bit for numbers of one, of two and of three digits, and one for others.
pub(crate) fn kind_of(token: &[u8]) -> u8 {
    match token.len() {
        1..=3 if token.iter().all(u8::is_ascii_digit) => 1 << (token.len() - 1),
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_told_by_how_many_digits_they_have() {
        let mut stamp = Stamp::default();
        stamp.take_edges(kind_of(b"17"), kind_of(b"a"));
        stamp.take_edges(kind_of(b"1234"), kind_of(b"255"));
        assert!(stamp.can_open(b"10", false) && stamp.can_open(b"99999", false));
        assert!(!stamp.can_open(b"1", false) && !stamp.can_open(b"100", false));
        assert!(stamp.can_open(b"1", true) && stamp.can_open(b"123", true));
        assert!(stamp.can_close(b"100") && stamp.can_close(b"x1"));
        assert!(!stamp.can_close(b"1") && !stamp.can_close(b"10"));
        let mut short = Stamp::default();
        short.take_edges(kind_of(b"17"), kind_of(b"17"));
        assert!(short.can_open(b"1", true) && short.can_open(b"17", true));
        assert!(!short.can_open(b"171", true) && !short.can_open(b"a", true));
    }

    #[test]
    fn tokens_are_told_by_their_kinds_and_their_runs() {
        let mut stamp = Stamp {
            classes: 1,
            length_max: 5,
            ..Stamp::default()
        };
        stamp.take_inside(kind_of(b"10"), 4);
        stamp.take_inside(kind_of(b"50010"), 2);
        assert!(stamp.admits(b"59", false) && stamp.admits(b"1", true));
        assert!(!stamp.admits(b"251", false) && !stamp.admits(b"1", false));
        assert!(stamp.admits(b"251", true) && stamp.admits(b"12345", false));
        assert!(stamp.has_run(4) && !stamp.has_run(5));
        stamp.take_inside(0, 300);
        assert!(stamp.has_run(15));
    }
}
