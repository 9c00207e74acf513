//! The embedder: text to unit vectors.

/// Why there is no embedding.
#[derive(Debug, thiserror::Error)]
pub enum EmbedderError {
    /// No model is there; semantic search is off until the remedy is done.
    #[error("no embedding model: {remedy}")]
    Missing {
        /// What the user can do.
        remedy: String,
    },
    /// The model failed on this input.
    #[error("the embedding model failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Text to unit vectors. Implementations are synchronous and heavy on the CPU: call them off the
/// async threads.
pub trait Embedder: Send + Sync {
    /// Names the model, so that vectors of different models are never compared.
    fn model(&self) -> &str;

    /// The length of a vector.
    fn dimensions(&self) -> usize;

    /// What people call the server that makes the vectors; none if the model is in this process.
    fn engine(&self) -> Option<&'static str> {
        None
    }

    /// One unit vector (L2 norm 1) for each text, in order.
    ///
    /// # Errors
    /// [`EmbedderError`] if there is no model or it fails.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError>;
}
