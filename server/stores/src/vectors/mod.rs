//! The vector store: embeddings of prototypes, found by nearness.
//!
//! [`EdgeVectorStore`] keeps them in this process, [`QdrantVectorStore`] on a Qdrant that many
//! processes share. Both name a point alike, by its template and view. All vectors can be made
//! again from the templates.

#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(feature = "vectors")]
mod embedded;
mod key;
#[cfg(feature = "qdrant")]
mod qdrant;

use tocsin_domain::ports::StoreError;

#[cfg(feature = "vectors")]
pub use embedded::EdgeVectorStore;
#[cfg(feature = "qdrant")]
pub use qdrant::{QdrantConfig, QdrantKey, QdrantVectorStore, Quantisation, VectorsConfig};

/// Refuses a vector that cannot be compared with the others of a store.
fn check(vector: &[f32], dimensions: usize) -> Result<(), StoreError> {
    if vector.len() != dimensions {
        return Err(StoreError::Invalid(format!(
            "the vector has {} numbers, the store holds vectors of {dimensions}",
            vector.len(),
        )));
    }
    if vector.iter().any(|number| !number.is_finite()) {
        return Err(StoreError::Invalid(
            "the vector has a number that is not finite".to_owned(),
        ));
    }
    Ok(())
}
