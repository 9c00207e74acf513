//! Words of a log line or of a question: split, lower-cased, stemmed; and the identifiers in it.
//!
//! `NameSystem.addStoredBlock` becomes `name system add stored block`. Placeholders of templates,
//! long numbers and hexadecimal values say nothing about meaning and are left out of the words;
//! they are what identifiers are made of.

use rust_stemmers::{Algorithm, Stemmer};

/// Digits of the longest number kept as a word: error codes and ports yes, times and sizes no.
const NUMBER_DIGITS_MAX: usize = 5;
/// Letters and digits from which a mix of hexadecimal digits is taken for a value.
const HEX_CHARS_MIN: usize = 6;
/// Letters of the longest typed placeholder, such as `<duration>`.
const PLACEHOLDER_CHARS_MAX: usize = 12;
/// Characters of a text that are looked at; the rest of a huge line adds nothing to its meaning.
const TEXT_BYTES_MAX: usize = 8 << 10;
/// Characters an identifier has at least.
const IDENTIFIER_CHARS_MIN: usize = 4;
/// Characters of an identifier that counts with letters alone, such as `ECONNRESET`.
const CAPITALS_MIN: usize = 5;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// As written, lower-cased.
    pub(crate) plain: String,
    /// Its stem (Porter 2), which is what words are compared by.
    pub(crate) stem: String,
    /// Whether it is a number.
    pub(crate) is_number: bool,
}

/// Stop words: they carry grammar, not meaning. Stems.
const STOP_WORDS: [&str; 62] = [
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do",
    "doe", "for", "from", "had", "has", "have", "how", "i", "in", "into", "is", "it", "its", "may",
    "my", "of", "on", "or", "our", "so", "some", "such", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "to", "us", "via", "was", "we", "were", "what",
    "when", "where", "whi", "which", "who", "will", "with", "would", "you",
];

/// Whether a stem is a stop word or a single character.
pub(crate) fn is_stop_word(stem: &str) -> bool {
    stem.len() < 2 || STOP_WORDS.binary_search(&stem).is_ok()
}

/// Splits `text` into words.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let stemmer = Stemmer::create(Algorithm::English);
    let text = without_placeholders(&text[..text.floor_char_boundary(TEXT_BYTES_MAX)]);
    let mut words = Vec::new();
    for run in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty())
    {
        if is_value(run) {
            continue;
        }
        for part in split_case(run) {
            let plain = part.to_lowercase();
            let is_number = plain.bytes().all(|b| b.is_ascii_digit());
            let stem = stemmer.stem(&plain).into_owned();
            words.push(Word {
                plain,
                stem,
                is_number,
            });
        }
    }
    words
}

/// Replaces `<*>`, `<num>` and their kind by spaces.
fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        let close = inside.find('>').filter(|&len| {
            len <= PLACEHOLDER_CHARS_MAX
                && inside[..len]
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b"*_0123".contains(&b))
        });
        match close {
            Some(len) => {
                out.push(' ');
                rest = &inside[len + 1..];
            }
            None => {
                out.push(' ');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether letters and digits in a row are a value, not a word.
fn is_value(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits == run.len();
    let is_hex = digits > 0
        && (run.len() >= HEX_CHARS_MIN || run.starts_with("0x"))
        && run
            .trim_start_matches("0x")
            .bytes()
            .all(|b| b.is_ascii_hexdigit());
    (is_number && digits > NUMBER_DIGITS_MAX) || (is_hex && !is_number)
}

/// Splits `camelCase` and `HTTPServer` into their words; `MHz` and `vCores` stay whole.
fn split_case(run: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    for at in 1..chars.len() {
        let (before, here) = (chars[at - 1].1, chars[at].1);
        let after_is_lower = chars.get(at + 1).is_some_and(|(_, c)| c.is_lowercase());
        let starts_word = here.is_uppercase()
            && (before.is_lowercase() || (after_is_lower && !before.is_ascii_lowercase()));
        // `VMs` and `NICs` are one word.
        let is_plural = at + 2 == chars.len() && chars[at + 1].1 == 's' && before.is_uppercase();
        if starts_word && !is_plural && at - start > 1 {
            parts.push(&run[chars[start].0..chars[at].0]);
            start = at;
        }
    }
    parts.push(&run[chars[start].0..]);
    parts
}

/// The identifiers in a text, lower-cased: block ids, addresses, request ids, error codes, paths.
///
/// A token between spaces, quotes, commas and brackets is one when it has a digit and at least
/// four characters, or is an error code in capitals such as `ECONNRESET`.
pub fn identifiers(text: &str) -> Vec<String> {
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    text.split(|c: char| c.is_whitespace() || "\"'`,;()[]{}<>|=".contains(c))
        .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric() && c != '-' && c != '/'))
        .map(|token| token.trim_end_matches('-'))
        .filter(|token| is_identifier(token))
        .map(str::to_lowercase)
        .collect()
}

fn is_identifier(token: &str) -> bool {
    let has_digit = token.bytes().any(|b| b.is_ascii_digit());
    let is_capitals =
        token.len() >= CAPITALS_MIN && token.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let is_path =
        token.len() > IDENTIFIER_CHARS_MIN && token.bytes().filter(|&b| b == b'/').count() > 1;
    token.len() >= IDENTIFIER_CHARS_MIN && has_digit || is_capitals || is_path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        words(text)
            .into_iter()
            .map(|word| word.plain)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn splits_names_and_drops_values() {
        assert_eq!(
            plain("BLOCK* NameSystem.addStoredBlock: blk_-7128370237687728475 size 67108864"),
            "block name system add stored block blk size"
        );
        assert_eq!(
            plain("java.net.NoRouteToHostException"),
            "java net no route to host exception"
        );
        assert_eq!(
            plain("HTTPServer2 IOException at 0x1f"),
            "http server2 io exception at"
        );
        assert_eq!(plain("lost 2 NICs, errno 28"), "lost 2 nics errno 28");
        assert_eq!(plain("user <*> from <ip> port <num>"), "user from port");
        assert_eq!(plain("731.2 MHz, 4 vCores"), "731 2 mhz 4 vcores");
        assert_eq!(plain("a < b > c <memory:8192>"), "a b c memory 8192");
    }

    #[test]
    fn finds_identifiers() {
        let found = |text| identifiers(text).join(" ");
        assert_eq!(found("what happened to blk_-160899?"), "blk_-160899");
        assert_eq!(found("connections from 10.0.0.7:22"), "10.0.0.7:22");
        assert_eq!(found("why ECONNRESET so often"), "econnreset");
        assert_eq!(found("disk /dev/sda is slow"), "/dev/sda");
        assert_eq!(found("node lost one of its NICs"), "");
        assert_eq!(found("é 🔥 \u{0}"), "");
    }
}
