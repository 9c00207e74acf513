//! A name for a cluster: its most central template and the words that set it apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::Cluster;

/// Words in a label, at most.
const WORDS_MAX: usize = 4;
/// Letters a word of a label has at least.
const WORD_CHARS_MIN: usize = 3;

/// What to call a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text of the most central member.
    pub text: String,
    /// Up to four words that many members have and few other clusters, the most telling first.
    pub words: Vec<String>,
}

/// Labels each of `clusters` from the texts its members index (tf-idf over clusters), in their
/// order. A member without a text is passed over.
#[must_use]
pub fn labels(clusters: &[Cluster], texts: &[&str]) -> Vec<Label> {
    let counts: Vec<BTreeMap<String, usize>> = clusters
        .iter()
        .map(|cluster| count_words(cluster, texts))
        .collect();
    let mut spread: BTreeMap<&str, usize> = BTreeMap::new();
    for word in counts.iter().flat_map(BTreeMap::keys) {
        *spread.entry(word).or_default() += 1;
    }
    let total = clusters.len() as f64;
    let one = |(cluster, counts): (&Cluster, &BTreeMap<String, usize>)| {
        let mut scored: Vec<(f64, &String)> = counts
            .iter()
            .map(|(word, &count)| {
                let with = spread.get(word.as_str()).copied().unwrap_or(0) as f64;
                (count as f64 * (1.0 + total / (1.0 + with)).ln(), word)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let words = scored
            .into_iter()
            .take(WORDS_MAX)
            .map(|(_, word)| word.clone())
            .collect();
        let text = texts
            .get(cluster.centre)
            .copied()
            .unwrap_or_default()
            .to_owned();
        Label { text, words }
    };
    clusters.iter().zip(&counts).map(one).collect()
}

/// How many members have each word.
fn count_words(cluster: &Cluster, texts: &[&str]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in cluster
        .members
        .iter()
        .flat_map(|&member| words_of(texts, member))
    {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The words of a member's text, lower-cased, each once: letters only.
fn words_of(texts: &[&str], member: usize) -> BTreeSet<String> {
    let text = texts.get(member).copied().unwrap_or_default();
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= WORD_CHARS_MIN)
        .filter(|word| word.chars().all(char::is_alphabetic))
        .map(str::to_lowercase)
        .collect()
}
