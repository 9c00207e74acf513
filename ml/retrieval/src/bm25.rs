//! Word search over prototypes: BM25 (Robertson and Zaragoza, 2009) over two fields, scaled to
//! how much of the question is covered.

use std::collections::HashMap;

use crate::tuning::{BM25_B, BM25_K1};

/// Term weights of one document.
#[derive(Debug)]
struct Document {
    terms: HashMap<String, f32>,
    length: f32,
}

/// An index that can be changed at any time.
#[derive(Debug, Default)]
pub(crate) struct WordIndex {
    documents: HashMap<u64, Document>,
    postings: HashMap<String, Vec<u64>>,
    length_sum: f64,
}

impl WordIndex {
    /// Adds or replaces document `key` with its weighted terms.
    pub(crate) fn upsert(&mut self, key: u64, terms: HashMap<String, f32>) {
        self.remove(key);
        for term in terms.keys() {
            self.postings.entry(term.clone()).or_default().push(key);
        }
        let length = terms.values().sum::<f32>();
        self.length_sum += f64::from(length);
        self.documents.insert(key, Document { terms, length });
    }

    /// Removes document `key`, if there.
    pub(crate) fn remove(&mut self, key: u64) {
        let Some(document) = self.documents.remove(&key) else {
            return;
        };
        self.length_sum -= f64::from(document.length);
        for term in document.terms.keys() {
            if let Some(keys) = self.postings.get_mut(term) {
                keys.retain(|&other| other != key);
                if keys.is_empty() {
                    self.postings.remove(term);
                }
            }
        }
    }

    /// Scores of the documents that share a term with the question, above 0. `terms` are the
    /// question's, with their weights; a document that repeats every term of weight 1 without end
    /// would have the score 1, and what it has of the others comes on top.
    pub(crate) fn score(&self, terms: &[(String, f32)]) -> HashMap<u64, f32> {
        let mut scores: HashMap<u64, f32> = HashMap::new();
        let mut attainable = 0.0;
        let mean_length = (self.length_sum / self.documents.len().max(1) as f64) as f32;
        for (term, weight) in terms {
            let keys = self.postings.get(term).map_or(&[][..], Vec::as_slice);
            let rarity = weight * self.inverse_frequency(keys.len());
            if *weight >= 1.0 {
                attainable += rarity * (BM25_K1 + 1.0);
            }
            for key in keys {
                let Some(document) = self.documents.get(key) else {
                    continue;
                };
                let count = document.terms.get(term).copied().unwrap_or(0.0);
                let length = 1.0 - BM25_B + BM25_B * document.length / mean_length;
                let gain = count * (BM25_K1 + 1.0) / (count + BM25_K1 * length);
                *scores.entry(*key).or_default() += rarity * gain;
            }
        }
        if attainable > 0.0 {
            scores.values_mut().for_each(|score| *score /= attainable);
        }
        scores
    }

    /// How telling a term is that `count` documents have.
    fn inverse_frequency(&self, count: usize) -> f32 {
        let (all, with) = (self.documents.len() as f32, count as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> HashMap<String, f32> {
        text.split(' ').map(|term| (term.to_owned(), 1.0)).collect()
    }

    fn query(text: &str) -> Vec<(String, f32)> {
        text.split(' ').map(|term| (term.to_owned(), 1.0)).collect()
    }

    #[test]
    fn rare_words_and_more_words_win() {
        let mut index = WordIndex::default();
        index.upsert(1, terms("disk full now"));
        index.upsert(2, terms("disk ok now"));
        index.upsert(3, terms("fan ok now"));
        let scores = index.score(&query("disk full"));
        assert!(scores[&1] > scores[&2]);
        assert!(!scores.contains_key(&3));
        assert!(scores.values().all(|score| *score > 0.0 && *score <= 1.0));
    }

    #[test]
    fn replaced_and_removed_documents_leave_nothing() {
        let mut index = WordIndex::default();
        index.upsert(1, terms("disk full"));
        index.upsert(1, terms("fan ok"));
        assert!(index.score(&query("disk")).is_empty());
        index.remove(1);
        assert!(index.postings.is_empty() && index.documents.is_empty());
        assert!(index.length_sum.abs() < 1e-9);
    }
}
