//! The class of each byte: what may separate words, and what makes a word worth a closer look.

/// Decimal digit.
pub(crate) const DIGIT: u8 = 1;
/// Letter that is no hexadecimal digit; such bytes have `ALPHA` too.
pub(crate) const BEYOND_HEX: u8 = 2;
/// ASCII letter, or a byte of a multi-byte character.
pub(crate) const ALPHA: u8 = 4;
/// Separates words: white space, control characters, brackets, quotes, `,` `;` `=` `|`.
pub(crate) const DELIMITER: u8 = 8;
/// `/` or `\`.
pub(crate) const SLASH: u8 = 16;
/// `:`.
pub(crate) const COLON: u8 = 32;
/// `.`, `-` or `_`: joins the segments of names.
pub(crate) const JOINER: u8 = 64;
/// Other punctuation: `@ # $ % & + * ! ? ~ ^`.
pub(crate) const MARK: u8 = 128;

/// Class of every byte.
pub(crate) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => ALPHA,
            b'g'..=b'z' | b'G'..=b'Z' | 0x80..=0xff => ALPHA | BEYOND_HEX,
            b'/' | b'\\' => SLASH,
            b':' => COLON,
            b'.' | b'-' | b'_' => JOINER,
            b'@' | b'#' | b'$' | b'%' | b'&' | b'+' | b'*' | b'!' | b'?' | b'~' | b'^' => MARK,
            _ => DELIMITER,
        };
        b += 1;
    }
    table
}

/// Class of one byte.
#[inline]
pub(crate) fn class(byte: u8) -> u8 {
    CLASS[usize::from(byte)]
}

/// Union of the classes of the bytes.
#[inline]
pub(crate) fn union(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |all, &b| all | class(b))
}

/// Whether all bytes are decimal digits (also when there are none).
#[inline]
pub(crate) fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}
