//! The index of prototypes: words, vectors and identifiers, and the three ways to ask it.
//!
//! It lives in memory and is rebuilt from the prototypes at start. A server that keeps vectors
//! elsewhere leaves them out of [`Index::upsert`] and passes the hits of its own vector search to
//! [`Index::fuse`].

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::bm25::WordIndex;
use crate::describe::Description;
use crate::question::{Question, Synonyms};
use crate::tuning::{
    IDENTIFIER_BOOST, LINE_WEIGHT, MEANING_WORD_WEIGHT, MISSING_COSINE_STEP, PARTIAL_IDENTIFIER,
    TEXT_DEVIATION_MIN, TEXT_IN_HYBRID,
};
use crate::words::{identifiers, is_stop_word, words};

/// A prototype or line found, with its score: higher is better, comparable within one answer only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The key it was added under.
    pub key: u64,
    /// How well it answers.
    pub score: f32,
}

/// What the index is to know of one prototype.
#[derive(Debug, Clone, Copy)]
pub struct PrototypeDocument<'a> {
    /// Key of the caller's choice, unique in an index.
    pub key: u64,
    /// The template or an example line; an example has the identifiers.
    pub text: &'a str,
    /// Its description, of which the views were embedded.
    pub description: &'a Description,
}

/// How well prototypes agree with the words and identifiers of a question.
#[derive(Debug)]
struct TextScores {
    words: HashMap<u64, f32>,
    identifiers: HashMap<u64, f32>,
}

