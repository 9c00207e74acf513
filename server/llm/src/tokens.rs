//! How many tokens a text has, about.

/// Bytes of a run of letters that one token holds, about; English words have about 1.3 tokens.
const LETTERS_PER_TOKEN: usize = 5;
/// Digits that one token holds in the common vocabularies.
const DIGITS_PER_TOKEN: usize = 2;

/// An estimate that errs upwards for English and for log lines: runs of letters count by fives,
/// digits by twos, every other character (but a single space) by itself.
#[must_use]
pub(crate) fn estimate(text: &str) -> usize {
    let mut tokens = 0;
    let mut letters = 0;
    let mut digits = 0;
    let mut was_space = false;
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            letters += 1;
        } else {
            tokens += usize::div_ceil(letters, LETTERS_PER_TOKEN);
            letters = 0;
        }
        if c.is_ascii_digit() {
            digits += 1;
        } else {
            tokens += usize::div_ceil(digits, DIGITS_PER_TOKEN);
            digits = 0;
        }
        let is_other = !c.is_ascii_alphanumeric() && (c != ' ' || was_space);
        tokens += usize::from(is_other);
        was_space = c == ' ';
    }
    tokens + usize::div_ceil(letters, LETTERS_PER_TOKEN) + usize::div_ceil(digits, DIGITS_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_and_logs_are_not_underestimated() {
        // 11 and 20 tokens in the vocabulary cl100k_base.
        let prose = "The disk of the database server is nearly full.";
        assert!((11..=16).contains(&estimate(prose)), "{}", estimate(prose));
        let line = "2024-05-01T10:11:12Z sshd[4242]: Failed password for root";
        assert!((20..=40).contains(&estimate(line)), "{}", estimate(line));
        assert_eq!(estimate(""), 0);
    }
}
