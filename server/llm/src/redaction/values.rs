//! Where a value ends that follows a key: quoted at any depth of escaping, or bare.

/// The most bytes of a quoted value; a quote that is not closed by then is no quote.
const QUOTED_BYTES_MAX: usize = 8192;

/// The value that begins at `start`, as a range of bytes; empty if there is none.
pub(super) fn value_at(text: &str, start: usize) -> std::ops::Range<usize> {
    let rest = &text[start..];
    let slashes = rest.bytes().take_while(|byte| *byte == b'\\').count();
    let quote = rest.as_bytes().get(slashes).copied();
    if let Some(quote @ (b'"' | b'\'' | b'`')) = quote {
        let from = start + slashes + 1;
        if let Some(length) = quoted_length(&text[from..], quote, slashes) {
            return from..from + length;
        }
        return from..from + bare_length(&text[from..]);
    }
    start..start + bare_length(rest)
}

/// Up to the quote that closes: one with as many backslashes before it as the opening one had, or
/// with those of escaped backslashes besides.
fn quoted_length(text: &str, quote: u8, slashes: usize) -> Option<usize> {
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate().take(QUOTED_BYTES_MAX) {
        if byte == b'\\' {
            run += 1;
            continue;
        }
        if byte == quote && run >= slashes && (run - slashes).is_multiple_of(2 * (slashes + 1)) {
            return Some(at - slashes);
        }
        run = 0;
    }
    None
}

/// Up to white space or a quote; up to a separator only if white space, nothing, or another key
/// follows it, since passwords have such characters too.
fn bare_length(text: &str) -> usize {
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        let after = &text[at + c.len_utf8()..];
        let ends = match c {
            c if c.is_whitespace() => true,
            '"' | '\'' | '`' | '<' | '>' => true,
            ',' | ';' | '&' | '|' | '#' | '?' => is_end_or_key(after),
            _ => false,
        };
        if ends {
            end = at;
            break;
        }
    }
    let value = text[..end].trim_end_matches('\\');
    unbalanced_trimmed(value).len()
}

fn is_end_or_key(after: &str) -> bool {
    let next = after.chars().next();
    if next.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ')' | ']' | '}')) {
        return true;
    }
    let is_of_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '"');
    let key = after.find(|c| !is_of_key(c)).unwrap_or(after.len());
    key > 0 && after[key..].starts_with(['=', ':'])
}

/// Without closing brackets at its end that it did not open, and without a full stop after them.
fn unbalanced_trimmed(value: &str) -> &str {
    let mut value = value;
    loop {
        let Some(last) = value.chars().last() else {
            return value;
        };
        let open = match last {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            ',' | ';' => '\0',
            _ => return value,
        };
        if open != '\0' && value.matches(open).count() >= value.matches(last).count() {
            return value;
        }
        value = &value[..value.len() - last.len_utf8()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(&text[value_at(text, 0)], expected, "{text}");
    }

    #[test]
    fn a_value_ends_where_its_quotes_do() {
        check(r#""a b" c"#, "a b");
        check(r#""a\"b" c"#, r#"a\"b"#);
        check(r#""a\\" c"#, r"a\\");
        check(r#"\"a b\" c"#, "a b");
        check(r#"\"a\\\"b\" c"#, r#"a\\\"b"#);
        check(r#"\\\"a b\\\" c"#, "a b");
        check("'x' y", "x");
        check("\"never closed", "never");
        check("\"\" x", "");
    }

    #[test]
    fn a_bare_value_keeps_its_odd_characters() {
        check("a,b;c d", "a,b;c");
        check("a,user=b", "a");
        check("a&x=1", "a");
        check("a, b", "a");
        check("p@ss(1)) x", "p@ss(1)");
        check("abc}", "abc");
        check("abc\\\" x", "abc");
        check("päss wort", "päss");
        check("", "");
    }
}
