//! The vector store: embeddings of prototypes, found by nearness.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::id::TemplateId;

/// A prototype's view as a point.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorPoint {
    /// Whose vector it is.
    pub template: TemplateId,
    /// Which of the prototype's views (`0..`) it is the vector of.
    pub view: u8,
    /// The unit vector.
    pub vector: Vec<f32>,
}

/// A point near the one asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorHit {
    /// Whose vector it is.
    pub template: TemplateId,
    /// Which of its views.
    pub view: u8,
    /// Cosine similarity, `[-1, 1]`.
    pub score: f32,
}

/// Embeddings found by nearness. A point is identified by its template and view.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Adds points, or replaces those that are there; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`]; a vector of the wrong length is [`StoreError::Invalid`].
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<(), StoreError>;

    /// The `limit` points nearest to `vector`, nearest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn search(&self, vector: &[f32], limit: usize) -> Result<Vec<VectorHit>, StoreError>;

    /// All points of one view, for clustering and for a warm start.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn all(&self, view: u8) -> Result<Vec<VectorPoint>, StoreError>;

    /// Removes all points of these templates; unknown ones are passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn remove(&self, templates: &[TemplateId]) -> Result<(), StoreError>;

    /// How many points there are.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count(&self) -> Result<u64, StoreError>;

    /// Told now and then, when every template known has its vectors: what was kept for the time in
    /// between, such as the vectors of the model before, may go. May be told any number of times.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost then, and it is told again.
    async fn completed(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
