//! A text as words, with what stands between them.

/// A word without the punctuation around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written.
    pub(super) text: String,
    /// The same in lower case.
    pub(super) lower: String,
    /// The name before `=` or `:`, if the word is the value of a field.
    pub(super) field: Option<String>,
    /// Whether punctuation parts it from the next word.
    pub(super) is_parted: bool,
}

/// Signs that stand around words and belong to none.
fn parts(c: char) -> bool {
    matches!(
        c,
        '"' | '“'
            | '”'
            | '„'
            | '('
            | ')'
            | '{'
            | '}'
            | '['
            | ']'
            | ';'
            | '|'
            | '='
            | '—'
            | '`'
            | '*'
            | '⟨'
            | '⟩'
            | '‹'
            | '›'
    )
}

/// Spaces that group digits: they are no end of a number.
const fn is_digit_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// Cuts a text into words. A comma between digits stays; so does a narrow space before three of
/// them, as a comma. `key=5`, `"key": 5` and `key:5` are the word `5` of the field `key`.
pub(super) fn split(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut words: Vec<Word> = Vec::new();
    let mut current = String::new();
    let mut between = String::new();
    for (at, c) in chars.iter().copied().enumerate() {
        let previous = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let is_after_digit = previous.is_some_and(|c| c.is_ascii_digit());
        let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        let digits = |from: usize| {
            let rest = chars.iter().skip(from);
            rest.take_while(|c| c.is_ascii_digit()).count()
        };
        if is_digit_space(c) && is_after_digit && digits(at + 1) == 3 {
            current.push(',');
            continue;
        }
        let is_inner_comma = c == ',' && is_after_digit && next_is_digit;
        let is_field_colon =
            c == ':' && next_is_digit && current.chars().next().is_some_and(char::is_alphabetic);
        if c.is_whitespace() || parts(c) || (c == ',' && !is_inner_comma) || is_field_colon {
            push(&mut words, &mut current, &mut between);
            between.push(c);
        } else {
            current.push(c);
        }
    }
    push(&mut words, &mut current, &mut between);
    words
}

/// Ends the current word: trims it, and notes what parted it from the one before.
fn push(words: &mut Vec<Word>, current: &mut String, between: &mut String) {
    if current.is_empty() {
        return;
    }
    let raw = std::mem::take(current);
    let start = raw.trim_start_matches(['\'', '‘', '.', ',', ':', '!', '?', '/']);
    // A point before digits is a number's own.
    let start = match raw.strip_suffix(start) {
        Some(cut) if cut.ends_with('.') && start.starts_with(|c: char| c.is_ascii_digit()) => {
            raw.get(cut.len() - 1..).unwrap_or(start)
        }
        _ => start,
    };
    let trimmed = start.trim_end_matches(['.', ',', ':', '!', '?', '\'', '’', '…', '/']);
    let text = trimmed
        .strip_suffix("'s")
        .or_else(|| trimmed.strip_suffix("’s"))
        .unwrap_or(trimmed);
    let is_field = between
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, '=' | ':' | '"'))
        && between.contains(['=', ':']);
    let field = words.last().filter(|_| is_field).map(|w| w.text.clone());
    if let Some(last) = words.last_mut() {
        last.is_parted |= between.chars().any(|c| !c.is_whitespace());
    }
    if text.is_empty() {
        between.push_str(&raw);
        return;
    }
    between.clear();
    if start.len() > trimmed.len() {
        between.push_str(&start[trimmed.len()..]);
    }
    words.push(Word {
        text: text.to_owned(),
        lower: text.to_lowercase(),
        field,
        is_parted: false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_lose_the_punctuation_around_them_and_keep_their_own() {
        assert_eq!(
            texts("At 10:11:12, (1,234) errors: \"web-1\" disk is .5 full."),
            [
                "At", "10:11:12", "1,234", "errors", "web-1", "disk", "is", ".5", "full"
            ]
        );
        assert_eq!(
            texts("1\u{202f}234\u{202f}567 lines"),
            ["1,234,567", "lines"]
        );
        assert_eq!(texts("10.0.0.1:8080"), ["10.0.0.1:8080"]);
    }

    #[test]
    fn values_know_their_field() {
        let words = split("latency_ms=250 {\"size_bytes\": 12, port:5432} took: 3 s");
        let fields: Vec<_> = words
            .iter()
            .filter_map(|word| Some((word.field.as_deref()?, word.text.as_str())))
            .collect();
        assert_eq!(
            fields,
            [
                ("latency_ms", "250"),
                ("size_bytes", "12"),
                ("port", "5432"),
                ("took", "3")
            ]
        );
        assert!(words[0].is_parted);
    }
}
