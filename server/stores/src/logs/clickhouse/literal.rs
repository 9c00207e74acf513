//! The one place where a value becomes SQL: log text and queries are hostile.

use std::fmt::Write;

/// A string of SQL that stands for exactly these bytes. Letters, digits and a few harmless signs
/// stand as they are, all else as `\xHH`, so that nothing in it can end the string.
pub(super) fn literal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('\'');
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b" _-.:/=,".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text.push('\'');
    text
}

/// A list of SQL: `(1,2,3)`.
pub(super) fn list(values: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let mut text = String::from("(");
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        let _ = write!(text, "{value}");
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_string() {
        assert_eq!(literal(b"user-1 a=b"), "'user-1 a=b'");
        assert_eq!(literal(b"' OR 1 --"), "'\\x27 OR 1 --'");
        assert_eq!(
            literal(b"\\'?{x:String}"),
            "'\\x5C\\x27\\x3F\\x7Bx:String\\x7D'"
        );
        let all: Vec<u8> = (0..=255).collect();
        let text = literal(&all);
        assert_eq!(text.matches('\'').count(), 2);
        assert!(text.is_ascii() && !text.contains(['?', '\n', '\0']));
    }

    #[test]
    fn lists_have_commas() {
        assert_eq!(list([1, 2]), "(1,2)");
        assert_eq!(list(Vec::<u8>::new()), "()");
    }
}