/// The index. Not synchronised: share it behind a lock of the caller's.
#[derive(Debug)]
pub struct Index {
    synonyms: Synonyms,
    words: WordIndex,
    /// Identifiers in the texts to the prototypes that have them.
    identifiers: HashMap<String, Vec<u64>>,
    /// Each prototype's identifiers, to find them again when it is removed.
    identifiers_of: HashMap<u64, Vec<String>>,
    /// Vectors of each prototype's views, unit length, in the order of [`Description::views`].
    vectors: HashMap<u64, Vec<Vec<f32>>>,
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self {
            synonyms: Synonyms::new(),
            words: WordIndex::default(),
            identifiers: HashMap::new(),
            identifiers_of: HashMap::new(),
            vectors: HashMap::new(),
        }
    }

    /// Prototypes in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.identifiers_of.len()
    }

    /// Whether the index is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identifiers_of.is_empty()
    }

    /// Adds or replaces a prototype. `vectors` are those of [`Description::views`], of unit length;
    /// none when they are kept elsewhere.
    pub fn upsert(&mut self, document: PrototypeDocument<'_>, vectors: Vec<Vec<f32>>) {
        self.remove(document.key);
        let mut terms: HashMap<String, f32> = HashMap::new();
        let fields = [
            (&document.description.line, 1.0),
            (&document.description.meaning, MEANING_WORD_WEIGHT),
        ];
        for (text, weight) in fields {
            for word in words(text)
                .into_iter()
                .filter(|word| !is_stop_word(&word.stem))
            {
                *terms.entry(word.stem).or_default() += weight;
            }
        }
        self.words.upsert(document.key, terms);
        let mut found = identifiers(document.text);
        found.sort_unstable();
        found.dedup();
        for identifier in &found {
            self.identifiers
                .entry(identifier.clone())
                .or_default()
                .push(document.key);
        }
        self.identifiers_of.insert(document.key, found);
        if !vectors.is_empty() {
            self.vectors.insert(document.key, vectors);
        }
    }

    /// Removes a prototype, if there.
    pub fn remove(&mut self, key: u64) {
        self.words.remove(key);
        self.vectors.remove(&key);
        for identifier in self.identifiers_of.remove(&key).unwrap_or_default() {
            if let Some(keys) = self.identifiers.get_mut(&identifier) {
                keys.retain(|&other| other != key);
                if keys.is_empty() {
                    self.identifiers.remove(&identifier);
                }
            }
        }
    }

    /// The `limit` best prototypes by words: BM25 over their own and those of their meaning, with
    /// exact identifiers first. Scores are above 0.
    #[must_use]
    pub fn text(&self, question: &str, limit: usize) -> Vec<Hit> {
        let scores = self.text_scores(question);
        let mut sums = scores.words;
        for (key, score) in scores.identifiers {
            *sums.entry(key).or_default() += score;
        }
        best(sums, limit)
    }

    /// The `limit` best prototypes by vector: the most similar view counts. Scores are cosines.
    #[must_use]
    pub fn semantic(&self, question_vector: &[f32], limit: usize) -> Vec<Hit> {
        best(self.semantic_scores(question_vector), limit)
    }

    /// The `limit` best prototypes by words and vector together.
    #[must_use]
    pub fn hybrid(&self, question: &str, question_vector: &[f32], limit: usize) -> Vec<Hit> {
        let cosines = self.semantic_scores(question_vector);
        best(self.combine(self.text_scores(question), cosines), limit)
    }

    /// As [`Index::hybrid`], for cosines from a vector store: `cosines` holds its hits, the best
    /// view of each prototype under the prototype's key (see [`view_weight`]). Ask the store for a
    /// few hundred hits, so that few word hits are without a cosine.
    #[must_use]
    pub fn fuse(&self, question: &str, cosines: &[Hit], limit: usize) -> Vec<Hit> {
        let mut most: HashMap<u64, f32> = HashMap::with_capacity(cosines.len());
        for hit in cosines {
            let score = most.entry(hit.key).or_insert(hit.score);
            *score = score.max(hit.score);
        }
        best(self.combine(self.text_scores(question), most), limit)
    }

    fn text_scores(&self, question: &str) -> TextScores {
        let question = Question::new(question, &self.synonyms);
        let words = self.words.score(&question.terms);
        let mut identifiers: HashMap<u64, f32> = HashMap::new();
        let share = IDENTIFIER_BOOST / question.identifiers.len().max(1) as f32;
        for asked in &question.identifiers {
            for (key, agreement) in self.having(asked) {
                *identifiers.entry(key).or_default() += share * agreement;
            }
        }
        TextScores { words, identifiers }
    }

    /// Adds scaled word scores and identifier scores to cosines. A prototype the vector search did
    /// not return gets a cosine just below the least.
    fn combine(&self, text: TextScores, mut cosines: HashMap<u64, f32>) -> HashMap<u64, f32> {
        let least = cosines.values().copied().fold(f32::INFINITY, f32::min);
        let missing = if least.is_finite() {
            least - MISSING_COSINE_STEP
        } else {
            0.0
        };
        let scale = TEXT_IN_HYBRID / self.deviation(&text.words).max(TEXT_DEVIATION_MIN);
        for (key, score) in text.words {
            *cosines.entry(key).or_insert(missing) += scale * score;
        }
        for (key, score) in text.identifiers {
            *cosines.entry(key).or_insert(missing) += score;
        }
        cosines
    }

    /// Standard deviation of word scores over all prototypes; those not listed have the score 0.
    fn deviation(&self, scores: &HashMap<u64, f32>) -> f32 {
        let count = self.len().max(1) as f32;
        let mean = scores.values().sum::<f32>() / count;
        let squares = scores.values().map(|score| score * score).sum::<f32>() / count;
        (squares - mean * mean).max(0.0).sqrt()
    }

    /// Prototypes with the identifier `asked`, or with one it is a part of.
    fn having(&self, asked: &str) -> HashMap<u64, f32> {
        let mut found = HashMap::new();
        for (identifier, keys) in &self.identifiers {
            let agreement = if identifier == asked {
                1.0
            } else if identifier.contains(asked) {
                PARTIAL_IDENTIFIER
            } else {
                continue;
            };
            for &key in keys {
                let most = found.entry(key).or_insert(agreement);
                *most = agreement.max(*most);
            }
        }
        found
    }

    fn semantic_scores(&self, question: &[f32]) -> HashMap<u64, f32> {
        let cosine = |(view, vector): (usize, &Vec<f32>)| {
            view_weight(view) * vector.iter().zip(question).map(|(a, b)| a * b).sum::<f32>()
        };
        self.vectors
            .iter()
            .map(|(&key, views)| {
                (
                    key,
                    views
                        .iter()
                        .enumerate()
                        .map(cosine)
                        .fold(f32::NEG_INFINITY, f32::max),
                )
            })
            .collect()
    }
}

/// What a cosine with view number `view` of a prototype is multiplied by.
#[must_use]
pub fn view_weight(view: usize) -> f32 {
    if view == 0 { LINE_WEIGHT } else { 1.0 }
}

/// The `limit` best, best first; ties by key, so that the order is always the same.
fn best(scores: HashMap<u64, f32>, limit: usize) -> Vec<Hit> {
    let mut hits: Vec<Hit> = scores
        .into_iter()
        .map(|(key, score)| Hit { key, score })
        .collect();
    let order = |a: &Hit, b: &Hit| match b.score.total_cmp(&a.score) {
        Ordering::Equal => a.key.cmp(&b.key),
        other => other,
    };
    if limit < hits.len() {
        hits.select_nth_unstable_by(limit, order);
        hits.truncate(limit);
    }
    hits.sort_unstable_by(order);
    hits
}
