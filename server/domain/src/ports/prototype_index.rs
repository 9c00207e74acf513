//! The index of prototypes in memory, which searches by meaning use beside the vectors.

use super::template_store::TemplateSummary;

/// The index of prototypes in memory.
pub trait PrototypeIndex: Send + Sync {
    /// The texts whose embeddings stand for a prototype, view 0 first; at least one.
    fn views(&self, summary: &TemplateSummary) -> Vec<String>;

    /// Adds a prototype, or replaces the one of the same template.
    fn upsert(&self, summary: &TemplateSummary);
}
