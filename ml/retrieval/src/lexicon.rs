//! The operations lexicon: what log jargon means in an operator's words.
//!
//! The files in `lexicon/` are the data; this module reads them once and finds their patterns in a
//! line. It does not rank.

use std::collections::HashMap;

use crate::words::{Word, words};

/// The data, compiled in: a glossary of operations, grouped by field.
const FILES: [&str; 9] = [
    include_str!("../lexicon/system.txt"),
    include_str!("../lexicon/storage.txt"),
    include_str!("../lexicon/network.txt"),
    include_str!("../lexicon/security.txt"),
    include_str!("../lexicon/bigdata.txt"),
    include_str!("../lexicon/virtual.txt"),
    include_str!("../lexicon/supercomputer.txt"),
    include_str!("../lexicon/desktop.txt"),
    include_str!("../lexicon/applications.txt"),
];

/// Words that a `..` in a pattern may stand for, at most.
const GAP_WORDS_MAX: usize = 12;

/// One pattern: runs of stems that follow each other with gaps between.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    runs: Vec<Vec<String>>,
    explanation: usize,
}

/// The lexicon, ready to search.
#[derive(Debug)]
pub struct Lexicon {
    /// Patterns by the first stem of their first run.
    patterns: HashMap<String, Vec<Pattern>>,
    explanations: Vec<String>,
}

/// An entry found in a line.
#[derive(Debug)]
struct Found {
    explanation: usize,
    /// Positions of the words matched, ascending.
    positions: Vec<usize>,
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl Lexicon {
    /// Reads the built-in lexicon.
    #[must_use]
    pub fn new() -> Self {
        let mut lexicon = Self {
            patterns: HashMap::new(),
            explanations: Vec::new(),
        };
        for line in FILES.iter().flat_map(|file| file.lines()) {
            lexicon.add(line);
        }
        lexicon
    }

    /// Entries of the lexicon.
    #[must_use]
    pub fn len(&self) -> usize {
        self.explanations.len()
    }

    /// Whether there are no entries; never so for the built-in lexicon.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.explanations.is_empty()
    }

    /// Adds a line of a lexicon file; comments and lines that are no entry are passed over.
    fn add(&mut self, line: &str) {
        let Some((patterns, explanation)) = line.split_once(" = ") else {
            return;
        };
        if line.starts_with('#') {
            return;
        }
        let index = self.explanations.len();
        self.explanations.push(explanation.trim().to_owned());
        for pattern in patterns.split('|') {
            let runs: Vec<Vec<String>> = pattern
                .split("..")
                .map(|run| words(run).into_iter().map(|word| word.stem).collect())
                .filter(|run: &Vec<String>| !run.is_empty())
                .collect();
            if let Some(first) = runs.first().and_then(|run| run.first()) {
                let pattern = Pattern {
                    runs: runs.clone(),
                    explanation: index,
                };
                self.patterns
                    .entry(first.clone())
                    .or_default()
                    .push(pattern);
            }
        }
    }

    /// Explanations of what is in `line`, the most specific first, each once.
    pub(crate) fn explain(&self, line: &[Word]) -> Vec<&str> {
        let mut found: Vec<Found> = (0..line.len())
            .flat_map(|start| self.patterns.get(&line[start].stem).map(|all| (start, all)))
            .flat_map(|(start, all)| all.iter().map(move |pattern| (start, pattern)))
            .filter_map(|(start, pattern)| {
                let positions = matched(&pattern.runs, line, start)?;
                Some(Found {
                    explanation: pattern.explanation,
                    positions,
                })
            })
            .collect();
        found.sort_by_key(|found| (usize::MAX - found.positions.len(), found.positions[0]));
        let mut kept: Vec<Found> = Vec::new();
        for candidate in found {
            let covered = kept.iter().any(|longer| {
                longer.explanation == candidate.explanation
                    || (longer.positions.len() > candidate.positions.len()
                        && candidate
                            .positions
                            .iter()
                            .all(|at| longer.positions.contains(at)))
            });
            if !covered {
                kept.push(candidate);
            }
        }
        kept.into_iter()
            .map(|found| self.explanations[found.explanation].as_str())
            .collect()
    }
}

/// Positions of the words that match `runs` when the first run starts at `start`.
fn matched(runs: &[Vec<String>], line: &[Word], start: usize) -> Option<Vec<usize>> {
    let mut positions = Vec::new();
    let mut from = start;
    for (index, run) in runs.iter().enumerate() {
        let last = if index == 0 {
            start
        } else {
            from + GAP_WORDS_MAX
        };
        let at = (from..=last).find(|&at| {
            line.get(at..at + run.len())
                .is_some_and(|here| here.iter().zip(run).all(|(word, stem)| word.stem == *stem))
        })?;
        positions.extend(at..at + run.len());
        from = at + run.len();
    }
    Some(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(text: &str) -> Vec<String> {
        let lexicon = Lexicon::new();
        lexicon
            .explain(&words(text))
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_line_of_the_files_is_an_entry_or_a_comment() {
        for line in FILES.iter().flat_map(|file| file.lines()) {
            let is_entry = line.split_once(" = ").is_some_and(|(left, right)| {
                left.split('|').all(|pattern| !words(pattern).is_empty()) && !right.is_empty()
            });
            assert!(
                line.is_empty() || line.starts_with('#') || is_entry,
                "{line:?}"
            );
        }
    }

    #[test]
    fn the_longest_pattern_explains() {
        let found = explain("write: connection reset by peer");
        assert_eq!(
            found[0],
            "the remote side abruptly closed the network connection"
        );
        assert!(!found.iter().any(|text| text.contains("listens")));
    }

    #[test]
    fn patterns_match_across_gaps_and_inflections() {
        let found = explain("Temperature (41C) exceeded warning thresholds");
        assert!(
            found.iter().any(|text| text.contains("too high")),
            "{found:?}"
        );
        assert!(explain("zxcv qwer").is_empty());
    }
}
