//! The token rule: what a word is. The parser, the matcher and every store use this one.
//!
//! A token is a maximal run of ASCII letters, ASCII digits, `_` and bytes from 0x80 up (so that
//! words of other alphabets hold together, and bytes that are not UTF-8 count as letters). Tokens
//! are compared with ASCII letters lower-cased and all other bytes as they are.

use std::ops::Range;

const TOKEN_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
        byte += 1;
    }
    table
};

/// True if the byte belongs to tokens, false if it separates them.
#[must_use]
pub const fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTE[byte as usize]
}

/// The tokens of a text, in order, as ranges of it.
#[must_use]
pub fn tokens(text: &[u8]) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// The iterator that [`tokens`] gives.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let Some(skipped) = rest.iter().position(|byte| is_token_byte(*byte)) else {
            self.at = self.text.len();
            return None;
        };
        let start = self.at + skipped;
        let length = self.text[start..]
            .iter()
            .position(|byte| !is_token_byte(*byte))
            .unwrap_or(self.text.len() - start);
        self.at = start + length;
        Some(start..self.at)
    }
}

/// The tokens of a query's text, lower-cased.
#[must_use]
pub fn lower_tokens(text: &str) -> Vec<String> {
    // Only ASCII bytes separate, so the ranges fall on character boundaries.
    tokens(text.as_bytes())
        .map(|range| text[range].to_ascii_lowercase())
        .collect()
}

/// True if `token` begins with `prefix`, which is lower case already.
#[must_use]
pub fn starts_with_lower(token: &[u8], prefix: &[u8]) -> bool {
    token.len() >= prefix.len() && token[..prefix.len()].eq_ignore_ascii_case(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        lower_tokens(text)
    }

    #[test]
    fn tokens_are_runs_of_letters_digits_underscores_and_high_bytes() {
        assert_eq!(
            split("blk_-38 at 10.0.0.1:80"),
            ["blk_", "38", "at", "10", "0", "0", "1", "80"]
        );
        assert_eq!(split("Größe=5"), ["größe", "5"]);
        assert_eq!(split(""), Vec::<String>::new());
        assert_eq!(split(" .,- "), Vec::<String>::new());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_letters() {
        let text = b"a\xff\xfeb \x00 c";
        let found: Vec<_> = tokens(text).map(|range| &text[range]).collect();
        assert_eq!(found, [b"a\xff\xfeb".as_slice(), b"c"]);
    }
}
