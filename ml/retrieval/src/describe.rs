//! What a prototype says, as texts to embed.
//!
//! A bare log line embeds badly: half of it is variables, the other half jargon. Each prototype is
//! therefore embedded as up to [`VIEWS_MAX`] texts: its own words, and what the lexicon says they
//! mean.

use crate::lexicon::Lexicon;
use crate::words::words;

/// Texts embedded for one prototype, at most.
pub const VIEWS_MAX: usize = 2;
/// Words of a line kept in its own view.
const LINE_WORDS_MAX: usize = 40;
/// Words of explanation kept.
const MEANING_WORDS_MAX: usize = 60;
/// Explanations kept.
const EXPLANATIONS_MAX: usize = 6;

/// A prototype in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// The line's own words: names split, variables and values left out.
    pub line: String,
    /// What the lexicon says they mean; empty when it knows none of them.
    pub meaning: String,
}

impl Description {
    /// Describes a line or template, of which `source` may name the program or system it is from.
    #[must_use]
    pub fn new(lexicon: &Lexicon, text: &str, source: Option<&str>) -> Self {
        let mut all = words(source.unwrap_or_default());
        all.extend(words(text));
        let line: Vec<&str> = all
            .iter()
            .filter(|word| !word.is_number && word.plain.len() > 1)
            .map(|word| word.plain.as_str())
            .take(LINE_WORDS_MAX)
            .collect();
        let mut meaning: Vec<&str> = Vec::new();
        let mut count = 0;
        for explanation in lexicon.explain(&all).into_iter().take(EXPLANATIONS_MAX) {
            count += explanation.split(' ').count();
            if count > MEANING_WORDS_MAX && !meaning.is_empty() {
                break;
            }
            meaning.push(explanation);
        }
        Self {
            line: line.join(" "),
            meaning: meaning.join("; "),
        }
    }

    /// The texts to embed, at least one and at most [`VIEWS_MAX`].
    #[must_use]
    pub fn views(&self) -> Vec<String> {
        let mut views = vec![self.line.clone()];
        if !self.meaning.is_empty() {
            views.push(self.meaning.clone());
        }
        views
    }
}
