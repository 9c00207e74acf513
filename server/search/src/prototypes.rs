//! The prototypes in memory: what each says in plain words, and their ranking for a question.

use std::collections::HashMap;

use tocsin_domain::TemplateId;
use tocsin_domain::ports::{TemplateSummary, VectorHit};
use tocsin_retrieval::{Description, Hit, Index, Lexicon, PrototypeDocument, view_weight};

/// The score of a line that holds an identifier of the question: above any prototype's.
pub(crate) const EXACT_SCORE: f32 = 10.0;
/// Prototypes that a ranking names; the filter of a question may leave only some of them.
const RANKED_MAX: usize = 200;

/// The prototypes that searches know.
#[derive(Debug)]
pub(crate) struct Prototypes {
    lexicon: Lexicon,
    index: Index,
    summaries: HashMap<TemplateId, TemplateSummary>,
}

impl Default for Prototypes {
    fn default() -> Self {
        Self {
            lexicon: Lexicon::new(),
            index: Index::new(),
            summaries: HashMap::new(),
        }
    }
}

impl Prototypes {
    /// The texts whose embeddings stand for a prototype.
    pub(crate) fn views(&self, summary: &TemplateSummary) -> Vec<String> {
        self.describe(summary).views()
    }

    pub(crate) fn upsert(&mut self, summary: &TemplateSummary) {
        let id = summary.template.id;
        let description = self.describe(summary);
        // The vectors stay in the vector store.
        let document = PrototypeDocument {
            key: id.0,
            text: &summary.example,
            description: &description,
        };
        self.index.upsert(document, Vec::new());
        self.summaries.insert(id, summary.clone());
    }

    pub(crate) fn summary(&self, id: TemplateId) -> Option<&TemplateSummary> {
        self.summaries.get(&id)
    }

    /// What a prototype says, in its own plain words.
    pub(crate) fn words(&self, summary: &TemplateSummary) -> String {
        self.describe(summary).line
    }

    /// Prototypes by meaning, best first: the most similar view of each counts.
    pub(crate) fn semantic(&self, near: &[VectorHit]) -> Vec<(TemplateId, f32)> {
        let mut ranked: HashMap<TemplateId, f32> = HashMap::new();
        for hit in cosines(near) {
            let best = ranked.entry(TemplateId(hit.key)).or_insert(hit.score);
            *best = best.max(hit.score);
        }
        let mut ranked: Vec<_> = ranked.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }

    /// Prototypes by meaning and words together, best first.
    pub(crate) fn hybrid(&self, words: &str, near: &[VectorHit]) -> Vec<(TemplateId, f32)> {
        let hits = self.index.fuse(words, &cosines(near), RANKED_MAX);
        hits.into_iter()
            .map(|hit| (TemplateId(hit.key), hit.score))
            .collect()
    }

    /// Describes a prototype by its constant words: variables and the time and host of the header
    /// say nothing of what it means. A line that is all variable is described by its example.
    fn describe(&self, summary: &TemplateSummary) -> Description {
        let parts = summary
            .template
            .parts
            .iter()
            .map(|part| String::from_utf8_lossy(part));
        let constant = parts.collect::<Vec<_>>().join(" ");
        let has_words = constant.split_whitespace().any(|word| word.len() > 2);
        let text = if has_words {
            &constant
        } else {
            &summary.example
        };
        Description::new(&self.lexicon, text, Some(&summary.source))
    }
}

/// Cosines as the ranking weighs them: by which view they are of.
fn cosines(near: &[VectorHit]) -> Vec<Hit> {
    let weigh = |hit: &VectorHit| view_weight(usize::from(hit.view)) * hit.score;
    near.iter()
        .map(|hit| Hit {
            key: hit.template.0,
            score: weigh(hit),
        })
        .collect()
}
