//! What the catalogue's examples teach: from lines to a model.
//!
//! Rules, ordinary lines and an embedder flow in, a model with the names of its classes flows out.
//! Heavy on the CPU: about as long as a few hundred embeddings and some seconds of training.

use std::collections::{BTreeSet, HashSet};

use tocsin_classify::{Model, Sample, TrainConfig, TrainError};
use tocsin_domain::classification::ClassificationRule;
use tocsin_domain::ports::{Embedder, EmbedderError};
use tocsin_retrieval::{Description, Lexicon};

/// Lines that are learnt from, at most; those of the first rules by id come first.
const LINES_MAX: usize = 20_000;
/// Lines that are embedded at a time.
const TOGETHER: usize = 32;

/// A model that knows what its classes are called.
#[derive(Debug)]
pub(super) struct Taught {
    pub(super) model: Model,
    /// Types of failure, sorted; the class after the last is "ordinary".
    pub(super) classes: Vec<String>,
}

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub(super) enum TeachError {
    #[error(transparent)]
    Embedder(#[from] EmbedderError),
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Lines and their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lesson {
    /// Types of failure, sorted.
    pub(super) classes: Vec<String>,
    /// Line and class; `classes.len()` is "ordinary". No line twice.
    pub(super) lines: Vec<(String, usize)>,
}

impl Lesson {
    /// Every rule's examples are of its type of failure; what is ordinary, and the
    /// counterexamples, are of none.
    pub(super) fn new<'a>(
        rules: impl Iterator<Item = &'a ClassificationRule> + Clone,
        ordinary: &[String],
    ) -> Self {
        let names: BTreeSet<&str> = rules.clone().map(|rule| &*rule.failure_type).collect();
        let classes: Vec<String> = names.into_iter().map(String::from).collect();
        let of = |failure_type: &str| {
            classes
                .binary_search_by(|one| one.as_str().cmp(failure_type))
                .unwrap_or(classes.len())
        };
        let failures = rules.clone().flat_map(|rule| {
            let class = of(&rule.failure_type);
            rule.examples.iter().map(move |line| (line, class))
        });
        let none = classes.len();
        let well = rules
            .clone()
            .flat_map(|rule| &rule.counterexamples)
            .chain(ordinary)
            .map(|line| (line, none));
        let mut seen = HashSet::new();
        let lines = failures
            .chain(well)
            .filter(|(line, _)| seen.insert(line.as_str()))
            .take(LINES_MAX)
            .map(|(line, class)| (line.clone(), class))
            .collect();
        Self { classes, lines }
    }

    /// The embeddings of the lines, in order.
    pub(super) fn embed(&self, embedder: &dyn Embedder) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let lexicon = Lexicon::new();
        let mut vectors = Vec::with_capacity(self.lines.len());
        for lines in self.lines.chunks(TOGETHER) {
            let texts: Vec<String> = lines.iter().map(|(line, _)| text(&lexicon, line)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            vectors.extend(embedder.embed(&texts)?);
        }
        Ok(vectors)
    }

    /// The lines as samples.
    pub(super) fn samples<'a>(&self, vectors: &'a [Vec<f32>]) -> Vec<Sample<'a>> {
        let sample = |(vector, (_, class)): (&'a Vec<f32>, &(String, usize))| Sample {
            vector,
            class: *class,
        };
        vectors.iter().zip(&self.lines).map(sample).collect()
    }

    /// Learns.
    pub(super) fn teach(self, embedder: &dyn Embedder) -> Result<Taught, TeachError> {
        let vectors = self.embed(embedder)?;
        let n_classes = self.classes.len() + 1;
        let model = Model::train(&self.samples(&vectors), n_classes, TrainConfig::default())?;
        Ok(Taught {
            model,
            classes: self.classes,
        })
    }
}

/// The text of a line that is embedded: its own words, as of a prototype.
pub(super) fn text(lexicon: &Lexicon, line: &str) -> String {
    Description::new(lexicon, line, None).line
}
