//! A question in the form the indexes need: stems with weights, synonyms, identifiers.

use std::collections::HashMap;

use crate::tuning::SYNONYM_WEIGHT;
use crate::words::{identifiers, is_stop_word, words};

/// Groups of words operators use for one thing, one group a line, compiled in.
const SYNONYMS: &str = include_str!("../lexicon/synonyms.txt");

/// Longest question that is looked at, words; the rest is cut off.
const WORDS_MAX: usize = 64;

/// Which words stand for the same thing.
#[derive(Debug)]
pub(crate) struct Synonyms {
    groups: HashMap<String, Vec<usize>>,
    members: Vec<Vec<String>>,
}

impl Synonyms {
    pub(crate) fn new() -> Self {
        let mut synonyms = Self {
            groups: HashMap::new(),
            members: Vec::new(),
        };
        for line in SYNONYMS.lines().filter(|line| !line.starts_with('#')) {
            let stems: Vec<String> = words(line).into_iter().map(|word| word.stem).collect();
            for stem in &stems {
                synonyms
                    .groups
                    .entry(stem.clone())
                    .or_default()
                    .push(synonyms.members.len());
            }
            synonyms.members.push(stems);
        }
        synonyms
    }

    fn of(&self, stem: &str) -> impl Iterator<Item = &String> {
        let groups = self.groups.get(stem).map_or(&[][..], Vec::as_slice);
        groups.iter().flat_map(|&group| &self.members[group])
    }
}

/// A question, taken apart.
#[derive(Debug)]
pub(crate) struct Question {
    /// Stems to search for, each once, with their weights in `(0, 1]`.
    pub(crate) terms: Vec<(String, f32)>,
    /// Identifiers in it, lower-cased.
    pub(crate) identifiers: Vec<String>,
}

impl Question {
    pub(crate) fn new(text: &str, synonyms: &Synonyms) -> Self {
        let words: Vec<_> = words(text).into_iter().take(WORDS_MAX).collect();
        let mut terms: Vec<(String, f32)> = Vec::new();
        let mut add = |stem: &str, weight: f32| {
            let known = terms.iter().any(|(term, _)| term == stem);
            if !known && !is_stop_word(stem) {
                terms.push((stem.to_owned(), weight));
            }
        };
        for word in &words {
            add(&word.stem, 1.0);
        }
        for word in &words {
            for synonym in synonyms.of(&word.stem) {
                add(synonym, SYNONYM_WEIGHT);
            }
        }
        Self {
            terms,
            identifiers: identifiers(text),
        }
    }
}
