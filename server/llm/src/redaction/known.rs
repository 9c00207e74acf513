//! Values that are known already, found wherever they stand as words.

use aho_corasick::{AhoCorasick, MatchKind};

use super::rules::Span;

/// The fewest bytes of a value that is looked for.
const BYTES_MIN: usize = 3;
/// The most values that are looked for.
const VALUES_MAX: usize = 20_000;

/// Known values.
#[derive(Debug, Default)]
pub(super) struct Known {
    finder: Option<AhoCorasick>,
    kinds: Vec<usize>,
}

impl Known {
    /// Values with their kinds.
    pub(super) fn new(values: impl Iterator<Item = (String, usize)>) -> Self {
        let values = values.filter(|(value, _)| value.len() >= BYTES_MIN);
        let (values, kinds): (Vec<String>, Vec<usize>) = values.take(VALUES_MAX).unzip();
        if values.is_empty() {
            return Self::default();
        }
        let mut builder = AhoCorasick::builder();
        let builder = builder.match_kind(MatchKind::LeftmostLongest);
        let finder = builder.ascii_case_insensitive(false).build(&values);
        if let Err(error) = &finder {
            tracing::error!(%error, "known values cannot be looked for");
        }
        Self {
            finder: finder.ok(),
            kinds,
        }
    }

    /// Where they stand, but not within longer words.
    pub(super) fn find(&self, text: &str, spans: &mut Vec<Span>) {
        let Some(finder) = &self.finder else { return };
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        for found in finder.find_iter(text) {
            let (start, end) = (found.start(), found.end());
            let value = &text[start..end];
            let is_open = |inner: Option<char>, outer: Option<char>| {
                !(inner.is_some_and(is_word) && outer.is_some_and(is_word))
            };
            // The letter of an escape such as `\n` belongs to no word.
            let before = &text[..start];
            let is_escape = before.ends_with(['n', 't', 'r']) && {
                let slashes = &before[..before.len() - 1];
                slashes.ends_with('\\')
            };
            let is_begun = is_escape || is_open(value.chars().next(), before.chars().last());
            if is_begun && is_open(value.chars().last(), text[end..].chars().next()) {
                let kind = self.kinds.get(found.pattern().as_usize()).copied();
                spans.push(Span {
                    start,
                    end,
                    kind: kind.unwrap_or(0),
                });
            }
        }
    }
}
